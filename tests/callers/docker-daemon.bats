# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Docker with Ringwall: daemons that are configured otherwise, that die, and what is built with them.  See docker.bats.

bats_require_minimum_version 1.5.0
load common

setup_file() { need_rig; }

teardown() { docker_end; }

@test "docker: live-restore: a daemon that is restarted, or killed, finds its containers running" {
	docker_setup '."live-restore" = true'
	d_run -d --name t1 $image sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	d_run -d --name t2 --stop-signal KILL $image sleep 1000
	d_run -d --name t3 $image sh -c 'sleep 3; exit 4'
	d_run -d --name t4 $image sleep 1000
	docker pause t4
	before=$(docker inspect --format '{{.State.Pid}}' t1)
	stop_daemon "$CALLERS_WORK/docker.pid"
	dead "$before" && return 1
	sleep 3 # t3 ends while nobody looks
	dockerd_again
	run docker inspect --format '{{.State.Running}} {{.State.Pid}}' t1
	assert_output "true $before"
	run docker exec t1 echo inside
	assert_output inside
	run docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' t3
	# containerd 1.7 ends the shim of a task that is over when it comes back, before anybody can ask it
	if containerd_version_at_least 1.7; then assert_output "exited 255"; else assert_output "exited 4"; fi
	run docker inspect --format '{{.State.Status}}' t4
	assert_output paused
	docker unpause t4
	run docker exec t4 echo thawed
	assert_output thawed
	pid=$(< "$CALLERS_WORK/docker.pid")
	kill -KILL "$pid"
	retry 10 dead "$pid"
	retry 10 dead "$(< "$CALLERS_WORK/docker-exec/containerd/containerd.pid")" # its own: they die together
	rm -f "$CALLERS_WORK/docker.pid"
	dockerd_again
	docker pause t2
	docker unpause t2
	docker stop -t 5 t1
	run docker logs t1
	assert_contains "got it"
	run docker inspect --format '{{.State.ExitCode}}' t1
	assert_output 9
}

@test "docker: a daemon that ends takes its containers along, and starts those again that are to be" {
	docker_setup
	d_run -d --name t1 --restart always --stop-signal KILL $image sleep 1000
	d_run -d --name t2 --stop-signal KILL $image sleep 1000
	d_run -d --name t3 --restart unless-stopped --stop-signal KILL $image sleep 1000
	d_run -d --name t4 --restart unless-stopped --stop-signal KILL $image sleep 1000
	docker stop t4
	before=$(docker inspect --format '{{.State.Pid}}' t1)
	stop_daemon "$CALLERS_WORK/docker.pid"
	dead "$before"
	dockerd_again
	retry 10 bash -c '[[ $(docker inspect --format "{{.State.Running}}" t1 t3 | xargs) == "true true" ]]'
	run docker inspect --format '{{.State.Running}}' t2 t4
	assert_output $'false\nfalse'
	docker rm -f t1 t2 t3 t4
}

@test "docker: --userns-remap: root is nobody outside; volumes, exec, and --userns host" {
	need_own_etc
	grep -q '^dockremap:' /etc/passwd || useradd -r -M dockremap
	grep -q '^dockremap:' /etc/subuid || echo dockremap:500000:65536 >> /etc/subuid
	grep -q '^dockremap:' /etc/subgid || echo dockremap:500000:65536 >> /etc/subgid
	docker_setup '."userns-remap" = "default"'
	d_run -d --name t1 $image sleep 1000
	run docker exec t1 sh -c 'id -u; head -n 1 /proc/self/uid_map | tr -s " "; touch /x; stat -c %u /x'
	assert_contains "0 500000 65536"
	[[ $(stat -c %u "/proc/$(docker inspect --format '{{.State.Pid}}' t1)") == 500000 ]]
	run d_run --rm -v v1:/v $image sh -c 'touch /v/x && stat -c %u:%g /v/x'
	assert_output 0:0
	run d_run --rm --read-only --tmpfs /t --network none $image sh -c 'touch /t/x && mount | grep -c " /sys "'
	assert_output 1
	run d_run --rm --userns host $image cat /proc/self/uid_map
	assert_output "$(cat /proc/self/uid_map)"
}

@test "docker: build, the classic one: RUN's status, user, directory, environment" {
	docker_setup
	build_context Dockerfile
	DOCKER_BUILDKIT=0 docker build -q --cgroup-parent "$CALLERS_PARENT" -t built "$BATS_TEST_TMPDIR/context"
	run d_run --rm built
	assert_output $'built\n0\n1000\ncopied\nyes'
	printf 'FROM %s\nRUN exit 7\n' $image > "$BATS_TEST_TMPDIR/context/Dockerfile"
	DOCKER_BUILDKIT=0 run docker build -q --cgroup-parent "$CALLERS_PARENT" "$BATS_TEST_TMPDIR/context"
	assert_status 7
}

# BuildKit takes what is called runc in dockerd's $PATH, whatever the default runtime is
buildkit_setup() { # JQ-FILTER…
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho "$@" >> %s\nexec %s "$@"\n' "$BATS_TEST_TMPDIR/calls" "$RUNTIME" > "$BATS_TEST_TMPDIR/bin/runc"
	chmod 755 "$BATS_TEST_TMPDIR/bin/runc"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH docker_setup "$@"
}

@test "docker: build with BuildKit" {
	buildkit_setup
	build_context Dockerfile
	DOCKER_BUILDKIT=1 docker build -q --cgroup-parent "$CALLERS_PARENT" -t built "$BATS_TEST_TMPDIR/context"
	grep -q ' run --bundle ' "$BATS_TEST_TMPDIR/calls"
	run d_run --rm built
	assert_output $'built\n0\n1000\ncopied\nyes'
	printf 'FROM %s\nRUN exit 7\n' $image > "$BATS_TEST_TMPDIR/context/Dockerfile"
	DOCKER_BUILDKIT=1 run docker build "$BATS_TEST_TMPDIR/context"
	assert_status 1
	assert_contains "exit code: 7"
}

@test "docker: BuildKit's RUN with a cache, a secret, a tmpfs, a file of the context, no network; limits" {
	since docker 25
	buildkit_setup
	mkdir "$BATS_TEST_TMPDIR/context"
	cd "$BATS_TEST_TMPDIR/context"
	echo hush > ../secret
	echo file > f
	cat > Dockerfile <<-FILE
		FROM $image AS first
		RUN --mount=type=cache,target=/cache echo run >> /cache/runs; cat /cache/runs > /data/runs
		RUN --mount=type=secret,id=s,mode=0400,uid=1000 stat -c '%a %u' /run/secrets/s > /data/secret; cat /run/secrets/s >> /data/secret
		RUN --mount=type=tmpfs,target=/t,size=1m grep ' /t ' /proc/mounts | grep -o size=1024k > /data/tmpfs; touch /t/x
		RUN --mount=type=bind,source=f,target=/f cat /f > /data/bound; ! touch /f 2>> /data/bound
		RUN --network=none ls /sys/class/net > /data/net
		RUN <<EOF
		ulimit -n > /data/limits
		df -k /dev/shm | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2 >> /data/limits
		grep -E '^(Seccomp|CapEff):' /proc/self/status > /data/status
		EOF
		USER user
		RUN <<EOF
		id -u > /tmp/uid
		EOF
		FROM scratch
		COPY --from=first --chown=1000:1000 --chmod=755 /data /tmp/uid /
	FILE
	build() { docker build --ulimit nofile=77:88 --shm-size 3m --secret id=s,src=../secret --cgroup-parent "$CALLERS_PARENT" "$@" .; }
	build -q --output type=local,dest=out
	grep -q ' run --bundle ' "$BATS_TEST_TMPDIR/calls"
	run tail -n +1 out/{runs,secret,tmpfs,bound,net,limits,status,uid}
	assert_output "$(printf '==> out/%s <==\n%s\n\n' runs run secret $'400 1000\nhush' tmpfs size=1024k \
		bound $'file\ntouch: /f: Read-only file system' net lo limits $'77\n3072' status $'CapEff:\t00000000a80425fb\nSeccomp:\t2' uid 1000)"
	# The cache outlives its build, the rest of the layers is not run again
	calls=$(wc -l < "$BATS_TEST_TMPDIR/calls")
	build -q --output type=local,dest=again
	[[ $(wc -l < "$BATS_TEST_TMPDIR/calls") == "$calls" ]]
	sed -i 's/echo run /echo changed /' Dockerfile
	build -q --output type=local,dest=out
	run cat out/runs
	assert_output $'run\nchanged'
}

@test "docker: a runtime by containerd's type and options; containerd's image store" {
	since docker 25
	# shellcheck disable=SC2016 # jq's
	docker_setup '.runtimes.underTest = {runtimeType: "io.containerd.runc.v2",
		options: {BinaryName: $path, Root: ($work + "/root-of-options"), SystemdCgroup: ($driver == "systemd")}} | del(."storage-driver") |
		.features = {"containerd-snapshotter": true}'
	run docker info --format '{{.Driver}} {{.DefaultRuntime}}'
	assert_output "overlayfs underTest"
	d_run -d --name t1 --memory-swappiness -1 $image sleep 1000
	run docker exec t1 sh -c 'cat /proc/1/comm; exit 3'
	assert_status 3
	assert_output sleep
	[[ -e $CALLERS_WORK/root-of-options/moby/$(docker inspect --format '{{.Id}}' t1) ]]
	docker commit t1 committed
	run d_run --rm committed echo again
	assert_output again
	docker pause t1
	docker unpause t1
	docker rm -f t1
	[[ ! $(find "$CALLERS_WORK/root-of-options/moby" -mindepth 1 -not -path '*/@*') ]] # (that are no container's)
}

@test "docker: compose: services that find each other, exec, scale, restart, down" {
	need_program docker-compose
	docker_setup
	mkdir "$BATS_TEST_TMPDIR/project"
	cd "$BATS_TEST_TMPDIR/project"
	# 1 wants the version, 2 has something to say about it
	compose_version_at_least 2 || echo 'version: "2.4"' > docker-compose.yml
	cat >> docker-compose.yml <<-FILE
		services:
		  web:
		    image: $image
		    cgroup_parent: $CALLERS_PARENT
		    command: sh -c 'echo served > /tmp/f; httpd -f -p 8080 -h /tmp'
		    ports: ["127.0.0.1:18081:8080"]
		    cap_drop: [NET_RAW]
		    tmpfs: /scratch
		    healthcheck: {test: ["CMD", "test", "-s", "/tmp/f"], interval: 1s}
		  client:
		    image: $image
		    cgroup_parent: $CALLERS_PARENT
		    depends_on: {web: {condition: service_healthy}}
		    command: sleep 1000
		    volumes: ["data:/kept"]
		volumes: {data: {}}
	FILE
	docker-compose up -d 3>&- > "$BATS_TEST_TMPDIR/said" 2>&1 || { cat "$BATS_TEST_TMPDIR/said"; return 1; }
	run docker-compose exec -T client nslookup web 127.0.0.11
	assert_contains Address
	run bash -c 'exec 3<> /dev/tcp/127.0.0.1/18081; printf "GET /f HTTP/1.0\r\n\r\n" >&3; cat <&3'
	assert_contains served
	docker-compose up -d --scale client=3 client 3>&-
	[[ $(docker-compose ps -q client | wc -l) == 3 ]]
	docker-compose restart -t 1 client
	run docker-compose exec -T --index=2 client echo restarted
	assert_output restarted
	docker-compose down -v -t 1
	[[ ! $(docker ps -aq) ]]
}

@test "docker: compose 2: annotations, secrets, configs, init, limits, run, cp, pause, profiles" {
	need_program docker-compose
	since compose 2
	docker_setup
	mkdir "$BATS_TEST_TMPDIR/project"
	cd "$BATS_TEST_TMPDIR/project"
	echo hush > secret
	echo colour=blue > settings
	cat > compose.yaml <<-FILE
		x-all: &all
		  image: $image
		  cgroup_parent: $CALLERS_PARENT
		  runtime: underTest
		services:
		  web:
		    <<: *all
		    init: true
		    read_only: true
		    annotations: {org.example.note: kept}
		    command: sleep 1000
		    user: "1000:1000"
		    group_add: ["2000"]
		    secrets: [token]
		    configs: [{source: settings, target: /etc/settings}]
		    sysctls: {net.ipv4.ip_default_ttl: 77}
		    ulimits: {nofile: {soft: 77, hard: 88}}
		    security_opt: ["no-new-privileges"]
		    device_cgroup_rules: ["c 10:237 r"]
		    stop_signal: KILL
		  tool:
		    <<: *all
		    profiles: [tools]
		    entrypoint: [echo]
		secrets: {token: {file: ./secret}}
		configs: {settings: {file: ./settings}}
	FILE
	docker compose up -d --quiet-pull 3>&- > "$BATS_TEST_TMPDIR/said" 2>&1 || { cat "$BATS_TEST_TMPDIR/said"; return 1; }
	run docker compose exec -T web sh -c 'exec 2>&1; id -u; id -G; cat /run/secrets/token; cat /etc/settings; cat /proc/sys/net/ipv4/ip_default_ttl;
		ulimit -n; ulimit -Hn; cat /proc/1/comm; touch /x; grep NoNewPrivs /proc/self/status'
	assert_output $'1000\n1000 2000\nhush\ncolour=blue\n77\n77\n88\ndocker-init\ntouch: /x: Read-only file system\nNoNewPrivs:\t1'
	run docker compose run --rm -T tool one two 3>&-
	assert_contains "one two"
	docker compose cp web:/etc/settings copied
	[[ $(< copied) == colour=blue ]]
	docker compose pause
	run docker compose ps --format '{{.Service}} {{.State}}'
	assert_output "web paused"
	docker compose unpause
	run docker compose top
	assert_contains "sleep 1000"
	docker compose down -t 1
	[[ ! $(docker ps -aq) ]]
}
