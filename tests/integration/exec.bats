#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# exec by every flag, and what the descriptors are that run and exec hand on: preserved ones, consoles, pidfds.

load common

setup_file() { container_setup_file; }
setup() { container_setup; }
teardown() { container_teardown; }

# ARG…: a command in the container; $output, $status
ex() {
	run rw exec "$@"
	echo "exec $* → $status"
	echo "$output"
}

@test "a command: arguments, status, standard streams" {
	background
	ex "$id" sh -c 'printf "<%s>" "$0" "$@"; exit 41' 'a b' '' '*'
	same "$status $output" '41 <a b><><*>'
	same "$(echo in | rw exec "$id" cat)" in
	same "$(head -c 3000000 /dev/zero | rw exec "$id" wc -c)" 3000000
	rw exec "$id" sh -c 'echo out; echo err >&2' >"$work/o" 2>"$work/e"
	same "$(cat "$work/o") $(cat "$work/e")" 'out err'
	ex "$id" sh -c 'kill -9 $$'
	same "$status" 137
	# Options end at the container's name: what follows is the command's.
	ex "$id" echo -e --cwd x
	same "$output" '--cwd x'
}

@test "the runtime's own errors exit with 255 and the callers' words" {
	background
	ex "$id" nosuch
	same "$status" 255
	[[ $output == *'exec: "nosuch": executable file not found in $PATH'* ]]
	ex "$id" /bin/nosuch
	[[ $status == 255 && $output == *'stat /bin/nosuch: no such file or directory'* ]]
	ex "$id" /etc
	[[ $status == 255 && ${output,,} == *'permission denied'* ]]
	ex no-such-container true
	[[ $status == 255 && $output == *'container does not exist'* ]]
	ex "$id"
	[[ $status == 255 && $output == *'a command or --process is wanted'* ]]
	rw kill "$id" KILL
	eventually is stopped
	ex "$id" true
	[[ $status == 255 && $output == *'container not running'* ]]
}

@test "in a container that is created and not started" {
	config 'echo started'
	rw create -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
	ex "$id" sh -c 'echo joined; readlink /proc/1/exe || true'
	same "${lines[0]}" joined
	run ! grep started "$work/out"
}

@test "it is where the container is" {
	background 'exec sleep 1000' '.linux.namespaces += [{"type": "time"}] | .process.rlimits[0].soft = 99 | .process.oomScoreAdj = 111'
	ex "$id" sh -c 'for n in user mnt pid net uts ipc cgroup time; do readlink /proc/self/ns/$n; readlink /proc/1/ns/$n; done | uniq -c | grep -cv " 2 "'
	same "$output" 0
	ex "$id" sh -c 'ulimit -n; cat /proc/self/oom_score_adj; grep ^CapPrm /proc/self/status /proc/1/status | cut -f 2 | uniq | wc -l; cat /proc/self/cgroup | grep ^0; grep ^NoNewPrivs /proc/self/status | cut -f 2; hostname'
	same "$output" $'99\n111\n1\n0::/\n1\nringwall'
	ex "$id" sh -c 'ls /proc/self/fd | tr "\n" " "'
	same "$output" '0 1 2 3 '
}

@test "--cwd" {
	background 'exec sleep 1000' '.process.cwd = "/tmp"'
	ex "$id" pwd
	same "$output" /tmp
	ex --cwd /etc "$id" pwd
	same "$output" /etc
	# Unlike init's, it is not made: a slip of the caller's leaves nothing in the container.
	ex --cwd /not/there "$id" pwd
	[[ $status == 255 && $output == *"process.cwd: chdir '/not/there': no such file or directory"* ]]
	[ ! -e "$rootfs/not" ]
	ex --cwd relative "$id" pwd
	[[ $status == 255 && $output == *'--cwd'* ]]
	ex --cwd /etc/passwd "$id" pwd
	[[ $status == 255 && $output == *"process.cwd: chdir '/etc/passwd'"* ]]
}

@test "--env" {
	background 'exec sleep 1000' '.process.env = ["PATH=/bin", "A=1", "B=2"]'
	ex "$id" env
	same "$output" $'PATH=/bin\nA=1\nB=2\nHOME=/root'
	ex -e A=10 --env "C=x y" -e A=11 --env=EMPTY= "$id" env
	same "$output" $'PATH=/bin\nA=11\nB=2\nC=x y\nEMPTY=\nHOME=/root'
	ex -e PATH=/nowhere "$id" env
	[[ $status == 255 && $output == *'not found in $PATH'* ]]
	for bad in NOVALUE =x ''; do
		ex -e "$bad" "$id" env
		[[ $status == 255 && $output == *'is not NAME=VALUE'* ]]
	done
}

@test "--user and --additional-gids" {
	background 'exec sleep 1000' '.process.user = {"uid": 5, "gid": 6, "additionalGids": [7]}'
	ids='echo $(id -u) $(id -g) $(grep ^Groups /proc/self/status | cut -f 2)'
	ex "$id" sh -c "$ids"
	same "$output" '5 6 7'
	ex -u 1000 "$id" sh -c "$ids; echo \$HOME"
	same "$output" $'1000 6 7\n/home/user'
	ex -u 1000:1001 -g 50 -g 60 "$id" sh -c "$ids"
	same "$output" '1000 1001 7 50 60'
	ex --user 0:0 --additional-gids 1 "$id" sh -c "$ids"
	same "$output" '0 0 1 7'
	for bad in root user:user -1 1000: :5 '1000:x' 4294967295 99999999999 '5 ' '' 0x10 1:2:3; do
		ex --user="$bad" "$id" sh -c "$ids"
		[ "$status" -eq 255 ]
		[[ $output == *"option --user"* ]]
	done
	for bad in staff -1 4294967295; do
		ex -g="$bad" "$id" true
		[[ $status == 255 && $output == *"--additional-gids"* ]]
	done
}

@test "--cap and --no-new-privs" {
	background 'exec sleep 1000' '.process.noNewPrivileges = false | .process.capabilities = ({"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]})'
	show="grep -E '^(Cap|NoNew)' /proc/self/status | cut -f 2 | xargs"
	ex "$id" sh -c "$show"
	same "$output" '0000000000000000 0000000000000020 0000000000000020 0000000000000020 0000000000000000 0'
	ex --cap CAP_CHOWN -c net_raw "$id" sh -c "$show"
	same "$output" '0000000000000000 0000000000002021 0000000000002021 0000000000002021 0000000000000000 0'
	ex --no-new-privs "$id" sh -c "$show"
	same "${output##* }" 1
	ex --cap CAP_NONE "$id" true
	[[ $status == 255 && $output == *"option --cap: 'CAP_NONE' is not a capability"* ]]
	rw delete --force "$id"
	background
	ex --no-new-privs=false "$id" sh -c "$show"
	same "${output##* }" 0
}

@test "--process: a process object of its own, with what it leaves open from the container" {
	background 'exec sleep 1000' '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}] | .process.oomScoreAdj = 200 | .process.user.umask = 23'
	echo '{"cwd": "/etc", "args": ["sh", "-c", "pwd; id -u; id -G; umask; echo $PATH $X $HOME; ulimit -n; cat /proc/self/oom_score_adj; grep ^CapPrm /proc/self/status | cut -f 2; grep ^NoNew /proc/self/status | cut -f 2"],
		"user": {"uid": 1000, "gid": 3, "umask": 63}, "env": ["PATH=/bin", "X=y"]}' >"$work/p.json"
	ex --process "$work/p.json" "$id"
	same "$output" $'/etc\n1000\n3\n0077\n/bin y /home/user\n50\n200\n0000000000000000\n0'
	jq '.args[2] = "grep ^CapBnd /proc/self/status | cut -f 2; ulimit -n" | .capabilities.bounding = ["CAP_CHOWN"] | .rlimits = [{"type": "RLIMIT_NOFILE", "soft": 20, "hard": 21}]' \
		"$work/p.json" >"$work/q.json"
	ex -p "$work/q.json" "$id"
	same "$output" $'0000000000000001\n20'
	jq 'del(.user.umask) | .args[2] = "umask"' "$work/p.json" >"$work/q.json"
	ex -p "$work/q.json" "$id"
	same "$output" 0027
	# Flags are stronger than the file.
	ex -p "$work/p.json" -u 7:8 --cwd /tmp -e X=z "$id"
	[[ $output == *$'/tmp\n7\n8\n0077\n/bin z /\n'* ]]
	# From a pipe, as callers pass it.
	same "$(rw exec --process <(echo '{"cwd": "/", "args": ["echo", "piped"], "env": ["PATH=/bin"]}') "$id")" piped
	ex -p "$work/p.json" "$id" true
	[[ $status == 255 && $output == *'both a command and --process'* ]]
	echo '{"cwd": "/", "args": []}' >"$work/bad.json"
	ex -p "$work/bad.json" "$id"
	[[ $status == 255 && $output == *"$work/bad.json"*args* ]]
	echo '{"cwd": "/", "args": [' >"$work/bad.json"
	ex -p "$work/bad.json" "$id"
	[[ $status == 255 && $output == *"$work/bad.json:"* ]]
	ex -p "$work/none.json" "$id"
	[[ $status == 255 && $output == *"$work/none.json"* ]]
}

@test "--detach and --pid-file" {
	background
	rw exec -d --pid-file "$work/pid" "$id" sh -c 'echo from exec >/tmp/f; exec sleep 1001' </dev/null >/dev/null 2>&1 3>&-
	pid=$(cat "$work/pid")
	eventually test -s "$rootfs/tmp/f"
	eventually grep -qx sleep "/proc/$pid/comm"
	rw ps -f json "$id" | jq -e --argjson pid "$pid" 'index($pid)'
	same "$(readlink "/proc/$pid/ns/pid")" "$(readlink "/proc/$(pid_of "$id")/ns/pid")"
	[[ $(cat "$work/pid") =~ ^[0-9]+$ ]]
	# A failure writes none.
	ex -d --pid-file "$work/pid-2" "$id" nosuch
	[ "$status" -eq 255 ]
	[ ! -e "$work/pid-2" ]
	rw delete --force "$id"
	eventually eval '! grep -q "^State:.[RSD]" /proc/'"$pid"'/status 2>/dev/null'
}

@test "it ends with the container" {
	background
	helper "$RINGWALL" --root "$work/root" exec "$id" sh -c 'touch /tmp/up; sleep 1000; echo survived'
	eventually test -e "$rootfs/tmp/up"
	rw kill "$id" KILL
	eventually is stopped
	eventually eval '! kill -0 '"${helpers[0]}"' 2>/dev/null'
}

@test "--tty: at hand, and by a console socket" {
	background
	cat >"$work/in-a-pty" <<-'PY'
	import os, pty, sys
	sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
	PY
	run python3 "$work/in-a-pty" "$RINGWALL" --root "$work/root" exec -t "$id" sh -c 'tty; test -t 1 && echo yes; exit 9' </dev/null
	echo "$output"
	same "$status" 9
	[[ $output == *'/dev/pts/'*yes* ]]
	receive console "$work/tty" $'typed\n'
	rw exec -t -d --console-socket "$work/tty" "$id" sh -c 'tty; read x; echo "got $x"' </dev/null >/dev/null 3>&-
	run received
	echo "$output"
	same "${lines[1]}" 'fds 1'
	[[ $output == */dev/pts/*'got typed'* ]]
	# The size of a process file is its own, and init's is nobody else's.
	echo '{"terminal": true, "consoleSize": {"height": 7, "width": 70}, "cwd": "/", "args": ["stty", "size"], "env": ["PATH=/bin"]}' >"$work/p.json"
	receive console "$work/tty"
	rw exec -d --console-socket "$work/tty" -p "$work/p.json" "$id" </dev/null >/dev/null 3>&-
	run received
	[[ $output == *$'size 7 70\n7 70'* ]]
	ex -t -d "$id" true
	[[ $status == 255 && $output == *'cannot allocate tty if runtime will detach without setting console socket'* ]]
	ex -d --console-socket "$work/tty" "$id" true
	[[ $status == 255 ]]
}

@test "--preserve-fds: these, open and readable, and no other" {
	echo three >"$work/3"
	echo four >"$work/4"
	script='for f in 3 4 5 9; do [ -e /proc/$$/fd/$f ] && echo "$f $(cat <&$f)"; done; true'
	config "$script; exec sleep 1000"
	bash -c 'cd "$0"; exec 3<3 4<4 5</etc/passwd 9</etc/passwd; exec "$@"' "$work" "$RINGWALL" --root "$work/root" run --preserve-fds 2 -d -b "$bundle" "$id" \
		</dev/null >"$work/out" 2>&1
	eventually grep -q four "$work/out"
	same "$(cat "$work/out")" $'3 three\n4 four'
	run bash -c 'cd "$0"; exec 3<3 4<4 5</etc/passwd 9</etc/passwd; exec "$@"' "$work" "$RINGWALL" --root "$work/root" exec --preserve-fds 1 "$id" sh -c "$script"
	same "$output" '3 three'
	run bash -c 'cd "$0"; exec 3<3 4<4; exec "$@"' "$work" "$RINGWALL" --root "$work/root" exec "$id" sh -c "$script"
	same "$output" ''
}

@test "LISTEN_FDS: descriptors and variables of socket activation" {
	echo three >"$work/3"
	config 'cat <&3; echo "$LISTEN_FDS $LISTEN_PID $$"; [ -e /proc/$$/fd/4 ] && echo four; exec sleep 1000'
	bash -c 'cd "$0"; exec 3<3 4</etc/passwd; LISTEN_FDS=1 exec "$@"' "$work" "$RINGWALL" --root "$work/root" run -d -b "$bundle" "$id" \
		</dev/null >"$work/out" 2>&1
	eventually grep -q '1 1' "$work/out"
	same "$(cat "$work/out")" $'three\n1 1 1'
	run bash -c 'cd "$0"; exec 3<3 4</etc/passwd; LISTEN_FDS=1 exec "$@"' "$work" "$RINGWALL" --root "$work/root" exec "$id" sh -c 'cat <&3; echo "$LISTEN_FDS"'
	same "$output" $'three\n1'
	# With preserved ones behind them.
	run bash -c 'cd "$0"; exec 3<3 4<3; LISTEN_FDS=1 exec "$@"' "$work" "$RINGWALL" --root "$work/root" exec --preserve-fds 1 "$id" sh -c 'cat <&3; cat <&4; echo $LISTEN_FDS'
	echo "$output"
	[[ $output == *three*1 ]]
	run rw exec "$id" sh -c 'echo "<$LISTEN_FDS>"'
	same "$output" '<>'
}

@test "--cgroup: below the container's own, and not out of it" {
	background 'exec sleep 1000' '.linux.namespaces |= map(select(.type != "cgroup"))'
	mkdir "$cgroups/$id/below" "$cgroups/$id/below/deeper"
	ex --cgroup below "$id" grep ^0 /proc/self/cgroup
	same "$output" "0::/$id/below"
	ex --cgroup /below/deeper "$id" grep ^0 /proc/self/cgroup
	same "$output" "0::/$id/below/deeper"
	ex --cgroup / "$id" grep ^0 /proc/self/cgroup
	same "$output" "0::/$id"
	for bad in .. ../.. below/../.. nosuch /../x; do
		ex --cgroup "$bad" "$id" echo started
		[[ $status == 255 && $output == *"--cgroup '$bad'"* && $output != *started* ]]
	done
}

@test "--ignore-paused: refused without; with it, it waits for resume" {
	background
	rw pause "$id"
	ex "$id" echo started
	[[ $status == 255 && $output == *'cannot exec in a paused container (use --ignore-paused to override)'* ]]
	helper bash -c '"$@" >"$0"' "$work/exec-out" "$RINGWALL" --root "$work/root" exec --ignore-paused "$id" echo started
	sleep 0.5
	run ! grep started "$work/exec-out"
	rw resume "$id"
	eventually grep -q started "$work/exec-out"
}

@test "--pidfd-socket: of run, create and exec" {
	config 'exec sleep 1000'
	receive pidfd "$work/s"
	rw run -d --pidfd-socket "$work/s" --pid-file "$work/pid" -b "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	run received
	same "$output" "$(printf 'pidfd\nfds 1\nPid:\t%s' "$(cat "$work/pid")")"
	same "$(cat "$work/pid")" "$(pid_of "$id")"
	receive pidfd "$work/s"
	rw exec -d --pidfd-socket "$work/s" --pid-file "$work/pid" "$id" sleep 1000 </dev/null >/dev/null 2>&1 3>&-
	run received
	same "$output" "$(printf 'pidfd\nfds 1\nPid:\t%s' "$(cat "$work/pid")")"
	rw delete --force "$id"
	receive pidfd "$work/s"
	rw create --pidfd-socket "$work/s" -b "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	run received
	same "${lines[2]}" "$(printf 'Pid:\t%s' "$(pid_of "$id")")"
	rw delete --force "$id"
	run rw run -d --pidfd-socket "$work/none" -b "$bundle" "$id"
	[ "$status" -eq 1 ]
	[[ $output == *"$work/none"* ]]
	[ ! -e "$work/root/$id" ]
}

@test "labels: refused where the host has none" {
	background
	apparmor=$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null || echo N)
	ex --apparmor no-such "$id" echo started
	[[ $status == 255 && $output == *"process.apparmorProfile: 'no-such'"* ]]
	[ "$apparmor" = Y ] || [[ $output == *'AppArmor is not enabled'* ]]
	[ -e /sys/fs/selinux/enforce ] && return
	ex --process-label a:b:c "$id" echo started
	[[ $status == 255 && $output == *"process.selinuxLabel: 'a:b:c': SELinux is not enabled"* ]]
}

@test "twenty at once" {
	background
	for i in $(seq 20); do
		rw exec "$id" sh -c "echo $i >/tmp/out-$i" 3>&- &
	done
	wait
	same "$(cat "$rootfs"/tmp/out-* | sort -n | xargs)" "$(seq 20 | xargs)"
	same "$(rw ps -f json "$id" | jq length)" 1
}
