#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154 # common.bash sets $work
#
# A container that CRIU has saved and made again is refused what it was refused before: its first process, a thread and a child of it,
# which have executed nothing since, and what comes later. Wants a CRIU that works on this kernel (3.17.1: 6.12 does, 6.18 does not).

load common

# One rule a line.
rules='{
  "version": 1,
  "network": {
    "families": ["unix", "inet", "inet6", "netlink"],
    "egress": {"default": "deny", "allow": [{"cidr": "192.0.2.1/32", "proto": "tcp", "ports": [80]}]},
    "bind": {"default": "deny", "allow": [{"proto": "tcp", "ports": [8080]}]}
  },
  "files": [
    {"path": "/d/secret", "deny": "r"}],
  "exec": {"default": "allow", "deny": ["/d/prog"]},
  "capabilities": {"default": "allow", "deny": ["CAP_SYS_NICE"]},
  "devices": {"deny": ["b 7:77 m"]},
  "kernel": {"mount": "deny", "bpf": "deny", "ptrace": "deny"},
  "syscalls": {"deny": [{"names": ["mkdir"], "errno": "ENOSPC"}]}
}'
refused=(mount=EPERM bpf=EPERM family=EPERM egress=EPERM egress_allowed=ENETUNREACH bind=EPERM file=EACCES file_allowed=ok map=EACCES
	capability=EACCES device=EPERM syscall=ENOSPC seccomp=EROFS)
allowed=(mount=ok bpf=ok family=ok egress=ENETUNREACH egress_allowed=ENETUNREACH bind=ok file=ok file_allowed=ok map=ok capability=ok
	device=ok syscall=ok seccomp=EROFS)

settled='.process.args = ["/bin/act-restored"]
	| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["symlink", "symlinkat"], action: "SCMP_ACT_ERRNO", errnoRet: 30}]}
	| .mounts += [{destination: "/d", type: "bind", source: $d, options: ["bind", "rw"]},
		{destination: "/q", type: "bind", source: $q, options: ["bind", "rw"]}]'

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	PATH=$PATH:/usr/sbin
	if ! criu check >/dev/null 2>&1; then
		[[ ${MUST_WORK-} != 1 ]] || { echo "MUST_WORK=1, but criu does not work on this kernel"; return 1; }
		echo "criu does not work on this kernel" >"$work/unsupported"
	fi
	mkdir -p "$work"/image/{d,q}
	mkdir "$work/d"
	echo text | tee "$work"/d/{secret,plain} >/dev/null
	cp "$work/image/bin/busybox" "$work/d/prog"
	# The policy is not named again.
	saved deny "$rules"
	tried deny 1
	save deny
	back deny
	tried deny 2
	inside deny act-identity plain
	rw exec deny /bin/mkdir /tmp/new >"$work/deny.mkdir" 2>&1 || true
	events deny

	# What `policy set` has added goes with it, and can be changed further.
	saved changed '{"version": 1, "kernel": {"mount": "deny"}}'
	policy_of changed '{"version": 1, "kernel": {"bpf": "deny"}, "files": [{"path": "/d/secret", "deny": "r"}]}'
	tried changed 1
	save changed
	back changed
	tried changed 2
	policy_of changed '{"version": 1, "files": [{"path": "/d/plain", "deny": "r"}]}'
	tried changed 3

	# Nothing is refused that was not.
	saved free '{"version": 1}'
	tried free 1
	save free --leave-running
	tried free 2
	rw delete --force free
	back free
	tried free 3
}

setup() { policy_setup; }
teardown_file() { policy_teardown_file; }

# NAME POLICY: it runs under it
saved() {
	mkdir -p "$work/$1.q"
	confine "$1" "$2" "$settled" --arg d "$work/d" --arg q "$work/$1.q"
}

# NAME N: round N of the container's processes is over; → $work/NAME.WHO.N
tried() {
	[ ! -e "$work/unsupported" ] || return 0
	local who
	: >"$work/$1.q/go.$2"
	for who in main thread child; do
		for _ in {1..400}; do
			[ ! -e "$work/$1.q/$who.$2" ] || break
			sleep 0.05
		done
		cp "$work/$1.q/$who.$2" "$work/$1.$who.$2" || { echo "$who of $1 does not answer"; return 1; }
	done
}

save() { # NAME [OPTION…]
	[ ! -e "$work/unsupported" ] || return 0
	rw checkpoint --image-path "$work/$1.images" "${@:2}" "$1" && return
	grep -h -m 3 -B 3 'Error (' "$work/$1.images/dump.log"
	return 1
}

back() { # NAME [OPTION…], of the whole program in $globals
	[ ! -e "$work/unsupported" ] || return 0
	"$RINGWALL" --root "$work/root" --log "$work/$1.log" "${globals[@]}" restore -d -b "$work/$1" --image-path "$work/$1.images" \
		"${@:2}" "$1" </dev/null >>"$work/$1.out" 2>&1 3>&- && return
	cat "$work/$1.log"
	grep -h -m 3 -B 3 'Error (' "$work/$1.images/restore.log"
	return 1
}
globals=()

policy_of() { # NAME POLICY
	[ ! -e "$work/unsupported" ] || return 0
	printf '%s\n' "$2" >"$work/$1.now.json"
	rw policy set "$1" "$work/$1.now.json"
}

came_to() { # NAME N ACT=ERRNO…
	local who
	for who in main thread child; do
		got "$1" "$who.$2" "${@:3}" || { echo "($who of $1, round $2)"; return 1; }
	done
}

@test "checkpoint: what is tried was refused before, class by class" {
	came_to deny 1 "${refused[@]}"
	got deny child.1 ptrace=EPERM
	came_to free 1 "${allowed[@]}"
	got free child.1 ptrace=ok
}

@test "restore: first process, thread and child are refused the same, without the policy being named again" {
	came_to deny 2 "${refused[@]}"
	got deny child.2 ptrace=EPERM
}

@test "restore: so is what exec brings, and denials tell the rule's line" {
	got deny act-identity plain=EPERM
	grep -q "No space left" "$work/deny.mkdir"
	event deny kernel mount EPERM deny.json:13
	event deny family packet EPERM deny.json:4
	event deny egress "tcp 192.0.2.1:81" EPERM deny.json:5
	event deny bind "tcp 0.0.0.0:82" EPERM deny.json:6
	event deny file "/d/secret r" EACCES deny.json:9
	event deny exec "/d/prog m" EACCES deny.json:10
	event deny capability CAP_SYS_NICE EPERM deny.json:11
	event deny device "b 7:77 m" EPERM deny.json:12
}

@test "checkpoint: nothing is refused to CRIU, and nothing else changes for who goes on" {
	came_to free 2 "${allowed[@]}"
	came_to free 3 "${allowed[@]}"
	[ "$(rw denials free | wc -l)" -eq 0 ]
}

@test "restore: what policy set had changed holds, and can be changed again" {
	came_to changed 1 mount=ok bpf=EPERM file=EACCES file_allowed=ok
	came_to changed 2 mount=ok bpf=EPERM file=EACCES file_allowed=ok
	came_to changed 3 mount=ok bpf=ok file=ok file_allowed=EACCES
}

@test "restore: another policy that the host has for the container is an error, unless --policy says which" {
	local other="$work/other.json"
	echo '{"version": 1, "kernel": {"bpf": "deny"}}' >"$other"
	saved two "$rules"
	save two
	run -1 rw --policy "$other" restore -d -b "$work/two" --image-path "$work/two.images" two
	echo "$output"
	[[ $output == *"the checkpoint has 'two.json'"*"another one"*"--policy"*"ringwall-policy.json"* ]]
	[ ! -e "$work/root/two" ]
	# The same one is none.
	globals=(--policy "$work/two.json")
	back two
	globals=()
	tried two 1
	came_to two 1 "${refused[@]}"
	rw delete --force two
	# Said for this restore: that one. (Where there is no gate, the processes have their filter still.)
	back two --policy "$other"
	tried two 2
	came_to two 2 mount=ok bpf=EPERM file=ok
	rw delete --force two
}

@test "restore: a policy about system calls whose filter the processes lack is refused" {
	saved bare '{"version": 1, "kernel": {"bpf": "deny"}}'
	save bare
	echo '{"version": 1, "syscalls": {"mode": "sealed", "deny": ["mkdir"]}}' >"$work/sealed.json"
	run -1 rw restore -d -b "$work/bare" --image-path "$work/bare.images" --policy "$work/sealed.json" bare
	echo "$output"
	[[ $output == *"lack the seccomp filter"* ]]
	[ ! -e "$work/root/bare" ]
	# Images of another runtime's: no policy, and the host's is what there is.
	rm "$work/bare.images/ringwall-policy.json"
	globals=(--policy "$work/bare.json")
	back bare
	tried bare 1
	came_to bare 1 bpf=EPERM mount=ok
	rw delete --force bare
}

@test "restore: whenever Ringwall is killed, no process comes back without its policy" {
	local n who took at killed=0 seen=0
	saved killed "$rules"
	save killed
	took=${EPOCHREALTIME/[.,]/}
	back killed
	took=$((${EPOCHREALTIME/[.,]/} - took)) # µs
	rw delete --force killed
	# From early in that time until it is over for certain
	for n in {1..12}; do
		at=$((took * n / 6))
		rm -f "$work"/killed.q/*
		status=0
		timeout -s KILL "$((at / 1000000)).$(printf %06d $((at % 1000000)))" \
			"$RINGWALL" --root "$work/root" restore -d -b "$work/killed" --image-path "$work/killed.images" killed \
			</dev/null >>"$work/killed.out" 2>&1 3>&- || status=$?
		[ "$status" -eq 0 ] || [ "$status" -eq 137 ] || { cat "$work/killed.out"; return 1; }
		killed=$((killed + (status == 137)))
		sleep 1
		: >"$work/killed.q/go.1"
		sleep 2
		for who in main thread child; do
			[ -e "$work/killed.q/$who.1" ] || continue
			cp "$work/killed.q/$who.1" "$work/killed.$who.1"
			got killed "$who.1" "${refused[@]}"
			seen=$((seen + 1))
			echo "# step $n, status $status: $who runs, and is confined"
		done
		rw delete --force killed
		[ ! -e "$work/root/killed" ]
	done
	echo "# killed $killed times, $seen processes seen"
	((killed && seen))
}
