#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Docker's default seccomp profile as a policy: a Debian shell, apt, Python, a compiler and every system call by its number see no
# difference to runc with the profile itself. With ringwall.ko live as well.

setup() {
	((EUID == 0)) || skip "needs root"
	command -v runc >/dev/null || skip "no runc"
	here=$BATS_TEST_DIRNAME/docker-profile
	export RINGWALL=${RINGWALL:-$BATS_TEST_DIRNAME/../../build/ringwall}
	# A file system that can be an overlay's upper layer
	work=$(mktemp -d "${RINGWALL_SCRATCH:-/dev/shm}/ringwall-docker-profile.XXXXXX")
}

teardown() {
	[ -z "${work-}" ] || rm -rf --one-file-system "$work"
}

# MODE
same() {
	"$here/compare" "$1" "$work"
	# That the whole of it was seen, and that the profile was there
	grep -q -x 'keyctl EPERM' "$work/ringwall"
	grep -q -x 'x86 450 0: .*' "$work/ringwall"
	grep -q -x 'Status: install ok installed' "$work/ringwall"
	[ "$(grep -c -x 'hello 4.0' "$work/ringwall")" = 2 ]
}

@test "docker's profile as a policy, sealed: no difference to runc" {
	same sealed
}

@test "docker's profile as a policy, live: no difference to runc" {
	modprobe -q ringwall || skip "no ringwall.ko; VM_KERNELS=6.12+module:tests/integration/docker-profile.bats make vmtest has it"
	same live
}
