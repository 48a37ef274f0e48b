# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the file system of an emulated machine is made of. Sourced, with $root, the directory that it
# is made in, and $sysroot, a directory with arm64 libraries, or nothing for this machine's.

# The paths of the libraries that a file for this machine is linked with.
native_libraries() {
	ldd "$1" 2>/dev/null | sed -n 's,.*[[:space:]]\(/[^ ]*\) (0x.*,\1,p'
}

# The same for a file of another architecture, and for its libraries.
foreign_libraries() {
	readelf -d "$1" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r wanted; do
		for place in /lib/aarch64-linux-gnu /usr/lib/aarch64-linux-gnu; do
			[ -e "$sysroot$place/$wanted" ] || continue
			echo "$place/$wanted"
			foreign_libraries "$sysroot$place/$wanted"
		done
	done
}

libraries=${sysroot:+foreign_libraries}
libraries=${libraries:-native_libraries}

# add FILE DIRECTORY: copies a program, and its libraries to the paths where it looks for them.
add() {
	mkdir -p "$root$2"
	cp "$1" "$root$2/"
	"$libraries" "$1" | sort -u | while read -r library; do
		[ -e "$root$library" ] || [ "${library#"$PWD"}" != "$library" ] && continue
		mkdir -p "$root${library%/*}"
		cp -L "$sysroot$library" "$root$library"
	done
}

# A new one, with busybox. Fails if that is not static.
make_root() {
	busybox=$sysroot/bin/busybox
	[ -x "$busybox" ] && [ -z "$("$libraries" "$busybox")" ] || return
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" "$root/var/tmp"
	cp "$busybox" "$root/bin/"
	for tool in $(busybox --list | grep -vx busybox); do
		ln -sf busybox "$root/bin/$tool"
	done
}

# pack FILE: what the kernel unpacks at its start
pack() {
	(cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 >"$1"
}
