#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: sysroot.sh DIR ARCH PACKAGE...
#
# Unpacks Debian's packages for another architecture, and all their dependencies, into DIR/root, for
# compilers (--sysroot), pkg-config and emulated machines. It uses its own apt configuration below
# DIR, and changes nothing of this machine. DIR/apt/apt.conf stays, for APT_CONFIG.
set -eu

mkdir -p "$1"
dir=$(cd "$1" && pwd) arch=$2
shift 2
apt=$dir/apt

rm -rf "$dir/root" "$apt"
mkdir -p "$dir/root" "$apt/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
cat >"$apt/apt.conf" <<END
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
END
export APT_CONFIG="$apt/apt.conf"
apt-get -qq update
apt-get -qq -y --download-only install "$@"
for package in "$apt/cache/archives"/*.deb; do
	dpkg-deb --fsys-tarfile "$package" | tar -C "$dir/root" -x --exclude='./usr/share/doc*' \
		--exclude='./usr/share/man*' --exclude='./usr/share/locale*' --exclude='./dev*'
done
rm -rf "$apt/cache/archives"/*.deb
# links to absolute paths would lead out of the sysroot
find "$dir/root" -type l -lname '/*' | while read -r link; do
	ln -sfr "$dir/root$(readlink "$link")" "$link"
done
