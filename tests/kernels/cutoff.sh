#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: cutoff.sh BUILD_DIR VMLINUZ
#
# Makes the machine's files for cutoff.py, which boots it and cuts it off. MODULES lie beside VMLINUZ
# (fetch.sh).
set -eu

build=$1 vmlinuz=$2
here=$(dirname "$0")
root=$build/kernels/cutoff.root
sysroot=
. "$here/root.sh"

for tool in qemu-system-x86_64 qemu-img cpio mke2fs e2fsck debugfs; do
	command -v $tool >/dev/null || {
		echo "check-cutoff: needs $tool: make deps-kernels" >&2
		exit 1
	}
done
make_root
add "$build/ttlog-collect" /ttlog
add "$build/ttlog-ctl" /ttlog
add "$build/apps/flood" /ttlog
cp -r "${vmlinuz%.vmlinuz}.modules" "$root/modules"
cp "$here/cutoff_guest.sh" "$root/init"
chmod 755 "$root/init"
pack "$build/kernels/cutoff.initramfs"
exec "$here/cutoff.py" "$build" "$vmlinuz"
