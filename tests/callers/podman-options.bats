# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Podman with Ringwall: what else `podman run` can ask for, most of it newer than Debian 12's Podman.  See podman.bats.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	podman_setup
	p_run --rm $image true
	p_run --rm --network host $image true # pins that namespace
	host_baseline
}

teardown_file() { podman_end; }

teardown() {
	podman_clear
	podman volume rm -fa > /dev/null 2>&1 || true
	podman secret rm -a > /dev/null 2>&1 || true
}

inspected() { # NAME FORMAT VALUE
	[[ $(podman inspect --format "{{$2}}" "$1") == "$3" ]]
}

@test "podman: --read-only, with and without tmpfs on what is written to mostly" {
	run p_run --rm --read-only $image sh -c 'touch /tmp/x /run/x /var/tmp/x /dev/x /dev/shm/x && touch /x'
	assert_status 1
	assert_output "touch: /x: Read-only file system"
	run p_run --rm --read-only --read-only-tmpfs=false $image sh -c 'touch /tmp/x; touch /x; ls /dev/pts /dev/fd; echo > /dev/null && echo written'
	assert_contains "touch: /tmp/x: Read-only file system"
	assert_contains "touch: /x: Read-only file system"
	assert_contains written
	if podman_version_at_least 5; then
		run p_run --rm --read-only --read-only-tmpfs=false $image sh -c 'exec 2>&1; touch /dev/x; touch /dev/shm/x; touch /run/x'
		assert_status 1
		assert_output $'touch: /dev/x: Read-only file system\ntouch: /dev/shm/x: Read-only file system\ntouch: /run/x: Read-only file system'
	fi
	assert_nothing_left
}

@test "podman: --userns auto, of a size, of another container; volumes with ids mapped" {
	need_own_etc
	id containers > /dev/null 2>&1 || useradd -r -M containers # Podman 5.8 wants the user, too
	grep -q '^containers:' /etc/subuid || echo containers:700000:1000000 >> /etc/subuid
	grep -q '^containers:' /etc/subgid || echo containers:700000:1000000 >> /etc/subgid
	p_run -d --name t1 --userns auto:size=3000 $image sleep 1000
	run podman exec t1 sh -c 'id -u; tr -s " " < /proc/self/uid_map'
	assert_output $'0\n 0 700000 3000'
	run p_run --rm --userns container:t1 $image readlink /proc/self/ns/user
	assert_output "$(readlink "/proc/$(podman inspect --format '{{.State.Pid}}' t1)/ns/user")"
	p_run -d --name t2 --userns auto:size=3000 $image sleep 1000
	run podman exec t2 sh -c 'tr -s " " < /proc/self/uid_map' # nobody else's ids
	assert_output " 0 703000 3000"
	mkdir "$BATS_TEST_TMPDIR/v"
	chown 5:6 "$BATS_TEST_TMPDIR/v"
	run p_run --rm --userns auto:size=3000 --mount "type=bind,source=$BATS_TEST_TMPDIR/v,target=/v,idmap" $image \
		sh -c 'stat -c %u:%g /v; touch /v/x'
	assert_output 5:6
	[[ $(stat -c %u:%g "$BATS_TEST_TMPDIR/v/x") == 0:0 ]]
	podman rm -f -t 0 t1 t2
	assert_nothing_left
}

@test "podman: --ipc, --shm-size, --cgroupns" {
	p_run -d --name t1 --ipc shareable --shm-size 3m $image sh -c 'echo shared > /dev/shm/x; sleep 1000'
	retry 5 podman exec t1 test -s /dev/shm/x
	run p_run --rm --ipc container:t1 $image sh -c 'cat /dev/shm/x; df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2'
	assert_output $'shared\n3072'
	run p_run --rm --ipc host $image readlink /proc/self/ns/ipc
	assert_output "$(readlink /proc/self/ns/ipc)"
	run p_run --rm --ipc none $image sh -c 'readlink /proc/self/ns/ipc; touch /dev/shm/x 2>&1; grep -c " /dev/shm " /proc/mounts'
	[[ ${lines[0]} != "$(readlink /proc/self/ns/ipc)" && ${lines[-1]} == 0 ]]
	run p_run --rm --cgroupns host $image grep ^0: /proc/self/cgroup
	assert_contains "0::/$CALLERS_PARENT/"
	run p_run --rm --cgroupns private $image grep ^0: /proc/self/cgroup
	assert_output "0::/"
	podman rm -f -t 0 t1
	assert_nothing_left
}

@test "podman: secrets as files and in the environment" {
	echo -n hush > "$BATS_TEST_TMPDIR/secret"
	podman secret create s1 "$BATS_TEST_TMPDIR/secret"
	run p_run --rm --secret s1,uid=1000,gid=2000,mode=0440 --secret s1,type=env,target=TOKEN $image \
		sh -c 'stat -c "%u:%g %a" /run/secrets/s1; cat /run/secrets/s1; echo " $TOKEN"'
	assert_output $'1000:2000 440\nhush hush'
	podman secret rm s1
	assert_nothing_left
}

@test "podman: volumes: filled from the image, a subdirectory, export and import, overlay, chowned" {
	podman volume create v1
	run p_run --rm -v v1:/data $image sh -c 'cat /data/not-executable; mkdir /data/sub; echo deep > /data/sub/f'
	assert_output "plain text"
	podman volume export v1 -o "$BATS_TEST_TMPDIR/v.tar"
	podman volume create v2
	podman volume import v2 "$BATS_TEST_TMPDIR/v.tar"
	run p_run --rm -v v2:/v:ro $image sh -c 'exec 2>&1; cat /v/sub/f; touch /v/x'
	assert_status 1
	assert_output $'deep\ntouch: /v/x: Read-only file system'
	mkdir "$BATS_TEST_TMPDIR/v"
	echo below > "$BATS_TEST_TMPDIR/v/f"
	run p_run --rm -v "$BATS_TEST_TMPDIR/v:/v:O" $image sh -c 'cat /v/f; echo above > /v/f; cat /v/f'
	assert_output $'below\nabove'
	[[ $(< "$BATS_TEST_TMPDIR/v/f") == below ]]
	run p_run --rm --user 1000:2000 -v "$BATS_TEST_TMPDIR/v:/v:U" $image stat -c %u:%g /v /v/f
	assert_output $'1000:2000\n1000:2000'
	if podman_version_at_least 5.4; then
		run p_run --rm --mount type=volume,source=v1,target=/s,subpath=/sub $image ls /s
		assert_output f
	fi
	podman volume rm v1 v2
	assert_nothing_left
}

@test "podman: --mount of an image, devpts, ramfs, what matches a pattern" {
	run p_run --rm --mount "type=image,source=$image,target=/i" $image sh -c 'exec 2>&1; cat /i/data/not-executable; touch /i/x'
	assert_status 1
	assert_output $'plain text\ntouch: /i/x: Read-only file system'
	run p_run --rm --mount type=devpts,target=/pts $image ls /pts
	assert_output ptmx
	if podman_version_at_least 4.4; then
		run p_run --rm --mount type=ramfs,target=/r $image grep -c '^ramfs /r ramfs rw' /proc/mounts
		assert_output 1
		touch "$BATS_TEST_TMPDIR"/glob-{a,b}
		run p_run --rm --mount "type=glob,source=$BATS_TEST_TMPDIR/glob-*,target=/g,ro" $image sh -c 'ls /g; touch /g/glob-a'
		assert_status 1
		assert_contains $'glob-a\nglob-b'
		assert_contains "Read-only file system"
	fi
	if podman_version_at_least 5.4; then
		run p_run --rm --mount "type=image,source=$image,target=/i,subpath=/data" $image ls /i
		assert_output not-executable
	fi
	assert_nothing_left
}

@test "podman: --security-opt: mask, unmask, proc-opts, seccomp file, no-new-privileges" {
	run p_run --rm --security-opt mask=/data:/root --security-opt proc-opts=nosuid,hidepid=2 $image \
		sh -c 'ls /data; touch /root/x 2> /dev/null; ls /root; grep " /proc " /proc/mounts'
	assert_contains "rw,nosuid"
	assert_contains hidepid
	[[ ${#lines[@]} == 1 ]]
	run p_run --rm --security-opt unmask=ALL $image grep -c ' /proc/' /proc/self/mountinfo
	assert_output 0
	run p_run --rm --security-opt unmask=/proc/kcore $image sh -c 'grep -q " /proc/kcore " /proc/self/mountinfo; echo $?; grep -q " /proc/keys " /proc/self/mountinfo; echo $?'
	assert_output $'1\n0'
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}' \
		> "$BATS_TEST_TMPDIR/seccomp.json"
	run p_run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/seccomp.json" $image mkdir /tmp/x
	assert_status 1
	assert_contains "Function not implemented"
	run p_run --rm --security-opt no-new-privileges --security-opt seccomp=unconfined $image grep -E 'NoNewPrivs|Seccomp:' /proc/self/status
	assert_output $'NoNewPrivs:\t1\nSeccomp:\t0'
	assert_nothing_left
}

@test "podman: environment, umask, time zone, personality, sysctls, rlimits, devices" {
	run p_run --rm --unsetenv FROM_IMAGE --env A=b --umask 0077 --sysctl net.ipv4.ip_default_ttl=77 --ulimit nofile=77:88 --ulimit nproc=99:99 --hostname inside $image \
		sh -c 'echo "$FROM_IMAGE" $A; umask; cat /proc/sys/net/ipv4/ip_default_ttl; ulimit -n; ulimit -Hn; hostname'
	assert_output $' b\n0077\n77\n77\n88\ninside'
	run p_run --rm --personality LINUX32 $image uname -m
	assert_output i686
	run p_run --rm --cap-add MKNOD --device-cgroup-rule 'c 10:237 rwm' $image sh -c 'mknod /tmp/l c 10 237; exec 3< /tmp/l && echo opened'
	assert_output opened
	run p_run --rm --cap-drop ALL --cap-add NET_ADMIN --device /dev/loop-control:/dev/lc:r $image \
		sh -c 'grep CapEff: /proc/self/status; exec 3< /dev/lc && echo opened; (exec 3<> /dev/lc) 2>&1'
	assert_status 1
	assert_contains $'CapEff:\t0000000000001000\nopened\n'
	assert_contains "can't create /dev/lc: Operation not permitted"
	assert_nothing_left
}

@test "podman: descriptors that are passed on, to run and exec" {
	echo three > "$BATS_TEST_TMPDIR/three"
	run podman run --rm --cgroup-parent "$CALLERS_PARENT" --preserve-fds 1 $image sh -c 'cat <&3; ls /proc/self/fd | xargs' 3< "$BATS_TEST_TMPDIR/three"
	assert_output $'three\n0 1 2 3 4'
	p_run -d --name t1 $image sleep 1000
	run podman exec --preserve-fds 1 t1 sh -c 'cat <&3' 3< "$BATS_TEST_TMPDIR/three"
	assert_output three
	podman rm -f -t 0 t1
	assert_nothing_left
}

@test "podman: health checks that kill, and that wait for a start; update" {
	p_run -d --name t1 --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 --health-on-failure kill $image sleep 1000
	run -1 podman healthcheck run t1
	retry 10 inspected t1 .State.Status exited
	inspected t1 .State.ExitCode 137
	since podman 5.4
	p_run -d --name t2 --health-cmd 'test -e /tmp/well' --health-interval disable --health-startup-cmd 'test -e /tmp/started' \
		--health-startup-interval disable --health-startup-success 1 $image sleep 1000
	podman update --restart on-failure:3 --health-retries 7 t2
	inspected t2 .HostConfig.RestartPolicy.Name on-failure
	inspected t2 .Config.Healthcheck.Retries 7
	podman rm -f -t 0 t1 t2
	assert_nothing_left
}

@test "podman: update: limits of a running container" {
	since podman 4.4
	need_controller memory
	need_controller pids
	need_controller cpu
	p_run -d --name t1 --memory 64m --pids-limit 33 --cpus 0.5 $image sleep 1000
	podman update --memory 96m --pids-limit 44 --cpus 0.25 t1
	run podman exec t1 sh -c 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max'
	assert_output $'100663296\n44\n25000 100000'
	podman rm -f -t 0 t1
	assert_nothing_left
}

@test "podman: networks of its own: names, aliases, addresses, ports, connect, disconnect" {
	since podman 5 # (older: CNI, whose plugin for names Debian has not)
	podman network create n1
	podman network create --subnet 10.89.77.0/24 n2
	p_run -d --name t1 --network n1:alias=web --network n2:ip=10.89.77.7 -p 127.0.0.1:18082:8080 $image \
		sh -c 'echo served > /tmp/f; httpd -f -p 8080 -h /tmp'
	run p_run --rm --network n1 $image sh -c 'nslookup web.dns.podman $(grep nameserver /etc/resolv.conf | cut -d " " -f 2)'
	assert_contains "$(podman inspect --format '{{.NetworkSettings.Networks.n1.IPAddress}}' t1)"
	run p_run --rm --network n2 $image wget -qO- http://10.89.77.7:8080/f
	assert_output served
	run bash -c 'exec 3<> /dev/tcp/127.0.0.1/18082; printf "GET /f HTTP/1.0\r\n\r\n" >&3; cat <&3'
	assert_contains served
	podman network disconnect n2 t1
	run podman exec t1 sh -c 'ls /sys/class/net | xargs'
	assert_output "eth0 lo"
	podman network connect n2 t1
	run podman exec t1 sh -c 'ls /sys/class/net | xargs'
	assert_output "eth0 eth1 lo"
	podman rm -f -t 0 t1
	podman network rm n1 n2
}

@test "podman: a root filesystem of one's own, overlaid; clone, rename, attach, export" {
	p_run --name t1 $image sh -c 'echo made > /data/made'
	mkdir "$BATS_TEST_TMPDIR/root"
	podman export t1 | tar -C "$BATS_TEST_TMPDIR/root" -xf -
	run p_run --rm --rootfs "$BATS_TEST_TMPDIR/root:O" sh -c 'cat /data/made; touch /data/new'
	assert_output made
	[[ ! -e $BATS_TEST_TMPDIR/root/data/new ]]
	podman container clone t1 t2
	podman rename t2 t3
	podman start -a t3
	inspected t3 .State.ExitCode 0
	run p_run --rm --cgroups no-conmon $image echo there
	assert_output there
	if [[ $RUNTIME_NAME != runc ]]; then # nothing of the container in a cgroup of its own
		run podman --runtime underTest run --rm --cgroups disabled --cgroupns host $image cat /proc/self/cgroup 3>&-
		assert_output "$(cat /proc/self/cgroup)"
	fi
	podman rm -f t1 t3
	assert_nothing_left
}

@test "podman: build: RUN with a cache, a secret, a tmpfs, a file of the context, no network; annotations" {
	mkdir "$BATS_TEST_TMPDIR/context"
	cd "$BATS_TEST_TMPDIR/context"
	echo hush > ../secret
	echo file > f
	podman_version_at_least 5 && no_network=' --network=none' || no_network=
	cat > Containerfile <<-FILE
		FROM $image
		RUN --mount=type=cache,target=/cache echo cached >> /cache/f; cat /cache/f > /data/cache
		RUN --mount=type=secret,id=s,mode=0400,uid=1000 stat -c '%a %u' /run/secrets/s > /data/secret; cat /run/secrets/s >> /data/secret
		RUN --mount=type=tmpfs,target=/t,tmpfs-size=1m grep ' /t ' /proc/mounts | grep -o size=1024k > /data/tmpfs; touch /t/x
		RUN --mount=type=bind,source=f,target=/f cat /f > /data/bound; ! touch /f 2>> /data/bound
		RUN$no_network ls /sys/class/net > /data/net
		RUN ulimit -n > /data/limits; df -k /dev/shm | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2 >> /data/limits; grep Seccomp: /proc/self/status >> /data/limits
	FILE
	parent=$CALLERS_PARENT/build # (the container's own cgroup, in the manager's spelling)
	[[ $CALLERS_MANAGER != systemd ]] || parent=$CALLERS_PARENT:buildah:build
	podman build -q --runtime "$RUNTIME" --isolation oci --cgroup-parent "$parent" --secret id=s,src=../secret \
		--ulimit nofile=77:88 --shm-size 3m --annotation org.example.note=kept -t built . 3>&-
	run p_run --rm built sh -c 'cd /data; tail -n +1 cache secret tmpfs bound net limits; ls /t /f /cache /run/secrets 2> /dev/null; true'
	assert_contains $'==> cache <==\ncached'
	assert_contains $'==> secret <==\n400 1000\nhush'
	assert_contains $'==> tmpfs <==\nsize=1024k'
	assert_contains $'==> bound <==\nfile\ntouch: /f: Read-only file system'
	[[ ! $no_network ]] || assert_contains $'==> net <==\nlo\n'
	assert_contains $'==> limits <==\n77\n3072\nSeccomp:\t2'
	run podman inspect --format '{{index .Annotations "org.example.note"}}' built
	assert_output kept
	podman rmi -f built
}
