# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Docker with Ringwall: started by tests/callers/run, which says how and with what.
# A dockerd of its own with its own containerd, overlay2 on /var/tmp, no registry;
# the runtime is a named one in daemon.json and the default.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	docker_setup
	docker run --rm --cgroup-parent "$CALLERS_PARENT" $image true
	docker run --rm --cgroup-parent "$CALLERS_PARENT" --network host $image true # pins that namespace
	host_baseline
}

teardown_file() { docker_end; }

teardown() { docker_clear; }

# bats test_tags=quick
@test "docker: run gives the output and status 0" {
	run d_run --rm $image echo hello
	assert_status 0
	assert_output hello
	assert_nothing_left
}

@test "docker: the container ran under the runtime asked for" {
	d_run --name t1 $image true
	run docker inspect --format '{{.HostConfig.Runtime}}' t1
	assert_output underTest
	run docker info --format '{{json .Runtimes.underTest}}'
	assert_contains "$RUNTIME"
}

@test "docker: exit status 3, 127 and 126 for commands that cannot start" {
	run d_run --rm $image sh -c 'exit 3'
	assert_status 3
	run -127 d_run --rm $image /no/such/program
	run -127 d_run --rm $image no-such-program
	run -126 d_run --rm $image /data/not-executable
	assert_nothing_left
}

@test "docker: stdin reaches the container, stdout and stderr stay apart" {
	run bash -c "echo 'through the pipe' | docker run --rm -i --cgroup-parent $CALLERS_PARENT $image cat"
	assert_output "through the pipe"
	d_run --rm $image sh -c 'echo out; echo err >&2' > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err"
	[[ $(< "$BATS_TEST_TMPDIR/out") == out && $(< "$BATS_TEST_TMPDIR/err") == err ]]
}

@test "docker: logs of a detached container" {
	d_run -d --name t1 $image sh -c 'echo one; echo two >&2'
	run docker wait t1
	assert_output 0
	run docker logs t1
	assert_contains one
	assert_contains two
	docker rm t1
	assert_nothing_left
}

# bats test_tags=quick
@test "docker: exec: output, status, user, environment, directory, and a missing command" {
	d_run -d --name t1 $image sleep 1000
	run docker exec t1 echo inside
	assert_output inside
	run docker exec t1 sh -c 'exit 5'
	assert_status 5
	run docker exec -u user -e X=1 -w /data t1 sh -c 'echo $(id -u):$(id -g) $X $PWD $FROM_IMAGE'
	assert_output "1000:1000 1 /data yes"
	run -137 docker exec t1 sh -c 'kill -KILL $$'
	run docker exec t1 /no/such/program # no run -127:
	# dockerd reads the runtime's message: 126 by runc's own wording, 127 by the file's absence
	((status == 126 || status == 127))
	run bash -c 'echo piped | docker exec -i t1 cat'
	assert_output piped
	docker rm -f t1
	assert_nothing_left
}

# bats test_tags=quick
@test "docker: run -it has a terminal of the caller's size" {
	run on_terminal docker run --rm -it --cgroup-parent "$CALLERS_PARENT" $image sh -c 'tty; sleep 1; stty size; exit 4'
	assert_status 4
	assert_contains /dev/pts/0
	assert_contains "33 111"
	assert_nothing_left
}

@test "docker: exec -it has a terminal" {
	d_run -d --name t1 $image sleep 1000
	run on_terminal docker exec -it t1 sh -c 'tty; test -t 0 && echo terminal; exit 6'
	assert_status 6
	assert_contains terminal
	docker rm -f t1
	assert_nothing_left
}

# bats test_tags=quick
@test "docker: stop ends by SIGTERM, or by SIGKILL when that is ignored" {
	d_run -d --name t1 $image sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
	d_run -d --name t2 $image sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	sleep 1
	docker stop -t 10 t1
	run docker inspect --format '{{.State.ExitCode}}' t1
	assert_output 9
	docker stop -t 1 t2
	run docker inspect --format '{{.State.ExitCode}}' t2
	assert_output 137
	docker rm t1 t2
	assert_nothing_left
}

@test "docker: kill sends the signal named" {
	d_run -d --name t1 $image sh -c 'trap "echo got it; exit 0" USR1; echo ready; while :; do sleep 0.1; done'
	retry 10 bash -c 'docker logs t1 | grep -q ready'
	docker kill -s USR1 t1
	run docker wait t1
	assert_output 0
	run docker logs t1
	assert_contains "got it"
}

@test "docker: create, start, restart, pause, unpause, top, cp" {
	docker create --cgroup-parent "$CALLERS_PARENT" --name t1 $image sleep 1000
	docker start t1
	docker restart -t 0 t1
	docker pause t1
	run docker inspect --format '{{.State.Status}}' t1
	assert_output paused
	docker unpause t1
	run docker exec t1 echo thawed
	assert_output thawed
	run docker top t1 -o pid,comm
	assert_contains sleep
	echo copied > "$BATS_TEST_TMPDIR/f"
	docker cp "$BATS_TEST_TMPDIR/f" t1:/data/f
	run docker exec t1 cat /data/f
	assert_output copied
	docker rm -f t1
	assert_nothing_left
}

@test "docker: isolation: pid 1, hostname, capabilities, seccomp, read-only paths, devices" {
	run d_run --rm --hostname inside $image sh -c 'echo $$; hostname; grep -E "^(CapEff|Seccomp):" /proc/self/status'
	[[ ${lines[0]} == 1 ]]
	assert_contains inside
	assert_contains "CapEff:	00000000a80425fb"
	assert_contains "Seccomp:	2"
	run d_run --rm $image sh -c 'echo 1 > /proc/sys/kernel/panic'
	assert_status 1
	assert_contains "Read-only file system"
	run d_run --rm $image sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop'
	assert_status 1
	assert_contains "Operation not permitted"
	run d_run --rm --device /dev/loop-control $image sh -c 'exec 3< /dev/loop-control && echo opened'
	assert_output opened
}

@test "docker: --privileged: every capability, every device; a privileged exec" {
	need_all_capabilities
	# What Docker asks for: 20.10 knows none after CAP_AUDIT_READ
	id=$(d_run -d --name t1 --privileged $image sleep 1000)
	asked=$(jq '.process.capabilities.bounding | length' "$CALLERS_WORK"/docker-exec/containerd/daemon/*/moby/"$id"/config.json)
	((asked >= 38))
	all=$(printf 'CapEff:\t%016x' $(((1 << asked) - 1)))
	run docker exec t1 grep CapEff /proc/1/status
	assert_output "$all"
	docker rm -f t1
	run d_run --rm --privileged $image sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop && echo opened'
	assert_output opened
	d_run -d --name t1 $image sleep 1000
	run docker exec --privileged t1 grep CapEff /proc/self/status
	assert_output "$all"
	docker rm -f t1
	assert_nothing_left
}

@test "docker: volumes, tmpfs, read-only root, user and groups, ulimits, sysctl" {
	mkdir "$BATS_TEST_TMPDIR/v"
	echo from-host > "$BATS_TEST_TMPDIR/v/file"
	run d_run --rm -v "$BATS_TEST_TMPDIR/v:/v:ro" $image sh -c 'cat /v/file; touch /v/x'
	assert_status 1
	assert_contains from-host
	assert_contains "Read-only file system"
	run d_run --rm --read-only --tmpfs /scratch:size=1m $image sh -c 'touch /scratch/a && ! touch /a 2>/dev/null && echo as wanted'
	assert_output "as wanted"
	run d_run --rm -u 1000:1000 --group-add 2000 -w /tmp $image sh -c 'id -u; id -G; pwd'
	assert_output $'1000\n1000 2000\n/tmp'
	run d_run --rm --ulimit nofile=77:88 --sysctl net.ipv4.ip_default_ttl=77 $image \
		sh -c 'ulimit -n; ulimit -Hn; cat /proc/sys/net/ipv4/ip_default_ttl'
	assert_output $'77\n88\n77'
	assert_nothing_left
}

@test "docker: networks: none, bridge, host, and another container's" {
	run d_run --rm --network none $image ls /sys/class/net
	assert_output lo
	d_run -d --name t1 $image sh -c 'echo served > /tmp/f; httpd -f -p 8080 -h /tmp'
	run d_run --rm --network container:t1 $image sh -c 'sleep 1; wget -qO- http://127.0.0.1:8080/f'
	assert_output served
	address=$(docker inspect --format '{{.NetworkSettings.IPAddress}}' t1)
	run d_run --rm $image wget -qO- "http://$address:8080/f"
	assert_output served
	run d_run --rm --network host $image readlink /proc/self/ns/net
	assert_output "$(readlink /proc/self/ns/net)"
	run d_run --rm --pid container:t1 $image ps
	assert_contains httpd
	docker rm -f t1
	assert_nothing_left
}

# bats test_tags=quick
@test "docker: memory, pids and cpu limits are in the container's cgroup, and update changes them" {
	need_controller memory
	need_controller pids
	need_controller cpu
	d_run -d --name t1 --memory 64m --memory-swap 64m --pids-limit 33 --cpus 0.5 $image sleep 1000
	run docker exec t1 sh -c 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max'
	assert_output $'67108864\n33\n50000 100000'
	docker update --memory 96m --memory-swap 96m --pids-limit 44 --cpus 0.25 t1
	run docker exec t1 sh -c 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max'
	assert_output $'100663296\n44\n25000 100000'
	docker rm -f t1
	run d_run --name t2 --memory 16m --memory-swap 16m $image sh -c 'x=$(head -c 64m /dev/zero | tr "\0" x); echo survived'
	assert_status 137
	run docker inspect --format '{{.State.OOMKilled}}' t2
	assert_output true
	docker rm t2
	assert_nothing_left
}

@test "docker: a health check's execs, and a build's RUN" {
	d_run -d --name t1 --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 $image \
		sh -c 'sleep 3; touch /tmp/well; sleep 1000'
	retry 20 bash -c '[[ $(docker inspect --format "{{.State.Health.Status}}" t1) == healthy ]]'
	docker rm -f t1
	printf 'FROM %s\nRUN echo built > /data/built\n' $image > "$BATS_TEST_TMPDIR/Dockerfile"
	DOCKER_BUILDKIT=0 docker build -q --cgroup-parent "$CALLERS_PARENT" -t built "$BATS_TEST_TMPDIR"
	run d_run --rm built cat /data/built
	assert_output built
	docker rmi built
	assert_nothing_left
}

@test "docker: rm -f of a running container; twenty at once" {
	d_run -d --name t1 $image sleep 1000
	docker rm -f t1
	local i pids=
	for i in $(seq 20); do
		d_run --rm --network none "$image" echo "$i" > "$BATS_TEST_TMPDIR/$i" &
		pids+=" $!"
	done
	wait $pids # not for bats' own time limit
	for i in $(seq 20); do
		[[ $(< "$BATS_TEST_TMPDIR/$i") == "$i" ]]
	done
	assert_nothing_left
}
