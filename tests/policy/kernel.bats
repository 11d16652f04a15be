#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The classes kernel, socket, capable and tamper: every bit of them refused inside with its errno, counted, and reported with the line
# of the policy; the same acts outside; the same acts inside where the policy allows or audits them.

load common

# One key a line, so that the line says which rule it was: mount is line 4, and so on.
keys=(mount umount pivot_root ptrace signal bpf perf keys module firmware kexec userns io_uring userfaultfd unix_abstract syslog settime)

# VERDICT MODE
kernel_policy() {
	local key
	printf '{\n  "version": 1, "mode": "%s",\n  "kernel": {\n' "$2"
	for key in "${keys[@]}"; do
		printf '    "%s": "%s"%s\n' "$key" "$1" "$([ "$key" = settime ] || echo ,)"
	done
	printf '  },\n  "capabilities": {"default": "allow",\n    "deny": ["CAP_SYS_CHROOT",\n      "CAP_SYS_NICE"]}\n}\n'
}

# KEY: the line of it in such a policy
line_of() {
	local i
	for i in "${!keys[@]}"; do
		[ "${keys[i]}" = "$1" ] && echo $((i + 4)) && return
	done
	return 1
}

# No pid and network namespace: the processes and abstract sockets outside can be seen. /m is a mount.
shared='.linux.namespaces |= map(select(.type != "pid" and .type != "network"))
	| .mounts += [{destination: "/m", type: "tmpfs", source: "m", options: ["rw", "mode=755"]},
		{destination: "/sys/kernel/tracing", type: "none", source: "/sys/kernel/tracing", options: ["rbind"]},
		{destination: "/bpf", type: "none", source: "/sys/fs/bpf", options: ["rbind"]}]
	| .mounts |= map(if .destination == "/sys" then {destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro"]} else . end)
	| .mounts |= map(select(.destination != "/sys/fs/cgroup"))'

acts() { # NAME: all of them in that container
	inside "$1" act-kernel "PID=$target"
	inside "$1" act-socket
}

tamper() { # NAME: likewise
	local links=(/sys/fs/bpf/ringwall/4/links/*)
	inside "$1" act-tamper PINS=/bpf/ringwall/4 "LINK=/bpf/ringwall/4/links/${links[0]##*/}"
}

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	helper unshare -u sleep 100000
	target=$!
	helper "$work/image/bin/act-socket" serve >"$work/server"
	confine deny "$(kernel_policy deny enforce)" "$shared"
	confine allow '{"version": 1, "kernel": {"mount": "allow", "bpf": "allow"}}' "$shared"
	confine audit "$(kernel_policy deny audit)" "$shared"
	confine inside '{"version": 1, "kernel": {
		"ptrace": "inside",
		"signal": "inside"}}' "$shared"
	confine sockets '{"version": 1, "network": {
		"families": ["unix", "inet", "netlink"],
		"types": ["stream", "dgram", "seqpacket"],
		"netlink": ["route"]}}' "$shared"
	mkdir "$work/m" && mount -t tmpfs m "$work/m"
	M=$work/m outside act-kernel "PID=$target"
	outside act-socket
	acts deny
	acts allow
	acts audit
	inside inside act-kernel "PID=$target" ptrace traceme peek environ ptrace_out mem_out environ_out kill kill_out
	inside sockets act-socket
	tamper allow
	PINS=/sys/fs/bpf/ringwall/4 outside act-tamper maps progs links own_map map_pin prog_pin rename rename_all own_pin \
		plant plant_dir plant_link plant_name mode owner
	local name
	for name in deny allow audit inside sockets; do
		events "$name"
	done
}

setup() { policy_setup; }
teardown_file() { policy_teardown_file; }

# KEY NUMBER ACT…: refused NUMBER times in all (EPERM unless ACT=ERRNO), reported with its line; fine outside, allowed, audited
bit() {
	local key=$1 number=$2 pairs=() good=() act
	shift 2
	for act; do
		[[ $act == *=* ]] && pairs+=("$act") || pairs+=("$act=EPERM")
		good+=("${act%%=*}=ok")
	done
	got deny act-kernel "${pairs[@]}"
	got outside act-kernel "${good[@]}"
	got allow act-kernel "${good[@]}"
	got audit act-kernel "${good[@]}"
	event deny kernel "$key" EPERM "deny.json:$(line_of "$key")"
	event audit kernel "$key" - "audit.json:$(line_of "$key")" audited
	counted deny kernel "$key" "$number" "deny.json:$(line_of "$key")"
	no_event allow kernel "$key"
}

@test "mount: new, bind, remount, propagation, fsconfig, reconfigure, move_mount" {
	bit mount 9 mount mount_bpffs bind remount propagation fsconfig fsconfig_shared reconfigure move_mount
}

@test "mount: what the kernel mounts for itself is not refused" {
	got deny act-kernel new_ipc=ok
}

@test "umount" {
	bit umount 1 umount
}

@test "pivot_root" {
	bit pivot_root 1 pivot_root
}

@test "ptrace within the container; reading about its processes stays" {
	bit ptrace 12 ptrace traceme peek mem=EACCES
	got deny act-kernel environ=ok mem_self=ok
}

@test "ptrace of processes outside, their memory, namespaces, descriptors" {
	bit ptrace 12 ptrace_out peek_out mem_out=EACCES environ_out=EACCES root_out=EACCES ns_out=EACCES setns_out getfd_out
	got deny act-kernel stat_out=ok
}

@test "ptrace: inside" {
	got inside act-kernel ptrace=ok traceme=ok peek=ok environ=ok ptrace_out=EPERM mem_out=EACCES environ_out=EACCES
	event inside kernel ptrace EPERM inside.json:2
}

@test "signals to processes outside; those inside, and none at all, are sent" {
	bit signal 2 kill_out pidfd_kill_out
	got deny act-kernel kill=ok kill0_out=ok
	got inside act-kernel kill=ok kill_out=EPERM
	event inside kernel "signal SIGCONT" EPERM inside.json:3
}

@test "bpf" {
	bit bpf 1 bpf
}

@test "perf, and tracing files" {
	bit perf 2 perf tracefs
}

@test "keys" {
	got deny act-kernel add_key=EPERM session_keyring=EPERM read_keyring=ENOKEY
	got outside act-kernel add_key=ok session_keyring=ok
	got allow act-kernel add_key=ok session_keyring=ok read_keyring=ok
	got audit act-kernel add_key=ok session_keyring=ok
	event deny kernel keys EPERM "deny.json:$(line_of keys)"
	event audit kernel keys - "audit.json:$(line_of keys)" audited
}

# Nothing loads what is no module: where the policy lets it, the kernel says so.
@test "modules: loaded, and on demand" {
	got deny act-kernel init_module=EPERM finit_module=EPERM modprobe=EAFNOSUPPORT
	local where
	for where in outside allow audit; do
		got $where act-kernel init_module=ENOEXEC finit_module=ENOEXEC modprobe=EAFNOSUPPORT
	done
	event deny kernel module EPERM "deny.json:$(line_of module)"
	event audit kernel module - "audit.json:$(line_of module)" audited
	counted deny kernel module 3
}

@test "kexec" {
	got deny act-kernel kexec=EPERM kexec_file=EPERM
	local where
	for where in outside allow audit; do
		got $where act-kernel kexec=ok kexec_file=ENOEXEC
	done
	event deny kernel kexec EPERM "deny.json:$(line_of kexec)"
	counted deny kernel kexec 2
}

@test "userns" {
	bit userns 2 userns
}

@test "io_uring" {
	bit io_uring 2 io_uring io_uring_sqpoll
}

@test "userfaultfd" {
	bit userfaultfd 1 userfaultfd
}

@test "syslog" {
	bit syslog 1 syslog
}

@test "settime" {
	bit settime 1 settime
}

@test "abstract unix sockets of processes outside" {
	local out=(stream_out seqpacket_out dgram_out sendto_out) act
	for act in "${out[@]}"; do
		got deny act-socket "$act=EPERM"
		got outside act-socket "$act=ok"
		got allow act-socket "$act=ok"
		got audit act-socket "$act=ok"
	done
	got deny act-socket stream_in=ok dgram_in=ok path_in=ok pair=ok
	event deny kernel unix_abstract EPERM "deny.json:$(line_of unix_abstract)"
	event audit kernel unix_abstract - "audit.json:$(line_of unix_abstract)" audited
	counted deny kernel unix_abstract 4
}

@test "capabilities that the container has and the policy refuses, also in user namespaces" {
	got deny act-kernel chroot=EPERM nice=EACCES
	got allow act-kernel chroot=ok nice=ok userns_chroot=ok
	got audit act-kernel chroot=ok nice=ok userns_chroot=ok
	got outside act-kernel chroot=ok nice=ok userns_chroot=ok
	event deny capability CAP_SYS_CHROOT EPERM deny.json:23
	event deny capability CAP_SYS_NICE EPERM deny.json:24
	event audit capability CAP_SYS_CHROOT - audit.json:23 audited
	counted deny capability CAP_SYS_CHROOT 1
	counted audit capability CAP_SYS_CHROOT 2
}

@test "families, types, netlink protocols" {
	got sockets act-socket inet=ok inet_cloexec=ok inet_udp=ok unix=ok pair=ok netlink_route=ok \
		inet6=EPERM packet=EPERM inet_raw=EPERM netlink_audit=EPERM
	got outside act-socket inet6=ok packet=ok inet_raw=ok netlink_audit=ok
	got allow act-socket inet6=ok packet=ok inet_raw=ok netlink_audit=ok
	event sockets family inet6 EPERM sockets.json:2
	event sockets family packet EPERM sockets.json:2
	event sockets type inet EPERM sockets.json:3
	event sockets netlink netlink EPERM sockets.json:4
}

@test "tamper: no map, program or link of Ringwall's, by id or by pin, whatever the policy allows" {
	got allow act-tamper maps=EPERM progs=EPERM links=EPERM map_pin=EPERM prog_pin=EPERM detach=EPERM detach_race=EPERM
	got outside act-tamper maps=ok progs=ok links=ok map_pin=ok prog_pin=ok
	got allow act-tamper own_map=ok
	awk -F '\t' '$1 == "tamper" && $3 == "EPERM" { found = 1 } END { exit !found }' "$work/allow.events"
}

@test "tamper: no pin is moved or removed" {
	got allow act-tamper rename=EPERM rename_all=EPERM unlink=EPERM rmdir=EPERM own_pin=ok
	got outside act-tamper rename=ok rename_all=ok own_pin=ok
}

# A directory among the pins would pass for a class that is loaded.
@test "tamper: nothing is put among the pins, and they stay root's alone" {
	got allow act-tamper plant=EPERM plant_dir=EPERM plant_link=EPERM plant_name=EPERM mode=EPERM owner=EPERM
	got outside act-tamper plant=ok plant_dir=ok plant_link=ok plant_name=ok mode=ok owner=ok
}

@test "netlink protocols that there are not are the kernel's to refuse, and fill no counters" {
	got sockets act-socket netlink_none=EPROTONOSUPPORT
	[ "$(grep -c '^netlink' "$work/sockets.counters")" = 1 ] # netlink_audit's
}
