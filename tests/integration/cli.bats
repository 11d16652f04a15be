#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command line: what needs no container.
# shellcheck disable=SC2154 # bats sets stderr_lines, the completion its own variables

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || exit 1
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${BUILD:-$TOP/build}
	RINGWALL=${RINGWALL:-$BUILD/ringwall}
	validate=$BATS_TEST_DIRNAME/validate
	root=$BATS_TEST_TMPDIR/root
}

ringwall() { "$RINGWALL" --root "$root" "$@"; }

# One a line: some are two words.
verbs() { "$RINGWALL" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\( [a-z][a-z]*\)\{0,1\}\)  .*/\1/p'; }

# Option names as --help shows them; $1: verb, or nothing for the global ones.
options() { "$RINGWALL" "$@" --help | sed -n '/ptions:$/,$s/^  \(-[a-z], \|    \)--\([a-z0-9-]*\).*/\2/p' | grep -vx help; }

@test "--version says ringwall, commit and spec" {
	run -0 "$RINGWALL" --version
	[[ ${lines[0]} =~ ^ringwall\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[[ ${lines[1]} =~ ^commit:\ [0-9a-z-]+$ ]]
	[ "${lines[2]}" = "spec: 1.3.0" ]
	[[ ${lines[3]} =~ ^libseccomp:\ [0-9.]+$ ]]
	run -0 "$RINGWALL" -v
	[[ ${lines[0]} == "ringwall version "* ]]
}

@test "--help works everywhere and exits 0" {
	local n=0
	run -0 "$RINGWALL"
	run -0 "$RINGWALL" --help
	while read -ra verb; do
		run -0 --separate-stderr "$RINGWALL" "${verb[@]}" --help
		[[ $output == "usage: ringwall [GLOBAL OPTIONS] ${verb[*]} "* ]]
		[ -z "$stderr" ]
		run -0 "$RINGWALL" "${verb[@]}" -h
		run -0 "$RINGWALL" help "${verb[@]}"
		[[ $output == "usage: ringwall [GLOBAL OPTIONS] ${verb[*]} "* ]]
		n=$((n + 1))
	done < <(verbs)
	[ $n = 26 ]
	run -0 "$RINGWALL" policy --help
	[[ $output == "usage: ringwall [GLOBAL OPTIONS] policy COMMAND "* ]]
	[ "$("$RINGWALL" policy)" = "$output" ]
	[ "$("$RINGWALL" help policy)" = "$output" ]
}

@test "--help works without privileges and without HOME" {
	cp "$RINGWALL" /tmp/ringwall-cli-$$ && chmod 755 /tmp/ringwall-cli-$$
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups env -i /tmp/ringwall-cli-$$ run --help
	rm -f /tmp/ringwall-cli-$$
}

@test "unknown options and commands are errors with a hint" {
	run -1 --separate-stderr ringwall --bogus list
	[ "$stderr" = "unknown option '--bogus'
hint: see 'ringwall --help'" ]
	run -1 --separate-stderr ringwall kill --bogus=3 x
	[ "$stderr" = "unknown option '--bogus'
hint: see 'ringwall kill --help'" ]
	run -1 ringwall frobnicate
	[[ $output == "unknown command 'frobnicate'"* ]]
	run -1 ringwall policy frobnicate
	[[ $output == "unknown command 'policy frobnicate'"* ]]
	while read -ra verb; do
		run -1 ringwall "${verb[@]}" --bogus
		[[ ${lines[0]} == "unknown option '--bogus'" ]]
	done < <(verbs)
}

@test "a wrong number of arguments is an error" {
	for verb in state start pause resume kill delete ps events update create run exec; do
		run -1 ringwall "$verb"
		[[ ${lines[0]} == "$verb: too few arguments"* ]]
	done
	run -1 ringwall state a b
	[[ ${lines[0]} == "state: too many arguments"* ]]
	run -1 ringwall list a
	run -1 ringwall spec a
	run -1 ringwall features a
}

@test "exec's own errors exit 255, its usage errors 1" {
	run -255 ringwall exec missing true
	run -255 ringwall exec missing
	[[ ${lines[0]} == *"a command or --process is wanted"* ]]
	run -1 ringwall exec --bogus missing true
	run -255 ringwall exec -g -1 missing true
	[[ ${lines[0]} == *"'-1' is not a group's number" ]]
}

@test "a container that does not exist" {
	for verb in state start pause resume kill delete ps "events --stats" "update --pids-limit 3"; do
		# shellcheck disable=SC2086 # verb and options
		run -1 ringwall $verb missing
		[[ ${lines[0]} == *"container does not exist"* ]]
	done
	run -0 ringwall delete --force missing
	run -0 ringwall delete missing -f
	[ -z "$output" ]
}

@test "unknown signals are refused before anything is looked for" {
	run -1 ringwall kill missing NONESUCH
	[[ ${lines[0]} == "unknown signal 'NONESUCH'" ]]
	run -1 ringwall kill missing 65
	[[ ${lines[0]} == "unknown signal '65'" ]]
}

@test "regular expressions: none that matches is fine, a bad one is not" {
	run -0 ringwall delete --regex '^x.*'
	run -0 ringwall kill --regex '^x.*' KILL
	run -1 ringwall kill --regex '(' KILL
	[[ ${lines[0]} == "regular expression '('"* ]]
}

@test "list without containers" {
	run -0 ringwall list
	[[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	[ ${#lines[@]} = 1 ]
	run -0 ringwall list -f json
	[ "$output" = null ]
	run -0 ringwall list -q
	[ -z "$output" ]
	run -1 ringwall list -f xml
}

@test "--root / is refused, however it is spelled" {
	for dir in / // /. /tmp/.. /../tmp/./..; do
		run -1 "$RINGWALL" --root "$dir" list
		[[ ${lines[0]} == *"cannot be the directory for containers' state" ]]
	done
	run -1 "$RINGWALL" --root "" list
}

@test "--log FILE --log-format json: one object, appended, and plain text on standard error" {
	run -1 --separate-stderr ringwall --log log.json --log-format json kill missing
	[[ ${stderr_lines[0]} == *"container does not exist"* ]]
	[ "$(wc -l <log.json)" = 1 ]
	jq -e '.level == "error" and (.msg | contains("container does not exist"))' log.json
	jq -e '.time | fromdateiso8601 > 1600000000' log.json
	[ "$(jq -c 'keys_unsorted' log.json)" = '["level","msg","time"]' ]
	run -1 ringwall --log log.json --log-format=json state missing
	[ "$(wc -l <log.json)" = 2 ]
}

@test "--log FILE in text, and -log with one dash" {
	run -1 ringwall -log log.txt state missing
	grep -Eq '^time="[0-9TZ:-]+" level=error msg=".*container does not exist' log.txt
}

@test "errors of the command line reach the log file, too" {
	run -1 ringwall --log log.json --log-format json create --bogus x
	jq -e '.msg | startswith("unknown option")' log.json
}

@test "nothing is written to the log file when nothing goes wrong" {
	run -0 ringwall --log log.json --log-format json list
	[ ! -e log.json ]
}

@test "bad values of global options" {
	run -1 ringwall --log-format xml list
	run -1 ringwall --log-level loud list
	run -1 ringwall --rootless maybe list
	run -1 ringwall --cgroup-manager none list
	run -1 ringwall --log
	[[ ${lines[0]} == "flag needs an argument: --log FILE" ]]
}

@test "output that cannot be written is an error" {
	run -1 bash -c "'$RINGWALL' features >/dev/full"
	[[ $output == *"write error"* ]]
}

@test "spec satisfies the schema" {
	ringwall spec
	"$validate" config-schema.json <config.json
	ringwall spec --rootless -b "$(mkdir b && echo b)"
	"$validate" config-schema.json <b/config.json
}

@test "spec leaves an existing config.json alone" {
	echo mine >config.json
	run -1 ringwall spec
	[[ ${lines[0]} == *"config.json exists"* ]]
	[ "$(cat config.json)" = mine ]
}

@test "spec into a bundle that is not there" {
	run -1 ringwall spec --bundle none
	[[ ${lines[0]} == "open 'none': no such file or directory" ]]
}

# What may differ from Debian's runc 1.1: the version, the name, and what later runc versions changed as well (no
# ambient capabilities, the TPM masked); and the cgroup namespace, which runc has on hosts with cgroup v2 alone.
same() {
	jq -S 'del(.ociVersion, .hostname, .process.capabilities.ambient)
		| .linux.namespaces |= (map(.type) | sort - ["cgroup"])
		| .linux.maskedPaths |= (sort - ["/sys/devices/virtual/tpm"])
		| del(..|nulls)' "$1"
}

@test "spec is what runc spec is" {
	command -v runc || skip "no runc"
	for option in "" --rootless; do
		mkdir "ours$option" "theirs$option"
		# shellcheck disable=SC2086 # no word where there is no option
		{
			ringwall spec $option -b "ours$option"
			runc spec $option -b "theirs$option"
		}
		diff <(same "theirs$option/config.json") <(same "ours$option/config.json")
	done
	jq -e '.linux.namespaces | map(.type) | index("cgroup")' ours/config.json
}

@test "features satisfies the schema and has what containerd looks for" {
	ringwall features >features.json
	"$validate" features-schema.json <features.json
	jq -e '.ociVersionMax == "1.3.0"' features.json
	jq -e '.mountOptions | contains(["rro", "rbind", "ro", "idmap", "tmpcopyup", "rnosuid"])' features.json
	jq -e '.linux.namespaces | sort == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]' features.json
	jq -e '.linux.mountExtensions.idmap.enabled and .linux.cgroup.v2 and (.linux.cgroup.v1 | not)' features.json
	jq -e '.linux.capabilities | length == 41 and index("CAP_BPF")' features.json
	jq -e '.linux.seccomp.knownFlags - .linux.seccomp.supportedFlags | length < 4' features.json
	jq -e '.hooks | length == 6' features.json
	# Each annotation that the sources ask for by name is there: nobody adds one without saying so.
	for name in $(grep -rhoE '"org\.(criu|systemd)\.[a-z.]+"' "$TOP"/user --include='*.c' | sort -u); do
		jq -e --argjson name "$name" '.potentiallyUnsafeConfigAnnotations | index($name)' features.json
	done
	[ "$(jq -r '.annotations["org.ringwall.version"]' features.json)" = "$("$RINGWALL" -v | sed -n 's/^ringwall version //p')" ]
}

@test "man page and completion mention every command and option" {
	local n=0
	# shellcheck source=/dev/null
	source "$BUILD/ringwall.bash"
	mapfile -t all < <(verbs)
	for verb in "" "${all[@]}"; do
		if [ -n "$verb" ]; then
			grep -qx ".SS \"$verb\"" "$BUILD/ringwall.8"
			[[ " $_ringwall_verbs " == *" ${verb%% *} "* ]]
			[[ $verb != *" "* || " $(_ringwall_group "${verb%% *}") " == *" ${verb#* } "* ]]
		fi
		# shellcheck disable=SC2086 # no word where there is no verb
		for option in $(options $verb); do
			sed -n "/^\.SS \"$verb\"/,/^\.S[SH] /p; ${verb:+#}/^\.SH \"GLOBAL/,/^\.SH COMM/p" "$BUILD/ringwall.8" |
				grep -qF -- "\\fB\\-\\-${option//-/\\-}\\fR"
			[[ " $(_ringwall_options "$verb") " == *" --$option "* ]]
			n=$((n + 1))
		done
	done
	[ $n -gt 100 ]
}

@test "the man page is well-formed" {
	command -v groff || skip "no groff"
	run -0 groff -man -ww -z -Tutf8 "$BUILD/ringwall.8"
	[ -z "$output" ]
}

complete_line() { # words of the line, the last being completed
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_ringwall
	echo "${COMPREPLY[*]}"
}

@test "completion completes" {
	# shellcheck source=/dev/null
	source "$BUILD/ringwall.bash"
	mkdir -p some/dir && touch some/file
	[ "$(complete_line ringwall st)" = "start state" ]
	[ "$(complete_line ringwall --root some/ st)" = "start state" ]
	[ "$(complete_line ringwall --log-format j)" = json ]
	[ "$(complete_line ringwall list -f "")" = "table json" ]
	[ "$(complete_line ringwall run --pid)" = "--pidfd-socket --pid-file" ]
	[ "$(complete_line ringwall run --bundle some/)" = some/dir ]
	[ "$(complete_line ringwall run --pid-file some/f)" = some/file ]
	[ "$(complete_line ringwall pol)" = policy ]
	[ "$(complete_line ringwall policy s)" = "show set" ]
	[ "$(complete_line ringwall policy learn --t)" = --template ]
	[ "$(complete_line ringwall policy check some/f)" = some/file ]
	[ "$(complete_line ringwall policy show --file base)" = "baseline baseline-pod" ]
	[ "$(complete_line ringwall policy set x restr)" = restricted ]
	[ "$(complete_line ringwall policy import some/f)" = some/file ]
	[ "$(complete_line ringwall install-runtime "")" = "docker podman containerd crio" ]
}
