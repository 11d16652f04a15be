# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# The disk of `tools/vm --systemd`: a root filesystem of root.bash in one ext4 file.  Sourced by tools/vm after that.

image_find() { # SUITE: sets image
	local lock
	root_find "$1"
	image=$cache/images/${root##*/}.ext4
	[[ -e $image ]] && return
	mkdir -p "$cache/images"
	exec {lock}> "$cache/images/$1.lock"
	flock "$lock"
	if [[ ! -e $image ]]; then
		mke2fs -q -F -t ext4 -L root -E root_owner=0:0 -d "$root" "$image.new" 6G > "$cache/images/log" 2>&1 ||
			die "making the image failed: see $cache/images/log"
		mv "$image.new" "$image"
	fi
	exec {lock}>&-
}
