#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154 # common.bash sets $work
#
# From a run in learn mode to a policy under which the same run is refused nothing, and everything else is. What is
# generalised and how is in tests/unit/test-policy-learn.c; this is the whole way, through the kernel.

load common

# NAME PROGRAM [ARG…]: what may well fail
tries() { inside "$@" || true; }

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	cat >"$work/image/bin/work" <<-'SH'
	#!/bin/sh
	# What a service does: reads, writes, makes and removes files, runs programs, listens and connects, mounts.
	read -r first </etc/passwd && echo "passwd ok"
	for i in 1 2 3 4 5 6 7 8 9; do read -r x </srv/many/f$i || echo "f$i failed"; done
	echo x >/srv/out && mv /srv/out /srv/out.2 && rm /srv/out.2 && echo "files ok"
	grep -q Name /proc/self/status && echo "proc ok"
	(echo hello | timeout 5 nc -l -p 8080 127.0.0.1 >/dev/null &)
	sleep 1
	[ "$(timeout 5 nc 127.0.0.1 8080 </dev/null)" = hello ] && echo "tcp ok"
	nc -w 1 10.1.2.3 443 2>&1 | grep -q unreachable && echo "connect ok"
	mount -t tmpfs none /m && umount /m && echo "mount ok"
	hostname learnt && echo "capability ok"
	head -c 1 /dev/zero >/dev/null && echo "device ok"
	SH
	chmod 755 "$work/image/bin/work"
	mkdir -p "$work/image/srv/many"
	for i in 1 2 3 4 5 6 7 8 9 10; do echo "$i" >"$work/image/srv/many/f$i"; done
	echo secret >"$work/image/etc/shadow"

	confine learning "$("$RINGWALL" policy learn --template | jq 'del(.onUnsupported)')"
	[ ! -e "$work/unsupported" ] || return 0
	inside learning work
	events learning
	rw policy learn --output "$work/learnt.policy" learning 2>"$work/learnt.notes"

	confine learnt "$(cat "$work/learnt.policy")"
	tries learnt work
	events learnt
	mv "$work/learnt.events" "$work/learnt.work.events"
	rw denials learnt >"$work/learnt.work.text"

	# What was not seen.
	tries learnt cat /etc/shadow
	tries learnt sh -c 'read x </srv/many/f10 && echo "f10 ok"; echo x >/srv/many/f1 || echo "write failed"'
	tries learnt sh -c 'nc -w 1 10.1.2.3 80; nc -w 1 10.1.2.4 443; mknod /srv/node c 1 3 || echo "mknod failed"'
	events learnt

	# The same, in a container that nothing is refused to.
	confine learning2 "$("$RINGWALL" policy learn --template | jq 'del(.onUnsupported)')"
	tries learning2 cat /etc/shadow

	# Paths are known when nobody is there any more to be asked.
	rw kill learnt KILL
	for i in $(seq 50); do [ "$(rw state learnt | jq -r .status)" = stopped ] && break; sleep 0.1; done
	rw denials learnt >"$work/learnt.stopped"
	rw kill learning KILL
	for i in $(seq 50); do [ "$(rw state learning | jq -r .status)" = stopped ] && break; sleep 0.1; done
	rw policy learn learning >"$work/learnt.again" 2>"$work/learnt.again.notes"

	# An execve that is refused at once.
	confine noexec '{"version": 1, "name": "noexec",
	"exec": {"deny": ["/bin/work"]}}'
	rw exec noexec /bin/work >"$work/noexec.exec" 2>&1 3>&- </dev/null || echo "status $?" >>"$work/noexec.exec"
	jq '.process.args = ["/bin/work"]' "$work/noexec/config.json" >"$work/config.new"
	mkdir -p "$work/norun" && cp -a "$work/image" "$work/norun/rootfs" && mv "$work/config.new" "$work/norun/config.json"
	rw run -b "$work/norun" --policy "$work/noexec.json" norun >"$work/norun.run" 2>&1 3>&- </dev/null || echo "status $?" >>"$work/norun.run"
}

setup() { policy_setup; }
teardown_file() { policy_teardown_file; }

all='passwd ok
files ok
proc ok
tcp ok
connect ok
mount ok
capability ok
device ok
# exit status 0'

@test "learn mode: nothing is refused, everything is recorded" {
	[ "$(cat "$work/learning.work")" = "$all" ] || { cat "$work/learning.work"; return 1; }
	awk -F '\t' '$5 != "audited" { bad = 1; print } END { exit bad }' "$work/learning.events"
}

@test "what is learnt is one policy without holes" {
	cat "$work/learnt.policy"
	[ ! -s "$work/learnt.notes" ] || { cat "$work/learnt.notes"; return 1; }
	"$RINGWALL" policy check "$work/learnt.policy"
	jq -e '.mode == "enforce" and .files.default == "deny" and .network.egress.default == "deny" and .capabilities.default == "deny"' "$work/learnt.policy"
	jq -e '.files.rules | any(.path == "/srv/many/*" and .allow == "r") and any(.path == "/etc/passwd" and .allow == "r")' "$work/learnt.policy"
	jq -e '.files.rules | any(.path == "/proc/*/status")' "$work/learnt.policy"
	jq -e '.network.egress.allow | any(.cidr == "10.1.2.3/32" and .proto == "tcp" and .ports == [443])' "$work/learnt.policy"
	jq -e '.network.bind.allow | any(.proto == "tcp" and .ports == [8080])' "$work/learnt.policy"
	jq -e '.kernel.mount == "allow" and .kernel.umount == "allow" and .kernel.bpf == "deny" and .kernel.module == "deny"' "$work/learnt.policy"
	jq -e '.capabilities.allow | index("CAP_SYS_ADMIN")' "$work/learnt.policy"
}

@test "under it the same work is done, with no denial" {
	[ "$(cat "$work/learnt.work")" = "$all" ] || { cat "$work/learnt.work" "$work/learnt.work.text"; return 1; }
	[ ! -s "$work/learnt.work.events" ] || { cat "$work/learnt.work.events"; return 1; }
}

# MEMBER: the line of its default in learnt.json
default_of() { grep -n "\"$1\": {" -A1 "$work/learnt.json" | sed -n 's/^\([0-9]*\)-.*"default".*/\1/p'; }

@test "what it never saw stays denied" {
	run ! grep secret "$work/learnt.cat"
	grep -q "write failed" "$work/learnt.sh"
	grep -q "f10 ok" "$work/learnt.sh" # of a directory that is allowed as a whole
	grep -q "mknod failed" "$work/learnt.sh"
	[ "$(grep -c "not permitted" "$work/learnt.sh")" -ge 2 ]
	run ! grep unreachable "$work/learnt.sh"
	event learnt file "/etc/shadow r" EACCES "learnt.json:$(default_of files)"
	event learnt egress "tcp 10.1.2.3:80" EPERM "learnt.json:$(default_of egress)"
	event learnt egress "tcp 10.1.2.4:443" EPERM "learnt.json:$(default_of egress)"
	grep -q secret "$work/learning2.cat"
}

@test "a container that has stopped is told of, and learnt from, all the same" {
	grep -q "open /etc/shadow r: denied EACCES: file default deny (.*learnt.json:" "$work/learnt.stopped" || { cat "$work/learnt.stopped"; return 1; }
	diff <(jq -S . "$work/learnt.policy") <(jq -S . "$work/learnt.again")
	[ ! -s "$work/learnt.again.notes" ]
}

@test "a refused exec says which rule it was" {
	grep -q "/bin/work.*(refused by policy noexec: exec deny /bin/work (.*noexec.json:2:[0-9]*))" "$work/noexec.exec" ||
		{ cat "$work/noexec.exec"; return 1; }
	grep -q "/bin/work.*(refused by policy noexec: exec deny /bin/work (.*noexec.json:2:[0-9]*))" "$work/norun.run" ||
		{ cat "$work/norun.run"; return 1; }
}
