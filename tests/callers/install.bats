# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `ringwall install-runtime`: the daemons take what it writes, where it writes it unasked.  What it makes of files that are there
# already is in tests/integration/install-runtime.bats.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	"$RUNTIME" install-runtime --help > /dev/null 2>&1 || not_here "$RUNTIME_NAME has no install-runtime"
	need_own_etc
}

teardown() {
	case $BATS_TEST_DESCRIPTION in
	Docker*) docker_end ;;
	Podman*) podman_end ;;
	containerd*) containerd_end ;;
	esac
}

# Where the configuration has nothing to say
dockerd_by_flags() {
	export DOCKER_HOST=unix:///run/ringwall-docker.sock DOCKER_CONFIG=$CALLERS_WORK/docker-config
	dockerd -H "$DOCKER_HOST" --data-root "$CALLERS_WORK/docker" --exec-root "$CALLERS_WORK/docker-exec" \
		--exec-opt "native.cgroupdriver=$CALLERS_MANAGER" --storage-driver overlay2 --pidfile "$CALLERS_WORK/docker.pid" \
		>> "$CALLERS_WORK/docker.log" 2>&1 3>&- &
	retry 60 docker info > /dev/null 2>&1 || { tail -n 20 "$CALLERS_WORK/docker.log"; return 1; }
}

docker_knows() { docker info --format '{{json .Runtimes}}' | jq -e --arg path "$RUNTIME" '.ringwall.path == $path'; }
docker_forgot() { docker info --format '{{json .Runtimes}}' | jq -e '.ringwall == null'; }

@test "Docker takes it by a reload, as its default at the next start, and forgets it" {
	need_program dockerd
	rm -f /etc/docker/daemon.json
	mkdir -p /etc/docker
	echo '{ "debug": false }' > /etc/docker/daemon.json
	dockerd_by_flags
	docker load -q -i "$CALLERS_WORK/image.tar"
	run "$RUNTIME" install-runtime docker --default
	assert_output "/etc/docker/daemon.json: changed; now: systemctl reload docker"
	kill -HUP "$(< "$CALLERS_WORK/docker.pid")"
	retry 10 docker_knows
	run d_run --rm --runtime ringwall $image echo taken
	assert_output taken
	stop_daemon "$CALLERS_WORK/docker.pid"
	dockerd_by_flags
	run docker info --format '{{.DefaultRuntime}}'
	assert_output ringwall
	run "$RUNTIME" install-runtime docker --remove
	assert_output "/etc/docker/daemon.json: changed; now: systemctl restart docker"
	stop_daemon "$CALLERS_WORK/docker.pid"
	dockerd_by_flags
	docker_forgot
	run jq -c . /etc/docker/daemon.json
	assert_output '{"debug":false}'
}

@test "Podman takes it by name, as its default, and reads its errors as JSON" {
	need_program podman
	podman_setup
	# as the host's configuration, beside which the drop-in lies: CONTAINERS_CONF would replace both
	mkdir -p /etc/containers
	grep -v -e ^runtime -e 'engine.runtimes' -e ^underTest "$CONTAINERS_CONF" > /etc/containers/containers.conf
	unset CONTAINERS_CONF
	"$RUNTIME" install-runtime podman
	run podman --runtime ringwall run --name t1 --cgroup-parent "$CALLERS_PARENT" $image echo taken
	assert_output taken
	run podman inspect --format '{{.OCIRuntime}}' t1
	assert_output ringwall
	run -127 podman --runtime ringwall run --rm --cgroup-parent "$CALLERS_PARENT" $image no-such-program
	assert_contains 'executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found'
	run podman info --format '{{.Host.OCIRuntime.Name}}'
	[[ $output != ringwall ]]
	"$RUNTIME" install-runtime podman --default
	run podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
	assert_output "ringwall $RUNTIME"
	"$RUNTIME" install-runtime podman --remove
	[[ ! -e /etc/containers/containers.conf.d/ringwall.conf ]]
	CONTAINERS_CONF=$CALLERS_WORK/containers.conf
}

@test "containerd takes it for Kubernetes" {
	need_program containerd
	export CONTAINERD_ADDRESS=/run/ringwall-containerd.sock CONTAINERD_NAMESPACE=callers
	rm -f /etc/containerd/config.toml
	run "$RUNTIME" install-runtime containerd --default
	assert_output "/etc/containerd/config.toml: changed; now: systemctl restart containerd"
	run containerd config dump
	assert_contains "BinaryName = \"$RUNTIME\""
	assert_contains 'default_runtime_name = "ringwall"'
	containerd --root "$CALLERS_WORK/containerd" --state "$CALLERS_WORK/containerd-state" --address "$CONTAINERD_ADDRESS" \
		>> "$CALLERS_WORK/containerd.log" 2>&1 3>&- &
	echo $! > "$CALLERS_WORK/containerd.pid"
	retry 60 ctr version
	run ctr plugins ls
	[[ $output =~ io.containerd.grpc.v1\ +cri\ +[^\ ]+\ +ok ]]
	grep -q "Start cri plugin with config.*DefaultRuntimeName:ringwall.*BinaryName:$RUNTIME.*" "$CALLERS_WORK/containerd.log"
	"$RUNTIME" install-runtime containerd --remove
	run containerd config dump
	[[ $output != *"$RUNTIME"* ]]
}
