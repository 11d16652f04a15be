#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The JSON schema of policies says about tests/data/policy/ what the parser says (tests/unit/test-policy-parse.c). In bad/INDEX:
# a file's name, who refuses it (both; or the parser alone, for what a schema cannot express), and the parser's message.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 1
	python3 -c 'import jsonschema' || skip "python3-jsonschema is not installed"
}

# Arguments: files. One line each: "FILE good|bad".
validate() {
	python3 - "$@" <<-'END'
		import json
		import sys

		import jsonschema

		with open("user/policy/policy.schema.json") as file:
		    validator = jsonschema.Draft7Validator(json.load(file))
		for name in sys.argv[1:]:
		    try:
		        with open(name) as file:
		            good = validator.is_valid(json.load(file))
		    except ValueError:
		        good = False
		    print(name, "good" if good else "bad")
	END
}

@test "the schema is a JSON schema" {
	python3 -c 'import json, jsonschema; jsonschema.Draft7Validator.check_schema(json.load(open("user/policy/policy.schema.json")))'
}

@test "good examples and built-in profiles are valid" {
	run -0 validate tests/data/policy/good/*.json user/policy/profiles/*.json
	[ "${#lines[@]}" -ge 9 ]
	for line in "${lines[@]}"; do
		[[ $line == *" good" ]] || { echo "$line" >&2; false; }
	done
}

@test "bad examples are invalid, but for what only the parser can know" {
	local index=tests/data/policy/bad/INDEX files=() want=() who
	while IFS=$'\t' read -r name who _; do
		files+=("tests/data/policy/bad/$name")
		want+=("$who")
	done <"$index"
	[ "${#files[@]}" -ge 90 ]
	# Each is in the list.
	[ "${#files[@]}" = "$(ls tests/data/policy/bad/*.json | wc -l)" ]
	run -0 validate "${files[@]}"
	[ "${#lines[@]}" = "${#files[@]}" ]
	for i in "${!lines[@]}"; do
		case ${want[i]}:${lines[i]} in
		both:*" bad" | parser:*" good") ;;
		*) echo "${lines[i]}: INDEX says ${want[i]}" >&2; false ;;
		esac
	done
}

@test "make install installs it, and uninstall takes it away" {
	[ -x "${RINGWALL:-}" ] || skip "nothing is built"
	run -0 make -n install DESTDIR=/d PREFIX=/usr BUILD="${BUILD:-build}"
	[[ $output == *"user/policy/policy.schema.json /d/usr/share/ringwall/policy.schema.json"* ]]
	run -0 make -n uninstall DESTDIR=/d PREFIX=/usr BUILD="${BUILD:-build}"
	[[ $output == */d/usr/share/ringwall/policy.schema.json* ]]
}
