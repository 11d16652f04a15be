#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What Ringwall does where the kernel, or a filter around the runtime, lacks a system call: what has a substitute must
# still run, what has none must say which call it was. block.c takes calls away.

load common

setup_file() {
	container_setup_file
	((EUID == 0)) || return 0
	local name
	for name in block block-clone; do
		gcc -O1 -static -o "$BATS_FILE_TMPDIR/$name" "$BATS_TEST_DIRNAME/$name.c"
	done
}

setup() {
	container_setup
	block=$BATS_FILE_TMPDIR/block
}

teardown() { container_teardown; }

# RULE… -- SCRIPT [JQ-FILTER…]: run under a kernel without
without() {
	local rules=()
	while [ "$1" != -- ]; do
		rules+=("$1")
		shift
	done
	shift
	config "$@"
	run "$block" "${rules[@]}" "$RINGWALL" --root "$work/root" run -b "$bundle" "$id"
	echo "${rules[*]} → $status"
	echo "$output"
}

# RULE…: a container runs, and its devices are confined
runs_without() {
	without "$@" -- 'echo hello >/dev/null && mknod -m 666 /dev/its c 1 11 && ! (: </dev/its) 2>/dev/null && echo confined' \
		'.process.capabilities[] += ["CAP_MKNOD"]'
	[ "$status" -eq 0 ]
	[ "$output" = confined ]
}

# CALL: nothing runs, the message names the call, and nothing is left
needs() {
	without "$1=38" -- 'echo started' '.root.readonly = true'
	[ "$status" -eq 1 ]
	[[ $output == *"not implemented"*"hint: $1(2) is missing"* ]]
	[[ $output != *started* ]]
	[ ! -e "$work/root/$id" ]
	[ ! -e "$cgroups/$id" ]
}

@test "block takes away what it says, and no more" {
	run "$block" openat2=38 'memfd_create=13:1&0x10' "$BATS_TEST_DIRNAME/no-such-program"
	[ "$status" -eq 125 ]
	run "$block" nonsense=38 true
	[ "$status" -eq 125 ]
	run "$block" openat2=38 sed -n 's/^Seccomp:\t//p' /proc/self/status
	[ "$output" = 2 ]
}

@test "memfd_create without MFD_EXEC and MFD_NOEXEC_SEAL, as before Linux 6.3" {
	runs_without 'memfd_create=22:1&0x18'
}

@test "cloning into the cgroup is refused: what runs has been moved there first" {
	config 'cat /proc/self/cgroup; exec sleep 1000' 'del(.linux.namespaces[] | select(.type == "cgroup"))'
	# Not by bats' run, which would wait for the container to let go of its output.
	"$block-clone" "$RINGWALL" --root "$work/root" run -d -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
	cat "$work/out"
	grep -qx 'refused [1-9]' "$work/out"
	eventually grep -qx "0::.*/$id" "$work/out"
	run "$block-clone" "$RINGWALL" --root "$work/root" exec "$id" cat /proc/self/cgroup
	echo "$output"
	[ "$status" -eq 0 ]
	grep -qx "0::.*/$id" <<<"$output"
	grep -qx 'refused [1-9]' <<<"$output"
}

@test "cloning into the cgroup is refused: devices are confined as ever" {
	config 'mknod -m 666 /dev/its c 1 11 && ! (: </dev/its) 2>/dev/null && echo confined' '.process.capabilities[] += ["CAP_MKNOD"]'
	run "$block-clone" "$RINGWALL" --root "$work/root" run -b "$bundle" "$id"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *confined*"refused "[1-9]* ]]
}

@test "open_tree_attr, as before Linux 6.15" {
	runs_without open_tree_attr=38
	runs_without open_tree_attr=1 # a filter that answers so to all that it does not know
}

@test "open_tree_attr is not missed where paths are made read-only" {
	without open_tree_attr=38 -- 'echo 1 >/proc/sys/kernel/ns_last_pid' '.linux.readonlyPaths = ["/proc/sys"]'
	[ "$status" -ne 0 ]
	[[ $output == *"Read-only file system"* ]]
}

@test "keyrings: none, or not for us" {
	runs_without keyctl=38
	runs_without keyctl=1
}

@test "membarrier" {
	runs_without membarrier=38
}

@test "calls without a substitute are named" {
	for call in clone3 close_range memfd_create mount_setattr move_mount open_tree openat2; do
		needs "$call"
	done
}

@test "a tmpcopyup mount needs fsopen" {
	without fsopen=38 -- 'echo started' '.mounts += [{"destination": "/etc", "type": "tmpfs", "source": "tmpfs",
		"options": ["tmpcopyup"]}]'
	[ "$status" -eq 1 ]
	[[ $output == *"mounts["*"'/etc': tmpfs"*"hint: fsopen(2) is missing"* ]]
}

@test "seccomp: no container without the filter that it asks for" {
	without seccomp=38 -- 'echo started' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["chmod"], "action": "SCMP_ACT_ERRNO"}]}'
	[ "$status" -eq 1 ]
	[[ $output == *"seccomp"* ]]
	[[ $output != *started* ]]
}

@test "BPF: no container without its device policy" {
	for errno in 38 1; do
		without bpf=$errno -- 'echo started'
		[ "$status" -eq 1 ]
		[[ $output == *"device policy"* ]]
		[[ $output != *started* ]]
		[ ! -e "$work/root/$id" ]
		[ ! -e "$cgroups/$id" ]
	done
}

@test "pidfd_open: who cannot tell whether a container runs does not take it for dead" {
	# Of a dead container with the host's pid namespace, delete kills what is left in the cgroup.
	background 'exec sleep 1000' 'del(.linux.namespaces[] | select(.type == "pid"))'
	for errno in 38 1 24; do
		run "$block" pidfd_open=$errno "$RINGWALL" --root "$work/root" delete "$id"
		echo "$errno → $output"
		[ "$status" -eq 1 ]
		run "$block" pidfd_open=$errno "$RINGWALL" --root "$work/root" kill "$id" KILL
		echo "$errno → $output"
		[ "$status" -eq 1 ]
		is running
	done
	run "$block" pidfd_open=38 "$RINGWALL" --root "$work/root" kill "$id" KILL
	[[ $output == *"hint: pidfd_open(2) is missing"* ]]
}
