# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kubernetes' way to a runtime, without Kubernetes: containerd's CRI plugin with Ringwall
# as a runtime handler, asked by tests/callers/cri over gRPC. Started by tests/callers/run,
# which says how and with what. The handler is entered in containerd's configuration by
# `ringwall install-runtime containerd` itself; pods get a bridge network from Debian's
# containernetworking-plugins. What a kubelet would say is in pod() and container().
# shellcheck disable=SC2154,SC2016,SC2119,SC2120,SC2030,SC2031,SC2086,SC2164 # of common; for the container's shell; lists

bats_require_minimum_version 1.5.0
load common

cri() { timeout 170 "$BATS_TEST_DIRNAME/cri" "$@" 3>&-; }

# The image of sandboxes: the same, but it sleeps
pause_image() {
	local dir=$CALLERS_WORK/pause config
	mkdir "$dir"
	tar -C "$dir" -xf "$CALLERS_WORK/image.tar"
	jq -c '.config = {Entrypoint: ["/bin/sleep", "2147483647"], Env: ["PATH=/bin"]}' "$dir"/*[0-9a-f].json > "$dir/config"
	rm "$dir"/*[0-9a-f].json
	config=$(sha256sum < "$dir/config" | cut -d ' ' -f 1)
	mv "$dir/config" "$dir/$config.json"
	jq -cn --arg config "$config.json" '[{Config: $config, RepoTags: ["docker.io/library/ringwall-pause:latest"],
		Layers: ["layer.tar"]}]' > "$dir/manifest.json"
	tar -C "$dir" -cf - . | ctr -n k8s.io image import - > /dev/null
	rm -rf "$dir"
}

network_config() {
	mkdir -p "$CALLERS_WORK/cni"
	jq -n --arg data "$CALLERS_WORK/cni-data" '{cniVersion: "0.4.0", name: "callers", plugins: [
		{type: "bridge", bridge: "rwcri0", isGateway: true, ipam: {type: "host-local", dataDir: $data,
			ranges: [[{subnet: "10.91.0.0/24"}]], routes: [{dst: "0.0.0.0/0"}]}},
		{type: "portmap", capabilities: {portMappings: true}}]}' > "$CALLERS_WORK/cni/10-callers.conflist"
}

# A handler by hand: for runtimes that cannot enter themselves, and for a second one
handler() { # NAME PATH
	cat >> "$CALLERS_WORK/cri.toml" <<-CONF
		[plugins."$plugin".containerd.runtimes.$1]
		  runtime_type = "io.containerd.runc.v2"
		[plugins."$plugin".containerd.runtimes.$1.options]
		  BinaryName = "$2"
		  SystemdCgroup = $systemd
	CONF
}

# Every sandbox comes with cpu shares, so that none would start on a host whose cgroup v2 has
# no cpu controller: there they are taken out of its config.json before the runtime sees it.
runtime_for_host() {
	path=$RUNTIME
	[[ $CALLERS_CONTROLLERS == *" cpu "* ]] && return
	path=$CALLERS_WORK/without-shares/$RUNTIME_NAME
	mkdir -p "${path%/*}"
	cat > "$path" <<-WRAP
		#!/bin/bash
		for ((i = 1; i < \$#; i++)); do
			[[ \${!i} == --bundle ]] && j=\$((i + 1)) config=\${!j}/config.json
		done
		[[ " \$* " != *" create "* ]] || { jq 'del(.linux.resources.cpu.shares | select(. == 2))' "\$config" > "\$config.new" &&
			mv "\$config.new" "\$config"; }
		exec "$RUNTIME" "\$@"
	WRAP
	chmod 755 "$path"
}

# Configurations of version 3 are containerd 2's: the plugin is two there
config_head() {
	if containerd_version_at_least 2; then
		plugin=io.containerd.cri.v1.runtime
		printf 'version = 3\n[plugins."io.containerd.cri.v1.images".pinned_images]\n  sandbox = "%s"\n' "$pause"
		printf '[plugins."%s"]\n' "$plugin"
	else
		plugin=io.containerd.grpc.v1.cri
		printf 'version = 2\n[plugins."%s"]\n  sandbox_image = "%s"\n' "$plugin" "$pause"
	fi
}

# restrict_oom_score_adj: where root may not lower it, nothing else can
containerd_config() {
	local restrict=false systemd=false other=$CALLERS_WORK/other path plugin pause=docker.io/library/ringwall-pause:latest
	runtime_for_host
	capsh --has-p=cap_sys_resource 2> /dev/null || restrict=true
	[[ $CALLERS_MANAGER == systemd ]] && systemd=true
	config_head > "$CALLERS_WORK/cri.toml"
	cat >> "$CALLERS_WORK/cri.toml" <<-CONF
		  restrict_oom_score_adj = $restrict
		  disable_hugetlb_controller = false
		[plugins."$plugin".cni]
		  bin_dir = "/usr/lib/cni"
		  conf_dir = "$CALLERS_WORK/cni"
		[grpc]
		  address = "$CONTAINERD_ADDRESS"
	CONF
	sed -i "1a root = \"$CALLERS_WORK/cri\"\\nstate = \"$CALLERS_WORK/cri-state\"\\ndisabled_plugins = [\"io.containerd.internal.v1.opt\"]" \
		"$CALLERS_WORK/cri.toml"
	printf '#!/bin/sh\necho "$@" >> %s.calls\nexec %s "$@"\n' "$other" "$path" > "$other"
	chmod 755 "$other"
	handler other "$other"
	if "$RUNTIME" install-runtime --help > /dev/null 2>&1; then
		[[ $systemd == true ]] && systemd=--systemd-cgroup || systemd=
		"$RUNTIME" install-runtime containerd --config "$CALLERS_WORK/cri.toml" --path "$path" --default $systemd
	else
		printf '[plugins."%s".containerd]\n  default_runtime_name = "ringwall"\n' "$plugin" >> "$CALLERS_WORK/cri.toml"
		handler ringwall "$path"
	fi
}

cri_start() {
	containerd --config "$CALLERS_WORK/cri.toml" >> "$CALLERS_WORK/cri.log" 2>&1 3>&- &
	echo $! > "$CALLERS_WORK/cri.pid"
	disown
	retry 60 cri version > /dev/null 2>&1 || { tail -n 20 "$CALLERS_WORK/cri.log"; return 1; }
}

# The CNI library's place is fixed: in the rig nobody else's is seen. Never removed: another rig's may be mounted there.
own_var_lib() {
	[[ ${CALLERS_OWN_ETC-} ]] || return 0
	mkdir -p /run/var-lib/upper /run/var-lib/work
	mount -t overlay -o lowerdir=/var/lib,upperdir=/run/var-lib/upper,workdir=/run/var-lib/work var-lib /var/lib
}

setup_file() {
	need_rig
	need_program containerd
	need_program protoc
	/usr/bin/python3 -c 'import grpc' || not_here "python3-grpcio is not installed"
	[[ -x /usr/lib/cni/bridge ]] || not_here "containernetworking-plugins is not installed"
	export CONTAINERD_ADDRESS=/run/ringwall-cri.sock LC_ALL=C
	own_var_lib
	containerd_config
	network_config
	cri_start
	ctr -n k8s.io image import "$CALLERS_WORK/image.tar"
	pause_image
	pod first
	container a '.' true
	pod_over
	host_baseline
}

teardown_file() {
	[[ ${CONTAINERD_ADDRESS-} ]] || return 0
	teardown
	stop_daemon "$CALLERS_WORK/cri.pid"
	[[ ! ${CALLERS_OWN_ETC-} ]] || { umount -l /var/lib; rm -rf /etc/ringwall; }
}

teardown() {
	local pods
	pods=$(cri pods | cut -d ' ' -f 1)
	# shellcheck disable=SC2086 # several
	[[ ! $pods ]] || { cri stopp $pods && cri rmp $pods; } > /dev/null 2>&1 || true
	pods_cgroups_over
}

# A pod as a kubelet describes it, with a bridge network; $pod
pod() { # NAME [JQ-FILTER [HANDLER]]
	local dir=$BATS_TEST_TMPDIR/pods parent=/$CALLERS_PARENT/pod-$1
	[[ $CALLERS_MANAGER == systemd ]] && parent=$CALLERS_PARENT
	mkdir -p "$dir"
	jq -n --arg name "$1" --arg logs "$dir/$1.logs" --arg parent "$parent" '{metadata: {name: $name, uid: ($name + "-uid"),
		namespace: "default"}, hostname: $name, log_directory: $logs, dns_config: {servers: ["192.0.2.53"]}, linux: {cgroup_parent: $parent,
		security_context: {namespace_options: {network: "POD", ipc: "POD", pid: "CONTAINER"}}}}
		| '"${2:-.}" > "$dir/$1"
	pod=$(cri runp -r "${3-ringwall}" "$dir/$1")
	mv "$dir/$1" "$dir/$pod"
}

# A container in $pod, not started; $c
create() { # NAME JQ-FILTER CMD…
	local dir=$BATS_TEST_TMPDIR/pods name=$1 filter=$2
	shift 2
	jq -n --arg name "$name" --arg image "$image" --slurpfile pod "$dir/$pod" '{metadata: {name: $name}, image: {image: $image},
		command: $ARGS.positional, log_path: ($name + ".log"), linux: {security_context: {
		namespace_options: $pod[0].linux.security_context.namespace_options,
		masked_paths: ["/proc/kcore", "/proc/cpuinfo", "/sys/firmware"], readonly_paths: ["/proc/sys", "/proc/bus"]}}}
		| '"${filter:-.}" --args -- "$@" > "$dir/container"
	c=$(cri create "$pod" "$dir/container" "$dir/$pod")
}

container() { # NAME JQ-FILTER CMD…
	create "$@"
	cri start "$c"
}

# What a container of $pod writes, and its exit status
once() { # JQ-FILTER CMD…
	container "once$((RANDOM * RANDOM))" "$@" && cri wait "$c" > "$BATS_TEST_TMPDIR/status" && cri logs "$c" && cri rm "$c" &&
		return "$(< "$BATS_TEST_TMPDIR/status")"
}

pod_over() { # [PODID…]
	cri stopp "${@:-$pod}"
	cri rmp "${@:-$pod}"
	pods_cgroups_over
}

# A kubelet makes them for its pods, and removes them
pods_cgroups_over() {
	rmdir "$(parent_dir)"/pod-* 2> /dev/null || true
}

state() { # ID [FIELD]
	cri inspect "$1" | jq -r ".status.${2:-state}"
}

state_is() { # ID STATE
	[[ $(state "$1") == "CONTAINER_$2" ]]
}

pod_address() { # [PODID]
	cri inspectp "${1:-$pod}" | jq -r .status.network.ip
}

pid_of() { # ID
	cri inspect "$1" | jq .info.info.pid
}

# A namespace of a process of this rig, seen from it
ns_of() { # PID NAME
	readlink "/proc/$1/ns/$2"
}

until_go='until [ -e /tmp/go ]; do sleep 0.1; done'

@test "cri: containerd answers, is ready, and knows the handler that install-runtime entered" {
	[[ $(cri version | jq -r .runtime_name) == containerd ]]
	cri status > "$BATS_TEST_TMPDIR/status"
	jq -e '[.status.conditions[] | select(.type == ("RuntimeReady", "NetworkReady")) | .status] == [true, true]' "$BATS_TEST_TMPDIR/status"
	local path
	runtime_for_host
	jq -e --arg path "$path" '.info.config.containerd | .defaultRuntimeName == "ringwall" and
		.runtimes.ringwall.options.BinaryName == $path' "$BATS_TEST_TMPDIR/status"
}

@test "cri: what the runtime's features are is what containerd says its handler can" {
	since containerd 2
	cri status | jq -c '.runtime_handlers' | tee "$BATS_TEST_TMPDIR/handlers"
	# A handler without a name stands for the default
	jq -e 'map(select(.name != "runc")) | (map(.name) | sort == ["", "other", "ringwall"]) and
		all(.features.recursive_read_only_mounts and .features.user_namespaces)' "$BATS_TEST_TMPDIR/handlers"
}

@test "cri: containerd tells the kubelet of its manager of cgroups, and is told of the pods' network" {
	cri config 10.91.0.0/24
	since containerd 2
	[[ $(cri config | jq -r .linux.cgroup_driver) == "${CALLERS_MANAGER^^}" ]]
}

# bats test_tags=quick
@test "cri: a container's life: created, running, exited, gone" {
	pod a
	create one . sh -c "echo out; echo err >&2; $until_go; exit 3"
	state_is "$c" CREATED
	cri start "$c"
	state_is "$c" RUNNING
	cri exec "$c" touch /tmp/go
	[[ $(cri wait "$c") == 3 ]]
	[[ $(state "$c" reason) == Error ]]
	cri logs "$c" > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err"
	[[ $(< "$BATS_TEST_TMPDIR/out") == out && $(< "$BATS_TEST_TMPDIR/err") == err ]]
	run cri start "$c"
	assert_status 1
	cri rm "$c"
	run cri inspect "$c"
	assert_contains NOT_FOUND
	pod_over
	assert_nothing_left
}

@test "cri: a command that cannot start says why, and is an exited container" {
	pod a
	create one . /no/such/program
	run cri start "$c"
	assert_status 1
	assert_contains "no such file or directory"
	[[ $(state "$c") == CONTAINER_EXITED && $(state "$c" reason) == StartError && $(state "$c" exit_code) == 128 ]]
	create two . no-such-program
	run cri start "$c"
	assert_contains 'executable file not found in $PATH'
	create three . /data/not-executable
	run cri start "$c"
	assert_contains "permission denied"
	pod_over
	assert_nothing_left
}

# bats test_tags=quick
@test "cri: containers of a pod share network, IPC and host name, not processes and files" {
	local one two
	pod a
	container one . sh -c 'echo one > /dev/shm/one; echo one > /tmp/mine; httpd -p 127.0.0.1:8080 -h /data; exec sleep 1000'
	one=$c
	container two . sleep 1001
	two=$c
	for ns in net ipc uts; do
		[[ $(ns_of "$(pid_of "$one")" $ns) == "$(ns_of "$(pid_of "$two")" $ns)" ]]
		[[ $(ns_of "$(pid_of "$one")" $ns) != "$(ns_of self $ns)" ]]
	done
	for ns in pid mnt; do
		[[ $(ns_of "$(pid_of "$one")" $ns) != "$(ns_of "$(pid_of "$two")" $ns)" ]]
	done
	run cri exec "$two" cat /dev/shm/one
	assert_output one
	run cri exec "$two" wget -q -O - http://127.0.0.1:8080/not-executable
	assert_output "plain text"
	run cri exec "$two" sh -c 'hostname; ls /tmp; echo /proc/[0-9]*'
	assert_contains a
	[[ $output == $'a\n'*/proc/1* && $output != *mine* && $output != */proc/2\ * ]]
	pod_over
	assert_nothing_left
}

@test "cri: two pods share nothing" {
	local first
	pod a
	container one . sh -c 'echo one > /dev/shm/one; exec sleep 1000'
	first=$c
	pod b
	container one . sleep 1000
	for ns in net ipc uts pid mnt; do
		[[ $(ns_of "$(pid_of "$first")" $ns) != "$(ns_of "$(pid_of "$c")" $ns)" ]]
	done
	run cri exec "$c" ls /dev/shm
	assert_output ""
}

@test "cri: a pod's shared PID namespace: each sees the other, and the sandbox is 1" {
	local one
	pod a '.linux.security_context.namespace_options.pid = "POD"'
	container one . sleep 1001
	one=$c
	container two . sleep 1002
	[[ $(ns_of "$(pid_of "$one")" pid) == "$(ns_of "$(pid_of "$c")" pid)" ]]
	if "$RUNTIME" policy check baseline-pod > /dev/null 2>&1; then
		run "$RUNTIME" policy show "${c:0:12}"
		assert_contains "# policy baseline-pod"
	fi
	run cri exec "$c" cat /proc/1/cmdline
	assert_contains 2147483647
	run cri exec "$c" pidof sleep
	[[ $(wc -w <<< "$output") == 3 ]]
	cri exec "$c" sh -c 'kill $(grep -l "sleep.100[1]" /proc/[0-9]*/cmdline | cut -d / -f 3)'
	[[ $(cri wait "$one") == 143 ]]
	state_is "$c" RUNNING
	pod_over
	assert_nothing_left
}

@test "cri: a container joins another's PID namespace, as kubectl debug does" {
	local target
	pod a
	container one . sleep 1001
	target=$c
	create debug ".linux.security_context.namespace_options += {pid: \"TARGET\", target_id: \"$target\"}" sleep 1002
	cri start "$c"
	[[ $(ns_of "$(pid_of "$target")" pid) == "$(ns_of "$(pid_of "$c")" pid)" ]]
	run cri exec "$c" cat /proc/1/cmdline
	assert_contains 1001
	cri stop "$c"
	state_is "$target" RUNNING
}

@test "cri: the host's network, IPC and PID namespaces" {
	pod a '.hostname = "" | .linux.security_context.namespace_options = {network: "NODE", ipc: "NODE", pid: "NODE"}'
	container one . sleep 1001
	for ns in net ipc pid; do
		[[ $(ns_of "$(pid_of "$c")" $ns) == "$(ns_of self $ns)" ]]
	done
	run cri exec "$c" ip addr show dev rwcri0
	assert_contains 10.91.0.1
	pod_over
	assert_nothing_left
}

# bats test_tags=quick
@test "cri: exec: output, errors, status, signal, environment, time limit, a missing command" {
	pod a
	container one '.envs = [{key: "MINE", value: "with space"}] | .working_dir = "/data"' sleep 1000
	run cri exec "$c" sh -c 'echo "$MINE, $FROM_IMAGE, $PWD"; exit 5'
	assert_status 5
	assert_output "with space, yes, /data"
	cri exec "$c" sh -c 'echo out; echo err >&2' > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err"
	[[ $(< "$BATS_TEST_TMPDIR/out") == out && $(< "$BATS_TEST_TMPDIR/err") == err ]]
	run -137 cri exec "$c" sh -c 'kill -KILL $$'
	run cri exec -T 1 "$c" sleep 1003
	assert_status 1
	assert_contains "timeout"
	run cri exec "$c" pidof sleep
	assert_output 1
	run cri exec "$c" /no/such/program
	assert_status 1
	assert_contains "no such file or directory"
	[[ $(cri exec "$c" sh -c 'head -c 300000 /dev/zero' | wc -c) == 300000 ]]
	pod_over
	assert_nothing_left
}

@test "cri: exec by streaming, as kubectl exec -it does: input, terminal of its size, status" {
	pod a
	container one . sleep 1000
	run cri stream "$c" sh -c 'echo out; echo err >&2; exit 6'
	assert_status 6
	assert_contains out
	assert_contains err
	run bash -c "{ echo 'through the pipe'; sleep 5; } | $BATS_TEST_DIRNAME/cri stream -i $c head -n 1"
	assert_output "through the pipe"
	run cri stream -t "$c" sh -c 'tty; sleep 1; stty size; exit 4'
	assert_status 4
	assert_contains /dev/pts/
	assert_contains "33 111"
	pod_over
	assert_nothing_left
}

@test "cri: exec by streaming: the terminal follows the window, and ends with its client; much input" {
	local output
	pod a
	container one . sleep 1000
	run cri stream -t -s 100x30,99x29,98x28,97x27,96x26,95x25,94x24,93x23 "$c" sh -c 'trap "stty size; exit 3" WINCH; while :; do sleep 0.2; done'
	assert_status 3
	[[ $output =~ (30\ 100|2[3-9]\ 9[3-9]) ]]
	# A client that goes takes its terminal away, and what ran on it gets HUP
	{ sleep 1; echo 'sleep 1005'; sleep 20; } | timeout 5 "$BATS_TEST_DIRNAME/cri" stream -t "$c" sh > "$BATS_TEST_TMPDIR/out" 3>&- &
	retry 20 in_container "$c" 'pidof sleep | grep " "'
	wait $! || true
	run bash -c "{ head -c 100000 /dev/urandom | tee '$BATS_TEST_TMPDIR/sent'; sleep 5; } |
		'$BATS_TEST_DIRNAME/cri' stream -i $c sh -c 'head -c 100000 | sha256sum'"
	assert_output "$(sha256sum < "$BATS_TEST_TMPDIR/sent")"
	pod_over
	assert_nothing_left
}

in_container() { # ID SHELL-COMMAND
	cri exec "$1" sh -c "$2" > /dev/null
}

@test "cri: attach: to input and output of a container's first process, with and without a terminal" {
	pod a
	container one '.stdin = true' sh -c 'while read -r line; do echo "heard $line"; [ "$line" != over ] || exit 4; done'
	# Who goes away leaves it running
	{ echo first; sleep 3; } | timeout 3 "$BATS_TEST_DIRNAME/cri" attach -i "$c" > "$BATS_TEST_TMPDIR/out" || true
	[[ $(< "$BATS_TEST_TMPDIR/out") == "heard first" ]]
	state_is "$c" RUNNING
	{ echo second; echo over; sleep 5; } | cri attach -i "$c" > "$BATS_TEST_TMPDIR/out"
	[[ $(< "$BATS_TEST_TMPDIR/out") == $'heard second\nheard over' ]]
	[[ $(cri wait "$c") == 4 ]]
	run cri logs "$c"
	assert_output $'heard first\nheard second\nheard over'
	container two '.stdin = true | .tty = true' sh -c 'read -r line; stty size; tty; exit 5'
	{ sleep 2; echo go; sleep 5; } | cri attach -t -s 77x11 "$c" > "$BATS_TEST_TMPDIR/out"
	grep -q "11 77" "$BATS_TEST_TMPDIR/out"
	grep -q /dev/pts/0 "$BATS_TEST_TMPDIR/out"
	[[ $(cri wait "$c") == 5 ]]
	# stdin_once: it ends with the first who attached
	container three '.stdin = true | .stdin_once = true' sh -c 'cat; echo ended'
	{ echo word; sleep 2; } | timeout 2 "$BATS_TEST_DIRNAME/cri" attach -i "$c" || true
	[[ $(cri wait "$c") == 0 ]]
	run cri logs "$c"
	assert_output $'word\nended'
	pod_over
	assert_nothing_left
}

@test "cri: a port of the pod is forwarded; one where nobody listens is an error" {
	pod a
	container web . httpd -f -p 127.0.0.1:8080 -h /data
	retry 20 in_container "$c" 'wget -q -O /dev/null http://127.0.0.1:8080/not-executable'
	run bash -c "{ printf 'GET /not-executable HTTP/1.0\r\n\r\n'; sleep 5; } | '$BATS_TEST_DIRNAME/cri' forward $pod 8080"
	assert_status 0
	assert_contains "200 OK"
	assert_contains "plain text"
	run cri forward "$pod" 8081
	assert_status 1
	assert_contains "refused"
	pod_over
	assert_nothing_left
}

@test "cri: logs: long lines, streams apart, opened anew after a rotation, of a terminal" {
	local log
	pod a
	container one . sh -c "head -c 40000 /dev/zero | tr '\\0' x; echo; echo err >&2; $until_go; echo after"
	log=$(state "$c" log_path)
	retry 20 grep -q ' stderr F err$' "$log"
	[[ $(cri logs "$c" 2> /dev/null | wc -c) == 40001 ]]
	mv "$log" "$log.1"
	cri reopen "$c"
	cri exec "$c" touch /tmp/go
	cri wait "$c"
	run cri logs "$c"
	assert_output after
	container two '.tty = true' sh -c 'tty; exit 2'
	[[ $(cri wait "$c") == 2 ]]
	run cri logs "$c"
	assert_contains /dev/pts/0
	pod_over
	assert_nothing_left
}

@test "cri: stop: TERM and time to handle it, then KILL" {
	pod a
	container one . sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	retry 20 grep -q ready "$(state "$c" log_path)"
	cri stop -T 60 "$c"
	[[ $(state "$c" exit_code) == 9 ]]
	grep -q "got it" "$(state "$c" log_path)"
	container two . sh -c 'trap "" TERM; sleep 1001 & wait; while :; do sleep 1; done'
	cri stop -T 1 "$c"
	[[ $(state "$c" exit_code) == 137 ]]
	pod_over
	assert_nothing_left
}

@test "cri: a container is restarted in its pod, attempt after attempt" {
	local i sandbox
	pod a
	sandbox=$(ns_of "$(cri inspectp "$pod" | jq .info.info.pid)" net)
	for i in 0 1 2; do
		container one ".metadata.attempt = $i" sh -c 'echo x >> /dev/shm/attempts; exit 1'
		[[ $(cri wait "$c") == 1 ]]
	done
	container one '.metadata.attempt = 3' sleep 1000
	[[ $(ns_of "$(pid_of "$c")" net) == "$sandbox" ]]
	run cri exec "$c" cat /dev/shm/attempts
	[[ ${#lines[@]} == 3 ]]
	pod_over
	assert_nothing_left
}

@test "cri: a pod whose sandbox dies is not ready, and can be removed" {
	pod a
	container one . sleep 1000
	sandbox=$(cri inspectp "$pod" | jq .info.info.pid)
	shim=$(awk '$1 == "PPid:" { print $2 }' "/proc/$sandbox/status")
	kill -KILL "$sandbox"
	retry 20 bash -c "'$BATS_TEST_DIRNAME/cri' pods | grep -q '^$pod notready'"
	pod_over
	# containerd 2 forgets this shim, over any runtime
	! containerd_version_at_least 2 || retry 5 dead "$shim" || kill "$shim"
	assert_nothing_left
}

@test "cri: a shim is killed: its pod's containers go with it, and all of it can be removed" {
	local shim sandbox
	pod a
	sandbox=$(cri inspectp "$pod" | jq .info.info.pid)
	container one . sh -c 'sleep 1001 & exec sleep 1000'
	one=$c
	container two . sleep 1002
	shim=$(awk '$1 == "PPid:" { print $2 }' "/proc/$sandbox/status")
	[[ $(< "/proc/$shim/comm") == containerd-shim ]]
	kill -KILL "$shim"
	retry 30 bash -c "'$BATS_TEST_DIRNAME/cri' pods | grep -q '^$pod notready'"
	retry 30 state_is "$c" EXITED
	retry 10 dead "$sandbox"
	pod_over
	# containerd 2 forgets all but the sandbox, over any runtime; what the runtime knows is enough
	if containerd_version_at_least 2; then
		for c in "$one" "$c"; do
			"$RUNTIME" --root /run/containerd/runc/k8s.io delete --force "$c"
		done
		pods_cgroups_over
	fi
	assert_nothing_left
}

@test "cri: what happens is told: containers and pods made, started, ended, removed" {
	since containerd 1.7
	local events=$BATS_TEST_TMPDIR/events what
	"$BATS_TEST_DIRNAME/cri" events > "$events" 3>&- &
	sleep 2
	pod a
	container one . sh -c 'exit 3'
	cri wait "$c"
	cri rm "$c"
	retry 20 grep -q "^deleted $c" "$events"
	pod_over
	retry 20 grep -q "^deleted $pod" "$events"
	kill $!
	for what in $c $pod; do
		[[ $(awk -v id="$what" '$2 == id { print $1 }' "$events" | uniq) == $'created\nstarted\nstopped\ndeleted' ]] ||
			{ cat "$events"; return 1; }
	done
	grep -q "^stopped $c exited a$" "$events"
	assert_nothing_left
}

# bats test_tags=quick
@test "cri: limits are in the container's cgroup, and change while it runs" {
	need_controller memory
	need_controller cpu
	need_controller cpuset
	local dir
	pod a
	container one '.linux.resources = {memory_limit_in_bytes: 67108864, cpu_quota: 50000, cpu_period: 100000,
		cpu_shares: 512, cpuset_cpus: "0", oom_score_adj: 500, unified: {"memory.low": "1048576"}}' sleep 1000
	dir=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of "$c")/cgroup")
	[[ $dir == */$CALLERS_PARENT/*$c* ]]
	[[ $(cd "$dir" && cat memory.max cpu.max cpuset.cpus) == $'67108864\n50000 100000\n0' ]]
	[[ $(< "$dir/cpu.weight") -lt 100 ]]
	run cri exec "$c" cat /proc/1/oom_score_adj
	assert_output 500
	echo '{"memory_limit_in_bytes": 134217728, "cpu_quota": 25000, "cpu_period": 100000, "cpu_shares": 1024}' | cri update "$c" -
	[[ $(cd "$dir" && cat memory.max cpu.max) == $'134217728\n25000 100000' ]]
	state_is "$c" RUNNING
	echo '{"memory_limit_in_bytes": 67108864, "cpuset_cpus": "0"}' | cri update "$c" -
	[[ $(< "$dir/memory.max") == 67108864 ]]
	pod_over
	assert_nothing_left
}

@test "cri: huge pages' limits are in the container's cgroup; the pod's own cgroup is its parent" {
	need_controller hugetlb
	local dir
	pod a
	container one '.linux.resources = {oom_score_adj: 500, hugepage_limits: [{page_size: "2MB", limit: 4194304}]}' sleep 1000
	dir=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of "$c")/cgroup")
	[[ $dir == */$CALLERS_PARENT/*$c* ]]
	[[ $(< "$dir/hugetlb.2MB.max") == 4194304 ]]
	run cri exec "$c" cat /proc/1/oom_score_adj
	assert_output 500
	pod_over
	assert_nothing_left
}

@test "cri: processors and swap are given anew while a container runs, and its status tells" {
	need_controller memory
	need_controller cpu
	need_controller cpuset
	local dir
	pod a
	container one '.linux.resources = {memory_limit_in_bytes: 67108864, cpuset_cpus: "0-1", cpuset_mems: "0"}' sleep 1000
	dir=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of "$c")/cgroup")
	echo '{"cpuset_cpus": "1", "cpu_period": 50000, "cpu_quota": 75000, "cpu_shares": 2048, "memory_limit_in_bytes": 134217728,
		"memory_swap_limit_in_bytes": 201326592, "unified": {"memory.high": "100663296"}}' | cri update "$c" -
	[[ $(cd "$dir" && cat cpuset.cpus cpu.max memory.max) == $'1\n75000 50000\n134217728' ]]
	[[ ! -e $dir/memory.swap.max || $(< "$dir/memory.swap.max") == 67108864 ]]
	[[ $(< "$dir/memory.high") == 100663296 ]]
	run cri exec "$c" grep Cpus_allowed_list /proc/1/status
	assert_output "Cpus_allowed_list:	1"
	run cri exec "$c" cat /sys/fs/cgroup/memory.max
	assert_output 134217728
	if containerd_version_at_least 1.7; then
		[[ $(state "$c" resources.linux.memory_limit_in_bytes) == 134217728 ]]
		[[ $(state "$c" resources.linux.cpuset_cpus) == 1 ]]
	fi
	# What the kernel refuses is an error, and the container runs on with what it had
	run cri update "$c" - <<< '{"cpuset_cpus": "4000"}'
	assert_status 1
	[[ $(< "$dir/cpuset.cpus") == 1 ]]
	state_is "$c" RUNNING
	pod_over
	assert_nothing_left
}

@test "cri: out of memory is what the container's status says" {
	need_controller memory
	pod a
	container one '.linux.resources = {memory_limit_in_bytes: 33554432, memory_swap_limit_in_bytes: 33554432}' \
		sh -c 'head -c 200000000 /dev/zero | tail'
	cri wait "$c"
	[[ $(state "$c" reason) == OOMKilled ]]
	pod_over
	assert_nothing_left
}

@test "cri: statistics of a container and of its pod" {
	need_controller memory
	need_controller cpu
	pod a
	container one . sh -c 'while :; do :; done'
	sleep 1
	cri stats "$c" | jq -e '.stats | (.cpu.usage_core_nano_seconds.value | tonumber > 0) and (.memory.working_set_bytes.value | tonumber > 0)'
	cri statsp "$pod" | jq -e '.stats.linux.process.process_count.value | tonumber >= 1'
}

@test "cri: statistics of all containers and pods at once" {
	need_controller memory
	need_controller cpu
	local busy
	pod a
	container busy . sh -c 'while :; do :; done'
	busy=$c
	container idle . sleep 1000
	sleep 1
	cri stats > "$BATS_TEST_TMPDIR/containers"
	[[ $(wc -l < "$BATS_TEST_TMPDIR/containers") == 2 ]]
	awk -v busy="$busy" '{ used[$1 == busy] = $2; if ($3 == 0) exit 2 } END { exit !(used[1] > used[0] && used[0] > 0) }' \
		"$BATS_TEST_TMPDIR/containers"
	cri statsp | grep -q "^$pod [1-9][0-9]* [1-9]"
}

@test "cri: seccomp: the runtime's default, none, and a file of the node's" {
	pod a
	run once '.linux.security_context.seccomp = {profile_type: "RuntimeDefault"}' sh -c 'grep Seccomp: /proc/self/status; unshare -m true'
	assert_status 1
	assert_contains "Seccomp:	2"
	assert_contains "Operation not permitted"
	run once '.linux.security_context.seccomp = {profile_type: "Unconfined"}' grep Seccomp: /proc/self/status
	assert_output "Seccomp:	0"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}' \
		> "$BATS_TEST_TMPDIR/profile.json"
	run once ".linux.security_context.seccomp = {profile_type: \"Localhost\", localhost_ref: \"$BATS_TEST_TMPDIR/profile.json\"}" mkdir /tmp/d
	assert_status 1
	assert_contains "not supported"
	run create bad '.linux.security_context.seccomp = {profile_type: "Localhost", localhost_ref: "/no/such/profile.json"}' true
	assert_status 1
	assert_contains "/no/such/profile.json"
}

@test "cri: AppArmor: the runtime's default profile, none, and one that is not there" {
	need_apparmor
	need_program apparmor_parser
	pod a
	run once '.linux.security_context.apparmor = {profile_type: "RuntimeDefault"}' cat /proc/self/attr/current
	assert_output "cri-containerd.apparmor.d (enforce)"
	run once '.linux.security_context.apparmor = {profile_type: "Unconfined"}' cat /proc/self/attr/current
	assert_output unconfined
	run create bad '.linux.security_context.apparmor = {profile_type: "Localhost", localhost_ref: "no-such-profile"}' true
	assert_status 1
	assert_contains "no-such-profile"
}

@test "cri: capabilities: the default, added, dropped, all dropped; no_new_privs" {
	pod a
	run once . grep CapEff /proc/self/status
	assert_output "CapEff:	00000000a80425fb"
	run once '.linux.security_context.capabilities = {add_capabilities: ["NET_ADMIN"], drop_capabilities: ["CHOWN", "MKNOD"]}' grep CapEff /proc/self/status
	assert_output "CapEff:	00000000a00435fa"
	run once '.linux.security_context.capabilities = {add_capabilities: ["NET_BIND_SERVICE"], drop_capabilities: ["ALL"]}' grep CapBnd /proc/self/status
	assert_output "CapBnd:	0000000000000400"
	run once '.linux.security_context.no_new_privs = true' grep NoNewPrivs /proc/self/status
	assert_output "NoNewPrivs:	1"
	run once . grep NoNewPrivs /proc/self/status
	assert_output "NoNewPrivs:	0"
}

@test "cri: read-only root, user, group, further groups, user by name" {
	pod a
	run once '.linux.security_context.readonly_rootfs = true' touch /a
	assert_status 1
	assert_contains "Read-only file system"
	run once '.linux.security_context += {run_as_user: {value: 1234}, run_as_group: {value: 4321}, supplemental_groups: [7, 8]}' \
		sh -c 'id -u; id -g; grep Groups /proc/self/status'
	[[ ${lines[0]} == 1234 && ${lines[1]} == 4321 && ${lines[2]} =~ 7\ 8 ]]
	container two '.linux.security_context.run_as_username = "user"' sleep 1000
	run cri exec "$c" id
	assert_contains "uid=1000(user) gid=1000(user)"
	assert_contains "2000(extra)"
}

@test "cri: exec has the container's user, groups, capabilities, limits of privilege, and place" {
	pod a
	container one '.working_dir = "/data" | .linux.security_context += {run_as_user: {value: 1234}, run_as_group: {value: 4321},
		supplemental_groups: [7], no_new_privs: true, capabilities: {drop_capabilities: ["ALL"]},
		seccomp: {profile_type: "RuntimeDefault"}}' sh -c 'grep -E "^(Uid|Gid|Groups|Cap|NoNew|Seccomp:)" /proc/self/status; pwd; sleep 1000'
	retry 20 bash -c "'$BATS_TEST_DIRNAME/cri' logs $c | grep -q /data"
	run cri exec "$c" sh -c 'grep -E "^(Uid|Gid|Groups|Cap|NoNew|Seccomp:)" /proc/self/status; pwd'
	assert_output "$(cri logs "$c")"
	assert_contains "Uid:	1234"
	assert_contains "CapBnd:	0000000000000000"
	assert_contains "Seccomp:	2"
}

@test "cri: further groups: those of the image besides, or none but those that are asked for" {
	since containerd 2
	[[ $(cri status | jq .features.supplemental_groups_policy) == true ]]
	pod a
	run once '.linux.security_context += {run_as_user: {value: 1000}, supplemental_groups: [7]}' id -G
	assert_output "1000 7 2000"
	run once '.linux.security_context += {run_as_user: {value: 1000}, supplemental_groups: [7], supplemental_groups_policy: "Strict"}' id -G
	assert_output "1000 7"
}

@test "cri: masked and read-only paths, and none of them" {
	pod a
	run once . sh -c 'exec 2>&1; wc -c < /proc/cpuinfo; ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/panic'
	assert_status 1
	[[ ${lines[0]} == 0 && ${lines[1]} == 0 ]]
	assert_contains "Read-only file system"
	run once '.linux.security_context += {masked_paths: ["/data"], readonly_paths: ["/tmp"]}' sh -c 'exec 2>&1; ls /data | wc -l; touch /tmp/x'
	[[ ${lines[0]} == 0 ]]
	assert_contains "Read-only file system"
	run once '.linux.security_context += {masked_paths: [], readonly_paths: []}' sh -c 'grep -c "/proc/" /proc/self/mountinfo; wc -l < /proc/cpuinfo'
	[[ ${lines[0]} == 0 && ${lines[1]} != 0 ]]
}

# Not /sys: the sandbox has mounted it read-only first, and all of its network namespace's are one
@test "cri: privileged: every capability, every device, cgroups writable, nothing masked" {
	need_all_capabilities
	pod a '.linux.security_context.privileged = true'
	run once '.linux.security_context = {privileged: true}' \
		sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop && grep -c "cgroup2 rw" /proc/mounts; grep -c "/proc/" /proc/mounts; ls -d /dev/kmsg; grep CapEff /proc/self/status'
	assert_output "1
0
/dev/kmsg
$(grep CapEff /proc/self/status)"
}

@test "cri: devices: those that are given, with their permissions, and no others" {
	# Major 120 is for local use, no driver answers: that is seen where opening is permitted
	mknod "$BATS_TEST_TMPDIR/node" c 120 3
	pod a
	run once ".devices = [{container_path: \"/dev/mine\", host_path: \"$BATS_TEST_TMPDIR/node\", permissions: \"r\"}]" \
		sh -c 'cat /dev/mine; echo x > /dev/mine'
	assert_status 1
	assert_contains "No such device or address"
	assert_contains "Operation not permitted"
	run once . sh -c 'mknod /tmp/loop c 10 237 && exec 3< /tmp/loop'
	assert_contains "Operation not permitted"
}

@test "cri: mounts: read-only, a file, and what is mounted later in each direction" {
	local v=$BATS_TEST_TMPDIR/v
	mkdir "$v"
	mount -t tmpfs v "$v"
	mount --make-shared "$v"
	echo from-host > "$v/file"
	mkdir "$v/later" "$v/back"
	pod a
	run once ".mounts = [{container_path: \"/v\", host_path: \"$v\", readonly: true}, {container_path: \"/etc/one\", host_path: \"$v/file\"}]" \
		sh -c 'exec 2>&1; cat /v/file /etc/one; touch /v/x'
	assert_status 1
	assert_contains $'from-host\nfrom-host'
	assert_contains "Read-only file system"
	container private ".mounts = [{container_path: \"/v\", host_path: \"$v\"}]" sleep 1000
	private=$c
	container slave ".mounts = [{container_path: \"/v\", host_path: \"$v\", propagation: \"PROPAGATION_HOST_TO_CONTAINER\"}]" sleep 1000
	slave=$c
	container shared ".mounts = [{container_path: \"/v\", host_path: \"$v\", propagation: \"PROPAGATION_BIDIRECTIONAL\"}]
		| .linux.security_context += {capabilities: {add_capabilities: [\"SYS_ADMIN\"]}, apparmor: {profile_type: \"Unconfined\"}}" sleep 1000
	mount -t tmpfs later "$v/later"
	touch "$v/later/seen"
	run cri exec "$private" ls /v/later
	assert_output ""
	run cri exec "$slave" ls /v/later
	assert_output seen
	run cri exec "$c" ls /v/later
	assert_output seen
	cri exec "$c" mount -t tmpfs back /v/back
	grep -q "^back $v/back " /proc/self/mounts
	umount "$v/back" "$v/later"
	pod_over
	umount "$v"
	assert_nothing_left
}

@test "cri: mounts: what is mounted below a read-only one is read-only too if that is asked for" {
	since containerd 2
	local v=$BATS_TEST_TMPDIR/v
	mkdir "$v"
	mount -t tmpfs v "$v"
	mkdir -p "$v/below"
	mount -t tmpfs below "$v/below"
	pod a
	run once ".mounts = [{container_path: \"/v\", host_path: \"$v\", readonly: true}]" sh -c 'exec 2>&1; touch /v/x; touch /v/below/x && echo made'
	assert_contains "/v/x: Read-only file system"
	assert_contains made
	run once ".mounts = [{container_path: \"/v\", host_path: \"$v\", readonly: true, recursive_read_only: true}]" \
		sh -c 'exec 2>&1; touch /v/x; touch /v/below/y'
	assert_status 1
	assert_contains "/v/x: Read-only file system"
	assert_contains "/v/below/y: Read-only file system"
	[[ ! -e $v/below/y ]]
	pod_over
	umount "$v/below" "$v"
	assert_nothing_left
}

@test "cri: an image as a volume" {
	since containerd 2.1
	pod a
	run once ".mounts = [{container_path: \"/image\", image: {image: \"$image\"}, readonly: true}]" \
		sh -c 'exec 2>&1; cat /image/data/not-executable; touch /image/x'
	assert_status 1
	assert_contains "plain text"
	assert_contains "Read-only file system"
	pod_over
	assert_nothing_left
}

@test "cri: the file for a last message, as a kubelet mounts it, is there to read when the container has ended" {
	local message=$BATS_TEST_TMPDIR/message
	touch "$message"
	chmod 666 "$message"
	pod a
	container one ".mounts = [{container_path: \"/dev/termination-log\", host_path: \"$message\"}]
		| .linux.security_context.run_as_user = {value: 1000}" sh -c 'echo "no database" > /dev/termination-log; exit 42'
	[[ $(cri wait "$c") == 42 ]]
	[[ $(< "$message") == "no database" ]]
	[[ $(state "$c" reason) == Error ]]
}

@test "cri: the pod's sysctls, DNS and hosts" {
	pod a '.linux.sysctls = {"net.ipv4.ip_local_port_range": "2000 3000", "kernel.shm_rmid_forced": "1"}
		| .dns_config = {servers: ["10.9.8.7"], searches: ["svc.test"], options: ["ndots:5"]}'
	run once . cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/kernel/shm_rmid_forced /etc/resolv.conf /etc/hostname
	[[ $output == *2000*3000$'\n'1* ]]
	assert_contains "nameserver 10.9.8.7"
	assert_contains "search svc.test"
	assert_contains $'\na'
}

# bats test_tags=quick
@test "cri: CNI bridge: pods reach each other, addresses come and go, a published port" {
	local first address
	pod a '.port_mappings = [{container_port: 8080, host_port: 18080}]'
	first=$pod
	address=$(pod_address)
	[[ $address == 10.91.0.* ]]
	container web . sh -c 'exec httpd -f -p 8080 -h /data'
	pod b
	[[ $(pod_address) != "$address" ]]
	container client . sleep 1000
	retry 20 cri exec "$c" wget -q -O /dev/null "http://$address:8080/not-executable"
	run cri exec "$c" wget -q -O - "http://$address:8080/not-executable"
	assert_output "plain text"
	run cri exec "$c" ping -c 1 10.91.0.1
	assert_status 0
	run cri exec "$c" wget -q -O - "http://10.91.0.1:18080/not-executable"
	assert_output "plain text"
	pod_over "$first" "$pod"
	[[ ! $(find "$CALLERS_WORK/cni-data" -name '10.91.*') ]]
	assert_nothing_left
}

# bats test_tags=quick
@test "cri: containerd is killed and comes back: pods run on, exits are known, all is managed" {
	local short
	pod a
	container short . sh -c "$until_go; exit 7"
	short=$c
	container long . sh -c 'while :; do echo tick; sleep 0.2; done'
	touch "/proc/$(pid_of "$short")/root/tmp/here"
	pid=$(pid_of "$short")
	kill -KILL "$(< "$CALLERS_WORK/cri.pid")"
	retry 20 dead "$(< "$CALLERS_WORK/cri.pid")"
	touch "/proc/$pid/root/tmp/go" # it ends while nobody is there
	retry 20 dead "$pid"
	cri_start
	cri pods | grep -q "^$pod ready"
	state_is "$c" RUNNING
	run cri wait "$short"
	# 1.7 does not ask its shims for the status of what ended in the meantime, over any runtime
	[[ $output == 7 ]] || { [[ $output == 255 ]] && containerd_version_at_least 1.7; }
	run cri exec "$c" echo inside
	assert_output inside
	lines_before=$(cri logs "$c" | wc -l)
	sleep 1
	[[ $(cri logs "$c" | wc -l) -gt $lines_before ]]
	container new . sleep 1000
	cri stop "$c"
	pod_over
	assert_nothing_left
}

@test "cri: handlers: the one that is asked for, the default, and one that is not there" {
	rm -f "$CALLERS_WORK/other.calls"
	pod a . other
	container one . true
	grep -q "create .*$pod" "$CALLERS_WORK/other.calls"
	grep -q "create .*$c" "$CALLERS_WORK/other.calls"
	cri pods | grep -q "^$pod ready a other"
	rm -f "$CALLERS_WORK/other.calls"
	pod b . ""
	container one . true
	[[ ! -e $CALLERS_WORK/other.calls ]]
	run pod c . missing
	assert_status 1
	assert_contains 'no runtime for "missing" is configured'
}

# CALLERS_PODS: so many, with CALLERS_TIMEOUT to match
@test "cri: many pods there together, each step of all of them at once" {
	pod a
	create one . hostname
	run cri many "${CALLERS_PODS:-20}" "$BATS_TEST_TMPDIR/pods/$pod" "$BATS_TEST_TMPDIR/pods/container"
	assert_status 0
	echo "# $output" >&3
	pod_over
	assert_nothing_left
}

@test "cri: user namespaces" {
	since containerd 1.7
	pod a '.linux.security_context.namespace_options.userns_options = {mode: "POD",
		uids: [{host_id: 200000, container_id: 0, length: 65536}], gids: [{host_id: 200000, container_id: 0, length: 65536}]}'
	container one . sh -c 'touch /tmp/mine; exec sleep 1000'
	run cri exec "$c" cat /proc/self/uid_map
	[[ $output =~ 0\ +200000\ +65536 ]]
	run cri exec "$c" sh -c 'id -u; stat -c %u /bin /tmp/mine'
	assert_output $'0\n0\n0'
	[[ $(stat -c %u "/proc/$(pid_of "$c")") == 200000 ]]
	[[ $(ns_of "$(pid_of "$c")" user) != "$(ns_of self user)" ]]
	one=$c
	container two '.linux.security_context.run_as_user = {value: 1000}' sleep 1000
	[[ $(ns_of "$(pid_of "$c")" user) == "$(ns_of "$(pid_of "$one")" user)" ]]
	[[ $(stat -c %u "/proc/$(pid_of "$c")") == 201000 ]]
	# (the size comes after the start, as kubectl's)
	run cri stream -t "$one" sh -c 'tty; for i in $(seq 20); do stty size 2> /dev/null | grep "^33" && break; sleep 0.2; done; id -u'
	assert_contains "33 111"
	pod_over
	assert_nothing_left
}

@test "cri: user namespaces: volumes have the owners that they have on the host, limits and sysctls hold" {
	since containerd 2
	local v=$BATS_TEST_TMPDIR/v ids
	mkdir "$v"
	echo of-root > "$v/root"
	chmod 600 "$v/root"
	install -o 1000 -g 1000 -m 600 /dev/null "$v/user"
	ids='[{host_id: 200000, container_id: 0, length: 65536}]'
	pod a ".linux.security_context.namespace_options.userns_options = {mode: \"POD\", uids: $ids, gids: $ids}
		| .linux.sysctls = {\"net.ipv4.ip_unprivileged_port_start\": \"80\"}"
	container one ".mounts = [{container_path: \"/v\", host_path: \"$v\", uidMappings: $ids, gidMappings: $ids}]
		| .linux.security_context.seccomp = {profile_type: \"RuntimeDefault\"}
		| .linux.security_context.readonly_rootfs = true" sleep 1000
	run cri exec "$c" sh -c 'stat -c %u /v/root /v/user; cat /v/root; touch /v/new; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; touch /x'
	assert_status 1
	assert_contains $'0\n1000\nof-root\n80'
	assert_contains "Read-only file system"
	[[ $(stat -c %u "$v/new") == 0 ]]
	run cri exec "$c" mount -t tmpfs x /tmp
	assert_contains "permission denied"
	pod_over
	assert_nothing_left
}

@test "cri: user namespaces: a pod that asks for the host's has that" {
	since containerd 1.7
	pod a '.linux.security_context.namespace_options.userns_options = {mode: "NODE"}'
	container one . sleep 1000
	[[ $(ns_of "$(pid_of "$c")" user) == "$(ns_of self user)" ]]
	pod_over
	assert_nothing_left
}

policies_or_skip() {
	need_own_etc
	mkdir -p /etc/ringwall/policy.d
	"$RUNTIME" policy check baseline > /dev/null 2>&1 || not_here "this runtime has no policies"
}

@test "cri: the annotation org.ringwall.policy of a pod holds for its containers" {
	policies_or_skip
	echo '{"version": 1, "name": "web", "onUnsupported": "warn", "devices": {"default": "allow", "deny": ["c 1:7 w"]}}' > /etc/ringwall/web.json
	pod a '.annotations = {"org.ringwall.policy": "/etc/ringwall/web.json"}'
	container shop . sleep 1000
	run cri exec "$c" sh -c 'head -c 1 /dev/full | wc -c; echo x > /dev/full'
	assert_status 1
	[[ ${lines[0]} == 1 ]] || { echo "$output"; return 1; }
	assert_contains "Operation not permitted"
	run "$RUNTIME" --root /run/containerd/runc/k8s.io denials "$c"
	assert_status 0
	assert_contains "c 1:7"
	"$RUNTIME" --root /run/containerd/runc/k8s.io denials --json "$c" | jq -se 'map(select(.operation == "device" and .object == "c 1:7 w" and .errno == "EPERM")) | length > 0'
	run "$RUNTIME" --root /run/containerd/runc/k8s.io policy show "$c"
	assert_contains "# policy web"
	# found without --root, and by the name that the pod gives it
	run "$RUNTIME" denials "${c:0:12}"
	assert_contains "c 1:7"
	run "$RUNTIME" denials shop
	assert_contains "c 1:7"
	# which is what it is called where nothing is asked for
	run "$RUNTIME" denials
	assert_contains "Z default/a/shop sh["
	run "$RUNTIME" denials default/a/shop
	assert_contains "c 1:7"
	pod_over
	assert_nothing_left
}

@test "cri: the annotation of one container is its own; a policy that is not there stops the pod" {
	policies_or_skip
	echo '{"version": 1, "name": "web", "onUnsupported": "warn", "devices": {"default": "allow", "deny": ["c 1:7 w"]}}' > /etc/ringwall/web.json
	pod a
	container one '.annotations = {"org.ringwall.policy": "/etc/ringwall/web.json"}' sleep 1000
	run cri exec "$c" sh -c 'echo x > /dev/full'
	assert_contains "Operation not permitted"
	container two . sleep 1000
	run cri exec "$c" sh -c 'echo x > /dev/full'
	assert_contains "No space left"
	pod_over
	run pod b '.annotations = {"org.ringwall.policy": "/etc/ringwall/missing.json"}'
	assert_status 1
	assert_contains "missing.json"
	assert_nothing_left
}

# The last one: the programs that it is the first to want stay
@test "cri: a pod's egress is refused by its policy, and opened while it runs" {
	local address
	policies_or_skip
	echo '{"version": 1, "name": "no-egress", "extends": "baseline", "network": {"egress": {"default": "deny"}}}' > /etc/ringwall/policy.d/no-egress.json
	pod web
	address=$(pod_address)
	container web . httpd -f -p 8080 -h /data
	pod client '.annotations = {"org.ringwall.policy": "no-egress"}'
	container client . sleep 1000
	run cri exec "$c" wget -q -O - "http://$address:8080/not-executable"
	assert_status 1
	"$RUNTIME" --root /run/containerd/runc/k8s.io denials "$c" | grep -qF "$address"
	"$RUNTIME" denials | grep -F "$address" | grep -F "default/client/client"
	"$RUNTIME" --root /run/containerd/runc/k8s.io policy set "$c" --allow-egress "$address/32:8080"
	retry 20 cri exec "$c" wget -q -O /dev/null "http://$address:8080/not-executable"
	run cri exec "$c" wget -q -O - "http://$address:8080/not-executable"
	assert_output "plain text"
}
