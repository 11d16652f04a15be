# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Podman, Docker and containerd save containers and make them again, through CRIU: started by tests/callers/run, which says how and
# with what.  Wants a CRIU that works on this kernel: Debian 12's does on 6.12, Debian 13's on 6.18.

# shellcheck disable=SC2154,SC2086,SC2016 # of common; lists; for the container's shell

bats_require_minimum_version 1.5.0
load common

setup_file() { need_rig; }

setup() {
	need_program criu
	criu check > /dev/null 2>&1 || not_here "criu does not work on this kernel: criu check"
	v=$BATS_TEST_TMPDIR/v
	mkdir "$v"
	chmod 777 "$v"
	case $BATS_TEST_DESCRIPTION in
	podman*) podman_setup ;;
	docker*) docker_setup '.experimental = true' ;;
	containerd*) containerd_setup ;;
	esac
}

teardown() {
	[[ $BATS_TEST_DESCRIPTION != podman* ]] || podman pod rm -fa -t 0 > /dev/null 2>&1 || true
	caller_end
}

# A program that counts in memory alone: begun anew, it would write another line to "begun", and count from 1
counts='echo begun >> /v/begun; i=0; while :; do i=$((i+1)); echo $i > /v/new; mv /v/new /v/count; usleep 100000; done'

count() { cat "$v/count" 2> /dev/null || echo 0; }
counts_past() { (($(count) > $1)); }

counts_on() { # FROM
	retry 30 counts_past "$(($1 + 3))" || { echo "it stays at $(count)"; return 1; }
	[[ $(wc -l < "$v/begun") == 1 ]] || { echo "it was begun anew"; return 1; }
}

stands_still() {
	local at
	at=$(count)
	sleep 0.5
	[[ $(count) == "$at" ]]
}

p_counts() { # [OPTION…] NAME
	p_run -d "${@:1:$#-1}" --name "${*: -1}" -v "$v:/v" $image sh -c "$counts"
	retry 30 counts_past 5
}

p_status() { podman inspect --format '{{.State.Status}}' "$1"; }

save() { podman container checkpoint "$@" 3>&-; }
back() { podman container restore "$@" 3>&-; }

fetch() { # PORT; busybox 1.35's wget crashes where connect fails
	timeout 3 bash -c 'exec 5<> "/dev/tcp/127.0.0.1/$0" && printf "GET /f HTTP/1.0\r\n\r\n" >&5 && grep -qx served <&5' "$1" 2> /dev/null
}

criu_does() { # FEATURE REASON
	criu check --feature "$1" > /dev/null 2>&1 || not_here "$2"
}

# CRIU 4.1 does not know that since Linux 6.16 sockets lack an option that it asks for.
need_sockets() {
	local pid
	busybox nc -l -p 5599 > /dev/null 2>&1 < /dev/null 3>&- &
	pid=$!
	sleep 0.3
	mkdir "$BATS_TEST_TMPDIR/probe"
	criu dump -t $pid -D "$BATS_TEST_TMPDIR/probe" --shell-job > /dev/null 2>&1 && return
	kill -KILL $pid
	not_here "criu saves no sockets on this kernel"
}

# A host without CAP_SYS_RESOURCE: CRIU cannot keep what it has in memory before the dump
need_pipes() {
	[[ $(awk '$1 == "CapEff:" { print $2 }' /proc/self/status) == *[13579bdf]?????? ]] ||
		not_here "this host withholds CAP_SYS_RESOURCE"
}

@test "podman: checkpoint and restore; exec, logs, pause, stop afterwards" {
	p_counts t1
	save t1
	[[ $(p_status t1) == exited ]]
	[[ $(podman inspect --format '{{.State.Checkpointed}}' t1) == true ]]
	stands_still
	saved=$(count)
	back t1
	[[ $(p_status t1) == running ]]
	counts_on "$saved"
	run -0 podman exec t1 sh -c 'test -e /v/count && echo inside'
	assert_output inside
	podman pause t1
	stands_still
	podman unpause t1
	counts_on "$(count)"
	podman stop -t 0 t1
	[[ $(p_status t1) == exited ]]
	# … and it can be begun anew.
	podman start t1 3>&-
	[[ $(p_status t1) == running ]]
}

@test "podman: twice in a row" {
	p_counts t1
	save t1
	back t1
	counts_on "$(count)"
	save t1
	saved=$(count)
	back t1
	counts_on "$saved"
}

@test "podman: what is written after the restore is in the logs" {
	p_run -d --name t1 $image sh -c 'i=0; while :; do i=$((i+1)); echo "line $i"; usleep 200000; done'
	retry 20 bash -c 'podman logs t1 | grep -qx "line 3"'
	save t1
	last=$(podman logs t1 | tail -n 1)
	back t1
	retry 20 bash -c "podman logs t1 | grep -qx 'line $((${last#line } + 3))'"
	run podman logs t1
	[[ ${lines[*]} == "$(seq -f 'line %g' -s ' ' ${#lines[@]})" ]]
}

@test "podman: --keep keeps CRIU's logs, else they go" {
	p_counts t1
	dir=$(podman inspect --format '{{.StaticDir}}' t1)
	save --keep t1
	[[ -s $dir/dump.log ]]
	back --keep t1
	[[ -s $dir/restore.log ]]
	save t1
	back t1
	[[ ! -e $dir/dump.log && ! -e $dir/restore.log && ! -e $dir/checkpoint ]]
}

@test "podman: --leave-running" {
	p_counts t1
	save --leave-running t1
	[[ $(p_status t1) == running ]]
	counts_on "$(count)"
	podman stop -t 0 t1
}

@test "podman: --export, and --import under other names, on top of the changed root filesystem" {
	p_run -d --name t1 -v "$v:/v" $image sh -c "echo changed > /root/f; $counts"
	retry 30 counts_past 5
	save --export "$BATS_TEST_TMPDIR/t1.tar.gz" t1
	podman rm t1
	saved=$(count)
	back --import "$BATS_TEST_TMPDIR/t1.tar.gz" --name t2 --ignore-static-ip --ignore-static-mac
	counts_on "$saved"
	run -0 podman exec t2 cat /root/f
	assert_output changed
	podman rm -f -t 0 t2
	# The same once more: the image is not used up.
	echo 0 > "$v/count"
	back --import "$BATS_TEST_TMPDIR/t1.tar.gz" --name t3
	counts_on "$saved"
	podman rm -f -t 0 t3
}

@test "podman: --ignore-rootfs leaves the changed root filesystem out" {
	p_run -d --name t1 -v "$v:/v" $image sh -c "echo changed > /root/f; $counts"
	retry 30 counts_past 5
	save --export "$BATS_TEST_TMPDIR/t1.tar.gz" --ignore-rootfs t1
	podman rm t1
	saved=$(count)
	back --import "$BATS_TEST_TMPDIR/t1.tar.gz"
	counts_on "$saved"
	run -1 podman exec t1 cat /root/f
}

@test "podman: --pre-checkpoint and --with-previous" {
	need_pipes
	criu_does mem_dirty_track "this kernel does not track memory"
	p_counts t1
	save --pre-checkpoint --export "$BATS_TEST_TMPDIR/before.tar.gz" t1
	[[ $(p_status t1) == running ]]
	counts_on "$(count)"
	save --with-previous --export "$BATS_TEST_TMPDIR/t1.tar.gz" t1
	podman rm -f t1
	saved=$(count)
	back --import-previous "$BATS_TEST_TMPDIR/before.tar.gz" --import "$BATS_TEST_TMPDIR/t1.tar.gz"
	counts_on "$saved"
}

@test "podman: an open connection: refused without --tcp-established, and the container goes on; with it, it lives on" {
	need_sockets
	p_run -d --name t1 -v "$v:/v" $image sh -c 'nc -l -p 5555 -e sh -c "exec cat > /v/got" & sleep 1
		{ echo begun >> /v/begun; i=0; while :; do i=$((i+1)); echo $i; usleep 100000; done; } | nc 127.0.0.1 5555'
	last() { tail -n 1 "$v/got" 2> /dev/null | grep . || echo 0; }
	past() { (($(last) > $1)); }
	retry 30 past 5
	run save t1
	((status != 0))
	[[ $(p_status t1) == running ]]
	retry 30 past "$(($(last) + 3))"
	save --tcp-established t1
	saved=$(last)
	back --tcp-established t1
	retry 30 past "$((saved + 3))"
	[[ $(wc -l < "$v/begun") == 1 && $(< "$v/got") == "$(seq "$(wc -l < "$v/got")")" ]]
}

@test "podman: a file lock: refused without --file-locks; with it, it is held again" {
	# busybox has none, and whole directories of the host's may have mounts below that CRIU does not know
	local file files=()
	for file in /usr/bin/flock $(ldd /usr/bin/flock | grep -o '/[^ ]*'); do
		files+=(-v "$(realpath "$file"):$file:ro")
	done
	p_run -d --name t1 -v "$v:/v" "${files[@]}" $image sh -c "exec 9> /v/lock; /usr/bin/flock 9; $counts"
	retry 30 counts_past 5
	run -1 flock -n "$v/lock" true
	run save t1
	((status != 0))
	[[ $(p_status t1) == running ]]
	counts_on "$(count)"
	save --file-locks t1
	saved=$(count)
	flock -n "$v/lock" true
	back --file-locks t1
	counts_on "$saved"
	run -1 flock -n "$v/lock" true
}

@test "podman: --print-stats" {
	p_counts t1
	run -0 --separate-stderr save --print-stats t1
	jq -e '.container_statistics[0].runtime_checkpoint_duration > 0 and
		.container_statistics[0].criu_statistics.pages_written > 0' <<< "$output"
	run -0 --separate-stderr back --print-stats t1
	jq -e '.container_statistics[0].runtime_restore_duration > 0 and
		.container_statistics[0].criu_statistics.pages_restored > 0' <<< "$output"
}

@test "podman: a terminal" {
	p_run -dt --name t1 -v "$v:/v" $image sh -c "$counts"
	retry 30 counts_past 5
	save t1
	saved=$(count)
	back t1
	counts_on "$saved"
	run -0 podman exec t1 sh -c 'readlink /proc/1/fd/0'
	assert_contains /dev/pts/
}

@test "podman: a published port serves again" {
	need_sockets
	p_run -d --name t1 -p 127.0.0.1:18082:8080 $image sh -c 'echo served > /tmp/f; exec httpd -f -p 8080 -h /tmp'
	retry 20 fetch 18082
	save t1
	run fetch 18082
	((status != 0))
	back t1
	retry 20 fetch 18082
}

@test "podman: out of one pod and into another" {
	has_catatonit || need_program catatonit
	podman pod create --cgroup-parent "$CALLERS_PARENT" --name p1 --share net,ipc,uts 3>&-
	podman run -d --pod p1 --name t1 -v "$v:/v" $image sh -c "$counts" 3>&-
	retry 30 counts_past 5
	save --export "$BATS_TEST_TMPDIR/t1.tar.gz" t1
	podman pod rm -f -t 0 p1
	saved=$(count)
	podman pod create --cgroup-parent "$CALLERS_PARENT" --name p2 --share net,ipc,uts 3>&-
	podman pod start p2 3>&-
	back --import "$BATS_TEST_TMPDIR/t1.tar.gz" --pod p2
	counts_on "$saved"
	[[ $(podman inspect --format '{{.Pod}}' t1) == "$(podman pod inspect --format '{{.ID}}' p2)" ]]
}

@test "podman: a restored container has its policy, also what policy set has changed" {
	"$RUNTIME" doctor > /dev/null 2>&1 || [[ $? == 1 ]] || not_here "$RUNTIME_NAME has no policies"
	need_own_etc
	mkdir -p /etc/ringwall/policy.d
	echo '{ "version": 1, "name": "no-egress", "extends": "baseline", "network": { "egress": { "default": "deny" } } }' \
		> /etc/ringwall/policy.d/no-egress.json
	p_run -d --name t1 -v "$v:/v" --annotation org.ringwall.policy=no-egress $image \
		sh -c "while :; do nc -w 1 10.99.0.1 80 2>&1 | tail -n 1 > /v/new; mv /v/new /v/said; usleep 200000; done"
	refused() { grep -q "not permitted" "$v/said"; }
	retry 20 refused
	save t1
	rm "$v/said"
	back t1
	retry 20 refused
	run -0 "$RUNTIME" policy show t1
	assert_contains no-egress
	run -0 "$RUNTIME" denials t1
	assert_contains 10.99.0.1
	# Changed: the host's file is another one now. Which is meant is not Ringwall's to say.
	"$RUNTIME" policy set t1 --allow-egress 10.99.0.2
	save t1
	run back t1
	((status != 0))
	assert_contains "the checkpoint has 'no-egress'"
	[[ $(p_status t1) == exited ]]
	rm -r /etc/ringwall
}

@test "podman: a failed restore leaves nothing, and the checkpoint can be restored still" {
	p_counts t1
	save t1
	saved=$(count)
	dir=$(podman inspect --format '{{.StaticDir}}' t1)/checkpoint
	host_snapshot | grep -v ' conmon$' | sort > "$BATS_TEST_TMPDIR/before"
	mv "$dir"/pages-1.img "$BATS_TEST_TMPDIR/"
	run back t1
	((status != 0))
	same() { host_snapshot | grep -v ' conmon$' | sort | diff "$BATS_TEST_TMPDIR/before" -; }
	retry 10 same
	mv "$BATS_TEST_TMPDIR/pages-1.img" "$dir"
	back t1
	counts_on "$saved"
}

# Docker ---------------------------------------------------------------------------------------------------------

d_counts() { # [OPTION…] NAME
	d_run -d "${@:1:$#-1}" --name "${*: -1}" -v "$v:/v" $image sh -c "$counts"
	retry 30 counts_past 5
}

# Docker uploads what containerd may not have collected yet, and takes "already exists" for an error; so it is with runc.
d_back() { # CHECKPOINT NAME
	local try
	for try in {1..20}; do
		run docker start --checkpoint "$1" "$2" 3>&-
		((status)) || return 0
		[[ $output == *"already exists"* ]] || break
		sleep 1
	done
	echo "try $try: $output"
	return 1
}

d_status() { docker inspect --format '{{.State.Status}}' "$1"; }

@test "docker: checkpoint create, ls, rm; start --checkpoint" {
	d_counts --network none t1
	docker checkpoint create t1 c1
	retry 10 bash -c '[[ $(docker inspect --format "{{.State.Status}}" t1) == exited ]]'
	stands_still
	saved=$(count)
	run -0 docker checkpoint ls t1
	assert_contains c1
	d_back c1 t1
	[[ $(d_status t1) == running ]]
	counts_on "$saved"
	run -0 docker exec t1 sh -c 'test -e /v/count && echo inside'
	assert_output inside
	docker checkpoint rm t1 c1
	run -0 docker checkpoint ls t1
	[[ $output != *c1* ]]
	docker rm -f t1
}

@test "docker: checkpoint create --leave-running" {
	d_counts --network none t1
	docker checkpoint create --leave-running t1 c1
	[[ $(d_status t1) == running ]]
	counts_on "$(count)"
}

@test "docker: --checkpoint-dir" {
	mkdir "$BATS_TEST_TMPDIR/c"
	d_counts --network none t1
	docker checkpoint create --checkpoint-dir "$BATS_TEST_TMPDIR/c" t1 c1
	[[ -s $BATS_TEST_TMPDIR/c/c1/inventory.img ]]
}

@test "docker: a container on a network" {
	d_counts -p 127.0.0.1:18083:8080 t1
	docker checkpoint create t1 c1
	retry 10 bash -c '[[ $(docker inspect --format "{{.State.Status}}" t1) == exited ]]'
	saved=$(count)
	d_back c1 t1
	counts_on "$saved"
	docker exec -d t1 sh -c 'echo served > /tmp/f; httpd -p 8080 -h /tmp'
	retry 20 fetch 18083
}

# containerd -----------------------------------------------------------------------------------------------------

c_counts() { # ID
	c_run -d --mount "type=bind,src=$v,dst=/v,options=rbind:rw" "$1" sh -c "$counts"
	retry 30 counts_past 5
}

@test "containerd: task checkpoint, with images of our own" {
	c_counts a
	ctr task checkpoint --image-path "$BATS_TEST_TMPDIR/images" --work-path "$BATS_TEST_TMPDIR/work" a
	[[ -s $BATS_TEST_TMPDIR/images/inventory.img && -s $BATS_TEST_TMPDIR/work/dump.log ]]
	counts_on "$(count)"
	ctr task checkpoint --exit --image-path "$BATS_TEST_TMPDIR/images2" a
	retry 10 task_over a
	stands_still
}

@test "containerd: container checkpoint, and restore --live" {
	c_counts a
	ctr container checkpoint --rw --task a "checkpoint.example/a:1"
	saved=$(count)
	c_remove a
	stands_still
	ctr container restore --rw --live a "checkpoint.example/a:1" 3>&- &
	counts_on "$saved"
}
