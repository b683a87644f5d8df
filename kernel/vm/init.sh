#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# The first process of the virtual machine, from its initial file system. It loads the modules, puts the host's files
# under a layer in memory (what is written here stays here), and goes on in there with inside.sh.

busybox=/bin/busybox

fail() {
	echo "vm: $*"
	$busybox poweroff -f
}

$busybox mount -t devtmpfs dev /dev
for module in /modules/*.ko; do
	[ -e "$module" ] || continue # the kernel has everything built in
	$busybox insmod "$module" || fail "cannot load $module"
done

mount_host() { # TAG FOLDER OPTIONS
	$busybox mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,$3" "$1" "$2" || fail "cannot mount $1"
}
mount_host host /lower cache=loose,ro
$busybox mount -t tmpfs -o mode=755 memory /memory || fail "cannot mount memory"
$busybox mkdir /memory/upper /memory/work
$busybox mount -t overlay -o lowerdir=/lower,upperdir=/memory/upper,workdir=/memory/work root /root ||
	fail "cannot mount the root"

# What runs on the host is not to be seen.
$busybox mount -t tmpfs -o mode=755 run /root/run
$busybox mkdir /root/run/vm /root/run/vm/job
$busybox cp $busybox /inside.sh /root/run/vm/
mount_host job /root/run/vm/job cache=none
exec $busybox switch_root /root /run/vm/busybox sh /run/vm/inside.sh
