# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Docker with Ringwall: limits that are in the container's cgroup and hold there, and what Docker tells of them: update, stats,
# events.  Nearly all of it wants a host where every controller is cgroup v2's, as in tools/vm.  See docker.bats.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	docker_setup
	d_run --rm $image true
	host_baseline
}

teardown_file() { docker_end; }

teardown() { docker_clear; }

need_controllers() {
	local name
	for name in "$@"; do
		need_controller "$name"
	done
}

inside() { # NAME FILE…: of the container's cgroup
	docker exec "$1" sh -c 'cd /sys/fs/cgroup && shift && exec cat "$@"' sh "$@"
}

stat_of() { # NAME FILE KEY
	inside "$1" "$2" | awk -v key="$3" '$1 == key { print $2 }'
}

cgroup_of() { # NAME
	echo "/sys/fs/cgroup$(cut -d: -f3 "/proc/$(docker inspect --format '{{.State.Pid}}' "$1")/cgroup")"
}

at_least() { # NUMBER COMMAND…: its output is no less
	local output
	output=$("${@:2}")
	((output >= $1)) || { echo "$output, not $1"; return 1; }
}

@test "docker: every limit of run is in the cgroup; update changes them, of a running, a paused and a stopped container" {
	need_controllers memory cpu cpuset pids
	d_run -d --name t1 --memory 64m --memory-swap 96m --memory-reservation 32m --cpu-shares 512 --cpu-period 50000 --cpu-quota 20000 \
		--cpuset-cpus 1 --cpuset-mems 0 --pids-limit 33 --oom-score-adj 77 $image sleep 1000
	run inside t1 memory.max memory.swap.max memory.low cpu.weight cpu.max cpuset.cpus cpuset.mems pids.max /proc/1/oom_score_adj
	# (shares become a weight as with runc since 1.3.2: 1024 are 100)
	assert_output $'67108864\n33554432\n33554432\n59\n20000 50000\n1\n0\n33\n77'
	docker update --memory-reservation 16m --cpu-shares 1024 --cpu-quota 10000 --cpuset-cpus 0 --pids-limit -1 t1
	run inside t1 memory.max memory.low cpu.weight cpu.max cpuset.cpus pids.max
	assert_output $'67108864\n16777216\n100\n10000 50000\n0\nmax'
	# What is left out stays
	docker pause t1
	docker update --memory 80m --memory-swap 112m t1
	docker unpause t1
	run inside t1 memory.max memory.swap.max memory.low cpu.weight
	assert_output $'83886080\n33554432\n16777216\n100'
	docker stop -t 0 t1
	docker update --pids-limit 55 t1
	docker start t1
	run inside t1 memory.max memory.swap.max memory.low cpu.weight cpuset.cpus pids.max
	assert_output $'83886080\n33554432\n16777216\n100\n0\n55'
	docker rm -f t1
	assert_nothing_left
}

@test "docker: the bandwidth of a disk, and a weight" {
	local disk number weight
	need_controllers io
	disk=$(find /sys/class/block -mindepth 1 -maxdepth 1 ! -name 'loop*' ! -name 'ram*' -printf '%f\n' | sort | head -n 1)
	[[ -b /dev/$disk ]] || not_here "there is no disk"
	number=$(< "/sys/class/block/$disk/dev")
	d_run -d --name t1 --device-write-bps "/dev/$disk:1mb" --device-read-iops "/dev/$disk:500" $image sleep 1000
	run inside t1 io.max
	assert_output "$number rbps=max wbps=1048576 riops=500 wiops=max"
	if docker exec t1 test -e /sys/fs/cgroup/io.bfq.weight; then # runc writes the one if it is there, else the other
		weight="io.bfq.weight 300"
	else
		weight="io.weight 2930"
	fi
	docker rm -f t1
	d_run -d --name t1 --blkio-weight 300 $image sleep 1000
	run stat_of t1 "${weight% *}" default
	assert_output "${weight#* }"
	docker rm -f t1
	assert_nothing_left
}

@test "docker: --pids-limit refuses the process too many, until update allows more" {
	need_controllers pids
	d_run -d --name t1 --pids-limit 4 $image sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	run docker exec t1 sh -c 'for i in 1 2 3 4 5; do sleep 100 & done'
	assert_contains "can't fork"
	# From outside: an exec would be one too many
	at_least 1 awk '$1 == "max" { print $2 }' "$(cgroup_of t1)/pids.events"
	docker restart -t 1 t1
	docker update --pids-limit 40 t1
	run docker exec t1 sh -c 'for i in 1 2 3 4 5; do sleep 1 & done; echo all'
	assert_output all
	docker rm -f t1
	assert_nothing_left
}

@test "docker: --cpus holds a container back, exec'ed processes with it" {
	need_controllers cpu
	d_run -d --name t1 --cpus 0.2 $image sleep 1000
	docker exec -d t1 sh -c 'while :; do :; done'
	retry 30 at_least 5 stat_of t1 cpu.stat nr_throttled
	docker update --cpus 0.4 t1
	run inside t1 cpu.max
	assert_output "40000 100000"
	docker rm -f t1
	assert_nothing_left
}

oom='x=$(head -c 64m /dev/zero | tr "\0" x); echo survived'

@test "docker: out of memory: status 137, OOMKilled and an event; of a process beside the first, which lives on; started again" {
	local since
	need_controllers memory
	since=$(date +%s)
	run -137 d_run --name t1 --memory 16m --memory-swap 16m $image sh -c "$oom"
	# The shim tells of it beside the container's end, in no order
	retry 10 bash -c '[[ $(docker inspect --format "{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}" t1) == "true 137 exited" ]]'
	d_run -d --name t2 --memory 16m --memory-swap 16m $image sleep 1000
	run -137 docker exec t2 sh -c "$oom"
	run docker exec t2 echo lives
	assert_output lives
	at_least 1 stat_of t2 memory.events oom_kill
	d_run -d --name t3 --restart on-failure:1 --memory 16m --memory-swap 16m $image sh -c "$oom"
	retry 60 bash -c '[[ $(docker inspect --format "{{.RestartCount}} {{.State.Status}}" t3) == "1 exited" ]]'
	run docker events --since "$since" --until "$(($(date +%s) + 1))" --filter type=container --filter event=oom \
		--format '{{.Actor.Attributes.name}}'
	assert_contains t1
	assert_contains t2
	assert_contains t3
	# One that ends otherwise is not said to be out of memory
	run -3 d_run --name t4 --memory 16m $image sh -c 'exit 3'
	run docker inspect --format '{{.State.OOMKilled}}' t4
	assert_output false
	docker rm -f t1 t2 t3 t4
	assert_nothing_left
}

@test "docker: stats: memory and its limit, processes, processor, network and disk" {
	need_controllers memory pids cpu
	d_run -d --name t1 --memory 64m $image sh -c 'sleep 1001 & sleep 1002 & while :; do echo x > /data/x; done'
	run docker stats --no-stream --format '{{.Name}}|{{.PIDs}}|{{.MemUsage}}|{{.CPUPerc}}|{{.NetIO}}' t1
	[[ $output =~ ^t1\|3\|([0-9.]+)(KiB|MiB)\ /\ 64MiB\|([0-9.]+)%\|.*B\ /\ .*B$ ]] || { echo "$output"; return 1; }
	[[ ${BASH_REMATCH[1]} != 0 && ${BASH_REMATCH[3]} != 0.00 ]] || { echo "$output"; return 1; }
	docker rm -f t1
	assert_nothing_left
}

@test "docker: --cgroupns host and private, and where the container's cgroup is" {
	run d_run --rm --cgroupns private $image tail -n 1 /proc/self/cgroup
	assert_output "0::/"
	run d_run --rm --cgroupns host $image tail -n 1 /proc/self/cgroup
	assert_contains "$CALLERS_PARENT"
	run d_run --rm $image sh -c 'echo +cpu > /sys/fs/cgroup/cgroup.subtree_control'
	assert_status 1
	assert_contains "Read-only file system"
	assert_nothing_left
}
