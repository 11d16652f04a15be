# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tools/vm itself: above all, that nothing but the guest's marker is success.
# `bats tests/vm`; VM_KERNEL=7.2 takes another kernel.  Some 12 s a boot.

bats_require_minimum_version 1.5.0

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	vm=$top/tools/vm
	kernel=${VM_KERNEL:-6.12}
	cd "$top" || return 1
}

guest() {
	"$vm" "$kernel" "$@" 3>&-
}

@test "vm: --help names every kernel and option; wrong use is status 125" {
	run -0 "$vm" --help
	for word in 6.1 6.12 7.2 --systemd --timeout --mem --cpus --disk --disk-from --env --append --aslr \
		--icount --tty --dmesg-ok --logs --fetch --verbose; do
		[[ $output == *"$word"* ]] || { echo "$word"; false; }
	done
	run -125 "$vm"
	run -125 "$vm" 6.12
	run -125 "$vm" 6.12 --no-such-option -- true
	run -125 "$vm" 6.12 --timeout soon -- true
	run -125 "$vm" 9.9 -- true
	[[ $output == *"9.9"* ]]
	run -125 "$vm" 6.12 --systemd=woody -- true
	[[ $output == *woody*"bookworm trixie sid"* ]]
}

@test "vm: the command's status, words, output, directory and environment arrive" {
	cd "$top/tests"
	run -7 --separate-stderr guest --env 'SPACED=a b' -- bash -c \
		'printf "<%s>" "$@"; echo; pwd; echo "$SPACED"; echo warned > /dev/stderr; sleep 1000 & exit 7' x 'one two' '$HOME' "it's"
	[[ $output == "<one two><\$HOME><it's>"$'\n'"$top/tests"$'\n'"a b" ]]
	[[ $stderr == *warned* ]]
}

@test "vm: the guest is what --help says" {
	mkdir "$BATS_TEST_TMPDIR/disk"
	echo prefilled > "$BATS_TEST_TMPDIR/disk/file"
	mark=.vm-test-$$
	# shellcheck disable=SC2016 # for the guest
	run -0 guest --disk 300M --disk-from "$BATS_TEST_TMPDIR/disk" --mem 1G --cpus 1 -- bash -c '
		set -e
		grep -q " /sys/fs/cgroup cgroup2 " /proc/mounts
		if grep " cgroup rw" /proc/mounts; then exit 1; fi
		diff <(tr " " "\n" < /sys/fs/cgroup/cgroup.controllers) <(tr " " "\n" < /sys/fs/cgroup/cgroup.subtree_control)
		[[ " $(< /sys/fs/cgroup/cgroup.controllers) " == *" memory "*" pids "* ]]
		[[ $(stat -f -c %T /sys/fs/bpf) == bpf_fs && $(stat -f -c %T $RINGWALL_SCRATCH) == ext2/ext3 ]]
		[[ $(< /scratch/file) == prefilled && $(stat -f -c %T /tmp) == tmpfs ]]
		[[ ,$(< /sys/kernel/security/lsm), == *,bpf,* ]]
		[[ $(nproc) == 1 ]]
		echo from-guest > '"$mark"'
		echo x > /etc/ringwall-vm-test
		modprobe nf_tables'
	[[ $(< "$mark") == from-guest ]]
	rm "$mark"
	[[ ! -e /etc/ringwall-vm-test ]]
}

@test "vm: a guest that panics, or powers off early, is no success" {
	run -125 guest -- sh -c 'echo c > /proc/sysrq-trigger; sleep 60'
	[[ $output == *panic* ]]
	run -125 guest -- sh -c 'busybox poweroff -f; sleep 60'
	[[ $output == *marker* ]]
}

@test "vm: a timeout is 124 and leaves no process and no file" {
	cache=${RINGWALL_CACHE:-/var/cache/ringwall}
	before=$(ls "$cache/run")
	run -124 guest --timeout 8 -- sleep 1000
	[[ $(ls "$cache/run") == "$before" ]]
}

@test "vm: a kernel warning turns success into 123, unless it is accepted" {
	warn='echo "<4>WARNING: CPU: 0 made up by the test" > /dev/kmsg'
	run -123 guest -- sh -c "$warn"
	[[ $output == *"made up by the test"* ]]
	run -0 guest --dmesg-ok 'made up by the test' -- sh -c "$warn"
	run -9 guest -- sh -c "$warn; exit 9"
}

@test "vm: --icount counts: two runs of a loop take the same guest time" {
	# shellcheck disable=SC2016 # for the guest
	run -0 guest --icount -- bash -c 'for n in 1 2 3; do
		a=$EPOCHREALTIME; for ((i = 0; i < 20000; i++)); do :; done; b=$EPOCHREALTIME; echo $((${b/./} - ${a/./})); done'
	# guest microseconds, that is thousands of instructions: within 1 % (the timer's interrupts)
	((${lines[1]} > 0 && ${lines[1]} * 100 < ${lines[2]} * 101 && ${lines[2]} * 100 < ${lines[1]} * 101))
}

@test "vm: --systemd is a real systemd with scopes, and the same marker rules" {
	run -3 guest --systemd --timeout 300 -- bash -c \
		'[[ $(< /proc/1/comm) == systemd ]] && systemd-run --quiet --scope --unit=tried cat /proc/self/cgroup && pwd && exit 3'
	[[ ${lines[0]} == "0::/system.slice/tried.scope" ]]
	[[ ${lines[1]} == "$top" ]]
	run -125 guest --systemd --timeout 300 -- sh -c 'echo c > /proc/sysrq-trigger; sleep 60'
}
