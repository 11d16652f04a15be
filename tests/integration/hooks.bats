#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The six kinds of hooks: when, where and with what they run, and what a failure does to the container.

bats_require_minimum_version 1.5.0

setup() {
	((EUID == 0)) || skip "needs root"
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	RINGWALL=${RINGWALL:-$TOP/build/ringwall}
	work=$(mktemp -d "${RINGWALL_SCRATCH:-${BATS_TMPDIR:-/tmp}}/hooks.XXXXXX")
	id=hooks-$$-$BATS_TEST_NUMBER
	cgroups=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	mkdir -p "$work"/{root,bundle/rootfs/{bin,dev,proc,sys,tmp,log}}
	cp "$(command -v busybox)" "$work/bundle/rootfs/bin/busybox"
	ln -s busybox "$work/bundle/rootfs/bin/sh"
	ln -s busybox "$work/bundle/rootfs/bin/cat"
	log=$work/bundle/rootfs/log
	(cd "$work/bundle" && "$RINGWALL" spec)
	change '.process.terminal = false | .process.args = ["/bin/sh", "-c", "echo process >>/log/order"] | .root.readonly = false'
}

teardown() {
	[ -z "${work-}" ] && return
	rw delete --force "$id" || true
	rm -rf "$work"
}

rw() { "$RINGWALL" --root "$work/root" "$@"; }

# JQ-FILTER [JQ-OPTION…]
change() {
	local filter=$1
	shift
	jq "$@" "$filter" "$work/bundle/config.json" >"$work/config.new"
	mv "$work/config.new" "$work/bundle/config.json"
}

# KIND SCRIPT: one more hook, in the host's filesystem
host_hook() { change '.hooks[$k] += [{path: "/bin/sh", args: ["sh", "-c", $s]}]' --arg k "$1" --arg s "$2"; }

# KIND SCRIPT: one more hook whose path is the container's
container_hook() { change '.hooks[$k] += [{path: "/bin/sh", args: ["sh", "-c", $s]}]' --arg k "$1" --arg s "$2"; }

assert_gone() {
	[ ! -e "$work/root/$id" ]
	[ ! -e "$cgroups/$id" ]
}

@test "in the specification's order, each with the state of its moment" {
	for kind in prestart createRuntime poststart poststop; do
		host_hook $kind "echo $kind >>$log/order; cat >$log/$kind"
	done
	host_hook createContainer "echo createContainer >>$log/order; cat >$log/createContainer"
	container_hook startContainer "echo startContainer >>/log/order; cat >/log/startContainer"
	rw create -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1
	[ "$(cat "$log/order")" = prestart$'\n'createRuntime$'\n'createContainer ]
	pid=$(rw state "$id" | jq .pid)
	rw start "$id"
	for _ in $(seq 100); do
		[ "$(rw state "$id" | jq -r .status)" = stopped ] && break
		sleep 0.05
	done
	run ! grep poststop "$log/order"
	rw delete "$id"
	# poststart and the process itself run side by side.
	[ "$(grep -v poststart "$log/order" | tr '\n' ' ')" = "prestart createRuntime createContainer startContainer process poststop " ]
	grep -q poststart "$log/order"
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		jq -e --arg id "$id" --arg b "$work/bundle" '.id == $id and .bundle == $b and .ociVersion == "1.3.0"' "$log/$kind"
	done
	[ "$(jq -r .status "$log"/{prestart,createRuntime,createContainer,startContainer,poststart,poststop} | tr '\n' ' ')" = \
		"creating creating creating created running stopped " ]
	[ "$(jq .pid "$log"/{prestart,createRuntime,poststart} | sort -u)" = "$pid" ]
	jq -e 'has("pid") | not' "$log/poststop"
	assert_gone
}

@test "where they run: the runtime's namespaces, or the container's" {
	change '.hostname = "inside"'
	host_hook createRuntime "readlink /proc/self/ns/mnt /proc/self/ns/net >$log/host"
	host_hook createContainer "readlink /proc/self/ns/net >$log/net; uname -n >$log/name"
	container_hook startContainer '/bin/busybox readlink /proc/self/ns/net >/log/inner; [ -e /log/net ] && [ ! -e /etc/passwd ]'
	run -0 rw run -b "$work/bundle" "$id"
	[ "$(cat "$log/host")" = "$(readlink /proc/self/ns/mnt /proc/self/ns/net)" ]
	[ "$(cat "$log/net")" != "$(readlink /proc/self/ns/net)" ]
	[ "$(cat "$log/net")" = "$(cat "$log/inner")" ]
}

@test "environment and arguments are the config's and nothing else" {
	change '.hooks.createRuntime = [{path: "/bin/sh", args: ["zero", "-c", "echo $0 $1 >\($out); env >>\($out)", "a", "b c"],
		env: ["ONE=1", "TWO=x y"]}]' --arg out "$log/env"
	RINGWALL_LEAK=yes run -0 rw run -b "$work/bundle" "$id"
	grep -qx 'a b c' "$log/env"
	grep -qx 'ONE=1' "$log/env"
	grep -qx 'TWO=x y' "$log/env"
	run ! grep -e LEAK -e '^HOME=' "$log/env"
}

@test "a hook sees no descriptor of the runtime" {
	host_hook createRuntime "ls /proc/self/fd | wc -l >$log/fds"
	exec 9</dev/null
	run -0 rw run -b "$work/bundle" "$id"
	exec 9<&-
	# 0, 1, 2 and ls's own on the directory
	[ "$(cat "$log/fds")" = 4 ]
}

@test "a failure of each kind before the process stops everything and is explained" {
	for kind in prestart createRuntime createContainer startContainer; do
		change 'del(.hooks)'
		host_hook poststop "touch $log/cleaned"
		change '.hooks[$k] = [{path: "/bin/true"}, {path: "/bin/sh", args: ["sh", "-c", "echo early >&2; echo the reason >&2; exit 3"]}]' --arg k $kind
		ln -sf busybox "$work/bundle/rootfs/bin/true"
		rm -f "$log/order"
		run -1 --separate-stderr rw run -b "$work/bundle" "$id"
		echo "$kind: $stderr"
		[[ $stderr == *"hook $kind[1] '/bin/sh': exit status 3: the reason"* ]]
		[ ! -e "$log/order" ]
		assert_gone
	done
}

@test "a hook that is not there, is no program, or is killed by a signal" {
	change '.hooks.createRuntime = [{path: "/nowhere/hook"}]'
	run -1 --separate-stderr rw run -b "$work/bundle" "$id"
	[[ $stderr == *"hook createRuntime[0] '/nowhere/hook': exec: no such file or directory"* ]]
	change '.hooks.createRuntime = [{path: "/etc/passwd"}]'
	run -1 --separate-stderr rw run -b "$work/bundle" "$id"
	[[ $stderr == *"hook createRuntime[0] '/etc/passwd': exec: permission denied"* ]]
	change '.hooks.createRuntime = []'
	host_hook createRuntime 'kill -SEGV $$'
	run -1 --separate-stderr rw run -b "$work/bundle" "$id"
	[[ $stderr == *"killed by signal 11"* ]]
	assert_gone
}

@test "a timeout kills the hook and what it started, and is an error" {
	change '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $s], timeout: 1}]' \
		--arg s "sleep 100 & echo \$! >$log/child; wait"
	began=$SECONDS
	run -1 --separate-stderr rw run -b "$work/bundle" "$id"
	[[ $stderr == *"hook createRuntime[0] '/bin/sh': ran past its timeout of 1 s"* ]]
	((SECONDS - began < 10))
	child=$(cat "$log/child")
	for _ in $(seq 50); do
		grep -q '^State:.[RSD]' "/proc/$child/status" 2>/dev/null || break
		sleep 0.05
	done
	run ! grep -q '^State:.[RSD]' "/proc/$child/status"
	assert_gone
}

@test "failures of poststop are warnings, and the next hook runs" {
	host_hook poststop 'exit 6'
	host_hook poststop "touch $log/poststop-2"
	run -0 --separate-stderr "$RINGWALL" --root "$work/root" --log "$work/log" --log-format json --log-level warn run -b "$work/bundle" "$id"
	[ -e "$log/poststop-2" ]
	jq -es 'map(select(.level == "warning") | .msg) | any(contains("hook poststop[0]") and contains("exit status 6"))' "$work/log"
	assert_gone
}

@test "a failure of poststart ends the container" {
	change '.process.args = ["/bin/busybox", "sleep", "1000"]'
	host_hook poststart 'exit 5'
	host_hook poststart "touch $log/poststart-2"
	host_hook poststop "touch $log/poststop"
	run -1 --separate-stderr rw run -b "$work/bundle" "$id"
	[[ $stderr == *"hook poststart[0]"*"exit status 5"* ]]
	[ ! -e "$log/poststart-2" ]
	[ -e "$log/poststop" ]
	assert_gone
	run -1 rw run -d -b "$work/bundle" "$id" </dev/null
	assert_gone
	rw create -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1
	run -1 rw start "$id"
	[ "$(rw state "$id" | jq -r .status)" = stopped ]
	rw delete "$id"
	assert_gone
}

@test "poststop runs once the container's cgroup is gone, also with delete --force" {
	change '.process.args = ["/bin/busybox", "sleep", "1000"]'
	host_hook poststop "[ -e $cgroups/$id ] && echo there >$log/cgroup || echo gone >$log/cgroup"
	rw run -d -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1
	rw delete --force "$id"
	[ "$(cat "$log/cgroup")" = gone ]
}

@test "a state larger than a pipe reaches a hook whole, and one that does not read hangs nobody" {
	change '.annotations = {big: ("x" * 200000)}'
	host_hook createRuntime "cat >$log/state"
	host_hook createRuntime 'exit 0'
	run -0 timeout 20 "$RINGWALL" --root "$work/root" run -b "$work/bundle" "$id"
	[ "$(jq -r '.annotations.big | length' "$log/state")" = 200000 ]
}
