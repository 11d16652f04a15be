# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Podman without root, with Ringwall: a user made for the test, its ids from /etc/subuid, no systemd of its own.

bats_require_minimum_version 1.5.0
load common

user=ringwalltest

setup_file() {
	need_rig
	need_program podman
	need_program newuidmap
	need_own_etc
	useradd -m -d "$CALLERS_WORK/home" -s /bin/bash $user 2> /dev/null || true
	grep -q "^$user:" /etc/subuid || echo "$user:600000:65536" >> /etc/subuid
	grep -q "^$user:" /etc/subgid || echo "$user:600000:65536" >> /etc/subgid
	export USER_ID SUB_ID
	USER_ID=$(id -u $user)
	SUB_ID=$(awk -F : -v u=$user '$1 == u { print $2; exit }' /etc/subuid) # useradd may have chosen it
	mkdir -p -m 755 /run/user "$CALLERS_WORK/bin"
	install -d -m 700 -o $user "/run/user/$USER_ID"
	install -m 755 "$RUNTIME" "$CALLERS_WORK/bin/$RUNTIME_NAME" # the build's directory may be closed to others
	install -m 644 "$CALLERS_WORK/image.tar" "$CALLERS_WORK/home/image.tar"
	user_containers_conf "$CALLERS_WORK/home" cgroupfs "$CALLERS_WORK/bin/$RUNTIME_NAME"
	u podman unshare true || not_here "a user may not make user namespaces with ranges of ids here"
	u podman load -q -i "$CALLERS_WORK/home/image.tar" 3>&-
}

teardown_file() {
	[[ ${USER_ID-} ]] || return 0
	u podman rm -fa -t 0 > /dev/null 2>&1
	u podman system migrate > /dev/null 2>&1 # ends the process that keeps the user namespace
	return 0
}

teardown() {
	u podman rm -fa -t 0 > /dev/null 2>&1 || true
	u podman pod rm -fa -t 0 > /dev/null 2>&1 || true
}

u() { # COMMAND… as the user, in a session of its own making
	setpriv --reuid $user --regid $user --init-groups --inh-caps=-all \
		env -C / -i HOME="$CALLERS_WORK/home" USER=$user PATH=/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR="/run/user/$USER_ID" "$@"
}

u_run() { u podman run "$@" 3>&-; }

@test "rootless: run: ids, status, output; the state is the user's own" {
	run u_run --rm $image sh -c 'id -u; cat /proc/self/uid_map | tr -s " "; exit 3'
	assert_status 3
	assert_contains "0 $USER_ID 1"
	assert_contains "1 $SUB_ID 65536"
	u_run -d --name t1 $image sleep 1000
	[[ -d /run/user/$USER_ID/ringwall ]] || [[ $RUNTIME_NAME != ringwall ]]
	[[ $(stat -c %u "/proc/$(u podman inspect --format '{{.State.Pid}}' t1)") == "$USER_ID" ]]
	run -127 u_run --rm $image /no/such/program
	run -126 u_run --rm $image /data/not-executable
}

@test "rootless: exec, terminal, logs, stop, kill" {
	u_run -d --name t1 $image sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	retry 10 bash -c "$(declare -f u); user=$user; u podman logs t1 | grep -q ready"
	run u podman exec -u 1000:1000 -w /data -e A=1 t1 sh -c 'id -u; pwd; echo $A; exit 5'
	assert_status 5
	assert_output $'1000\n/data\n1'
	export -f u
	export user
	run on_terminal bash -c 'u podman exec -it t1 sh -c "tty; exit 6"'
	assert_status 6
	assert_contains /dev/pts/0
	u podman stop -t 5 t1
	run u podman inspect --format '{{.State.ExitCode}}' t1
	assert_output 9
	run u podman logs t1
	assert_contains "got it"
	u_run -d --name t2 $image sleep 1000
	u podman kill t2
	run u podman wait t2
	assert_output 137
}

@test "rootless: isolation: capabilities, seccomp, read-only root, masked paths, devices" {
	run u_run --rm $image grep -E '^(CapEff|Seccomp):' /proc/self/status
	assert_contains "CapEff:	00000000800405fb"
	assert_contains "Seccomp:	2"
	run u_run --rm --read-only --tmpfs /t $image sh -c 'touch /t/x; touch /x'
	assert_status 1
	assert_contains "/x: Read-only file system"
	run u_run --rm $image sh -c 'echo 1 > /proc/sys/kernel/panic'
	assert_status 1
	run u_run --rm --device /dev/null:/dev/other $image sh -c 'echo > /dev/other && echo written'
	assert_output written
	run u_run --rm --privileged $image sh -c 'mount -t tmpfs t /tmp && echo mounted'
	assert_output mounted
}

@test "rootless: volumes, --userns keep-id, --user" {
	install -d -o $user -g $user "$CALLERS_WORK/home/v"
	u_run --rm -v "$CALLERS_WORK/home/v:/v" $image touch /v/as-root
	[[ $(stat -c %u "$CALLERS_WORK/home/v/as-root") == "$USER_ID" ]]
	u_run --rm --user 1000 -v "$CALLERS_WORK/home/v:/v:U" $image touch /v/as-user
	[[ $(stat -c %u "$CALLERS_WORK/home/v/as-user") == $((SUB_ID + 999)) ]]
	run u_run --rm --userns keep-id $image id -u
	assert_output "$USER_ID"
}

@test "rootless: networks: none, slirp4netns" {
	run u_run --rm --network none $image ls /sys/class/net
	assert_output lo
	if command -v slirp4netns > /dev/null && u test -w /dev/net/tun; then
		run u_run --rm --network slirp4netns $image sh -c 'ls /sys/class/net | xargs'
		assert_contains tap0
	fi
}

@test "rootless: networks: pasta, the default from Podman 5 on" {
	since podman 5
	need_program pasta
	u test -w /dev/net/tun || not_here "/dev/net/tun is not there, or not the user's to open"
	# (loopback is what this rig's network has: pasta passes the host's on by -T)
	busybox httpd -p 127.0.0.1:18083 -h "$CALLERS_WORK/home"
	echo served > "$CALLERS_WORK/home/served"
	run u_run --rm --network pasta:-T,18083 $image sh -c 'ls /sys/class/net | xargs; wget -qO- http://127.0.0.1:18083/served'
	assert_contains served
	u_run -d --name t1 --network pasta -p 127.0.0.1:18084:8080 $image sh -c 'echo within > /tmp/f; httpd -f -p 8080 -h /tmp'
	run retry 10 bash -c 'exec 3<> /dev/tcp/127.0.0.1/18084; printf "GET /f HTTP/1.0\r\n\r\n" >&3; grep within <&3'
	assert_contains within
}

@test "rootless: --userns: nomap, keep-id of another number, auto; a pod" {
	since podman 4.4
	run u_run --rm --userns nomap $image sh -c 'id -u; touch /tmp/x; stat -c %u /tmp/x'
	assert_output $'0\n0'
	install -d -o $user -g $user "$CALLERS_WORK/home/kept"
	run u_run --rm --userns keep-id:uid=7,gid=8 -v "$CALLERS_WORK/home/kept:/v" $image sh -c 'id -u; id -g; touch /v/x'
	assert_output $'7\n8'
	[[ $(stat -c %u "$CALLERS_WORK/home/kept/x") == "$USER_ID" ]]
	run u_run --rm --userns auto:size=500 $image sh -c 'tr -s " " < /proc/self/uid_map'
	assert_contains " 0 1 500"
	u podman pod create --name p1 --userns keep-id 3>&-
	run u_run --rm --pod p1 $image id -u
	assert_output "$USER_ID"
}

@test "rootless: read-only root without tmpfs, secrets, a volume, --init, rlimits, no capabilities" {
	run u_run --rm --read-only --read-only-tmpfs=false $image sh -c 'touch /tmp/x; echo > /dev/null && echo written'
	assert_contains "Read-only file system"
	assert_contains written
	echo -n hush > "$CALLERS_WORK/home/secret"
	u podman secret create s1 "$CALLERS_WORK/home/secret"
	run u_run --rm --secret s1,mode=0400 --secret s1,type=env,target=TOKEN -v v1:/data $image \
		sh -c 'cat /run/secrets/s1; echo " $TOKEN"; cat /data/not-executable'
	assert_output $'hush hush\nplain text'
	u podman secret rm s1
	u podman volume rm v1
	if has_catatonit; then
		run u_run --rm --init $image cat /proc/1/comm
		[[ $output == podman-init || $output == catatonit ]]
	fi
	run u_run --rm --ulimit nofile=77:88 --cap-drop ALL --security-opt no-new-privileges $image \
		sh -c 'ulimit -n; ulimit -Hn; grep -E "NoNewPrivs|CapEff" /proc/self/status'
	assert_output $'77\n88\nCapEff:\t0000000000000000\nNoNewPrivs:\t1'
}

@test "rootless: build" {
	mkdir "$CALLERS_WORK/home/context"
	printf 'FROM %s\nRUN id -u > /data/uid\nUSER user\nRUN id -u > /tmp/uid\n' $image > "$CALLERS_WORK/home/context/Containerfile"
	u podman build -q --runtime "$CALLERS_WORK/bin/$RUNTIME_NAME" --isolation oci --network none -t built "$CALLERS_WORK/home/context" 3>&-
	run u_run --rm built cat /data/uid /tmp/uid
	assert_output $'0\n1000'
}

@test "rootless: install-runtime enters it for one user" {
	"$RUNTIME" install-runtime --help > /dev/null 2>&1 || not_here "$RUNTIME_NAME has no install-runtime"
	local own=$CALLERS_WORK/home/.config/containers/containers.conf.d/ringwall.conf
	u "$CALLERS_WORK/bin/$RUNTIME_NAME" install-runtime podman --name mine --config "$own"
	run u podman --runtime mine run --rm $image echo taken
	assert_output taken
	run -127 u podman --runtime mine run --rm $image no-such-program
	assert_contains "executable file not found in \$PATH: OCI runtime attempted to invoke a command that was not found"
	u "$CALLERS_WORK/bin/$RUNTIME_NAME" install-runtime podman --name mine --config "$own" --remove
	[[ ! -e $own ]]
	run -125 u podman --runtime mine run --rm $image echo taken
}
