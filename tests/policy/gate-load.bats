#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154 # common.bash sets $work
#
# The gate under load: threads in a container make the calls while `policy set` changes what they get, and other containers come
# and go. What exactly holds is in act-gate.c. For kernels with ringwall.ko: the gate that new ones have themselves lets calls pass
# while somebody has been preempted in it, and this is the load that shows it.

load common

rounds=12

policy_a() {
	cat <<-JSON
	{
	  "version": 1, "onUnsupported": "warn", "syscalls": {"mode": "live", "deny": [
	    {"names": ["getpgid"], "errno": "EXDEV"}
	  ]}
	}
	JSON
}

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	policy_a | sed -e 's/getpgid/getsid/' -e 's/EXDEV/ENOSPC/' >"$work/b.policy"
	confine loaded "$(policy_a)"
	[ ! -e "$work/unsupported" ] || return 0
	cp "$work/loaded.json" "$work/a.policy"
	if [ ! -e /dev/ringwall ]; then
		echo "no ringwall.ko for this kernel" >"$work/unsupported"
		return 0
	fi
	: >"$work/loaded/rootfs/page"
	(inside loaded act-gate hammer /page 3) 3>&- &
	local hammer=$! name
	# getsid is hooked for the first time here, with everybody in it.
	"$work/image/bin/act-gate" flip "$work/loaded/rootfs/page" $rounds "'$RINGWALL' --root '$work/root' policy set loaded '$work/a.policy'" \
		"'$RINGWALL' --root '$work/root' policy set loaded '$work/b.policy'" >"$work/flip" 2>&1 3>&- </dev/null &
	local flip=$!
	for name in one two three; do
		rm -rf "$work/$name" && mkdir "$work/$name" && cp -a "$work/image" "$work/$name/rootfs"
		jq '.process.args = ["/bin/act-syscalls", "mkdir", "mkdir32", "clone"]' "$work/base.json" >"$work/$name/config.json"
		policy_a | sed -e 's/getpgid/mkdir/' >"$work/$name.json"
		rw run -b "$work/$name" --policy "$work/$name.json" $name >"$work/$name.act-syscalls" 2>"$work/$name.err" 3>&- </dev/null ||
			echo "status $?" >>"$work/$name.err"
		# Whoever comes in now is under one of the two as well.
		rw exec loaded /bin/act-gate hammer /none 0 >"$work/$name.exec" 2>&1 3>&- </dev/null || :
	done
	wait $flip || :
	wait $hammer || :
	events loaded
}

setup() { policy_setup; }
teardown_file() { policy_teardown_file; }

@test "gate: every switch under load succeeds" {
	cat "$work/flip"
	grep -q -x 'flipped, status 0' "$work/flip"
}

@test "gate: each call is answered by one policy or the other, after a switch by the new one alone" {
	local word calls during wrong stale back
	cat "$work/loaded.act-gate"
	read -r word calls word during word wrong word stale word back <"$work/loaded.act-gate"
	[ "$wrong $stale $back" = "0 0 0" ]
	[ "$calls" -gt 1000 ] && [ "$during" -gt 100 ]
}

@test "gate: containers that start meanwhile are under theirs from the first instruction" {
	local name
	for name in one two three; do
		cat "$work/$name.err"
		got $name act-syscalls mkdir=EXDEV mkdir32=EXDEV clone=ok
	done
}

@test "gate: what it refused under load is counted, all of it, by the rule of either policy" {
	local word calls
	read -r word calls word <"$work/loaded.act-gate"
	awk -F '\t' '$1 == "syscall" { sum += $3; print } END { exit !(sum > 0) }' "$work/loaded.counters"
}
