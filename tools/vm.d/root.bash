# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Debian root filesystems with a systemd and the callers of an OCI runtime, one per suite, in the
# cache: what `tools/vm --systemd` makes its disk of, and what `tests/callers/run --debian` runs in.
# Never written to after they are made.  Sourced after kernel.bash, by what defines $cache, say() and die().

root_suites="bookworm trixie sid"

# In all of them
root_packages="systemd-sysv dbus dbus-user-session libpam-systemd systemd-container udev kmod \
	iproute2 iptables procps psmisc util-linux uidmap fuse-overlayfs slirp4netns busybox-static bash \
	ca-certificates jq bats socat strace e2fsprogs python3-minimal bpftool attr libcap2-bin \
	podman conmon containerd docker.io apparmor runc crun criu \
	containernetworking-plugins python3-grpcio protobuf-compiler \
	libseccomp2 libcap2 libbpf1 libsystemd0 libyajl2"

# Besides those, from trixie on: what became packages of their own, and what the callers only recommend
root_packages_newer="docker-cli docker-buildx docker-compose passt netavark aardvark-dns nftables \
	buildah catatonit tini mount passwd login bsdutils"

# In bookworm, what the callers only recommend
root_packages_bookworm="docker-compose buildah catatonit tini"

root_packages_of() { # SUITE
	[[ $1 == bookworm ]] && echo "$root_packages $root_packages_bookworm" || echo "$root_packages $root_packages_newer"
}

root_chroot() { # ROOT CMD…
	chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "${@:2}"
}

# No daemon starts by itself: the tests start what they need
root_configure() {
	local root=$1 unit
	for unit in docker.service docker.socket containerd.service podman.service podman.socket \
		podman-auto-update.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
		e2scrub_all.timer fstrim.timer e2scrub_reap.service; do
		root_chroot "$root" systemctl disable "$unit"
	done
	root_chroot "$root" systemctl mask getty@tty1.service serial-getty@ttyS0.service serial-getty@hvc0.service \
		systemd-random-seed.service systemd-journal-flush.service
	echo ringwall-vm > "$root/etc/hostname"
	printf '127.0.0.1 localhost ringwall-vm\n' > "$root/etc/hosts"
	rm -f "$root/etc/resolv.conf"
	: > "$root/etc/fstab"
	root_chroot "$root" useradd -m -u 1000 -s /bin/bash user
	root_chroot "$root" passwd -q -d root
}

# The host's settings of apt, but the suite's own sources and no others
root_apt() { # SUITE ROOT
	cp /etc/resolv.conf /etc/hosts "$2/etc/" &&
		cp -r /etc/apt/apt.conf.d "$2/etc/apt/" &&
		rm -rf "$2/etc/apt/sources.list" "$2"/etc/apt/sources.list.d/* &&
		cp "$cache/apt/$1/suite.sources" "$2/etc/apt/sources.list.d/" &&
		cp /usr/share/keyrings/debian-archive-keyring.gpg "$2/usr/share/keyrings/"
}

# shellcheck disable=SC2046 # the packages are a list
root_build() { # SUITE DIR
	local suite=$1 new=$cache/roots/.$1 uri
	need debootstrap debootstrap
	say "building a root filesystem of $suite, $2 (first use, some minutes)"
	suite_prepare "$suite"
	uri=$(mirror_of "$suite")
	uri=${uri:-$(mirror_of bookworm)}
	rm -rf --one-file-system "$new"
	mkdir "$new"
	{
		debootstrap --variant=minbase "$suite" "$new" "$uri" &&
		root_apt "$suite" "$new" &&
		printf '#!/bin/sh\nexit 101\n' > "$new/usr/sbin/policy-rc.d" &&
		chmod 755 "$new/usr/sbin/policy-rc.d" &&
		root_chroot "$new" apt-get update &&
		root_chroot "$new" apt-get upgrade -y &&
		root_chroot "$new" apt-get install -y --no-install-recommends $(root_packages_of "$suite") &&
		root_chroot "$new" apt-get clean &&
		rm -rf "$new/etc/apt/sources.list.d" "$new/usr/sbin/policy-rc.d" \
			"$new"/var/lib/apt/lists/* "$new"/usr/share/{doc,man,locale}/* &&
		root_configure "$new"
	} > "$cache/roots/$suite.log" 2>&1 || die "building it failed: see $cache/roots/$suite.log"
	mv "$new" "$2"
}

# root_find SUITE: sets root; one builds, the others wait for it
root_find() {
	local key lock
	[[ " $root_suites " == *" $1 "* ]] || die "no Debian suite '$1': there are $root_suites"
	key=$({ root_packages_of "$1"; declare -f root_apt root_configure root_build; } | sha256sum | cut -c 1-12)
	root=$cache/roots/$1-$key
	[[ -d $root ]] && return
	mkdir -p "$cache/roots"
	exec {lock}> "$cache/roots/$1.lock"
	flock "$lock"
	[[ -d $root ]] || root_build "$1" "$root"
	exec {lock}>&-
}
