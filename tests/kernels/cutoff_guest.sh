#!/bin/busybox sh
# SPDX-License-Identifier: MIT
#
# The first process of a machine that is going to be cut off: it streams a program to a disk, and says
# all the time up to which moment the stream is on it, and what the program had logged before.
# COLLECT is in the kernel's command line.
export PATH=/ttlog:/bin

# logged: the newest number of each thread, and after that the clock
logged() {
	od -A n -v -t u8 /tmp/counts | tr -s ' \n' ' '
	read -r now _ </proc/uptime
	echo "at $now"
}

# durable: the process's moment, and what it missed
durable() {
	ttlog-ctl --format json status |
		sed -n 's/.*"durable_mono_ns":\([0-9]*\),"streamed":[0-9]*,"missed":\([0-9]*\).*/durable \1 missed \2/p'
}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk \
	crc16 crc32c_generic libcrc32c mbcache jbd2 ext4; do
	insmod "/modules/$module.ko"
done
mkdir /disk
mount -t ext4 /dev/vda /disk || poweroff -f
mkfifo /tmp/in
exec 5<>/tmp/in
# shellcheck disable=SC2086 # it is a list of words
ttlog-collect --stream $COLLECT -s 32M -b 16M -o /disk/out -- flood /tmp/counts 2 5000 <&5 &
until [ -e /tmp/counts ]; do
	usleep 50000
done
echo
while kill -0 $!; do
	before=$(logged)
	echo "ttlog-cutoff: logged$before $(durable)"
done
poweroff -f
