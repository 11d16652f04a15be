#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Containers that callers keep below roots of their own are found by ID, its beginning, and their callers' names. The
# callers themselves: tests/callers/policy.bats.

bats_require_minimum_version 1.5.0
load common

setup_file() { container_setup_file; }

setup() {
	container_setup
	# what containerd's shim passes for a namespace
	root=/run/containerd/runc/ringwall-test-$$-$BATS_TEST_NUMBER
	made=()
	[ -d /run/containerd ] || made+=(/run/containerd)
	[ -d /run/containerd/runc ] || made+=(/run/containerd/runc)
	mkdir -p "$root"
	long=f00d$(printf '%060d' $$)
}

teardown() {
	local c
	for c in "${root-/nowhere}"/*; do
		[ -d "$c" ] && "$RINGWALL" --root "$root" delete --force "${c##*/}"
	done
	[ -z "${root-}" ] || rmdir "$root"
	for c in "${made[@]}"; do rmdir --ignore-fail-on-non-empty -p "$c"; done
	container_teardown
}

create() { "$RINGWALL" --root "$root" create -b "$bundle" "$1" </dev/null >/dev/null 2>&1 3>&-; }

@test "by its ID, or the beginning of it" {
	config 'sleep 1000'
	create "$long"
	for name in "$long" "${long:0:12}"; do
		run -0 "$RINGWALL" policy show "$name"
		[[ $output == *baseline* ]]
		run -0 "$RINGWALL" denials "$name"
	done
	run -1 "$RINGWALL" denials "${long:0:12}x"
	[[ $output == *"container does not exist: ${long:0:12}x"* ]]
	# Whoever says --root means that
	run -1 rw denials "$long"
	[[ $output == *"container does not exist"* ]]
	# and for all other verbs there are only containers of one's own
	run -1 "$RINGWALL" state "$long"
	run -1 "$RINGWALL" kill "$long" KILL
}

@test "more than one: none, unless it is the whole ID" {
	config 'sleep 1000'
	create "$long"
	create "${long}0"
	run -1 "$RINGWALL" denials "${long:0:12}"
	[[ $output == *"is more than one container: "*"$long"* ]]
	run -0 "$RINGWALL" denials "$long"
}

@test "by Docker's name, as its own record beside the container's files has it" {
	mkdir -p "$work/data/containers/$long"
	echo inside >"$work/data/containers/$long/hostname"
	echo '{"ID": "x", "Name": "/shop", "State": {}}' >"$work/data/containers/$long/config.v2.json"
	config 'sleep 1000' '.mounts += [{destination: "/etc/hostname", type: "bind", source: $f, options: ["bind"]}]' \
		--arg f "$work/data/containers/$long/hostname"
	create "$long"
	run -0 "$RINGWALL" policy show shop
	run -1 "$RINGWALL" policy show /shop
	run -1 "$RINGWALL" policy show sho
	echo '{"Name": "/other"' >"$work/data/containers/$long/config.v2.json"
	run -1 "$RINGWALL" policy show other
	[[ $output == *"container does not exist: other"* ]]
}

@test "by the name that Kubernetes' CRI gives it" {
	config 'sleep 1000' '.annotations = {"io.kubernetes.cri.container-name": "web"}'
	create "$long"
	run -0 "$RINGWALL" policy show web
	create "${long}0"
	run -1 "$RINGWALL" policy show web
	[[ $output == *"'web' is more than one container"* ]]
}

@test "denials without an ID: of all roots, each container by its caller's name" {
	echo '{"version": 1, "name": "p", "devices": {"default": "allow", "deny": ["c 120:* rw"]}, "onUnsupported": "warn"}' >"$work/p.json"
	mkdir -p "$work/data/containers/$long"
	echo inside >"$work/data/containers/$long/hostname"
	echo '{"Name": "/shop"}' >"$work/data/containers/$long/config.v2.json"
	local may='.process.capabilities |= map_values(. + ["CAP_MKNOD"]) | .linux.resources.devices = [{"allow": true, "access": "rwm"}]'
	local script='mknod /dev/n c 120 3; cat /dev/n 2>/dev/null; exec sleep 1000' c
	new() { # ID FILTER [JQ-OPTION…]
		config "$script" "$may | $2" "${@:3}"
		"$RINGWALL" --root "${at-$root}" run -d --policy "$work/p.json" -b "$bundle" "$1" </dev/null >/dev/null 2>&1 3>&-
	}
	new "$long" '.mounts += [{destination: "/etc/hostname", type: "bind", source: $f, options: ["bind"]}]' \
		--arg f "$work/data/containers/$long/hostname"
	new "${long}1" '.annotations = {"io.kubernetes.cri.sandbox-namespace": "prod", "io.kubernetes.cri.sandbox-name": "front-0",
		"io.kubernetes.cri.container-name": "web"}'
	new "${long}2" '.annotations = {"io.kubernetes.pod.namespace": "prod", "io.kubernetes.pod.name": "front-1"}'
	new "${long}3" '.annotations = {"nerdctl/name": "two words"}'
	at=$work/root new "$id" .
	all() { "$RINGWALL" denials | grep -cE " (shop|prod/front-[01](/web)?|${long}3) cat\\[[0-9]+\\]:.*device deny c 120"; }
	four() { [ "$(all)" = 4 ]; }
	eventually four || { "$RINGWALL" denials; false; }
	for c in shop prod/front-0/web prod/front-1 "${long}3"; do
		same "$("$RINGWALL" denials | grep -c "Z $c cat\\[")" 1
		# which is a name to ask by
		run -0 "$RINGWALL" denials "$c"
		[[ ${#lines[@]} == 1 && $output == *"Z $c cat["* ]]
		"$RINGWALL" denials --counters | grep -q "^$c *1 denied"
	done
	"$RINGWALL" denials --json | jq -se --arg id "$long" 'map(select(.id | startswith($id))) |
		map(.container) | sort == [null, "prod/front-0/web", "prod/front-1", "shop"]'
	# Below --root there are those that are there, and nowhere else these
	run -0 rw denials
	[[ ${#lines[@]} == 1 && $output == *"Z $id cat["* ]]
	[[ $("$RINGWALL" denials) != *" $id "* ]]
	# and who follows is told of what comes later, anywhere.
	helper bash -c '"$0" denials --follow >"$1"' "$RINGWALL" "$work/followed"
	eventually grep -q " shop " "$work/followed"
	new "${long}4" '.annotations = {"nerdctl/name": "later"}'
	eventually grep -q "Z later cat\\[" "$work/followed"
	same "$(grep -c " shop " "$work/followed")" 1
}

@test "--policy before the verb is what create and run take that are given none" {
	config 'true'
	echo '{ "version": 1, "name": "from-option", "extends": "baseline" }' >"$work/p.json"
	"$RINGWALL" --policy "$work/p.json" --root "$root" create -b "$bundle" "$long" </dev/null >/dev/null 2>&1 3>&-
	run -0 "$RINGWALL" policy show "$long"
	[[ $output == *from-option* ]]
	run -1 "$RINGWALL" --policy "$work/none.json" --root "$root" run -b "$bundle" x
	[[ $output == *"--policy"*"none.json"* ]]
	run -0 "$RINGWALL" --policy "$work/none.json" --root "$root" run -b "$bundle" --policy baseline x
	run -0 "$RINGWALL" --policy "$work/none.json" --root "$root" list
}
