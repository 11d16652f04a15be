# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# What podman.bats, docker.bats and containerd.bats share.  tests/callers/run
# sets RUNTIME, RUNTIME_NAME and CALLERS_*.

image=docker.io/library/ringwall-test:latest

not_here() { # REASON: skip, unless everything must work
	[[ ${MUST_WORK-} == 1 ]] && { echo "MUST_WORK=1, but: $1"; return 1; }
	skip "$1"
}

need_rig() {
	[[ ${CALLERS_WORK-} ]] || { echo "run this by tests/callers/run"; return 1; }
}

need_program() {
	command -v "$1" > /dev/null || not_here "$1 is not installed"
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
	local end=$((SECONDS + $1))
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
	echo /run/ringwall /run/runc /run/crun /run/containerd/runc "$CALLERS_WORK"/docker-exec/runtime-* \
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
