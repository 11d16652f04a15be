#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The attacks that container runtimes have fallen to, mounted for real: from images, from processes of containers that
# others join, from what a less trusted caller may write into config.json. The programs that attack are attack-*.c.
# Each test was seen to fail with its defence taken out of the runtime.

load common

setup_file() {
	container_setup_file
	((EUID == 0)) || return 0
	local source
	for source in "$BATS_TEST_DIRNAME"/attack-*.c; do
		[ "$(uname -m)" = x86_64 ] || [[ $source != *-entry.c ]] || continue
		gcc -O1 -s -static -o "$BATS_FILE_TMPDIR/image/bin/$(basename "$source" .c)" "$source"
	done
}

setup() {
	container_setup
	outside=$work/outside
	mkdir -p "$outside/mnt" "$work/vol"
	echo host >"$outside/mnt/marker"
	bin=$rootfs/bin
}

teardown() { container_teardown; }

# Everything below $outside, which nobody but the test may write to
untouched() { same "$(cd "$outside" && find . | sort | tr '\n' ' ')" ". ./mnt ./mnt/marker "; }

# COMMAND…: as a caller that leaks descriptors of the host: 99 is its root directory, 98 a file, 97 the memory of a secret
leaky() { "$@" 99</ 98<"$outside/mnt/marker" 97<>"$work/secret"; }

# All the ways there are into the user namespace of root itself: as little of a boundary as a user namespace can be.
userns='.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 65536}] |
	.linux.gidMappings = .linux.uidMappings'
all_of() { jq -nc --argjson caps "$(all_caps)" '{bounding: $caps, effective: $caps, permitted: $caps}'; }

# PATTERN FILE: no such line (a bare "!" does not fail a test)
none() { ! grep -E "$@"; }

# What the container of attack-join got, once it has had its time: assert_no_loot RUNS
assert_no_loot() {
	cat "$rootfs/tmp/loot" >&2
	grep -q ready "$rootfs/tmp/loot"
	none . <(grep -Ev '^(ready|exe .*memfd:ringwall-init)' "$rootfs/tmp/loot")
}

@test "CVE-2019-5736: the runtime's binary cannot be reached through /proc/PID/exe, let alone written" {
	local before i
	before=$(sha256sum <"$RINGWALL")
	printf '#!/proc/self/exe\n' >"$bin/script"
	chmod 755 "$bin/script"
	background 'exec /bin/attack-join /tmp/loot'
	eventually grep -qs ready "$rootfs/tmp/loot"
	# It is soon over, so until one has been seen.
	for i in $(seq 100); do
		rw exec "$id" /proc/self/exe || true
		rw exec "$id" /bin/script || true
		rw exec "$id" /bin/true
		((i < 10)) || ! grep -q ^exe "$rootfs/tmp/loot" || break
	done
	cat "$rootfs/tmp/loot"
	# And what it saw was the copy. (Such a process, which is the container's own by then, may be traced.)
	grep -q '^exe .*memfd:ringwall-init' "$rootfs/tmp/loot"
	none . <(grep ^exe "$rootfs/tmp/loot" | grep -v 'memfd:ringwall-init')
	none ^written "$rootfs/tmp/loot"
	same "$(sha256sum <"$RINGWALL")" "$before"
	# As the first process, too.
	for i in /proc/self/exe /bin/script; do
		config '' '.process.args = [$p, "7", "4096"]' --arg p "$i"
		run -1 rw run -b "$bundle" "$id-2"
	done
	same "$(sha256sum <"$RINGWALL")" "$before"
}

@test "CVE-2022-0847: each container's init is a sealed copy with pages of its own" {
	local one two seals
	config 'sleep 1000'
	rw create -b "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	rw create -b "$bundle" "$id-2" </dev/null >/dev/null 2>&1 3>&-
	one=/proc/$(pid_of "$id")/exe two=/proc/$(pid_of "$id-2")/exe
	[ ! "$one" -ef "$RINGWALL" ]
	[ ! "$one" -ef "$two" ]
	[[ $(readlink "$one") == /memfd:ringwall-init* ]]
	for i in "$one" "$two"; do
		seals=$(python3 -c 'import fcntl, sys; print(fcntl.fcntl(open(sys.argv[1], "rb"), 1034))' "$i")
		same "$((seals & 15))" 15 # SEAL, SHRINK, GROW, WRITE
	done
}

@test "CVE-2016-9962: who joins can be neither traced nor robbed, with all capabilities of a user namespace" {
	local filter i
	for filter in . "$userns | .process.capabilities = \$caps"; do
		config 'exec /bin/attack-join /tmp/loot' "$filter" --argjson caps "$(all_of)"
		rm -f "$rootfs/tmp/loot"
		start "$id"
		eventually grep -qs ready "$rootfs/tmp/loot"
		for i in $(seq 30); do
			leaky rw exec "$id" /bin/true
		done
		assert_no_loot
		rw delete --force "$id"
	done
}

@test "the memory that init shared with the runtime is no way back: no host hook of the container's choice" {
	local dir
	dir=$(mktemp -d "$work/hooks.XXXX")
	printf '#!/bin/sh\ntouch %s/good-ran\n' "$dir" >"$dir/good"
	printf '#!/bin/sh\ntouch %s/evil-ran\n' "$dir" >"$dir/evil"
	chmod 755 "$dir"/*
	inside 'true' "$userns"' | .process.capabilities = $caps | .hooks = {
		"poststop": [{"path": ($dir + "/good")}],
		"startContainer": [{"path": "/bin/attack-region", "args": ["a", ($dir + "/good"), ($dir + "/evil")]}]}' \
		--arg dir "$dir" --argjson caps "$(all_of)"
	[ -e "$dir/good-ran" ]
	[ ! -e "$dir/evil-ran" ]
}

@test "CVE-2019-16884, CVE-2019-19921: labels are not written to a /proc of the container's" {
	local file fake way
	mkdir -p "$work/vol/self/attr/apparmor" "$work/vol/1/attr/apparmor"
	for file in self/attr/exec self/attr/apparmor/exec 1/attr/exec 1/attr/apparmor/exec; do
		echo untouched >"$work/vol/$file"
	done
	ln -s proc "$rootfs/proc-link"
	ln -s ../proc "$rootfs/tmp/up"
	# A volume does not come to lie there, whatever leads there.
	for way in /proc /proc-link /tmp/up /tmp/../proc; do
		try 'echo started' '.mounts += [{"destination": $way, "type": "bind", "source": $vol, "options": ["rbind"]}]' \
			--arg way "$way" --arg vol "$work/vol"
		[ "$status" -eq 1 ]
		[[ $output == *"'$way': only a procfs can be mounted on /proc"* && $output != *started* ]]
		try 'echo started' '.mounts += [{"destination": ($way + "/self/attr"), "type": "bind", "source": $vol, "options": ["rbind"]}]' \
			--arg way "$way" --arg vol "$work/vol"
		[ "$status" -eq 1 ]
		[[ $output == *"nothing can be mounted inside /proc"* && $output != *started* ]]
	done
	# But the image's own directory does, where no procfs is mounted over it.
	cp -r "$work"/vol/* "$rootfs/proc"
	fake='.mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	# The profile does not exist, so a label that was really written is an error.
	try 'echo started' "$fake | .process.apparmorProfile = \"ringwall-no-such\""
	[ "$status" -ne 0 ]
	[[ $output == *apparmorProfile* && $output != *started* ]]
	background 'sleep 1000 || exec /bin/sleep 1000' "$fake"
	run rw exec --apparmor ringwall-no-such "$id" /bin/echo started
	[ "$status" -eq 255 ]
	[[ $output == *apparmorProfile* && $output != *started* ]]
	same "$(cat "$rootfs"/proc/*/attr/exec "$rootfs"/proc/*/attr/apparmor/exec | sort -u)" untouched
}

@test "a volume does not come to lie over the root, where exec would enter it" {
	local way
	ln -s / "$rootfs/data"
	ln -s .. "$rootfs/tmp/up"
	mkdir "$rootfs/here"
	for way in / /. /data /tmp/up /tmp/.. /here/../tmp/up; do
		try 'echo started' '.mounts += [{"destination": $way, "type": "bind", "source": $vol, "options": ["rbind"]}]' \
			--arg way "$way" --arg vol "$work/vol"
		[ "$status" -eq 1 ]
		[[ $output == *"'$way': nothing can be mounted over the container's root"* && $output != *started* ]]
		try 'echo started' '.mounts += [{"destination": $way, "type": "tmpfs", "source": "tmpfs"}]' --arg way "$way"
		[ "$status" -eq 1 ]
		[[ $output == *"over the container's root"* && $output != *started* ]]
	done
}

@test "CVE-2021-30465, CVE-2024-45310: mount targets that change between directory and link, 200 rounds" {
	local i bad=0 end=$((SECONDS + 60))
	mkdir -p "$work/vol/x/mnt"
	ln -s "$outside" "$work/vol/y"
	# If the tmpfs ever lands on the host's path, the last mount's source is covered by it; if a directory is ever made
	# there, it stays.
	config '[ -e /probe/marker ]' '.mounts += [
		{"destination": "/vol", "type": "bind", "source": $vol, "options": ["rbind"]},
		{"destination": "/vol/x/mnt", "type": "tmpfs", "source": "tmpfs"},
		{"destination": "/vol/x/new/deep", "type": "tmpfs", "source": "tmpfs"},
		{"destination": "/vol/x/file", "type": "bind", "source": "/etc/hostname", "options": ["bind"]},
		{"destination": "/probe", "type": "bind", "source": $probe, "options": ["bind"]}]' \
		--arg vol "$work/vol" --arg probe "$outside/mnt"
	touch "$work/vol/x/file"
	helper "$BATS_FILE_TMPDIR/image/bin/attack-swap" "$work/vol/x" "$work/vol/y"
	for i in $(seq 200); do
		# Enough where it is a matter of seconds; an emulated machine has other tests to run.
		((i <= 20 || SECONDS < end)) || break
		# A race that is noticed may fail the start; it must not succeed elsewhere.
		run rw run -b "$bundle" "$id"
		case $status:$output in
		0:*) ;;
		1:) bad=1 ;; # the container's own word
		esac
		rm -rf "$work"/vol/[xy]/new 2>/dev/null || true
		untouched
	done
	kill -0 "${helpers[0]}"
	[ $bad = 0 ]
}

@test "CVE-2019-18837, CVE-2023-27561, CVE-2026-41579, CVE-2026-47766: /dev, /proc or /sys is a link in the image" {
	local dir target
	for dir in dev proc sys; do
		for target in "$outside" ../../../../../../../../../../../../"$outside" tmp /proc/self/cwd; do
			rm -rf "${rootfs:?}/$dir"
			ln -s "$target" "$rootfs/$dir"
			try 'echo started'
			[ "$status" -eq 1 ]
			[[ $output != *started* ]]
			untouched
			rm "$rootfs/$dir"
			mkdir "$rootfs/$dir"
		done
	done
}

@test "CVE-2022-27650, CVE-2022-29162: inheritable and ambient capabilities are empty unless asked for" {
	background
	run rw exec "$id" grep -E '^Cap(Inh|Amb)' /proc/self/status
	same "$(echo "$output" | tr -d '\t')" $'CapInh:0000000000000000\nCapAmb:0000000000000000'
	run rw exec --cap CAP_CHOWN "$id" grep -E '^Cap(Inh|Amb|Prm)' /proc/self/status
	same "$(echo "$output" | tr -d '\t')" $'CapInh:0000000000000000\nCapPrm:0000000020000421\nCapAmb:0000000000000000'
	same "$(rw exec "$id" grep -E '^Cap(Inh|Amb)' /proc/1/status | tr -d '\t')" $'CapInh:0000000000000000\nCapAmb:0000000000000000'
	# Nor what the caller has of its own.
	rw delete --force "$id"
	config 'grep -E "^Cap(Inh|Amb)" /proc/self/status'
	run capsh --inh=cap_chown --addamb=cap_chown -- -c '"$0" --root "$1" run -b "$2" "$3"' "$RINGWALL" "$work/root" "$bundle" "$id"
	same "$(echo "$output" | tr -d '\t')" $'CapInh:0000000000000000\nCapAmb:0000000000000000'
}

@test "CVE-2023-25809: without a cgroup namespace, the cgroups in a user namespace are read-only" {
	local write='mkdir /sys/fs/cgroup/mine; echo 0 >/sys/fs/cgroup/cgroup.procs; echo max >/sys/fs/cgroup/cgroup.max.depth
		mount -o remount,rw,bind /sys/fs/cgroup /sys/fs/cgroup; mkdir /sys/fs/cgroup/again; echo done'
	# Id 0 is root outside, too: nothing but the mount keeps it from writing.
	inside "$write" "$userns"' | .linux.namespaces |= map(select(.type != "cgroup")) | .process.capabilities = $caps |
		(.mounts[] | select(.type == "cgroup") | .options) |= map(select(. != "ro"))' --argjson caps "$(all_of)"
	[ "$(grep -c 'Read-only file system' <<<"$output")" -ge 3 ]
	[[ $output == *done ]]
}

@test "CVE-2024-21626: process.cwd through a descriptor, the runtime's or one leaked to it" {
	local fd
	echo secret >"$work/secret"
	for fd in $(seq 3 40) 98 99 99/etc; do
		config 'echo started; exit 1' '.process.cwd = $cwd | .linux.sysctl = {"net.ipv4.ip_forward": "0"}' \
			--arg cwd "/proc/self/fd/$fd"
		run leaky rw run -b "$bundle" "$id"
		[ "$status" -eq 1 ]
		[[ $output != *started* ]]
	done
	# By way of a link in the image, created and then started.
	ln -s /proc/self/fd/99 "$rootfs/work"
	change '.process.cwd = "/work/etc"'
	leaky rw create -b "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	run rw start "$id"
	[ "$status" -eq 1 ]
	rw delete --force "$id"
	background
	for fd in $(seq 3 30) 99; do
		run leaky rw exec --cwd "/proc/self/fd/$fd" "$id" /bin/echo started
		[ "$status" -eq 255 ]
		[[ $output != *started* ]]
	done
}

@test "CVE-2024-21626: the program, or its interpreter, through a leaked descriptor" {
	local host
	host=$(command -v busybox)
	printf '#!/proc/self/fd/99%s sh\necho started\n' "$host" >"$bin/script"
	chmod 755 "$bin/script"
	ln -s "/proc/self/fd/99$host" "$bin/leak"
	for program in "/proc/self/fd/99$host" /bin/leak /bin/script; do
		config '' '.process.args = [$program, "echo", "started"]' --arg program "$program"
		run leaky rw run -b "$bundle" "$id"
		[ "$status" -ne 0 ]
		[[ $output != *started* ]]
	done
	background
	for program in "/proc/self/fd/99$host" /bin/leak /bin/script; do
		run leaky rw exec "$id" "$program" echo started
		[ "$status" -ne 0 ]
		[[ $output != *started* ]]
	done
}

@test "leaked descriptors: none arrives, neither the caller's nor the runtime's" {
	local list='for i in /proc/self/fd/*; do [ "${i##*/}" -gt 2 ] && readlink "$i"; done; grep -E "memfd|ringwall-" /proc/self/maps; echo done'
	echo secret >"$work/secret"
	config "$list" '.linux.sysctl = {"net.ipv4.ip_forward": "0"}'
	run leaky rw run -b "$bundle" "$id"
	same "$output" done
	leaky rw create -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
	# While it waits for start: the channel, the socket of start, nothing of the caller's or the host's file system.
	same "$(readlink /proc/"$(pid_of "$id")"/fd/* | grep -Ev "^(socket|/dev/null$|$work/out$)")" ''
	rw start "$id"
	eventually grep -q done "$work/out"
	same "$(cat "$work/out")" done
	rw delete --force "$id"
	background
	run leaky rw exec "$id" /bin/sh -c "$list"
	same "$output" done
	# A number without a descriptor would be one that the runtime opens itself.
	run rw exec --preserve-fds 9 "$id" /bin/sh -c "$list"
	[ "$status" -eq 255 ]
	[[ $output == *preserve-fds* ]]
	LISTEN_FDS=9 run rw --log "$work/log" --debug exec "$id" /bin/sh -c "$list"
	same "$output" done
}

@test "keys: the caller's session keyring stays outside, on run and on exec; no keyring waits inside by name" {
	local ring keys=$BATS_FILE_TMPDIR/image/bin/attack-keys
	"$keys" add probe seen "$keys" find probe || skip "no keyrings here"
	config '/bin/attack-keys find probe || echo nothing'
	run "$keys" add probe stolen "$RINGWALL" --root "$work/root" run -b "$bundle" "$id"
	same "$output" nothing
	background
	run "$keys" add probe stolen "$RINGWALL" --root "$work/root" exec "$id" /bin/sh -c '/bin/attack-keys find probe || echo nothing'
	same "$output" nothing
	config 'exec /bin/attack-keys squat "_ses.$name"' . --arg script 'exec /bin/attack-keys squat "_ses.'"$id"'-3"'
	start "$id-2"
	eventually grep -q . "$work/out"
	ring=$(cat "$work/out")
	config '/bin/attack-keys session'
	run rw run -b "$bundle" "$id-3"
	[ "$status" -eq 0 ]
	[ "$output" != "$ring" ]
}

@test "CVE-2025-24965: a missing working directory is made in the container" {
	ln -s "$outside" "$rootfs/link"
	ln -s ../../../../../../../../../../../../../../"$outside"/new "$rootfs/dangling"
	inside 'pwd' '.process.cwd = "/link/new/deep"'
	inside 'pwd' '.process.cwd = "/dangling/deep"'
	untouched
}

@test "CVE-2025-31133: masking does not take the image's word for /dev/null" {
	local i
	echo secret >"$work/vol/other"
	ln -s other "$work/vol/null"
	mkdir "$work/vol/pts" "$work/vol/shm" "$work/vol/mqueue"
	mknod "$work/vol/null2" c 1 3
	helper "$BATS_FILE_TMPDIR/image/bin/attack-swap" "$work/vol/null" "$work/vol/null2"
	for i in $(seq 20); do
		inside '/bin/busybox stat -c "%F %t:%T" /proc/version; cat /proc/version; ls /proc/sys | wc -l; touch /proc/sys/x || true' '
			(.mounts[] | select(.destination == "/dev")) |= {"destination": "/dev", "type": "bind", "source": $vol, "options": ["rbind"]} |
			.linux.maskedPaths = ["/proc/version", "/proc/sys"]' --arg vol "$work/vol"
		same "${lines[0]}" "character special file 1:3"
		same "${lines[1]}" 0
	done
	# With a /dev of the image: a link there is no null device either.
	rm -f "$rootfs/dev/null"
	ln -s /proc/sys/kernel/core_pattern "$rootfs/dev/null"
	try 'echo started' '.mounts |= map(select(.destination | startswith("/dev") | not))'
	[ "$status" -eq 1 ]
	[[ $output == *"/dev/null"* && $output != *started* ]]
}

@test "CVE-2025-52565: /dev/console and pts/ptmx are not followed where the image points them" {
	local dev='(.mounts[] | select(.destination == "/dev")) |= {"destination": "/dev", "type": "bind", "source": $vol, "options": ["rbind"]} |
		.process.terminal = true'
	echo untouched >"$outside/mnt/marker"
	mkdir -p "$work/vol/pts" "$work/vol/shm" "$work/vol/mqueue"
	ln -s /etc/passwd "$work/vol/console"
	config 'echo started' "$dev" --arg vol "$work/vol"
	run script -qec "$(printf '%q ' "$RINGWALL" --root "$work/root" run -b "$bundle" "$id")" /dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"/dev/console"* && $output != *started* ]]
	# Without a devpts on it, pts is the image's.
	rm "$work/vol/console"
	for i in "$outside/mnt/marker" /proc/sysrq-trigger /dev/null; do
		ln -sf "$i" "$work/vol/pts/ptmx"
		config 'echo started' "$dev | .mounts |= map(select(.type != \"devpts\"))" --arg vol "$work/vol"
		run script -qec "$(printf '%q ' "$RINGWALL" --root "$work/root" run -b "$bundle" "$id")" /dev/null
		[ "$status" -eq 1 ]
		[[ $output == *ptmx* && $output != *started* ]]
	done
	# And where nobody cheats there is a console.
	config '[ -c /dev/console ] && [ -t 0 ] && echo started' '.process.terminal = true'
	run script -qec "$(printf '%q ' "$RINGWALL" --root "$work/root" run -b "$bundle" "$id")" /dev/null
	[[ $output == *started* ]]
}

@test "CVE-2025-52881: a sysctl is written to the kernel, whatever the container has for a /proc" {
	local fake=$rootfs/proc
	mkdir -p "$fake/sys/net/ipv4" "$rootfs/real"
	echo untouched >"$fake/sys/net/ipv4/ip_unprivileged_port_start"
	echo untouched >"$fake/sysrq-trigger"
	ln -s ../../../sysrq-trigger "$fake/sys/net/ipv4/ip_default_ttl"
	inside 'cat /real/sys/net/ipv4/ip_unprivileged_port_start /real/sys/net/ipv4/ip_default_ttl' '
		.mounts = [{"destination": "/real", "type": "proc", "source": "proc"}] | .linux.maskedPaths = [] | .linux.readonlyPaths = [] |
		.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "77", "net.ipv4.ip_default_ttl": "78"}'
	same "$output" $'77\n78'
	same "$(cat "$fake/sysrq-trigger" "$fake/sys/net/ipv4/ip_unprivileged_port_start")" $'untouched\nuntouched'
	# Names that lead elsewhere, and what is the host's.
	for name in ../../kernel/core_pattern net/../kernel/core_pattern net.ipv4/../../kernel/core_pattern kernel.core_pattern; do
		refused linux.sysctl 'echo started' '.linux.sysctl = {($name): "|/bin/evil"}' --arg name "$name"
	done
}

@test "CVE-2026-30892: exec -u takes numbers and nothing else" {
	background
	for user in -1 4294967295 4294967296 18446744073709551616 0x0 1e0 +1 ' 1' '1 ' root '' : 1: :1 1:-1 1:x 1:1:1 01000000000000 $'1\n'; do
		run rw exec -u "$user" "$id" id -u
		echo "'$user' → $status: $output"
		[ "$status" -eq 255 ]
		[[ $output == *--user* ]]
	done
	same "$(rw exec -u 1000:1001 "$id" sh -c 'id -u; id -g')" $'1000\n1001'
	rw delete --force "$id"
	# In config.json, the number that would mean "as before", which is root.
	for field in uid gid; do
		refused "process.user.$field" 'echo started' ".process.user.$field = 4294967295"
	done
	refused process.user.additionalGids 'echo started' '.process.user.additionalGids = [4294967295]'
}

@test "int 0x80, x32: a filter holds for every entry to the kernel" {
	[ "$(uname -m)" = x86_64 ] || skip "x86 only"
	local filter entry
	"$bin/attack-entry" int80 "$work/int80" || skip "no 32-bit entry in this kernel"
	"$bin/attack-entry" native "$work/native"
	for filter in '[]' '["SCMP_ARCH_X86_64"]' '["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]'; do
		for entry in native int80 x32; do
			inside "/bin/attack-entry $entry /tmp/$entry; [ ! -d /tmp/$entry ] && echo refused" '
				.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": $arch,
					"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]} |
				if $arch == [] then del(.linux.seccomp.architectures) else . end' --argjson arch "$filter"
			[[ $output == *refused ]]
		done
	done
}

@test "cgroup escape: the device policy holds in cgroups that the container nests, and for who joins there" {
	has_cap CAP_MKNOD || skip "no CAP_MKNOD"
	# Majors 120 to 127 have no driver: allowed is "No such device", refused "not permitted".
	local open='mknod /tmp/d$$ c 120 7 && cat /tmp/d$$; mknod /tmp/b$$ b 120 7 && cat /tmp/b$$'
	config "cd /sys/fs/cgroup; mkdir -p a/b/c; echo \$\$ >a/b/c/cgroup.procs || exit 1
		echo +pids >cgroup.subtree_control 2>/dev/null; cat /proc/self/cgroup; $open; echo ready; exec sleep 1000" '
		.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]) |
		(.mounts[] | select(.type == "cgroup") | .options) |= map(select(. != "ro"))'
	start "$id"
	eventually grep -q ready "$work/out"
	cat "$work/out"
	grep -q '^0::/a/b/c$' "$work/out"
	same "$(grep -c 'not permitted' "$work/out")" 2
	run rw exec "$id" /bin/sh -c "$open"
	same "$(grep -c 'not permitted' <<<"$output")" 2
	# Out of it, to where the host's cgroups would be.
	run rw exec "$id" /bin/sh -c 'mkdir /sys/fs/cgroup/../out; echo $$ >/sys/fs/cgroup/../cgroup.procs; exit 0'
	[ ! -e "$cgroups/out" ]
	run rw exec --cgroup .. "$id" /bin/true
	[ "$status" -eq 255 ]
	run rw exec --cgroup a "$id" /bin/sh -c "$open"
	same "$(grep -c 'not permitted' <<<"$output")" 2
}

@test "nothing of bpf is to be seen inside, and the state directory is root's alone" {
	inside 'grep -c " bpf " /proc/mounts; ls /sys/fs/bpf; ls -l /proc/1/fd | grep -c bpf; exit 0'
	same "$(grep -v 'No such file' <<<"$output")" $'0\n0'
	background
	same "$(stat -c %a "$work/root/$id")" 700
	same "$(find "$work/root/$id" -type f -perm /077)" ''
	(umask 0 && rw --root "$work/other/root" run -d -b "$bundle" "$id-2" </dev/null >/dev/null 2>&1 3>&-)
	same "$(stat -c %a "$work/other/root") $(stat -c %a "$work/other/root/$id-2")" "700 700"
	same "$(find "$work/other/root" -type f -perm /022)" ''
	rw --root "$work/other/root" delete --force "$id-2"
}

@test "pid file: links and fifos that others have put there are replaced, not followed" {
	ln -s "$outside/mnt/marker" "$work/pid"
	config true
	rw run --pid-file "$work/pid" -b "$bundle" "$id"
	[ ! -L "$work/pid" ]
	same "$(cat "$outside/mnt/marker")" host
	rm "$work/pid"
	# Under the name that is renamed in the end, which has the runtime's pid in it.
	run timeout 10 bash -c 'mkfifo "$4/.pid.$$" && ln "$4/.pid.$$" "$4/fifo"; exec "$0" --root "$1" run --pid-file "$4/pid" -b "$2" "$3"' \
		"$RINGWALL" "$work/root" "$bundle" "$id" "$work"
	[ "$status" -eq 0 ]
	[ -f "$work/pid" ]
	[ -p "$work/fifo" ]
}
