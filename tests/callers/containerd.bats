# SPDX-License-Identifier: LGPL-2.1-or-later
#
# containerd (by its ctr) with Ringwall: started by tests/callers/run, which says how
# and with what.  A containerd of its own, overlayfs snapshotter, no CRI plugin; the
# shim is containerd-shim-runc-v2 with the runtime as its BinaryName.

bats_require_minimum_version 1.5.0
load common

containerd_start() {
	cat > "$CALLERS_WORK/containerd.toml" <<-CONF
		version = 2
		root = "$CALLERS_WORK/containerd"
		state = "$CALLERS_WORK/containerd-state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
		[grpc]
		address = "$CONTAINERD_ADDRESS"
	CONF
	containerd --config "$CALLERS_WORK/containerd.toml" > "$CALLERS_WORK/containerd.log" 2>&1 3>&- &
	echo $! > "$CALLERS_WORK/containerd.pid"
	retry 60 ctr version > /dev/null 2>&1 || { tail -n 20 "$CALLERS_WORK/containerd.log"; return 1; }
}

setup_file() {
	need_rig
	need_program containerd
	export CONTAINERD_ADDRESS=/run/ringwall-containerd.sock CONTAINERD_NAMESPACE=callers
	containerd_start
	ctr image import "$CALLERS_WORK/image.tar"
	c_run --rm first true
	host_baseline
}

teardown_file() {
	[[ ${CONTAINERD_ADDRESS-} ]] || return 0
	teardown
	stop_daemon "$CALLERS_WORK/containerd.pid"
}

teardown() {
	local id
	for id in $(ctr container ls -q 2> /dev/null); do
		c_remove "$id" || true
	done
}

c_remove() { # ID
	ctr task kill -a -s KILL "$1" > /dev/null 2>&1
	retry 10 task_over "$1"
	ctr task rm -f "$1" > /dev/null 2>&1
	ctr container rm "$1" > /dev/null 2>&1
}

task_over() {
	! ctr task ls | awk -v id="$1" '$1 == id && $3 != "STOPPED" { found = 1 } END { exit !found }'
}

task_is() { # ID STATE
	[[ $(ctr task ls | awk -v id="$1" '$1 == id { print $3 }') == "$2" ]]
}

# c_run [ctr run's options…] ID CMD…: the options come before the image
c_run() {
	local options=() systemd=()
	while [[ $1 == -* ]]; do
		case $1 in
		--rm | -d | -t | --tty | --read-only | --privileged | --net-host | --null-io | --seccomp) options+=("$1"); shift ;;
		*) options+=("$1" "$2"); shift 2 ;;
		esac
	done
	if [[ $CALLERS_MANAGER == systemd ]]; then
		systemd=(--runc-systemd-cgroup --cgroup "$CALLERS_PARENT:ctr:$1")
	else
		systemd=(--cgroup "/$CALLERS_PARENT/$1")
	fi
	ctr run --cpu-shares "${CALLERS_CPU_SHARES:-0}" --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME" "${systemd[@]}" \
		"${options[@]}" $image "$@" 3>&-
}

# bats test_tags=quick
@test "containerd: run gives the output and status 0" {
	run c_run --rm a echo hello
	assert_status 0
	assert_output hello
	assert_nothing_left
}

@test "containerd: exit status 3; a command that cannot start leaves nothing" {
	run c_run --rm a sh -c 'exit 3'
	assert_status 3
	run c_run --rm b /no/such/program
	((status != 0))
	assert_contains "no such file or directory"
	run c_run --rm c no-such-program
	((status != 0))
	assert_contains 'executable file not found in $PATH'
	run c_run --rm d /data/not-executable
	((status != 0))
	assert_contains "permission denied"
	assert_nothing_left
}

@test "containerd: stdin reaches the container, stdout and stderr stay apart" {
	# ctr 1.6's run does not close the container's stdin at the end of its own; exec does
	echo 'through the pipe' | c_run --rm a head -n 1 > "$BATS_TEST_TMPDIR/out"
	[[ $(< "$BATS_TEST_TMPDIR/out") == "through the pipe" ]]
	c_run --rm b sh -c 'echo out; echo err >&2' > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err"
	[[ $(< "$BATS_TEST_TMPDIR/out") == out && $(< "$BATS_TEST_TMPDIR/err") == err ]]
	assert_nothing_left
}

@test "containerd: logs of a detached container" {
	c_run -d --log-uri "file://$BATS_TEST_TMPDIR/log" a sh -c 'echo one; echo two >&2; sleep 1000'
	retry 10 grep -q two "$BATS_TEST_TMPDIR/log"
	grep -q one "$BATS_TEST_TMPDIR/log"
	c_remove a
	assert_nothing_left
}

# bats test_tags=quick
@test "containerd: exec: output, status, user, directory, and a missing command" {
	c_run -d a sleep 1000
	run ctr task exec --exec-id e1 a echo inside
	assert_output inside
	run ctr task exec --exec-id e2 a sh -c 'exit 5'
	assert_status 5
	run ctr task exec --exec-id e3 --user 1000:1000 --cwd /data a sh -c 'echo $(id -u):$(id -g) $PWD $FROM_IMAGE'
	assert_output "1000:1000 /data yes"
	run -137 ctr task exec --exec-id e4 a sh -c 'kill -KILL $$'
	run bash -c 'printf "%s\n" one two | ctr task exec --exec-id e6 a cat'
	assert_output $'one\ntwo'
	run ctr task exec --exec-id e5 a /no/such/program
	((status != 0))
	assert_contains "no such file or directory"
	c_remove a
	assert_nothing_left
}

# bats test_tags=quick
@test "containerd: run -t has a terminal of the caller's size" {
	export -f c_run
	export image
	run on_terminal bash -c 'c_run -t --rm a sh -c "tty; sleep 1; stty size; exit 4"'
	assert_status 4
	assert_contains /dev/pts/0
	assert_contains "33 111"
	assert_nothing_left
}

@test "containerd: exec -t has a terminal" {
	c_run -d a sleep 1000
	run on_terminal ctr task exec -t --exec-id e a sh -c 'tty; test -t 0 && echo terminal; exit 6'
	assert_status 6
	assert_contains terminal
	c_remove a
	assert_nothing_left
}

# bats test_tags=quick
@test "containerd: kill: TERM handled by the container, KILL, and -a reaching every process" {
	c_run -d --log-uri "file://$BATS_TEST_TMPDIR/log" a \
		sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	retry 10 grep -q ready "$BATS_TEST_TMPDIR/log"
	ctr task kill -s TERM a
	retry 10 task_is a STOPPED
	grep -q "got it" "$BATS_TEST_TMPDIR/log"
	run ctr task rm a
	assert_contains "exit code 9"
	c_run -d b sh -c 'sleep 2001 & sleep 2002 & wait'
	retry 10 bash -c 'ctr task ps b | grep -c "^[0-9]" | grep -qx 3'
	ctr task kill -a -s KILL b
	retry 10 task_is b STOPPED
	run ctr task rm b
	assert_contains "exit code 137"
	ctr container rm a b
	assert_nothing_left
}

@test "containerd: pause, resume, ps" {
	c_run -d a sleep 1000
	task_is a RUNNING
	ctr task pause a
	task_is a PAUSED
	ctr task resume a
	run ctr task exec --exec-id e a echo thawed
	assert_output thawed
	run ctr task ps a
	[[ $(grep -c '^[0-9]' <<< "$output") == 1 ]]
	c_remove a
	assert_nothing_left
}

@test "containerd: isolation: pid 1, capabilities, seccomp, read-only root, devices, mounts" {
	run c_run --rm --seccomp a sh -c 'echo $$; grep -E "^(CapEff|Seccomp):" /proc/self/status'
	[[ ${lines[0]} == 1 ]]
	assert_contains "CapEff:	00000000a80425fb"
	assert_contains "Seccomp:	2"
	run c_run --rm --read-only b touch /a
	assert_status 1
	assert_contains "Read-only file system"
	run c_run --rm c sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop'
	assert_status 1
	assert_contains "Operation not permitted"
	mkdir "$BATS_TEST_TMPDIR/v"
	echo from-host > "$BATS_TEST_TMPDIR/v/file"
	run c_run --rm --mount "type=bind,src=$BATS_TEST_TMPDIR/v,dst=/v,options=rbind:ro" e sh -c 'cat /v/file; touch /v/x'
	assert_status 1
	assert_contains from-host
	assert_contains "Read-only file system"
	assert_nothing_left
}

@test "containerd: --privileged: every capability, every device" {
	need_all_capabilities
	run c_run --rm --privileged a sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop && grep CapEff /proc/self/status'
	assert_output "$(grep CapEff /proc/self/status)"
	assert_nothing_left
}

# bats test_tags=quick
@test "containerd: memory and cpu limits are in the container's cgroup" {
	need_controller memory
	need_controller cpu
	c_run -d --memory-limit 67108864 --cpus 0.5 a sleep 1000
	# ctr mounts no cgroup file system into the container
	run bash -c "find $(parent_dir) -mindepth 1 -type d | { read -r d; cat \$d/memory.max \$d/cpu.max; }"
	assert_output $'67108864\n50000 100000'
	c_remove a
	c_run -d b sleep 1000
	run ctr task metrics b
	assert_contains pids.current
	assert_contains memory.usage
	c_remove b
	assert_nothing_left
}

@test "containerd: twenty at once" {
	local i pids=
	for i in $(seq 20); do
		c_run --rm "many$i" echo "$i" > "$BATS_TEST_TMPDIR/$i" &
		pids+=" $!"
	done
	wait $pids # not for bats' own time limit
	for i in $(seq 20); do
		[[ $(< "$BATS_TEST_TMPDIR/$i") == "$i" ]]
	done
	assert_nothing_left
}
