#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# sd_notify(3) from inside a container to whoever started the runtime. As under systemd: tests/callers/quadlet.bats.

load common

setup_file() { container_setup_file; }
setup() {
	container_setup
	receive notify "$work/host"
	export NOTIFY_SOCKET=$work/host
}
teardown() { container_teardown; }

# In the foreground, $! is the runtime
foreground() {
	config "$@"
	"$RINGWALL" --root "$work/root" run -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&- &
	runtime=$!
}

end='; probe notify STOPPING=1; exit 0'

@test "run: what the container says about the service is passed on by the runtime, and nothing else" {
	foreground 'echo "$NOTIFY_SOCKET"; probe notify READY=1 STATUS=well MAINPID=1 FDSTORE=1 NOTIFYACCESS=all X_OWN=1
		probe notify FDSTOREREMOVE=1; probe notify READYNESS=1; probe notify "STATUS=two words" WATCHDOG=1'"$end"
	wait $runtime || { cat "$work/out"; return 1; }
	run -0 received
	same "$output" "$runtime READY=1|STATUS=well|
$runtime STATUS=two words|WATCHDOG=1|
$runtime STOPPING=1|"
	grep -qx /run/notify/notify.sock "$work/out"
	[ ! -e "$work/root/$id" ]
}

@test "run: what would change the unit's time limits, or is more than text in a terminal, is not passed on" {
	foreground 'probe notify EXTEND_TIMEOUT_USEC=60000000 WATCHDOG_USEC=60000000 STATUS=first
		probe notify "STATUS=$(printf "\033]0;x\007")" ERRNO=1; probe notify "STATUS=$(printf "\302\2332J")" ERRNO=2
		probe notify "STATUS=$(printf "\303\233bung")"'"$end"
	wait $runtime || { cat "$work/out"; return 1; }
	run -0 received
	same "$output" "$runtime STATUS=first|
$runtime ERRNO=1|
$runtime ERRNO=2|
$runtime STATUS=Ûbung|
$runtime STOPPING=1|"
}

@test "run: who speaks without end waits, and not who listens" {
	local begin=${EPOCHREALTIME/./}
	foreground "probe flood 2400 STATUS=again$end"
	wait $runtime || { cat "$work/out"; return 1; }
	((${EPOCHREALTIME/./} - begin >= 2000000)) # at most one in a millisecond
	[ "$(received | grep -c STATUS=again)" -eq 2400 ]
}

@test "run: with a terminal, and one that ends without a word" {
	config "test -t 1 && probe notify STATUS=tty$end" '.process.terminal = true'
	SHELL=/bin/bash run -0 script -qec "$RINGWALL --root $work/root run -b $bundle $id" /dev/null </dev/null
	run -0 received
	[[ $output == *STATUS=tty* ]]
	inside 'exit 0'
}

@test "run --detach: returns when the container is ready, which is the main process then" {
	config 'while [ ! -e /tmp/go ]; do sleep 0.05; done; probe notify READY=1; exec sleep 1000'
	"$RINGWALL" --root "$work/root" run -d -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&- &
	runtime=$!
	eventually is running
	sleep 0.5
	kill -0 $runtime
	rw exec "$id" touch /tmp/go # other verbs need not wait
	wait $runtime || { cat "$work/out"; return 1; }
	pid=$(pid_of "$id")
	eventually grep -q MAINPID "$work/received"
	run cat "$work/received"
	[[ $output == "$runtime READY=1|
$runtime MAINPID=$pid"* ]]
	rw delete --force "$id"
	[ ! -e "$work/root/$id" ]
}

@test "run --detach: returns when the container ends without a word" {
	config 'sleep 0.5'
	timeout 10 "$RINGWALL" --root "$work/root" run -d -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
	eventually is stopped
	rw delete "$id"
}

@test "create and start: start waits, if it is told of the socket too" {
	config 'probe notify READY=1; sleep 1000'
	rw create -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
	[ ! -s "$work/received" ]
	rw start "$id"
	run cat "$work/received"
	[[ $output == *"READY=1|"*"MAINPID=$(pid_of "$id")"* ]]
	rw delete --force "$id"
	rw create -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
	NOTIFY_SOCKET='' timeout 10 "$RINGWALL" --root "$work/root" start "$id"
	rw delete --force "$id"
	[ ! -e "$work/root/$id" ]
}

@test "in a user namespace, for its users too" {
	chown -R 100000:100000 "$rootfs"
	foreground "probe notify STATUS=mapped$end" '.linux.namespaces += [{type: "user"}] | .process.user = {uid: 1000, gid: 1000} |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	wait $runtime || { cat "$work/out"; return 1; }
	run -0 received
	[[ $output == *"STATUS=mapped|"* ]]
}

@test "a NOTIFY_SOCKET of config.json's own stays, and a host's that is not there ends nobody" {
	inside 'echo "$NOTIFY_SOCKET"; [ ! -e /run/notify ]' '.process.env += ["NOTIFY_SOCKET=/elsewhere"]'
	[[ $output == *"/elsewhere"* ]]
	export NOTIFY_SOCKET=$work/nobody
	inside 'probe notify READY=1; sleep 0.2; echo survived'
	[[ $output == *survived* ]]
	[[ $output == *"tell NOTIFY_SOCKET '$work/nobody'"* ]]
	export NOTIFY_SOCKET=vsock:2:1234
	inside 'probe notify READY=1; sleep 0.2; echo survived'
	[[ $output == *"neither a path nor"*survived* || $output == *survived*"neither a path nor"* ]]
}
