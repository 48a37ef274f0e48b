#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: boot.sh BUILD_DIR NAME VMLINUZ [SYSROOT]
#
# Boots a kernel in an emulated machine (no KVM) with the programs that were built. guest.sh runs
# the tests there. The console goes to BUILD_DIR/kernels/NAME.log, the output of the tests to stdout.
# It succeeds if and only if the machine itself says that all tests passed. KERNELS_ENV goes to the
# environment of the tests: KERNELS_ENV='KILLS=500 "TESTS=gates kills"'. With SYSROOT, a directory
# with arm64 libraries, it emulates an arm64 machine.
set -eu

build=$1 name=$2 vmlinuz=$3 sysroot=${4:-}
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

. "$here/root.sh"

if [ -n "$sysroot" ]; then
	qemu=qemu-system-aarch64 stress="runner victim"
else
	qemu=qemu-system-x86_64 stress="runner victim steps stepped"
fi
command -v $qemu >/dev/null || fail "needs $qemu: make deps-kernels"
command -v cpio >/dev/null || fail "needs cpio: make deps-kernels"
make_root || fail "needs a static busybox: make deps-kernels"
add "$build/ttlog-collect" /ttlog
add "$build/ttlog-view" /ttlog
for app in crash crash_nofp trade early early_static children gates tally many hostile beat foreign thrown thrown_static waits reports; do
	add "$build/apps/$app" /ttlog/apps
done
for program in $stress; do
	add "$build/stress/$program" /ttlog/stress
done
cp "$build"/stress/libvictim*.so "$root/ttlog/stress/"
cp "$build/apps/libearly.so" "$root/ttlog/apps/"
# pthread_exit() loads it
libgcc=/lib/$(if [ -n "$sysroot" ]; then echo aarch64; else uname -m; fi)-linux-gnu/libgcc_s.so.1
mkdir -p "$root${libgcc%/*}"
cp -L "$sysroot$libgcc" "$root$libgcc"
cp "$here/guest.sh" "$root/init"
chmod 755 "$root/init"

if [ -n "$sysroot" ]; then
	mkdir -p "$root/lib"
	ln -sf aarch64-linux-gnu/ld-linux-aarch64.so.1 "$root/lib/"
	set -- -machine virt -cpu cortex-a72
	console=ttyAMA0
else
	# In QEMU 7.2, 6.12 dies of two things: garbage in the flags after cmpxchg16b, until the
	# next iret; and, with a host thread per CPU, an int3 that the kernel has patched away
	set -- -accel tcg,thread=single -cpu max,-cx16
	console="ttyS0 tsc=unstable"
fi
pack "$work/$name.initramfs"

timeout "$KERNELS_TIMEOUT_S" $qemu "$@" -smp 2 -m "$KERNELS_MEMORY" \
	-nodefaults -no-user-config -nographic -no-reboot -serial stdio \
	-kernel "$vmlinuz" -initrd "$work/$name.initramfs" \
	-append "console=$console panic=-1 quiet loglevel=4 mitigations=off ${KERNELS_ENV:-}" \
	</dev/null 2>&1 | sed -u 's|\r||g' | tee "$log" | grep --line-buffered '^ttlog-kernels: ' || :
[ "$(grep -c '^ttlog-kernels: PASS$' "$log")" = 1 ] || {
	tail -n 30 "$log" >&2
	fail "$name: failed; all that it said is in $log"
}
