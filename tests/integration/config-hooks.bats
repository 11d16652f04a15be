#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# hooks of config.json around a container's life: which, when, where and with what state. What hooks.bats asks of one
# hook (environment, descriptors, every failure) is not repeated.

load common

setup_file() { container_setup_file; }
setup() {
	container_setup
	: >"$work/log"
	chmod 666 "$work/log"
	# One line per hook: what it was told and where it is. Runs on the host and in the image.
	cat >"$work/hook" <<-'SH'
	#!/bin/sh
	PATH=$PATH:/bin:/usr/bin
	log=${LOG:-/log}
	state=$(cat)
	word() { echo "$state" | tr -d '\n' | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }
	echo "$1 status=$(word status) id=$(word id) pid=$(word pid) mnt=$(readlink /proc/self/ns/mnt) net=$(readlink /proc/self/ns/net)" \
		"pidns=$(readlink /proc/self/ns/pid) root=$(test -e /this-is-the-image && echo image || echo host)" >>"$log"
	SH
	chmod 755 "$work/hook"
	cp "$work/hook" "$rootfs/bin/hook"
	touch "$rootfs/this-is-the-image"
}
teardown() { container_teardown; }

kinds='prestart createRuntime createContainer startContainer poststart poststop'

# All six, with the program logging in between; hooks of the host write to $work/log, which is /log inside
all_hooks() {
	config 'echo program >>/log; exec sleep 1000' '
		def hook($kind): [{"path": ($work + "/hook"), "args": ["hook", $kind], "env": ["LOG=" + $work + "/log", "PATH=/bin"]}];
		.hooks = ([$kinds | split(" ")[] | {(.): hook(.)}] | add) |
		.hooks.startContainer = [{"path": "/bin/hook", "args": ["hook", "startContainer"], "env": ["PATH=/bin"]}] |
		.mounts += [{"destination": "/log", "type": "bind", "source": ($work + "/log"), "options": ["bind"]}]' \
		--arg work "$work" --arg kinds "$kinds"
}
words() { cut -d ' ' -f 1 "$work/log" | tr '\n' ' '; }
# KIND FIELD: what that hook logged
field() { sed -n "s/^$1 .*\b$2=\([^ ]*\).*/\1/p" "$work/log"; }

@test "all six, in their order, around the program" {
	all_hooks
	rw create -b "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	same "$(words)" 'prestart createRuntime createContainer '
	rw start "$id"
	eventually grep -q program "$work/log"
	grep -q poststart "$work/log"
	[[ $(words) == 'prestart createRuntime createContainer startContainer '* ]]
	rw delete --force "$id"
	same "$(words | wc -w)" 7
	[[ $(words) == *'poststop ' ]]
}

@test "run does them all as well" {
	all_hooks
	change '.process.args = ["/bin/sh", "-c", "echo program >>/log"]'
	rw run -b "$bundle" "$id"
	same "$(words | tr ' ' '\n' | sort | xargs)" 'createContainer createRuntime poststart poststop prestart program startContainer'
	[[ $(words) == 'prestart createRuntime createContainer startContainer '*'poststop ' ]]
}

@test "several of a kind run one after the other, as listed" {
	config 'true' '.hooks.createRuntime = [range(5) | {"path": "/bin/sh", "args": ["sh", "-c", "echo \(.) >>\($work)/log"]}]' --arg work "$work"
	rw run -b "$bundle" "$id"
	same "$(words)" '0 1 2 3 4 '
}

@test "standard input is the state of that moment" {
	all_hooks
	rw create -b "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	pid=$(pid_of "$id")
	rw start "$id"
	rw delete --force "$id"
	for pair in prestart:creating createRuntime:creating createContainer:creating startContainer:created poststart:running poststop:stopped; do
		same "${pair%:*} $(field "${pair%:*}" status)" "${pair%:*} ${pair#*:}"
		same "$(field "${pair%:*}" id)" "$id"
	done
	for kind in prestart createRuntime poststart; do
		same "$kind $(field $kind pid)" "$kind $pid"
	done
	# In the container's namespaces, the pid that it has there.
	for kind in createContainer startContainer; do
		same "$kind $(field $kind pid | tr -d ' ')" "$kind 1"
	done
	config 'true' '.linux.namespaces |= map(select(.type != "pid")) | .hooks.createContainer = [{"path": "/bin/sh", "args": ["sh", "-c", "jq .pid >\($work)/inside"], "env": ["PATH=/usr/bin"]}] |
		.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "jq .pid >\($work)/outside"], "env": ["PATH=/usr/bin"]}]' --arg work "$work"
	rw run -b "$bundle" "$id"
	same "$(cat "$work/inside")" "$(cat "$work/outside")"
}

@test "standard input is JSON with all that the specification lists" {
	config 'true' '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "cat >" + $work + "/state"]}] | .annotations.key = "va\"lue"' --arg work "$work"
	rw run -b "$bundle" "$id"
	jq -e --arg id "$id" --arg bundle "$bundle" '.ociVersion == "1.3.0" and .id == $id and .status == "creating" and .pid > 1 and
		.bundle == $bundle and .annotations == {"key": "va\"lue"}' "$work/state"
}

@test "each runs in its namespaces" {
	all_hooks
	rw create -b "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	pid=$(pid_of "$id")
	for ns in mnt net pid; do
		eval "inside_$ns=$(readlink "/proc/$pid/ns/$ns") outside_$ns=$(readlink /proc/self/ns/$ns)"
	done
	rw start "$id"
	rw delete --force "$id"
	for kind in prestart createRuntime poststart poststop; do
		same "$kind $(field $kind mnt) $(field $kind net) $(field $kind root)" "$kind ${outside_mnt:?} ${outside_net:?} host"
	done
	# shellcheck disable=SC2154 # set by eval
	same "$(field createContainer mnt) $(field createContainer net) $(field createContainer pidns) $(field createContainer root)" \
		"$inside_mnt $inside_net $inside_pid host"
	same "$(field startContainer mnt) $(field startContainer net) $(field startContainer root)" "$inside_mnt $inside_net image"
}

@test "createContainer sees the container's mounts before the root changes; its own stay in there" {
	config 'cat /from-hook/f; ls /sys/class/net' '.hooks.createContainer = [{"path": "/bin/sh", "args": ["sh", "-c", $script], "env": ["PATH=/bin:/usr/bin"]}]' \
		--arg script "test -e $rootfs/proc/self && mkdir -p $rootfs/from-hook && mount -t tmpfs none $rootfs/from-hook && echo hooked >$rootfs/from-hook/f"
	run rw run -b "$bundle" "$id"
	echo "$output"
	same "${lines[0]}" hooked
	run ! grep from-hook /proc/self/mountinfo
}

@test "createRuntime and prestart can work on the container's namespaces from outside" {
	config 'cat /proc/sys/net/ipv4/ip_default_ttl' '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c",
		"pid=$(jq .pid); nsenter -t $pid -n sh -c \"echo 99 >/proc/sys/net/ipv4/ip_default_ttl\""], "env": ["PATH=/bin:/usr/bin:/sbin"]}]'
	run rw run -b "$bundle" "$id"
	same "$output" 99
}

@test "a failure ends create, with the hook's last words, and nothing stays" {
	for kind in prestart createRuntime createContainer; do
		config 'echo started' '.hooks[$kind] = [{"path": "/bin/true"}, {"path": "/bin/sh", "args": ["sh", "-c", "echo first >&2; echo the reason >&2; exit 3"]},
			{"path": "/bin/sh", "args": ["sh", "-c", "echo not reached >" + $work + "/log"]}] |
			.hooks.poststop = [{"path": "/bin/sh", "args": ["sh", "-c", "echo poststop >>" + $work + "/stopped"]}]' --arg kind $kind --arg work "$work"
		rm -f "$work/stopped"
		run rw create -b "$bundle" "$id"
		echo "$output"
		[ "$status" -eq 1 ]
		[[ $output == *"hook ${kind}[1] '/bin/sh': exit status 3: the reason"* ]]
		same "$(cat "$work/log")" ''
		same "$(cat "$work/stopped")" poststop
		[ ! -e "$work/root/$id" ] && [ ! -e "$cgroups/$id" ]
	done
}

@test "startContainer's failure ends start; the container is stopped and can be deleted" {
	config 'echo started' '.hooks.startContainer = [{"path": "/bin/sh", "args": ["sh", "-c", "echo why >&2; exit 4"]}]'
	rw create -b "$bundle" "$id" </dev/null >"$work/out" 2>&1 3>&-
	run rw start "$id"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"hook startContainer[0] '/bin/sh': exit status 4: why"* ]]
	eventually is stopped
	rw delete "$id"
	run ! grep started "$work/out"
	run rw run -b "$bundle" "$id"
	[ "$status" -eq 1 ]
	[[ $output == *'exit status 4: why'* && $output != *started* ]]
	[ ! -e "$work/root/$id" ]
}

@test "a timeout ends a hook, and what it started" {
	config 'echo started' '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "sleep 1234 & echo $! >" + $work + "/child; wait"], "timeout": 1,
		"env": ["PATH=/bin:/usr/bin"]}]' --arg work "$work"
	before=$SECONDS
	run rw run -b "$bundle" "$id"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"hook createRuntime[0] '/bin/sh': ran past its timeout of 1 s and was killed"* ]]
	((SECONDS - before < 15))
	eventually eval '! grep -q "^State:.[RSD]" "/proc/$(cat "$work/child")/status" 2>/dev/null'
	# In time is in time.
	config 'echo started' '.hooks.createContainer = [{"path": "/bin/true", "timeout": 1000}]'
	run rw run -b "$bundle" "$id"
	same "$output" started
	# Inside too, where a hook dies with the container.
	config 'echo started' '.hooks.startContainer = [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]'
	run rw run -b "$bundle" "$id"
	[ "$status" -eq 1 ]
	[[ $output == *"ran past its timeout of 1 s"* && $output != *started* ]]
}

@test "a hook that leaves a process behind, or reads nothing, holds nobody up" {
	config 'echo started' '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "sleep 1234 & echo $! >" + $work + "/child"], "env": ["PATH=/bin:/usr/bin"]}]' --arg work "$work"
	before=$SECONDS
	# The process keeps the runtime's standard output, so that goes to a file.
	rw run -b "$bundle" "$id" >"$work/out" 2>&1 3>&-
	same "$(cat "$work/out")" started
	((SECONDS - before < 15))
	kill "$(cat "$work/child")"
}

@test "what is no hook" {
	refused "hook createRuntime[0] '/no/such/hook': exec: no such file or directory" 'echo started' '.hooks.createRuntime = [{"path": "/no/such/hook"}]'
	refused "hook startContainer[0] '/usr/bin/jq': exec: no such file or directory" 'echo started' '.hooks.startContainer = [{"path": "/usr/bin/jq"}]'
	refused 'hooks.createRuntime[0].path' 'echo started' '.hooks.createRuntime = [{"path": "bin/true"}]'
	refused 'hooks.createRuntime[0].path' 'echo started' '.hooks.createRuntime = [{"args": ["x"]}]'
	refused 'hooks.createRuntime[0].timeout' 'echo started' '.hooks.createRuntime = [{"path": "/bin/true", "timeout": 0}]'
	refused 'hooks.createRuntime[0].timeout' 'echo started' '.hooks.createRuntime = [{"path": "/bin/true", "timeout": -1}]'
}
