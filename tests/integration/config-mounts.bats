#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# root, mounts and what is done to paths (masked, read-only, propagation), as the container's mountinfo and its files
# show it; and that nothing of an image leads a mount out of the container.

load common

setup_file() { container_setup_file; }
setup() { container_setup; }
teardown() { container_teardown; }

# DEST TYPE SOURCE OPTION…: an element of mounts
m() {
	jq -nc --args '$ARGS.positional | {destination: .[0], type: .[1], source: .[2], options: .[3:]}' -- "$@"
}

# Root's own way with files that are not root's
may_all='.process.capabilities |= map_values(. + ["CAP_DAC_OVERRIDE"])'

# For scripts inside: the mount's own options, its propagation, "-", type, and the superblock's options of the last
# mount at a place.
# shellcheck disable=SC2016
at='at() { awk -v p="$1" '\''$5 == p { l = $6; for (i = 7; $i != "-"; i++) l = l " " $i; l = l " - " $(i + 1) " " $(i + 3) }
	END { print l }'\'' /proc/self/mountinfo; }
'

# Two mounts, one below the other, both with OPTIONS: the source of recursive binds
nested_source() {
	mkdir -p "$work/src"
	mount -t tmpfs -o "mode=755" tmpfs "$work/src"
	mkdir "$work/src/nested"
	mount -t tmpfs -o "mode=755" tmpfs "$work/src/nested"
	mount --make-rprivate "$work/src"
	touch "$work/src/outer-file" "$work/src/nested/nested-file"
	mount -o "remount,bind,$1" "$work/src/nested"
	mount -o "remount,bind,$1" "$work/src"
}

# Lines "OPTIONS | OUTER | NESTED" on standard input: bound recursively with OPTIONS, the two mounts come out so.
check_recursive() {
	local options outer nested n=0 mounts=() wanted=() list got
	while IFS='|' read -r options outer nested; do
		read -ra list <<<"$options"
		read -r outer <<<"$outer"
		read -r nested <<<"$nested"
		mounts+=("$(m "/v$n" none "$work/src" rbind "${list[@]}")")
		wanted+=("$options: $outer" "$options, below: $nested")
		n=$((n + 1))
	done
	inside "$at"'for i in $(seq 0 '$((n - 1))'); do at /v$i | cut -d " " -f 1; at /v$i/nested | cut -d " " -f 1; done' \
		".mounts += [$(IFS=,; echo "${mounts[*]}")]"
	for n in "${!wanted[@]}"; do
		got=${lines[n]}
		[ "$got" = "${wanted[n]##*: }" ] || { echo "${wanted[n]}, but got $got"; return 1; }
	done
	[ "${#lines[@]}" -eq "${#wanted[@]}" ]
}

@test "options of a new file system" {
	local mounts=() wanted=() i=0 list
	while IFS='|' read -r options want; do
		read -ra list <<<"$options"
		read -r want <<<"$want"
		mounts+=("$(m "/o$i" tmpfs tmpfs "${list[@]}")")
		wanted+=("$options: $want")
		i=$((i + 1))
	done <<-'TABLE'
	defaults | rw,relatime
	ro | ro,relatime
	ro rw | rw,relatime
	rw ro | ro,relatime
	nosuid | rw,nosuid,relatime
	nosuid suid | rw,relatime
	nodev | rw,nodev,relatime
	nodev dev | rw,relatime
	noexec | rw,noexec,relatime
	noexec exec | rw,relatime
	noatime | rw,noatime
	noatime atime | rw,relatime
	nodiratime | rw,nodiratime,relatime
	nodiratime diratime | rw,relatime
	relatime | rw,relatime
	norelatime | rw,relatime
	strictatime | rw
	strictatime nostrictatime | rw,relatime
	nosymfollow | rw,relatime,nosymfollow
	nosymfollow symfollow | rw,relatime
	sync | rw,relatime/sync
	sync async | rw,relatime
	dirsync | rw,relatime/dirsync
	lazytime | rw,relatime/lazytime
	lazytime nolazytime | rw,relatime
	nomand silent loud iversion noiversion | rw,relatime
	nosuid nodev noexec ro noatime nodiratime | ro,nosuid,nodev,noexec,noatime,nodiratime
	rro | ro,relatime
	rnosuid rnodev rnoexec rnoatime rnodiratime rnosymfollow | rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
	ro rrw nosuid rsuid | rw,relatime
	size=1m mode=750 uid=5 gid=6 nr_inodes=99 | rw,relatime/size=1024k/nr_inodes=99/mode=750/uid=5/gid=6
	TABLE
	# Not "mand": kernels since 5.15 ignore it, with a warning in their log, which ends runs in virtual machines.
	inside "$at"'for i in $(seq 0 '$((i - 1))'); do at /o$i; done; stat -c "%a %u:%g" /o'$((i - 1)) \
		".mounts += [$(IFS=,; echo "${mounts[*]}")]"
	for i in "${!wanted[@]}"; do
		want=${wanted[i]##*: }
		[ "${lines[i]%% *}" = "${want%%/*}" ] || { echo "${wanted[i]}, but ${lines[i]}"; false; }
		[[ $want == */* ]] || continue
		want=${want#*/}
		for option in ${want//\// }; do
			[[ ",${lines[i]##* }," == *",$option,"* ]] || { echo "${wanted[i]}, but ${lines[i]}"; false; }
		done
	done
	same "${lines[-1]}" '750 5:6'
}

@test "what the options mean is what happens" {
	inside '
		touch /ro/f 2>&1; touch /rw/f && echo writable
		cp /bin/busybox /noexec/b; /noexec/b true 2>&1; cp /bin/busybox /rw/busybox; /rw/busybox echo runs
		ln -s /etc/passwd /rw/link; cat /rw/link >/dev/null && echo follows; ln -s /etc/passwd /nosymfollow/link; cat /nosymfollow/link 2>&1
		true' ".mounts += [$(m /ro tmpfs none ro), $(m /rw tmpfs none), $(m /noexec tmpfs none noexec), $(m /nosymfollow tmpfs none nosymfollow)]"
	[[ ${lines[0]} == *'Read-only file system' ]]
	[ "${lines[1]}" = writable ]
	[[ ${lines[2]} == *'Permission denied' ]]
	[ "${lines[3]}" = runs ]
	[ "${lines[4]}" = follows ]
	[[ ${lines[5]} == *'Too many levels of symbolic links' || ${lines[5]} == *'Symbolic link loop' ]]
}

# What is to be in it must be made first: as Podman asks for with --read-only --read-only-tmpfs=false
@test "a read-only tmpfs has what is made in it: devices, mountpoints" {
	inside "$at"'at /dev; at /x; at /x/deep/y; ls -d /dev/pts/ptmx /dev/null /dev/fd; echo >/dev/null && echo written
		touch /dev/f 2>&1; touch /x/f 2>&1; touch /x/deep/y/f && echo made' \
		"(.mounts[] | select(.destination == \"/dev\").options) += [\"ro\"] |
		 .mounts += [$(m /x tmpfs tmpfs ro size=1m), $(m /x/deep/y tmpfs tmpfs)]"
	[[ ${lines[0]} == 'ro,nosuid'*' - tmpfs '* ]]
	[[ ${lines[1]} == 'ro,relatime - tmpfs '*size=1024k* ]]
	[[ ${lines[2]} == 'rw,relatime - tmpfs '* ]]
	same "$(printf '%s\n' "${lines[@]:3:4}")" $'/dev/fd\n/dev/null\n/dev/pts/ptmx\nwritten'
	[[ ${lines[7]} == *'Read-only file system' && ${lines[8]} == *'Read-only file system' && ${lines[9]} == made ]]
}

@test "bind: each option sets what it says, on the one mount or on all below" {
	nested_source rw,relatime
	check_recursive <<-'TABLE'
	rw | rw,relatime | rw,relatime
	ro | ro,relatime | rw,relatime
	rro | ro,relatime | ro,relatime
	nosuid | rw,nosuid,relatime | rw,relatime
	rnosuid | rw,nosuid,relatime | rw,nosuid,relatime
	nodev | rw,nodev,relatime | rw,relatime
	rnodev | rw,nodev,relatime | rw,nodev,relatime
	noexec | rw,noexec,relatime | rw,relatime
	rnoexec | rw,noexec,relatime | rw,noexec,relatime
	noatime | rw,noatime | rw,relatime
	rnoatime | rw,noatime | rw,noatime
	nodiratime | rw,nodiratime,relatime | rw,relatime
	rnodiratime | rw,nodiratime,relatime | rw,nodiratime,relatime
	strictatime | rw | rw,relatime
	rstrictatime | rw | rw
	rrelatime | rw,relatime | rw,relatime
	nosymfollow | rw,relatime,nosymfollow | rw,relatime
	rnosymfollow | rw,relatime,nosymfollow | rw,relatime,nosymfollow
	ro nosuid nodev noexec | ro,nosuid,nodev,noexec,relatime | rw,relatime
	rro rnosuid rnodev rnoexec rnoatime | ro,nosuid,nodev,noexec,noatime | ro,nosuid,nodev,noexec,noatime
	ro rrw | rw,relatime | rw,relatime
	nosuid rsuid | rw,relatime | rw,relatime
	noatime rstrictatime | rw | rw
	TABLE
}

@test "bind: each option takes away what it says, and the rest of the source's flags stays" {
	nested_source ro,nosuid,nodev,noexec,noatime,nodiratime
	all=nosuid,nodev,noexec,noatime,nodiratime
	check_recursive <<-TABLE
	ro | ro,$all | ro,$all
	rw | rw,$all | ro,$all
	rrw | rw,$all | rw,$all
	suid | ro,nodev,noexec,noatime,nodiratime | ro,$all
	rsuid | ro,nodev,noexec,noatime,nodiratime | ro,nodev,noexec,noatime,nodiratime
	dev | ro,nosuid,noexec,noatime,nodiratime | ro,$all
	rdev | ro,nosuid,noexec,noatime,nodiratime | ro,nosuid,noexec,noatime,nodiratime
	exec | ro,nosuid,nodev,noatime,nodiratime | ro,$all
	rexec | ro,nosuid,nodev,noatime,nodiratime | ro,nosuid,nodev,noatime,nodiratime
	atime | ro,nosuid,nodev,noexec,nodiratime,relatime | ro,$all
	ratime | ro,nosuid,nodev,noexec,nodiratime,relatime | ro,nosuid,nodev,noexec,nodiratime,relatime
	diratime | ro,nosuid,nodev,noexec,noatime | ro,$all
	rdiratime | ro,nosuid,nodev,noexec,noatime | ro,nosuid,nodev,noexec,noatime
	relatime | ro,nosuid,nodev,noexec,nodiratime,relatime | ro,$all
	rrelatime | ro,nosuid,nodev,noexec,nodiratime,relatime | ro,nosuid,nodev,noexec,nodiratime,relatime
	strictatime | ro,nosuid,nodev,noexec,nodiratime | ro,$all
	rrw rsuid rdev rexec ratime rdiratime | rw,relatime | rw,relatime
	TABLE
}

@test "bind: symfollow and strictatime, taken away" {
	nested_source rw,strictatime,nosymfollow
	check_recursive <<-'TABLE'
	bind | rw,nosymfollow | rw,nosymfollow
	symfollow | rw | rw,nosymfollow
	rsymfollow | rw | rw
	nostrictatime | rw,relatime,nosymfollow | rw,nosymfollow
	rnostrictatime | rw,relatime,nosymfollow | rw,relatime,nosymfollow
	TABLE
}

@test "bind is one mount, rbind the tree; both of a read-only source can be made writable only by name" {
	nested_source rw,relatime
	inside 'ls /one/nested; ls /tree/nested; ls /type/nested; touch /one/made /tree/nested/made; touch /readonly/nested/made2; touch /rro/nested/made3; true' \
		".mounts += [$(m /one none "$work/src" bind), $(m /tree none "$work/src" rbind), $(m /type bind "$work/src"),
		$(m /readonly bind "$work/src" rbind ro), $(m /rro bind "$work/src" rbind rro)]"
	[ "${lines[0]}" = nested-file ]
	[ "${lines[1]}" = nested-file ]
	[[ $output == *'/rro/nested/made3: Read-only file system' ]]
	[ -e "$work/src/made" ] && [ -e "$work/src/nested/made" ] && [ -e "$work/src/nested/made2" ]
}

@test "bind: files, directories, sockets, links as sources; missing targets are made" {
	mkdir "$work/dir" "$bundle/relative"
	echo file >"$work/file"
	echo inner >"$work/dir/inner"
	ln -s "$work/file" "$work/link"
	mkfifo "$work/fifo"
	echo relative >"$bundle/relative/f"
	inside 'cat /a/b/file; cat /x/dir/inner; cat /linked; stat -c %F /fifo; cat /rel/f; stat -c "%a %u" /a /a/b /x' \
		".mounts += [$(m /a/b/file none "$work/file" bind), $(m /x/dir none "$work/dir" bind), $(m /linked none "$work/link" bind),
		$(m /fifo none "$work/fifo" bind), $(m /rel none relative bind)]"
	same "$output" $'file\ninner\nfile\nfifo\nrelative\n755 0\n755 0\n755 0'
	# What was made for it is an empty file of root's.
	same "$(stat -c '%F %s %a' "$rootfs/a/b/file")" 'regular empty file 0 644'
	# On top of what the image has.
	echo image >"$rootfs/etc/thing"
	inside 'cat /etc/thing' ".mounts += [$(m /etc/thing none "$work/file" bind ro)]"
	same "$output" file
	same "$(cat "$rootfs/etc/thing")" image
}

@test "bind: what does not fit says which mount it was" {
	mkdir "$work/dir"
	touch "$work/file"
	n=$(config true && jq '.mounts | length' "$bundle/config.json")
	refused "mounts[$n] '/x': bind source '$work/none': no such file" 'echo started' ".mounts += [$(m /x none "$work/none" bind)]"
	refused "mounts[$n] '/bin'" 'echo started' ".mounts += [$(m /bin none "$work/file" bind)]"
	refused "mounts[$n] '/etc/passwd'" 'echo started' ".mounts += [$(m /etc/passwd none "$work/dir" bind)]"
	refused "mounts[$n] '/etc/passwd/x'" 'echo started' ".mounts += [$(m /etc/passwd/x none "$work/dir" bind)]"
	refused "mounts[$n]" 'echo started' ".mounts += [$(m /x tmpfs tmpfs no-such-option)]"
	refused "mounts[$n] '/x': mount no-such-fs" 'echo started' ".mounts += [$(m /x no-such-fs none)]"
	refused "mounts[$n].source" 'echo started' ".mounts += [{\"destination\": \"/x\", \"type\": \"bind\"}]"
	refused "mounts[$n].type" 'echo started' ".mounts += [{\"destination\": \"/x\", \"source\": \"$work/dir\"}]"
	refused "mounts[$n].destination" 'echo started' ".mounts += [{\"source\": \"$work/dir\"}]"
}

@test "mounts go one on the other in the order given" {
	mkdir "$work/dir"
	echo bound >"$work/dir/f"
	inside 'cat /x/y/f; ls /x; ls /z' \
		".mounts += [$(m /x tmpfs tmpfs), $(m /x/y none "$work/dir" bind), $(m /z none "$work/dir" bind), $(m /z tmpfs tmpfs)]"
	same "$output" $'bound\ny'
}

@test "remount: of what an earlier element mounted" {
	mkdir "$work/dir"
	inside "$at"'at /x; at /y; at /z' ".mounts += [$(m /x tmpfs tmpfs size=1m), $(m /x tmpfs tmpfs remount ro nosuid size=2m),
		$(m /y none "$work/dir" bind), $(m /y none "$work/dir" bind remount ro nodev),
		$(m /z tmpfs tmpfs), {\"destination\": \"/z\", \"options\": [\"remount\", \"bind\", \"noexec\"]}]"
	[[ ${lines[0]} == 'ro,nosuid,relatime - tmpfs '*size=2048k* ]]
	[[ ${lines[1]} == 'ro,nodev'* ]]
	[[ ${lines[2]} == 'rw,noexec'* ]]
	n=$(jq '.mounts | length' "$bundle/config.json")
	refused "mounts[$n] '/none': remount" 'echo started' ".mounts += [$(m /x tmpfs tmpfs)] + [range(5) | $(m /x tmpfs tmpfs)] | .mounts += [$(m /none tmpfs tmpfs remount ro)]"
}

@test "destinations: links of the image are followed, inside it" {
	disk
	mkdir "$work/dir" "$disk/outside" "$rootfs/target"
	echo bound >"$work/dir/f"
	ln -s /target "$rootfs/absolute"
	ln -s ../../../target "$rootfs/etc/up"
	ln -s "$disk/outside" "$rootfs/escape"
	ln -s loop "$rootfs/loop"
	inside 'cat /target/f; grep -c " /target " /proc/self/mountinfo' ".mounts += [$(m /absolute none "$work/dir" bind)]"
	same "$output" $'bound\n1'
	inside 'cat /target/f' ".mounts += [$(m /etc/up none "$work/dir" bind)]"
	same "$output" bound
	inside 'cat "$0"/x/f' ".mounts += [$(m /escape/x none "$work/dir" bind)] | .process.args += [\"$disk/outside\"]"
	same "$output" bound
	[ -z "$(ls "$disk/outside")" ]
	[ -d "$rootfs$disk/outside/x" ]
	refused "'/loop'" 'echo started' ".mounts += [$(m /loop none "$work/dir" bind)]"
	refused "'/loop/x'" 'echo started' ".mounts += [$(m /loop/x tmpfs tmpfs)]"
}

@test "destinations: a link to nothing is filled in (Debian's /etc/resolv.conf)" {
	echo 'nameserver 192.0.2.1' >"$work/resolv.conf"
	for target in ../run/systemd/resolve/stub.conf /run/systemd/resolve/stub.conf ../../../../run/other/stub.conf; do
		ln -sfn "$target" "$rootfs/etc/resolv.conf"
		inside 'cat /etc/resolv.conf; readlink /etc/resolv.conf' ".mounts += [$(m /etc/resolv.conf bind "$work/resolv.conf" rbind ro)]"
		same "$output" $'nameserver 192.0.2.1\n'"$target"
		rm -rf "${rootfs:?}"/run/*
	done
	ln -sfn dangling-directory "$rootfs/data"
	inside 'touch /data/deep/er/f && ls /dangling-directory/deep' ".mounts += [$(m /data/deep/er tmpfs tmpfs)]"
	same "$output" er
	# Through two links, of which the second is dangling.
	ln -sfn /etc/second "$rootfs/etc/first"
	ln -sfn /run/third "$rootfs/etc/second"
	inside 'cat /etc/first /run/third' ".mounts += [$(m /etc/first bind "$work/resolv.conf" bind)]"
	same "${#lines[@]}" 2
}

@test "destinations: .. ends at the container's root" {
	mkdir "$work/dir"
	echo bound >"$work/dir/f"
	inside 'cat /x/f; cat /tmp/y/f' ".mounts += [$(m /../../../../x none "$work/dir" bind), $(m /bin/../tmp/y none "$work/dir" bind)]"
	same "$output" $'bound\nbound'
	inside 'cat /relative/f' ".mounts += [$(m relative none "$work/dir" bind)]"
	same "$output" bound
	[ ! -e /x ] && [ ! -e /relative ]
	# Below what is not there nothing can be up.
	refused "'/not/there/../../../x'" 'echo started' ".mounts += [$(m /not/there/../../../x none "$work/dir" bind)]"
}

@test "destinations: /proc, /sys and /dev are no links" {
	for place in proc sys; do
		rmdir "$rootfs/$place"
		ln -s tmp "$rootfs/$place"
		refused "must be mounted on a directory, not on a symlink" 'echo started'
		rm "$rootfs/$place"
		mkdir "$rootfs/$place"
	done
	rmdir "$rootfs/dev"
	ln -s tmp "$rootfs/dev"
	refused "'/dev' of the container" 'echo started'
}

@test "destinations: on /proc only a procfs, inside it only what LXCFS has" {
	local n only inside case where what
	n=$(config true && jq '.mounts | length' "$bundle/config.json")
	mkdir "$work/dir"
	echo stand-in >"$work/file"
	ln -s /proc "$rootfs/link"
	ln -s ../proc/acpi "$rootfs/etc/inner"
	ln -s proc/cpuinfo "$rootfs/cpus"
	only='only a procfs can be mounted on /proc' inside='nothing can be mounted inside /proc'
	for where in /proc //proc/. /tmp/../proc /link /link/. /etc/../link; do
		for what in "none $work/dir bind" "none /proc/1 bind" "none /sys rbind" 'tmpfs tmpfs ro' 'cgroup cgroup' 'ramfs /proc'; do
			read -ra case <<<"$what"
			refused "mounts[$n] '$where': $only" 'echo started' ".mounts += [$(m "$where" "${case[@]}")]"
		done
	done
	refused "mounts[$n] '/proc': $only" 'echo started' ".mounts += [$(m proc none "$work/dir" bind)]"
	# sysfs wants a path without links (CVE-2019-19921)
	refused "mounts[$n] '/proc': $only" 'echo started' ".mounts += [$(m /proc sysfs sysfs)]"
	for where in /proc/sys /proc/1 /proc/./acpi /proc/../proc/acpi /link/acpi /etc/inner /proc/net/dev /proc/cpuinfo/x; do
		refused "mounts[$n] '$where': " 'echo started' ".mounts += [$(m "$where" none "$work/dir" bind)]"
		[[ $output == *"$inside"* || $where == */x ]]
		refused "mounts[$n] '$where': " 'echo started' ".mounts += [$(m "$where" tmpfs tmpfs)]"
	done
	# Also before there is a procfs: and then nothing was made for it in the image.
	refused "mounts[0] '/proc/made/here': $inside" 'echo started' ".mounts |= [$(m /proc/made/here none "$work/dir" bind)] + ."
	[ ! -e "$rootfs/proc/made" ]
	# What runc takes.
	for where in /proc/cpuinfo /proc//uptime /proc/sys/kernel/ns_last_pid /tmp/../proc/stat /cpus /link/swaps; do
		[ -e "$where" ] || [[ $where == /[cl]* ]] || continue
		inside 'cat "$0"' ".mounts += [$(m "$where" none "$work/file" bind)] | .process.args += [\"$where\"]"
		same "$output" stand-in
	done
	for where in /proc /link; do
		inside 'ls -d /proc/self/' ".mounts += [$(m "$where" none /proc rbind)]"
		inside 'ls -d /proc/self/' ".mounts += [$(m "$where" none /proc bind)] | del(.mounts[0])"
	done
	inside 'ls -d /proc/self/ /proc/fs/self/' ".mounts += [$(m /proc proc proc), $(m /proc/fs proc proc)]"
	inside 'ls /process /tmp/proc/x' ".mounts += [$(m /process none "$work/dir" bind), $(m /tmp/proc/x none "$work/file" bind)]"
	inside 'ls /sys/kernel' ".mounts += [$(m /sys/kernel none "$work/dir" bind)]"
	same "$output" ''
}

@test "tmpcopyup: what the image has, with owners, modes and links, on a tmpfs" {
	mkdir -p "$rootfs/data/sub"
	echo deep >"$rootfs/data/sub/f"
	chmod 640 "$rootfs/data/sub/f"
	chown 12:34 "$rootfs/data/sub/f"
	ln -s sub/f "$rootfs/data/link"
	mkfifo -m 600 "$rootfs/data/fifo"
	chmod 1771 "$rootfs/data"
	chmod 4755 "$rootfs/data/sub"
	inside "$at"'at /data | cut -d " " -f 1-3; cat /data/link; cd /data; stat -c "%n %a %u:%g" sub/f sub fifo . ; readlink link; touch new; echo more >>sub/f' \
		"$may_all | .mounts += [$(m /data tmpfs tmpfs tmpcopyup nosuid)]"
	same "$output" $'rw,nosuid,relatime - tmpfs\ndeep\nsub/f 640 12:34\nsub 4755 0:0\nfifo 600 0:0\n. 1771 0:0\nsub/f'
	[ ! -e "$rootfs/data/new" ]
	same "$(cat "$rootfs/data/sub/f")" deep
	inside "$at"'at /data; touch /data/f 2>&1; cat /data/link; at /fresh' \
		"$may_all | .mounts += [$(m /data tmpfs tmpfs tmpcopyup ro size=1m mode=700), $(m /fresh tmpfs tmpfs tmpcopyup)]"
	[[ ${lines[0]} == 'ro,relatime - tmpfs '*size=1024k*mode=700* ]]
	[[ ${lines[1]} == *'Read-only file system' ]]
	[ "${lines[2]}" = deep ]
	[[ ${lines[3]} == 'rw,relatime - tmpfs'* ]]
	# More than fits is an error, not half a directory.
	head -c 200000 /dev/zero >"$rootfs/data/large"
	refused 'tmpcopyup' 'echo started' ".mounts += [$(m /data tmpfs tmpfs tmpcopyup size=64k)]"
}

@test "idmap: explicit mappings, without a user namespace" {
	disk
	mkdir "$disk/src"
	touch "$disk/src/"{root,user,other}
	chown 1000:2000 "$disk/src/user"
	chown 5:5 "$disk/src/other"
	map() { jq -c ". + {uidMappings: [{containerID: 1000, hostID: 0, size: 1}, {containerID: 0, hostID: 777, size: 1}],
		gidMappings: [{containerID: 0, hostID: 0, size: 65536}]}"; }
	try 'stat -c "%n %u:%g" /v/*; touch /v/new && stat -c "%u:%g" /v/new' "$may_all | .mounts += [$(m /v none "$disk/src" bind idmap | map)]"
	[ "$status" -ne 0 ] && [[ $output == *"does not support id-mapped"* ]] && skip "$(stat -f -c %T "$disk") has no id-mapped mounts here"
	same "$output" $'/v/other 65534:5\n/v/root 777:0\n/v/user 0:2000\n0:0'
	same "$(stat -c %u:%g "$disk/src/new")" 1000:0
	# The mappings alone ask for it too.
	inside 'stat -c "%u" /v/user' ".mounts += [$(m /v none "$disk/src" bind | map)]"
	same "$output" 0
	refused "idmap" 'echo started' ".mounts += [$(m /v none "$disk/src" bind idmap)]"
	refused "only a bind mount can be id-mapped" 'echo started' ".mounts += [$(m /v tmpfs tmpfs | map)]"
	refused "gidMappings" 'echo started' ".mounts += [$(m /v none "$disk/src" bind | map | jq -c 'del(.gidMappings)')]"
}

@test "idmap and ridmap: the container's mappings, on one mount or on all below" {
	disk
	mkdir -p "$disk/src/nested" "$disk/below"
	touch "$disk/src/f" "$disk/below/f"
	mount --bind "$disk/below" "$disk/src/nested"
	userns='.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chown 100000:100000 "$rootfs"
	script='for v in plain idmap ridmap; do stat -c "%n %u" /$v/f /$v/nested/f; done; touch /ridmap/nested/new; cat /idmap/f /plain/f'
	try "$script" "$userns | .mounts += [$(m /plain none "$disk/src" rbind), $(m /idmap none "$disk/src" rbind idmap),
		$(m /ridmap none "$disk/src" rbind ridmap)]"
	[ "$status" -ne 0 ] && [[ $output == *"does not support id-mapped"* ]] && skip "$(stat -f -c %T "$disk") has no id-mapped mounts here"
	same "$output" '/plain/f 65534
/plain/nested/f 65534
/idmap/f 0
/idmap/nested/f 65534
/ridmap/f 0
/ridmap/nested/f 0'
	same "$(stat -c %u "$disk/below/new")" 0
}

@test "propagation: each option, as mountinfo has it" {
	nested_source rw,relatime
	mount --make-rshared "$work/src"
	inside "$at"'for v in none private shared slave unbindable; do echo $v: $(at /$v | cut -d - -f 1 | tr -d 0-9); done
		for v in shared slave rshared rslave rprivate runbindable; do echo $v: $(at /$v/nested | cut -d - -f 1 | tr -d 0-9); done
		for v in both; do echo $v: $(at /$v | cut -d - -f 1 | tr -d 0-9); done' \
		".mounts += [$(m /none none "$work/src" rbind), $(m /private none "$work/src" rbind private),
		$(m /shared none "$work/src" rbind shared), $(m /slave none "$work/src" rbind slave),
		$(m /unbindable none "$work/src" rbind unbindable), $(m /rshared none "$work/src" rbind rshared),
		$(m /rslave none "$work/src" rbind rslave), $(m /rprivate none "$work/src" rbind rprivate),
		$(m /runbindable none "$work/src" rbind runbindable), $(m /both none "$work/src" rbind slave shared)]"
	same "$output" 'none: rw,relatime master:
private: rw,relatime
shared: rw,relatime shared: master:
slave: rw,relatime master:
unbindable: rw,relatime unbindable
shared: rw,relatime master:
slave: rw,relatime master:
rshared: rw,relatime shared: master:
rslave: rw,relatime master:
rprivate: rw,relatime
runbindable: rw,relatime unbindable
both: rw,relatime shared: master:'
}

# PROPAGATION ROOTFS-PROPAGATION: what is seen across a volume, as "host→container container→host"
across() {
	local id=$id-$1-$2 in=no out=no
	rm -f "$work/src/"{go,made}
	config 'mkdir -p /v/inner; mount -t tmpfs inner /v/inner && touch /v/inner/from-container; touch /v/made; exec sleep 1000' \
		".process.capabilities |= map_values(. + [\"CAP_SYS_ADMIN\"]) |
		$( [ "$2" = unset ] || echo ".linux.rootfsPropagation = \"$2\" |") .mounts += [$(m /v none "$work/src" rbind "$1")]"
	start "$id"
	eventually test -e "$work/src/made"
	[ -e "$work/src/inner/from-container" ] && out=yes
	mkdir -p "$work/src/outer"
	mount -t tmpfs outer "$work/src/outer"
	touch "$work/src/outer/from-host"
	rw exec "$id" test -e /v/outer/from-host && in=yes
	rw delete --force "$id"
	umount -R "$work/src/outer"
	# With the container's mount namespace its mount goes, but what has come out stays here.
	! mountpoint -q "$work/src/inner" || umount "$work/src/inner"
	echo "$in $out"
}

@test "propagation: mounts go in, out, both ways or not at all" {
	mkdir "$work/src"
	mount --bind "$work/src" "$work/src"
	mount --make-shared "$work/src"
	same "$(across rprivate unset)" 'no no'
	same "$(across rslave unset)" 'yes no'
	same "$(across rslave slave)" 'yes no'
	# "Bidirectional": only where the root's own propagation does not cut it off first.
	same "$(across rshared rshared)" 'yes yes'
	same "$(across rslave rshared)" 'yes no'
	same "$(across rprivate rshared)" 'no no'
	same "$(across rshared rprivate)" 'no no'
	run ! grep "$work/bundle" /proc/self/mountinfo
}

@test "rootfsPropagation: of the container's root" {
	mkdir "$work/shared" # a parent that is shared, so that slave has somebody to follow
	mount --bind "$work/shared" "$work/shared"
	mount --make-shared "$work/shared"
	cp -a "$rootfs" "$work/shared/rootfs"
	before=$(wc -l </proc/self/mountinfo)
	same "$(grep -c "$work/shared/rootfs/" /proc/self/mountinfo)" 0
	for p in private shared slave unbindable rprivate rshared rslave runbindable; do
		inside "$at"'at / | cut -d - -f 1 | tr -d 0-9' ".root.path = \"$work/shared/rootfs\" | .linux.rootfsPropagation = \"$p\""
		case $p in
		*private) want='rw,relatime ' ;;
		*shared) want='rw,relatime shared:' ;;
		*slave) want='rw,relatime ' ;;
		*unbindable) want='rw,relatime unbindable ' ;;
		esac
		echo "$p: $output"
		[[ $output == "$want"* ]]
		[[ $p != *slave || $output == 'rw,relatime master: ' ]]
		same "$(wc -l </proc/self/mountinfo)" "$before"
	done
	refused linux.rootfsPropagation 'echo started' '.linux.rootfsPropagation = "public"'
}

@test "rootfsPropagation: a host whose mounts are all shared keeps them" {
	# As systemd sets one up; made here in a namespace, for a mistake takes /dev/pts and its like from the host.
	for p in unset private shared slave unbindable rprivate rshared rslave runbindable; do
		config 'exit 0' "$([ $p = unset ] || echo ".linux.rootfsPropagation = \"$p\"")"
		run unshare -m --propagation private bash -c 'mount --make-rshared /; cd /; wc -l </proc/self/mountinfo
			"$@" || echo failed; wc -l </proc/self/mountinfo' - "$RINGWALL" --root "$work/root" run -b "$bundle" "$id"
		echo "$p: $output"
		[ "${#lines[@]}" -eq 2 ]
		same "${lines[1]}" "${lines[0]}"
	done
}

@test "the image's own mounts come along, the host's do not" {
	nested_source rw,relatime
	cp -a "$rootfs/." "$work/src/"
	inside 'ls /nested; awk "{ print \$5 }" /proc/self/mountinfo | sort | tr "\n" " "; ls "$0" 2>&1; true' \
		".root.path = \"$work/src\" | .process.args += [\"$work\"] | .linux.maskedPaths = [] | .linux.readonlyPaths = []"
	[ "${lines[0]}" = nested-file ]
	same "${lines[1]}" '/ /dev /dev/mqueue /dev/pts /dev/shm /nested /proc /sys /sys/fs/cgroup ls: '"$work: No such file or directory"
}

@test "a read-only root, with writable mounts in it" {
	inside "$at"'at / | cut -d " " -f 1; touch /f 2>&1; touch /etc/f 2>&1; touch /tmp/f && echo tmp; touch /dev/f && echo dev; mkdir /dev/shm/d && echo shm' \
		".root.readonly = true | .mounts += [$(m /tmp tmpfs tmpfs)]"
	[[ ${lines[0]} == ro,* ]]
	[[ ${lines[1]} == *'Read-only file system' ]]
	[[ ${lines[2]} == *'Read-only file system' ]]
	same "${lines[*]:3}" 'tmp dev shm'
	[ ! -e "$rootfs/f" ]
	inside 'touch /f && echo written'
	[ -e "$rootfs/f" ]
}

@test "the root is the host's no more, whichever way it was entered" {
	for flag in '' --no-pivot; do
		config 'cat /proc/self/mountinfo; ls /; ls "$0" 2>&1; stat -c %i /.. /' '.process.args += [$w] | .linux.maskedPaths = [] | .linux.readonlyPaths = []' \
			--arg w "$work"
		# shellcheck disable=SC2086
		run rw run $flag -b "$bundle" "$id"
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *"ls: $work: No such file or directory"* ]]
		same "${lines[-1]}" "${lines[-2]}"
		[[ $output == *"${bundle#/dev/shm}/rootfs / rw"* ]]
	done
}

@test "maskedPaths: files are empty, directories too, and stay so" {
	mkdir -p "$rootfs/secrets/sub"
	echo secret >"$rootfs/secrets/sub/key"
	echo secret >"$rootfs/etc/secret"
	ln -s /etc/secret "$rootfs/etc/link"
	ln -s /secrets "$rootfs/linked"
	inside "$at"'cat /etc/secret /etc/link; stat -c "%F %t:%T" /etc/secret; ls -A /secrets; touch /secrets/f 2>&1; ls -A /secrets/sub 2>&1; at /secrets | cut -d " " -f 1-3
		echo over >/etc/secret; umount /etc/secret 2>&1' \
		'.linux.maskedPaths += ["/etc/secret", "/secrets", "/not/there", "/etc/passwd/below", "/etc/none"]'  || true
	echo "$output"
	same "${lines[0]}" 'character special file 1:3'
	[[ ${lines[1]} == *'Read-only file system' ]]
	[[ ${lines[2]} == *'No such file or directory' ]]
	[[ ${lines[3]} == 'ro,relatime - tmpfs' ]]
	[[ $output != *secret$'\n'* ]]
	same "$(cat "$rootfs/etc/secret")" secret
	# Through the image's links, to where they lead.
	inside 'cat /etc/secret; ls /secrets' '.linux.maskedPaths = ["/etc/link", "/linked"]'
	same "$output" ''
	# What the default spec hides.
	inside 'head -c 1 /proc/kcore 2>/dev/null | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | grep -v : | wc -w; stat -c "%t:%T" /proc/keys'
	same "$output" $'0\n0\n1:3'
}

@test "maskedPaths: the host's /dev/null is used, not the image's (CVE-2025-31133)" {
	echo secret >"$rootfs/etc/secret"
	mkdir -p "$rootfs/dev" "$work/dev"
	ln -s /etc/passwd "$rootfs/dev/null"
	ln -s /etc/passwd "$work/dev/null"
	without='.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/etc/secret"]'
	refused "device '/dev/null'" 'echo started' "$without"
	# With a volume as /dev nobody asks for the device.
	inside 'cat /etc/secret; stat -c "%F %t:%T" /etc/secret; readlink /dev/null' "$without | .mounts += [$(m /dev none "$work/dev" bind)]"
	same "$output" $'character special file 1:3\n/etc/passwd'
}

@test "readonlyPaths: files, directories, what is mounted below" {
	mkdir "$rootfs/data"
	echo image >"$rootfs/data/f"
	echo image >"$rootfs/etc/conf"
	inside 'for f in /data/f /data/new /data/below/new /etc/conf; do echo x 2>&1 >>$f; done; echo fine >>/etc/other; cat /data/f /etc/conf; echo 1 2>&1 >/proc/sys/kernel/domainname; true' \
		".linux.readonlyPaths += [\"/data\", \"/etc/conf\", \"/not/there\"] | .mounts += [$(m /data/below tmpfs tmpfs)]" || true
	echo "$output"
	same "$(grep -c 'Read-only file system' <<<"$output")" 5
	[[ $output == *$'image\nimage'* ]]
}

@test "paths: the image cannot lead masks or read-only mounts out" {
	mkdir "$work/outside"
	echo mine >"$work/outside/f"
	ln -s "$work/outside" "$rootfs/out"
	inside 'echo fine' '.linux.maskedPaths = ["/out", "/out/f"] | .linux.readonlyPaths = ["/out", "/../../../.."] | .linux.readonlyPaths = ["/out"]'
	same "$(cat "$work/outside/f")" mine
	touch "$work/outside/writable"
}

@test "without a mount namespace nothing can be mounted, and the root is changed all the same" {
	alone='.linux.namespaces |= map(select(.type != "mount")) | .mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	before=$(wc -l </proc/self/mountinfo)
	inside 'ls /; id -u' "$alone"
	[[ $output == *bin* && $output != *boot* ]]
	same "$(wc -l </proc/self/mountinfo)" "$before"
	refused "mounts: needs a mount namespace" 'echo started' "$alone | .mounts = [$(m /x tmpfs tmpfs)]"
	refused "linux.maskedPaths" 'echo started' "$alone | .linux.maskedPaths = [\"/x\"]"
	refused "root.readonly: needs a mount namespace" 'echo started' "$alone | .root.readonly = true"
}

@test "cgroup: the container's own, and only as the options say" {
	script='cat /sys/fs/cgroup/cgroup.procs | head -n 1; mkdir /sys/fs/cgroup/below 2>&1 && echo made; cat /proc/self/cgroup | grep ^0'
	inside "$script"
	same "${lines[0]}" 1
	[[ ${lines[1]} == *'Read-only file system' ]]
	same "${lines[2]}" 0::/
	inside "$script" '(.mounts[] | select(.type == "cgroup")).options = ["nosuid", "noexec", "nodev"]'
	same "$output" $'1\nmade\n0::/'
	# type cgroup2 is the same; with the host's cgroup namespace the path is the host's.
	inside "$script" '(.mounts[] | select(.type == "cgroup")).type = "cgroup2"'
	same "${lines[0]}" 1
	inside 'grep ^0 /proc/self/cgroup; ls /sys/fs/cgroup | grep -c cgroup.procs' '.linux.namespaces |= map(select(.type != "cgroup"))'
	same "${lines[0]}" "0::/$id"
}

@test "proc, sysfs, mqueue, devpts, tmpfs of the default spec are the container's own" {
	inside 'ls /proc | grep -c "^[0-9]"; ls /sys/class/net; ls /dev/mqueue | wc -l; ls /dev/pts; df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2; stat -c "%a %g" /dev/shm /dev/pts/ptmx; touch /sys/f 2>&1; true'
	[ "${lines[0]}" -le 4 ]
	same "${lines[1]}" lo
	same "${lines[2]}" 0
	same "${lines[3]}" ptmx
	same "${lines[4]}" 65536
	same "${lines[5]}" '1777 0'
	same "${lines[6]}" '666 0'
}

@test "root.path: relative to the bundle, absolute, a link, or wrong" {
	ln -s rootfs "$bundle/link"
	inside 'echo in' '.root.path = "rootfs"'
	inside 'echo in' '.root.path = $p' --arg p "$rootfs"
	inside 'echo in' '.root.path = "link"'
	same "$output" in
	touch "$bundle/file"
	refused "root.path" 'echo started' '.root.path = "none"'
	refused "root.path" 'echo started' '.root.path = "file"'
	refused "root" 'echo started' 'del(.root)'
}
