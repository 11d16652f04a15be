#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The class file: what rules about paths refuse, with errno, counter and event, and by every way around a path; what they allow; the
# same acts outside. In containers on a plain directory and on an overlay.

load common

rules='{
  "version": 1,
  "files": [
    {"path": "/d/secret", "deny": "rw"},
    {"path": "/d/ro/**", "allow": "rx"},
    {"path": "/d/new", "deny": "c"},
    {"path": "/d/new2", "deny": "c"},
    {"path": "/d/keep", "deny": "d"},
    {"path": "/d/keep2", "deny": "d"},
    {"path": "/d/keep3", "deny": "d"},
    {"path": "/d/tree/*/key", "deny": "r"},
    {"path": "/d/deep/*/b/*/d/e/f/g/*/key", "deny": "r"},
    {"path": "/d/lib.so", "deny": "m"},
    {"path": "/d/cow", "deny": "r"},
    {"path": "/d/later", "deny": "r"},
    {"path": "/d/later2", "deny": "r"},
    {"path": "/d/sock", "deny": "w"},
    {"path": "/d/sock2", "deny": "w"},
    {"path": "/proc/sys/kernel/domainname", "deny": "w"}
  ],
  "exec": {"default": "allow",
    "deny": ["/d/prog"]}
}'

# PATH: the line of the rule about it
line_of() { grep -n -F "\"$1\"" "$work/plain.json" | cut -d : -f 1; }

# DIR PATH: what the rules speak of, made in DIR, which acts see at PATH
tree() {
	local name
	mkdir -p "$1"/{w,ro/dir,tree/any}
	mkdir -p "$1/deep/a/b/c/d/e/f/g/h"
	echo text | tee "$1/deep/a/b/c/d/e/f/g/h/"{key,lock} >/dev/null
	mkdir "$1/tree/$(printf '%0200d' 7)"
	for name in secret keep keep2 keep3 cow w/f w/in w/over w/to-new ro/file ro/file2 ro/out tree/{any,0*}/key tree/any/lock; do
		echo text >"$1/${name/0\*/$(printf '%0200d' 7)}"
	done
	for name in prog prog2 lib.so; do
		cp "$work/image/bin/busybox" "$1/$name"
	done
	printf '#!%s/prog\n' "$2" >"$1/script"
	printf '#!%s/prog2\n' "$2" >"$1/script2"
	chmod 755 "$1"/script*
}

sock='.mounts += [{destination: "/sock", type: "none", source: $s, options: ["bind"]}]
	| .mounts |= map(if .destination == "/proc" then .options = ["rw"] else . end)'

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	local name
	tree "$work/image/d" /d
	tree "$work/outside/d" "$work/outside/d"
	mkdir -p "$work"/{sock,m,over/{up,work,root}}
	confine plain "$rules" "$sock" --arg s "$work/sock"
	mount -t overlay -o "lowerdir=$work/image,upperdir=$work/over/up,workdir=$work/over/work" o "$work/over/root"
	confine overlay "$rules" "$sock | .root.path = \$r" --arg s "$work/sock" --arg r "$work/over/root"
	confine allow '{"version": 1, "files": [{"path": "/none", "deny": "x"}]}' "$sock" --arg s "$work/sock"
	confine audit "${rules/\"version\": 1,/\"version\": 1, \"mode\": \"audit\",}" "$sock" --arg s "$work/sock"
	confine strict '{"version": 1,
		"files": {"default": "deny", "rules": [
			{"path": "/bin/**", "allow": "rxm"},
			{"path": "/d/w/**", "allow": "rwcd"},
			{"path": "/d/prog2", "allow": "rx"},
			{"path": "/dev/**", "allow": "rw"},
			{"path": "/proc/**", "allow": "r"}]}}'
	confine memfd '{"version": 1, "kernel": {"memfd_exec": "deny"}}'
	[ ! -e "$work/unsupported" ] || return 0
	for name in plain overlay allow; do
		helper "$work/image/bin/act-files" serve "$work/sock/$name" "$(root_of $name)/d/secret"
	done
	outside act-programs "D=$work/outside/d" "M=$work/m"
	outside act-files "D=$work/outside/d" "M=$work/m" "SOCK=$work/sock/allow" # this one last: it moves things
	for name in plain overlay allow audit; do
		inside "$name" act-programs D=/d M=/m
		inside "$name" act-files D=/d M=/m "SOCK=/sock/${name/audit/allow}"
		events "$name"
	done
	inside strict act-files D=/d M=/m read w key
	inside strict act-programs D=/d M=/m map_ok exec_ok exec
	inside memfd act-programs D=/d M=/m memfd memfd_map unlinked exec_ok map_ok
	events strict
	events memfd
}

root_of() { [ "$1" = overlay ] && echo "$work/over/root" || echo "$work/$1/rootfs"; }

setup() { policy_setup; }
teardown_file() { policy_teardown_file; }

# PROGRAM ACT…: refused with EACCES (or ACT=ERRNO) on both kinds of roots; fine outside, where no rule speaks of it, and audited
refused() {
	local program=$1 pairs=() good=() act name
	shift
	for act; do
		[[ $act == *=* ]] && pairs+=("$act") || pairs+=("$act=EACCES")
		good+=("${act%%=*}=ok")
	done
	for name in plain overlay; do
		got $name "$program" "${pairs[@]}"
	done
	for name in outside allow audit; do
		got $name "$program" "${good[@]}"
	done
}

# PROGRAM ACT…: everywhere
allowed() {
	local program=$1 name
	shift
	for name in plain overlay outside allow audit; do
		got $name "$program" "${@/%/=ok}"
	done
}

# SET OBJECT RULE-PATH: such an event in both
told() {
	event plain "$1" "$2" EACCES "plain.json:$(line_of "$3")"
	event overlay "$1" "$2" EACCES "overlay.json:$(line_of "$3")"
	event audit "$1" "$2" - "audit.json:$(line_of "$3")" audited
}

@test "read, write, size, mode, owner" {
	refused act-files read write truncate chmod chown
	allowed act-files path stat
	told file "/d/secret" /d/secret
}

@test "allow: what is listed, and nothing else" {
	refused act-files ro_write ro_create ro_mkdir ro_mknod ro_symlink ro_link ro_unlink ro_rmdir ro_in ro_out
	got plain act-files ro_tmpfile=EACCES # an overlay has none before 6.3
	got outside act-files ro_tmpfile=ok
	allowed act-files ro_read ro_list w
	told file "/d/ro/" "/d/ro/**"
}

@test "create, delete" {
	refused act-files new new_rename keep keep_rename keep_over
	told file "/d/new" /d/new
	told file "/d/keep" /d/keep
}

@test "one component, whatever it is" {
	refused act-files key long
	allowed act-files key_other
	told file "/d/tree/any/key" "/d/tree/*/key"
}

@test "deep down" {
	refused act-files deep deep_rename
	allowed act-files deep_other
	told file "/d/deep/a/b/c/d/e/f/g/h/key" "/d/deep/*/b/*/d/e/f/g/*/key"
	got plain act-files too_deep=EACCES # though no rule says so
	got outside act-files too_deep=ok
}

@test "a copy that an overlay makes, and paths that come to be later" {
	refused act-files cow_read later later_rename
	allowed act-files cow_write
}

@test "around: symlink, .., directory descriptors, /proc, handles" {
	refused act-files symlink dotdot at proc_fd proc_root open_tree
	got plain act-files handle=EACCES # an overlay has none
	got outside act-files handle=ok
}

@test "around: bind mounts, user namespaces, overlays" {
	refused act-files bind bind_file bind_write userns_bind overlay
	allowed act-files tmpfs
}

@test "around: links and renames of a file, and of directories above it" {
	refused act-files hardlink rename rename_dir exchange exchange2 rename_top
}

@test "a new /proc is /proc" {
	refused act-files proc proc_new
	told file "/proc/sys/kernel/domainname" /proc/sys/kernel/domainname
}

@test "threads, double forks, io_uring's workers, descriptors from outside" {
	refused act-files io_uring double_fork thread receive
	allowed act-files io_uring_w race
}

@test "execute" {
	refused act-programs exec exec_script exec_fd exec_copy exec_bind
	allowed act-programs exec_ok exec_script_ok
	told exec "/d/prog" /d/prog
}

@test "map executable" {
	refused act-programs map map_prog mprotect personality
	allowed act-programs map_ok mprotect_ok
	told exec "/d/lib.so" /d/lib.so
}

@test "memfd_exec: what has no name" {
	got memfd act-programs memfd=EACCES memfd_map=EACCES unlinked=EACCES exec_ok=ok map_ok=ok
	allowed act-programs memfd memfd_map
	got plain act-programs unlinked=ok
	got outside act-programs unlinked=ok
	event memfd kernel memfd_exec EACCES memfd.json:1
	counted memfd kernel memfd_exec 3
}

@test "default deny" {
	got strict act-files read=EACCES w=ok key=EACCES
	got strict act-programs map_ok=EACCES exec_ok=ok exec=EACCES
	event strict file /d/secret EACCES strict.json:2
}

@test "the container's first program" {
	mkdir -p "$work/first"
	jq --arg r "$work/plain/rootfs" '.root.path = $r | .process.args = ["/d/prog"]' "$work/base.json" >"$work/first/config.json"
	cp "$work/plain.json" "$work/first.json"
	run rw run -b "$work/first" --policy "$work/first.json" first
	echo "$output"
	((status != 0))
	[[ $output == *"/d/prog"*"permission denied"*"first.json:$(line_of /d/prog)"* ]]
}

@test "unix sockets that are files" {
	refused act-files talk_stream talk_dgram
}
