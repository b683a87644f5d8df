# SPDX-License-Identifier: GPL-2.0-only
# The first process of the virtual machine once the host's files are its root: makes what a machine has after its start,
# runs the job with its output on the second serial port, leaves its exit status with the job, and switches off.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
busybox=/run/vm/busybox

$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys
$busybox mount -t devtmpfs dev /dev
$busybox mkdir -p /dev/pts /dev/shm
$busybox mount -t devpts devpts /dev/pts
$busybox mount -t tmpfs shm /dev/shm
# Version 2 alone, its cpu controller on for the groups below the top.
$busybox mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo +cpu > /sys/fs/cgroup/cgroup.subtree_control
# Debian's 6.1 has them off, its 6.12 on: with them, the order of sessions is tested on both.
echo 1 > /proc/sys/kernel/sched_autogroup_enabled
$busybox mount -t bpf bpf /sys/fs/bpf
$busybox mount -t tracefs tracefs /sys/kernel/tracing
# Each of the agent's hooks gets two users for good. Attaching and detaching programs then does not rewrite the kernel's
# code, which emulated CPUs may not notice in time while they run it: they crash.
for user in one two; do
	$busybox mkdir /sys/kernel/tracing/instances/$user
	echo 0 > /sys/kernel/tracing/instances/$user/tracing_on
	for event in sched/sched_switch sched/sched_wakeup sched/sched_wakeup_new sched/sched_migrate_task \
		sched/sched_process_fork sched/sched_process_exec sched/sched_process_exit task/task_rename \
		cgroup/cgroup_attach_task; do
		echo 1 > /sys/kernel/tracing/instances/$user/events/$event/enable
	done
done
$busybox ifconfig lo 127.0.0.1 up
$busybox hostname vm

$busybox stty -F /dev/ttyS1 raw 115200
# A session of its own: what the job sends to its process group does not meet the first process. Through a pipe, because
# programs write differently to a terminal.
$busybox touch /run/vm/job/began
{
	$busybox setsid $busybox sh /run/vm/job/job.sh < /dev/null 2>&1
	echo $? > /run/vm/job/status
} | $busybox cat > /dev/ttyS1
$busybox sync
$busybox poweroff -f
