# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Podman and Buildah with Ringwall: pods, Kubernetes' YAML, health checks, builds, systemd units.  See podman.bats.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	podman_setup
	[[ -e /sys/fs/cgroup/libpod_parent ]] || export CALLERS_LIBPOD_PARENT=/sys/fs/cgroup/libpod_parent
	podman run --rm --cgroup-parent "$CALLERS_PARENT" $image true 3>&-
}

teardown_file() {
	podman_end
	# where kube play puts its pods without systemd
	[[ ! ${CALLERS_LIBPOD_PARENT-} ]] || find "$CALLERS_LIBPOD_PARENT" -depth -type d -exec rmdir {} + 2> /dev/null || true
}

teardown() {
	podman pod rm -fa -t 0 > /dev/null 2>&1 || true
	podman_clear
}

# A pod's first container: Podman makes its image of this program
need_pause() {
	has_catatonit || need_program catatonit
}

@test "podman: a pod shares network, IPC and names; its containers stop and go with it" {
	need_pause
	podman pod create --cgroup-parent "$CALLERS_PARENT" --name p1 --hostname pod 3>&-
	podman run -d --pod p1 --name web $image sh -c 'echo served > /tmp/f; echo shared > /dev/shm/x; httpd -f -p 8080 -h /tmp' 3>&-
	run podman run --rm --pod p1 $image sh -c 'sleep 1; hostname; cat /dev/shm/x; wget -qO- http://127.0.0.1:8080/f' 3>&-
	assert_output $'pod\nshared\nserved'
	podman pod pause p1
	run podman inspect --format '{{.State.Status}}' web
	assert_output paused
	podman pod unpause p1
	run podman pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
	assert_output "p1 Running 2"
	podman pod stop -t 1 p1
	run podman pod ps --format '{{.Status}}'
	assert_output Exited
	podman pod start p1
	retry 10 podman exec web test -s /tmp/f
	podman pod rm -f -t 0 p1
	[[ ! $(podman ps -aq) ]]
}

@test "podman: a pod that shares its pid namespace" {
	need_pause
	podman pod create --cgroup-parent "$CALLERS_PARENT" --name p1 --share pid,net,uts 3>&-
	podman run -d --pod p1 --name one $image sleep 1001 3>&-
	run -0 podman run --rm --pod p1 $image ps -o args 3>&-
	assert_contains "sleep 1001"
	assert_contains catatonit
	podman pod kill p1
	podman pod rm -f -t 0 p1
}

@test "podman: kube play: pod, config map, volumes, security context, init container; kube down" {
	need_pause
	mkdir "$BATS_TEST_TMPDIR/v"
	echo from-host > "$BATS_TEST_TMPDIR/v/f"
	cat > "$BATS_TEST_TMPDIR/pod.yaml" <<-YAML
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: settings}
		data: {COLOUR: blue}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: shop, annotations: {org.example.note: kept}}
		spec:
		  restartPolicy: Never
		  hostname: shop
		  initContainers:
		  - name: before
		    image: $image
		    command: [sh, -c, "echo prepared > /work/ready"]
		    volumeMounts: [{name: work, mountPath: /work}]
		  containers:
		  - name: web
		    image: $image
		    command: [sh, -c, "httpd -p 8080 -h /host; cat /work/ready; exec sleep 1000"]
		    envFrom: [{configMapRef: {name: settings}}]
		    securityContext: {runAsUser: 1000, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
		    volumeMounts: [{name: work, mountPath: /work}, {name: host, mountPath: /host, readOnly: true}]
		  - name: client
		    image: $image
		    command: [sh, -c, "sleep 2; wget -qO- http://127.0.0.1:8080/f; exec sleep 1000"]
		  volumes:
		  - {name: work, emptyDir: {}}
		  - {name: host, hostPath: {path: "$BATS_TEST_TMPDIR/v", type: Directory}}
	YAML
	podman kube play --log-driver k8s-file "$BATS_TEST_TMPDIR/pod.yaml" 3>&-
	run podman exec shop-web sh -c 'id -u; echo $COLOUR; hostname; touch /x 2>&1; grep -E "NoNew|CapEff" /proc/self/status'
	assert_contains $'1000\nblue\nshop\ntouch: /x: Read-only file system'
	assert_contains $'CapEff:\t0000000000000000'
	assert_contains $'NoNewPrivs:\t1'
	run podman logs shop-web
	assert_output prepared
	retry 10 bash -c '[[ $(podman logs shop-client) == from-host ]]'
	podman kube down "$BATS_TEST_TMPDIR/pod.yaml"
	[[ ! $(podman ps -aq) ]]
}

@test "podman: health checks" {
	p_run -d --name t1 --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 $image \
		sh -c 'trap "touch /tmp/well" USR1; echo ready; while :; do sleep 0.1; done'
	retry 10 bash -c 'podman logs t1 | grep -q ready'
	run -1 podman healthcheck run t1
	run podman inspect --format '{{.State.Healthcheck.Status}}' t1
	assert_output unhealthy
	podman kill -s USR1 t1
	retry 10 podman exec t1 test -e /tmp/well
	run -0 podman healthcheck run t1
	run podman inspect --format '{{.State.Healthcheck.Status}}' t1
	assert_output healthy
}

@test "podman: restart policy, --init, --timeout, wait for a condition, events, stats, diff, cp, commit" {
	p_run -d --name t1 --restart on-failure:2 $image sh -c 'echo began; exit 3'
	retry 20 bash -c '[[ $(podman inspect --format "{{.RestartCount}} {{.State.Status}}" t1) == "2 exited" ]]'
	run podman logs t1
	assert_output $'began\nbegan\nbegan'
	run p_run --rm --timeout 1 $image sleep 1000
	assert_status 255 # podman's own for a time-out, by SIGKILL
	p_run -d --name t2 $image sh -c 'echo x > /data/new; sleep 1000'
	retry 5 podman exec t2 test -e /data/new
	run podman diff t2
	assert_contains "A /data/new"
	echo copied > "$BATS_TEST_TMPDIR/f"
	podman cp "$BATS_TEST_TMPDIR/f" t2:/data/f
	run podman exec t2 cat /data/f
	assert_output copied
	podman commit -q t2 committed
	run p_run --rm committed cat /data/f
	assert_output copied
	podman rmi -f committed
	if [[ $CALLERS_CONTROLLERS == *" memory "* ]]; then
		run podman stats --no-stream --format '{{.Name}}' t2
		assert_output t2
	fi
	podman rm -f -t 0 t2
	if has_catatonit; then
		run p_run --rm --init $image cat /proc/1/comm
		assert_output podman-init
	fi
}

# The runtime with a log of its calls, for what does not say which one it took
wrapped() {
	printf '#!/bin/sh\necho "$@" >> %s\nexec %s "$@"\n' "$BATS_TEST_TMPDIR/calls" "$RUNTIME" > "$BATS_TEST_TMPDIR/runtime"
	chmod 755 "$BATS_TEST_TMPDIR/runtime"
}

# What Buildah is given as the parent is the container's own cgroup, in the manager's spelling
build_parent=$CALLERS_PARENT/build
[[ $CALLERS_MANAGER != systemd ]] || build_parent=$CALLERS_PARENT:buildah:build

@test "podman: build" {
	build_context Containerfile
	wrapped
	podman build -q --runtime "$BATS_TEST_TMPDIR/runtime" --cgroup-parent "$build_parent" -t built "$BATS_TEST_TMPDIR/context" 3>&-
	grep -q 'create' "$BATS_TEST_TMPDIR/calls"
	run p_run --rm built
	assert_output $'built\n0\n1000\ncopied\nyes'
	printf 'FROM %s\nRUN exit 7\n' $image > "$BATS_TEST_TMPDIR/context/Containerfile"
	run podman build -q --runtime "$RUNTIME" "$BATS_TEST_TMPDIR/context" 3>&-
	assert_status 7
	podman rmi -f built
}

@test "buildah: from, run, commit, build" {
	need_program buildah
	build_context Containerfile
	wrapped
	c=$(buildah from --cgroup-parent "$build_parent" $image)
	run buildah run --isolation oci --runtime "$BATS_TEST_TMPDIR/runtime" "$c" sh -c 'echo ran > /data/ran; id -u' 3>&-
	assert_output 0
	grep -q 'create' "$BATS_TEST_TMPDIR/calls"
	run buildah run --isolation oci --runtime "$RUNTIME" --user 1000 "$c" sh -c 'id -u; exit 6' 3>&-
	assert_status 6
	assert_contains 1000
	buildah commit -q "$c" made
	buildah rm "$c"
	run p_run --rm made cat /data/ran
	assert_output ran
	buildah build -q --isolation oci --runtime "$RUNTIME" --cgroup-parent "$build_parent" -t built "$BATS_TEST_TMPDIR/context" 3>&-
	run p_run --rm built
	assert_output $'built\n0\n1000\ncopied\nyes'
	podman rmi -f made built
}

unit() { # KEY: its value in the unit
	sed -e ':more' -e '/\\$/{N;s/\\\n//;b more' -e '}' "$BATS_TEST_TMPDIR/container-t1.service" | sed -n "s/^$1=//p"
}

@test "podman: generate systemd: the unit starts, watches and stops it" {
	podman create --cgroup-parent "$CALLERS_PARENT" --name t1 $image sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	cd "$BATS_TEST_TMPDIR"
	podman generate systemd --files --name -t 5 t1
	if [[ -d /run/systemd/system ]]; then
		sed -i "/^\[Service\]/a Environment=CONTAINERS_CONF=$CONTAINERS_CONF CONTAINERS_STORAGE_CONF=$CONTAINERS_STORAGE_CONF" container-t1.service
		cp container-t1.service /run/systemd/system
		systemctl daemon-reload
		systemctl start container-t1
		retry 10 podman exec t1 true
		systemctl stop container-t1
		[[ $(systemctl is-failed container-t1) == inactive ]]
		rm /run/systemd/system/container-t1.service
		systemctl daemon-reload
	else
		$(unit ExecStart) 3>&-
		[[ $(< "/proc/$(< "$(unit PIDFile)")/comm") == conmon ]]
		podman exec t1 true
		$(unit ExecStop)
	fi
	run podman inspect --format '{{.State.Status}} {{.State.ExitCode}}' t1
	assert_output "exited 0"
}
