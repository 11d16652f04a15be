#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process of a container stays one, whatever it does, from its first instruction on.

load common

policy='{"version": 1, "kernel": {"bpf": "deny"}, "network": {"families": ["unix", "inet", "netlink"]}}'
shared='.linux.namespaces |= map(select(.type != "pid" and .type != "cgroup"))
	| .mounts |= map(select(.destination != "/sys/fs/cgroup"))
	| .mounts += [{destination: "/cg", type: "none", source: "/sys/fs/cgroup", options: ["rbind", "rw"]}]'

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	helper unshare -m -u -i -n -C sleep 100000
	target=$!
	confine confined "$policy" "$shared"
	inside confined act-identity "PID=$target" CGROUP=/cg
	outside act-identity "PID=$target" CGROUP=/sys/fs/cgroup plain thread exec setns uring uring_worker
	[ ! -e "$work/unsupported" ] || return 0
	# The container's own first program
	cp -a "$work/confined" "$work/first"
	jq '.process.args = ["/bin/act-identity", "plain", "thread", "exec"]' "$work/confined/config.json" >"$work/first/config.json"
	rw run -b "$work/first" --policy "$work/confined.json" first >"$work/first.act-identity" 2>&1 </dev/null
	events confined
}

setup() { policy_setup; }
teardown_file() { policy_teardown_file; }

@test "identity: what is tried works outside" {
	got outside act-identity plain=ok thread=ok exec=ok setns=ok uring=ok uring_worker=ok
}

@test "identity: the first program of a container is confined" {
	got first act-identity plain=EPERM thread=EPERM exec=EPERM
}

@test "identity: what exec brings is confined; threads, forks, clones, execs stay so" {
	got confined act-identity plain=EPERM thread=EPERM double_fork=EPERM clone_parent=EPERM vm_clone=EPERM exec=EPERM exec_fd=EPERM
}

@test "identity: other namespaces, its own or somebody else's, change nothing" {
	got confined act-identity namespaces=EPERM setns=EPERM
}

@test "identity: other cgroups, nested or outside, change nothing" {
	got confined act-identity nested_cgroup=EPERM other_cgroup=EPERM
}

@test "identity: the threads that work for io_uring are the container's" {
	got confined act-identity uring=EPERM uring_worker=EPERM uring_sqpoll=EPERM
	event confined family packet EPERM confined.json:1
}
