#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ringwall.ko by its interface: programs, hooks, what is refused and what not, and that it comes and goes under load. In a virtual
# machine, whose modprobe finds it, or KMOD=ringwall.ko. The kernel's log is the machine's own business, and read after the run.

bats_require_minimum_version 1.5.0

tracing=/sys/kernel/tracing

setup_file() {
	local dir
	((EUID == 0)) || skip "needs root"
	[ -n "${RINGWALL_VM-}" ] || skip "loads a module: in a virtual machine"
	for dir in "$BUILD/tests/kmod" "$BUILD/tests/policy"; do
		[ ! -x "$dir/act-kmod" ] || cp "$dir/act-kmod" /tmp/act-kmod
	done
	export SECONDS_OF_LOAD=${SECONDS_OF_LOAD:-8}
	mountpoint -q $tracing || mount -t tracefs tracing $tracing
	load_module
}

load_module() { # [ARGUMENT…]
	if [ -n "${KMOD-}" ]; then insmod "$KMOD" "$@"; else modprobe ringwall "$@"; fi
}

act() { timeout 100 /tmp/act-kmod "$@"; }

is() { # WHAT ACT…
	local want=$1 got
	shift
	got=$(act "$@")
	[ "$got" = "$want" ] || { echo "act-kmod $*: $got, not $want"; return 1; }
}

held() { # how often
	[ "$(cat /sys/module/ringwall/refcnt)" = "$1" ]
}

setup() { cd /; }

teardown() {
	# what a test that failed left behind
	for abi in 1 2 3 4; do act detach $abi >/dev/null 2>&1 || true; done
}

@test "the selftest at load passes" {
	rmmod ringwall
	load_module selftest=1
	rmmod ringwall
	load_module
	is 1 version
}

@test "a call is refused by its arguments, with the program's errno, and let through otherwise" {
	is ok attach 1 5,0,7777,13 6,0,7777,33
	is EBADF call 44 7777
	is ok hook 1 5 0 __x64_sys_sendto
	is EACCES call 44 7777
	is EBADF call 44 7778
	is EBADF call32 369 7777
	is ok hook 1 6 1 __ia32_sys_sendto
	is EDOM call32 369 7777
	is EBADF call32 369 7778
	is EACCES call 44 7777
	is ok unhook 1 5 0 __x64_sys_sendto
	is EBADF call 44 7777
	is EDOM call32 369 7777
	is ok detach 1
	is EBADF call32 369 7777
}

@test "each of the six arguments arrives, 64 bits of a 64-bit call, 32 of a 32-bit one" {
	local i args
	for i in 0 1 2 3 4 5; do
		is ok attach 1 "5,$i,0x8765432112345678,13" "6,$i,0x92345678,33"
		is ok hooks 1 5,0,__x64_sys_sendto 6,1,__ia32_sys_sendto
		args=(-1 0 0 0 0 0)
		args[i]=0x8765432112345678
		is EACCES call 44 "${args[@]}"
		args[i]=0x12345678
		is EBADF call 44 "${args[@]}"
		args[i]=0x7777777792345678
		is EDOM call32 369 "${args[@]}"
		is ok detach 1
	done
}

@test "a function without arguments is one for both kinds of process, and each has its own hook" {
	is ok attach 1 5,0,0,13 6,0,0,33
	is ok hook 1 5 0 __x64_sys_getppid
	is EACCES call 110
	[ "$(act call32 64)" -gt 0 ]
	is ok hook 1 6 1 __ia32_sys_getppid
	is EACCES call 110
	is EDOM call32 64
	is ok unhook 1 5 0 __x64_sys_getppid
	[ "$(act call 110)" -gt 0 ]
	is EDOM call32 64
	is ok detach 1
	[ "$(act call32 64)" -gt 0 ]
}

@test "compat entries" {
	is ok attach 1 6,0,7777,33
	is ok hooks 1 6,1,__ia32_compat_sys_ioctl
	is EDOM call32 54 7777
	is EBADF call 16 7777
	is ok detach 1
}

@test "programs of several ABIs: any may refuse, each is told its own id" {
	local abi
	is ok attach 1 5,0,7777,13
	is ok attach 2 9,0,7778,33
	is ok hook 1 5 0 __x64_sys_sendto
	is ok hook 2 9 0 __x64_sys_sendto
	is EACCES call 44 7777
	is EDOM call 44 7778
	is EBADF call 44 7779
	is ok detach 1
	is EBADF call 44 7777
	is EDOM call 44 7778
	held 1
	for abi in 1 3 4; do is ok attach $abi; done
	is ENOSPC attach 5
	is EEXIST attach 3
	for abi in 1 2 3 4; do is ok detach $abi; done
	held 0
}

@test "what does not fit has its errno" {
	is EBADF attach-as none 1
	is EINVAL attach-as socket 1
	is EINVAL attach-as sleeps 1
	is EINVAL attach-as multi 1
	is ENOENT detach 1
	is ENOENT hook 1 5 0 __x64_sys_sendto
	is ok attach 1
	is EEXIST attach-as none 1
	is ENOENT hook 1 5 0 __x64_sys_no_such_call
	is EINVAL hook 1 5 0 commit_creds
	is EINVAL hook 1 5 0 __x64_sys_
	is EINVAL hook 1 5 1 __x64_sys_sendto
	is EINVAL hook 1 5 0 __ia32_sys_sendto
	is EINVAL hook 1 5 2 __x64_sys_sendto
	is EINVAL hook 1 5 0 "__x64_sys_$(printf 'a%.0s' {1..80})"
	is ENOENT hook 2 5 0 __x64_sys_sendto
	is ok hook 1 5 0 __x64_sys_sendto
	is ok hook 1 5 0 __x64_sys_sendto
	is ok unhook 1 5 0 __x64_sys_sendto
	is ENOENT unhook 1 5 0 __x64_sys_sendto
	is ENOENT unhook 1 5 0 __x64_sys_no_such_call
	is EINVAL hooks 1
	is ENOTTY ioctl 99
	is ok detach 1
}

@test "many hooks at once: all or none" {
	is ok attach 1 0,0,0,13
	is ENOENT hooks 1 5,0,__x64_sys_sendto 6,0,__x64_sys_no_such_call 7,1,__ia32_sys_sendto
	is EBADF call 44 7777
	is ok hooks 1 5,0,__x64_sys_sendto 7,1,__ia32_sys_sendto 5,0,__x64_sys_sendto
	is EACCES call 44 7777
	is EACCES call32 369 7777
	is ok detach 1
	run cat $tracing/enabled_functions
	[[ $output != *__x64_sys_sendto* ]]
}

@test "an answer that is no errno refuses" {
	local answer
	for answer in -1 5000 1000000; do
		is ok attach 1 5,0,7777,$answer
		is ok hook 1 5 0 __x64_sys_sendto
		is EPERM call 44 7777
		is ok detach 1
	done
}

@test "the module stays while a program is attached or the device open, and goes then" {
	is ok attach 1 5,0,7777,13
	held 1
	run ! rmmod ringwall
	[[ $output == *"in use"* ]]
	is ok hook 1 5 0 __x64_sys_sendto
	is EACCES call 44 7777
	is ok detach 1
	coproc holder { /tmp/act-kmod hold; }
	# shellcheck disable=SC2154 # coproc sets it, and tramp_PID below
	local pid=$holder_PID line
	read -r line <&"${holder[0]}"
	[ "$line" = ok ]
	run ! rmmod ringwall
	eval "exec ${holder[1]}>&-"
	wait "$pid"
	rmmod ringwall
	[ ! -e /dev/ringwall ]
	load_module
	[ "$(stat -c %a:%U /dev/ringwall)" = 600:root ]
}

@test "the device is for CAP_SYS_ADMIN, and for those whom the programs let" {
	chmod 666 /dev/ringwall
	run setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin /tmp/act-kmod version
	[ "$output" = EPERM ]
	run setpriv --reuid=65534 --clear-groups /tmp/act-kmod version
	[ "$output" = EPERM ]
	run unshare -Ur /tmp/act-kmod version # has it, in a user namespace of its own
	[ "$output" = EPERM ]
	is ok open-as 1234
	is ok attach 1
	is EACCES open-as 1234
	is EACCES open-drop
	is ok open-as 1235
	is ok detach 1
	is ok open-as 1234
	chmod 600 /dev/ringwall
}

@test "other tracers at the same function keep no call from it" {
	is ok attach 1 5,0,7777,13
	echo 'p:ringwall_test __x64_sys_sendto' >$tracing/kprobe_events
	echo 1 >$tracing/events/kprobes/ringwall_test/enable
	is ok hook 1 5 0 __x64_sys_sendto
	is EACCES call 44 7777
	is EBADF call 44 7778
	echo __x64_sys_sendto >$tracing/set_ftrace_filter
	local tracer
	for tracer in function function_graph; do
		echo $tracer >$tracing/current_tracer
		is EACCES call 44 7777
		is EBADF call 44 7778
	done
	# with the switches that turn kprobes and tracers off
	echo 0 >/sys/kernel/debug/kprobes/enabled
	run ! sh -c 'echo 0 >/proc/sys/kernel/ftrace_enabled'
	is EACCES call 44 7777
	echo 1 >/sys/kernel/debug/kprobes/enabled
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
	echo 0 >$tracing/events/kprobes/ringwall_test/enable
	echo >$tracing/kprobe_events
	is EACCES call 44 7777
	is ok detach 1
}

@test "a BPF trampoline that calls the function itself keeps no call from it, whichever was there first" {
	local id line order pid
	id=$(bpftool btf dump file /sys/kernel/btf/vmlinux | sed -n "s/^\[\([0-9]*\)\] FUNC '__x64_sys_sendto'.*/\1/p")
	[ -n "$id" ]
	for order in before after; do
		is ok attach 1 5,0,7777,13
		[ $order = before ] || is ok hook 1 5 0 __x64_sys_sendto
		coproc tramp { /tmp/act-kmod fexit "$id"; }
		# shellcheck disable=SC2154
		pid=$tramp_PID
		read -r line <&"${tramp[0]}"
		[ "$line" = ok ]
		is ok hook 1 5 0 __x64_sys_sendto
		is EACCES call 44 7777
		is EBADF call 44 7778
		if [ $order = before ]; then
			is ok detach 1
			is EBADF call 44 7777
		fi
		eval "exec ${tramp[1]}>&-"
		wait "$pid"
		if [ $order = after ]; then
			is EACCES call 44 7777
			is ok detach 1
		fi
		is EBADF call 44 7777
	done
}

@test "while threads call what is hooked, all comes and goes" {
	local n=0 result=$BATS_TEST_TMPDIR/result pid
	act hammer "$SECONDS_OF_LOAD" >"$result" &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		is ok attach 1 5,0,7777,33
		is ok hooks 1 5,0,__x64_sys_sendto 5,1,__ia32_sys_sendto
		is EDOM call 44 7777
		is ok unhook 1 5 0 __x64_sys_sendto
		is ok hook 1 5 0 __x64_sys_sendto
		is ok detach 1
		rmmod ringwall
		load_module
		n=$((n + 1))
	done
	wait $pid
	echo "# $n times; $(cat "$result")" >&3
	[[ $(cat "$result") =~ ^[1-9][0-9]*\ passed,\ [1-9][0-9]*\ refused$ ]]
}

@test "no call gets through while threads are preempted, and tracers and BPF trampolines come and go" {
	local n=0 result=$BATS_TEST_TMPDIR/result pid id tracer
	id=$(bpftool btf dump file /sys/kernel/btf/vmlinux | sed -n "s/^\[\([0-9]*\)\] FUNC '__x64_sys_sendto'.*/\1/p")
	is ok attach 1 0,0,0,33
	is ok hooks 1 5,0,__x64_sys_sendto 5,1,__ia32_sys_sendto
	echo '__x64_sys_sendto __ia32_sys_sendto' >$tracing/set_ftrace_filter
	act hammer "$SECONDS_OF_LOAD" >"$result" &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		for tracer in function nop function_graph nop; do
			echo $tracer >$tracing/current_tracer
			[ -z "$id" ] || act fexit "$id" </dev/null >/dev/null
		done
		echo 'p:ringwall_test __ia32_sys_sendto' >$tracing/kprobe_events
		echo 1 >$tracing/events/kprobes/ringwall_test/enable
		echo 0 >$tracing/events/kprobes/ringwall_test/enable
		echo >$tracing/kprobe_events
		n=$((n + 1))
	done
	wait $pid
	echo >$tracing/set_ftrace_filter
	echo "# $n times; $(cat "$result")" >&3
	[[ $(cat "$result") =~ ^0\ passed,\ [1-9][0-9]*\ refused$ ]]
	is ok detach 1
}
