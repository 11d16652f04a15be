// SPDX-License-Identifier: LGPL-2.1-or-later
/* `doctor`: what is found, as a document. */
#include <errno.h>
#include <string.h>

#include "../policy/doctor.h"
#include "../policy/policy.h"
#include "json.h"
#include "ringwall.h"

static void put_list(struct ringwall_json_out *o, const char *key, const char *words)
{
	ringwall_json_out_array(o, key);
	while (*words) {
		char word[64] = "";
		size_t len = strcspn(words, ",");

		if (len < sizeof(word))
			memcpy(word, words, len);
		ringwall_json_out_str(o, NULL, word);
		words += len;
		words += *words == ',';
	}
	ringwall_json_out_end(o, ']');
}

static void put_finding(struct ringwall_json_out *o, enum ringwall_load which, const struct ringwall_finding *f)
{
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_str(o, "class", ringwall_load_name(which));
	ringwall_json_out_str(o, "backend", ringwall_backing_name(f->backing));
	ringwall_json_out_bool(o, "loaded", f->loaded);
	ringwall_json_out_str(o, "why", f->why);
	put_list(o, "missing", f->missing);
	ringwall_json_out_str(o, "fix", *f->fix ? f->fix : NULL);
	ringwall_json_out_end(o, '}');
}

int ringwall_doctor(struct ringwall *rw, char **ret_json, bool *ret_complete, struct ringwall_err *e)
{
	struct ringwall_finding found[RINGWALL_LOADS];
	struct ringwall_json_out o = { .indent = 2 };
	bool complete = true;
	char lsm[512], *json;

	(void)rw; /* what a host can do does not depend on the instance */
	ringwall_doctor_examine(found);
	ringwall_lsm_list(lsm, sizeof(lsm));
	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_u64(&o, "abi", RINGWALL_ABI);
	put_list(&o, "lsm", lsm);
	ringwall_json_out_array(&o, "classes");
	for (enum ringwall_load i = 0; i < RINGWALL_LOADS; i++) {
		put_finding(&o, i, &found[i]);
		complete &= found[i].backing != RINGWALL_BACKING_NONE && !*found[i].missing;
	}
	ringwall_json_out_end(&o, ']');
	ringwall_json_out_bool(&o, "complete", complete);
	ringwall_json_out_end(&o, '}');
	json = ringwall_json_out_take(&o, NULL);
	if (!json)
		return ringwall_fail(e, -ENOMEM, "doctor");
	*ret_json = json;
	*ret_complete = complete;
	return 0;
}

int ringwall_unload(struct ringwall *rw, struct ringwall_err *e)
{
	(void)rw;
	return ringwall_policy_unload(e);
}
