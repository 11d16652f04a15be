#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Without root: one id of one's own, many by newuidmap, and as root of somebody's user namespace.

load common

setup_file() {
	container_setup_file
	((EUID == 0)) || return 0
	export tester=rwtest$$
	useradd --no-create-home --shell /bin/sh "$tester"
	# Where the host has had users before, useradd gives them; a chroot's useradd may not.
	grep -q "^$tester:" /etc/subuid || echo "$tester:700000:65536" >>/etc/subuid
	grep -q "^$tester:" /etc/subgid || echo "$tester:700000:65536" >>/etc/subgid
}

teardown_file() {
	[ -z "${tester-}" ] && return
	userdel "$tester"
	sed -i "/^$tester:/d" /etc/subuid /etc/subgid
}

setup() {
	container_setup
	mkdir "$work/run"
	cp "$RINGWALL" "$work/ringwall" # the checkout may be in a directory that others cannot enter
	config 'true'
	chown -R "$tester:" "$work"
}

teardown() {
	[ -n "${work-}" ] && as "$work/ringwall" list -q | while read -r c; do as "$work/ringwall" delete -f "$c"; done
	container_teardown
}

as() { setpriv --reuid "$tester" --regid "$tester" --init-groups env XDG_RUNTIME_DIR="$work/run" "$@"; }
rootless() { (cd "$bundle" && as "$work/ringwall" "$@" </dev/null); }

# SCRIPT [JQ-FILTER]: the bundle of `spec --rootless`
rootless_config() {
	rm -f "$bundle/config.json"
	rootless spec --rootless
	change '.process.terminal = false | .root.readonly = false | .process.args = ["/bin/sh", "-c", $script]' --arg script "$1"
	change "${2:-.}"
	chown "$tester:" "$bundle/config.json"
}

# Only one id is mapped: devpts cannot give its files to group 5.
readonly no_gid_5='(.mounts[] | select(.type == "devpts").options) -= ["gid=5"]'

subid() { awk -F: -v u="$tester" '$1 == u { print $2 }' "/etc/sub$1"; }

stopped() { [ "$(rootless state "$id" | jq -r .status)" = stopped ]; }

many_ids() {
	jq -n --argjson uid "$(id -u "$tester")" --argjson gid "$(id -g "$tester")" --argjson u "$(subid uid)" --argjson g "$(subid gid)" \
		'[[{containerID: 0, hostID: $uid, size: 1}, {containerID: 1, hostID: $u, size: 65536}],
		  [{containerID: 0, hostID: $gid, size: 1}, {containerID: 1, hostID: $g, size: 65536}]]'
}

@test "one's own id alone is root inside" {
	rootless_config 'id -u; cat /proc/self/uid_map; echo made >/tmp/made; hostname'
	run -0 rootless run "$id"
	[ "${lines[0]}" = 0 ]
	[ "$(echo "${lines[1]}" | xargs)" = "0 $(id -u "$tester") 1" ]
	[ "${lines[2]}" = ringwall ]
	[ "$(stat -c %U "$rootfs/tmp/made")" = "$tester" ]
	[ -z "$(rootless list -q)" ]
}

@test "many ids come through newuidmap and newgidmap" {
	local ids
	ids=$(many_ids)
	rootless_config 'id -u; id -G; touch /tmp/five' ".linux.uidMappings = $(jq '.[0]' <<<"$ids") | .linux.gidMappings = $(jq '.[1]' <<<"$ids") |
		.process.user = {uid: 5, gid: 6, additionalGids: [7]}"
	chmod 1777 "$rootfs/tmp"
	run -0 rootless run "$id"
	[ "${lines[0]}" = 5 ]
	[ "${lines[1]}" = "6 7" ]
	[ "$(stat -c %u "$rootfs/tmp/five")" = $(($(subid uid) + 4)) ]
}

@test "ids that are not one's own are refused, and nothing is left" {
	rootless_config 'true' '.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}]'
	run -1 rootless run "$id"
	[[ $output == *newuidmap* ]]
	[ -z "$(rootless list -q)" ]
}

@test "no user namespace is an error that says so" {
	config 'true'
	chown "$tester:" "$bundle/config.json"
	run -1 rootless run "$id"
	[[ $output == *'user namespace'*'spec --rootless'* ]]
}

@test "state is below XDG_RUNTIME_DIR, private and sticky" {
	rootless_config 'sleep 100'
	rootless create "$id" >/dev/null
	[ "$(stat -c %a%U "$work/run/ringwall")" = "1700$tester" ]
	[ "$(rootless state "$id" | jq -r .status)" = created ]
	rootless delete -f "$id"
}

@test "exec joins, with and without a terminal" {
	rootless_config 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	rootless create "$id" >/dev/null
	rootless start "$id"
	run -0 rootless exec "$id" sh -c 'id -u; cat /proc/1/comm; echo x >/dev/null'
	[ "$output" = $'0\nsh' ]
	run -4 rootless exec "$id" sh -c 'exit 4'
	run -0 rootless exec -t "$id" sh -c 'test -t 0 && echo terminal'
	[[ $output == *terminal* ]]
	rootless kill "$id" TERM
	eventually stopped
	rootless delete "$id"
}

@test "devices are the host's own, bound, and no others can be made" {
	rootless_config 'ls -l /dev/null /dev/urandom | wc -l; head -c 3 /dev/urandom | wc -c; mknod /tmp/disk b 8 0 2>&1'
	run rootless run "$id"
	[ "$status" != 0 ]
	[ "${lines[0]}" = 2 ]
	[ "${lines[1]}" = 3 ]
	[[ ${lines[2]} == *'not permitted'* ]]
}

@test "as root of another user namespace" {
	as unshare --user --map-root-user true || skip "user namespaces are not allowed here"
	config 'id -u; cat /proc/self/uid_map; echo x >/dev/null; ls /dev/null' "$no_gid_5"
	chown "$tester:" "$bundle/config.json"
	run as unshare --user --mount --map-root-user sh -c 'cd "$1" && "$2" --root "$3" run "$4" </dev/null' - \
		"$bundle" "$work/ringwall" "$work/run/nested" "$id"
	echo "$output"
	[ "$status" = 0 ]
	[ "${lines[0]}" = 0 ]
	[ "$(echo "${lines[1]}" | xargs)" = "0 $(id -u "$tester") 1" ]
	[ "${lines[2]}" = /dev/null ]
}

@test "a user namespace inside another" {
	as unshare --user --map-root-user true || skip "user namespaces are not allowed here"
	config 'id -u; cat /proc/self/uid_map' "$no_gid_5"' | .linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}] | .linux.gidMappings = .linux.uidMappings'
	chown "$tester:" "$bundle/config.json"
	run as unshare --user --mount --map-root-user sh -c 'cd "$1" && "$2" --root "$3" run "$4" </dev/null' - \
		"$bundle" "$work/ringwall" "$work/run/nested" "$id"
	echo "$output"
	[ "$status" = 0 ]
	[ "${lines[0]}" = 0 ]
	[ "$(echo "${lines[1]}" | xargs)" = "0 0 1" ]
}

# As rootless Podman's --userns=keep-id: what it binds lies in a directory that only it can enter
@test "a user namespace inside another binds what it cannot reach itself" {
	as unshare --user --map-root-user --map-auto true || skip "user namespaces are not allowed here"
	mkdir "$work/private"
	echo reached >"$work/private/f"
	chown -R "$tester:" "$work/private"
	chown "$tester:$(($(subid gid) + 9))" "$work/private" # of a group that is nobody inside
	chmod 700 "$work/private"
	config 'cat /f' "$no_gid_5"' | .linux.namespaces += [{"type": "user"}] |
		.mounts += [{destination: "/f", type: "bind", source: $f, options: ["bind", "ro"]}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 1, "size": 1}, {"containerID": 1, "hostID": 0, "size": 1}] |
		.linux.gidMappings = .linux.uidMappings' --arg f "$work/private/f"
	chown "$tester:" "$bundle/config.json"
	run as unshare --user --mount --map-root-user --map-auto sh -c 'cd "$1" && "$2" --root "$3" run "$4" </dev/null' - \
		"$bundle" "$work/ringwall" "$work/run/nested" "$id"
	echo "$output"
	[ "$status" = 0 ]
	[ "$output" = reached ]
}
