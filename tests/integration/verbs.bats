#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every verb, once in the life of one container: a busybox bundle and a Debian one (tests/debian-rootfs, 150 MB,
# made when debootstrap is installed; RINGWALL_DEBIAN names another tree).

load common

setup_file() { container_setup_file; }
setup() { container_setup; }
teardown() { container_teardown; }

# Both images have these.
readonly wait_forever='trap "exit 3" TERM; while :; do sleep 0.1; done'

inside() { rw exec "$id" "$@" </dev/null; }

create_and_start() {
	rw create --pid-file "$work/pid" "$id" -b "$bundle" </dev/null >/dev/null 2>"$work/errors" || cat "$work/errors"
	[ "$(rw state "$id" | jq -r .status)" = created ]
	[ "$(rw state "$id" | jq -r .pid)" = "$(cat "$work/pid")" ]
	[ "$(readlink "/proc/$(cat "$work/pid")/exe")" != "$RINGWALL" ]
	rw start "$id"
	[ "$(rw state "$id" | jq -r .status)" = running ]
}

look_at_it() {
	rw list -q | grep -qx "$id"
	rw list -f json | jq -e --arg id "$id" 'any(.[]; .id == $id and .status == "running")'
	rw ps -f json "$id" | jq -e --argjson pid "$(cat "$work/pid")" 'index($pid) != null'
	rw ps "$id" | grep -q sleep
	rw events --stats "$id" | jq -e --arg id "$id" '.type == "stats" and .id == $id'
	rw features | jq -e '.linux.cgroup.v2'
}

work_in_it() {
	[ "$(inside sh -c 'echo $((6 * 7))')" = 42 ]
	[ "$(inside cat /proc/1/comm)" = sh ]
	[ "$(rw exec -u 1000:1000 -e A=b "$id" sh -c 'id -u; echo $A' | xargs)" = "1000 b" ]
	run ! inside sh -c 'mknod /tmp/disk b 8 0 && cat /tmp/disk'
	run -7 rw exec "$id" sh -c 'exit 7'
	run -255 rw exec "$id" no-such-program
	[[ $output == *'executable file not found in $PATH'* ]]
	rw exec -d --pid-file "$work/exec.pid" "$id" sleep 100
	rw ps -f json "$id" | jq -e --argjson pid "$(cat "$work/exec.pid")" 'index($pid) != null'
}

stop_and_go() {
	rw pause "$id"
	[ "$(rw state "$id" | jq -r .status)" = paused ]
	run -255 rw exec "$id" true
	rw resume "$id"
	[ "$(rw state "$id" | jq -r .status)" = running ]
	inside true
}

update_it() {
	# A device that no driver serves: policy's refusal is EPERM, and without it the kernel says ENXIO.
	mknod "$rootfs/tmp/device" c 120 77
	run ! inside sh -c ': </tmp/device'
	[[ $output == *'not permitted'* ]]
	echo '{"devices": [{"allow": true, "type": "c", "major": 120, "minor": 77, "access": "r"}]}' | rw update -r - "$id"
	run ! inside sh -c ': </tmp/device'
	[[ $output == *'No such device'* ]]
}

end_it() {
	run ! rw delete "$id"
	rw kill "$id" TERM
	eventually stopped
	rw delete "$id"
	run ! rw state "$id"
	[[ $output == *'container does not exist'* ]]
	[ -z "$(find "$cgroups" -type d -name "$id")" ]
}

stopped() { [ "$(rw state "$id" | jq -r .status)" = stopped ]; }

every_verb() {
	config "$wait_forever"
	create_and_start
	look_at_it
	work_in_it
	stop_and_go
	update_it
	end_it
	config 'echo out; echo err >&2; exit 5'
	run -5 --separate-stderr rw run -b "$bundle" "$id"
	[ "$output" = out ]
	[ "$stderr" = err ]
	config 'kill -KILL $$' '.linux.namespaces -= [{"type": "pid"}]'
	run -137 rw run -b "$bundle" "$id"
	[ "$(rw list -f json)" = null ]
}

@test "every verb on a busybox bundle" {
	every_verb
}

@test "every verb on a Debian bundle" {
	local tree=${RINGWALL_DEBIAN:-}
	if [ -z "$tree" ]; then
		command -v debootstrap >/dev/null || skip "debootstrap is not installed"
		tree=$("$TOP/tests/debian-rootfs")
	fi
	rm -rf "$rootfs"
	cp -a "$tree" "$rootfs"
	every_verb
	# What a small image does not show: a C library with locales, apt and perl, many users.
	config 'set -e; . /etc/os-release; echo $ID; perl -e "print 6*7, chr(10)"; dpkg -l | grep -c ^ii; su -s /bin/sh nobody -c "id -un"' \
		'.process.capabilities |= map_values(. + ["CAP_SETUID", "CAP_SETGID"]) | .process.noNewPrivileges = false'
	run -0 rw run -b "$bundle" "$id"
	[ "${lines[0]}" = debian ]
	[ "${lines[1]}" = 42 ]
	[ "${lines[2]}" -gt 50 ]
	[ "${lines[3]}" = nobody ]
}
