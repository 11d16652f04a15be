# SPDX-License-Identifier: LGPL-2.1-or-later
#
# podman with Ringwall: started by tests/callers/run, which says how and with what.
# Natively: own storage (overlay on /var/tmp), cgroupfs manager, no registry.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	podman_setup
	# the first container makes what stays: the network, the shared programs
	podman run --rm --cgroup-parent "$CALLERS_PARENT" $image true 3>&-
	host_baseline
}

teardown_file() { podman_end; }

teardown() { podman_clear; }

# bats test_tags=quick
@test "podman: run gives the output and status 0" {
	run p_run --rm $image echo hello
	assert_status 0
	assert_output hello
	assert_nothing_left
}

@test "podman: the container ran under the runtime asked for" {
	p_run --name t1 $image true
	run podman inspect --format '{{.OCIRuntime}}' t1
	assert_output "$RUNTIME"
}

@test "podman: exit status 3, 127 and 126 for commands that cannot start" {
	run p_run --rm $image sh -c 'exit 3'
	assert_status 3
	run -127 p_run --rm $image /no/such/program
	run -127 p_run --rm $image no-such-program
	run -126 p_run --rm $image /data/not-executable
	assert_nothing_left
}

@test "podman: stdin reaches the container, stdout and stderr stay apart" {
	run bash -c "echo 'through the pipe' | podman run --rm -i --cgroup-parent $CALLERS_PARENT $image cat"
	assert_output "through the pipe"
	p_run --rm $image sh -c 'echo out; echo err >&2' > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err"
	[[ $(< "$BATS_TEST_TMPDIR/out") == out && $(< "$BATS_TEST_TMPDIR/err") == err ]]
}

@test "podman: logs of a detached container" {
	p_run -d --name t1 $image sh -c 'echo one; echo two >&2'
	run podman wait t1
	assert_output 0
	run podman logs t1
	assert_contains one
	assert_contains two
	podman rm t1
	assert_nothing_left
}

# bats test_tags=quick
@test "podman: exec: output, status, user, environment, directory, and a missing command" {
	p_run -d --name t1 $image sleep 1000
	run podman exec t1 echo inside
	assert_output inside
	run podman exec t1 sh -c 'exit 5'
	assert_status 5
	run podman exec -u user -e X=1 -w /data t1 sh -c 'echo $(id -u):$(id -g) $X $PWD $FROM_IMAGE'
	assert_output "1000:1000 1 /data yes"
	run -137 podman exec t1 sh -c 'kill -KILL $$'
	run -127 podman exec t1 /no/such/program
	run -126 podman exec t1 /data/not-executable
	run bash -c 'echo piped | podman exec -i t1 cat'
	assert_output piped
	podman rm -f -t 0 t1
	assert_nothing_left
}

# bats test_tags=quick
@test "podman: run -it has a terminal of the caller's size" {
	run on_terminal podman run --rm -it --cgroup-parent "$CALLERS_PARENT" $image sh -c 'tty; sleep 1; stty size; exit 4'
	assert_status 4
	assert_contains /dev/pts/0
	assert_contains "33 111"
	assert_nothing_left
}

@test "podman: exec -it has a terminal" {
	p_run -d --name t1 $image sleep 1000
	run on_terminal podman exec -it t1 sh -c 'tty; test -t 0 && echo terminal; exit 6'
	assert_status 6
	assert_contains terminal
	podman rm -f -t 0 t1
	assert_nothing_left
}

# bats test_tags=quick
@test "podman: stop ends by SIGTERM, or by SIGKILL when that is ignored" {
	p_run -d --name t1 $image sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
	p_run -d --name t2 $image sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	sleep 1
	podman stop -t 10 t1
	run podman inspect --format '{{.State.ExitCode}}' t1
	assert_output 9
	podman stop -t 1 t2
	run podman inspect --format '{{.State.ExitCode}}' t2
	assert_output 137
	podman rm t1 t2
	assert_nothing_left
}

@test "podman: kill sends the signal named" {
	p_run -d --name t1 $image sh -c 'trap "echo got it; exit 0" USR1; echo ready; while :; do sleep 0.1; done'
	retry 10 bash -c 'podman logs t1 | grep -q ready'
	podman kill -s USR1 t1
	run podman wait t1
	assert_output 0
	run podman logs t1
	assert_contains "got it"
}

@test "podman: create, start, restart, pause, unpause, top" {
	podman create --cgroup-parent "$CALLERS_PARENT" --name t1 $image sleep 1000
	podman start t1
	podman restart -t 0 t1
	podman pause t1
	run podman inspect --format '{{.State.Status}}' t1
	assert_output paused
	podman unpause t1
	run podman exec t1 echo thawed
	assert_output thawed
	run podman top t1 pid comm
	assert_contains sleep
	podman rm -f -t 0 t1
	assert_nothing_left
}

@test "podman: isolation: pid 1, hostname, capabilities, seccomp, read-only paths, devices" {
	run p_run --rm --hostname inside $image sh -c 'echo $$; hostname; grep -E "^(CapEff|Seccomp):" /proc/self/status'
	assert_contains 1
	assert_contains inside
	[[ ${lines[0]} == 1 ]]
	# Podman 5 gives no AUDIT_WRITE, MKNOD and NET_RAW of itself
	if podman_version_at_least 5; then assert_contains "CapEff:	00000000800405fb"; else assert_contains "CapEff:	00000000a80425fb"; fi
	assert_contains "Seccomp:	2"
	run p_run --rm $image sh -c 'echo 1 > /proc/sys/kernel/panic'
	assert_status 1
	assert_contains "Read-only file system"
	run p_run --rm --cap-add MKNOD $image sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop'
	assert_status 1
	assert_contains "Operation not permitted"
	run p_run --rm --device /dev/loop-control $image sh -c 'exec 3< /dev/loop-control && echo opened'
	assert_output opened
}

@test "podman: --privileged: every capability, every device" {
	need_all_capabilities
	run p_run --rm --privileged $image sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop && grep CapEff /proc/self/status'
	assert_output "$(grep CapEff /proc/self/status)"
	assert_nothing_left
}

@test "podman: volumes, tmpfs, read-only root, user and groups, working directory" {
	mkdir "$BATS_TEST_TMPDIR/v"
	echo from-host > "$BATS_TEST_TMPDIR/v/file"
	run p_run --rm -v "$BATS_TEST_TMPDIR/v:/v:ro" $image sh -c 'cat /v/file; touch /v/x'
	assert_status 1
	assert_contains from-host
	assert_contains "Read-only file system"
	run p_run --rm --read-only --tmpfs /scratch:size=1m $image sh -c 'touch /scratch/a && ! touch /a 2>/dev/null && echo as wanted'
	assert_output "as wanted"
	run p_run --rm -u 1000:1000 --group-add 2000 -w /tmp $image sh -c 'id -u; id -G; pwd'
	assert_output $'1000\n1000 2000\n/tmp'
	assert_nothing_left
}

@test "podman: networks: none, bridge, host, and another container's" {
	run p_run --rm --network none $image sh -c 'ls /sys/class/net'
	assert_output lo
	p_run -d --name t1 $image sh -c 'echo served > /tmp/f; httpd -f -p 8080 -h /tmp'
	run p_run --rm --network container:t1 $image sh -c 'sleep 1; wget -qO- http://127.0.0.1:8080/f'
	assert_output served
	run p_run --rm --network host $image readlink /proc/self/ns/net
	assert_output "$(readlink /proc/self/ns/net)"
	run p_run --rm --pid container:t1 $image ps
	assert_contains httpd
	podman rm -f -t 0 t1
	assert_nothing_left
}

@test "podman: user namespace by --uidmap" {
	run p_run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 $image sh -c 'id -u; cat /proc/self/uid_map'
	assert_status 0
	assert_contains 100000
	[[ ${lines[0]} == 0 ]]
	assert_nothing_left
}

# bats test_tags=quick
@test "podman: memory, pids and cpu limits are in the container's cgroup" {
	need_controller memory
	need_controller pids
	need_controller cpu
	run p_run --rm --memory 64m --pids-limit 33 --cpus 0.5 $image \
		sh -c 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max'
	assert_output $'67108864\n33\n50000 100000'
	run p_run --name t1 --memory 16m --memory-swap 16m $image sh -c 'x=$(head -c 64m /dev/zero | tr "\0" x); echo survived'
	assert_status 137
	podman rm t1
	assert_nothing_left
}

@test "podman: OOMKilled, of a restarted container too; update of a running one; stats" {
	need_controller memory
	need_controller pids
	need_controller cpu
	run p_run --name t1 --memory 16m --memory-swap 16m $image sh -c 'x=$(head -c 64m /dev/zero | tr "\0" x); echo survived'
	assert_status 137
	run podman inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' t1
	# systemd removes the cgroup before conmon has read it, with any runtime (containers/conmon#426)
	[[ $CALLERS_MANAGER == systemd && $output == "false 137" ]] || assert_output "true 137"
	run -3 p_run --name t2 --memory 16m $image sh -c 'exit 3'
	run podman inspect --format '{{.State.OOMKilled}}' t2
	assert_output false
	p_run -d --name t3 --memory 64m --pids-limit 33 $image sleep 1000
	podman update --memory 80m --cpus 0.25 --cpu-shares 512 t3
	run podman exec t3 sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max cpu.weight pids.max'
	assert_output $'83886080\n25000 100000\n59\n33'
	run podman stats --no-stream --format '{{.Name}}|{{.PIDs}}|{{.MemUsage}}' t3
	# (older ones go by what run was given)
	[[ $output =~ ^t3\|1\|[0-9.]+[kM]B\ /\ (83\.89|67\.11)MB$ ]] || { echo "$output"; return 1; }
	podman rm -f -t 0 t1 t2 t3
	assert_nothing_left
}

@test "podman: rm -f of a running container; twenty at once" {
	p_run -d --name t1 $image sleep 1000
	podman rm -f -t 0 t1
	local i pids=
	for i in $(seq 20); do
		p_run --rm --network none --name "many$i" $image echo "$i" > "$BATS_TEST_TMPDIR/$i" &
		pids+=" $!"
	done
	wait $pids # not for bats' own time limit
	for i in $(seq 20); do
		[[ $(< "$BATS_TEST_TMPDIR/$i") == "$i" ]]
	done
	assert_nothing_left
}
