# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What clients see of Ringwall is what they see of runc: tests/callers/compare runs over both, and every
# difference that is not accepted in tests/callers/compare-accepted is a failure.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	need_rig
	need_program runc
}

# PART RUNC-NAME NAME: what it sees of both, and what differs
compare() {
	local both=$BATS_TEST_TMPDIR pid
	mkdir "$both/a" "$both/b"
	"$BATS_TEST_DIRNAME/compare" "$1" "$2" "$both/a" > "$both/runc" &
	pid=$!
	"$BATS_TEST_DIRNAME/compare" "$1" "$3" "$both/b" > "$both/ringwall"
	wait $pid
	[[ $(wc -l < "$both/runc") -gt 60 ]]
	[[ ! ${COMPARE_KEEP-} ]] || cp "$both/runc" "$COMPARE_KEEP/$1.runc"
	[[ ! ${COMPARE_KEEP-} ]] || cp "$both/ringwall" "$COMPARE_KEEP/$1.ringwall"
	diff -U 0 <(judged "$both/runc") <(judged "$both/ringwall")
	assert_needed "$1" "$both/runc" "$both/ringwall"
}

accepted() {
	local line word version
	while read -r line; do
		read -r word version _ <<< "$line"
		case $word in
		'' | '#'*) continue ;;
		since) runc_version_at_least "$version" || continue ;;
		until) ! runc_version_at_least "$version" || continue ;;
		*) echo "$line"; continue ;;
		esac
		echo "${line#"$word $version "}"
	done < "$BATS_TEST_DIRNAME/compare-accepted"
}

# Without the lines that may differ
judged() { # FILE
	grep -vxE -f <(accepted) "$1"
}

# What fits nothing any more has to go
assert_needed() { # PART FILE…
	local pattern unneeded=
	while read -r pattern; do
		[[ $pattern != "$1"/* ]] || grep -qxE -e "$pattern" "${@:2}" || unneeded+=$pattern$'\n'
	done < <(accepted)
	[[ ! $unneeded ]] || { printf 'accepted, but not needed:\n%s' "$unneeded"; return 1; }
}

@test "compare: the command line" {
	compare bare "$(command -v runc)" "$RUNTIME"
}

@test "compare: through Docker" {
	docker_setup
	compare docker runc underTest
}

@test "compare: through Podman" {
	podman_setup
	compare podman runc underTest
}

@test "compare: through containerd" {
	containerd_setup
	compare containerd "$(command -v runc)" "$RUNTIME"
}

teardown() {
	case $BATS_TEST_DESCRIPTION in
	*Docker) docker_end ;;
	*Podman) podman_end ;;
	*containerd) containerd_end ;;
	esac
}
