#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# checkpoint and restore through a real CRIU, where one works (`criu check`: 3.17.1 does on 6.12, 4.1.1 on 6.18).

bats_require_minimum_version 1.5.0

setup() {
	((EUID == 0)) || skip "needs root"
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	RINGWALL=${RINGWALL:-$TOP/build/ringwall}
	PATH=$PATH:/usr/sbin
	work=$(mktemp -d "${RINGWALL_SCRATCH:-${BATS_TMPDIR:-/tmp}}/checkpoint.XXXXXX")
	id=checkpoint-$$-$BATS_TEST_NUMBER
	cgroups=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	mkdir -p "$work"/{root,data,bundle/rootfs/{bin,dev,proc,sys,tmp,data}}
	cp "$(command -v busybox)" "$work/bundle/rootfs/bin/busybox"
	ln -s busybox "$work/bundle/rootfs/bin/sh"
	(cd "$work/bundle" && "$RINGWALL" spec)
	# The count is in memory alone: a container that was begun anew would count from 1.
	change '.process.terminal = false | .root.readonly = false | .process.args = ["/bin/sh", "-c",
		"i=0; while :; do i=$((i+1)); echo $i >/data/count; echo line $i; /bin/busybox sleep 0.1; done"] |
		.mounts += [{destination: "/data", type: "bind", source: $data, options: ["bind", "rw"]}]' --arg data "$work/data"
	images=$work/images
	out=$work/out
}

teardown() {
	[ -z "${work-}" ] && return
	rw delete --force "$id" || true
	rm -rf "$work"
}

rw() { "$RINGWALL" --root "$work/root" "$@"; }

needs_criu() {
	criu check >/dev/null 2>&1 && return
	[[ ${MUST_WORK-} != 1 ]] || { echo "MUST_WORK=1, but criu does not work on this kernel"; return 1; }
	skip "criu does not work on this kernel"
}

# JQ-FILTER [JQ-OPTION…]
change() {
	local filter=$1
	shift
	jq "$@" "$filter" "$work/bundle/config.json" >"$work/config.new"
	mv "$work/config.new" "$work/bundle/config.json"
}

eventually() {
	for _ in $(seq 200); do
		"$@" && return
		sleep 0.05
	done
	echo "never: $*"
	return 1
}
# It may be read, and the container saved, when the file is open and nothing in it yet.
count() {
	local n
	n=$(cat "$work/data/count" 2>/dev/null)
	echo "${n:-0}"
}
counts_past() { [ "$(count)" -gt "$1" ]; }
status_of() { rw state "$id" | jq -r .status; }

start() {
	rw run -d -b "$work/bundle" "$id" </dev/null >"$out" 2>&1 || { cat "$out"; return 1; }
	eventually counts_past 10
}
checkpoint() { rw checkpoint --image-path "$images" "$@" "$id"; }
restore() {
	rw restore -d -b "$work/bundle" --image-path "$images" "$@" "$id" </dev/null >>"$out" 2>&1 && return
	tail -n 3 "$out"
	grep -h -B 5 'Error (' "$images/restore.log"
	return 1
}

assert_gone() {
	[ ! -e "$work/root/$id" ]
	[ -z "$(find "$cgroups" -type d -name "*$id*")" ]
	! grep -q "$work" /proc/self/mountinfo
}

@test "without criu the error says what to install" {
	eval "real=$(command -v criu || true)"
	[ ! -x /usr/sbin/criu ] && [ -z "$real" ] || skip "criu is installed"
	rw run -d -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1
	run -1 --separate-stderr checkpoint
	[[ $stderr == *"criu not found"*"apt install criu"* ]]
	[ "$(status_of)" = running ]
}

@test "what cannot be saved is refused, and goes on" {
	run -1 --separate-stderr rw checkpoint --image-path "$images" no-such
	[[ $stderr == *"container does not exist"* ]]
	rw create -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1
	run -1 --separate-stderr checkpoint
	[[ $stderr == *"cannot be checkpointed in created state"* ]]
	[ "$(status_of)" = created ]
	run -1 --separate-stderr rw checkpoint --image-path "$images" --empty-ns mount "$id"
	[[ $stderr == *"--empty-ns: 'mount'"* ]]
	[ ! -e "$images" ]
}

@test "save, and go on from there" {
	needs_criu
	start
	checkpoint
	assert_gone
	saved=$(count)
	sleep 0.5
	[ "$(count)" = "$saved" ]
	restore --pid-file "$work/pid"
	[ "$(status_of)" = running ]
	[ "$(cat "$work/pid")" = "$(rw state "$id" | jq .pid)" ]
	eventually counts_past "$saved"
	# Not from 1, and no step left out or done twice.
	cp "$out" "$work/lines"
	[ "$(cat "$work/lines")" = "$(seq "$(wc -l <"$work/lines")" | sed 's/^/line /')" ]
	# It is in its cgroup, has its policy, and is like any other container.
	grep -q "/\(.*-\)\?$id\(.scope\)\?$" "/proc/$(cat "$work/pid")/cgroup"
	rw exec "$id" /bin/sh -c '[ -e /data/count ]'
	rw pause "$id"
	rw resume "$id"
	rw delete --force "$id"
	assert_gone
}

@test "--leave-running: the container goes on, and the images serve for another" {
	needs_criu
	out=/dev/null # CRIU refuses an open file that has grown since
	start
	checkpoint --leave-running
	[ "$(status_of)" = running ]
	saved=$(count)
	eventually counts_past $((saved + 5))
	rw delete --force "$id"
	restore
	eventually counts_past 10
	rw delete --force "$id"
	assert_gone
}

@test "in the foreground restore waits and exits with the process's status" {
	needs_criu
	change '.process.args[2] = "i=0; while [ ! -e /data/end ]; do i=$((i+1)); echo $i >/data/count; /bin/busybox sleep 0.1; done; exit 9"'
	start
	checkpoint
	touch "$work/data/end"
	status=0
	rw restore -b "$work/bundle" --image-path "$images" "$id" </dev/null >>"$out" 2>&1 || status=$?
	cat "$out"
	[ "$status" -eq 9 ]
	assert_gone
}

@test "--pre-dump, then the rest on top of it" {
	needs_criu
	start
	images=$work/before
	checkpoint --pre-dump
	[ "$(status_of)" = running ]
	images=$work/images
	checkpoint --parent-path ../before
	saved=$(count)
	restore
	eventually counts_past "$saved"
}

@test "a paused container can be saved" {
	needs_criu
	start
	rw pause "$id"
	checkpoint
	assert_gone
}

@test "--work-path takes the log; a failure names it and leaves nothing" {
	needs_criu
	start
	checkpoint --work-path "$work/logs"
	[ -s "$work/logs/dump.log" ]
	rm "$images"/core-*.img
	run -1 --separate-stderr rw restore -d -b "$work/bundle" --image-path "$images" --work-path "$work/logs" "$id"
	echo "$stderr"
	[[ $stderr == *"criu: "*"$work/logs/restore.log"* ]]
	assert_gone
}

@test "hooks: createRuntime on restore, poststop on both" {
	needs_criu
	change '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo createRuntime >>\($l)"]}] |
		.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "echo poststop >>\($l)"]}]' --arg l "$work/log"
	start
	checkpoint
	restore
	rw delete --force "$id"
	[ "$(tr '\n' ' ' <"$work/log")" = "createRuntime poststop createRuntime poststop " ]
}

@test "devices that update has taken away stay away" {
	needs_criu
	devices() { rw exec "$id" /bin/sh -c ': </data/device' 2>&1 || true; }
	mknod "$work/data/device" c 120 7 # which no driver has
	change '.linux.resources.devices = [{allow: true, access: "rwm"}]'
	start
	[[ $(devices) == *"No such device"* ]]
	rw update -r - "$id" <<<'{"devices": [{"allow": false, "access": "rwm"}]}'
	[[ $(devices) == *"not permitted"* ]]
	checkpoint
	restore
	[[ $(devices) == *"not permitted"* ]]
	rw update -r - "$id" <<<'{"devices": [{"allow": true, "access": "rwm"}]}'
	[[ $(devices) == *"No such device"* ]]
}

# Of Ringwall's programs on cgroups, and of network namespaces, all that there are
traces() {
	ls /sys/fs/bpf/ringwall/*/links 2>/dev/null
	lsns -n -t net -o NS | sort
}

@test "a restore that fails, for whatever is missing or broken, leaves nothing; unbroken, it works" {
	needs_criu
	out=/dev/null
	start
	checkpoint
	cp -a "$images" "$work/good"
	traces >"$work/before"
	breaks=0
	broken() { # COMMAND…: what it does to the images
		rm -rf "$images"
		cp -a "$work/good" "$images"
		(cd "$images" && "$@")
		echo "# $*"
		run -1 --separate-stderr timeout 60 "$RINGWALL" --root "$work/root" restore -d -b "$work/bundle" --image-path "$images" "$id" </dev/null
		echo "$stderr"
		[ -n "$stderr" ]
		assert_gone
		traces | diff "$work/before" -
		breaks=$((breaks + 1))
	}
	garble() { dd if=/dev/urandom of="$1" bs=64 count=1 seek="${2:-0}" conv=notrunc 2>/dev/null; }
	broken rm inventory.img
	broken rm descriptors.json
	broken find . -delete
	broken sh -c "rm mountpoints-*.img"
	broken rm pages-1.img
	broken rm pstree.img
	broken garble inventory.img
	broken garble pstree.img
	broken garble core-1.img 1
	broken garble mm-1.img
	broken garble files.img
	broken cp /dev/null descriptors.json
	broken sh -c 'echo "{" >ringwall-policy.json'
	broken sh -c 'echo nonsense >syscalls.filter'
	[ "$breaks" -eq 14 ]
	rm -rf "$images"
	cp -a "$work/good" "$images"
	restore
	eventually counts_past "$(count)"
}

@test "a restore into a bundle that does not fit leaves nothing" {
	needs_criu
	out=/dev/null
	start
	checkpoint
	mv "$work/bundle/rootfs/bin/busybox" "$work/busybox"
	run -1 --separate-stderr rw restore -d -b "$work/bundle" --image-path "$images" "$id" </dev/null
	echo "$stderr"
	[[ $stderr == *"criu: "*busybox* ]]
	assert_gone
	mv "$work/busybox" "$work/bundle/rootfs/bin/busybox"
	# Hooks are heard: a network that cannot be made is no container.
	change '.hooks.createRuntime = [{path: "/bin/false"}]'
	run -1 --separate-stderr rw restore -d -b "$work/bundle" --image-path "$images" "$id" </dev/null
	echo "$stderr"
	[[ $stderr == *createRuntime* ]]
	assert_gone
}

@test "a checkpoint that fails: no room, or Ringwall killed in the middle; the container goes on, or can be removed" {
	needs_criu
	out=/dev/null
	start
	mkdir "$images"
	mount -t tmpfs -o size=64k full "$images"
	run -1 --separate-stderr checkpoint --work-path "$work/logs"
	umount "$images"
	echo "$stderr"
	[[ $stderr == *"criu: "* ]]
	[ "$(status_of)" = running ]
	grep -qx 'frozen 0' "$(find "$cgroups" -type d -name "*$id*" | head -n 1)/cgroup.events"
	eventually counts_past "$(count)"
	rw pause "$id"
	rw resume "$id"
	for n in 1 3 5 8 12; do
		timeout -s KILL "0.0$n" "$RINGWALL" --root "$work/root" checkpoint --leave-running --image-path "$images" "$id" || true
		over() { ! pgrep -f 'criu swrk' >/dev/null; }
		eventually over
		if [ "$(status_of)" = running ]; then
			eventually counts_past "$(count)"
		fi
	done
	rw delete --force "$id"
	assert_gone
}

@test "network: what is in it is for the hooks to make; the loopback device is there" {
	needs_criu
	command -v ip || skip "needs ip"
	cat >"$work/hook" <<-'HOOK'
		#!/bin/sh
		PATH=/usr/sbin:/usr/bin:/sbin:/bin
		exec nsenter -t "$(jq .pid)" -n sh -c "ip link add br0 type bridge; ip addr add 192.0.2.7/24 dev br0"
	HOOK
	chmod 755 "$work/hook"
	change '.hooks.createRuntime = [{path: $h}]' --arg h "$work/hook"
	start
	checkpoint
	restore
	run rw exec "$id" /bin/busybox ip -o addr
	echo "$output"
	[[ $output == *"lo "*"inet 127.0.0.1/8"* && $output == *"br0 "*"inet 192.0.2.7/24"* ]]
}

@test "a restored container's hostname, and a network namespace by path" {
	needs_criu
	command -v ip || skip "needs ip"
	ip netns add "$id"
	change '.hostname = "kept" | (.linux.namespaces[] | select(.type == "network")).path = $ns' --arg ns "/run/netns/$id"
	start
	checkpoint
	restore
	name=$(rw exec "$id" /bin/busybox hostname)
	own=$(stat -Lc %i "/proc/$(rw state "$id" | jq .pid)/ns/net")
	wanted=$(stat -Lc %i "/run/netns/$id")
	rw delete --force "$id"
	ip netns delete "$id"
	[ "$name" = kept ]
	[ "$own" = "$wanted" ]
}
