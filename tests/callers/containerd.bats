# SPDX-License-Identifier: LGPL-2.1-or-later
#
# containerd (by its ctr) with Ringwall: started by tests/callers/run, which says how
# and with what.  A containerd of its own, overlayfs snapshotter, no CRI plugin; the
# shim is containerd-shim-runc-v2 with the runtime as its BinaryName.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	containerd_setup
	c_run --rm first true
	host_baseline
}

teardown_file() { containerd_end; }

teardown() { containerd_clear; }

task_is() { # ID STATE
	[[ $(ctr task ls | awk -v id="$1" '$1 == id { print $3 }') == "$2" ]]
}

# The processes of this rig whose command line has that
pids_with() { # TEXT
	local proc
	for proc in /proc/[0-9]*; do
		{ tr '\0' ' ' < "$proc/cmdline" | grep -qF -- "$1" && echo "${proc#/proc/}"; } 2> /dev/null
	done
}

none_with() { [[ ! $(pids_with "$1") ]]; } # TEXT

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
		# (on a busy host ctr loses the output of what ends too soon, over any runtime)
		c_run --rm "many$i" sh -c "echo $i; sleep 1" > "$BATS_TEST_TMPDIR/$i" &
		pids+=" $!"
	done
	wait $pids # not for bats' own time limit
	for i in $(seq 20); do
		[[ $(< "$BATS_TEST_TMPDIR/$i") == "$i" ]]
	done
	assert_nothing_left
}

@test "containerd: run's options: environment, capabilities, a device, another task's namespaces, no pivot_root, seccomp of a file" {
	local pid
	run c_run --cwd /data --env "MINE=with space" --rm a sh -c 'echo "$PWD $MINE $FROM_IMAGE"'
	assert_output "/data with space yes"
	run c_run --cap-add CAP_NET_ADMIN --cap-drop CAP_CHOWN --rm b grep CapEff /proc/self/status
	assert_output "CapEff:	00000000a80435fa"
	# Major 120 is for local use, no driver answers: that is seen where opening is permitted
	mknod "$BATS_TEST_TMPDIR/node" c 120 3
	run c_run --device "$BATS_TEST_TMPDIR/node" --rm c cat "$BATS_TEST_TMPDIR/node"
	assert_contains "No such device or address"
	c_run --pid-file "$BATS_TEST_TMPDIR/pid" -d d sleep 1000
	pid=$(ctr task ls | awk '$1 == "d" { print $2 }')
	[[ $(< "$BATS_TEST_TMPDIR/pid") == "$pid" ]]
	run c_run --with-ns "network:/proc/$pid/ns/net" --with-ns "pid:/proc/$pid/ns/pid" --rm e sh -c 'readlink /proc/self/ns/net; cat /proc/1/cmdline'
	assert_contains "$(readlink "/proc/$pid/ns/net")"
	assert_contains sleep
	c_remove d
	run c_run --no-pivot=true --rm f cat /data/not-executable # two flags: c_run takes them for a pair
	assert_output "plain text"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "args": []}]}' \
		> "$BATS_TEST_TMPDIR/profile.json"
	run c_run --seccomp --seccomp-profile "$BATS_TEST_TMPDIR/profile.json" --rm g mkdir /tmp/d
	assert_status 1
	assert_contains "not permitted"
	assert_nothing_left
}

@test "containerd: a user namespace" {
	local pid
	c_run --uidmap 0:300000:65536 --gidmap 0:400000:65536 -d a sh -c 'touch /tmp/mine; exec sleep 1000'
	pid=$(ctr task ls | awk '$1 == "a" { print $2 }')
	[[ $(stat -c %u:%g "/proc/$pid") == 300000:400000 ]]
	run ctr task exec --exec-id e --user 1000:1000 a sh -c 'id -u; cat /proc/self/uid_map; stat -c %u:%g /bin /tmp/mine'
	[[ ${lines[0]} == 1000 && ${lines[1]} =~ ^\ +0\ +300000\ +65536$ && ${lines[2]} == 0:0 && ${lines[3]} == 0:0 ]]
	c_remove a
	assert_nothing_left
}

@test "containerd: a container's second task, after the first has ended" {
	c_run -d --log-uri "file://$BATS_TEST_TMPDIR/log" a sh -c 'echo again >> /tmp/runs; cat /tmp/runs; exit 4'
	retry 10 task_is a STOPPED
	run ctr task rm a
	assert_contains "exit code 4"
	run ctr task start a 3>&-
	assert_status 4
	assert_output $'again\nagain'
	ctr container rm a
	assert_nothing_left
}

listen() { # to containerd's events, by the process $events
	ctr events > "$BATS_TEST_TMPDIR/events" 3>&- &
	events=$!
	# events of containers that nobody saw are nobody's: until it listens
	retry 20 bash -c "ctr container create $image probe true; ctr container rm probe; grep -q probe '$BATS_TEST_TMPDIR/events'"
}

@test "containerd: events: what happens to a task, in order, with its exit status" {
	local events
	listen
	c_run -d --log-uri "file://$BATS_TEST_TMPDIR/log" a sh -c "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done"
	retry 10 grep -q ready "$BATS_TEST_TMPDIR/log"
	ctr task exec --exec-id e a true
	ctr task pause a
	ctr task resume a
	ctr task kill -s TERM a
	retry 10 task_is a STOPPED || { ctr task ls; cat "$BATS_TEST_TMPDIR/events"; return 1; }
	ctr task rm a || true # status 9, which it passes on
	ctr container rm a
	retry 10 grep -q '/containers/delete .*"a"' "$BATS_TEST_TMPDIR/events"
	kill "$events"
	grep -o '/tasks/[a-z-]*' <(grep '"a"' "$BATS_TEST_TMPDIR/events") | uniq > "$BATS_TEST_TMPDIR/seen"
	diff "$BATS_TEST_TMPDIR/seen" - <<-END
		/tasks/create
		/tasks/start
		/tasks/exec-added
		/tasks/exec-started
		/tasks/exit
		/tasks/paused
		/tasks/resumed
		/tasks/exit
		/tasks/delete
	END
	grep '/tasks/exit' "$BATS_TEST_TMPDIR/events" | grep -q '"exit_status":9'
	assert_nothing_left
}

@test "containerd: out of memory: an event, and status 137" {
	local events
	need_controller memory
	listen
	c_run --memory-limit 16777216 -d a sh -c 'x=$(head -c 64m /dev/zero | tr "\0" x); sleep 1000'
	retry 30 task_is a STOPPED
	run ctr task rm a
	assert_contains "exit code 137"
	retry 10 grep -q '/tasks/oom .*"a"' "$BATS_TEST_TMPDIR/events"
	kill "$events"
	ctr container rm a
	assert_nothing_left
}

@test "containerd: an exec'ed process alone is killed; a running task is not removed; rm -f does" {
	c_run -d a sleep 1000
	ctr task exec -d --exec-id e a sleep 2003 3>&-
	retry 10 bash -c 'ctr task ps a | grep -c "^[0-9]" | grep -qx 2'
	ctr task kill --exec-id e -s TERM a # which it, unlike a first process, dies of
	retry 10 bash -c 'ctr task ps a | grep -c "^[0-9]" | grep -qx 1'
	task_is a RUNNING
	run ctr task rm a
	((status != 0))
	assert_contains "must be stopped"
	run ctr container rm a
	((status != 0))
	ctr task rm -f a || true # status 137, which it passes on
	task_over a
	ctr container rm a
	assert_nothing_left
}

@test "containerd: metrics of a running task" {
	need_controller pids
	c_run -d a sh -c 'sleep 1001 & sleep 1002 & wait'
	run ctr task metrics --format json a
	assert_status 0
	[[ $(jq -r '.pids.current' <<< "$output") == 3 ]]
	c_remove a
	assert_nothing_left
}

# bats test_tags=quick
@test "containerd: killed and started again under running tasks: all of them are managed on" {
	local pid gone
	c_run -d --log-uri "file://$BATS_TEST_TMPDIR/log" a sh -c 'trap "exit 9" TERM; while :; do echo tick; sleep 0.1; done'
	c_run -d b sh -c 'until [ -e /tmp/go ]; do sleep 0.1; done; exit 7'
	c_run -d c sleep 1000
	ctr task pause c
	pid=$(ctr task ls | awk '$1 == "b" { print $2 }')
	kill -KILL "$(< "$CALLERS_WORK/containerd.pid")"
	retry 20 dead "$(< "$CALLERS_WORK/containerd.pid")"
	touch "/proc/$pid/root/tmp/go" # it ends while nobody is there
	retry 20 dead "$pid"
	containerd_again
	task_is a RUNNING
	task_is b STOPPED || gone="not found" # 1.7 deletes what ended in the meantime, over any runtime
	task_over b
	task_is c PAUSED
	: > "$BATS_TEST_TMPDIR/log"
	retry 10 grep -q tick "$BATS_TEST_TMPDIR/log"
	run ctr task exec --exec-id e a echo inside
	assert_output inside
	ctr task pause a
	task_is a PAUSED
	ctr task resume a
	ctr task resume c
	run ctr task exec --exec-id e c echo thawed
	assert_output thawed
	ctr task kill -s TERM a
	retry 10 task_is a STOPPED
	run ctr task rm a
	assert_contains "exit code 9"
	run ctr task rm b
	assert_contains "${gone:-exit code 7}"
	c_remove c
	ctr container rm a b
	c_run --rm d true
	assert_nothing_left
}

@test "containerd: a task whose shim is killed is cleaned up" {
	c_run -d a sh -c 'sleep 1001 & sleep 1002 & wait'
	kill -KILL "$(pids_with "-id a -address")"
	retry 20 task_over a
	retry 10 none_with "sleep 100" # a task is not listed from when its shim does not answer
	ctr task rm -f a > /dev/null 2>&1 || true
	ctr container rm a
	assert_nothing_left
}

@test "containerd: fifty tasks at once, each of which is entered, paused, resumed and killed" {
	local i pids=
	for i in $(seq 50); do
		c_run -d "many$i" sleep 1000 &
		pids+=" $!"
	done
	wait $pids # not for bats' own time limit
	[[ $(ctr task ls | grep -c RUNNING) == 50 ]]
	pids=
	for i in $(seq 50); do
		{
			ctr task exec --exec-id e "many$i" echo "$i" > "$BATS_TEST_TMPDIR/$i"
			ctr task pause "many$i"
			ctr task resume "many$i"
			ctr task kill -s KILL "many$i"
		} 3>&- &
		pids+=" $!"
	done
	wait $pids
	retry 20 bash -c '! ctr task ls | grep RUNNING'
	for i in $(seq 50); do
		[[ $(< "$BATS_TEST_TMPDIR/$i") == "$i" ]]
		run ctr task rm "many$i"
		assert_contains "exit code 137"
	done
	ctr container rm $(ctr container ls -q)
	assert_nothing_left
}
