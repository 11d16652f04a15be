# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the files here share.  tests/callers/run sets RUNTIME, RUNTIME_NAME and CALLERS_*.

image=docker.io/library/ringwall-test:latest
patience=${RINGWALL_VM:+5} # how many times longer all is waited for: without KVM a VM is 20 times slower
patience=${patience:-1}

not_here() { # REASON: skip, unless everything must work
	[[ ${MUST_WORK-} == 1 ]] && { echo "MUST_WORK=1, but: $1"; return 1; }
	skip "$1"
}

need_rig() {
	[[ ${CALLERS_WORK-} ]] || { echo "run this by tests/callers/run"; return 1; }
}

# Tests that change /etc, where it is not the host's
need_own_etc() {
	[[ ${CALLERS_OWN_ETC-}${RINGWALL_VM-}${RINGWALL_BOOT-} ]] || not_here "it would change this host's /etc"
}

# Callers differ from version to version; each of these is asked where they do
version_at_least() { # HAVE WANT
	[[ $(printf '%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

version_in() { # TEXT: the first thing that looks like one
	[[ $1 =~ [0-9]+(\.[0-9]+)+ ]] && echo "${BASH_REMATCH[0]}"
}

docker_version_at_least() { version_at_least "$(version_in "$(dockerd --version)")" "$1"; }
containerd_version_at_least() { version_at_least "$(version_in "$(containerd --version)")" "$1"; }
podman_version_at_least() { version_at_least "$(version_in "$(podman --version)")" "$1"; }
runc_version_at_least() { version_at_least "$(version_in "$(runc --version)")" "$1"; }
compose_version_at_least() { version_at_least "$(version_in "$(docker-compose version --short)")" "$1"; }

# What an older caller cannot be asked for. Not not_here: nothing is missing.
since() { # CALLER VERSION
	"$1_version_at_least" "$2" || skip "this $1 is older than $2"
}

need_program() {
	command -v "$1" > /dev/null || not_here "$1 is not installed"
}

# What Podman has as the first process of a pod, and of --init
has_catatonit() {
	[[ -e /usr/libexec/podman/catatonit ]] || command -v catatonit > /dev/null
}

need_apparmor() {
	[[ $(cat /sys/module/apparmor/parameters/enabled 2> /dev/null) == Y ]] || not_here "this kernel has no AppArmor"
}

need_controller() {
	[[ $CALLERS_CONTROLLERS == *" $1 "* ]] || not_here "this host's cgroup v2 has no $1 controller"
}

# What --privileged asks for; no runtime can give what its caller lacks
need_all_capabilities() {
	local have all
	have=$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)
	all=$(printf '%016x' $(((2 << $(< /proc/sys/kernel/cap_last_cap)) - 1)))
	[[ $have == "$all" ]] || not_here "this host withholds capabilities from root: $have of $all"
}

retry() { # SECONDS CMD…: until it succeeds
	local end=$((SECONDS + $1 * patience))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# COMMAND's output and status seen through a terminal of our own of 33 by 111
on_terminal() {
	SHELL=/bin/bash script -qec "stty rows 33 cols 111; $(printf '%q ' "$@")" /dev/null < /dev/null | tr -d '\r'
	return "${PIPESTATUS[0]}"
}

# The cgroup directory under which the caller puts its containers
parent_dir() {
	echo "/sys/fs/cgroup/$CALLERS_PARENT"
}

# Where runtimes keep state for these callers; a runtime's own --root default too
state_dirs() {
	echo /run/ringwall /run/runc /run/crun /run/containerd/runc "$CALLERS_WORK"/docker-exec/runtime-* /run/docker/runtime-* \
		"$CALLERS_WORK"/containerd-state/runc
}

# Everything that a container may leave on the host, one thing a line
host_snapshot() {
	local proc comm self
	self=$(readlink /proc/self/ns/pid)
	find "$(parent_dir)" -mindepth 1 -type d 2> /dev/null | sed 's/^/cgroup /'
	# shellcheck disable=SC2046 # several
	# Names with @ are no container's: what containers share, as compiled filters
	find $(state_dirs) -mindepth 1 -not -path '*/@*' 2> /dev/null | sed 's/^/state /'
	find /sys/fs/bpf -mindepth 1 2> /dev/null | sed 's/^/pin /'
	find /run/netns /run/docker/netns -mindepth 1 2> /dev/null | sed 's/^/netns /'
	# (podman binds its storage onto itself and unbinds it as it likes)
	awk '$5 !~ /podman-storage\/overlay$/ { print "mount " $5 }' /proc/self/mountinfo
	for proc in /proc/[0-9]*; do
		comm=
		{ read -r comm < "$proc/comm"; } 2> /dev/null
		case $comm in
		conmon | containerd-shim* | "${RUNTIME_NAME:0:15}") echo "process $comm" ;;
		'') ;;
		*) [[ $(readlink "$proc/ns/pid") == "$self" ]] || [[ ! -e $proc/exe ]] || echo "process $comm" ;;
		esac
	done
}

# Taken after a first container, because a runtime may keep what it shares
host_baseline() {
	sleep 1
	host_snapshot | sort > "$CALLERS_WORK/baseline"
}

same_as_baseline() {
	host_snapshot | sort > "$CALLERS_WORK/now"
	cmp -s "$CALLERS_WORK/baseline" "$CALLERS_WORK/now"
}

assert_nothing_left() {
	retry 10 same_as_baseline && return
	diff "$CALLERS_WORK/baseline" "$CALLERS_WORK/now"
	return 1
}

assert_status() {
	((status == $1)) || { echo "status $status, not $1; output:"; echo "$output"; return 1; }
}

assert_output() {
	[[ $output == "$1" ]] || { printf 'output:\n%s\nexpected:\n%s\n' "$output" "$1"; return 1; }
}

assert_contains() {
	[[ $output == *"$1"* ]] || { printf 'output:\n%s\nlacks:\n%s\n' "$output" "$1"; return 1; }
}

# The first word of the test's name says what to end
caller_end() {
	case ${BATS_TEST_DESCRIPTION,,} in
	docker*) docker_end ;;
	podman*) podman_end ;;
	containerd*) containerd_end ;;
	user:*) user_end ;;
	esac
}

# FILE: a directory to build an image from, with that for its instructions; nothing in them has to be fetched
build_context() {
	mkdir -p "$BATS_TEST_TMPDIR/context"
	echo copied > "$BATS_TEST_TMPDIR/context/file"
	cat > "$BATS_TEST_TMPDIR/context/$1" <<-FILE
		FROM $image AS first
		RUN echo built > /data/built && id -u > /data/uid
		USER user
		WORKDIR /tmp
		RUN id -u > uid && ! touch /data/x 2> /dev/null
		FROM scratch
		COPY --from=first / /
		COPY file /data/file
		ENV BUILT=yes
		RUN ["/bin/sh", "-c", "echo \$BUILT > /data/env"]
		CMD ["cat", "/data/built", "/data/uid", "/tmp/uid", "/data/file", "/data/env"]
	FILE
}

stop_daemon() { # PIDFILE
	local pid
	[[ -e $1 ]] || return 0
	pid=$(< "$1")
	kill "$pid" 2> /dev/null
	retry 15 dead "$pid" || kill -KILL "$pid"
	rm -f "$1"
}

dead() {
	! kill -0 "$1" 2> /dev/null || [[ $(awk '$1 == "State:" { print $2 }' "/proc/$1/status" 2> /dev/null) == Z ]]
}

# Docker: a dockerd of its own with its own containerd, overlay2, no registry ------------------------------------

# JQ-FILTER…: on top of the configuration; the runtime is called underTest, and the default
dockerd_start() {
	export DOCKER_HOST=unix:///run/ringwall-docker.sock DOCKER_CONFIG=$CALLERS_WORK/docker-config
	jq -n --arg path "$RUNTIME" --arg driver "$CALLERS_MANAGER" --arg work "$CALLERS_WORK" '{
		runtimes: {underTest: {path: $path}}, "default-runtime": "underTest",
		"data-root": ($work + "/docker"), "exec-root": ($work + "/docker-exec"),
		"exec-opts": ["native.cgroupdriver=" + $driver], "storage-driver": "overlay2",
		hosts: ["unix:///run/ringwall-docker.sock"], pidfile: ($work + "/docker.pid"),
		"shutdown-timeout": 5} | '"${1-.}" > "$CALLERS_WORK/daemon.json"
	dockerd_again
}

dockerd_again() { # with the configuration that is there
	dockerd --config-file "$CALLERS_WORK/daemon.json" >> "$CALLERS_WORK/docker.log" 2>&1 3>&- &
	retry 60 docker info > /dev/null 2>&1 || { tail -n 20 "$CALLERS_WORK/docker.log"; return 1; }
}

docker_setup() {
	need_program dockerd
	dockerd_start "$@"
	docker load -q -i "$CALLERS_WORK/image.tar"
}

docker_clear() {
	local all
	all=$(docker ps -aq 2> /dev/null)
	# shellcheck disable=SC2086 # a list
	[[ ! $all ]] || docker rm -f $all > /dev/null 2>&1 || true
}

docker_end() {
	[[ ${DOCKER_HOST-} ]] || return 0
	docker_clear
	stop_daemon "$CALLERS_WORK/docker.pid"
	# Left at DROP, where the bridges of others lose what goes from container to container
	[[ ! ${CALLERS_OWN_ETC-}${RINGWALL_VM-} ]] || iptables -P FORWARD ACCEPT
}

d_run() { docker run --cgroup-parent "$CALLERS_PARENT" "$@" 3>&-; }

# Podman: own storage (overlay), the manager of the rig, no registry ---------------------------------------------

podman_configure() {
	export CONTAINERS_CONF=$CALLERS_WORK/containers.conf CONTAINERS_STORAGE_CONF=$CALLERS_WORK/storage.conf
	# podman asks for 2048 pids and 1048576 files by default; a host without the
	# controller, or without CAP_SYS_RESOURCE, refuses that to any runtime.
	cat > "$CONTAINERS_CONF" <<-CONF
		[containers]
		pids_limit = 0
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "$CALLERS_MANAGER"
		events_logger = "file"
		runtime = "$RUNTIME"
		runtime_supports_json = ["runc", "underTest"]
		runtime_supports_nocgroup = ["crun", "underTest"]
		[engine.runtimes]
		underTest = ["$RUNTIME"]
		[network]
		network_config_dir = "$CALLERS_WORK/cni"
	CONF
	cat > "$CONTAINERS_STORAGE_CONF" <<-CONF
		[storage]
		driver = "overlay"
		graphroot = "$CALLERS_WORK/podman-storage"
		runroot = "/run/ringwall-podman"
	CONF
}

podman_setup() {
	need_program podman
	podman_configure
	podman load -q -i "$CALLERS_WORK/image.tar" 3>&-
}

podman_clear() {
	podman rm -fa -t 0 > /dev/null 2>&1 || true
}

podman_end() {
	[[ ${CONTAINERS_CONF-} ]] || return 0
	podman_clear
	podman network prune -f > /dev/null 2>&1
	return 0
}

p_run() { podman run --cgroup-parent "$CALLERS_PARENT" "$@" 3>&-; }

# containerd: one of its own, overlayfs snapshotter, no CRI plugin -----------------------------------------------

containerd_start() {
	cat > "$CALLERS_WORK/containerd.toml" <<-CONF
		version = 2
		root = "$CALLERS_WORK/containerd"
		state = "$CALLERS_WORK/containerd-state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
		[grpc]
		address = "$CONTAINERD_ADDRESS"
	CONF
	containerd_again
}

containerd_again() { # with the configuration that is there
	containerd --config "$CALLERS_WORK/containerd.toml" >> "$CALLERS_WORK/containerd.log" 2>&1 3>&- &
	echo $! > "$CALLERS_WORK/containerd.pid"
	retry 60 ctr version > /dev/null 2>&1 || { tail -n 20 "$CALLERS_WORK/containerd.log"; return 1; }
}

containerd_setup() {
	need_program containerd
	export CONTAINERD_ADDRESS=/run/ringwall-containerd.sock CONTAINERD_NAMESPACE=callers
	containerd_start
	ctr image import "$CALLERS_WORK/image.tar"
}

containerd_end() {
	[[ ${CONTAINERD_ADDRESS-} ]] || return 0
	containerd_clear
	stop_daemon "$CALLERS_WORK/containerd.pid"
}

containerd_clear() {
	local id
	for id in $(ctr container ls -q 2> /dev/null); do
		c_remove "$id" || true
	done
}

c_remove() { # ID
	ctr task kill -a -s KILL "$1" > /dev/null 2>&1
	retry 10 task_over "$1"
	ctr task rm -f "$1" > /dev/null 2>&1
	ctr container rm "$1" > /dev/null 2>&1
}

task_over() {
	! ctr task ls | awk -v id="$1" '$1 == id && $3 != "STOPPED" { found = 1 } END { exit !found }'
}

# c_run [ctr run's options…] ID CMD…: the options come before the image
c_run() {
	local options=() systemd=()
	while [[ $1 == -* ]]; do
		case $1 in
		--rm | -d | -t | --tty | --read-only | --privileged | --net-host | --null-io | --seccomp) options+=("$1"); shift ;;
		*) options+=("$1" "$2"); shift 2 ;;
		esac
	done
	if [[ $CALLERS_MANAGER == systemd ]]; then
		systemd=(--runc-systemd-cgroup --cgroup "$CALLERS_PARENT:ctr:$1")
	else
		systemd=(--cgroup "/$CALLERS_PARENT/$1")
	fi
	ctr run --cpu-shares "${CALLERS_CPU_SHARES:-0}" --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME" "${systemd[@]}" \
		"${options[@]}" $image "$@" 3>&-
}

# Under systemd ------------------------------------------------------------------------------------------------------

need_systemd() {
	[[ $CALLERS_MANAGER == systemd ]] ||
		not_here "systemd is not PID 1 here: tools/boot SUITE, or tools/vm KERNEL --systemd, -- tests/callers/run FILE"
}

failed_units() { systemctl list-units --failed --plain --no-legend | awk '{ print $1 }' | xargs; }

# A user with a systemd of its own, where there is one --------------------------------------------------------------

user=ringwalluser

user_start() { # sets USER_ID and user_home
	need_systemd # else a user has none either
	user_home=$CALLERS_WORK/user
	id $user > /dev/null 2>&1 || useradd -m -d "$user_home" -s /bin/bash $user
	grep -q "^$user:" /etc/subuid || echo "$user:700000:65536" >> /etc/subuid
	grep -q "^$user:" /etc/subgid || echo "$user:700000:65536" >> /etc/subgid
	USER_ID=$(id -u $user)
	loginctl enable-linger $user
	retry 30 test -S "/run/user/$USER_ID/bus"
	install -m 755 "$RUNTIME" "$user_home/$RUNTIME_NAME" # the build's directory may be closed to others
}

# COMMAND… as the user, in a unit of the user's systemd, which what COMMAND leaves behind outlives
u() { systemd-run --user -M $user@.host --quiet --pipe --wait --collect -p KillMode=process --working-directory "$user_home" -- "$@" 3>&-; }

# HOME MANAGER RUNTIME [LOG-DRIVER]: containers.conf of $user, whose home that is
user_containers_conf() {
	install -d -o $user "$1/.config" "$1/.config/containers"
	cat > "$1/.config/containers/containers.conf" <<-CONF
		[containers]
		pids_limit = 0
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		log_driver = "${4-k8s-file}"
		netns = "none"
		[engine]
		cgroup_manager = "$2"
		events_logger = "file"
		runtime = "$3"
	CONF
}

user_podman() { # [LOG-DRIVER]: the configuration, and the image
	user_containers_conf "$user_home" systemd "$user_home/$RUNTIME_NAME" "$@"
	# Of its own, whatever /etc/containers/storage.conf says
	cat > "$user_home/.config/containers/storage.conf" <<-CONF
		[storage]
		driver = "overlay"
		graphroot = "$user_home/storage"
		runroot = "/run/user/$USER_ID/containers"
	CONF
	u podman load -q < "$CALLERS_WORK/image.tar"
}

user_end() {
	[[ ${USER_ID-} ]] || return 0
	u podman rm -fa -t 0 > /dev/null 2>&1
	u podman system migrate > /dev/null 2>&1
	loginctl disable-linger $user
	loginctl terminate-user $user 2> /dev/null
	systemctl stop "user@$USER_ID.service"
	userdel -f $user 2> /dev/null
	rm -rf "$user_home"
}
