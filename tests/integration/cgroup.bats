#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The cgroup of a container: where it is, what is written to it, what is left of it. On a host whose controllers are
# mounted as cgroup v1 the limits must be refused by name, so every test of one says what it expects there.
# The tests of the systemd manager need systemd as the host's init; tests/vm runs them so.

bats_require_minimum_version 1.5.0

setup() {
	((EUID == 0)) || skip "needs root"
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	RINGWALL=${RINGWALL:-$TOP/build/ringwall}
	work=$(mktemp -d "${RINGWALL_SCRATCH:-${BATS_TMPDIR:-/tmp}}/cgroup.XXXXXX")
	id=cgroup-$$-$BATS_TEST_NUMBER
	mnt=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	base=/ringwall-bats-$$
	manager=()
	mkdir -p "$work"/{root,bundle/rootfs/{bin,dev,proc,sys,tmp}}
	cp "$(command -v busybox)" "$work/bundle/rootfs/bin/busybox"
	ln -s busybox "$work/bundle/rootfs/bin/sh"
	bundle 'exec /bin/busybox sleep 1000'
}

teardown() {
	[ -z "${work-}" ] && return
	for c in "$work"/root/*; do
		[ -d "$c" ] && rw delete --force "${c##*/}"
	done
	if [ -n "${other-}" ]; then kill -9 "$other"; wait "$other" || true; fi
	[ ! -d "$mnt$base" ] || find "$mnt$base" -depth -type d -exec rmdir {} +
	rm -rf "$work"
}

rw() { "$RINGWALL" "${manager[@]}" --root "$work/root" "$@"; }

# SCRIPT [JQ-FILTER [JQ-OPTION…]]: a bundle whose init runs SCRIPT in cgroup $base/c
bundle() {
	local script=$1 filter=${2:-.}
	shift $(($# > 2 ? 2 : $#))
	rm -f "$work/bundle/config.json"
	(cd "$work/bundle" && "$RINGWALL" spec)
	jq --arg script "$script" --arg base "$base" "$@" ".process.terminal = false |
		.process.args = [\"/bin/sh\", \"-c\", \"export PATH=/bin; \" + \$script] | .root.readonly = false |
		.linux.cgroupsPath = \$base + \"/c\" | $filter" "$work/bundle/config.json" >"$work/config.new"
	mv "$work/config.new" "$work/bundle/config.json"
}

create() { rw create -b "$work/bundle" "$id" </dev/null >/dev/null 2>"$work/errors" || { cat "$work/errors"; return 1; }; }
start() { create && rw start "$id"; }
pid_of() { rw state "$id" | jq -r .pid; }
have() { grep -qw "$1" "$mnt/cgroup.controllers"; }
file() { cat "$mnt$base/c/$1"; }

# Where controller $1 is missing, the start must fail and say so of field $2; then the test is over.
refused_without() {
	have "$1" && return 1
	run ! rw run -b "$work/bundle" "$id"
	echo "$output"
	[[ $output == *"linux.resources.$2: the $1 controller is not available in cgroup v2"* ]]
	[ ! -e "$mnt$base/c" ]
	[ ! -e "$work/root/$id" ]
}

# KEY WANT: a file of the container's cgroup
is() {
	local got
	got=$(file "$1")
	[ "$got" = "$2" ] || { echo "$1 is '$got', not '$2'"; return 1; }
}

@test "an absolute cgroupsPath is made, parents included, and holds init from the first instruction" {
	bundle 'cat /proc/self/cgroup; exec busybox sleep 1000' '.linux.cgroupsPath = $base + "/a/../b//c" |
		.linux.namespaces |= map(select(.type != "cgroup"))'
	create
	[ "$(cat "$mnt$base/b/c/cgroup.procs")" = "$(pid_of)" ]
	rw delete --force "$id"
	[ ! -e "$mnt$base/b/c" ]
	# Seen by its own first instruction, and with the path as the host has it
	bundle 'busybox cat /proc/1/cgroup' '.linux.cgroupsPath = $base + "/b/c" |
		.linux.namespaces |= map(select(.type != "cgroup"))'
	run -0 rw run -b "$work/bundle" "$id"
	[[ $output == *"0::$base/b/c"* ]]
	[ ! -e "$mnt$base/b/c" ]
}

@test "a cgroup namespace begins at the container's cgroup" {
	bundle 'busybox grep ^0: /proc/self/cgroup'
	run -0 rw run -b "$work/bundle" "$id"
	[ "$output" = "0::/" ]
}

@test "without a cgroupsPath, and with a relative one, it is beside the caller's own" {
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	parent=${own%/*}
	bundle 'exec busybox sleep 1000' 'del(.linux.cgroupsPath)'
	create
	[ "$(cat "$mnt$parent/$id/cgroup.procs")" = "$(pid_of)" ]
	rw delete --force "$id"
	[ ! -e "$mnt$parent/$id" ]
	bundle 'exec busybox sleep 1000' ".linux.cgroupsPath = \"../..${base}/rel\""
	create
	[ "$(cat "$mnt$parent$base/rel/cgroup.procs")" = "$(pid_of)" ]
	rw delete --force "$id"
	rmdir "$mnt$parent$base"
}

@test "a cgroup that is in use is refused and left alone" {
	mkdir -p "$mnt$base/c"
	sleep 1000 &
	other=$!
	echo "$other" >"$mnt$base/c/cgroup.procs"
	run ! rw create -b "$work/bundle" "$id"
	[[ $output == *"cgroup '$base/c' exists and has processes in it"* ]]
	[ "$(file cgroup.procs)" = "$other" ]
	[ ! -e "$work/root/$id" ]
	# Nor is it touched without a pid namespace, where leftovers of a container are looked for in its cgroup.
	bundle true '.linux.namespaces |= map(select(.type != "pid"))'
	run ! rw run -b "$work/bundle" "$id"
	[[ $output == *"exists and has processes in it"* ]]
	kill -0 "$other"
	[ ! -e "$work/root/$id" ]
}

@test "an empty cgroup of that name is taken" {
	mkdir -p "$mnt$base/c"
	start
	is cgroup.procs "$(pid_of)"
}

@test "a create that fails leaves no cgroup" {
	bundle true '.process.args = ["/no/such/program"]'
	run ! rw run -b "$work/bundle" "$id"
	[ ! -e "$mnt$base/c" ]
	bundle true '.linux.resources.unified = {"../cgroup.procs": "1"}'
	run ! rw run -b "$work/bundle" "$id"
	[[ $output == *linux.resources.unified*../cgroup.procs* ]]
	[ ! -e "$mnt$base/c" ]
}

@test "memory: limit, reservation, swap" {
	bundle 'exec busybox sleep 1000' '.linux.resources.memory =
		{"limit": 67108864, "reservation": 33554432, "swap": 67108864}'
	refused_without memory memory.limit && return
	start
	is memory.max 67108864
	is memory.low 33554432
	[ ! -e "$mnt$base/c/memory.swap.max" ] || is memory.swap.max 0
	# What is not mentioned stays.
	rw update --memory 134217728 "$id"
	is memory.max 134217728
	is memory.low 33554432
	[ ! -e "$mnt$base/c/memory.swap.max" ] || is memory.swap.max 0
}

@test "cpu: shares, quota, period, burst, idle, cpuset" {
	bundle 'exec busybox sleep 1000' '.linux.resources.cpu =
		{"shares": 1024, "quota": 20000, "period": 50000, "burst": 10000, "cpus": "0", "mems": "0"}'
	refused_without cpu cpu.burst && return
	start
	is cpu.weight 100
	is cpu.max "20000 50000"
	is cpu.max.burst 10000
	is cpuset.cpus 0
	is cpuset.mems 0
	rw update --cpu-quota 30000 "$id"
	is cpu.max "30000 50000"
	rw update --cpu-period 100000 "$id"
	is cpu.max "30000 100000"
	rw update --cpu-idle 1 "$id"
	is cpu.idle 1
	is cpu.max.burst 10000
}

@test "pids: the limit is met inside" {
	bundle 'for i in 1 2 3 4 5 6 7 8; do busybox sleep 5 & done; echo all' '.linux.resources.pids.limit = 4'
	refused_without pids pids.limit && return
	run rw run -b "$work/bundle" "$id"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output != *all* ]]
	[[ $output == *fork* ]]
}

@test "pids: -1 is no limit, with the controller and without" {
	bundle 'busybox true' '.linux.resources.pids.limit = -1'
	run -0 rw run -b "$work/bundle" "$id"
}

@test "unified: files by name; what the kernel refuses is an error that names them" {
	bundle 'exec busybox sleep 1000' '.linux.resources.unified = {"cgroup.max.descendants": "7"}'
	start
	is cgroup.max.descendants 7
	rw delete --force "$id"
	bundle true '.linux.resources.unified = {"cgroup.max.depth": "many"}'
	run ! rw run -b "$work/bundle" "$id"
	[[ $output == *"linux.resources.unified.'cgroup.max.depth': write 'many'"* ]]
}

@test "all controllers are there for statistics, without any limit" {
	start
	for c in cpu cpuset io memory pids; do
		! have $c || file cgroup.controllers | grep -qw $c
	done
	run -0 rw events --stats "$id"
	echo "$output"
	jq -e '.type == "stats" and .data.cpu.usage.total >= 0' <<<"$output"
	! have pids || jq -e '.data.pids.current == 1' <<<"$output"
	! have memory || jq -e '.data.memory.usage.usage > 0 and .data.memory.raw.anon > 0' <<<"$output"
}

@test "cgroups that the container made inside its own go with it" {
	bundle 'busybox mkdir -p /sys/fs/cgroup/x/y /sys/fs/cgroup/z; busybox sleep 1000 &
		echo $! >/sys/fs/cgroup/x/y/cgroup.procs; exec busybox sleep 1000' \
		'.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	start
	for _ in $(seq 100); do grep -qs . "$mnt$base/c/x/y/cgroup.procs" && break; sleep 0.05; done
	grep -q . "$mnt$base/c/x/y/cgroup.procs"
	[ "$(rw ps --format json "$id" | jq length)" = 2 ]
	rw pause "$id"
	grep -q 'frozen 1' "$mnt$base/c/x/y/cgroup.events"
	rw resume "$id"
	rw delete --force "$id"
	[ ! -e "$mnt$base/c" ]
}

@test "root of a user namespace is given a cgroup mount that is writable, and nothing of the limits" {
	map='[{"containerID": 0, "hostID": 100000, "size": 1000}]'
	chown -R 100000:100000 "$work/bundle/rootfs"
	chmod 755 "$work" "$work/bundle"
	filter='.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = $map | .linux.gidMappings = $map'
	script='busybox mkdir /sys/fs/cgroup/sub && echo made; echo 1 >/sys/fs/cgroup/cgroup.freeze && echo bad; exit 0'
	bundle "$script" "$filter | .mounts |= map(if .destination == \"/sys/fs/cgroup\" then .options -= [\"ro\"] else . end)" \
		--argjson map "$map"
	run -0 rw run -b "$work/bundle" "$id"
	echo "$output"
	[[ $output == *made* ]]
	[[ $output != *bad* ]]
	[ ! -e "$mnt$base/c" ]
	bundle "$script" "$filter" --argjson map "$map"
	run -0 rw run -b "$work/bundle" "$id"
	[[ $output != *made* ]]
}

need_systemd() {
	[ -d /run/systemd/system ] || skip "systemd is not this host's init"
	manager=(--systemd-cgroup)
	unit=test-$id.scope
}

property() { systemctl show -P "$1" "$unit"; }

@test "systemd: a scope in its slice, with the limits as properties" {
	need_systemd
	bundle 'exec busybox sleep 1000' '.linux.cgroupsPath = "ringwall-bats.slice:test:" + $id |
		.annotations += {"org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.CollectMode": "'"'inactive'"'"} |
		.linux.resources.memory = {"limit": 67108864, "swap": 67108864} | .linux.resources.pids.limit = 50 |
		.linux.resources.cpu = {"shares": 2048, "quota": 50000, "period": 100000}' --arg id "$id"
	start
	[ "$(property ActiveState)" = active ]
	[ "$(property ControlGroup)" = "/ringwall.slice/ringwall-bats.slice/$unit" ]
	[ "$(cat "$mnt$(property ControlGroup)/cgroup.procs")" = "$(pid_of)" ]
	[ "$(property Delegate)" = yes ]
	[ "$(property MemoryMax)" = 67108864 ]
	[ "$(property MemorySwapMax)" = 0 ]
	[ "$(property TasksMax)" = 50 ]
	[ "$(property CPUWeight)" = 174 ]
	[ "$(property CPUQuotaPerSecUSec)" = 500ms ]
	[ "$(property TimeoutStopUSec)" = 7s ]
	rw update --memory 134217728 --memory-swap 134217728 "$id"
	systemctl daemon-reload
	[ "$(property MemoryMax)" = 134217728 ]
	[ "$(cat "$mnt$(property ControlGroup)/memory.max")" = 134217728 ]
	[ "$(cat "$mnt$(property ControlGroup)/memory.swap.max")" = 0 ]
	[ "$(property TasksMax)" = 50 ]
	rw delete --force "$id"
	run systemctl status "$unit"
	[ "$status" -eq 4 ]
}

@test "systemd: a unit that has failed does not stay, nor stand in the way of the next" {
	need_systemd
	bundle 'exec busybox sleep 1000' '.linux.cgroupsPath = "system.slice:test:" + $id |
		.annotations += {"org.systemd.property.RuntimeMaxSec": "2", "org.systemd.property.TimeoutStopSec": "1"}' --arg id "$id"
	start
	for _ in $(seq 100); do [ "$(property ActiveState)" = failed ] && break; sleep 0.1; done
	[ "$(property ActiveState)" = failed ]
	rw delete "$id"
	run systemctl status "$unit"
	[ "$status" -eq 4 ]
}

@test "systemd: a cgroupsPath of another form, and an unknown property, are refused" {
	need_systemd
	run ! rw run -b "$work/bundle" "$id"
	[[ $output == *'"slice:prefix:name"'* ]]
	bundle true '.linux.cgroupsPath = "system.slice:test:" + $id |
		.annotations += {"org.systemd.property.NoSuchProperty": "true"}' --arg id "$id"
	run ! rw run -b "$work/bundle" "$id"
	[[ $output == *NoSuchProperty* ]]
	run systemctl status "$unit"
	[ "$status" -eq 4 ]
	[ ! -e "$work/root/$id" ]
}

@test "cgroup manager disabled: no cgroup, and what needs one says so" {
	manager=(--cgroup-manager disabled)
	start
	[ ! -e "$mnt$base" ]
	[ "$(sed -n 's/^0:://p' /proc/self/cgroup)" = "$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")" ]
	run ! rw pause "$id"
	[[ $output == *"cgroups are disabled for this container: it cannot be paused"* ]]
}
