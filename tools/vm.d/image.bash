# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# The Debian root image for `tools/vm --systemd`: a real systemd as PID 1 and the
# callers of an OCI runtime, in one ext4 file in the cache.  Sourced by tools/vm.

vm_image_packages="systemd-sysv dbus dbus-user-session libpam-systemd systemd-container udev kmod \
	iproute2 iptables procps psmisc util-linux uidmap fuse-overlayfs slirp4netns busybox-static bash \
	ca-certificates jq bats socat strace e2fsprogs python3-minimal bpftool attr libcap2-bin \
	podman conmon containerd docker.io apparmor runc crun criu \
	containernetworking-plugins python3-grpcio protobuf-compiler \
	libseccomp2 libcap2 libbpf1 libsystemd0 libyajl2"

image_chroot() { # ROOT CMD…
	chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "${@:2}"
}

# No daemon starts by itself: the tests start what they need
image_configure() {
	local root=$1 unit
	for unit in docker.service docker.socket containerd.service podman.service podman.socket \
		podman-auto-update.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
		e2scrub_all.timer fstrim.timer e2scrub_reap.service; do
		image_chroot "$root" systemctl disable "$unit"
	done
	image_chroot "$root" systemctl mask getty@tty1.service serial-getty@ttyS0.service serial-getty@hvc0.service \
		systemd-random-seed.service systemd-journal-flush.service
	echo ringwall-vm > "$root/etc/hostname"
	printf '127.0.0.1 localhost ringwall-vm\n' > "$root/etc/hosts"
	rm -f "$root/etc/resolv.conf"
	: > "$root/etc/fstab"
	image_chroot "$root" useradd -m -u 1000 -s /bin/bash user
	image_chroot "$root" passwd -q -d root
}

# shellcheck disable=SC2086 # the packages are a list
image_build() { # FILE
	local root uri
	need debootstrap debootstrap
	say "building the systemd image $1 (first use, some minutes)"
	root=$(mktemp -d "$cache/images/.root.XXXXXX")
	chmod 755 "$root"
	uri=$(mirror_of bookworm)
	{
		debootstrap --variant=minbase bookworm "$root" "$uri" &&
		cp /etc/resolv.conf /etc/hosts "$root/etc/" &&
		cp -r /etc/apt/. "$root/etc/apt/" &&
		printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d" &&
		chmod 755 "$root/usr/sbin/policy-rc.d" &&
		image_chroot "$root" apt-get update &&
		image_chroot "$root" apt-get install -y --no-install-recommends $vm_image_packages &&
		image_chroot "$root" apt-get clean &&
		rm -rf "$root/etc/apt/sources.list.d" "$root/etc/apt/sources.list" "$root/usr/sbin/policy-rc.d" \
			"$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/* &&
		image_configure "$root" &&
		mke2fs -q -F -t ext4 -L root -E root_owner=0:0 -d "$root" "$1.new" 6G
	} > "$cache/images/log" 2>&1 || die "building the image failed: see $cache/images/log"
	rm -rf --one-file-system "$root"
	mv "$1.new" "$1"
}

image_find() { # sets image
	local key
	key=$({ echo "$vm_image_packages"; declare -f image_configure image_build; } | sha256sum | cut -c 1-12)
	mkdir -p "$cache/images"
	image=$cache/images/bookworm-$key.ext4
	[[ -e $image ]] || image_build "$image"
}
