#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Containers that get ready for a policy before it is set.

load common

rules='{"version": 1, "files": [
	{"path": "/secret", "deny": "rw"},
	{"path": "/data/**", "deny": "rw"}]}'
data='.mounts += [{destination: "/data", type: "none", source: $dir, options: ["bind", "rw"]}]'

# NAME [COMMAND…]: set the rules now, then run COMMAND and read both files in processes that have the container's root
set_and_read() {
	[ ! -e "$work/unsupported" ] || return 0
	rw policy set "$1" "$work/rules.json"
	[ $# = 1 ] || rw exec "$@" 3>&- </dev/null
	rw exec "$1" /bin/cat /secret /data/file >"$work/$1.read" 2>&1 3>&- </dev/null || true
}

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	printf '%s\n' "$rules" >"$work/rules.json"
	mkdir -p "$work/volume" "$work/image"/{data,jail/bin}
	echo leaked | tee "$work/image/secret" >"$work/volume/file"
	cp "$work/image/bin/busybox" "$work/image/jail/bin/"
	confine jailed '{"version": 1, "kernel": {"bpf": "deny"}}' \
		"$data | .process.args = [\"/bin/chroot\", \"/jail\", \"/bin/busybox\", \"sleep\", \"100000\"]" --arg dir "$work/volume"
	confine covered '{"version": 1, "kernel": {"bpf": "deny"}}' \
		"$data | .process.args = [\"/bin/sh\", \"-c\", \"mount -t tmpfs none /data && exec sleep 100000\"]" --arg dir "$work/volume"
	sleep 2
	set_and_read jailed
	set_and_read covered /bin/umount /data
}

setup() { policy_setup; }
teardown_file() { policy_teardown_file; }

# NAME
nothing_leaked() {
	cat "$work/$1.read"
	grep -q "'/secret': Permission denied" "$work/$1.read"
	grep -q "'/data/file': Permission denied" "$work/$1.read"
	! grep -q leaked "$work/$1.read"
}

@test "hostile: a first process that has changed its root does not change what rules mean" {
	nothing_leaked jailed
}

@test "hostile: neither does a mount that is over another" {
	nothing_leaked covered
}
