#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A ringwall with another policy ABI beside containers of this one: both enforce, either deletes the other's containers, and
# what was pinned goes with the last of them. In a mount namespace with a bpffs of its own, so that nothing else is there.

load common

pins=/sys/fs/bpf/ringwall

setup_file() {
	container_setup_file
}

setup() {
	container_setup
	new=${BUILD:-$TOP/build}/other-abi/ringwall
	[ -x "$new" ] || { echo "$new: not built: make tests"; return 1; }
	unshare -m --propagation private -- sh -c 'mount -t bpf -o mode=700 bpf /sys/fs/bpf && exec sleep 1000' 3>&- &
	space=$!
	helpers+=($space)
	eventually is_own_bpffs
}

is_own_bpffs() { nsenter -m -t "$space" sh -c '[ "$(stat -f -c %t /sys/fs/bpf)" = cafe4a11 ] && [ ! -e /sys/fs/bpf/ringwall ]'; }

teardown() {
	local c
	for c in old new; do
		there "$RINGWALL" --root "$work/root" delete --force "$id-$c"
	done
	kill $space
	container_teardown
}

there() { nsenter -m -t "$space" -- "$@"; }
old() { there "$RINGWALL" --root "$work/root" "$@"; }
new() { there "$new" --root "$work/root" "$@"; }

# VERSION: a container that it starts, $id-VERSION
begin() {
	config 'exec sleep 1000' '.linux.resources.devices = [{"allow": false, "access": "rwm"}]
		| .process.capabilities |= map_values(. + ["CAP_MKNOD"])'
	"$1" run -d -b "$bundle" "$id-$1" </dev/null >"$work/out" 2>&1 3>&- || { cat "$work/out"; return 1; }
}

# VERSION CONTAINER: executed by VERSION, a process in CONTAINER may use /dev/null and no other device
confined() {
	run "$1" exec "$id-$2" sh -c 'echo >/dev/null && mknod /dev/x$$ c 120 7 && : </dev/x$$'
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"peration not permitted"* ]]
}

@test "both enforce, and each runs processes in the other's containers" {
	begin old
	begin new
	[ "$(there ls $pins | wc -l)" = 2 ]
	confined old old
	confined new new
	confined new old
	confined old new
}

@test "the old objects go when the new ringwall deletes their last container, the new ones stay" {
	begin old
	begin new
	old=$(there ls $pins | grep -v '^99$')
	new delete --force "$id-old"
	[ "$(there ls $pins)" = 99 ]
	there bpftool prog show | grep -q ringwall_device
	confined new new
	begin old
	[ "$(there ls $pins | sort | head -n 1)" = "$old" ]
}

@test "objects stay while another container of theirs is there" {
	begin old
	config 'exec sleep 1000'
	old run -d -b "$bundle" "$id-second" </dev/null >/dev/null 2>&1 3>&-
	new delete --force "$id-old"
	[ "$(there ls $pins | wc -l)" = 1 ]
	old exec "$id-second" true
	new delete --force "$id-second"
	[ -z "$(there ls $pins)" ]
}

@test "what another ringwall cannot change it says, and leaves alone" {
	begin old
	run new update --resources - "$id-old" <<<'{"devices": [{"allow": true, "access": "rwm"}]}'
	[ "$status" -ne 0 ]
	[[ $output == *"policy ABI"* ]]
	confined new old
}
