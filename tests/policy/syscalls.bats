#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154 # common.bash sets $work
#
# System calls: one list, two backends. What a container gets for an answer is the same whichever enforces it; what else there is
# to see depends on whether this kernel has the gate: by the module, by itself (Linux 7.1 and later), or not at all.

load common

# One rule a line, so that the line says which it was: mkdir is line 5, and so on.
# MODE ON-UNSUPPORTED [CLASS-MODE]
deny_policy() {
	cat <<-JSON
	{
	  "version": 1, "onUnsupported": "$2", "mode": {"syscalls": "${3:-enforce}"}, "syscalls": {
	    "mode": "$1",
	    "deny": [
	      "mkdir",
	      {"names": ["mkdirat"], "errno": "ENOSPC"},
	      {"names": ["symlink", "symlinkat"], "errno": 122},
	      {"names": ["clone"], "errno": "EUSERS", "args": [{"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 67108864, "valueTwo": 67108864}]},
	      {"names": ["socket"], "errno": "EPROTO", "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 16}]},
	      {"names": ["socket"], "errno": "EPROTOTYPE", "args": [{"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 4294967295, "valueTwo": 38}]},
	      {"names": ["lseek"], "errno": "ENXIO", "args": [{"index": 1, "op": "SCMP_CMP_EQ", "value": 4294967297}]},
	      {"names": ["lseek"], "errno": "EFBIG", "args": [{"index": 1, "op": "SCMP_CMP_GT", "value": 1099511627776}, {"index": 2, "op": "SCMP_CMP_NE", "value": 1}]},
	      {"names": ["personality"], "errno": "EDOM", "args": [{"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 262144, "valueTwo": 262144}]},
	      {"names": ["listen"], "errno": "ECONNREFUSED"},
	      {"names": ["semget"], "errno": "EIDRM"},
	      {"names": ["waitpid"], "errno": "EXDEV"},
	      {"names": ["getrlimit"], "errno": "ERANGE"},
	      {"names": ["time"], "errno": "ETIME"},
	      {"names": ["cachestat"], "errno": "EXFULL"},
	      {"names": ["sethostname"], "errno": "EBUSY", "sealed": true}
	    ]
	  }
	}
	JSON
}

# What each act comes to under it, and the line of the rule. "-": no rule, the answer is the kernel's.
denied='
	mkdir EPERM 5			mkdir_upper EPERM 5		mkdir32 EPERM 5			mkdir_thread EPERM 5
	mkdir32_thread EPERM 5		mkdir_bare_thread EPERM 5	mkdir_fork EPERM 5		mkdir_vfork EPERM 5
	mkdir_exec EPERM 5		mkdir_traced EPERM 5		mkdir_elf32 EPERM 5		mkdir_vdso32 EPERM 5
	mkdirat ENOSPC 6		mkdirat32 ENOSPC 6
	symlink EDQUOT 7		symlinkat EDQUOT 7		symlinkat32 EDQUOT 7
	clone_uts EUSERS 8		clone_uts32 EUSERS 8
	socket_netlink EPROTO 9		socket_netlink32 EPROTO 9	socket_alg_upper EPROTOTYPE 10
	lseek_equal ENXIO 11		lseek_beyond EFBIG 12
	personality_random EDOM 13	personality_random32 EDOM 13
	listen ECONNREFUSED 14		listen32 ECONNREFUSED 14	socketcall_listen ECONNREFUSED 14
	semget EIDRM 15			semget32 EIDRM 15		ipc_semget EIDRM 15		ipc_semget_version EIDRM 15
	waitpid32 EXDEV 16
	getrlimit ERANGE 17		getrlimit32 ERANGE 17		ugetrlimit32 ERANGE 17
	time ETIME 18			time32 ETIME 18			time_vsyscall ETIME 18
	cachestat EXFULL 19		cachestat32 EXFULL 19
	sethostname EBUSY 20		sethostname32 EBUSY 20
	mkdir_x32 ENOSYS -		getpid_x32 ENOSYS -		no_such_call ENOSYS -		no_such_call32 ENOSYS -
	clone ok -			clone32 ok -			socket_unix ok -		socket_unix32 ok -
	lseek_low ok -			lseek_upper ok -		lseek_beyond_cur ok -		personality ok -
	socketcall_shutdown ok -	ipc_msgget ok -		setdomainname ok -'

allow_policy() { # MODE ON-UNSUPPORTED
	cat <<-JSON
	{
	  "version": 1, "onUnsupported": "$2", "syscalls": {
	    "mode": "$1", "default": "deny", "errno": "EACCES", "architectures": ["x86_64"],
	    "allow": [
	      $(printf '"%s", ' "${needed[@]}") "mkdir", "chmod", "fchmod",
	      {"names": ["personality"], "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 0}]},
	      {"names": ["personality"], "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 8}]},
	      {"names": ["clone"], "args": [{"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 2114060288, "valueTwo": 0}]}
	    ],
	    "deny": [
	      {"names": ["chmod"], "errno": "EROFS"}
	    ]
	  }
	}
	JSON
}

# What init, busybox and the acts need for themselves.
needed=(execve execveat write writev read close exit exit_group arch_prctl set_tid_address rt_sigaction rt_sigprocmask
	rt_sigreturn ioctl brk mmap munmap mprotect readlink readlinkat getrandom rseq prlimit64 set_robust_list newfstatat fstat
	stat futex open openat openat2 chdir fchdir getcwd setgroups setgid setuid setresgid setresuid setfsgid setfsuid capget capset
	prctl umask fcntl sendmsg recvmsg sendto recvfrom access faccessat faccessat2 close_range dup dup2 dup3 pipe pipe2 wait4 alarm
	nanosleep clock_nanosleep clone3 vfork kill tgkill getpid gettid madvise rmdir seccomp sched_yield poll ppoll getdents64)

allowed='mkdir ok 0 fchmod ok 0 chmod EROFS 0 personality ok 0 personality_random EACCES 0 clone ok 0 clone_uts EACCES 0
	mkdirat EACCES 0 symlink EACCES 0 cachestat EACCES 0 no_such_call ENOSYS 0
	mkdir_x32 ENOSYS 0 mkdir32 EPERM 0 getpid32 EPERM 0 no_such_call32 EPERM 0 clone32 EPERM 0'

# LIST: a line for each
rows() { awk '{ for (i = 1; i < NF; i += 3) print $i, $(i + 1), $(i + 2) }' <<<"$1"; }

# NAME LIST [ERRNO]: each act came to what the list says, or all that a rule is about to ERRNO
as_listed() {
	local pairs
	mapfile -t pairs < <(rows "$2" | awk -v e="${3-}" '{ print $1 "=" (e != "" && $3 != "-" ? e : $2) }')
	got "$1" act-syscalls "${pairs[@]}"
}

# full: the module's; warned: the kernel's own, which can be slipped through, and has 32-bit calls refused whole; none
has_gate() { [ "$(cat "$work/gate")" != none ]; }
is_warned() { [ "$(cat "$work/gate")" = warned ]; }

# What $denied is in a container whose policy is live
live() {
	rows "$denied" | if is_warned; then awk '$1 ~ /32(_thread)?$|^ipc_|^socketcall_/ && $1 !~ /_x32$/ { $2 = "EPERM"; $3 = "-" } { print }'; else cat; fi
}

# ERRNO that a 32-bit call gets there if it is the rule's
x86() { is_warned && echo EPERM || echo "$1"; }

# NAME STAGE ACT…: acts of a container when something has changed → $work/NAME@STAGE.act-syscalls
later() { rw exec "$1" /bin/act-syscalls "${@:3}" >"$work/$1@$2.act-syscalls" 2>&1 3>&- </dev/null || :; }

# NAME STAGE ARG…: policy set → $work/NAME@STAGE.set, which ends with the status
set_policy() {
	local status=0
	rw policy set "$1" "${@:3}" >"$work/$1@$2.set" 2>&1 3>&- </dev/null || status=$?
	echo "status $status" >>"$work/$1@$2.set"
}

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	local acts listed name
	mapfile -t acts < <(rows "$denied" | cut -d' ' -f1)
	mapfile -t listed < <(rows "$allowed" | cut -d' ' -f1)
	again
	confine sealed "$(deny_policy sealed refuse)"
	# Is there a gate, and one that cannot be slipped through?
	if begin live "$(deny_policy live refuse)"; then
		echo full >"$work/gate"
	else
		cp "$work/live.out" "$work/live.refused"
		confine live "$(deny_policy live warn)"
		rw policy show --json live | grep -q '"backend": *"gate"' && echo warned >"$work/gate" || echo none >"$work/gate"
	fi
	confine free '{"version": 1}'
	confine audit "$(deny_policy live warn audit)"
	confine listed "$(allow_policy live warn)"
	confine sealedlist "$(allow_policy sealed refuse)"
	for name in live sealed free audit; do
		inside $name act-syscalls "${acts[@]}"
	done
	inside listed act-syscalls "${listed[@]}"
	inside sealedlist act-syscalls "${listed[@]}"
	outside act-syscalls "${acts[@]}"
	[ ! -e "$work/unsupported" ] || return 0
	for name in live sealed free audit listed sealedlist; do
		events $name
		rw policy show --json $name >"$work/$name.show"
	done
	first
	changes
	learning || echo "learning: status $?"
}

# How the runtime itself starts a second container under a policy that leaves its mode to the host, before any other has the gate
# loaded: what it opens, and what it loads.
again() {
	local policy='{"version": 1, "syscalls": {"deny": ["mkdir"]}}'
	rw unload
	begin unsaid1 "$policy" || return 0
	rw delete --force unsaid1
	(rw() { strace -o "$work/again.trace" -e trace=openat,open,bpf "$RINGWALL" --root "$work/root" "$@"; }
	begin unsaid2 "$policy")
	rw exec unsaid2 /bin/busybox mkdir /tmp/x >"$work/again.mkdir" 2>&1 3>&- </dev/null || :
	rw delete --force unsaid2
}

# The container's own first program
first() {
	local mode
	for mode in live sealed; do
		mkdir "$work/first-$mode"
		cp -a "$work/image" "$work/first-$mode/rootfs"
		jq '.process.args = ["/bin/act-syscalls", "mkdir", "mkdir32", "mkdirat", "mkdir_x32", "clone"]' "$work/base.json" \
			>"$work/first-$mode/config.json"
		rw run -b "$work/first-$mode" --policy "$work/$mode.json" "first-$mode" >"$work/first-$mode.act-syscalls" \
			2>"$work/first-$mode.err" 3>&- </dev/null || cat "$work/first-$mode.err"
	done
}

# What `policy set` makes of the containers live, sealed and free.
changes() {
	local mode
	mode=$(has_gate && echo live || echo sealed)
	deny_policy "$mode" warn | sed -e 's/"mkdir"/"setdomainname"/' -e 's/"ENOSPC"/"EMLINK"/' >"$work/other.json"
	deny_policy "$mode" warn | sed -e 's/, "sealed": true//' >"$work/unsealed.json"
	deny_policy "$mode" warn | sed -e 's/"mkdir"/"setdomainname"/' -e 's/"live"/"sealed"/' >"$work/sealing.json"
	deny_policy live warn | sed -e 's/, "sealed": true//' >"$work/plain.json"
	local acts=(mkdir mkdir32 mkdirat setdomainname sethostname)

	set_policy sealed other "$work/other.json"
	later sealed other "${acts[@]}"
	set_policy sealed option --deny-syscall setdomainname
	set_policy sealed same "$work/sealed.json"
	later sealed same "${acts[@]}"

	set_policy live other "$work/other.json"
	later live other "${acts[@]}"
	set_policy live unsealed "$work/unsealed.json"
	set_policy live sealing "$work/sealing.json"
	later live unsealed "${acts[@]}"
	rw policy set live "$work/live.json" || :
	later live back "${acts[@]}"
	set_policy live option --deny-syscall setdomainname:EROFS
	later live option "${acts[@]}"
	set_policy listed option --allow-syscall mkdirat,symlink
	later listed option mkdirat symlink symlinkat mkdir32

	set_policy free given "$work/plain.json"
	later free given "${acts[@]}"
}

learning() {
	confine learner '{"version": 1, "onUnsupported": "warn", "mode": {"syscalls": "learn"},
		"syscalls": {"mode": "live", "default": "deny"}}'
	later learner run mkdir mkdir32 clone_uts fchmod
	rw policy learn learner >"$work/learnt.policy" 2>"$work/learnt.notes" || echo "status $?" >>"$work/learnt.notes"
	has_gate || return 0
	confine learnt "$(jq '.onUnsupported = "warn" | .syscalls.mode = "live"' "$work/learnt.policy")"
	later learnt run mkdir mkdir32 clone_uts fchmod mkdirat symlink chmod
}

setup() { policy_setup; }
teardown_file() { policy_teardown_file; }

@test "a second start asks neither modprobe nor the kernel what it can do: that is known" {
	cat "$work/unsaid1.out" "$work/unsaid2.out" "$work/again.mkdir"
	grep -q 'not permitted' "$work/again.mkdir"
	grep -q config.json "$work/again.trace" # it was traced
	! grep -e BPF_PROG_LOAD -e kernel/modprobe -e btf/vmlinux "$work/again.trace"
}

@test "syscalls: what is tried works outside and in a container without such a list, whatever the gate stands before" {
	local name fine
	mapfile -t fine < <(rows "$denied" | awk '$3 != "-" && $1 !~ /^cachestat/ && $1 != "socket_alg_upper" || $2 == "ok" { print $1 "=ok" }')
	for name in outside free; do
		got $name act-syscalls "${fine[@]}"
		diff <(grep -E '^(cachestat|socket_alg|.*x32|no_such)' "$work/$name.act-syscalls") \
			<(grep -E '^(cachestat|socket_alg|.*x32|no_such)' "$work/outside.act-syscalls")
	done
	no_event free syscall ''
}

@test "syscalls: sealed: every way in, errno by rule, arguments" {
	as_listed sealed "$denied"
}

@test "syscalls: live: the same" {
	as_listed live "$(live)"
}

# Its errno depends on nobody: the call has arguments that decide, and they are out of sight.
@test "syscalls: socketcall for a call that depends on arguments is refused in both" {
	rw exec sealed /bin/act-syscalls socketcall_socket | grep -x -E 'socketcall_socket E[A-Z]+'
}

@test "syscalls: a container's first program is under them" {
	got first-live act-syscalls mkdir=EPERM mkdir32=EPERM mkdirat=ENOSPC mkdir_x32=ENOSYS clone=ok
	got first-sealed act-syscalls mkdir=EPERM mkdir32=EPERM mkdirat=ENOSPC mkdir_x32=ENOSYS clone=ok
}

@test "syscalls: default deny, alternatives of arguments, deny beats allow, one architecture: live and sealed" {
	as_listed listed "$allowed"
	as_listed sealedlist "$allowed"
}

@test "syscalls: live is refused where there is no gate, or one that can be slipped through, and the message has the fix" {
	case $(cat "$work/gate") in
	full) [ ! -e "$work/live.refused" ] ;;
	*) cat "$work/live.refused"
		grep -q 'syscalls.mode "live"' "$work/live.refused"
		grep -q -E "ringwall.ko|ringwall doctor" "$work/live.refused" ;;
	esac
}

@test "syscalls: with onUnsupported warn there is a warning, and the list is sealed where there is no gate" {
	case $(cat "$work/gate") in
	full) [ ! -s "$work/live.out" ] ;;
	warned) grep -q 'syscalls' "$work/live.out" ;;
	none) grep -q 'sealed in seccomp' "$work/live.out" ;;
	esac
}

@test "syscalls: policy show tells where each rule sits" {
	local gate=gate
	has_gate || gate=seccomp
	jq -e --arg gate $gate '.syscalls.deny | map(select(.names == ["sethostname"]) | .backend) == ["seccomp"]' "$work/live.show"
	jq -e --arg gate $gate '.syscalls.deny | map(select(.names != ["sethostname"]) | .backend) | unique == [$gate]' "$work/live.show"
	jq -e '.syscalls.deny | map(.backend) | unique == ["seccomp"]' "$work/sealed.show"
	jq -e '.syscalls | .mode == "sealed" and (.deny[0].origin | test("sealed.json:5:7$"))' "$work/sealed.show"
}

@test "syscalls: what the gate refuses is reported with the line of its rule, and counted by it" {
	has_gate || { no_event live syscall ''; return; }
	local line n
	event live syscall mkdir EPERM live.json:5
	event live syscall clone EUSERS live.json:8
	is_warned || event live syscall "mkdir (32-bit)" EPERM live.json:5
	is_warned || event live syscall "ipc (32-bit)" EIDRM live.json:15
	is_warned || event live syscall "waitpid (32-bit)" EXDEV live.json:16
	live | awk '$3 != "-" { n[$3]++ } END { for (l in n) print l, n[l] }' >"$work/wanted"
	while read -r line n; do
		case $line in
		19) ! grep -q '^cachestat ENOSYS' "$work/outside.act-syscalls" || n=0 ;; # not in this kernel: the filter's
		20) n=0 ;;								 # sealed
		esac
		counted live syscall '' "$n" "live.json:$line"
	done <"$work/wanted"
}

@test "syscalls: what a filter refuses is silent" {
	no_event sealed syscall ''
	no_event sealedlist syscall ''
	no_event live syscall sethostname
}

@test "syscalls: audit lets everything through, and says what would have been refused" {
	as_listed audit "$(rows "$denied" | grep -v -E '^(cachestat|socket_alg|.*_x32 |no_such)')" ok
	has_gate || { no_event audit syscall ''; return; }
	event audit syscall mkdir - audit.json:5 audited
	event audit syscall getrlimit - audit.json:17 audited
	is_warned || event audit syscall "getrlimit (32-bit)" - audit.json:17 audited
}

@test "syscalls: policy set loosens and tightens what is live" {
	has_gate || { grep -q 'status 1' "$work/live@other.set"; got live@other act-syscalls mkdir=EPERM setdomainname=ok; return; }
	cat "$work"/live@*.set
	grep -q 'status 0' "$work/live@other.set"
	got live@other act-syscalls mkdir=ok "mkdir32=$(x86 ok)" mkdirat=EMLINK setdomainname=EPERM sethostname=EBUSY
	got live@back act-syscalls mkdir=EPERM mkdir32=EPERM mkdirat=ENOSPC setdomainname=ok sethostname=EBUSY
	grep -q 'status 0' "$work/live@option.set"
	got live@option act-syscalls mkdir=EPERM mkdir32=EPERM mkdirat=ENOSPC setdomainname=EROFS sethostname=EBUSY
	got listed@option act-syscalls mkdirat=ok symlink=ok symlinkat=EACCES mkdir32=EPERM
}

@test "syscalls: sealed rules of a live policy stay, and what would drop them changes nothing" {
	has_gate || return 0 # all of it is sealed: see below
	cat "$work/live@unsealed.set" "$work/live@sealing.set"
	grep -q 'status 1' "$work/live@unsealed.set"
	grep -q 'sealed' "$work/live@unsealed.set"
	grep -q 'status 1' "$work/live@sealing.set"
	got live@unsealed act-syscalls mkdir=ok mkdirat=EMLINK setdomainname=EPERM sethostname=EBUSY
}

@test "syscalls: a sealed container's cannot change: it says so, and nothing changes" {
	cat "$work/sealed@other.set" "$work/sealed@option.set"
	grep -q 'status 1' "$work/sealed@other.set"
	grep -q "sealed in seccomp and cannot change while it runs" "$work/sealed@other.set"
	grep -q 'status 1' "$work/sealed@option.set"
	got sealed@other act-syscalls mkdir=EPERM mkdir32=EPERM mkdirat=ENOSPC setdomainname=ok sethostname=EBUSY
	grep -q 'status 0' "$work/sealed@same.set"
	got sealed@same act-syscalls mkdir=EPERM mkdir32=EPERM mkdirat=ENOSPC setdomainname=ok sethostname=EBUSY
}

@test "syscalls: a container that began without gets a list live, where there is a gate" {
	cat "$work/free@given.set"
	# There is no filter that would refuse 32-bit calls, where the gate does not stand before them.
	if has_gate && ! is_warned; then
		grep -q 'status 0' "$work/free@given.set"
		got free@given act-syscalls mkdir=EPERM mkdir32=EPERM mkdirat=ENOSPC setdomainname=ok sethostname=EBUSY
	else
		grep -q 'status 1' "$work/free@given.set"
		got free@given act-syscalls mkdir=ok mkdir32=ok mkdirat=ok setdomainname=ok sethostname=ok
	fi
}

@test "syscalls: learnt from what the gate saw: that is allowed, the rest is refused" {
	got learner@run act-syscalls mkdir=ok mkdir32=ok clone_uts=ok fchmod=ok
	has_gate || { cat "$work/learnt.notes"; return; }
	jq -e '[.syscalls.allow[].names[]] | (index("mkdir") and index("fchmod") and index("clone") and index("exit_group")) and (index("mkdirat") | not)' "$work/learnt.policy"
	got learnt@run act-syscalls mkdir=ok "mkdir32=$(x86 ok)" clone_uts=ok fchmod=ok mkdirat=EPERM symlink=EPERM chmod=EPERM
}
