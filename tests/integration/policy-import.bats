#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154 # bats sets stderr and stderr_lines
#
# policy import as its user meets it. That the policy means what the profile means, call by call, and what is said about each
# thing that it cannot mean, is in tests/unit/test-policy-import.c.

bats_require_minimum_version 1.5.0
load common

setup_file() { container_setup_file; }
setup() {
	container_setup
	docker=$TOP/tests/data/seccomp/docker-default.json
	cd "$work" || return 1
}
teardown() { container_teardown; }

@test "Docker's profile: without privileges, and what comes out is a policy" {
	chmod 755 "$work" && cp "$RINGWALL" ringwall && cp "$docker" docker.json && chmod 755 ringwall && chmod 644 docker.json
	run -0 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups env -i "$work/ringwall" policy import "$work/docker.json"
	echo "$output" >policy.json
	same "$(jq -c '[.version, .name, .syscalls.default, .syscalls.errno, .syscalls.architectures]' policy.json)" \
		'[1,"docker","deny","EPERM",["x86_64","x86"]]'
	[[ ${stderr_lines[0]} == *"SCMP_ARCH_X32: policies refuse x32 calls whole" ]]
	[[ ${stderr_lines[1]} == *"left out, no calls of x86-64 or i386: recv, send" ]]
	[ "${#stderr_lines[@]}" = 2 ]
	run -0 rw policy check policy.json
	python3 -c 'import jsonschema' || skip "python3-jsonschema is not installed"
	python3 -c 'import json, jsonschema, sys
jsonschema.Draft7Validator(json.load(open(sys.argv[1]))).validate(json.load(open("policy.json")))' "$TOP/user/policy/policy.schema.json"
}

@test "capabilities choose rules" {
	# OPTIONS: which of these are allowed whatever their arguments are
	allowed() { rw policy import "$@" "$docker" 2>/dev/null | jq -c '.syscalls.allow - (.syscalls.allow - ["chroot", "mount", "read"]) | sort'; }
	same "$(allowed)" '["chroot","read"]'
	same "$(allowed --cap SYS_ADMIN)" '["mount","read"]'
	same "$(allowed --cap SYS_ADMIN --cap cap_sys_chroot)" '["chroot","mount","read"]'
	same "$(allowed --cap none)" '["read"]'
	run -1 rw policy import --cap SYS_ADMINS "$docker"
	[[ $output == *"'SYS_ADMINS' is not a capability"* ]]
}

@test "a config.json, standard input, and a name" {
	config true '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["reboot"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}'
	run -0 rw policy import "$bundle/config.json"
	same "$(jq -c . <<<"$output")" \
		'{"version":1,"name":"config","syscalls":{"default":"allow","architectures":["x86_64"],"deny":[{"names":["reboot"],"errno":"ENOSYS"}]}}'
	run -0 rw policy import --name mine - <"$bundle/config.json"
	same "$(jq -r .name <<<"$output")" mine
	run -0 rw policy import - <"$bundle/config.json"
	same "$(jq -r .name <<<"$output")" imported
}

@test "what is wrong with a profile is said with its place" {
	printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [\n  {"names": ["reboot"], "action": "SCMP_ACT_NOTIFY"}]}\n' >notify.json
	run -1 rw policy import notify.json
	[[ $output == *"notify.json:2:35: syscalls[0].action: policies have no word for SCMP_ACT_NOTIFY"* ]]
	run -1 rw policy import /nonexistent.json
	[[ $output == *"/nonexistent.json'"*"no such file"* ]]
	run -1 rw policy import
	[[ $output == *"too few arguments"* ]]
}

@test "a container under what was imported" {
	# kexec_load and a namespace are what the profile refuses, clone3 what it says is not there.
	rw policy import "$docker" 2>/dev/null | jq '.syscalls.mode = "sealed"' >policy.json
	config 'echo running; unshare -m true || echo no namespace' '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	run -0 rw run -b "$bundle" --policy policy.json "$id"
	[[ $output == *running*"Operation not permitted"*"no namespace"* ]]
	run -0 rw policy show --file policy.json
	[[ $output == *"syscall deny clone3 ENOSYS"*"policy.json:"* ]]
}
