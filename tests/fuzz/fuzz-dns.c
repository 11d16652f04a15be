// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the programs in the kernel read of DNS answers, compiled for user space. */
#include <stdint.h>
#include <string.h>

#include "../../bpf/abi.h"
#include "runner.h"

struct dns;

int dns_name_step(struct dns *d);
int dns_name(struct dns *d, __u32 at);
int dns_question_step(struct dns *d);
int dns_question(struct dns *d);
int dns_record(struct dns *d, __u32 at);
int dns_answer(struct dns *d);

#include "../../bpf/dns.bpf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* allocated, so that a read or write outside of it is seen */
	struct dns *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->length = (__u32)(size > DNS_TEXT ? DNS_TEXT : size);
	memcpy(d->text, data, d->length);
	/* behind the message is what another one left there */
	memset(d->text + d->length, 0xc0, DNS_TEXT - d->length);
	if (dns_answer(d)) {
		MUST(d->length >= 17);
		MUST(d->n_chain >= 1 && d->n_chain <= DNS_CHAIN);
		MUST(d->n_found <= DNS_FOUND);
		MUST(d->qname_length < DNS_QNAME && strnlen(d->qname, DNS_QNAME) <= d->qname_length);
		for (__u32 i = 0; i < d->n_found; i++)
			MUST((d->found[i].family == 4 || d->found[i].family == 6) && !(d->found[i].ttl >> 31));
	}
	free(d);
	return 0;
}
