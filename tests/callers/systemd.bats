# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Containers as systemd's scopes: what systemd says of them, what it does to them, and that what it does to their
# cgroups on a reload takes neither limits nor policies off them.  Needs systemd as PID 1: tools/boot, tools/vm --systemd.

bats_require_minimum_version 1.5.0
load common

slice=ringwallcallers-inner.slice
slice_path=/ringwallcallers.slice/$slice

setup_file() {
	need_rig
	[[ $CALLERS_MANAGER == systemd ]] || return 0
	export dir=$CALLERS_WORK/scopes
	mkdir -p "$dir"
	failed=$(failed_units)
	export failed
}

setup() { need_systemd; }

teardown() {
	[[ $CALLERS_MANAGER == systemd ]] || return 0
	local id
	caller_end
	for id in $(rw list -q) $(runc --root "$dir/runc" list -q 2> /dev/null); do
		rw delete --force "$id" || runc --root "$dir/runc" --systemd-cgroup delete --force "$id"
	done 2> /dev/null
}

teardown_file() {
	[[ $CALLERS_MANAGER != systemd ]] || systemctl stop ringwallcallers.slice 2> /dev/null || true
}

rw() { "$RUNTIME" --root "$dir/state" --systemd-cgroup "$@"; }

# ID COMMAND [JQ-FILTER [JQ-ARGS…]]: a bundle of the image's root whose sh runs COMMAND, in the scope test-ID
bundle() {
	mkdir -p "$dir/$1"
	cd "$dir/$1" || return
	rm -f config.json
	"$RUNTIME" spec
	jq --arg path "$slice:test:$1" --arg command "$2" --arg rootfs "$CALLERS_WORK/root" \
		'.process.terminal = false | .process.args = ["sh", "-c", $command] | .root.path = $rootfs |
		.linux.cgroupsPath = $path'" | ${3-.}" "${@:4}" config.json > config.new
	mv config.new config.json
}

start() { # ID [OPTIONS…]
	rw run -d -b "$dir/$1" "${@:2}" "$1" > "$dir/$1/out" 2>&1 < /dev/null 3>&-
}

prop() { systemctl show -P "$1" -- "${2-test-c.scope}"; }

status_of() { rw state "${1-c}" | jq -r .status; }

pid_of() { rw state "${1-c}" | jq .pid; }

# UNIT…: systemd knows nothing of them, nothing has failed, and no cgroup is left
assert_no_trace() {
	local unit
	for unit in "$@"; do
		run systemctl list-units --all --plain --no-legend -- "$unit"
		assert_output ""
		[[ ! -e /sys/fs/cgroup$slice_path/$unit ]]
	done
	[[ $(failed_units) == "$failed" ]]
}

# What systemd does to cgroups when it thinks anew
rethink() {
	systemctl daemon-reload
	systemctl daemon-reexec
}

@test "scope: its properties are those of a scope that runc makes" {
	need_program runc
	local differ='ControlGroup|ControlGroupId|InvocationID|Id|Names|FragmentPath|DropInPaths|NeedDaemonReload|CPUUsageNSec|IO.*|Memory(Current|Peak|Available|.*Current|.*Peak)|Effective.*'
	# Description: each its own name.  Devices: runc has systemd attach a program of systemd's besides its own, Ringwall's
	# own is all there is.  (IO: accounting of what was read so far.)
	differ="^($differ|Description|DevicePolicy|DeviceAllow|.*Timestamp(Monotonic)?)="
	bundle c 'exec sleep 1000' '.annotations += {"org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.CollectMode": "'"'inactive-or-failed'"'"}'
	bundle r 'exec sleep 1000' '.annotations = $a[0].annotations' --slurpfile a "$dir/c/config.json"
	start c
	runc --root "$dir/runc" --systemd-cgroup run -d -b "$dir/r" r > "$dir/r/out" 2>&1 < /dev/null 3>&-
	diff <(systemctl show test-r.scope | grep -vE "$differ") <(systemctl show test-c.scope | grep -vE "$differ")
	[[ $(prop Description) == "ringwall container c" ]] || [[ $RUNTIME_NAME != ringwall ]]
	[[ $(prop Slice) == "$slice" ]]
	[[ $(prop ControlGroup) == *"$slice_path/test-c.scope" ]]
	[[ $(prop Delegate) == yes ]]
	[[ $(prop DefaultDependencies) == no ]]
	[[ $(prop TimeoutStopUSec) == 7s ]]
	[[ $(prop CollectMode) == inactive-or-failed ]]
	runc --root "$dir/runc" --systemd-cgroup delete --force r
	rw delete --force c
	assert_no_trace test-c.scope test-r.scope
}

@test "scope: slices that nest, and the one that is taken where config.json says none" {
	local path
	while read -r path unit; do
		bundle c 'exec sleep 1000' 'if $p == "none" then del(.linux.cgroupsPath) else .linux.cgroupsPath = $p end' --arg p "$path"
		start c
		[[ $(prop ControlGroup "${unit##*/}") == "$unit" ]]
		[[ $(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup") == "$unit" ]]
		rw delete --force c
		assert_no_trace "${unit##*/}"
	done <<-LIST
		none /system.slice/$RUNTIME_NAME-c.scope
		:test:c /system.slice/test-c.scope
		-.slice:test:c /test-c.scope
		ringwallcallers-a-b.slice::c /ringwallcallers.slice/ringwallcallers-a.slice/ringwallcallers-a-b.slice/-c.scope
	LIST
}

@test "scope: systemd-cgls, systemctl status and systemd's journal show the container's processes under it" {
	bundle c 'sleep 1001 & exec sleep 1002'
	start c
	rw exec -d c sleep 1003 > /dev/null 2>&1 < /dev/null 3>&-
	run systemd-cgls --no-pager -u "$slice"
	assert_contains test-c.scope
	run systemd-cgls --no-pager -u test-c.scope
	assert_contains "sleep 1001"
	assert_contains "sleep 1002"
	assert_contains "sleep 1003"
	run systemctl status --no-pager "$(pid_of)"
	assert_contains "test-c.scope - "
	assert_contains "sleep 1003"
	[[ $(rw ps -f json c | jq length) == 3 ]]
	# An own tree below it, as its processes may make, is still its own
	mkdir "/sys/fs/cgroup$slice_path/test-c.scope/sub"
	pid_of > "/sys/fs/cgroup$slice_path/test-c.scope/sub/cgroup.procs"
	rethink
	run systemd-cgls --no-pager -u test-c.scope
	assert_contains sub
	rw exec c true
	rw delete --force c
	assert_no_trace test-c.scope
}

@test "scope: limits are properties, hold over daemon-reload and daemon-reexec, and follow an update" {
	local name
	for name in memory cpu cpuset pids io; do
		need_controller $name
	done
	# shellcheck disable=SC2016 # jq's
	bundle c 'exec sleep 1000' '.linux.resources += {memory: {limit: 67108864, reservation: 33554432, swap: 100663296},
		pids: {limit: 50}, cpu: {shares: 2048, quota: 50000, period: 200000, cpus: "0", mems: "0"}, blockIO: {weight: 200},
		unified: {"memory.high": "50331648", "memory.oom.group": "1"}}'
	start c
	props() { systemctl show -p MemoryMax,MemoryLow,MemoryHigh,MemorySwapMax,TasksMax,CPUWeight,CPUQuotaPerSecUSec,CPUQuotaPeriodUSec,AllowedCPUs,AllowedMemoryNodes,IOWeight,OOMPolicy test-c.scope; }
	files() { (cd "/sys/fs/cgroup$slice_path/test-c.scope" && grep . memory.{max,low,high,swap.max,oom.group} pids.max cpu.{max,weight} cpuset.{cpus,mems} io.weight cgroup.freeze); }
	run props
	for name in MemoryMax=67108864 MemoryLow=33554432 MemoryHigh=50331648 MemorySwapMax=33554432 TasksMax=50 \
		CPUQuotaPerSecUSec=250ms CPUQuotaPeriodUSec=200ms AllowedCPUs=0 AllowedMemoryNodes=0 OOMPolicy=kill; do
		assert_contains "$name"
	done
	files > "$dir/before"
	rethink
	diff "$dir/before" <(files)
	rw update --memory 134217728 --memory-swap 134217728 --pids-limit 60 --cpu-quota 100000 --cpuset-cpus 1 c
	run props
	for name in MemoryMax=134217728 MemorySwapMax=0 TasksMax=60 CPUQuotaPerSecUSec=500ms AllowedCPUs=1; do
		assert_contains "$name"
	done
	files > "$dir/before"
	grep -qx memory.max:134217728 "$dir/before"
	grep -qx pids.max:60 "$dir/before"
	grep -qx cpuset.cpus:1 "$dir/before"
	rethink
	diff "$dir/before" <(files)
	# What the administrator says to systemd, the runtime tells
	systemctl set-property --runtime test-c.scope MemoryMax=96M
	run -0 rw events --stats c
	[[ $(jq .data.memory.usage.limit <<< "$output") == 100663296 ]]
	rw delete --force c
	assert_no_trace test-c.scope
}

programs() { bpftool cgroup show "/sys/fs/cgroup$(prop ControlGroup)" | awk 'NR > 1 { print $1, $2 }' | sort; }

@test "scope: systemd's daemon-reload, daemon-reexec and set-property leave the device policy and network rules in force" {
	need_program bpftool
	local try='mknod /dev/kmsg2 c 1 11 2> /dev/null; (: < /dev/kmsg2) 2>&1; : < /dev/null && echo null; timeout 1 nc -l -p 80 2>&1'
	local policy=() refused=$'Operation not permitted\nnull'
	bundle c 'exec sleep 1000' '.root.readonly = false | .process.capabilities |= with_entries(.value += ["CAP_MKNOD", "CAP_NET_BIND_SERVICE"]) |
		.linux.namespaces |= map(select(.type != "user"))'
	if [[ $RUNTIME_NAME == ringwall ]]; then
		echo '{ "version": 1, "name": "no-bind", "extends": "baseline", "network": { "bind": { "default": "deny" } } }' > policy.json
		policy=(--policy "$PWD/policy.json")
		refused+=$'\nnc: bind: Operation not permitted'
	fi
	start c "${policy[@]}"
	programs > "$dir/before"
	[[ -s $dir/before ]]
	refuses() {
		run rw exec c sh -c "$try"
		assert_contains "$refused"
	}
	refuses
	rethink
	[[ $RUNTIME_NAME != ringwall ]] || diff "$dir/before" <(programs)
	refuses
	# What systemd then adds on behalf of its administrator comes besides, and goes again without them
	systemctl set-property --runtime test-c.scope DevicePolicy=closed DeviceAllow="/dev/kmsg r"
	refuses
	systemctl set-property --runtime test-c.scope DevicePolicy=auto DeviceAllow=
	rethink
	refuses
	[[ ! $(comm -23 "$dir/before" <(programs)) ]] || [[ $RUNTIME_NAME != ringwall ]]
	rw update --pids-limit 0 c || true
	refuses
	rm -f "$CALLERS_WORK/root/dev/kmsg2"
}

@test "scope: a paused container stays paused over a reload, and one that systemd froze is paused" {
	bundle c 'i=0; while :; do i=$((i + 1)); echo $i > /dev/shm/n; sleep 0.1; done'
	start c
	rw pause c
	rethink
	[[ $(status_of) == paused ]]
	[[ $(< "/sys/fs/cgroup$slice_path/test-c.scope/cgroup.freeze") == 1 ]]
	rw resume c
	[[ $(status_of) == running ]]
	systemctl freeze test-c.scope
	[[ $(status_of) == paused ]]
	systemctl thaw test-c.scope
	[[ $(status_of) == running ]]
	rw exec c test -s /dev/shm/n
}

@test "scope: systemctl stop ends the container: its status, the runtime's word, and nothing is left" {
	bundle c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done' '.annotations += {"org.systemd.property.TimeoutStopSec": "20"}'
	{ set +e; rw run -b "$dir/c" c > "$dir/c/out" 2>&1 < /dev/null; echo $? > "$dir/c/status"; } 3>&- &
	retry 60 grep -q ready "$dir/c/out"
	systemctl stop test-c.scope
	retry 60 test -s "$dir/c/status"
	[[ $(< "$dir/c/status") == 9 ]]
	assert_no_trace test-c.scope
	# In the background, and deaf to SIGTERM
	bundle c 'trap "" TERM; echo ready; sleep 1000; sleep 1000' '.annotations += {"org.systemd.property.TimeoutStopSec": "1"}'
	start c
	retry 60 grep -q ready "$dir/c/out"
	systemctl stop test-c.scope
	[[ $(status_of) == stopped ]]
	run ! rw exec c true
	rw delete c
	assert_no_trace test-c.scope
	# By its last process' end
	bundle c 'exec sleep 1000' '.annotations += {"org.systemd.property.TimeoutStopSec": "1"}'
	start c
	systemctl kill -s KILL test-c.scope
	retry 60 bash -c '[[ $(systemctl show -P ActiveState test-c.scope) != active ]]'
	[[ $(status_of) == stopped ]]
	rw delete c
	assert_no_trace test-c.scope
	# By its slice
	start c
	systemctl stop "$slice"
	[[ $(status_of) == stopped ]]
	rw delete c
	assert_no_trace test-c.scope
}

@test "scope: a start that fails leaves no unit behind, and one that is there already is left alone" {
	bundle c 'exec sleep 1000' '.process.args = ["/no/such/program"]'
	run ! rw run -b "$dir/c" c
	assert_no_trace test-c.scope
	bundle c 'exec sleep 1000' '.hooks.createRuntime = [{path: "/bin/false"}]'
	run ! rw run -b "$dir/c" c
	assert_no_trace test-c.scope
	bundle c 'exec sleep 1000' '.mounts += [{destination: "/x", type: "bind", source: "/no/such/source", options: ["bind"]}]'
	run ! rw run -b "$dir/c" c
	assert_no_trace test-c.scope
	bundle c 'exec sleep 1000' '.annotations += {"org.systemd.property.NoSuchProperty": "true"}'
	run ! rw run -b "$dir/c" c
	assert_contains NoSuchProperty
	assert_no_trace test-c.scope
	bundle c 'exec sleep 1000'
	start c
	bundle d 'exec sleep 1000' '.linux.cgroupsPath = $p' --arg p "$slice:test:c"
	run ! rw run -d -b "$dir/d" d
	[[ $RUNTIME_NAME != ringwall ]] || assert_contains test-c.scope
	[[ $(status_of c) == running ]]
	[[ $(prop ActiveState) == active ]]
	[[ $(< "/sys/fs/cgroup$slice_path/test-c.scope/cgroup.procs") == "$(pid_of c)" ]]
	rw exec c true
	rw delete --force c
	assert_no_trace test-c.scope
	# One that has failed, which systemd keeps until somebody has looked, is no hindrance when nobody else knows of it
	bundle c 'exec sleep 1000' '.annotations += {"org.systemd.property.RuntimeMaxSec": "1", "org.systemd.property.TimeoutStopSec": "1"}'
	start c
	retry 60 bash -c '[[ $(systemctl show -P ActiveState test-c.scope) == failed ]]'
	[[ $(status_of) == stopped ]]
	rm -rf "$dir/state/c"
	bundle c 'exec sleep 1000'
	start c
	[[ $(prop ActiveState) == active ]]
	rw delete --force c
	assert_no_trace test-c.scope
}

# Through the callers ------------------------------------------------------------------------------------------------

# UNIT PID: the scope's process, its slice, its devices and limits, over a reload
assert_scope() {
	[[ $(prop ActiveState "$1") == active ]]
	[[ $(prop Slice "$1") == "$CALLERS_PARENT" ]]
	[[ $(sed -n 's/^0:://p' "/proc/$2/cgroup") == "/$CALLERS_PARENT/$1" ]]
	run systemd-cgls --no-pager -u "$1"
	assert_contains "sleep 1000"
}

scope_programs() { bpftool cgroup show "/sys/fs/cgroup/$CALLERS_PARENT/$1" | awk 'NR > 1 { print $1, $2 }' | sort; }

# UNIT COMMAND… that runs its arguments inside
assert_rethought() {
	local unit=$1 before
	shift
	before=$(scope_programs "$unit")
	rethink
	[[ $before ]]
	[[ $RUNTIME_NAME != ringwall ]] || [[ $(scope_programs "$unit") == "$before" ]]
	run "$@" sh -c 'mknod /dev/kmsg2 c 1 11 && (: < /dev/kmsg2) 2>&1; : < /dev/null && echo null'
	assert_contains $'Operation not permitted\nnull'
	if [[ $CALLERS_CONTROLLERS == *" memory "* ]]; then
		[[ $(prop MemoryMax "$unit") == 67108864 ]]
		[[ $(< "/sys/fs/cgroup/$CALLERS_PARENT/$unit/memory.max") == 67108864 ]]
	fi
}

limits() { # what is asked for where there is a controller
	[[ $CALLERS_CONTROLLERS != *" memory "* ]] || echo --memory=67108864
}

assert_scope_gone() { # UNIT
	retry 60 bash -c "[[ ! -e /sys/fs/cgroup/$CALLERS_PARENT/$1 ]]"
	[[ ! $(systemctl list-units --all --plain --no-legend "$1") ]]
	[[ $(failed_units) == "$failed" ]]
}

# shellcheck disable=SC2046 # limits is a list
@test "podman: a container is libpod-ID.scope; a reload, exec, update, systemctl stop" {
	need_program bpftool
	podman_setup
	id=$(p_run -d --name t1 --cap-add MKNOD $(limits) $image sleep 1000)
	unit=libpod-$id.scope
	assert_scope "$unit" "$(podman inspect --format '{{.State.Pid}}' t1)"
	assert_rethought "$unit" podman exec t1
	systemctl stop "$unit"
	retry 60 bash -c '[[ $(podman inspect --format "{{.State.Status}}" t1) == exited ]]'
	podman start t1
	[[ $(prop ActiveState "$unit") == active ]]
	podman rm -f -t 0 t1
	assert_scope_gone "$unit"
}

# shellcheck disable=SC2046
@test "docker: a container is docker-ID.scope; a reload, exec, update, systemctl stop" {
	need_program bpftool
	docker_setup
	id=$(d_run -d --name t1 $(limits) $image sh -c 'trap "exit 7" TERM; sleep 1000 & wait')
	unit=docker-$id.scope
	assert_scope "$unit" "$(docker inspect --format '{{.State.Pid}}' t1)"
	assert_rethought "$unit" docker exec t1
	if [[ $CALLERS_CONTROLLERS == *" memory "* ]]; then
		docker update --memory 128m --memory-swap 128m t1
		[[ $(prop MemoryMax "$unit") == 134217728 ]]
	fi
	systemctl stop "$unit"
	retry 60 bash -c '[[ $(docker inspect --format "{{.State.Status}} {{.State.ExitCode}}" t1) == "exited 7" ]]'
	docker start t1
	[[ $(prop ActiveState "$unit") == active ]]
	docker rm -f t1
	assert_scope_gone "$unit"
}

@test "containerd: a task is a scope of the name that it was given; a reload, exec, systemctl stop" {
	need_program bpftool
	containerd_setup
	local memory=()
	[[ $CALLERS_CONTROLLERS != *" memory "* ]] || memory=(--memory-limit 67108864)
	c_run -d "${memory[@]}" t1 sh -c 'trap "exit 7" TERM; sleep 1000 & wait'
	unit=ctr-t1.scope
	assert_scope "$unit" "$(ctr task ls | awk '$1 == "t1" { print $2 }')"
	assert_rethought "$unit" ctr task exec --exec-id e t1
	systemctl stop "$unit"
	retry 60 bash -c '[[ $(ctr task ls) == *t1*STOPPED* ]]'
	run ctr task rm t1
	assert_contains "exit code 7"
	ctr container rm t1
	assert_scope_gone "$unit"
}

# Without root -------------------------------------------------------------------------------------------------------

u_prop() { u systemctl --user show -P "$@"; }

user_bundle() { # COMMAND [JQ-FILTER]
	local root=$user_home/bundle
	mkdir -p "$root"
	chown $user "$root"
	rm -f "$root/config.json"
	u "$user_home/$RUNTIME_NAME" spec --rootless -b "$root"
	jq --arg command "$1" --arg rootfs "$CALLERS_WORK/root" '.process.terminal = false | .process.args = ["sh", "-c", $command] |
		.root.path = $rootfs | .linux.cgroupsPath = "user-inner.slice:test:c"'" | ${2-.}" "$root/config.json" > "$dir/config.json"
	cp "$dir/config.json" "$root/config.json"
}

# A detached container keeps the terminal or pipe that it was started with
u_rw() { u "$user_home/$RUNTIME_NAME" --systemd-cgroup "$@"; }

u_start() { u sh -c 'exec "$@" < /dev/null > out 2>&1' sh "$user_home/$RUNTIME_NAME" --systemd-cgroup run -d -b "$user_home/bundle" c; }

@test "user: a scope of the user's own systemd: slice, exec, reloads, stop, failed starts" {
	user_start
	user_bundle 'trap "exit 9" TERM; sleep 1001 & while :; do sleep 0.1; done'
	u_start
	run u_prop ActiveState test-c.scope
	assert_output active
	run u_prop ControlGroup test-c.scope
	assert_output "/user.slice/user-$USER_ID.slice/user@$USER_ID.service/user.slice/user-inner.slice/test-c.scope"
	path=/sys/fs/cgroup$output
	[[ $(u_prop Delegate test-c.scope) == yes ]]
	u_rw exec c sh -c 'grep ^0:: /proc/self/cgroup'
	u sh -c 'exec "$@" < /dev/null > /dev/null 2>&1' sh "$user_home/$RUNTIME_NAME" exec -d c sleep 1003
	run u systemd-cgls --no-pager --user-unit test-c.scope
	assert_contains "sleep 1001"
	assert_contains "sleep 1003"
	if [[ -e $path/pids.max ]]; then
		u_rw update --pids-limit 44 c
		[[ $(u_prop TasksMax test-c.scope) == 44 ]]
	fi
	u systemctl --user daemon-reload
	u systemctl --user daemon-reexec
	retry 60 u systemctl --user is-active test-c.scope
	rethink
	[[ ! -e $path/pids.max || $(< "$path/pids.max") == 44 ]]
	run u_rw exec c sh -c 'echo inside; exit 5'
	assert_contains inside
	run u_rw state c
	[[ $(jq -r .status <<< "$output") == running ]]
	u systemctl --user stop test-c.scope
	run u_rw state c
	[[ $(jq -r .status <<< "$output") == stopped ]]
	u_rw delete c
	[[ ! -e $path ]]
	user_bundle true '.process.args = ["/no/such/program"]'
	run ! u_rw run -b "$user_home/bundle" c
	run u systemctl --user list-units --all --plain --no-legend 'test-*'
	assert_output ""
	run u systemctl --user --failed --plain --no-legend
	assert_output ""
}

@test "user: podman without root: a container is a scope of the user's systemd" {
	need_program bpftool
	user_start
	user_podman
	u podman run -d --name t1 $image sh -c 'trap "exit 9" TERM; sleep 1001 & wait'
	id=$(u podman inspect --format '{{.Id}}' t1)
	unit=libpod-$id.scope
	run u_prop ActiveState "$unit"
	assert_output active
	path=$(u_prop ControlGroup "$unit")
	[[ $path == "/user.slice/user-$USER_ID.slice/user@$USER_ID.service/user.slice/$unit" ]]
	run u systemd-cgls --no-pager --user-unit "$unit"
	assert_contains "sleep 1001"
	run u podman exec t1 cat /proc/self/cgroup
	assert_contains "0::/"
	if [[ -e /sys/fs/cgroup$path/memory.max ]]; then
		u podman run -d --name t2 --memory 64m --pids-limit 33 $image sleep 1000
		unit2=libpod-$(u podman inspect --format '{{.Id}}' t2).scope
		[[ $(u_prop MemoryMax "$unit2") == 67108864 ]]
		[[ $(u_prop TasksMax "$unit2") == 33 ]]
		u systemctl --user daemon-reload
		[[ $(< "/sys/fs/cgroup$(u_prop ControlGroup "$unit2")/memory.max") == 67108864 ]]
	fi
	u systemctl --user stop "$unit"
	retry 60 bash -c "$(declare -f u); user=$user user_home=$user_home"'; [[ $(u podman inspect --format "{{.State.Status}}" t1) == exited ]]'
	run u podman inspect --format '{{.State.ExitCode}}' t1
	assert_output 9
	u podman rm -fa -t 0
	run u systemctl --user list-units --all --plain --no-legend 'libpod-*.scope'
	assert_output ""
	run u systemctl --user --failed --plain --no-legend
	assert_output ""
}
