#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154 # common.bash sets $work
#
# ringwall.ko: loaded when a policy needs it, kept as long as one does, and gone and back again while containers run; and its
# device, which no container opens. For kernels that have the module where modprobe finds it.

load common

policy='{"version": 1, "syscalls": {"mode": "live", "deny": ["mkdir", {"names": ["getpriority"], "errno": "EXDEV"}]}}'

# Every device, the module's own among what is mounted.
devices='.linux.resources.devices = [{allow: true, access: "rwm"}]'
bound='.mounts += [{destination: "/gate", type: "none", source: "/dev/ringwall", options: ["bind"]}]'

# What there is to see of it now: loaded or not, then what is tried.
loaded() { [ -e /sys/module/ringwall ] && echo loaded || echo absent; }

step() { # NAME COMMAND…: its output and status, and whether the module is there afterwards
	local status=0
	"${@:2}" >"$work/step.$1" 2>&1 3>&- </dev/null || status=$?
	echo "status $status, $(loaded)" >>"$work/step.$1"
}

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	if ! modprobe --dry-run ringwall 2>/dev/null; then
		echo "no module ringwall for this kernel" >"$work/unsupported"
		return 0
	fi
	# Whoever was here before us may have left it.
	rw unload
	[ ! -e /sys/module/ringwall ] || rmmod ringwall
	confine bystander '{"version": 1, "kernel": {"bpf": "deny"}}' "$devices"
	loaded >"$work/step.bystander.before"
	confine first "$policy" "$devices"
	confine second "$policy" "$devices | $bound"
	confine guest '{"version": 1}' "$devices | $bound"
	step first rw exec first /bin/act-syscalls mkdir mkdir32
	local node
	node=$(stat -c '%Hr:%Lr' /dev/ringwall)
	inside second act-gate bound bound_read "DEV=$node" node
	inside guest act-gate bound bound_read "DEV=$node" node
	ln -s /dev/ringwall /gate 2>/dev/null || :
	outside act-gate bound "DEV=$node" node
	events second

	step rmmod.used rmmod ringwall
	step unload.used rw unload
	step rmmod.first rw exec first /bin/act-syscalls mkdir mkdir32
	rw delete --force first
	step rmmod.second rmmod ringwall
	step second rw exec second /bin/act-syscalls mkdir mkdir32
	rw delete --force second
	step unload.unused rw unload
	step rmmod.unused rmmod ringwall
	step bystander rw exec bystander /bin/act-syscalls mkdir mkdir32
	# Back again, several times, with somebody there all the while.
	local n
	for n in 1 2 3; do
		rm -rf "$work/again$n"
		confine again$n "$policy" "$devices"
		step again$n rw exec again$n /bin/act-syscalls mkdir mkdir32 clone
		rw delete --force again$n
		rw unload
		step rmmod.again$n rmmod ringwall
	done
	step modprobe modprobe ringwall
	step modprobe.rmmod rmmod ringwall
	late
}

# Where the module does not come that is noted; and when it is there at last, that is seen. What was noted goes, for the files that
# come after this one.
late() {
	local modprobe unsaid='{"version": 1, "onUnsupported": "warn", "syscalls": {"deny": ["mkdir"]}}'
	modprobe=$(</proc/sys/kernel/modprobe)
	echo /bin/false >/proc/sys/kernel/modprobe
	confine without1 "$unsaid"
	echo "$modprobe" >/proc/sys/kernel/modprobe
	confine without2 "$unsaid"
	step late.absent rw policy show --json without2
	modprobe ringwall
	confine with "$unsaid"
	step late.present rw policy show --json with
	for name in without1 without2 with; do rw delete --force $name; done
	rw unload
	rmmod ringwall
	rmdir /sys/fs/bpf/ringwall/*/syscall-{none,alone} 2>/dev/null || :
}

setup() { policy_setup; }
teardown_file() {
	rm -f /gate
	policy_teardown_file
}

said() { # STEP LINE…: all of them
	local line
	cat "$work/step.$1"
	for line in "${@:2}"; do grep -q -x -F "$line" "$work/step.$1"; done
}

@test "module: not loaded before a policy needs it" {
	[ "$(cat "$work/step.bystander.before")" = absent ]
}

@test "module: the first container that needs it has it loaded" {
	said first 'mkdir EPERM' 'mkdir32 EPERM' 'status 0, loaded'
}

@test "module: it cannot be unloaded while a container needs it, and goes on" {
	said rmmod.used 'status 1, loaded'
	said unload.used 'status 1, loaded'
	said rmmod.first 'mkdir EPERM' 'mkdir32 EPERM' 'status 0, loaded'
}

@test "module: nor when one of them is gone" {
	said rmmod.second 'status 1, loaded'
	said second 'mkdir EPERM' 'mkdir32 EPERM' 'status 0, loaded'
}

@test "module: it can when the last one is gone, while others run" {
	said unload.unused 'status 0, loaded'
	said rmmod.unused 'status 0, absent'
	said bystander 'mkdir ok' 'mkdir32 ok' 'status 0, absent'
}

@test "module: what starts later loads it again" {
	local n
	for n in 1 2 3; do
		said again$n 'mkdir EPERM' 'mkdir32 EPERM' 'clone ok' 'status 0, loaded'
		said rmmod.again$n 'status 0, absent'
	done
}

@test "module: loaded by hand, and unloaded" {
	said modprobe 'status 0, loaded'
	said modprobe.rmmod 'status 0, absent'
}

@test "module: one that did not come when it was asked for is seen when it is there" {
	said late.absent 'status 0, absent'
	said late.present 'status 0, loaded'
	grep -q '"backend": *"seccomp"' "$work/step.late.absent"
	grep -q '"backend": *"gate"' "$work/step.late.present"
}

@test "module: no container opens its device, with every capability and all devices allowed, by a bind mount or a node of its own" {
	local name
	for name in second guest; do
		got $name act-gate bound=EPERM bound_read=EPERM node=EPERM
	done
	got outside act-gate bound=ok node=ok
	awk -F '\t' '$1 == "tamper" && $3 == "EPERM" { found = 1; print } END { exit !found }' "$work/second.events"
}
