#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# linux.seccomp, by what system calls answer inside.

load common

setup_file() { container_setup_file; }
setup() { container_setup; }
teardown() { container_teardown; }

# JSON-OF-SYSCALLS SCRIPT [FURTHER-FILTER]: everything else is allowed
with_rules() {
	inside "$2" "${3:-.} | .linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": $1}"
}

# What a small static program and the runtime's last steps need
needed='["execve", "write", "writev", "exit", "exit_group", "arch_prctl", "set_tid_address", "rt_sigaction", "rt_sigprocmask", "ioctl",
	"brk", "mmap", "munmap", "mprotect", "readlink", "readlinkat", "getrandom", "rseq", "prlimit64", "set_robust_list", "newfstatat", "futex", "openat2"]'

@test "errno: by default EPERM, else the one given; the rest is allowed" {
	with_rules '[{"names": ["sched_yield", "no_such_call"], "action": "SCMP_ACT_ERRNO"}, {"names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77},
		{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0}]' \
		'probe call sched_yield; probe call getsid 0; probe call getpgid 0; probe call umask 18; grep ^Seccomp /proc/self/status | tr -d "\t"'
	same "$output" $'errno 1\nerrno 77\nreturned 0\nreturned 18\nSeccomp:2\nSeccomp_filters:1'
}

@test "a default that refuses, and what is newer than the profile" {
	for nnp in true false; do
		config '' ".process.noNewPrivileges = $nnp | .linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 55,
			\"architectures\": [\"SCMP_ARCH_X86_64\"], \"syscalls\": [{\"names\": ($needed +
			if $nnp then [] else [\"chdir\", \"fchdir\", \"getcwd\", \"setgroups\", \"setresgid\", \"setresuid\", \"capget\", \"capset\", \"prctl\", \"umask\",
			\"fcntl\", \"close\", \"openat\", \"read\", \"sendmsg\", \"recvmsg\", \"sendto\", \"access\", \"faccessat\", \"faccessat2\", \"close_range\"] end), \"action\": \"SCMP_ACT_ALLOW\"}]}"
		for c in sched_yield:55 getsid:55 100000:38; do
			change '.process.args = ["probe", "call", $c]' --arg c "${c%:*}"
			run rw run -b "$bundle" "$id"
			same "$output" "errno ${c#*:}"
		done
	done
}

@test "kill, of the thread and of the process" {
	for action in KILL KILL_THREAD KILL_PROCESS; do
		with_rules "[{\"names\": [\"sched_yield\"], \"action\": \"SCMP_ACT_$action\"}]" 'probe die sched_yield; echo $?; probe die getsid'
		same "${lines[-2]}" 159
		same "${lines[-1]}" alive
	done
	# Of the container's own process it is its end.
	try '' '.process.args = ["probe", "die", "sched_yield"] | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["sched_yield"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
	same "$status" 159
}

@test "trap, log, trace" {
	nr=$("$rootfs/bin/probe" number sched_yield)
	with_rules '[{"names": ["sched_yield"], "action": "SCMP_ACT_TRAP"}, {"names": ["umask"], "action": "SCMP_ACT_LOG"},
		{"names": ["getsid"], "action": "SCMP_ACT_TRACE"}]' 'probe call sched_yield; probe call umask 18; probe call getsid 0'
	same "$output" "signal 31 code 1 call $nr data 0"$'\nreturned 18\nerrno 38' # nobody traces
}

@test "arguments: every operator" {
	while read -r args list; do
		got=
		with_rules "[{\"names\": [\"getsid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 77, \"args\": [$args]}]" \
			'for v in 999999999 1000000000 1000000001; do probe call getsid $v; done'
		for line in "${lines[@]}"; do
			[ "$line" = 'errno 77' ] && got+=y || got+=n
		done
		[ "$got" = "$list" ] || { echo "$args: $got instead of $list"; false; }
	done <<-'TABLE'
	{"index":0,"value":1000000000,"op":"SCMP_CMP_EQ"} nyn
	{"index":0,"value":1000000000,"op":"SCMP_CMP_NE"} yny
	{"index":0,"value":1000000000,"op":"SCMP_CMP_LT"} ynn
	{"index":0,"value":1000000000,"op":"SCMP_CMP_LE"} yyn
	{"index":0,"value":1000000000,"op":"SCMP_CMP_GE"} nyy
	{"index":0,"value":1000000000,"op":"SCMP_CMP_GT"} nny
	{"index":0,"value":1,"valueTwo":1,"op":"SCMP_CMP_MASKED_EQ"} yny
	{"index":0,"value":1000000000,"op":"SCMP_CMP_GE"},{"index":1,"value":5,"op":"SCMP_CMP_EQ"} nnn
	{"index":0,"value":1000000000,"op":"SCMP_CMP_EQ"},{"index":0,"value":999999999,"op":"SCMP_CMP_EQ"} yyn
	TABLE
	refused 'linux.seccomp.syscalls[0].args[0].index' 'echo started' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["getsid"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]}'
}

@test "architectures: through another one's entry there is no way round" {
	[ "$(uname -m)" = x86_64 ] || skip "not x86_64"
	"$rootfs/bin/probe" int80 20 >/dev/null || skip "no 32-bit entry in this kernel"
	rule='"syscalls": [{"names": ["sched_yield"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77}]'
	inside 'probe int80 158; echo $?; probe x32 sched_yield; echo $?' ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\"], $rule}"
	same "$(grep -v '^Bad\|^$' <<<"$output" | tr '\n' ' ')" '159 159 '
	inside 'probe int80 158; probe int80 20; probe call sched_yield; probe x32 sched_yield; echo $?' ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\",
		\"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"], $rule}"
	same "${lines[0]}" 'errno 77'
	[[ ${lines[1]} == 'returned '* ]]
	same "${lines[2]}" 'errno 77'
	same "${lines[-1]}" 159
	inside 'probe x32 sched_yield; echo $?' ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\",
		\"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"], $rule}"
	same "$output" $'errno 77\n0'
	# Architectures of other machines change nothing.
	inside 'probe call sched_yield' ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_AARCH64\", \"SCMP_ARCH_ARM\"], $rule}"
	same "$output" 'errno 77'
}

@test "flags, users, and no filter at all" {
	with_rules '[{"names": ["sched_yield"], "action": "SCMP_ACT_ERRNO"}]' 'probe call sched_yield; id -u' \
		'.process.user.uid = 1000 | .process.noNewPrivileges = false'
	same "$output" $'errno 1\n1000'
	for flag in '' '"SECCOMP_FILTER_FLAG_LOG"' '"SECCOMP_FILTER_FLAG_SPEC_ALLOW"' '"SECCOMP_FILTER_FLAG_TSYNC"' '"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"'; do
		inside 'probe call sched_yield' ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [$flag],
			\"syscalls\": [{\"names\": [\"sched_yield\"], \"action\": \"SCMP_ACT_ERRNO\"}]}"
		same "$output" 'errno 1'
	done
	inside 'grep ^Seccomp: /proc/self/status | tr -d "\t"' '.linux.seccomp = {"defaultAction": "", "syscalls": null}'
	same "$output" "$(grep ^Seccomp: /proc/self/status | tr -d '\t')"
	refused 'linux.seccomp.flags[0]' 'echo started' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_X"]}'
	refused 'linux.seccomp.defaultAction' 'echo started' '.linux.seccomp = {"defaultAction": "SCMP_ACT_MAYBE"}'
	refused 'linux.seccomp.syscalls[0].names' 'echo started' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_KILL"}]}'
	refused 'linux.seccomp.architectures[0]' 'echo started' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_Z80"]}'
}

@test "a filter from the cache does what the first did, and a spoilt cache does no harm" {
	rules='[{"names": ["sched_yield"], "action": "SCMP_ACT_ERRNO", "errnoRet": 66}]'
	with_rules "$rules" 'probe call sched_yield'
	[ "$(find "$work/root/@seccomp" -type f | wc -l)" -ge 1 ]
	with_rules "$rules" 'probe call sched_yield'
	same "$output" 'errno 66'
	for spoil in 'truncate -s 0' 'truncate -s 20' 'sh -c "head -c 4096 /dev/urandom >\$0"' 'chmod 777' 'chown 1000'; do
		find "$work/root/@seccomp" -type f | while read -r f; do eval "$spoil $f"; done
		with_rules "$rules" 'probe call sched_yield'
		same "$output" 'errno 66'
	done
	with_rules "${rules/66/67}" 'probe call sched_yield'
	same "$output" 'errno 67'
}

@test "exec is under the filter, whatever the flags of exec" {
	config 'exec sleep 1000' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sched_yield"], "action": "SCMP_ACT_ERRNO"}]}'
	start "$id"
	same "$(rw exec "$id" probe call sched_yield)" 'errno 1'
	same "$(rw exec --user 1000 --cap CAP_SYS_ADMIN "$id" probe call sched_yield)" 'errno 1'
	jq '.process | .args = ["probe", "call", "sched_yield"] | .noNewPrivileges = false' "$bundle/config.json" >"$work/process.json"
	same "$(rw exec --process "$work/process.json" "$id")" 'errno 1'
}

notify='.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": $path, "listenerMetadata": "about \"it\"",
	"syscalls": [{"names": ["sched_yield", "getsid", "getpgid"], "action": "SCMP_ACT_NOTIFY"}]}'

numbers() { for n in sched_yield getsid getpgid; do "$rootfs/bin/probe" number $n; done; }

@test "notify: the listener gets the state and decides, with and without noNewPrivileges" {
	mapfile -t nr < <(numbers)
	for nnp in true false; do
		receive seccomp "$work/agent" "${nr[0]}==4242" "${nr[1]}=77" "${nr[2]}=continue"
		config 'probe call sched_yield; probe call getsid 0; probe call getpgid 1; probe call umask 18' \
			"$notify | .process.noNewPrivileges = $nnp | .annotations.a = \"b\"" --arg path "$work/agent"
		rw run -d -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
		run received
		echo "$output"
		same "$(cat "$work/out")" $'returned 4242\nerrno 77\nreturned 1\nreturned 18'
		jq -e --arg id "$id" --arg bundle "$bundle" '.ociVersion == "1.3.0" and .fds == ["seccompFd"] and .metadata == "about \"it\"" and
			.pid > 1 and .state.pid == .pid and .state.id == $id and .state.bundle == $bundle and .state.status == "creating" and
			.state.annotations == {"a": "b"}' <<<"${lines[0]}"
		same "${lines[1]}" 'fds 1'
		same "$(grep ^call <<<"$output")" "call ${nr[0]} =4242
call ${nr[1]} 77
call ${nr[2]} continue"
		rw delete --force "$id"
	done
}

@test "notify: at start of what was created, and once more for each exec" {
	mapfile -t nr < <(numbers)
	config 'probe call sched_yield; exec sleep 1000' "$notify" --arg path "$work/agent"
	receive seccomp "$work/agent" "${nr[0]}==11"
	rw create -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
	pid=$(pid_of "$id")
	rw start "$id"
	eventually grep -q 'returned 11' "$work/out"
	jq -e --argjson pid "$pid" '.pid == $pid and .state.pid == $pid' <(head -n 1 "$work/received")
	receive seccomp "$work/agent" "${nr[0]}==22"
	same "$(rw exec "$id" probe call sched_yield)" 'returned 22'
	run received
	jq -e --argjson pid "$pid" '.pid != $pid and .state.pid == $pid and .state.status == "running"' <<<"${lines[0]}"
}

@test "notify: without an agent nothing starts" {
	refused "linux.seccomp.listenerPath" 'echo started' "$notify" --arg path "$work/nobody"
	refused "linux.seccomp.listenerPath: missing" 'echo started' "$notify | del(.linux.seccomp[\"listenerPath\", \"listenerMetadata\"])" --arg path x
	refused "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default" 'echo started' "$notify | .linux.seccomp.defaultAction = \"SCMP_ACT_NOTIFY\"" --arg path x
	# With an agent, but nothing to tell it, nobody calls.
	inside 'probe call sched_yield >/dev/null; echo fine' "$notify | .linux.seccomp.syscalls = []" --arg path "$work/nobody"
	same "$output" fine
}
