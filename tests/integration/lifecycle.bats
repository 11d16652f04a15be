#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What becomes of a container between create and delete: every verb in every status, the texts that callers match,
# and what a runtime leaves behind that is killed at any moment.

bats_require_minimum_version 1.5.0

setup() {
	((EUID == 0)) || skip "needs root"
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	RINGWALL=${RINGWALL:-$TOP/build/ringwall}
	work=$(mktemp -d "${RINGWALL_SCRATCH:-${BATS_TMPDIR:-/tmp}}/lifecycle.XXXXXX")
	id=lifecycle-$$-$BATS_TEST_NUMBER
	cgroups=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
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
	rm -rf "$work"
}

rw() { "$RINGWALL" --root "$work/root" "$@"; }

# SCRIPT [JQ-FILTER]: a bundle whose init runs SCRIPT
bundle() {
	rm -f "$work/bundle/config.json"
	(cd "$work/bundle" && "$RINGWALL" spec)
	change ".process.terminal = false | .process.args = [\"/bin/sh\", \"-c\", \$script] | .root.readonly = false | ${2:-.}" \
		--arg script "$1"
}

# JQ-FILTER [JQ-OPTION…]
change() {
	local filter=$1
	shift
	jq "$@" "$filter" "$work/bundle/config.json" >"$work/config.new"
	mv "$work/config.new" "$work/bundle/config.json"
}

create() { rw create -b "$work/bundle" "$@" </dev/null >/dev/null 2>"$work/errors"; }
start() { create "$1" && rw start "$1"; }
status_of() { rw state "$1" | jq -r .status; }
pid_of() { rw state "$1" | jq -r .pid; }

# A hook that does not end by itself; hook.pid says which process it is.
hanging_hook() {
	printf '#!/bin/sh\necho $$ >%s/hook.pid\nexec sleep 1000\n' "$work" >"$work/hook"
	chmod 755 "$work/hook"
}

# Seconds that a command may take to become true.
eventually() {
	for _ in $(seq 100); do
		"$@" && return
		sleep 0.05
	done
	echo "never: $*"
	return 1
}
is() { [ "$(status_of "$id")" = "$1" ]; }

# Nothing of $1 is left on the host.
assert_gone() {
	[ ! -e "$work/root/$1" ] || { echo "state is left: $(ls "$work/root/$1")"; return 1; }
	[ ! -e "$cgroups/$1" ] || { echo "cgroup is left: $(cat "$cgroups/$1/cgroup.procs")"; return 1; }
	! grep -q "$work" /proc/self/mountinfo || { echo "a mount is left"; return 1; }
}

# EXPECTED-STATUS TEXT COMMAND…: it exits so, and says that
says() {
	local want=$1 text=$2
	shift 2
	run "$@"
	echo "$* → $status: $output"
	[ "$status" -eq "$want" ]
	[[ $output == *"$text"* ]]
}

@test "created, running, paused, stopped, gone" {
	create "$id"
	is created
	[ "$(pid_of "$id")" = "$(cat "$cgroups/$id/cgroup.procs")" ]
	rw start "$id"
	is running
	rw pause "$id"
	is paused
	[ "$(cat "$cgroups/$id/cgroup.freeze")" = 1 ]
	rw resume "$id"
	is running
	[ "$(cat "$cgroups/$id/cgroup.freeze")" = 0 ]
	rw kill "$id" KILL
	eventually is stopped
	[ "$(pid_of "$id")" = 0 ]
	rw delete "$id"
	assert_gone "$id"
}

@test "each verb refuses the wrong status in its callers' words" {
	for verb in start state pause resume ps delete "events --stats"; do
		# shellcheck disable=SC2086 # verbs with flags
		says 1 'container does not exist' rw $verb no-such
	done
	says 1 'container does not exist' rw kill no-such TERM
	says 1 'container does not exist' rw update --pids-limit 5 no-such
	create "$id"
	says 1 'container with given ID already exists' rw create -b "$work/bundle" "$id"
	says 1 'container not paused' rw resume "$id"
	rw start "$id"
	says 1 'cannot start' rw start "$id"
	says 1 "cannot delete container $id that is not stopped: running" rw delete "$id"
	says 1 'container not paused' rw resume "$id"
	rw pause "$id"
	says 1 'container not running' rw pause "$id"
	says 1 'that is not stopped: paused' rw delete "$id"
	rw kill "$id" KILL # also frozen
	eventually is stopped
	for verb in "kill" "pause" "events --stats" "update --pids-limit 5"; do
		# shellcheck disable=SC2086
		says 1 'container not running' rw $verb "$id"
	done
	says 1 'container not running' rw kill "$id" KILL
	says 1 'container not paused' rw resume "$id"
	says 1 'cannot start' rw start "$id"
}

@test "delete: created is killed, --force kills the running, and a missing one is fine with it" {
	create "$id"
	pid=$(pid_of "$id")
	rw delete "$id"
	[ ! -e "/proc/$pid" ] || grep -q 'State:.Z' "/proc/$pid/status"
	assert_gone "$id"
	start "$id"
	rw delete --force "$id"
	assert_gone "$id"
	start "$id"
	rw pause "$id"
	rw delete -f "$id"
	assert_gone "$id"
	rw delete --force "$id"
	says 1 'invalid container ID' rw delete --force ../etc
}

@test "delete takes away nothing that is not a container" {
	mkdir -p "$work/root/www/htdocs"
	echo precious >"$work/root/www/config.json"
	says 1 'is not a container' rw delete --force www
	[ "$(cat "$work/root/www/config.json")" = precious ]
	rm -r "$work/root/www"
	says 1 '' "$RINGWALL" --root / delete --force etc
	[ -e /etc/passwd ]
}

@test "a created container's later change of the bundle has no effect" {
	bundle 'echo before; exec /bin/busybox sleep 1000'
	rw create -b "$work/bundle" "$id" </dev/null >"$work/out" 2>&1
	bundle 'echo after'
	rw start "$id"
	eventually grep -q . "$work/out"
	[ "$(cat "$work/out")" = before ]
}

@test "state has the specification's members and runc's" {
	change '.annotations = {"one": "1", "zwei": "\"ü\""}'
	before=$(date -u +%s)
	create "$id"
	rw state "$id" | tee /dev/stderr | jq -e --arg id "$id" --arg bundle "$work/bundle" '
		.ociVersion == "1.3.0" and .id == $id and .status == "created" and (.pid | type) == "number" and
		.bundle == $bundle and .rootfs == $bundle + "/rootfs" and .owner == "root" and
		.annotations == {"one": "1", "zwei": "\"ü\""}'
	created=$(rw state "$id" | jq -r .created)
	[[ $created =~ ^20..-..-..T..:..:..\.[0-9]{9}Z$ ]]
	(($(date -u -d "$created" +%s) - before <= 5))
}

@test "list: JSON, table, IDs, sorted; null without containers" {
	[ "$(rw list -f json)" = null ]
	[ "$("$RINGWALL" --root "$work/not-there" list -f json)" = null ]
	create "$id-b"
	create "$id-a"
	touch "$work/root/a-file"
	[ "$(rw list -q)" = "$id-a"$'\n'"$id-b" ]
	rw list -f json | jq -e --arg a "$id-a" 'length == 2 and .[0].id == $a and .[0].status == "created"'
	run rw list
	[[ ${lines[0]} == ID*PID*STATUS*BUNDLE*CREATED*OWNER ]]
	[[ ${lines[2]} == "$id-b "*" created "* ]]
}

@test "ps lists every process, nested cgroups included" {
	bundle '/bin/busybox sleep 1000 & /bin/busybox sleep 1000 & wait'
	start "$id"
	eventually eval '[ "$(rw ps -f json "$id" | jq length)" = 3 ]'
	[ "$(rw ps -f json "$id" | jq -c sort)" = "$(sort -n "$cgroups/$id/cgroup.procs" | jq -sc .)" ]
	mkdir "$cgroups/$id/below"
	pid=$(rw ps -f json "$id" | jq '.[-1]')
	echo "$pid" >"$cgroups/$id/below/cgroup.procs"
	rw ps -f json "$id" | jq -e --argjson pid "$pid" 'length == 3 and index($pid)'
	rw delete --force "$id"
	assert_gone "$id"
}

@test "ps without a cgroup finds init and its descendants" {
	bundle '/bin/busybox sleep 1000 & /bin/sh -c "/bin/busybox sleep 1000; true" & wait'
	rw --cgroup-manager disabled run -d -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1
	eventually eval '[ "$(rw ps -f json "$id" | jq length)" = 4 ]'
	[ ! -e "$cgroups/$id" ]
	says 1 'cgroups are disabled' rw pause "$id"
	rw kill -a "$id" KILL
	eventually is stopped
	rw delete "$id"
}

@test "kill sends the signal to init, --all to everybody" {
	bundle 'trap "echo init" USR1; /bin/sh -c "trap \"echo child\" USR1; while :; do /bin/busybox sleep 0.1; done" &
		while :; do /bin/busybox sleep 0.1; done'
	rw run -d -b "$work/bundle" "$id" </dev/null >"$work/out" 2>&1
	eventually eval '[ "$(rw ps -f json "$id" | jq length)" -ge 3 ]'
	sleep 0.5
	rw kill "$id" USR1
	eventually grep -q init "$work/out"
	run ! grep child "$work/out"
	: >"$work/out"
	rw kill --all "$id" 10
	eventually grep -q init "$work/out"
	eventually grep -q child "$work/out"
	says 1 "unknown signal 'NOSUCH'" rw kill "$id" NOSUCH
}

@test "kill --all of a stopped container is no error" {
	start "$id"
	rw kill "$id" 9
	eventually is stopped
	rw kill --all "$id" KILL
}

@test "a container in the host's pid namespace: KILL means all of it, and delete leaves nobody" {
	bundle '/bin/busybox sleep 1000 & /bin/busybox sleep 1000 & wait' \
		'.linux.namespaces |= map(select(.type != "pid")) | del(.mounts[] | select(.destination == "/proc")) |
		 .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	start "$id"
	eventually eval '[ "$(rw ps -f json "$id" | jq length)" = 3 ]'
	pids=$(rw ps -f json "$id" | jq '.[]')
	rw kill "$id" KILL
	eventually is stopped
	for pid in $pids; do
		eventually eval "! grep -q '^State:.[RSD]' /proc/$pid/status 2>/dev/null"
	done
	rw delete "$id"
	assert_gone "$id"

	# Init dies by itself; its children stay, and can be killed and deleted.
	bundle '/bin/busybox setsid /bin/busybox sleep 1000 >/dev/null 2>&1 & sleep 0.3' \
		'.linux.namespaces |= map(select(.type != "pid")) | del(.mounts[] | select(.destination == "/proc")) |
		 .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	start "$id"
	eventually is stopped
	pids=$(cat "$cgroups/$id/cgroup.procs")
	[ -n "$pids" ]
	rw kill "$id" KILL
	eventually eval '! grep -q . "$cgroups/$id/cgroup.procs"'
	says 1 'container not running' rw kill "$id" KILL
	rw delete "$id"
	assert_gone "$id"
}

@test "state, list, ps and kill do not wait for a verb that hangs in a hook" {
	hanging_hook
	bundle 'exec /bin/busybox sleep 1000' ".hooks.poststart = [{\"path\": \"$work/hook\"}]"
	create "$id"
	"$RINGWALL" --root "$work/root" start "$id" 3>&- &
	starter=$!
	eventually is running
	timeout 5 "$RINGWALL" --root "$work/root" list -q | grep -qx "$id"
	timeout 5 "$RINGWALL" --root "$work/root" ps -f json "$id"
	timeout 5 "$RINGWALL" --root "$work/root" kill "$id" KILL
	eventually is stopped
	kill -KILL "$(cat "$work/hook.pid")"
	if wait $starter; then return 1; fi # its hook has failed
}

@test "while the creator works the status is creating; when it was killed the rest can be deleted" {
	hanging_hook
	bundle true ".hooks.createRuntime = [{\"path\": \"$work/hook\"}]"
	"$RINGWALL" --root "$work/root" create -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1 3>&- &
	creator=$!
	eventually test -s "$work/hook.pid"
	kill -KILL $creator
	wait $creator || true
	rw delete --force "$id"
	assert_gone "$id"
	kill -KILL "$(cat "$work/hook.pid")"
}

@test "a create that is killed at any moment leaves what delete --force clears" {
	command -v strace || skip "needs strace"
	create "$id" && rw delete --force "$id" # policy programs are loaded now
	strace -o "$work/trace" "$RINGWALL" --root "$work/root" create -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1
	rw delete --force "$id"
	calls=$(sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' "$work/trace" | grep -xE 'mkdir|openat|open|flock|write|pwrite64|rename|renameat|renameat2|clone3|clone|bpf|sendmsg|sendto|recvmsg|recvfrom|fdatasync|close' |
		sort | uniq -c | awk '{ for (i = 1; i <= $1; i++) print $2 ":" i }')
	n=0
	for call in $calls; do
		strace -o /dev/null -e trace="${call%:*}" -e inject="${call%:*}:signal=KILL:when=${call#*:}" \
			"$RINGWALL" --root "$work/root" create -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1 || true
		rw list -f json >/dev/null || { echo "list after $call"; false; }
		rw delete --force "$id" || { echo "delete after $call"; false; }
		assert_gone "$id" || { echo "after $call"; false; }
		n=$((n + 1))
	done
	echo "# killed at $n calls" >&3
	((n > 30))
	if [ -e /sys/fs/bpf/ringwall/4/containers ] && command -v bpftool; then
		run ! grep -q "\"$id\"" <(bpftool -j map dump pinned /sys/fs/bpf/ringwall/4/containers)
	fi
	# And the name is free.
	create "$id"
	is created
}

@test "a delete that is killed at any moment is finished by the next" {
	command -v strace || skip "needs strace"
	start "$id"
	strace -o "$work/trace" "$RINGWALL" --root "$work/root" delete --force "$id"
	calls=$(sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' "$work/trace" | grep -xE 'openat|open|flock|write|unlinkat|unlink|rmdir|bpf|close|poll' |
		sort | uniq -c | awk '{ for (i = 1; i <= $1; i++) print $2 ":" i }')
	n=0
	for call in $calls; do
		start "$id"
		strace -o /dev/null -e trace="${call%:*}" -e inject="${call%:*}:signal=KILL:when=${call#*:}" \
			"$RINGWALL" --root "$work/root" delete --force "$id" >/dev/null 2>&1 || true
		rw delete --force "$id" || { echo "delete after $call"; false; }
		assert_gone "$id" || { echo "after $call"; false; }
		n=$((n + 1))
	done
	echo "# killed at $n calls" >&3
	((n > 15))
}

@test "a record of a newer version is left alone" {
	create "$id"
	pid=$(pid_of "$id")
	sed -i 's/"version":1/"version":9/' "$work/root/$id/state.json"
	says 1 'newer ringwall' rw state "$id"
	says 1 'newer ringwall' rw delete --force "$id"
	[ -e "/proc/$pid" ]
	sed -i 's/"version":9/"version":1/' "$work/root/$id/state.json"
	rw delete --force "$id"
	assert_gone "$id"
}

@test "run in the foreground leaves nothing, and deleting it from outside does not confuse it" {
	bundle 'exit 7'
	run rw run -b "$work/bundle" "$id"
	[ "$status" -eq 7 ]
	assert_gone "$id"
	bundle 'exec /bin/busybox sleep 1000'
	rw run -b "$work/bundle" "$id" </dev/null >/dev/null 2>&1 3>&- &
	runner=$!
	eventually is running
	rw delete --force "$id"
	status=0
	wait $runner || status=$?
	[ "$status" -eq 137 ]
	assert_gone "$id"
}

@test "events: statistics while it runs, and an end when it stops" {
	start "$id"
	rw events --interval 100ms "$id" >"$work/events" 3>&- &
	watcher=$!
	eventually eval '[ "$(wc -l <"$work/events")" -ge 3 ]'
	jq -e --arg id "$id" '.type == "stats" and .id == $id and .data.cpu.usage.total > 0' <(head -n 1 "$work/events")
	rw kill "$id" KILL
	for _ in $(seq 50); do
		kill -0 $watcher 2>/dev/null || break
		sleep 0.1
	done
	run ! kill -0 $watcher
	wait $watcher
	jq -es 'all(.type == "stats")' "$work/events"
}

@test "events: network_interfaces are the container's own" {
	ip link show lo >/dev/null || skip "needs ip"
	start "$id"
	[ "$(rw events --stats "$id" | jq -c .data.network_interfaces)" = '[]' ]
	ip link add "rwt$BATS_TEST_NUMBER" type dummy || skip "no dummy interfaces here"
	ip link set "rwt$BATS_TEST_NUMBER" netns "$(pid_of "$id")" name dm0
	nsenter -t "$(pid_of "$id")" -n sh -c 'ip link set dm0 up; ip addr add 10.9.8.7/24 dev dm0; ping -c 1 -W 1 10.9.8.8' || true
	rw events --stats "$id" | jq -e '.data.network_interfaces | length == 1 and .[0].Name == "dm0" and .[0].RxBytes == 0'
	rw delete --force "$id"
	bundle 'exec /bin/busybox sleep 1000' '.linux.namespaces |= map(select(.type != "network"))'
	start "$id"
	[ "$(rw events --stats "$id" | jq -c .data.network_interfaces)" = null ]
}

@test "update changes limits of what runs; a refused one changes nothing" {
	grep -qw pids "$cgroups/cgroup.controllers" && grep -qw cpu "$cgroups/cgroup.controllers" || skip "no v2 pids and cpu controllers"
	change '.linux.resources.pids.limit = 50 | .linux.resources.cpu.shares = 1024'
	start "$id"
	[ "$(cat "$cgroups/$id/pids.max")" = 50 ]
	rw update --pids-limit 20 "$id"
	[ "$(cat "$cgroups/$id/pids.max")" = 20 ]
	before=$(cat "$cgroups/$id/"{cpu.weight,cpu.max,pids.max})
	# The quota is fine, the CPUs are not there.
	says 1 '' rw update --cpu-quota 20000 --pids-limit 10 --cpuset-cpus 4000 "$id"
	[ "$(cat "$cgroups/$id/"{cpu.weight,cpu.max,pids.max})" = "$before" ]
	echo '{"pids": {"limit": 33}}' | rw update -r - "$id"
	[ "$(cat "$cgroups/$id/pids.max")" = 33 ]
	says 1 'pids' rw update -r <(echo '{"pids": {"limit": "x"}}') "$id"
}

@test "oom is an event" {
	grep -qw memory "$cgroups/cgroup.controllers" || skip "no v2 memory controller"
	bundle 'while [ ! -e /tmp/go ]; do /bin/busybox sleep 0.1; done; exec /bin/busybox tail /dev/zero' \
		'.linux.resources.memory = {"limit": 16777216, "swap": 16777216}'
	start "$id"
	rw events --interval 60s "$id" >"$work/events" 3>&- &
	watcher=$!
	sleep 1
	touch "$work/bundle/rootfs/tmp/go"
	wait $watcher
	rm "$work/bundle/rootfs/tmp/go"
	jq -es --arg id "$id" 'length == 1 and .[0] == {"type": "oom", "id": $id}' "$work/events"
}

@test "twenty at once" {
	for i in $(seq 20); do
		create "$id-$i" &
	done
	wait
	[ "$(rw list -q | wc -l)" = 20 ]
	for i in $(seq 20); do
		rw delete --force "$id-$i" &
	done
	wait
	[ "$(rw list -f json)" = null ]
	for i in $(seq 20); do
		assert_gone "$id-$i"
	done
}

@test "two creates of one name: one wins" {
	for _ in $(seq 5); do
		create "$id" && echo won >>"$work/won" &
		create "$id" && echo won >>"$work/won" &
		wait
		rw delete --force "$id"
	done
	[ "$(wc -l <"$work/won")" = 5 ]
}
