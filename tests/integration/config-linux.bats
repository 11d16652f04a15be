#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# linux of config.json, by what is seen inside: namespaces, mappings, devices, sysctls, interfaces and the rest.
# seccomp, mounts and hooks have files of their own.

load common

setup_file() { container_setup_file; }
setup() { container_setup; }
teardown() { container_teardown; }

# Of the caller, as `readlink` has them inside
ns_of() { readlink "/proc/${2:-self}/ns/$1"; }

# Without a namespace of its own what would be refused is left out.
# shellcheck disable=SC2016
only='def only($types): .linux.namespaces |= map(select(.type | IN($types[]))) |
	if "uts" | IN($types[]) then . else del(.hostname) end |
	if "network" | IN($types[]) then . else .mounts |= map(select(.type != "sysfs")) end;'
userns='.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
	.linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'

# The rest of a line that begins with a word
of() { sed -n "s/^$1 //p" <<<"$output"; }

show_ns='for n in user mnt pid net uts ipc cgroup time; do echo $n $(readlink /proc/self/ns/$n); done'

@test "namespaces: all eight, new" {
	inside "$show_ns" "$userns | .linux.namespaces += [{\"type\": \"time\"}]"
	for n in user mnt pid net uts ipc cgroup time; do
		[[ $(of $n) == "$n:["* ]]
		[ "$(of $n)" != "$(ns_of $n)" ] || { echo "$n is the host's"; false; }
	done
}

@test "namespaces: only those that are listed" {
	inside "$show_ns" "$only only([\"mount\"])"
	for n in user pid net uts ipc cgroup time; do
		same "$(of $n)" "$(ns_of $n)"
	done
	[ "$(of mnt)" != "$(ns_of mnt)" ]
	inside "$show_ns" "$only only([\"mount\", \"ipc\", \"uts\"])"
	[ "$(of ipc)" != "$(ns_of ipc)" ] && [ "$(of uts)" != "$(ns_of uts)" ]
	same "$(of net)" "$(ns_of net)"
	same "$(of pid)" "$(ns_of pid)"
}

@test "namespaces: another container's, by path" {
	config 'exec sleep 1000' '.hostname = "first" | .linux.namespaces += [{"type": "time"}] | .linux.timeOffsets.boottime = {"secs": 5000000}'
	start "$id-first"
	first=$(pid_of "$id-first")
	for pair in network:net ipc:ipc uts:uts pid:pid cgroup:cgroup time:time; do
		inside "$show_ns" "(.linux.namespaces |= map(select(.type != \"${pair%:*}\"))) |
			.linux.namespaces += [{\"type\": \"${pair%:*}\", \"path\": \"/proc/$first/ns/${pair#*:}\"}] | del(.hostname)"
		for n in net ipc uts pid cgroup time; do
			case $n:$pair in
			${pair#*:}:*) same "$(of $n)" "$(ns_of $n "$first")" ;;
			time:*) same "$(of $n)" "$(ns_of $n)" ;;
			*) [ "$(of $n)" != "$(ns_of $n "$first")" ] && [ "$(of $n)" != "$(ns_of $n)" ] ;;
			esac
		done
	done
	# All of them, as a pod's containers have them, and what they have in common.
	inside 'hostname; ps -o pid,args | grep -c "sleep 1000$"; cut -d . -f 1 /proc/uptime; echo pid $$' \
		"$only only([\"mount\", \"cgroup\"]) | .linux.namespaces += [[\"network\", \"net\"], [\"ipc\", \"ipc\"], [\"uts\", \"uts\"], [\"pid\", \"pid\"],
		[\"time\", \"time\"]] | .linux.namespaces |= map(if type == \"array\" then {type: .[0], path: (\"/proc/$first/ns/\" + .[1])} else . end)"
	same "${lines[0]}" first
	same "${lines[1]}" 1
	((lines[2] > 5000000))
	[ "${lines[3]}" != 'pid 1' ]
}

@test "namespaces: another container's user namespace, with its mappings" {
	config 'exec sleep 1000' "$userns"
	chown 100000:200000 "$rootfs"
	start "$id-first"
	first=$(pid_of "$id-first")
	for alone in true false; do
		inside "$show_ns; id -u; cat /proc/self/uid_map | tr -s ' '; echo 5 >/dev/null && echo null; mkdir /made-$alone" "
			.linux.namespaces += [{\"type\": \"user\", \"path\": \"/proc/$first/ns/user\"}] |
			if $alone then . else .linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$first/ns/net\" else . end) end"
		same "$(of user)" "$(ns_of user "$first")"
		[ "$(of mnt)" != "$(ns_of mnt "$first")" ]
		$alone || same "$(of net)" "$(ns_of net "$first")"
		[[ $output == *$'\n0\n 0 100000 65536\nnull' ]]
		same "$(stat -c %u:%g "$rootfs/made-$alone")" 100000:200000
	done
	# Its pid namespace as well.
	inside "$show_ns" ".linux.namespaces |= map(if .type == \"pid\" then .path = \"/proc/$first/ns/pid\" else . end) |
		.linux.namespaces += [{\"type\": \"user\", \"path\": \"/proc/$first/ns/user\"}]"
	same "$(of pid)" "$(ns_of pid "$first")"
}

@test "namespaces: a mount namespace by path" {
	helper unshare -m --propagation private sleep 1000
	eventually eval '[ "$(ns_of mnt '$!')" != "$(ns_of mnt)" ]'
	inside "$show_ns" ".linux.namespaces |= map(if .type == \"mount\" then .path = \"/proc/$!/ns/mnt\" else . end)"
	same "$(of mnt)" "$(ns_of mnt $!)"
	run ! grep "$work" /proc/self/mountinfo
}

@test "namespaces: what is not one, or not of the kind" {
	touch "$work/file"
	refused "linux.namespaces: network namespace '$work/none'" 'echo started' '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "$work/none"
	refused "'$work/file' is not a network namespace" 'echo started' '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "$work/file"
	refused "'/proc/self/ns/ipc' is not a network namespace" 'echo started' '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/ipc"'
	refused 'linux.namespaces' 'echo started' '.linux.namespaces += [{"type": "network"}]'
	refused 'linux.namespaces' 'echo started' '.linux.namespaces += [{"type": "net"}]'
}

@test "hostname and domainname" {
	before=$(hostname)
	inside 'hostname; cat /proc/sys/kernel/domainname' '.hostname = "ring.wall" | .domainname = "example.test"'
	same "$output" $'ring.wall\nexample.test'
	same "$(hostname)" "$before"
	refused 'hostname: needs a uts namespace' 'echo started' '.linux.namespaces |= map(select(.type != "uts")) | .hostname = "x"'
	refused 'hostname' 'echo started' '.hostname = ("x" * 65)'
}

@test "timeOffsets: boottime and monotonic clocks begin elsewhere" {
	inside 'cut -d . -f 1 /proc/uptime; tr -s " " </proc/self/timens_offsets' '.linux.namespaces += [{"type": "time"}] |
		.linux.timeOffsets = {"boottime": {"secs": 864000, "nanosecs": 5}, "monotonic": {"secs": 1000, "nanosecs": 999999999}}'
	host=$(cut -d . -f 1 /proc/uptime)
	((lines[0] >= host + 864000 - 30 && lines[0] <= host + 864000 + 1))
	same "${lines[1]} ${lines[2]}" 'monotonic 1000 999999999 boottime 864000 5'
	# Exec is in the same time.
	config 'exec sleep 1000' '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets.boottime.secs = 864000'
	start "$id"
	(($(rw exec "$id" cut -d . -f 1 /proc/uptime) >= host + 864000))
	rw delete --force "$id"
	refused 'linux.timeOffsets: needs a time namespace' 'echo started' '.linux.timeOffsets.boottime.secs = 1'
	refused 'linux.timeOffsets' 'echo started' '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets.realtime.secs = 1'
	# Before the machine was started nothing can be: the kernel's answer.
	refused 'linux.timeOffsets' 'echo started' '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets.boottime.secs = -99999999'
}

@test "mappings: root inside is not root outside, and root's files are nobody's" {
	mkdir -m 777 "$rootfs/shared"
	inside 'id -u; id -g; stat -c "%u:%g" /etc/passwd; touch /shared/f; stat -c "%u:%g" /shared/f /proc/self/; cat /proc/self/setgroups; tr -s " " </proc/self/uid_map
		tr -s " " </proc/self/gid_map; touch /etc/new 2>&1; true' "$userns"
	same "$output" '0
0
65534:65534
0:0
0:0
allow
 0 100000 65536
 0 200000 65536
touch: /etc/new: Permission denied'
	same "$(stat -c %u:%g "$rootfs/shared/f")" 100000:200000
}

@test "mappings: several ranges; a user of each, and one of none" {
	map='.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 10},
		{"containerID": 1000, "hostID": 0, "size": 1}, {"containerID": 5000, "hostID": 300000, "size": 2}] | .linux.gidMappings = .linux.uidMappings'
	inside 'id -u; id -G; stat -c "%u" /etc/passwd' "$map | .process.user = {\"uid\": 5001, \"gid\": 9, \"additionalGids\": [1, 1000]}"
	same "$output" $'5001\n9 1000 1\n1000' # sorted by what they are on the host
	refused 'process.user.uid: setresuid 10 (not mapped in the user namespace)' 'echo started' "$map | .process.user.uid = 10"
	refused 'process.user.gid: setresgid 4999 (not mapped in the user namespace)' 'echo started' "$map | .process.user.gid = 4999"
	refused 'process.user.additionalGids' 'echo started' "$map | .process.user.additionalGids = [10]"
	refused 'linux.uidMappings' 'echo started' "$map | del(.linux.uidMappings)"
	refused 'linux.uidMappings: needs a user namespace' 'echo started' '.linux.uidMappings = [{"containerID": 0, "hostID": 1, "size": 1}]'
	refused 'linux.uidMappings[0].size' 'echo started' "$map | .linux.uidMappings[0].size = 0"
	# What only the kernel finds: ranges that overlap.
	refused 'uid_map of the container' 'echo started' "$map | .linux.uidMappings[1].containerID = 5"
}

@test "mappings: a user namespace's root may mount, set its hostname, use the devices; the rest is the host's" {
	inside 'mount -t tmpfs none /tmp && echo mounted; hostname other && hostname; echo x >/dev/null; head -c 3 /dev/zero | wc -c; ls -ln /dev/null | tr -s " " | cut -d " " -f 3-4
		mknod /tmp/n c 1 3 2>&1; echo 1 2>/dev/null >/proc/sysrq-trigger || echo no sysrq; cat /proc/self/oom_score_adj; umount /proc/acpi 2>&1 | head -n 1' "$userns |
		.process.capabilities |= map_values([\"CAP_SYS_ADMIN\", \"CAP_MKNOD\", \"CAP_NET_ADMIN\"])"
	same "${lines[0]}" mounted
	same "${lines[1]}" other
	same "${lines[2]}" 3
	same "${lines[3]}" '65534 65534'
	[[ ${lines[4]} == *'Operation not permitted' ]]
	same "${lines[5]}" 'no sysrq'
}

@test "mappings: exec is in the user namespace too" {
	config 'exec sleep 1000' "$userns | .process.user.uid = 7"
	start "$id"
	same "$(rw exec "$id" id -u)" 7
	same "$(rw exec -u 0:3 "$id" sh -c 'id -u; id -g; readlink /proc/self/ns/user')" "$(printf '0\n3\n%s' "$(ns_of user "$(pid_of "$id")")")"
	helper "$RINGWALL" --root "$work/root" exec -u 5 "$id" sleep 1001
	eventually eval '[ "$(rw ps -f json "$id" | jq length)" = 2 ]'
	same "$(rw ps -f json "$id" | jq -r '.[]' | xargs -I{} stat -c %u /proc/{} | sort | tr '\n' ' ')" '100005 100007 '
}

# JSON of linux.devices elements: TYPE PATH MAJOR MINOR [MORE]
d() { echo "{\"type\": \"$1\", \"path\": \"$2\", \"major\": $3, \"minor\": $4${5:+, $5}}"; }

@test "devices: the specification's own, and its links" {
	inside 'cd /dev; for n in null zero full random urandom tty; do stat -c "%n %F %a %u:%g %t:%T" $n; done; for l in fd stdin stdout stderr core ptmx; do echo $l $(readlink $l); done
		head -c 2 /dev/zero | xxd -p; echo x 2>&1 >/dev/full; head -c 5 /dev/urandom | wc -c; ls /dev | tr "\n" " "; true'
	same "$output" 'null character special file 666 0:0 1:3
zero character special file 666 0:0 1:5
full character special file 666 0:0 1:7
random character special file 666 0:0 1:8
urandom character special file 666 0:0 1:9
tty character special file 666 0:0 5:0
fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
core /proc/kcore
ptmx pts/ptmx
0000
sh: write error: No space left on device
5
core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero '
}

@test "devices: kinds, modes, owners, directories" {
	inside 'stat -c "%n %F %a %u:%g %t:%T" /dev/char /dev/block /dev/pipe /dev/un /dev/a/b/c /opt/x/node /dev/null /dev; cat /dev/null' \
		".linux.devices = [$(d c /dev/char 120 7 '"fileMode": 432, "uid": 12, "gid": 34'), $(d b /dev/block 121 300),
		{\"type\": \"p\", \"path\": \"/dev/pipe\", \"fileMode\": 384}, $(d u /dev/un 120 8), $(d c /dev/a/b/c 4095 1048575 '"fileMode": 8624'),
		$(d c /opt/x/node 120 1 '"uid": 5'), $(d c /dev/null 1 3 '"fileMode": 438, "gid": 9')]"
	same "$output" '/dev/char character special file 660 12:34 78:7
/dev/block block special file 666 0:0 79:12c
/dev/pipe fifo 600 0:0 0:0
/dev/un character special file 666 0:0 78:8
/dev/a/b/c character special file 660 0:0 fff:fffff
/opt/x/node character special file 666 5:0 78:1
/dev/null character special file 666 0:9 1:3
/dev directory 755 0:0 0:0'
}

@test "devices: what the image has already: the same is fine, another is not" {
	mkdir "$rootfs/opt"
	mknod "$rootfs/opt/node" c 120 7
	inside 'stat -c "%F %t:%T" /opt/node' ".linux.devices = [$(d c /opt/node 120 7)]"
	same "$output" 'character special file 78:7'
	# And stays whose it is: a /dev that is bound from the host has the host's
	inside 'echo ran' ".linux.devices = [$(d c /opt/node 120 7 '"fileMode": 432, "uid": 12, "gid": 34')]"
	same "$(stat -c '%u:%g' "$rootfs/opt/node")" 0:0
	refused "device '/opt/node'" 'echo started' ".linux.devices = [$(d c /opt/node 120 8)]"
	refused "device '/opt/node'" 'echo started' ".linux.devices = [$(d b /opt/node 120 7)]"
	rm "$rootfs/opt/node"
	touch "$rootfs/opt/node"
	refused "device '/opt/node'" 'echo started' ".linux.devices = [$(d c /opt/node 120 7)]"
	ln -sf /dev/null "$rootfs/opt/node"
	refused "device '/opt/node'" 'echo started' ".linux.devices = [$(d c /opt/node 120 7)]"
	refused 'linux.devices[0].major' 'echo started' '.linux.devices = [{"type": "c", "path": "/dev/x"}]'
	refused 'linux.devices[0].type' 'echo started' ".linux.devices = [$(d d /dev/x 1 1)]"
	refused 'linux.devices[0].path' 'echo started' ".linux.devices = [$(d c dev/x 1 1)]"
}

@test "devices: a link in the image leads no node out" {
	disk
	mkdir "$disk/outside"
	ln -s "$disk/outside" "$rootfs/out"
	inside 'ls "$0"' ".linux.devices = [$(d c /out/node 120 7)] | .process.args += [\"$disk/outside\"]"
	same "$output" node
	same "$(ls "$disk/outside")" ''
}

@test "devices: in a user namespace, the host's own node" {
	inside 'stat -c "%t:%T" /dev/fuller; true' "$userns | .linux.devices = [$(d c /dev/full 1 7)]"
	refused "device '/dev/not-on-host'" 'echo started' "$userns | .linux.devices = [$(d c /dev/not-on-host 1 3)]"
	# /dev/zero by number is not what the host has under that name.
	refused "is not device c 1:5" 'echo started' "$userns | .linux.devices = [$(d c /dev/full 1 5)]"
}

@test "sysctl: inside, not on the host" {
	msgmax=$(cat /proc/sys/kernel/msgmax)
	inside 'cd /proc/sys; cat net/ipv4/ip_default_ttl kernel/msgmax net/ipv4/conf/lo/accept_local kernel/domainname; tr "\t" " " <kernel/sem' '.linux.sysctl = {
		"net.ipv4.ip_default_ttl": "77", "kernel.msgmax": "12345", "net/ipv4/conf/lo/accept_local": "1", "kernel.domainname": "by.sysctl",
		"kernel.sem": "250 32000 32 127"}'
	same "$output" $'77\n12345\n1\nby.sysctl\n250 32000 32 127'
	same "$(cat /proc/sys/kernel/msgmax)" "$msgmax"
	# In a user namespace as well: the network namespace is its own.
	inside 'cat /proc/sys/net/ipv4/ip_default_ttl' "$userns | .linux.sysctl = {\"net.ipv4.ip_default_ttl\": \"78\"}"
	same "$output" 78
}

@test "sysctl: refused what would change the host, is not there, or is no value" {
	swappiness=$(cat /proc/sys/vm/swappiness)
	refused 'would change the host: it belongs to no namespace' 'echo started' '.linux.sysctl["vm.swappiness"] = "1"'
	refused 'would change the host' 'echo started' '.linux.sysctl["kernel.core_pattern"] = "|/tmp/x"'
	refused 'would change the host: needs a new network namespace' 'echo started' "$only only([\"mount\", \"pid\", \"ipc\", \"uts\"]) | .linux.sysctl[\"net.ipv4.ip_forward\"] = \"1\""
	refused 'would change the host: needs a new ipc namespace' 'echo started' "$only only([\"mount\", \"network\"]) | .linux.sysctl[\"kernel.shmmax\"] = \"1\""
	refused 'has a field of its own: hostname' 'echo started' '.linux.sysctl["kernel.hostname"] = "x"'
	refused 'not the name of a sysctl' 'echo started' '.linux.sysctl["net.ipv4.../../../vm/swappiness"] = "1"'
	refused 'linux.sysctl' 'echo started' '.linux.sysctl["net/../vm/swappiness"] = "1"'
	refused "linux.sysctl 'net.no.such'" 'echo started' '.linux.sysctl["net.no.such"] = "1"'
	refused "linux.sysctl 'net.ipv4.ip_default_ttl'" 'echo started' '.linux.sysctl["net.ipv4.ip_default_ttl"] = "many"'
	same "$(cat /proc/sys/vm/swappiness)" "$swappiness"
}

@test "personality: LINUX32 is seen by uname, in exec too" {
	[ "$(uname -m)" = x86_64 ] || skip "not x86_64"
	config 'uname -m; exec sleep 1000' '.linux.personality = {"domain": "LINUX32"}'
	start "$id"
	eventually grep -q . "$work/out"
	same "$(cat "$work/out")" i686
	same "$(rw exec "$id" uname -m)" i686
	rw delete --force "$id"
	inside 'uname -m' '.linux.personality = {"domain": "LINUX"}'
	same "$output" x86_64
	refused linux.personality.domain 'echo started' '.linux.personality = {"domain": "BSD"}'
	refused linux.personality.flags 'echo started' '.linux.personality = {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}'
}

@test "memoryPolicy: modes, nodes, flags" {
	[ -e /sys/devices/system/node/node0 ] || skip "a kernel without NUMA"
	for m in 'DEFAULT::0x0:0' 'BIND:0:0x2:0x1' 'INTERLEAVE:0:0x3:0x1' 'PREFERRED:0:0x1:0x1' 'PREFERRED_MANY:0:0x5:0x1' 'LOCAL::0x4:0'; do
		IFS=: read -r mode nodes want mask <<<"$m"
		inside 'probe mempolicy' ".linux.memoryPolicy = {\"mode\": \"MPOL_$mode\"$([ -z "$nodes" ] || echo ", \"nodes\": \"$nodes\"")}"
		same "$output" "mode ${want/0x0/0} nodes $mask"
	done
	inside 'probe mempolicy' '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}'
	same "$output" 'mode 0x8002 nodes 0x1'
	refused linux.memoryPolicy 'echo started' '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "63"}'
	refused linux.memoryPolicy.mode 'echo started' '.linux.memoryPolicy = {"mode": "MPOL_RANDOM", "nodes": "0"}'
	refused linux.memoryPolicy.nodes 'echo started' '.linux.memoryPolicy = {"mode": "MPOL_BIND"}'
}

@test "intelRdt: refused by name where there is no resctrl" {
	mountpoint -q /sys/fs/resctrl && skip "this host has resctrl"
	refused 'linux.intelRdt: no resctrl filesystem is mounted' 'echo started' '.linux.intelRdt = {"closID": "x", "l3CacheSchema": "L3:0=f"}'
	refused 'linux.intelRdt' 'echo started' '.linux.intelRdt = {}'
}

@test "the loopback interface is up, in a network of its own" {
	inside 'ip -o link show | wc -l; ip -o addr show lo | tr -s " " | cut -d " " -f 2-4; ping -c 1 -W 1 127.0.0.1 >/dev/null && echo alive' \
		'.process.capabilities |= map_values(. + ["CAP_NET_RAW"])'
	same "${lines[0]}" 1
	same "${lines[1]}" 'lo inet 127.0.0.1/8'
	same "${lines[-1]}" alive
}

# NAME: an interface of the host that a container may have
interface() {
	ip link add "$1" type dummy 2>/dev/null || ip link add "$1" type veth peer name "${1}p" 2>/dev/null || skip "neither dummy nor veth interfaces here"
	interfaces+=("$1")
}

@test "netDevices: gone from the host, inside with name and addresses" {
	n=rwt$((RANDOM % 10000))
	interface "$n"
	ip addr add 192.0.2.5/24 dev "$n"
	ip link set "$n" up
	config 'ip -o addr show; exec sleep 1000' ".linux.netDevices = {\"$n\": {\"name\": \"inside0\"}}"
	start "$id"
	eventually grep -q inside0 "$work/out"
	grep 'inside0 *inet 192.0.2.5/24' "$work/out"
	run ! ip link show "$n"
	rw exec "$id" ip -o link show inside0 | grep -w UP
	rw delete --force "$id"
	interface "$n-2"
	inside 'ls /sys/class/net | tr "\n" " "' ".linux.netDevices = {\"$n-2\": {}}"
	same "$output" "lo $n-2 "
	# Sysctls come later, and the other separator stands for itself.
	interface "$n-3"
	inside 'cat /proc/sys/net/ipv4/conf/in.3/accept_local' ".linux.netDevices = {\"$n-3\": {\"name\": \"in.3\"}} |
		.linux.sysctl = {\"net.ipv4.conf.in/3.accept_local\": \"1\"}"
	same "$output" 1
}

@test "netDevices: what cannot be moved is refused, and stays" {
	n=rwt$((RANDOM % 10000))
	interface "$n"
	refused "linux.netDevices['none0']" 'echo started' ".linux.netDevices = {\"$n\": {\"name\": \"x0\"}, \"none0\": {}}"
	ip link show "$n"
	refused 'linux.netDevices' 'echo started' ".linux.netDevices = {\"$n\": {\"name\": \"a/b\"}}"
	refused 'linux.netDevices: needs a network namespace' 'echo started' "$only only([\"mount\"]) | .linux.netDevices = {\"$n\": {}}"
	ip link show "$n"
}

@test "a session keyring of its own, unless it is to be the caller's" {
	own=$("$rootfs/bin/probe" keyring)
	inside 'probe keyring'
	[ "$output" -gt 0 ] && [ "$output" != "$own" ]
	run rw run --no-new-keyring -b "$bundle" "$id"
	same "$output" "$own"
	background
	[ "$(rw exec "$id" probe keyring)" != "$own" ]
}

@test "annotations are in the state" {
	config 'exec sleep 1000' '.annotations = {"org.example.key": "a \"value\"", "empty": ""}'
	start "$id"
	rw state "$id" | jq -e '.annotations == {"org.example.key": "a \"value\"", "empty": ""}'
}

@test "members that nobody knows are passed over" {
	inside 'echo fine' '.linux.future = {"a": [1]} | .process.later = true | .windows = {"layerFolders": ["x"]} | .["x-vendor"] = 1'
	same "$output" fine
}
