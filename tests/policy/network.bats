#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The network class in containers: each form of rule refused with its errno, counted, and reported with its line; what is allowed is
# allowed; the same acts from the same network namespace outside of any container. More of it, and faster: tests/bpf/test-network*.

load common

network_policy() { # MODE
	cat <<-JSON
	{"version": 1, "mode": "$1", "network": {
	  "resolvers": ["10.0.0.53"],
	  "egress": {"default": "deny", "allow": [
	    {"cidr": "10.1.0.0/16", "proto": "tcp", "ports": [80, "443-450"]},
	    {"cidr": "10.2.0.0/16", "proto": "udp"},
	    {"cidr": "fd01::/16", "proto": "tcp"},
	    {"cidr": "fd02::/16", "proto": "udp"},
	    {"cidr": "10.1.0.0/16", "proto": "icmp"},
	    {"name": "api4.example.com", "proto": "tcp", "ports": [80]},
	    {"name": "api5.example.com", "proto": "tcp", "ports": [80]},
	    {"name": "*.example.org"}],
	  "deny": [
	    {"cidr": "10.1.1.0/24"}]},
	  "ingress": {
	    "default": "deny", "allow": [
	    {"proto": "tcp", "ports": [7000]},
	    {"cidr": "10.9.0.2/32", "proto": "udp", "ports": [7000]}]}}}
	JSON
}

bind_policy='{"version": 1, "network": {
	"bind": {"default": "deny", "allow": [
	{"proto": "tcp", "ports": [7000, "7100-7110"]}],
	"deny": [
	{"ports": [7106]}]}}}'

acts=(tcp tcp_port tcp_denied tcp_elsewhere tcp6 tcp6_elsewhere tcp_mapped tcp_mapped_elsewhere udp udp_elsewhere udp_protocol
	udp_connected udp_connected_elsewhere udp6 udp6_elsewhere ping ping_elsewhere raw raw_elsewhere source_route unresolved name
	name_port wildcard name_elsewhere)
binds=(bind bind_range bind_any bind_denied bind_elsewhere bind_protocol)

# Two network namespaces: $in is the containers', $out has every address of 10.0.0.0/8 and fd00::/8.
networks() {
	in=rw-in-$$ out=rw-out-$$
	printf 'in=%s out=%s\n' $in $out >"$work/networks"
	ip netns add $in
	ip netns add $out
	ip -n $in link add in type veth peer name out netns $out
	ip -n $in link set lo up
	ip -n $out link set lo up
	ip -n $in addr add 10.9.0.1/16 dev in
	ip -n $in addr add fd09::1/64 dev in nodad
	ip -n $out addr add 10.9.0.2/16 dev out
	ip -n $out addr add fd09::2/64 dev out nodad
	ip -n $in link set in up
	ip -n $out link set out up
	ip -n $out route add local 10.0.0.0/8 dev lo
	ip -n $out route add local fd00::/8 dev lo
	ip -n $out route add 10.9.0.1 dev out table local
	ip -n $out route add fd09::1 dev out table local
	ip -n $in route add default via 10.9.0.2
	ip -n $in route add default via fd09::2
}

# FILE: a server has said "ready" there
wait_ready() {
	for ((i = 0; i < 300; i++)); do
		grep -q ready "$1" && return
		sleep 0.1
	done
	echo "no server: $(cat "$1")"
	return 1
}

# NAME FILE ACT…: from that network namespace
from() {
	ip netns exec "$1" "$work/image/bin/act-network" "${@:3}" >>"$work/$2.act-network" 2>&1 3>&- </dev/null
}

setup_file() {
	policy_setup_file
	((EUID == 0)) || return 0
	networks
	helper ip netns exec $out "$work/image/bin/act-network" serve >"$work/serve"
	wait_ready "$work/serve"
	local net=".linux.namespaces |= map(if .type == \"network\" then .path = \"/run/netns/$in\" else . end)
		| .process.capabilities |= map_values([\"CAP_NET_RAW\", \"CAP_NET_BIND_SERVICE\"])"
	confine deny "$(network_policy enforce)" "$net"
	confine audit "$(network_policy audit)" "$net"
	confine binds "$bind_policy" "$net"
	[ ! -e "$work/unsupported" ] || return 0
	from $in outside "${acts[@]}" "${binds[@]}"
	inside deny act-network "${acts[@]}"
	inside audit act-network "${acts[@]}"
	inside binds act-network "${binds[@]}"
	helper "$RINGWALL" --root "$work/root" exec deny /bin/act-network listen >"$work/listen" 2>&1
	wait_ready "$work/listen"
	from $out into into into_port into_udp into_udp_port into6
	local name
	for name in deny audit binds; do
		events $name
	done
}

setup() { policy_setup; }

teardown_file() {
	[ -e "$work/networks" ] && . "$work/networks"
	policy_teardown_file
	[ -z "${in-}" ] || { ip netns del $in; ip netns del $out; }
}

@test "what is refused works outside" {
	got outside act-network tcp=ok tcp_port=ECONNREFUSED tcp_denied=ok tcp_elsewhere=ok tcp6=ok tcp6_elsewhere=ok tcp_mapped=ok \
		tcp_mapped_elsewhere=ok udp=ok udp_elsewhere=ok udp_protocol=ok udp_connected=ok udp_connected_elsewhere=ok udp6=ok \
		udp6_elsewhere=ok ping=ok ping_elsewhere=ok raw=ok raw_elsewhere=ok source_route=ok unresolved=ok name=ok \
		name_port=ECONNREFUSED wildcard=ok name_elsewhere=ok
}

@test "egress: addresses, protocols, ports" {
	got deny act-network tcp=ok tcp_port=EPERM tcp_denied=EPERM tcp_elsewhere=EPERM udp=ok udp_elsewhere=EPERM udp_protocol=EPERM \
		udp_connected=ok udp_connected_elsewhere=EPERM
	event deny egress "tcp 10.1.0.1:81" EPERM deny.json:3
	event deny egress "tcp 10.1.1.1:80" EPERM deny.json:13
	event deny egress "tcp 10.3.0.1:80" EPERM deny.json:3
	event deny egress "udp 10.1.0.1:80" EPERM deny.json:3
	counted deny egress "10.1.1.0/24" 1 deny.json:13
	no_event deny egress "tcp 10.1.0.1:80"
	no_event deny egress "udp [fd02::1]"
}

@test "egress: IPv6, and IPv4 by sockets of IPv6" {
	got deny act-network tcp6=ok tcp6_elsewhere=EPERM tcp_mapped=ok tcp_mapped_elsewhere=EPERM udp6=ok udp6_elsewhere=EPERM
	event deny egress "tcp [fd03::1]:80" EPERM deny.json:3
	event deny egress "udp [fd03::1]:80" EPERM deny.json:3
}

@test "egress: raw sockets, icmp, source routes" {
	got deny act-network ping=ok ping_elsewhere=EPERM raw=ok raw_elsewhere=EPERM source_route=EPERM
	event deny egress "icmp 10.3.0.1" EPERM deny.json:3
	event deny egress "udp 10.3.0.1:80" EPERM deny.json:3
	event deny egress "udp 10.2.0.1:80" EPERM deny.json:3 # where it is allowed to go, but not by way of
}

@test "egress: names" {
	got deny act-network unresolved=EPERM name=ok name_port=EPERM wildcard=ok name_elsewhere=EPERM
	event deny egress "tcp 10.5.0.4:80" EPERM deny.json:3
	event deny egress "tcp 10.5.0.5:81" EPERM deny.json:3
	event deny egress "tcp 10.5.0.7:80" EPERM deny.json:3
	no_event deny egress "tcp 10.5.0.6:80"
}

@test "ingress" {
	got into act-network into=ok into_port=ETIMEDOUT into_udp=ok into_udp_port=ETIMEDOUT into6=ok
	event deny ingress "tcp 10.9.0.2:7001" EPERM deny.json:15
	event deny ingress "udp 10.9.0.2:7001" EPERM deny.json:15
	no_event deny ingress "tcp 10.9.0.2:7000"
}

@test "bind" {
	got outside act-network bind=ok bind_range=ok bind_any=ok bind_denied=ok bind_elsewhere=ok bind_protocol=ok
	got binds act-network bind=ok bind_range=ok bind_any=ok bind_denied=EPERM bind_elsewhere=EPERM bind_protocol=EPERM
	event binds bind "tcp 0.0.0.0:7106" EPERM binds.json:5
	event binds bind "tcp 0.0.0.0:7200" EPERM binds.json:2
	event binds bind "udp 0.0.0.0:7105" EPERM binds.json:2
	counted binds bind "" 3
}

@test "audit: allowed, and reported" {
	got audit act-network tcp=ok tcp_port=ECONNREFUSED tcp_denied=ok tcp_elsewhere=ok tcp6_elsewhere=ok tcp_mapped_elsewhere=ok \
		udp_elsewhere=ok udp_protocol=ok udp_connected_elsewhere=ok udp6_elsewhere=ok ping_elsewhere=ok raw_elsewhere=ok \
		unresolved=ok name=ok wildcard=ok name_elsewhere=ok
	event audit egress "tcp 10.1.1.1:80" - audit.json:13 audited
	event audit egress "tcp 10.3.0.1:80" - audit.json:3 audited
	no_event audit egress "tcp 10.1.0.1:80"
}
