# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the config-*.bats files share: a busybox bundle on tmpfs, a state directory of their own, and words for what is
# asserted. `load common`, call container_setup_file in setup_file, container_setup in setup, container_teardown in
# teardown.

bats_require_minimum_version 1.5.0

# Once per file: the image that every test copies.
container_setup_file() {
	((EUID == 0)) || return 0
	local image=$BATS_FILE_TMPDIR/image
	mkdir -p "$image"/{bin,dev,etc,proc,sys,tmp,root,run}
	chmod 1777 "$image/tmp"
	cp "$(command -v busybox)" "$image/bin/busybox"
	chroot "$image" /bin/busybox --install -s /bin
	# musl's are smaller and faster to link; either will do.
	"$(command -v musl-gcc || command -v gcc)" -idirafter /usr/include \
		-idirafter "/usr/include/$(uname -m)-linux-gnu" \
		-O1 -s -static -o "$image/bin/probe" "$BATS_TEST_DIRNAME/probe.c"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000::/home/user:/bin/sh >"$image/etc/passwd"
	printf '%s\n' root:x:0: user:x:1000: >"$image/etc/group"
}

container_setup() {
	((EUID == 0)) || skip "needs root"
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	RINGWALL=${RINGWALL:-$TOP/build/ringwall}
	local name=${BATS_TEST_FILENAME##*/}
	name=${name%.bats}
	work=$(mktemp -d "/dev/shm/ringwall-$name.XXXXXX")
	chmod 755 "$work" # root of a user namespace is nobody here
	bundle=$work/bundle rootfs=$work/bundle/rootfs
	id=$name-$$-$BATS_TEST_NUMBER
	cgroups=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	disk='' helpers=() interfaces=()
	mkdir -p "$work/root" "$bundle"
	cp -a "$BATS_FILE_TMPDIR/image" "$rootfs"
}

container_teardown() {
	[ -z "${work-}" ] && return
	local c
	for c in "$work"/root/*; do
		[ -d "$c" ] && [[ ${c##*/} != @* ]] && rw delete --force "${c##*/}"
	done
	for c in "${helpers[@]}"; do
		kill -KILL -- "-$c" 2>/dev/null
	done
	for c in "${interfaces[@]}"; do
		ip link del "$c" 2>/dev/null
	done
	# Deepest first: what the tests mounted, and what containers' mounts became through propagation.
	awk -v w="$work/" -v d="${disk:-$work}/" 'index($5, w) == 1 || index($5, d) == 1 { print $5 }' /proc/self/mountinfo |
		sort -r | while read -r c; do umount -l "$c"; done
	rm -rf "$work" ${disk:+"$disk"}
}

# A directory on a disk file system, removed in the end: $disk. Old kernels' tmpfs lacks what disks have.
disk() {
	disk=$(mktemp -d "${RINGWALL_SCRATCH:-/tmp}/ringwall-disk.XXXXXX")
	chmod 755 "$disk"
}

rw() { "$RINGWALL" --root "$work/root" "$@"; }

# SCRIPT [JQ-FILTER [JQ-OPTION…]]: a bundle whose init runs SCRIPT under the default spec, changed by JQ-FILTER
config() {
	local script=$1 filter=${2:-.}
	shift $(($# > 1 ? 2 : 1))
	rm -f "$bundle/config.json"
	(cd "$bundle" && "$RINGWALL" spec)
	change '.process.terminal = false | .root.readonly = false | .process.args = ["/bin/sh", "-c", $script]' \
		--arg script "$script"
	change "$filter" "$@"
}

# JQ-FILTER [JQ-OPTION…]
change() {
	local filter=$1
	shift
	jq "$@" "$filter" "$bundle/config.json" >"$work/config.new"
	mv "$work/config.new" "$bundle/config.json"
}

# Like config; then it is run: $output, $lines and $status are the container's.
try() {
	config "$@"
	run rw run -b "$bundle" "$id"
	echo "→ $status"
	echo "$output"
}

# … and it must have worked.
inside() {
	try "$@"
	[ "$status" -eq 0 ]
}

# TEXT SCRIPT [JQ-FILTER…]: refused with TEXT in the message, without a trace
refused() {
	local text=$1
	shift
	try "$@"
	[ "$status" -eq 1 ]
	[[ $output == *"$text"* ]]
	[[ $output != *started* ]]
	[ ! -e "$work/root/$id" ]
	[ ! -e "$cgroups/$id" ]
}

# [SCRIPT [JQ-FILTER…]]: it runs in the background and waits, or runs SCRIPT
background() {
	config "${1:-exec sleep 1000}" "${@:2}"
	start "$id"
}

# ID: run the bundle in the background; $work/out has what it says
start() {
	# Our own descriptors are not the container's, or bats would wait for it.
	rw run -d -b "$bundle" "$1" </dev/null >"$work/out" 2>&1 3>&- || { cat "$work/out"; return 1; }
}

pid_of() { rw state "$1" | jq -r .pid; }
status_of() { rw state "$1" | jq -r .status; }
is() { [ "$(status_of "$id")" = "$1" ]; }

# GOT WANTED
same() {
	[ "$1" = "$2" ] && return
	printf 'got:    %s\nwanted: %s\n' "$1" "$2"
	return 1
}

# At most 10 seconds for a command to become true.
eventually() {
	local i
	for i in $(seq 100); do
		"$@" && return
		sleep 0.1
	done
	echo "never: $*"
	return 1
}

# COMMAND…: in the background, ended by the teardown with all that it starts; $! is its process
helper() {
	setsid "$@" 3>&- & # which need not fork here, so that it leads the group under the same number
	helpers+=($!)
	disown
}

# MODE SOCKET [ARG…]: tests/integration/receive listens on SOCKET; what it gets is in $work/received
receive() {
	rm -f "$work/receive.status" "$2"
	helper bash -c 'cd "$0" && "$@" >received 2>receive.errors; echo $? >receive.status' "$work" \
		python3 "$BATS_TEST_DIRNAME/receive" "$@"
	eventually test -S "$2" || { cat "$work/receive.errors"; return 1; }
}

received() {
	eventually test -s "$work/receive.status"
	cat "$work/received" "$work/receive.errors"
	return "$(cat "$work/receive.status")"
}

# Everything that this host lets root give: as JSON
all_caps() {
	local set i
	set=$((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status)))
	rw features | jq -c --argjson set "$set" '[.linux.capabilities | to_entries[] | select(($set / pow(2; .key) | floor) % 2 == 1) | .value]'
}
has_cap() { all_caps | jq -e --arg cap "$1" 'index($cap)' >/dev/null; }
