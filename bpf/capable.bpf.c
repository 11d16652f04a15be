// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class capable: capabilities that a container has and its policy refuses, also in user namespaces that it makes.
 *
 * lsm/capable		ringwall_capable	every check for a capability
 */
#include "surface.bpf.h"

#define CAP_OPT_NOAUDIT 0x2

/*
 * As an LSM we come after the kernel's own check and see only what that allows. On security_capable() we come before
 * it: a refusal of what the process does not have anyway is the kernel's, not ours to report.
 */
static __always_inline int has(const struct cred *cred, const struct user_namespace *ns, __u32 cap)
{
	__u64 effective = 0;

	if (BPF_CORE_READ(cred, user_ns) != ns)
		return 1; /* owner of a user namespace, perhaps */
	bpf_probe_read_kernel(&effective, sizeof(effective), __builtin_preserve_access_index(&cred->cap_effective));
	return effective >> cap & 1;
}

SEC("lsm/capable")
int BPF_PROG(ringwall_capable, const struct cred *cred, struct user_namespace *ns, int cap, unsigned int opts)
{
	struct refusal r = { .set = RINGWALL_SET_CAPABILITY, .op = RINGWALL_DO_CAPABLE };
	struct subject s;
	int ret;

	if (!confined(&s, &ret))
		return ret;
	if (!(s.p->capabilities >> (cap & 63) & 1))
		return allow(&s);
	if (opts & CAP_OPT_NOAUDIT || !has(cred, ns, cap & 63))
		return refuse_quietly(&s, RINGWALL_SET_CAPABILITY);
	r.rule = r.arg[0] = cap;
	return refuse(&s, &r);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
