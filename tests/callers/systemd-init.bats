# SPDX-License-Identifier: LGPL-2.1-or-later
#
# systemd as PID 1 of a container, as Podman, Docker and a plain bundle have it: booted to its end, with services in
# cgroups of their own, a journal, and stopped by its own signal.  The image is made of this system's systemd.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	dpkg -s systemd dbus > /dev/null 2>&1 || not_here "no Debian packages systemd and dbus, of which the image is made"
	mkdir "$CALLERS_WORK/sd"
	"$BATS_TEST_DIRNAME/systemd-root" "$CALLERS_WORK/sd"
	tar -C "$CALLERS_WORK/sd" -cf "$CALLERS_WORK/sd.tar" .
}

teardown_file() {
	rm -rf "$CALLERS_WORK"/{sd,sd.tar,sd-bundle}
}

teardown() {
	caller_end
	[[ $BATS_TEST_DESCRIPTION != bundle:* ]] || rw delete --force sd
}

# COMMAND… that runs its arguments inside -------------------------------------------------------------------------

# (before there is a manager to be asked, it answers "offline", or nothing)
asked() { [[ $("$@" systemctl is-system-running 2> /dev/null) =~ ^(initializing|starting|running|degraded)$ ]]; }

assert_booted() {
	retry 150 asked "$@"
	run "$@" systemctl is-system-running --wait
	[[ $output == running ]] && return
	echo "$output"
	"$@" systemctl --failed --no-pager
	"$@" journalctl --no-pager -n 50
	return 1
}

assert_services() {
	local main
	main=$("$@" systemctl show -P MainPID limited)
	run "$@" cat "/proc/$main/cgroup"
	[[ $output == *:/system.slice/limited.service || $output == *:"${inner-}"/system.slice/limited.service ]]
	main=/sys/fs/cgroup${output#0::}
	! "$@" test -e "$main/pids.max" || [[ $("$@" cat "$main/pids.max") == 7 ]]
	! "$@" test -e "$main/memory.max" || [[ $("$@" cat "$main/memory.max") == 67108864 ]]
	[[ $CALLERS_CONTROLLERS != *" pids "* ]] || "$@" test -e "$main/pids.max"
	[[ $CALLERS_CONTROLLERS != *" memory "* ]] || "$@" test -e "$main/memory.max"
	run "$@" systemctl is-active notifies dbus systemd-journald systemd-logind
	assert_output $'active\nactive\nactive\nactive'
	run "$@" journalctl -o cat -u limited
	assert_contains "limited speaks"
	run "$@" systemd-cgls --no-pager -u limited.service
	assert_contains "sleep 1000"
	"$@" systemctl daemon-reload
	"$@" systemctl daemon-reexec
	retry 20 "$@" systemctl restart limited
	run "$@" busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping
	assert_status 0
	# Started by systemd for this one command, in its own slice and with an own /tmp
	run "$@" systemd-run --quiet --wait --pipe --slice inner.slice -p PrivateTmp=yes cat /proc/self/cgroup
	assert_contains "/inner.slice/run-"
}

# What the default policy refused it
assert_undenied() { # ID
	[[ $RUNTIME_NAME == ringwall ]] || return 0
	run -0 "$RUNTIME" denials "$1"
	assert_output ""
}

# Podman -----------------------------------------------------------------------------------------------------------

p_system() { # OPTIONS…
	podman_setup
	podman import -q -c 'CMD ["/sbin/init"]' "$CALLERS_WORK/sd.tar" sd 3>&-
	p_run -d --name t1 "$@" sd
}

p_stop() {
	podman stop -t 60 t1
	run podman inspect --format '{{.State.ExitCode}}' t1
	assert_output 0
	podman rm t1
}

@test "podman: systemd with a terminal as its console" {
	p_system -t
	assert_booted podman exec t1
	assert_services podman exec t1
	assert_undenied t1
	run podman logs t1
	assert_contains "multi-user.target"
	p_stop
}

@test "podman: systemd in a user namespace" {
	p_system --uidmap 0:300000:65536 --systemd=always
	assert_booted podman exec t1
	assert_services podman exec t1
	assert_undenied t1
	run podman exec t1 sh -c 'tr -s " " < /proc/1/uid_map'
	assert_contains "0 300000 65536"
	p_stop
}

@test "user: systemd without root, below the user's systemd" {
	user_start
	user_podman
	u podman import -q -c 'CMD ["/sbin/init"]' - sd < "$CALLERS_WORK/sd.tar"
	u podman run -d --name t1 sd
	assert_booted u podman exec t1
	assert_services u podman exec t1
	u podman stop -t 60 t1
	run u podman inspect --format '{{.State.ExitCode}}' t1
	assert_output 0
}

# Docker -----------------------------------------------------------------------------------------------------------

d_system() { # OPTIONS…
	docker_setup '."exec-root" = "/run/docker"' # where the runtime looks for a container by its name
	docker import -c 'CMD ["/sbin/init"]' "$CALLERS_WORK/sd.tar" sd
	d_run -d --name t1 --tmpfs /run --tmpfs /run/lock --tmpfs /tmp --stop-signal RTMIN+3 -e container=docker "$@" sd
}

d_stop() { # STATUS
	docker stop -t 60 t1
	run docker inspect --format '{{.State.ExitCode}}' t1
	assert_output "$1"
	docker rm t1
}

@test "docker: systemd, with the host's cgroups" {
	d_system --cgroupns host -v /sys/fs/cgroup:/sys/fs/cgroup:rw
	assert_booted docker exec t1
	inner=$(docker exec t1 sed -n 's,^0::\(.*\)/init.scope$,\1,p' /proc/1/cgroup)
	assert_services docker exec t1
	assert_undenied t1
	d_stop 0
}

@test "docker: systemd, privileged, with a cgroup namespace" {
	need_all_capabilities
	d_system --cgroupns private --privileged
	assert_booted docker exec t1
	assert_services docker exec t1
	assert_undenied t1
	d_stop 130 # it may call reboot(2), by which the kernel ends its pid namespace with SIGINT
}

# A bundle -----------------------------------------------------------------------------------------------------------

rw() { "$RUNTIME" --root "$CALLERS_WORK/sd-bundle/state" ${manager+"${manager[@]}"} "$@"; }

# JQ-FILTER: the bundle's config.json, runc's default with what systemd needs
bundle() {
	local path=/$CALLERS_PARENT/sd
	if [[ $CALLERS_MANAGER == systemd ]]; then
		manager=(--systemd-cgroup) path=$CALLERS_PARENT:test:sd
	fi
	mkdir -p "$CALLERS_WORK/sd-bundle"
	cd "$CALLERS_WORK/sd-bundle" || return
	rm -f config.json
	"$RUNTIME" spec
	jq --arg root "$CALLERS_WORK/sd" --arg path "$path" '.root = {path: $root, readonly: false} | .linux.cgroupsPath = $path |
		.process.terminal = false | .process.args = ["/sbin/init"] | .process.env += ["container=oci"] |
		.process.capabilities |= map_values(["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
			"CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_SETFCAP"]) |
		.process.rlimits = [] | .linux.namespaces |= map(select(.type != "cgroup")) + [{type: "cgroup"}] |
		.mounts |= map(select(.type != "cgroup")) + [
			{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev"]},
			{destination: "/run", type: "tmpfs", source: "run", options: ["nosuid", "nodev", "mode=755"]},
			{destination: "/run/lock", type: "tmpfs", source: "lock", options: ["nosuid", "nodev", "noexec"]},
			{destination: "/tmp", type: "tmpfs", source: "tmp", options: ["nosuid", "nodev"]}]' config.json > config.new
	mv config.new config.json
}

b_run() { # OPTIONS…: in the background; its status comes to stand in the file status
	rm -f status
	{ rw run -b . "$@" sd > out 2>&1 < /dev/null 3>&-; echo $? > status; } 3>&- &
}

b_stop() {
	if [[ $RUNTIME_NAME == ringwall ]]; then rw kill sd RTMIN+3; else rw kill sd 37; fi # old runcs know no names of these
	retry 60 test -s status
	[[ $(< status) == 0 ]]
}

@test "bundle: systemd, its policy learned from one boot and in force at the next" {
	local policy=()
	bundle
	if [[ $RUNTIME_NAME == ringwall ]]; then
		echo '{ "version": 1, "name": "learned", "extends": "baseline", "mode": "learn" }' > learn.json
		policy=(--policy learn.json)
	fi
	b_run "${policy[@]}"
	assert_booted rw exec sd
	assert_services rw exec sd
	if [[ $RUNTIME_NAME == ringwall ]]; then
		rw policy learn sd > policy.json
		policy=(--policy policy.json)
		cat policy.json
	fi
	b_stop
	b_run "${policy[@]}"
	assert_booted rw exec sd
	assert_services rw exec sd
	[[ $RUNTIME_NAME != ringwall ]] || [[ ! $(rw denials sd) ]]
	b_stop
}
