#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: boot.sh BUILD_DIR NAME VMLINUZ
#
# Boots a kernel in an emulated machine (no KVM) with what was built, and has guest.sh run the tests
# there. All that the machine says goes to BUILD_DIR/kernels/NAME.log, what the tests say to stdout.
# Succeeds if and only if the machine itself says that all passed. KERNELS_ENV goes to the environment
# of the tests: KERNELS_ENV='KILLS=500 "TESTS=gates kills"'.
set -eu

build=$1 name=$2 vmlinuz=$3
here=$(dirname "$0")
work=$build/kernels
root=$work/$name.root
log=$work/$name.log
: "${KERNELS_TIMEOUT_S:=600}"
: "${KERNELS_MEMORY:=1536M}"

fail() {
	echo "check-kernels: $*" >&2
	exit 1
}

# A program, and the libraries that it is linked with, where it looks for them.
add() {
	mkdir -p "$root$2"
	cp "$1" "$root$2/"
	ldd "$1" 2>/dev/null | sed -n 's,.*[[:space:]]\(/[^ ]*\) (0x.*,\1,p' | while read -r library; do
		[ -e "$root$library" ] || [ "${library#"$PWD"}" != "$library" ] && continue
		mkdir -p "$root${library%/*}"
		cp -L "$library" "$root$library"
	done
}

command -v qemu-system-x86_64 >/dev/null || fail "needs qemu-system-x86_64: make deps-kernels"
command -v cpio >/dev/null || fail "needs cpio: make deps-kernels"
[ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 ||
	fail "needs a static busybox: make deps-kernels"

rm -rf "$root"
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" "$root/var/tmp"
cp /bin/busybox "$root/bin/"
for tool in $(busybox --list | grep -vx busybox); do
	ln -sf busybox "$root/bin/$tool"
done
add "$build/ttlog-collect" /ttlog
add "$build/ttlog-view" /ttlog
for app in crash trade early early_static children gates tally many hostile; do
	add "$build/apps/$app" /ttlog/apps
done
for program in runner victim steps stepped; do
	add "$build/stress/$program" /ttlog/stress
done
cp "$build"/stress/libvictim*.so "$root/ttlog/stress/"
cp "$build/apps/libearly.so" "$root/ttlog/apps/"
cp "$here/guest.sh" "$root/init"
chmod 755 "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 >"$work/$name.initramfs"

# What 6.12 dies of in QEMU 7.2: garbage in the flags after cmpxchg16b, until the next iret; and with a
# host thread for each of the CPUs, int3 that is hit after the kernel has patched it away
timeout "$KERNELS_TIMEOUT_S" qemu-system-x86_64 -accel tcg,thread=single -cpu max,-cx16 -smp 2 -m "$KERNELS_MEMORY" \
	-nodefaults -no-user-config -nographic -no-reboot -serial stdio \
	-kernel "$vmlinuz" -initrd "$work/$name.initramfs" \
	-append "console=ttyS0 panic=-1 quiet loglevel=4 mitigations=off tsc=unstable ${KERNELS_ENV:-}" \
	</dev/null 2>&1 | sed -u 's|\r||g' | tee "$log" | grep --line-buffered '^ttlog-kernels: ' || :
[ "$(grep -c '^ttlog-kernels: PASS$' "$log")" = 1 ] || {
	tail -n 30 "$log" >&2
	fail "$name: failed; all that it said is in $log"
}
