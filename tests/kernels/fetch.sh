#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: fetch.sh DIR NAME PACKAGE [SUITE]
#
# Downloads the current kernel of Debian's PACKAGE to DIR/NAME.vmlinuz, and its modules for disks to
# DIR/NAME.modules; installs nothing. With SUITE, it takes the kernel from that suite, whatever sources
# the machine has.
set -eu

dir=$1 name=$2 package=$3 suite=${4:-}
apt=$PWD/$dir/$name.apt
options=

mkdir -p "$dir"
if [ -n "$suite" ]; then
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"http://deb.debian.org/debian $suite main" >"$apt/sources.list"
	options="-o Dir::Etc::SourceList=$apt/sources.list -o Dir::Etc::SourceParts=-
		-o Dir::State::Lists=$apt/lists -o Dir::Cache=$apt/cache"
	apt-get $options -qq update
fi
# the package without a version depends on the newest one with a version
find_image() {
	apt-cache $options depends "$package" 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p'
}

image=$(find_image)
if [ -z "$image" ] && [ "$(id -u)" = 0 ]; then
	# this machine has no package lists yet
	apt-get $options -qq update
	image=$(find_image)
fi
[ -n "$image" ] || {
	echo "check-kernels: no $package to be had from ${suite:-the configured suites}: apt-get update?" >&2
	exit 1
}
rm -rf "$dir/$name.deb" "$dir/$name.unpacked"
mkdir -p "$dir/$name.deb" "$dir/$name.unpacked"
(cd "$dir/$name.deb" && apt-get $options -qq download "$image" 2>/dev/null)
dpkg-deb --fsys-tarfile "$dir/$name.deb"/*.deb | tar -C "$dir/$name.unpacked" -x ./boot ./lib
mv "$dir/$name.unpacked/boot"/vmlinuz-* "$dir/$name.vmlinuz"
rm -rf "$dir/$name.modules"
mkdir "$dir/$name.modules"
find "$dir/$name.unpacked/lib" \( -path '*/drivers/virtio/*' -o -path '*/fs/ext4/*' -o -path '*/fs/jbd2/*' \
	-o -name 'virtio_blk.ko*' -o -name 'mbcache.ko*' -o -name 'crc16.ko*' -o -name '*crc32c*.ko*' \) -type f \
	-exec mv {} "$dir/$name.modules/" \;
rm -rf "$dir/$name.deb" "$dir/$name.unpacked" "$apt"
