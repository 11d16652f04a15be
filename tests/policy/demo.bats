#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `make demo`, where it is tried as a whole: on a kernel that decides about files and programs, too.

@test "the demo's container is allowed and refused what the demo says" {
	((EUID == 0)) || skip "not root"
	local top=$BATS_TEST_DIRNAME/../..
	BUILD=${BUILD:-$top/build} run "$top/tools/demo"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *WRONG* && $output == *"All as the rules say."* ]]
	[[ $output != *"(skipped)"* ]] || skip "no BPF on LSM hooks: files and programs are not decided here"
	[[ $output =~ refused\ +"execute /bin/ip" ]]
}
