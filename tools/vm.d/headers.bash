# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Headers of the kernels of kernel.bash, to build a module with: fetched and
# unpacked into the cache the same way, never installed.  Sourced by
# tools/kmod-build after kernel.bash; the same variables and functions.

# The versioned packages that hold what a module is built with.  The compiler
# that they ask for is not among them: this host's own is used.
suite_header_packages() { # SUITE
	local todo=linux-headers-amd64 pkg found=
	while [[ $todo ]]; do
		read -r pkg todo <<< "$todo"
		[[ " $found " == *" $pkg "* ]] && continue
		[[ $pkg == linux-headers-amd64 ]] || found+=" $pkg"
		todo+=" $(suite_apt "$1" apt-cache depends --no-recommends --no-suggests "$pkg" |
			awk '$1 ~ /Depends:$/ && $2 ~ /^linux-(headers|kbuild)-[0-9]/ { printf " %s", $2 }')"
		todo=${todo# }
	done
	echo "$found"
}

# The packages' symlinks and makefiles name absolute paths; here they are below ROOT.
headers_relocate() { # ROOT FINAL
	local root=$1 final=$2 link target file
	while read -r -d '' link; do
		target=$(readlink "$link")
		[[ $target == /* && -e $root$target ]] && ln -sfn "$final$target" "$link"
	done < <(find "$root" -type l -print0)
	while read -r file; do
		sed -i -E "s,(^|[^A-Za-z0-9_./])/usr/(src/linux-headers-|lib/linux-kbuild-),\1$final/usr/\2,g" "$file"
	done < <(grep -rIlE '(^|[^A-Za-z0-9_./])/usr/(src/linux-headers-|lib/linux-kbuild-)' \
		--include=Makefile --include='*.mk' --include='.config' --include=.kernelvariables "$root/usr/src")
}

# The programs among them may want a newer libc than this host's: that is fetched too, for them alone, and each program
# becomes a script that starts it with that libc's loader.
headers_libc() { # ROOT FINAL SUITE
	local root=$1 final=$2 file lib=usr/lib/x86_64-linux-gnu
	local -a old
	mapfile -t old < <(find "$root/usr/lib" -type f -perm /111 | while read -r file; do
		LC_ALL=C ldd "$file" 2>&1 | grep -q "GLIBC_.* not found" && echo "$file"
	done)
	((${#old[@]})) || return 0
	(cd "$root" && suite_apt "$3" apt-get download libc6) >> "$root/log" 2>&1 ||
		die "download of libc6 failed: $(tail -n 3 "$root/log")"
	dpkg -x "$root"/libc6_*.deb "$root/libc"
	rm "$root"/libc6_*.deb
	for file in "${old[@]}"; do
		mv "$file" "$file.bin"
		# shellcheck disable=SC2016 # the script's
		printf '#!/bin/sh\nexec %s --library-path %s "$0.bin" "$@"\n' \
			"$final/libc/$lib/ld-linux-x86-64.so.2" "$final/libc/$lib" > "$file"
		chmod 755 "$file"
	done
}

# headers_fetch NAME SUITE: into $cache/headers/NAME, with `build` to give to make -C
headers_fetch() {
	local name=$1 suite=$2 dir=$cache/headers/$1 tmp deb
	local -a packages
	say "fetching the headers of kernel $name from $suite into $dir (first use)"
	mkdir -p "$cache/headers"
	suite_prepare "$suite"
	tmp=$(mktemp -d "$cache/headers/.fetch.XXXXXX")
	read -ra packages <<< "$(suite_header_packages "$suite")"
	(cd "$tmp" && suite_apt "$suite" apt-get download "${packages[@]}") > "$tmp/log" 2>&1 ||
		die "download of ${packages[*]} failed: $(tail -n 3 "$tmp/log")"
	for deb in "$tmp"/*.deb; do
		dpkg -x "$deb" "$tmp"
		rm "$deb"
	done
	headers_relocate "$tmp" "$dir"
	headers_libc "$tmp" "$dir" "$suite"
	(cd "$tmp" && ln -s "$(find usr/src -maxdepth 1 -name 'linux-headers-*-amd64')" build)
	chmod 755 "$tmp"
	rm -rf "$dir"
	mv "$tmp" "$dir"
}
