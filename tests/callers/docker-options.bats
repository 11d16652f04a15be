# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Docker with Ringwall: what else `docker run` can ask for, and what Docker tells of its containers.  See docker.bats.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	if docker_version_at_least 25; then docker_setup '.features = {cdi: true}'; else docker_setup; fi
	d_run --rm $image true
	d_run --rm --network host $image true # pins that namespace
	host_baseline
}

teardown_file() { docker_end; }

teardown() {
	docker_clear
	! mountpoint -q "$BATS_TEST_TMPDIR/src" || umount -R "$BATS_TEST_TMPDIR/src"
}

ended() { # PID of a child: sets its status, as `run` does
	status=0
	wait "$1" || status=$?
}

state_is() { # NAME FORMAT VALUE
	[[ $(docker inspect --format "{{$2}}" "$1") == "$3" ]]
}

@test "docker: restart policies: on-failure so many times, always, unless stopped" {
	d_run -d --name t1 --restart on-failure:2 $image sh -c 'echo began; exit 3'
	d_run -d --name t2 --restart always $image sh -c 'echo began; sleep 0.2'
	d_run -d --name t3 --restart on-failure $image true
	retry 20 state_is t1 .RestartCount 2
	retry 10 state_is t1 .State.Status exited
	run docker logs t1
	assert_output $'began\nbegan\nbegan'
	run docker inspect --format '{{.State.ExitCode}}' t1
	assert_output 3
	retry 20 bash -c '(($(docker inspect --format "{{.RestartCount}}" t2) >= 2))'
	state_is t3 .RestartCount 0
	retry 10 docker update --restart no t2 # not while it starts again
	docker stop -t 1 t2
	docker rm t1 t2 t3
	assert_nothing_left
}

@test "docker: a container killed from outside is restarted" {
	d_run -d --name t1 --restart always $image sleep 1000
	kill -KILL "$(docker inspect --format '{{.State.Pid}}' t1)"
	retry 20 state_is t1 .RestartCount 1
	retry 10 state_is t1 .State.Status running # which .State.Running is also while it restarts
	run docker exec t1 echo back
	assert_output back
	docker rm -f t1
	assert_nothing_left
}

@test "docker: --init reaps, and passes signals on" {
	command -v docker-init > /dev/null || not_here "docker-init is not installed"
	d_run -d --name t1 --init $image sh -c 'trap "exit 5" TERM; (sleep 0.1 & exec sh -c "sleep 0.2; exit 0") & while :; do sleep 0.1; done'
	run docker exec t1 cat /proc/1/comm
	assert_output docker-init
	sleep 1
	run docker exec t1 ps -o stat,comm
	[[ $output != *Z* ]]
	docker stop -t 5 t1
	state_is t1 .State.ExitCode 5
	docker rm t1
	assert_nothing_left
}

@test "docker: --read-only, --tmpfs with its options, --mount, --shm-size" {
	run d_run --rm --read-only --tmpfs /t:rw,noexec,size=2m,mode=1770 --shm-size 3m $image \
		sh -c 'touch /x; grep " /t " /proc/mounts | tr , "\n" | grep -e ^noexec -e ^size -e ^mode; df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2'
	assert_contains "touch: /x: Read-only file system"
	assert_contains noexec
	assert_contains size=2048k
	assert_contains mode=1770
	assert_contains 3072
	mkdir -p "$BATS_TEST_TMPDIR/v/sub"
	run d_run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/v,target=/v,readonly" --mount type=tmpfs,target=/w,tmpfs-size=1m $image \
		sh -c 'touch /w/a && touch /v/sub/b'
	assert_status 1
	assert_contains "Read-only file system"
}

@test "docker: volumes: one of its own, filled from the image, shared, and gone" {
	docker volume create v1
	d_run --rm -v v1:/data $image sh -c 'cat /data/not-executable; echo more > /data/more'
	run d_run --rm -v v1:/elsewhere:ro $image sh -c 'cat /elsewhere/more; touch /elsewhere/x'
	assert_contains more
	assert_contains "Read-only file system"
	d_run -d --name t1 -v v1:/data $image sleep 1000
	run d_run --rm --volumes-from t1 $image cat /data/more
	assert_output more
	docker rm -f t1
	docker volume rm v1
	d_run --name t2 -v /anonymous $image touch /anonymous/x
	docker rm -v t2
	[[ ! $(docker volume ls -q) ]]
	assert_nothing_left
}

@test "docker: mount propagation into a container" {
	mkdir "$BATS_TEST_TMPDIR/p"
	mount -t tmpfs p "$BATS_TEST_TMPDIR/p"
	mount --make-shared "$BATS_TEST_TMPDIR/p"
	mkdir "$BATS_TEST_TMPDIR/p/later"
	d_run -d --name t1 -v "$BATS_TEST_TMPDIR/p:/p:rslave" $image sleep 1000
	mount -t tmpfs later "$BATS_TEST_TMPDIR/p/later"
	touch "$BATS_TEST_TMPDIR/p/later/seen"
	run docker exec t1 ls /p/later
	umount -R "$BATS_TEST_TMPDIR/p"
	assert_output seen
	docker rm -f t1
}

@test "docker: --device with its rights, --device-cgroup-rule" {
	run d_run --rm --device /dev/null:/dev/xnull:r $image sh -c 'cat /dev/xnull && echo read; echo > /dev/xnull'
	assert_contains read
	run d_run --rm --device /dev/loop-control:/dev/lc:rw $image sh -c 'ls /dev/lc; exec 3< /dev/lc && echo opened'
	assert_output $'/dev/lc\nopened'
	run d_run --rm --device-cgroup-rule 'c 10:237 rwm' $image sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop && echo opened'
	assert_output opened
}

@test "docker: --cap-add, --cap-drop, --user with capabilities" {
	run d_run --rm --cap-drop ALL $image grep -E 'Cap(Eff|Bnd|Prm)' /proc/self/status
	assert_output $'CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000'
	run d_run --rm --cap-drop ALL --cap-add NET_ADMIN $image sh -c 'grep CapEff /proc/self/status; ip link add d type dummy 2>&1 || ip link set lo down && echo admin'
	assert_contains "CapEff:	0000000000001000"
	assert_contains admin
	run d_run --rm --user 1000 --cap-add SYS_TIME $image grep -E 'Cap(Eff|Bnd)' /proc/self/status
	assert_contains "CapEff:	0000000000000000"
	assert_contains "CapBnd:	00000000aa0425fb"
}

@test "docker: --security-opt: seccomp file, unconfined, no-new-privileges, systempaths" {
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}' \
		> "$BATS_TEST_TMPDIR/seccomp.json"
	run d_run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/seccomp.json" $image mkdir /tmp/x
	assert_status 1
	assert_contains "Function not implemented"
	run d_run --rm --security-opt seccomp=unconfined $image grep Seccomp: /proc/self/status
	assert_output "Seccomp:	0"
	run d_run --rm --security-opt no-new-privileges $image grep NoNewPrivs /proc/self/status
	assert_output "NoNewPrivs:	1"
	run d_run --rm --security-opt systempaths=unconfined $image sh -c 'grep -c " /proc/[a-z]" /proc/self/mountinfo'
	assert_output 0
}

@test "docker: namespaces: pid, ipc, uts and network of the host, a container's ipc" {
	run d_run --rm --pid host --ipc host --uts host --network host $image sh -c 'for n in pid ipc uts net; do readlink /proc/self/ns/$n; done'
	assert_output "$(readlink /proc/self/ns/pid /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/net)"
	d_run -d --name t1 --ipc shareable $image sh -c 'echo shared > /dev/shm/x; sleep 1000'
	retry 5 docker exec t1 test -s /dev/shm/x
	run d_run --rm --ipc container:t1 $image cat /dev/shm/x
	assert_output shared
	docker rm -f t1
	assert_nothing_left
}

@test "docker: user-defined networks: names, aliases, several at once, connect; published ports" {
	docker network create n1
	docker network create n2
	d_run -d --name t1 --network n1 --network-alias web -p 127.0.0.1:18080:8080 $image sh -c 'echo served > /tmp/f; httpd -f -p 8080 -h /tmp'
	# (busybox's static resolver needs no library: DNS by its own nslookup)
	run d_run --rm --network n1 $image sh -c 'nslookup web 127.0.0.11'
	assert_contains "$(docker inspect --format '{{.NetworkSettings.Networks.n1.IPAddress}}' t1)"
	docker network connect n2 t1
	run docker exec t1 sh -c 'ls /sys/class/net | xargs'
	assert_contains eth1
	docker network disconnect n1 t1
	run d_run --rm --network n2 $image wget -qO- "http://$(docker inspect --format '{{.NetworkSettings.Networks.n2.IPAddress}}' t1):8080/f"
	assert_output served
	docker network connect n1 t1
	run retry 10 bash -c 'exec 3<> /dev/tcp/127.0.0.1/18080; printf "GET /f HTTP/1.0\r\n\r\n" >&3; cat <&3'
	assert_contains served
	docker rm -f t1
	docker network rm n1 n2
	assert_nothing_left
}

@test "docker: what Docker writes for a container: hosts, resolv.conf, hostname, a MAC address; a range of ports" {
	run d_run --rm --hostname inside --add-host other:192.0.2.7 --dns 192.0.2.53 --dns-search example.org --mac-address 02:42:00:00:00:07 $image \
		sh -c 'cat /etc/hostname; grep other /etc/hosts; cat /etc/resolv.conf /sys/class/net/eth0/address; echo mine >> /etc/hosts && tail -n 1 /etc/hosts'
	[[ ${lines[0]} == inside ]]
	assert_contains $'192.0.2.7\tother'
	assert_contains "nameserver 192.0.2.53"
	assert_contains "search example.org"
	assert_contains 02:42:00:00:00:07
	assert_contains mine
	run d_run --rm --read-only $image sh -c 'echo mine >> /etc/hosts; touch /etc/x'
	assert_contains "/etc/x: Read-only file system"
	d_run -d --name t1 -p 127.0.0.1:18083-18084:8083-8084 $image sh -c 'nc -ll -p 8084 -e echo second & exec nc -ll -p 8083 -e echo first'
	retry 10 bash -c 'exec 3<> /dev/tcp/127.0.0.1/18083; read -r -t 5 line <&3; [[ $line == first ]]'
	retry 10 bash -c 'exec 3<> /dev/tcp/127.0.0.1/18084; read -r -t 5 line <&3; [[ $line == second ]]'
	docker rm -f t1
	assert_nothing_left
}

@test "docker: stats, top, events, update, attach, rename, diff, commit, export" {
	since=$(date +%s)
	d_run -d --name t1 $image sh -c 'echo x > /data/new; sleep 1000'
	run docker stats --no-stream --format '{{.Name}} {{.PIDs}}' t1
	[[ $output == "t1 "* ]]
	run docker top t1
	assert_contains "sleep 1000"
	docker update --restart on-failure:3 t1
	docker rename t1 t2
	run docker diff t2
	assert_contains "A /data/new"
	docker commit t2 committed
	run d_run --rm committed cat /data/new
	assert_output x
	docker export -o "$BATS_TEST_TMPDIR/exported" t2
	tar -tf "$BATS_TEST_TMPDIR/exported" data/new
	exported=$(docker inspect --format '{{.GraphDriver.Data.MergedDir}}' t2)
	docker pause t2
	docker unpause t2
	docker kill t2
	docker rm t2
	docker rmi committed
	run docker events --since "$since" --until "$(($(date +%s) + 1))" --filter type=container --format '{{.Action}} {{.Actor.Attributes.exitCode}}'
	for action in create start pause unpause kill 'die 137' destroy; do
		assert_contains "$action"
	done
	# Docker 26 forgets it, under any runtime, if the container was running then
	! mountpoint -q "$exported" || { docker_version_at_least 25 && umount "$exported"; }
	assert_nothing_left
}

@test "docker: attach with a terminal sees what is typed" {
	d_run -dit --name t1 $image cat
	run on_terminal sh -c '(sleep 1; echo typed; sleep 1; docker kill t1 > /dev/null) | script -qec "docker attach t1" /dev/null'
	assert_contains typed
	docker rm -f t1
}

@test "docker: the OCI runtime's errors reach whoever asked, once, and exit statuses are 125, 126, 127" {
	run -125 d_run --rm --mount type=bind,source=/no/such,target=/x $image true
	run -127 d_run --rm --entrypoint /no/such $image
	run -126 d_run --rm --entrypoint /data $image
	run -125 d_run --rm --user nonsense $image true
	run -127 d_run --rm $image no-such-program
	[[ $(grep -c 'executable file not found in $PATH' <<< "$output") == 1 ]]
	[[ $output != *"hint:"* ]]
	assert_nothing_left
}

@test "docker: run in the foreground passes signals on, and ends with the container's status; so does attach" {
	docker run --name t1 --cgroup-parent "$CALLERS_PARENT" $image sh -c 'trap "echo got it; exit 9" HUP; echo ready; while :; do sleep 0.1; done' \
		> "$BATS_TEST_TMPDIR/out" 3>&- &
	client=$!
	retry 20 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -HUP $client
	ended $client
	assert_status 9
	grep -q "got it" "$BATS_TEST_TMPDIR/out"
	docker start t1
	docker attach t1 > "$BATS_TEST_TMPDIR/out" 3>&- &
	client=$!
	retry 20 docker top t1
	sleep 1
	docker kill -s HUP t1
	ended $client
	assert_status 9
	docker rm t1
	assert_nothing_left
}

@test "docker: logs: followed to the container's end, the last ones, with times, of an exec none" {
	d_run -d --name t1 $image sh -c 'echo one; until [ -e /tmp/go ]; do sleep 0.1; done; echo two; echo three'
	docker logs -f t1 > "$BATS_TEST_TMPDIR/log" 3>&- &
	client=$!
	retry 20 grep -q one "$BATS_TEST_TMPDIR/log"
	docker exec t1 sh -c 'echo elsewhere; touch /tmp/go'
	ended $client
	assert_status 0
	run cat "$BATS_TEST_TMPDIR/log"
	assert_output $'one\ntwo\nthree'
	run docker logs --tail 1 --timestamps t1
	[[ $output =~ ^[0-9]{4}-[0-9-]+T[0-9:.]+Z\ three$ ]]
	# A process that outlives the first holds its output open: it goes with the container, and the logs end
	d_run -d --name t2 $image sh -c 'sleep 1000 & echo left'
	run timeout 60 docker logs -f t2
	assert_status 0
	assert_output left
	docker rm t1 t2
	assert_nothing_left
}

@test "docker: exec: detached, with a file of variables, refused where paused or stopped, at the container's end" {
	d_run -d --name t1 --stop-signal KILL $image sleep 1000
	docker exec -d t1 sh -c 'echo done > /data/detached'
	retry 20 docker exec t1 test -s /data/detached
	echo FROM_FILE=yes > "$BATS_TEST_TMPDIR/env"
	run docker exec --env-file "$BATS_TEST_TMPDIR/env" t1 sh -c 'echo $FROM_FILE'
	assert_output yes
	run on_terminal docker exec -it t1 no-such-program
	((status == 126 || status == 127)) # as in docker.bats
	assert_contains 'executable file not found in $PATH'
	docker pause t1
	run -1 docker exec t1 true
	assert_contains "is paused"
	docker unpause t1
	docker exec t1 sleep 1000 > "$BATS_TEST_TMPDIR/out" 3>&- &
	client=$!
	retry 20 bash -c 'docker top t1 | grep -c "sleep 1000" | grep -qx 2'
	docker stop t1
	ended $client
	assert_status 137
	run -1 docker exec t1 true
	assert_contains "is not running"
	docker rm t1
	assert_nothing_left
}

@test "docker: signals: --stop-signal and --stop-timeout, by number, to a paused container; rm -f of one" {
	d_run -d --name t1 --stop-signal USR2 $image sh -c 'trap "exit 12" USR2; while :; do sleep 0.1; done'
	d_run -d --name t2 --stop-timeout 1 $image sh -c 'trap "" TERM; trap "echo ten" 10; echo ready; while :; do sleep 0.1; done'
	retry 20 bash -c 'docker logs t2 | grep -q ready'
	docker stop t1
	state_is t1 .State.ExitCode 12
	docker kill -s 10 t2
	retry 20 bash -c 'docker logs t2 | grep -q ten'
	docker stop t2
	state_is t2 .State.ExitCode 137
	d_run -d --name t3 $image sleep 1000
	docker pause t3
	docker rm -f t3
	docker rm t1 t2
	assert_nothing_left
}

@test "docker: AppArmor: Docker's own profile, of exec too, none, and one that there is not" {
	need_apparmor
	d_run -d --name t1 $image sleep 1000
	[[ $(< "/proc/$(docker inspect --format '{{.State.Pid}}' t1)/attr/apparmor/current") == "docker-default (enforce)" ]]
	run docker exec t1 cat /proc/self/attr/apparmor/current
	assert_output "docker-default (enforce)"
	# Docker leaves the profile on also where exec is privileged
	run docker exec --privileged t1 cat /proc/self/attr/apparmor/current
	assert_output "docker-default (enforce)"
	# What it forbids, though capabilities would not
	run d_run --rm --cap-add SYS_ADMIN $image mount -t tmpfs t /tmp
	((status)) # busybox's
	assert_contains "Permission denied"
	run d_run --rm --cap-add SYS_ADMIN --security-opt apparmor=unconfined $image sh -c 'mount -t tmpfs t /tmp && cat /proc/self/attr/apparmor/current'
	assert_output unconfined
	run -125 d_run --rm --security-opt apparmor=not-there $image true
	assert_contains not-there
	run -0 d_run --rm --privileged $image cat /proc/self/attr/apparmor/current
	assert_output unconfined
	docker rm -f t1
	assert_nothing_left
}

@test "docker: --ipc none, private, --uts host, --pid of a container that ends first" {
	run d_run --rm --ipc none $image sh -c 'grep -c " /dev/shm " /proc/mounts'
	assert_output 0
	run d_run --rm --ipc private $image readlink /proc/self/ns/ipc
	assert_contains ipc:
	[[ $output != "$(readlink /proc/self/ns/ipc)" ]]
	d_run -d --name t1 $image sleep 1000
	d_run -d --name t2 --pid container:t1 $image sleep 1000
	run docker exec t2 ps -o args
	[[ $(grep -c "sleep 1000" <<< "$output") == 2 ]]
	docker stop -t 0 t1
	retry 20 state_is t2 .State.Running false # with its namespace's first process
	state_is t2 .State.ExitCode 137
	docker rm t1 t2
	assert_nothing_left
}

@test "docker: bind mounts are read-only with what is mounted below, or as bind-recursive says" {
	since docker 25
	src=$BATS_TEST_TMPDIR/src
	mkdir "$src"
	mount -t tmpfs outer "$src"
	mkdir "$src/in"
	mount -t tmpfs inner "$src/in"
	touch "$src/in/seen"
	# Docker asks the runtime's `features` whether it can
	for option in readonly readonly,bind-recursive=readonly,bind-propagation=rprivate; do
		run d_run --rm --mount "type=bind,source=$src,target=/v,$option" $image sh -c 'exec 2>&1; ls /v/in; touch /v/x /v/in/x'
		assert_status 1
		assert_output $'seen\ntouch: /v/x: Read-only file system\ntouch: /v/in/x: Read-only file system'
	done
	run d_run --rm -v "$src:/v:ro" $image touch /v/in/x
	assert_status 1
	assert_contains "Read-only file system"
	run d_run --rm --mount "type=bind,source=$src,target=/v,readonly,bind-recursive=writable" $image \
		sh -c 'touch /v/in/made && touch /v/x'
	assert_status 1
	assert_contains "/v/x: Read-only file system"
	[[ -e $src/in/made && ! -e $src/x ]]
	run d_run --rm --mount "type=bind,source=$src,target=/v,bind-recursive=disabled" $image sh -c 'ls /v/in; touch /v/made'
	umount "$src/in"
	[[ -e $src/made ]]
	umount "$src"
	assert_status 0
	assert_output ""
}

@test "docker: a volume's subdirectory, and none outside of it" {
	since docker 26
	docker volume create v1
	d_run --rm -v v1:/v $image sh -c 'mkdir -p /v/sub/deeper; ln -s /etc /v/link; ln -s ../.. /v/up'
	run d_run --rm --mount type=volume,source=v1,target=/s,volume-subpath=sub $image sh -c 'touch /s/made; ls /s'
	assert_output $'deeper\nmade'
	for path in link up ../..; do
		run -125 d_run --rm --mount "type=volume,source=v1,target=/s,volume-subpath=$path" $image true
	done
	docker volume rm v1
	assert_nothing_left
}

@test "docker: devices of CDI: nodes, mounts, environment, hooks" {
	since docker 25
	need_own_etc
	mkdir -p /etc/cdi
	jq -n --arg dir "$BATS_TEST_TMPDIR" '{cdiVersion: "0.5.0", kind: "example.com/thing", devices: [{name: "one", containerEdits: {
		env: ["THING=one"], deviceNodes: [{path: "/dev/thing", hostPath: "/dev/loop-control", permissions: "r"}],
		mounts: [{hostPath: $dir, containerPath: "/thing", options: ["ro", "bind"]}],
		hooks: [{hookName: "createContainer", path: "/bin/sh", args: ["sh", "-c", "cat > \($dir)/hooked"]}]}}]}' > /etc/cdi/thing.json
	run d_run --rm --device example.com/thing=one $image \
		sh -c 'echo $THING; exec 3< /dev/thing && echo opened; touch /thing/x; (: <> /dev/thing)'
	assert_status 1
	rm /etc/cdi/thing.json
	assert_contains $'one\nopened'
	assert_contains "touch: /thing/x: Read-only file system"
	assert_contains "/dev/thing: Operation not permitted"
	[[ $(jq -r .status "$BATS_TEST_TMPDIR/hooked") == creat* ]]
	assert_nothing_left
}

@test "docker: annotations, several networks at once, a health check's start interval, what info says of the runtime" {
	since docker 25
	docker network create n1
	docker network create n2
	d_run -d --name t1 --annotation org.example.note=kept --network n1 --network name=n2,alias=web --health-cmd 'test -e /tmp/well' \
		--health-start-period 60s --health-start-interval 1s --health-interval 60s $image sh -c 'sleep 1; touch /tmp/well; sleep 1000'
	run docker exec t1 sh -c 'ls /sys/class/net | xargs; nslookup web 127.0.0.11'
	assert_contains "eth0 eth1 lo"
	assert_contains "$(docker inspect --format '{{.NetworkSettings.Networks.n2.IPAddress}}' t1)"
	run bash -c 'jq -r .annotations.\"org.example.note\" "$CALLERS_WORK"/docker-exec/containerd/daemon/io.containerd.runtime.v2.task/moby/*/config.json'
	assert_output kept
	retry 20 state_is t1 .State.Health.Status healthy
	docker rm -f t1
	docker network rm n1 n2
	run docker info --format '{{json .Runtimes.underTest}}'
	run jq -r '.status."org.opencontainers.runtime-spec.features" | fromjson | .linux.cgroup.v2' <<< "$output"
	assert_output true
	assert_nothing_left
}
