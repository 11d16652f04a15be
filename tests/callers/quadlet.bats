# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Podman's containers as systemd's services: sd_notify through to the container, and Quadlet's units (Podman 4.4 or
# later), of root and of a user, with Ringwall as the runtime of containers.conf.  Needs systemd as PID 1: see systemd.bats.

bats_require_minimum_version 1.5.0
load common

own=/etc/containers/systemd

setup_file() {
	need_rig
	[[ $CALLERS_MANAGER == systemd ]] || return 0
	need_own_etc
	podman_setup
	# What a unit calls has nothing of our environment
	mkdir -p $own /etc/containers/containers.conf.d
	sed '/network_config_dir/d' "$CONTAINERS_CONF" > /etc/containers/containers.conf.d/ringwall-callers.conf
	cp "$CONTAINERS_STORAGE_CONF" /etc/containers/storage.conf
	unset CONTAINERS_CONF CONTAINERS_STORAGE_CONF
	notifier_image
	failed=$(failed_units)
	export failed
}

# The callers' image with systemd-notify
notifier_image() {
	local root=$CALLERS_WORK/notifier file
	cp -a "$CALLERS_WORK/root" "$root"
	for file in /usr/bin/systemd-notify $(ldd /usr/bin/systemd-notify | grep -o '/[^ ]*'); do
		mkdir -p "$root${file%/*}"
		cp -L "$file" "$root$file"
	done
	tar -C "$root" -cf "$CALLERS_WORK/notifier.tar" .
	podman import -q -c 'ENV PATH=/bin:/usr/bin' "$CALLERS_WORK/notifier.tar" localhost/notifier 3>&-
}

teardown_file() {
	[[ -e /etc/containers/containers.conf.d/ringwall-callers.conf ]] || return 0
	podman rm -fa -t 0 > /dev/null 2>&1
	rm -rf $own /etc/containers/containers.conf.d/ringwall-callers.conf /etc/containers/storage.conf
	systemctl daemon-reload
}

setup() { need_systemd; }

teardown() {
	[[ $CALLERS_MANAGER == systemd ]] || return 0
	local unit
	for unit in ${units-}; do
		systemctl stop "$unit"
	done 2> /dev/null
	rm -rf "${own:?}"/*
	systemctl daemon-reload
	systemctl reset-failed
	podman pod rm -fa -t 0 > /dev/null 2>&1 || true
	podman rm -fa -t 0 > /dev/null 2>&1 || true
	[[ $BATS_TEST_DESCRIPTION != user:* ]] || user_end
	[[ $BATS_TEST_DESCRIPTION != *itself* ]] || rw delete --force c
}

need_quadlet() {
	[[ -x /usr/libexec/podman/quadlet ]] || not_here "$(podman --version) has no Quadlet"
}

prop() { systemctl show -P "$1" "$2"; }

state() { echo "$(prop ActiveState "$1") $(prop SubState "$1")"; }

is() { [[ $(state "$1") == "$2" ]]; }

no_containers() { [[ ! $(podman ps -aq) ]]; }

logged() { # UNIT TEXT
	journalctl --no-pager -o cat -u "$1" | grep -qF -- "$2"
}

# Every container of Podman's that runs was made by the runtime under test
assert_runtime() { # NAME
	run podman inspect --format '{{.OCIRuntime}}' "$1"
	[[ $output == "$RUNTIME" || $output == underTest || $output == "$RUNTIME_NAME" ]]
}

@test "notify: a service is ready when its container says so, when conmon has started, or at once" {
	local mode
	for mode in container conmon; do
		units+=" n-$mode"
		systemd-run --no-block --unit "n-$mode" -p Type=notify -p NotifyAccess=all -p TimeoutStartSec=120 \
			podman run --rm --name "n-$mode" --sdnotify "$mode" --cgroups split --log-driver passthrough localhost/notifier \
			sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; systemd-notify --ready --status="the container speaks"
				trap "exit 0" TERM; while :; do sleep 0.1; done' 3>&-
	done
	retry 60 is n-conmon "active running"
	[[ $(< "/proc/$(prop MainPID n-conmon)/comm") == conmon ]]
	retry 60 podman exec n-container true
	is n-container "activating start"
	podman exec n-container touch /tmp/go
	retry 60 is n-container "active running"
	# (conmon 2.1.6 passes on that it is ready and no more)
	[[ $(prop StatusText n-container) == "the container speaks" || $(conmon --version) == *" 2.1.6"* ]]
	[[ $(< "/proc/$(prop MainPID n-container)/comm") == conmon ]]
	podman exec n-conmon touch /tmp/go # which is not its word
	run podman exec n-conmon sh -c 'echo "<$NOTIFY_SOCKET>"'
	assert_output "<>"
	run systemd-cgls --no-pager -u n-container.service
	assert_contains libpod-payload
	systemctl stop n-container n-conmon
	# Podman's own removal is in the unit's cgroup, and may be stopped with it
	retry 60 podman rm -fa -t 0
	retry 60 no_containers
}

rw() { "$RUNTIME" --root "$CALLERS_WORK/notify-state" "$@"; }

@test "notify: the runtime itself as a service: in the foreground, detached, and by create and start" {
	local bundle=$CALLERS_WORK/notify-bundle how
	mkdir "$bundle"
	cd "$bundle"
	"$RUNTIME" spec
	jq --arg root "$CALLERS_WORK/notifier" --arg slice "$CALLERS_PARENT" '.root.path = $root | .process.terminal = false |
		.linux.cgroupsPath = $slice + ":test:c" | .process.env = ["PATH=/bin:/usr/bin"] |
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmp"}] |
		.process.args = ["sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.1; done
			systemd-notify --ready --status=up; trap \"exit 0\" TERM; while :; do sleep 0.1; done"]' config.json > config.new
	mv config.new config.json
	while read -r access how; do
		units+=" n-itself"
		# shellcheck disable=SC2086 # several words
		systemd-run --no-block --collect --unit n-itself -p Type=notify -p NotifyAccess="$access" -p TimeoutStartSec=120 -p TimeoutStopSec=20 \
			sh -c "rw='$RUNTIME --root $CALLERS_WORK/notify-state --systemd-cgroup'; $how" 3>&-
		retry 60 rw exec c true
		is n-itself "activating start"
		rw exec c touch /tmp/go
		retry 60 is n-itself "active running"
		[[ $(prop MainPID n-itself) == "$(rw state c | jq .pid)" ]] || [[ $(< "/proc/$(prop MainPID n-itself)/comm") == "$RUNTIME_NAME" ]]
		[[ $RUNTIME_NAME != ringwall || $(prop StatusText n-itself) == up ]]
		rw kill c TERM
		retry 60 is n-itself "inactive dead"
		[[ ! $(rw list -q) ]] || rw delete --force c
	done <<-LIST
		main exec \$rw run -b $bundle c
		main exec \$rw run -d -b $bundle c
		all \$rw create -b $bundle c && exec \$rw start c
	LIST
}

@test "quadlet: .container: start, journal, device policy over a reload, restart on failure, stop" {
	need_quadlet
	units=web
	cat > $own/web.container <<-UNIT
		[Unit]
		Description=A container of Quadlet's
		[Container]
		Image=$image
		Exec=sh -c 'echo "web \$\$COLOUR"; trap "echo got it; exit 0" TERM; while [ ! -e /tmp/fail ]; do sleep 0.1; done; exit 3'
		Environment=COLOUR=blue
		ContainerName=web
		Network=none
		AddCapability=CAP_MKNOD
		LogDriver=journald
		Annotation=org.example.note=kept
		[Service]
		Restart=on-failure
		TimeoutStopSec=20
		[Install]
		WantedBy=multi-user.target
	UNIT
	systemctl daemon-reload
	run systemctl cat web
	assert_contains "podman run"
	systemctl start web
	is web "active running"
	assert_runtime web
	retry 60 logged web "web blue"
	run systemd-cgls --no-pager -u web.service
	assert_contains libpod-payload
	assert_contains conmon
	path=$(sed -n 's/^0:://p' "/proc/$(podman inspect --format '{{.State.Pid}}' web)/cgroup")
	[[ $path == /system.slice/web.service/libpod-payload-* ]]
	refuses() {
		run podman exec web sh -c 'mknod /dev/kmsg2 c 1 11 2> /dev/null; (: < /dev/kmsg2) 2>&1; : < /dev/null && echo null'
		assert_contains $'Operation not permitted\nnull'
	}
	refuses
	before=$(bpftool cgroup show "/sys/fs/cgroup$path" | awk 'NR > 1 { print $1, $2 }' | sort)
	[[ $before ]]
	systemctl daemon-reload
	systemctl daemon-reexec
	[[ $(bpftool cgroup show "/sys/fs/cgroup$path" | awk 'NR > 1 { print $1, $2 }' | sort) == "$before" ]]
	refuses
	first=$(podman inspect --format '{{.Id}}' web)
	podman exec web touch /tmp/fail
	retry 60 bash -c '[[ $(systemctl show -P NRestarts web) == 1 && $(systemctl show -P SubState web) == running ]]'
	[[ $(podman inspect --format '{{.Id}}' web) != "$first" ]]
	systemctl restart web
	podman kill -s KILL web
	retry 60 bash -c '[[ $(systemctl show -P NRestarts web) == 1 && $(systemctl show -P SubState web) == running ]]'
	retry 60 podman exec web true
	systemctl stop web
	is web "inactive dead"
	logged web "got it"
	retry 60 no_containers
	[[ ! -e /sys/fs/cgroup/system.slice/web.service ]]
	# What cannot start says why, to systemctl as to the journal
	sed -i -e '/^Exec=/s/=.*/=\/no\/such\/program/' -e '/^Restart=/d' $own/web.container
	systemctl daemon-reload
	run ! systemctl start web
	is web "failed failed"
	[[ $(prop ExecMainStatus web) == 127 ]]
	logged web /no/such/program
	retry 60 no_containers
	systemctl reset-failed web
	[[ $(failed_units) == "$failed" ]]
}

@test "quadlet: a health check: ready when healthy, killed and restarted when it no longer is" {
	need_quadlet
	units=well
	cat > $own/well.container <<-UNIT
		[Container]
		Image=$image
		Exec=sh -c 'sleep 2; touch /tmp/well; exec sleep 1000'
		ContainerName=well
		Network=none
		Notify=healthy
		HealthCmd=test -e /tmp/well
		HealthInterval=1s
		HealthRetries=1
		HealthStartPeriod=10s
		HealthOnFailure=kill
		StopSignal=KILL
		[Service]
		Restart=on-failure
	UNIT
	systemctl daemon-reload
	systemctl start --no-block well
	retry 60 is well "activating start"
	retry 60 is well "active running"
	run podman exec well test -e /tmp/well
	assert_status 0
	run podman inspect --format '{{.State.Health.Status}}' well
	assert_output healthy
	podman exec well rm /tmp/well
	retry 60 bash -c '(($(systemctl show -P NRestarts well) >= 1))'
	retry 60 is well "active running"
	systemctl stop well
}

@test "quadlet: .pod, .volume, .network and .container together; .kube" {
	need_quadlet
	[[ -e /usr/libexec/podman/netavark || -e /usr/lib/podman/netavark ]] || not_here "netavark is not installed"
	units="shop-pod keep-volume inner-network plain"
	printf '[Volume]\nVolumeName=keep\nLabel=of=quadlet\n' > $own/keep.volume
	printf '[Network]\nNetworkName=inner\nSubnet=10.98.0.0/24\nInternal=true\nDisableDNS=true\n' > $own/inner.network
	printf '[Pod]\nPodName=shop\nNetwork=inner.network\n' > $own/shop.pod
	cat > $own/front.container <<-UNIT
		[Container]
		Image=$image
		Pod=shop.pod
		Volume=keep.volume:/keep
		Exec=sh -c 'echo served > /keep/f; exec httpd -f -p 8080 -h /keep'
	UNIT
	cat > $own/back.container <<-UNIT
		[Unit]
		After=front.service
		[Container]
		Image=$image
		ContainerName=back
		Pod=shop.pod
		Exec=sh -c 'trap "exit 0" TERM; until wget -qO- http://127.0.0.1:8080/f; do sleep 0.2; done; while :; do sleep 0.1; done'
	UNIT
	systemctl daemon-reload
	systemctl start shop-pod
	retry 60 is front "active running"
	retry 60 is back "active running"
	retry 60 bash -c '[[ $(podman logs back) == served ]]'
	run podman volume inspect --format '{{.Labels.of}}' keep
	assert_output quadlet
	run podman exec back sh -c 'ip -4 addr show dev eth0'
	assert_contains 10.98.0.
	assert_runtime back
	systemctl stop shop-pod
	retry 60 is back "inactive dead"
	[[ ! $(podman pod ps -q) ]]
	systemctl stop inner-network keep-volume
	podman network rm -f inner
	podman volume rm -f keep
	cat > $own/plain.yaml <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: plain}
		spec:
		  containers:
		  - name: one
		    image: $image
		    command: [sh, -c, "echo from kube; trap 'exit 0' TERM; while :; do sleep 0.1; done"]
	YAML
	printf '[Kube]\nYaml=plain.yaml\nNetwork=none\nLogDriver=journald\n' > $own/plain.kube
	systemctl daemon-reload
	systemctl start plain || { journalctl --no-pager -o cat -u plain; return 1; }
	is plain "active running"
	retry 60 bash -c '[[ $(podman logs plain-one) == "from kube" ]]'
	assert_runtime plain-one
	systemctl stop plain
	is plain "inactive dead"
	retry 60 no_containers
}

@test "user: Quadlet without root: start, notify, journal, restart on failure, stop" {
	need_quadlet
	user_start
	user_podman journald
	u podman import -q -c 'ENV PATH=/bin:/usr/bin' - localhost/notifier < "$CALLERS_WORK/notifier.tar"
	install -d -o $user "$user_home/.config/containers/systemd"
	# (the dependencies wait for the host's network to be online, which here nothing says)
	cat > "$user_home/.config/containers/systemd/mine.container" <<-UNIT
		[Quadlet]
		DefaultDependencies=false
		[Container]
		Image=localhost/notifier
		Exec=sh -c 'echo mine speaks; systemd-notify --ready --status=up; trap "exit 0" TERM; while [ ! -e /tmp/fail ]; do sleep 0.1; done; exit 3'
		ContainerName=mine
		Network=none
		Notify=true
		[Service]
		Restart=on-failure
	UNIT
	u systemctl --user daemon-reload
	u systemctl --user start mine
	run u systemctl --user show -p ActiveState,SubState,StatusText mine
	assert_contains ActiveState=active
	assert_contains SubState=running
	assert_contains StatusText=up
	run u podman inspect --format '{{.OCIRuntime}}' mine
	assert_output "$user_home/$RUNTIME_NAME"
	run u systemd-cgls --no-pager --user-unit mine.service
	assert_contains libpod-payload
	retry 60 bash -c "journalctl --no-pager -o cat _UID=$USER_ID | grep -qF 'mine speaks'"
	u podman exec mine touch /tmp/fail || true # the container may be gone before that is asked how it went
	restarted() { [[ $(u systemctl --user show -P NRestarts mine) -ge 1 ]] && u podman exec mine test ! -e /tmp/fail; }
	retry 30 restarted || { u systemctl --user status --no-pager mine; journalctl --no-pager -n 30 _UID="$USER_ID"; return 1; }
	u systemctl --user stop mine
	run u systemctl --user is-active mine
	assert_output inactive
	run u podman ps -aq
	assert_output ""
}
