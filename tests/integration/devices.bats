#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# linux.resources.devices as a container meets it. Majors 120 to 127 are for local use: no driver answers, so that
# opening tells refusal (Operation not permitted) from permission (No such device or address).
# What the kernel part does by itself, when killed, full or raced, is in tests/bpf/test-device-policy.c.

pins=/sys/fs/bpf/ringwall/4

setup() {
	((EUID == 0)) || skip "needs root"
	work=$(mktemp -d "${RINGWALL_SCRATCH:-${BATS_TMPDIR:-/tmp}}/devices.XXXXXX")
	id=devices-$$-$BATS_TEST_NUMBER
	mkdir -p "$work"/{root,bundle/rootfs/{bin,dev,proc,sys,tmp}}
	cp "$(command -v busybox)" "$work/bundle/rootfs/bin/busybox"
	ln -s busybox "$work/bundle/rootfs/bin/sh"
	cat >"$work/bundle/rootfs/bin/probe" <<-'SH'
	#!/bin/sh
	# probe c|b MAJOR MINOR: what this container may do with the device, as letters of rwm
	export PATH=/bin
	got=
	node=/dev/probe-$$
	busybox mknod $node $1 $2 $3 && got=m || { echo "no mknod"; exit 1; }
	case $(busybox dd if=$node of=/dev/null bs=1 count=0 2>&1) in *"not permitted"*) ;; *) got=r$got ;; esac
	case $(busybox dd if=/dev/zero of=$node bs=1 count=0 conv=notrunc 2>&1) in *"not permitted"*) ;; *) got=w$got ;; esac
	busybox rm $node
	echo "$1 $2:$3 $got"
	SH
	chmod 755 "$work/bundle/rootfs/bin/probe"
}

teardown() {
	[ -z "${work-}" ] && return
	rw delete --force "$id" || true
	rw delete --force "$id-2" || true
	rm -rf "$work"
}

rw() {
	"${RINGWALL:?}" --root "$work/root" "$@"
}

# RULES SCRIPT: a bundle whose init runs SCRIPT under linux.resources.devices RULES, with the right to mknod
bundle() {
	rm -f "$work/bundle/config.json"
	(cd "$work/bundle" && "$RINGWALL" spec)
	jq --argjson rules "$1" --arg script "$2" '
		.process.terminal = false | .process.args = ["/bin/sh", "-c", $script] | .root.readonly = false |
		.process.capabilities |= map_values(. + ["CAP_MKNOD"]) |
		.linux.resources.devices = $rules' "$work/bundle/config.json" >"$work/config.json"
	mv "$work/config.json" "$work/bundle/config.json"
}

# RULES SCRIPT
run_with() {
	bundle "$1" "$2"
	run rw run -b "$work/bundle" "$id"
	echo "$output"
	[ "$status" -eq 0 ]
}

# ID…: a container that waits
start_with() {
	local name
	bundle "$1" 'busybox sleep 1000 || exec /bin/busybox sleep 1000'
	shift
	for name; do
		rw run -d -b "$work/bundle" "$name" </dev/null >/dev/null 2>&1
	done
}

inside() {
	rw exec "$id" /bin/probe "$@"
}

entry_of() {
	bpftool -j map dump pinned $pins/containers | jq --arg id "$1" '.[].formatted.value | select(.id == $id)'
}
policy_of() { entry_of "$1" | jq .policy_id; }

deny='{"allow": false, "access": "rwm"}'

@test "without rules: the nodes of the specification, terminals, mknod, and nothing else" {
	run_with '[]' '
		for n in "1 3" "1 5" "1 7" "1 8" "1 9" "5 0" "5 2" "136 0"; do /bin/probe c $n; done
		/bin/probe c 120 7; /bin/probe b 120 7; /bin/probe c 1 11'
	[ "${lines[0]}" = "c 1:3 wrm" ]
	[ "${lines[1]}" = "c 1:5 wrm" ]
	[ "${lines[2]}" = "c 1:7 wrm" ]
	[ "${lines[3]}" = "c 1:8 wrm" ]
	[ "${lines[4]}" = "c 1:9 wrm" ]
	[ "${lines[5]}" = "c 5:0 wrm" ]
	[ "${lines[6]}" = "c 5:2 wrm" ]
	[ "${lines[7]}" = "c 136:0 wrm" ]
	[ "${lines[8]}" = "c 120:7 m" ]
	[ "${lines[9]}" = "b 120:7 m" ]
	[ "${lines[10]}" = "c 1:11 m" ]
	[ "${#lines[@]}" -eq 11 ]
}

@test "exact device, by kind of access" {
	run_with "[$deny,
		{\"allow\": true, \"type\": \"c\", \"major\": 120, \"minor\": 7, \"access\": \"r\"},
		{\"allow\": true, \"type\": \"b\", \"major\": 120, \"minor\": 7, \"access\": \"w\"}]" '
		/bin/probe c 120 7; /bin/probe b 120 7; /bin/probe c 120 8; /bin/probe c 121 7'
	[ "$output" = "c 120:7 rm
b 120:7 wm
c 120:8 m
c 121:7 m" ]
}

@test "wildcards, and the last rule that matches" {
	run_with "[$deny,
		{\"allow\": true, \"type\": \"c\", \"major\": 120, \"access\": \"rw\"},
		{\"allow\": false, \"type\": \"c\", \"major\": 120, \"minor\": 7, \"access\": \"w\"},
		{\"allow\": true, \"type\": \"b\", \"minor\": 9, \"access\": \"r\"}]" '
		/bin/probe c 120 7; /bin/probe c 120 8; /bin/probe b 121 9; /bin/probe b 121 8; /bin/probe c 121 9'
	[ "$output" = "c 120:7 rm
c 120:8 wrm
b 121:9 rm
b 121:8 m
c 121:9 m" ]
}

@test "everything allowed" {
	run_with "[$deny, {\"allow\": true, \"access\": \"rwm\"}]" '/bin/probe c 120 7; /bin/probe b 127 200'
	[ "$output" = "c 120:7 wrm
b 127:200 wrm" ]
}

@test "a process that joins is under the same rules" {
	start_with "[$deny, {\"allow\": true, \"type\": \"c\", \"major\": 120, \"minor\": 7, \"access\": \"r\"}]" "$id"
	[ "$(inside c 120 7)" = "c 120:7 rm" ]
	[ "$(inside c 120 8)" = "c 120:8 m" ]
}

@test "update changes the rules of a running container, and only its own" {
	start_with "[$deny]" "$id" "$id-2"
	[ "$(inside c 120 7)" = "c 120:7 m" ]
	rw update -r - "$id" <<-EOF
	{"devices": [{"allow": true, "type": "c", "major": 120, "minor": 7, "access": "rw"}]}
	EOF
	[ "$(inside c 120 7)" = "c 120:7 wrm" ]
	[ "$(rw exec "$id-2" /bin/probe c 120 7)" = "c 120:7 m" ]
	# Without a list the rules stay.
	rw update -r - "$id" <<<'{}'
	[ "$(inside c 120 7)" = "c 120:7 wrm" ]
	rw update -r - "$id" <<<"{\"devices\": [$deny]}"
	[ "$(inside c 120 7)" = "c 120:7 m" ]
}

@test "same rules, one policy; bpftool shows whose they are" {
	start_with "[$deny]" "$id" "$id-2"
	[ -n "$(policy_of "$id")" ]
	[ "$(policy_of "$id")" = "$(policy_of "$id-2")" ]
	run bpftool cgroup tree
	[[ $output == *ringwall_device* ]]
}

# By its own name: other containers of the host come and go meanwhile.
@test "delete takes the link and the slot away" {
	local slot
	start_with '[]' "$id"
	slot=$(($(entry_of "$id" | jq -r .slot) % 4096)) # the handle without its generation
	[ -e "$pins/links/device-$slot" ]
	rw delete --force "$id"
	[ ! -e "$pins/links/device-$slot" ]
	[ -z "$(policy_of "$id")" ]
}

@test "rules that cannot be are refused with their place, and nothing starts" {
	bundle '[{"allow": true, "access": "r"}, {"allow": true, "type": "x", "access": "r"}]' 'echo started'
	run rw run -b "$work/bundle" "$id"
	[ "$status" -ne 0 ]
	[[ $output == *"linux.resources.devices[1].type"* ]]
	[[ $output != *started* ]]
}
