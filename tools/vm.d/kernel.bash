# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# Kernels for tools/vm: fetched from the Debian mirror this host already uses
# and unpacked into the cache, never installed (a trixie or sid package must
# not reach the host's libc).  Sourced by tools/vm, which defines $cache,
# say() and die().

# One row per kernel: name, suite, meta package.  6.1 is the host suite's own.
vm_kernels="
6.1	bookworm		linux-image-amd64
6.12	bookworm-backports	linux-image-amd64
7.2	sid			linux-image-amd64
"

# Loaded by the initramfs, in this order, with what they depend on.
# netfs, fscache and so on come by modprobe's own resolution.
vm_boot_modules="virtio_pci virtio_blk virtio_console virtio_rng ext4 9pnet_virtio 9p overlay loop"

kernel_names() {
	awk 'NF { printf "%s%s", sep, $1; sep = ", " }' <<< "$vm_kernels"
}

need() { # PROGRAM PACKAGE: installed on first use
	command -v "$1" > /dev/null && return
	say "installing $2"
	mkdir -p "$cache"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
		-o DPkg::Lock::Timeout=300 "$2" > "$cache/install.log" 2>&1 ||
		die "apt-get install $2 failed: $(tail -n 2 "$cache/install.log")"
}

# apt with SUITE only, and lists and archives of its own
suite_apt() {
	local suite=$1 dir=$cache/apt/$1 tool=$2
	shift 2
	"$tool" -q -o Dir::Etc::sourcelist="$dir/suite.sources" -o Dir::Etc::sourceparts=/nonexist \
		-o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User=root "$@"
}

# The mirror's address is taken from this host's apt, whatever form its sources
# have, so that no address stands in this repository: the suite's own, else another
# Debian suite's.  Security updates have a mirror of their own.
mirror_of() { # SUITE
	apt-get indextargets --format "\$(RELEASE) \$(REPO_URI) \$(ORIGIN)" 'Created-By: Packages' |
		awk -v suite="$1" '
			$1 == suite && !own { own = $2 }
			$3 == "Debian" && ($1 ~ /-security$/) == (suite ~ /-security$/) && !other { other = $2 }
			END { print own ? own : other }'
}

suite_prepare() {
	local dir=$cache/apt/$1 suite uri suites=$1
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	[[ $1 == bookworm ]] && suites="bookworm bookworm-updates bookworm-security"
	for suite in $suites; do
		uri=$(mirror_of "$suite")
		[[ $uri ]] || die "apt has no Debian source to take a mirror of $suite from; after adding one: apt-get update"
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' "$uri" "$suite" \
			/usr/share/keyrings/debian-archive-keyring.gpg
	done > "$dir/suite.sources"
	suite_apt "$1" apt-get update > "$dir/log" 2>&1 ||
		die "apt-get update for $1 failed: $(tail -n 3 "$dir/log")"
}

# The versioned packages that META stands for: 6.x has one image package,
# 7.2 splits it into image, binary, modules and base.
suite_kernel_packages() {
	local suite=$1 todo=$2 pkg found=
	while [[ $todo ]]; do
		read -r pkg todo <<< "$todo"
		[[ " $found " == *" $pkg "* ]] && continue
		found+=" $pkg"
		todo+=" $(suite_apt "$suite" apt-cache depends --no-recommends --no-suggests "$pkg" |
			awk '$1 ~ /Depends:$/ && $2 ~ /^linux-(image|binary|modules|base)-[0-9]/ { printf " %s", $2 }')"
		todo=${todo# }
	done
	echo "$found"
}

# kernel_fetch NAME SUITE META: into $cache/kernels/NAME
kernel_fetch() {
	local name=$1 suite=$2 meta=$3 dir=$cache/kernels/$1 tmp deb version
	local -a packages
	say "fetching kernel $name from $suite into $dir (first use)"
	suite_prepare "$suite"
	tmp=$(mktemp -d "$cache/kernels/.fetch.XXXXXX")
	read -ra packages <<< "$(suite_kernel_packages "$suite" "$meta")"
	(cd "$tmp" && suite_apt "$suite" apt-get download "${packages[@]}") > "$tmp/log" 2>&1 ||
		die "download of ${packages[*]} failed: $(tail -n 3 "$tmp/log")"
	mkdir "$tmp/root"
	for deb in "$tmp"/*.deb; do
		dpkg -x "$deb" "$tmp/root"
		rm "$deb"
	done
	# merged /usr: sid puts modules under /usr/lib
	if [[ ! -d $tmp/root/lib/modules && -d $tmp/root/usr/lib/modules ]]; then
		mkdir -p "$tmp/root/lib"
		mv "$tmp/root/usr/lib/modules" "$tmp/root/lib/modules"
	fi
	version=$(cd "$tmp/root/lib/modules" && echo *)
	cp "$(find "$tmp/root" -name "vmlinuz*" -type f | head -n 1)" "$tmp/vmlinuz"
	mv "$tmp/root/lib" "$tmp/lib"
	rm -rf "$tmp/root"
	depmod -b "$tmp" "$version"
	echo "$version" > "$tmp/version"
	chmod 755 "$tmp"
	rm -rf "$dir"
	mv "$tmp" "$dir"
}

# kernel_find KERNEL: sets vmlinuz, modules (…/lib/modules/VERSION) and version
kernel_find() {
	local name suite meta
	while read -r name suite meta; do
		[[ $name == "$1" ]] || continue
		[[ -e $cache/kernels/$name/version ]] || kernel_fetch "$name" "$suite" "$meta"
		version=$(< "$cache/kernels/$name/version")
		vmlinuz=$cache/kernels/$name/vmlinuz
		modules=$cache/kernels/$name/lib/modules/$version
		return
	done <<< "$vm_kernels"
	[[ -f $1 ]] || die "kernel '$1' is none of $(kernel_names), and no file"
	vmlinuz=$(realpath "$1")
	version=$(file -b -L "$vmlinuz" | sed -n 's/.*version \([^ ]*\).*/\1/p')
	[[ $version ]] || die "$1: not a bzImage that file(1) knows"
	for modules in "${vmlinuz%/*}/../lib/modules/$version" "${vmlinuz%/*}/lib/modules/$version" \
		"/lib/modules/$version"; do
		[[ -d $modules ]] && break
	done
	[[ -d $modules ]] || die "no modules of $version beside $1 or in /lib/modules"
	modules=$(realpath "$modules")
}

# initramfs_make: sets initrd; built once per kernel and kept with a digest of its parts
initramfs_make() {
	local dir file n=0 key
	key=$({ echo "$version $vm_boot_modules"; stat -c '%Y %s' "$vmlinuz" /bin/busybox
		cat "$here/vm.d/initramfs-init"; } | sha256sum | cut -c 1-12)
	initrd=$cache/initrd/$version-$key
	[[ -e $initrd ]] && return
	mkdir -p "$cache/initrd"
	dir=$(mktemp -d "$cache/initrd/.make.XXXXXX")
	mkdir -p "$dir"/{bin,dev,proc,sys,run,lower,upper,new,modules}
	cp /bin/busybox "$dir/bin/busybox"
	cp "$here/vm.d/initramfs-init" "$dir/init"
	chmod 755 "$dir/init"
	for file in $vm_boot_modules; do
		modprobe -d "${modules%/lib/modules/*}" -S "$version" --show-depends "$file" 2>/dev/null ||
			say "kernel $version has no module $file: taken for built in"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		n=$((n + 1))
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -dc "$file" ;;
		*.gz) gzip -dc "$file" ;;
		*) cat "$file" ;;
		esac > "$dir/modules/$(printf %03d $n)-$(basename "${file%%.ko*}").ko"
	done
	(cd "$dir" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) > "$dir.gz"
	rm -rf "$dir"
	mv "$dir.gz" "$initrd"
}
