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
	caller_end
	# With directories in it that are root's alone: a user's Podman does not start under that
	[[ ! ${CALLERS_OWN_ETC-}${RINGWALL_VM-} ]] || rm -f /etc/containers/containers.conf
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
docker_refuses() { run d_run --rm --runtime guarded $image true; [[ $output == *"$1"* ]]; }
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
	"$RUNTIME" install-runtime docker --name guarded --runtime-arg=--policy=not-there
	kill -HUP "$(< "$CALLERS_WORK/docker.pid")"
	retry 10 docker_refuses "no policy is called 'not-there'"
	stop_daemon "$CALLERS_WORK/docker.pid"
	dockerd_by_flags
	run docker info --format '{{.DefaultRuntime}}'
	assert_output ringwall
	run "$RUNTIME" install-runtime docker --remove
	assert_output "/etc/docker/daemon.json: changed; now: systemctl restart docker"
	stop_daemon "$CALLERS_WORK/docker.pid"
	dockerd_by_flags
	docker_forgot
	run docker info --format '{{.DefaultRuntime}} {{(index .Runtimes "guarded").Path}}'
	assert_output "runc $RUNTIME"
	"$RUNTIME" install-runtime docker --name guarded --remove
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
	"$RUNTIME" install-runtime podman --name guarded
	run -127 podman --runtime guarded run --rm --cgroup-parent "$CALLERS_PARENT" $image no-such-program
	assert_contains 'executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found'
	run podman info --format '{{.Host.OCIRuntime.Name}}'
	assert_output ringwall
	"$RUNTIME" install-runtime podman --remove
	run -0 podman --runtime guarded run --rm --cgroup-parent "$CALLERS_PARENT" $image true
	"$RUNTIME" install-runtime podman --name guarded --remove
	[[ ! -e /etc/containers/containers.conf.d/ringwall.conf ]]
	CONTAINERS_CONF=$CALLERS_WORK/containers.conf
}

cri_start() {
	containerd --root "$CALLERS_WORK/containerd" --state "$CALLERS_WORK/containerd-state" --address "$CONTAINERD_ADDRESS" \
		> "$CALLERS_WORK/containerd.log" 2>&1 3>&- &
	echo $! > "$CALLERS_WORK/containerd.pid"
	retry 60 ctr version
}

# DEFAULT: the plugin runs, and that is its default
cri_is_up() {
	run ctr plugins ls
	[[ $output =~ io.containerd.grpc.v1\ +cri\ +[^\ ]+\ +ok ]] || { grep -i cri "$CALLERS_WORK/containerd.log"; return 1; }
	# containerd 2 writes JSON, quoted once more
	run grep -iE "start(ing)? cri plugin.*DefaultRuntimeName[\\\\\":]+$1[\\\\\", }]" "$CALLERS_WORK/containerd.log"
	assert_status 0
}

@test "containerd takes it for Kubernetes" {
	need_program containerd
	export CONTAINERD_ADDRESS=/run/ringwall-containerd.sock CONTAINERD_NAMESPACE=callers
	rm -f /etc/containerd/config.toml
	run "$RUNTIME" install-runtime containerd --default
	assert_output "/etc/containerd/config.toml: changed; now: systemctl restart containerd"
	cri_start
	cri_is_up ringwall
	grep -q "BinaryName[\\\\\":]*$RUNTIME" "$CALLERS_WORK/containerd.log"
	"$RUNTIME" install-runtime containerd --remove
	[[ ! -e /etc/containerd/config.toml ]]
}

# As its package brings it: no runtime in it, so that containerd 1.x would forget runc for ours
@test "containerd goes on with runc where it is not made the default" {
	need_program containerd
	export CONTAINERD_ADDRESS=/run/ringwall-containerd.sock CONTAINERD_NAMESPACE=callers
	mkdir -p /etc/containerd
	printf 'version = 2\n\n[plugins]\n  [plugins."io.containerd.grpc.v1.cri".cni]\n    bin_dir = "/usr/lib/cni"\n' > /etc/containerd/config.toml
	"$RUNTIME" install-runtime containerd
	cri_start
	cri_is_up runc
}

# The default, and each runtime's program, as containerd reads the file
dumped() { # FILE
	containerd --config "$1" config dump 2> /dev/null | tr \' \" | awk '
		/^ *default_runtime_name = / { print $3 }
		/^ *\[.*\.containerd\.runtimes\.[a-z]+\]$/ { sub(/.*\./, ""); sub(/\].*/, ""); names[++n] = $0 }
		/^ *BinaryName = / { program[names[n]] = $3 }
		END { for (i = 1; i <= n; i++) print names[i], names[i] in program ? program[names[i]] : "\"\"" }'
}

assert_dumped() { # FILE LINES
	run dumped "$1"
	assert_output "$2"
}

@test "containerd reads what becomes of configurations as they are found, and of its own default one" {
	need_program containerd
	f=$BATS_TEST_TMPDIR/config.toml
	printf 'version = 2' > "$f.short"
	printf 'version = 2\r\n[plugins."io.containerd.grpc.v1.cri".containerd]\r\n  snapshotter = "native"\r\n' > "$f.crlf"
	printf "version = 2\n[plugins.'io.containerd.grpc.v1.cri']\ncontainerd.default_runtime_name = 'runc'\ncni.bin_dir = '/x'\n" > "$f.dots"
	printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n' > "$f.runc"
	containerd config default > "$f.default"
	for kind in short crlf dots runc default; do
		cp "$f.$kind" "$f"
		"$RUNTIME" install-runtime containerd --config "$f" --path /bin/true
		assert_dumped "$f" $'"runc"\nringwall "/bin/true"\nrunc ""'
		"$RUNTIME" install-runtime containerd --config "$f" --name guarded --path /bin/false --default
		assert_dumped "$f" $'"guarded"\nguarded "/bin/false"\nringwall "/bin/true"\nrunc ""'
		"$RUNTIME" install-runtime containerd --config "$f" --path /bin/true --default
		assert_dumped "$f" $'"ringwall"\nguarded "/bin/false"\nringwall "/bin/true"\nrunc ""'
		"$RUNTIME" install-runtime containerd --config "$f" --remove
		assert_dumped "$f" $'"runc"\nguarded "/bin/false"\nrunc ""'
		"$RUNTIME" install-runtime containerd --config "$f" --name guarded --remove
		cmp "$f" "$f.$kind"
	done
}

@test "containerd refuses what is refused to be edited, so that it is not refused for nothing" {
	need_program containerd
	f=$BATS_TEST_TMPDIR/config.toml
	echo 'version = 2' > "$f.block"
	"$RUNTIME" install-runtime containerd --config "$f.block"
	sed -i 1d "$f.block"
	for text in 'plugins = {}' $'[plugins."io.containerd.grpc.v1.cri"]\ncontainerd = { snapshotter = "native" }' \
		'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ringwall.runtime_type = "io.containerd.runc.v2"'; do
		printf 'version = 2\n%s\n' "$text" > "$f"
		run -0 containerd --config "$f" config dump
		run -1 "$RUNTIME" install-runtime containerd --config "$f"
		cat "$f.block" >> "$f"
		run -1 containerd --config "$f" config dump
	done
}

@test "containerd: a file of its own, where config.toml imports it and tables are merged" {
	need_program containerd
	[[ $(containerd config default) == *"version = 3"* ]] || skip "containerd 1.x replaces a plugin's whole table by an imported one"
	f=$BATS_TEST_TMPDIR/config.toml
	mkdir "$f.d"
	printf 'version = 3\nimports = ["%s.d/*.toml"]\n[plugins."io.containerd.cri.v1.runtime".cni]\n  bin_dirs = ["/x"]\n' "$f" > "$f"
	echo 'version = 3' > "$f.d/ringwall.toml"
	"$RUNTIME" install-runtime containerd --config "$f.d/ringwall.toml" --path /bin/true --default
	assert_dumped "$f" $'"ringwall"\nringwall "/bin/true"\nrunc ""'
	run containerd --config "$f" config dump
	assert_contains "bin_dirs = ['/x']"
}
