#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154 # bats sets stderr and stderr_lines
#
# policy, denials, events and doctor as their user meets them. The class device is there on every host, so it stands for all:
# majors 120 to 127 are for local use, no driver answers, and opening tells refusal (Operation not permitted) from permission
# (No such device or address). Rules of the other classes are in tests/policy/, what each line of them means in tests/unit/.

bats_require_minimum_version 1.5.0
load common

setup_file() { container_setup_file; }
setup() {
	container_setup
	cd "$work" || return 1
	# Whatever else the host cannot do, that is not what is tested here.
	cat >web.json <<-'EOF'
	{
	  "version": 1, "name": "web", "onUnsupported": "warn",
	  "devices": {
	    "default": "allow",
	    "deny": ["c 120:* rw",
	             "c 121:3 w"]
	  }
	}
	EOF
	cat >audit.json <<-'EOF'
	{"version": 1, "extends": "web.json", "name": "audit", "mode": {"devices": "audit"}}
	EOF
	devices='.linux.resources.devices = [{"allow": true, "access": "rwm"}, {"allow": false, "type": "c", "major": 127, "access": "r"}]
		| .process.capabilities |= map_values(. + ["CAP_MKNOD"])'
}
teardown() { container_teardown; }

# POLICY [SCRIPT]: a container under a policy whose nodes /dev/MAJOR-MINOR are there, that waits
confined() {
	config "cd /dev; for n in 120 121 122 127; do mknod \$n-3 c \$n 3; done; ${2-:}; exec sleep 1000" "$devices"
	rw run -d -b "$bundle" --policy "$1" "$id" </dev/null >"$work/out" 2>&1 3>&- || { cat "$work/out"; return 1; }
	eventually rw exec "$id" test -e /dev/127-3
}

reads() { rw exec "$id" cat "/dev/$1-3" 2>&1 || true; }
allowed() { [[ $(reads "$1") == *"No such device"* ]]; }
refuses() { [[ $(reads "$1") == *"Operation not permitted"* ]]; }

# JQ-FILTER: of the events so far as one array; it must hold
denials() { rw denials --json "$id" | jq -s . >"$work/denials"; jq -e "$1" "$work/denials" || { cat "$work/denials"; return 1; }; }

# ---- check and show ----------------------------------------------------------------------------------------------

@test "policy check: files and profiles, without privileges and a state directory" {
	chmod 755 "$work" && chmod 644 ./*.json
	cp "$RINGWALL" "$work/ringwall" && chmod 755 "$work/ringwall"
	run -0 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups env -i "$work/ringwall" policy check \
		"$work/web.json" "$work/audit.json" baseline baseline-pod restricted privileged
	[ "$output" = "$work/web.json: OK
$work/audit.json: OK
baseline: OK
baseline-pod: OK
restricted: OK
privileged: OK" ]
	[ -z "$stderr" ]
}

@test "policy check: each error with its place, and the other files get their turn" {
	printf '%s\n' '{' '  "version": 1,' '  "devices": {"deny": ["c 120:7 q"]}' '}' >bad.json
	printf '%s\n' '{"version": 1, "exec": {"deny": ["bin/su"]}}' >relative.json
	echo '{"version": 1, "nonsense": true}' >unknown.json
	echo '{' >broken.json
	run -1 --separate-stderr "$RINGWALL" policy check bad.json web.json relative.json unknown.json broken.json missing.json
	[ "$output" = "web.json: OK" ]
	[ "${#stderr_lines[@]}" = 5 ]
	[[ ${stderr_lines[0]} == bad.json:3:24:*"c 120:7 q"* ]]
	[[ ${stderr_lines[1]} == relative.json:1:34:*"must be absolute"* ]]
	[[ ${stderr_lines[2]} == unknown.json:1:16:*nonsense* ]]
	[[ ${stderr_lines[3]} == broken.json:* ]]
	[[ ${stderr_lines[4]} == *missing.json*"no such file"* ]]
	run -1 "$RINGWALL" policy check
	[[ $output == *"too few arguments"* ]]
}

@test "policy show: of a file, with what it extends, where each rule stands" {
	run -0 "$RINGWALL" policy show --file audit.json
	[[ ${lines[0]} == "# policy audit" ]]
	[[ ${lines[1]} == "# device "*"audited, by cgroup" ]]
	[[ $output == *"device deny c 120:* rw "*" web.json:5:14"* ]]
	[[ $output == *"device deny c 121:3 w "*" web.json:6:14"* ]]
	"$RINGWALL" policy show --json --file audit.json >effective.json
	jq -e '.name == "audit" and (has("extends") | not) and .devices.deny[0] == {"rule": "c 120:* rw", "origin": "web.json:5:14"}' effective.json
	"$RINGWALL" policy check effective.json
	# Shown again, it is the same, places and all.
	"$RINGWALL" policy show --json --file effective.json | diff - effective.json
	run -1 "$RINGWALL" policy show
	[[ $output == *"it wants an ID or --file"* ]]
}

@test "policy check, policy show: system calls, by what enforces them" {
	cat >calls.json <<-'EOF'
	{
	  "version": 1, "name": "calls",
	  "syscalls": {
	    "mode": "live",
	    "deny": ["ptrace",
	             {"names": ["keyctl", "add_key"], "errno": "ENOSYS"},
	             {"names": ["kexec_load"], "sealed": true}]
	  }
	}
	EOF
	sed 's/"live"/"sealed"/' calls.json >sealed.json
	sed 's/"ptrace"/"ptrcae"/' calls.json >typo.json
	run -1 --separate-stderr "$RINGWALL" policy check calls.json sealed.json typo.json
	[ "$output" = "calls.json: OK"$'\n'"sealed.json: OK" ]
	[[ $stderr == 'typo.json:5:14: syscalls.deny[0]: "ptrcae" is no system call of x86-64 or i386: is it "ptrace"?' ]]
	run -0 "$RINGWALL" policy show --file calls.json
	[[ $output == *"syscall deny ptrace "*" calls.json:5:14"* ]]
	[[ $output == *"syscall deny keyctl,add_key ENOSYS "*" calls.json:6:14"* ]]
	"$RINGWALL" policy show --json --file calls.json >effective.json
	jq -e '.syscalls | .mode == "live" and .default == "allow" and .architectures == ["x86_64", "x86"] and
		[.deny[] | .backend] == ["gate", "gate", "seccomp"] and .deny[1].errno == "ENOSYS"' effective.json
	"$RINGWALL" policy show --json --file effective.json | diff - effective.json
	"$RINGWALL" policy show --json --file sealed.json | jq -e '[.syscalls.deny[] | .backend] == ["seccomp", "seccomp", "seccomp"]'
}

@test "policy show: of a container" {
	confined web.json
	run -0 rw policy show "$id"
	[[ ${lines[0]} == "# policy web, in the kernel as "* ]]
	[[ ${lines[1]} == "# device "*"enforced, by cgroup" ]]
	[[ $output == *"device deny c 120:* rw "*"web.json:5:14"* ]]
	rw policy show --json "$id" | jq -e '.devices.deny | length == 2'
	run -1 rw policy show missing
	[[ $output == *"container does not exist"* ]]
}

# ---- set -------------------------------------------------------------------------------------------------------------

@test "policy set: another file, single rules, and a file with rules on top" {
	confined web.json
	refuses 120 && allowed 122
	rw policy set "$id" --deny-device "c 122:3 r"
	refuses 120 && refuses 122 && allowed 121
	rw policy show "$id" | grep -q "device deny c 122:3 r  *command line"
	# Rules stay while others come.
	rw policy set "$id" --deny-device "c 121:* r" --audit devices
	allowed 120 && allowed 121 && allowed 122
	rw policy set "$id" --enforce devices
	refuses 120 && refuses 121 && refuses 122
	rw policy set "$id" web.json
	refuses 120 && allowed 121 && allowed 122
	rw policy set "$id" web.json --deny-device "c 121:3 r"
	refuses 120 && refuses 121 && allowed 122
	rw policy set "$id" privileged
	allowed 120 && allowed 121
	# config.json holds whatever a policy allows.
	rw policy set "$id" --allow-device "c 127:3 r"
	refuses 127
}

@test "policy set: what is wrong leaves everything as it is" {
	confined web.json
	local before
	before=$(rw policy show "$id")
	echo '{"version": 1, "devices": {"deny": ["q"]}}' >bad.json
	run -1 rw policy set "$id" bad.json
	[[ ${lines[0]} == *"bad.json:1:"* ]]
	run -1 rw policy set "$id" --deny-device q
	[[ ${lines[0]} == *"command line:1:"*"\"q\""* || ${lines[0]} == *"command line:1:"*q* ]]
	run -1 rw policy set "$id" --deny-path /nothing
	[[ ${lines[0]} == *"PATH:RIGHTS"* ]]
	run -1 rw policy set "$id" --kernel nonsense=deny
	run -1 rw policy set "$id"
	[[ ${lines[0]} == *"neither a policy nor a rule"* ]]
	run -1 rw policy set "$id" no-such-policy
	[[ ${lines[0]} == *"/etc/ringwall/policy.d/no-such-policy.json"* ]]
	run -1 rw policy set "$id" --allow-egress 10.0.0.256
	[[ ${lines[0]} == *"must be a name such as"* ]]
	run -1 rw policy set missing web.json
	[[ ${lines[0]} == *"container does not exist"* ]]
	same "$(rw policy show "$id")" "$before"
	refuses 120
	rw kill "$id" KILL
	eventually is stopped
	run -1 rw policy set "$id" web.json
	[[ ${lines[0]} == *"not running"* ]]
}

@test "policy set: many at once lose no rule" {
	confined web.json
	local i pids=()
	for i in $(seq 8); do
		rw policy set "$id" --deny-device "c 122:$i r" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	same "$(rw policy show "$id" | grep -c 'deny c 122:')" 8
}

# ---- denials -----------------------------------------------------------------------------------------------------------

@test "denials: when, who, what, and by which rule" {
	confined web.json
	local before after
	before=$(date +%s)
	refuses 120
	rw exec "$id" sh -c 'echo x >/dev/121-3' || true
	refuses 127
	allowed 122
	after=$(date +%s)
	denials 'length == 3'
	denials "map(.time | sub(\"\\\\.[0-9]{3}Z\"; \"Z\") | fromdate) | all(. >= $before and . <= $after)"
	denials ". == sort_by(.number) and map(.id) == [\"$id\", \"$id\", \"$id\"]"
	denials 'map(.operation) == ["device", "device", "device"] and map(.errno) == ["EPERM", "EPERM", "EPERM"]'
	denials 'map(.verdict) == ["denied", "denied", "denied"] and map(.pid > 0) == [true, true, true]'
	denials 'map(.object) == ["c 120:3 r", "c 121:3 w", "c 127:3 r"] and map(.comm) == ["cat", "sh", "cat"]'
	denials 'map(.device.major) == [120, 121, 127] and .[1].device == {"type": "c", "major": 121, "minor": 3, "access": "w"}'
	denials 'map(.rule.set) == ["device", "device", "device"]'
	denials 'map(.rule.text) == ["device deny c 120:* rw", "device deny c 121:3 w", "linux.resources.devices[1]"]'
	denials "map(.rule.origin | sub(\".*/\"; \"\")) == [\"web.json:5:14\", \"web.json:6:14\", \"config.json\"]"
	run -0 rw denials "$id"
	[ "${#lines[@]}" = 3 ]
	[[ ${lines[0]} =~ ^20[0-9-]+T[0-9:]+\.[0-9]{3}Z\ $id\ cat\[[0-9]+\].*:\ device\ c\ 120:3\ r:\ denied\ EPERM:\ device\ deny\ c\ 120:\*\ rw\ \(.*web.json:5:14\)$ ]]
}

@test "denials: a process that is still there is named by its program" {
	confined web.json
	helper "$RINGWALL" --root "$work/root" exec "$id" sh -c 'read x </dev/120-3; exec sleep 1000'
	eventually denials 'length == 1 and .[0].comm == "sh"'
	denials '.[0].exe == "/bin/busybox"'
}

@test "denials: what policies of before refused keeps their words" {
	confined web.json
	refuses 120
	rw policy set "$id" --deny-device "c 122:3 r"
	refuses 122
	rw policy set "$id" privileged
	refuses 127
	denials 'map(.rule.text) == ["device deny c 120:* rw", "device deny c 122:3 r", "linux.resources.devices[1]"]'
	denials '.[1].rule.origin == "command line"'
}

@test "denials: audited ones are told and allowed" {
	confined audit.json
	allowed 120
	denials 'length == 1 and .[0].verdict == "audited" and .[0].errno == null and .[0].rule.text == "device deny c 120:* rw"'
	rw denials "$id" | grep -q ': audited: device deny'
	rw denials --counters --json "$id" | jq -e '.denied == 0 and .audited == 1'
}

@test "denials: of all containers, in one order" {
	confined web.json
	local first=$id
	refuses 120
	id=$id-2
	confined web.json
	refuses 120
	id=$first
	refuses 120
	rw denials --json | jq -s -e --arg a "$first" 'map(.id) == [$a, $a + "-2", $a]'
	run -0 rw denials
	[ "${#lines[@]}" = 3 ]
	run -1 rw denials missing
	[[ $output == *"container does not exist"* ]]
	# None of another state directory.
	[ -z "$("$RINGWALL" --root "$work/other" denials)" ]
}

@test "counters are exact, events limited, and how many were dropped is told" {
	confined web.json
	rw exec "$id" sh -c 'i=0; while [ $i -lt 1000 ]; do read x </dev/120-3; i=$((i+1)); done' 2>/dev/null || true
	rw denials --json "$id" | jq -s . >events
	rw denials --counters --json "$id" | jq -e '.denied == 1000 and .rule.text == "device deny c 120:* rw"'
	rw denials --counters "$id" | grep -q "^$id  *1000 denied  *0 audited  *device deny c 120:\* rw (.*web.json:5:14)$"
	# A burst, and a rate; the last line says how many there are no lines of.
	jq -e 'map(select(.rule)) | length >= 64 and length < 128' events
	jq -e '(map(select(.rule)) | length) + last.dropped + last.lost == 1000 and last.denied == 1000 and last.audited == 0' events
	run -0 rw denials "$id"
	[[ ${lines[-1]} == "$id: "*" more exceeded the rate of events, "*"--counters $id"* ]]
}

@test "counters: many processes at once lose none" {
	confined web.json
	rw exec "$id" sh -c 'for p in 1 2 3 4; do
		(i=0; while [ $i -lt 500 ]; do read x </dev/120-3; i=$((i+1)); done) 2>/dev/null & done; wait' || true
	rw denials --counters --json "$id" | jq -e '.denied == 2000'
	same "$(bpftool map dump pinned /sys/fs/bpf/ringwall/4/containers -j | jq --arg id "${id:0:63}" '[.[].formatted.value | select(.id == $id).denied] | add')" 2000
}

@test "denials --follow: each when it happens, in order, until the container is gone" {
	confined web.json
	refuses 120
	(rw denials --follow --json "$id" 3>&- >followed; echo $? >status) &
	eventually test -s followed
	local i
	for i in $(seq 20); do
		rw exec "$id" sh -c "read x </dev/120-3; echo x >/dev/121-3" 2>/dev/null || true
		sleep 0.05
	done
	followed() { [ "$(wc -l <followed)" = 41 ]; }
	eventually followed
	jq -s -e 'map(.number) == [range(41)]' followed
	jq -s -e '.[1:] | [.[range(0; 40; 2)].object] | unique == ["c 120:3 r"]' followed
	rw delete --force "$id"
	eventually test -s status
	[ "$(cat status)" = 0 ]
}

@test "denials --follow of all: containers that come later too" {
	helper bash -c "exec \"$RINGWALL\" --root \"$work/root\" denials --follow --json >\"$work/followed\""
	confined web.json
	sleep 1.2 # one round of looking for new ones
	refuses 120
	eventually test -s followed
	jq -e --arg id "$id" '.id == $id' followed
}

@test "events carries denials beside the rest" {
	confined web.json
	refuses 120 # before anybody listened
	helper bash -c "exec \"$RINGWALL\" --root \"$work/root\" events --interval 1h \"$id\" >\"$work/followed\""
	sleep 0.5
	refuses 127
	eventually test -s followed
	[ "$(wc -l <followed)" = 1 ]
	jq -e --arg id "$id" '.type == "denial" and .id == $id and .data.object == "c 127:3 r" and .data.rule.origin == "config.json"' followed
}

@test "a container without a policy has nothing to tell" {
	rw --cgroup-manager disabled run -d -b <(:) "$id" 2>/dev/null || true
	config 'exec sleep 1000' 'del(.linux.resources)'
	"$RINGWALL" --root "$work/root" --cgroup-manager disabled run -d -b "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	run -1 rw denials "$id"
	[[ $output == *"has no policy"* ]]
	run -1 rw policy show "$id"
	[[ $output == *"has no policy"* ]]
	run -0 rw denials
	[ -z "$output" ]
}

# ---- learn -------------------------------------------------------------------------------------------------------------

@test "policy learn: the template records, and what is learnt allows the same and nothing else" {
	"$RINGWALL" policy learn --template >learn.json
	"$RINGWALL" policy check learn.json
	confined learn.json 'cat /dev/120-3 /dev/121-3; true'
	allowed 120
	denials 'length > 2 and all(.verdict == "audited")'
	run -0 --separate-stderr rw policy learn --name learnt --output learnt.json "$id"
	[ -z "$output" ]
	"$RINGWALL" policy check learnt.json
	jq -e '.name == "learnt" and .devices.default == "deny" and (.devices.allow | index("c 120:3 rm") and index("c 121:3 rm"))' learnt.json ||
		{ cat learnt.json; return 1; }
	[ "$(jq '[.. | objects | select(has("origin"))] | length' learnt.json)" = 0 ]
	# As it is enforced: the same workload is refused nothing.
	rw delete --force "$id"
	confined learnt.json 'cat /dev/120-3 /dev/121-3; true'
	allowed 120 && allowed 121
	[ -z "$(rw denials "$id")" ]
	refuses 122
	denials 'length == 1 and .[0].object == "c 122:3 r" and .[0].verdict == "denied"'
}

@test "policy learn: config.json is not learnt away, and it says so" {
	"$RINGWALL" policy learn --template >learn.json
	confined learn.json
	allowed 122
	rw exec "$id" cat /dev/127-3 || true
	run -0 --separate-stderr rw policy learn "$id"
	[[ $stderr == *"device 'c 127:3 r' stays refused: config.json refuses it"* ]]
	jq -e '.name' <<<"$output"
}

@test "policy learn: only from learn mode" {
	confined web.json
	run -1 rw policy learn "$id"
	[[ ${lines[0]} == *"nothing of policy 'web' is in learn mode"* ]]
	run -1 rw policy learn
	[[ ${lines[0]} == *"it wants an ID or --template"* ]]
}

# ---- doctor ------------------------------------------------------------------------------------------------------------

@test "doctor: every class, its backend, and a fix where there is none; nothing stays" {
	local before after status=0
	before=$(bpftool prog list | grep -c ringwall_doctor || true)
	"$RINGWALL" doctor --json >doctor.json || status=$?
	after=$(bpftool prog list | grep -c ringwall_doctor || true)
	[ "$before" = "$after" ]
	[ -z "$(find "$cgroups" -maxdepth 1 -name 'ringwall-doctor*')" ]
	jq -e '.classes | map(.class) | index("device") == 0 and index("network") == 1 and length >= 7' doctor.json
	jq -e '.classes[] | select(.class == "device" or .class == "network") | .backend == "cgroup"' doctor.json
	jq -e '.classes | all((.backend | IN("none", "cgroup", "modify-return", "lsm", "module", "seccomp")) and (.backend != "none" or .fix != null))' doctor.json
	[ "$status" = "$(jq 'if .complete then 0 else 1 end' doctor.json)" ]
	[ "$status" = "$(jq 'if (.classes | any(.backend == "none" or (.missing | length > 0))) then 1 else 0 end' doctor.json)" ]
	run "$RINGWALL" doctor
	[ "$status" = "$(jq 'if .complete then 0 else 1 end' doctor.json)" ]
	[ "$(grep -c '^[a-z]' <<<"$output")" = "$(jq '.classes | length' doctor.json)" ]
	# Each fix once, where the first class is that it is for, with the others.
	grep -o ' fix[,:].*' <<<"$output" | sed 's/^[^:]*: //' >fixes || true
	diff fixes <(jq -r '[.classes[] | select(.fix)] | reduce .[] as $c ([]; if index($c.fix) then . else . + [$c.fix] end) | .[]' doctor.json)
	same "$(grep -o ' fix, also for [^:]*' <<<"$output" | sed 's/.* also for //; s/, /\n/g' | sort)" \
		"$(jq -r '[.classes[] | select(.fix)] | group_by(.fix)[] | .[1:][] | .class' doctor.json | sort)"
	# features says the same of what is there, without trying; once a class was refused it knows.
	confined web.json
	rw features >features.json
	jq -e --slurpfile d doctor.json '.annotations as $a | $d[0].classes | all($a["org.ringwall.policy." + .class] == .backend)' features.json
}

@test "doctor: without privileges it says that" {
	cp "$RINGWALL" "$work/ringwall" && chmod 755 "$work/ringwall"
	run -1 setpriv --reuid 65534 --regid 65534 --clear-groups env -i "$work/ringwall" doctor
	[[ $output =~ fix[^:]*": run 'ringwall doctor' as root" ]]
	[ "$(grep -c "run 'ringwall doctor' as root" <<<"$output")" = 1 ]
}

@test "a policy with more than the host enforces: warned about where it says so, refused where not" {
	[ "$("$RINGWALL" doctor --json | jq -r '.classes[] | select(.class == "file") | .backend')" = none ] || skip "everything is enforced here"
	echo '{"version": 1, "onUnsupported": "warn", "devices": {"deny": ["c 120:* rw"]}, "files": [{"path": "/etc/shadow", "deny": "rw"}]}' >warn.json
	echo '{"version": 1, "files": [{"path": "/etc/shadow", "deny": "rw"}]}' >strict.json
	confined warn.json
	grep -q "not all of it is enforced" "$work/out"
	refuses 120
	rw policy set "$id" warn.json
	run -1 rw policy set "$id" strict.json
	# No beginning anew would help
	[[ $output == *"this kernel refuses BPF programs on LSM hooks"*"see 'ringwall doctor'"* && $output != *anew* ]]
	refuses 120
	run -1 rw run -b "$bundle" --policy strict.json "$id-2"
	[[ $output == *"policy class"* ]]
}

@test "what the kernel refuses is said in our words, the first time as well; libbpf's are for --debug" {
	[ "$("$RINGWALL" doctor --json | jq -r '.classes[] | select(.class == "identity") | .backend')" = none ] || skip "everything is enforced here"
	echo '{"version": 1, "onUnsupported": "warn", "kernel": {"bpf": "deny"}, "syscalls": {"deny": ["mkdir"]}}' >warn.json
	config 'echo ran'
	first() { # [OPTION…]: on pins of its own, where nothing was tried yet
		run -0 unshare -m --propagation private -- sh -c 'mount -t bpf -o mode=700 bpf /sys/fs/bpf && exec "$@"' - \
			"$RINGWALL" --root "$work/root" "$@" run -b "$bundle" --policy warn.json "$id"
		echo "$output"
	}
	first
	[[ $output == *ran* && $output == *"not all of it is enforced: policy class identity: "*"'ringwall doctor'"* ]]
	[[ $output != *libbpf* ]]
	first --debug
	[[ $output == *ran* && $output == *libbpf* ]]
}
