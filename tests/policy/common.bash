# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the policy tests share. Under emulation every process costs tens of milliseconds, so a file does its work once, in
# setup_file: containers are started, acts tried inside and outside, and what came of it is kept in files; a @test looks there.
#
#	load common
#	setup_file() {
#		policy_setup_file
#		confine deny '{"version": 1, "kernel": {"mount": "deny"}}' '.root.readonly = true'
#		inside deny act-kernel mount bind		# → $work/deny.act-kernel
#		outside act-kernel mount bind			# → $work/outside.act-kernel
#		events deny					# → $work/deny.events, $work/deny.counters
#	}
#	setup() { policy_setup; }
#	teardown_file() { policy_teardown_file; }
#	@test "mount" {
#		got deny act-kernel mount=EPERM bind=EPERM
#		got outside act-kernel mount=ok bind=ok
#		event deny kernel mount EPERM deny.json:1
#		counted deny kernel mount 2
#	}

bats_require_minimum_version 1.5.0

# Once per file: $work, and the image that every container starts from. It is on a disk where there is one.
policy_setup_file() {
	((EUID == 0)) || return 0
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export top RINGWALL=${RINGWALL:-$top/build/ringwall} BUILD=${BUILD:-$top/build}
	work=$(mktemp -d "${RINGWALL_SCRATCH:-/tmp}/ringwall-policy.XXXXXX")
	export work
	chmod 755 "$work"
	mkdir -p "$work"/{root,image}
	mkdir -p "$work"/image/{bin,dev,etc,proc,sys,tmp,root,run,m}
	chmod 1777 "$work/image/tmp"
	cp "$(command -v busybox)" "$work/image/bin/busybox"
	chroot "$work/image" /bin/busybox --install -s /bin
	printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000::/:/bin/sh >"$work/image/etc/passwd"
	printf '%s\n' root:x:0: user:x:1000: >"$work/image/etc/group"
	local act
	for act in "$BUILD"/tests/policy/act-*; do
		[ ! -x "$act" ] || cp "$act" "$work/image/bin/"
	done
	[ -x "$work/image/bin/act-kernel" ] || { echo "no $BUILD/tests/policy/act-kernel: 'make tests' builds it"; return 1; }
	base_config
}

# The default spec, with every capability that we have, so that nothing but the policy refuses; it waits to be killed.
base_config() {
	local have cap mine=()
	have=$((16#$(awk '$1 == "CapPrm:" { print $2 }' /proc/self/status)))
	for cap in {0..40}; do ((have >> cap & 1)) && mine+=("$cap"); done
	(cd "$work" && "$RINGWALL" spec)
	jq --arg mine "${mine[*]}" '.process.terminal = false | .root.readonly = false | .process.args = ["/bin/sleep", "100000"]
		| ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
			NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT
			SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
			SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
			| [splits("\\s+") | "CAP_" + .] | [.[$mine | split(" ")[] | tonumber]]) as $caps
		| .process.capabilities = {bounding: $caps, effective: $caps, permitted: $caps, inheritable: $caps, ambient: $caps}
		| .process.noNewPrivileges = false | .linux.maskedPaths = [] | .linux.readonlyPaths = [] | del(.linux.seccomp)' \
		"$work/config.json" >"$work/base.json"
	rm "$work/config.json"
}

policy_setup() {
	((EUID == 0)) || skip "needs root"
	[ ! -e "$work/unsupported" ] || skip "$(head -n 1 "$work/unsupported")"
}

policy_teardown_file() {
	[ -n "${work-}" ] || return 0
	local c
	for c in "$work"/helper.*; do
		[ -e "$c" ] && kill -KILL -- "-${c##*.}" 2>/dev/null
	done
	for c in "$work"/root/*; do
		[ -d "$c" ] && [[ ${c##*/} != @* ]] && rw delete --force "${c##*/}"
	done
	awk -v w="$work/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
		while read -r c; do umount -l "$c"; done
	rm -rf "$work"
}

rw() { "$RINGWALL" --root "$work/root" "$@"; }

# NAME POLICY-JSON [JQ-FILTER [JQ-OPTION…]]: start a container of that name under a policy, its config.json changed by JQ-FILTER.
# Its bundle is $work/NAME, the policy's file $work/NAME.json, what the runtime said $work/NAME.out; status as the runtime's.
begin() {
	local name=$1 policy=$2 filter=${3:-.}
	shift $(($# > 2 ? 3 : 2))
	printf '%s\n' "$policy" >"$work/$name.json"
	if [ ! -d "$work/$name" ]; then
		mkdir -p "$work/$name"
		cp -a "$work/image" "$work/$name/rootfs"
	fi
	jq "$@" "$filter" "$work/base.json" >"$work/$name/config.json"
	# Our own descriptors are not the container's, or bats would wait for it.
	rw run -d -b "$work/$name" --policy "$work/$name.json" "$name" </dev/null >"$work/$name.out" 2>&1 3>&-
}

# The same, for a container that has to start. What the host cannot enforce turns the file's tests into skips.
confine() {
	[ ! -e "$work/unsupported" ] || return 0
	if ! begin "$@"; then
		cat "$work/$1.out"
		grep -q 'ringwall doctor' "$work/$1.out" || return 1
		cp "$work/$1.out" "$work/unsupported"
	fi
}

# NAME PROGRAM [ARG…]: acts in a container
inside() {
	[ ! -e "$work/unsupported" ] || return 0
	rw exec "$1" "/bin/$2" "${@:3}" >>"$work/$1.$2" 2>&1 3>&- </dev/null
	echo "# exit status $?" >>"$work/$1.$2"
}

# PROGRAM [ARG…]: the same acts outside, in mounts of their own
outside() {
	[ ! -e "$work/unsupported" ] || return 0
	unshare -m -u "$work/image/bin/$1" "${@:2}" >>"$work/outside.$1" 2>&1 3>&- </dev/null
	echo "# exit status $?" >>"$work/outside.$1"
}

# COMMAND…: in the background, ended by the teardown; $! is its process
helper() {
	setsid "$@" 3>&- </dev/null & # need not fork, so that it leads its group under the same number
	disown # or bash would tell of its end
	: >"$work/helper.$!"
}

# NAME: what was refused to a container so far: a line for each event (set, object, errno or "-", origin's FILE:LINE, verdict,
# comm, exe), and for each counter (set, rule, denied, audited, origin). Fields are separated by tabs.
events() {
	[ ! -e "$work/unsupported" ] || return 0
	rw denials --json "$1" >"$work/$1.denials"
	jq -r 'select(.rule) | [.rule.set, .object, .errno // "-", (.rule.origin // "-" | sub(".*/"; "") | sub(":[0-9]+$"; "")),
		.verdict, .comm, .exe // "-"] | @tsv' "$work/$1.denials" >"$work/$1.events"
	rw denials --json --counters "$1" | jq -r '[.rule.set, .rule.text, .denied, .audited,
		(.rule.origin // "-" | sub(".*/"; "") | sub(":[0-9]+$"; ""))] | @tsv' >"$work/$1.counters"
}

# NAME PROGRAM ACT=ERRNO…: what came of acts; ACT=ok
got() {
	awk -v file="$work/$1.$2" '
		BEGIN {
			while ((getline line < file) > 0) {
				said[line]
				split(line, w, " ")
				of[w[1]] = of[w[1]] " " line
			}
			for (i = 1; i < ARGC; i++) {
				want = name = ARGV[i]
				sub(/=/, " ", want)
				sub(/=.*/, "", name)
				if (want in said)
					continue
				print "wanted: " want "; got:" (name in of ? of[name] : " nothing")
				bad = 1
			}
			exit bad
		}' "${@:3}"
}

# NAME SET OBJECT ERRNO FILE:LINE [VERDICT]: there was such an event. OBJECT is the beginning of what `denials` says of it.
event() {
	awk -F '\t' -v s="$2" -v o="$3" -v e="$4" -v p="$5" -v v="${6:-denied}" \
		'$1 == s && index($2, o) == 1 && $3 == e && $4 == p && $5 == v { found = 1 } END { exit !found }' "$work/$1.events" && return
	echo "no event $* among"
	cat "$work/$1.events"
	return 1
}

# NAME SET TEXT: there was no such event
no_event() {
	awk -F '\t' -v s="$2" -v o="$3" '$1 == s && index($2, o) == 1 { found = 1; print } END { exit found }' "$work/$1.events"
}

# NAME SET TEXT NUMBER [FILE:LINE]: a rule whose text contains TEXT refused that often; audited ones count as well
counted() {
	awk -F '\t' -v s="$2" -v t="$3" -v n="$4" -v p="${5-}" \
		'$1 == s && index($2, t) && (p == "" || $5 == p) { sum += $3 + $4 } END { exit sum != n }' "$work/$1.counters" && return
	echo "not counted: $* among"
	cat "$work/$1.counters"
	return 1
}
