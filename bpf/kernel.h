/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that our programs read, and of these the few fields. CO-RE finds the real offsets on the running
 * kernel by name (`preserve_access_index`), so order and neighbours do not matter and no copy of all kernel types is
 * needed. `observe/kernel_features.ts` names the kernel version that brought each field and hook.
 */
#ifndef ALPS_KERNEL_H
#define ALPS_KERNEL_H

typedef unsigned char __u8;
typedef signed short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define false 0
#define true 1

/* enum bpf_map_type, enum bpf_attach flags: the values are user-space ABI (include/uapi/linux/bpf.h). */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum { BPF_ANY = 0 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1024 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2, BPF_RB_AVAIL_DATA = 0 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };

/* include/uapi/linux/bpf.h: the kernel knows this type by its name. include/uapi/linux/time.h. */
struct bpf_timer {
	__u64 opaque[2];
} __attribute__((aligned(8)));
enum { CLOCK_MONOTONIC = 1 };
/* include/uapi/asm-generic/errno-base.h */
enum { EBUSY = 16 };

/* include/linux/sched.h: the task is exiting; is a kernel thread; was forked and has not called exec since. */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000
#define PF_FORKNOEXEC 0x00000040
/* include/trace/events/lock.h: the waiting task spins, and keeps its CPU. */
#define LCB_F_SPIN 1u
/* include/linux/sched/signal.h: the whole process is being ended. */
#define SIGNAL_GROUP_EXIT 0x00000004

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block {
	__u32 s_dev;
};
struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};
struct file {
	struct inode *f_inode;
};
struct rw_semaphore {
	long count;
};
struct mm_struct {
	struct rw_semaphore mmap_lock;
	struct file *exe_file;
	unsigned long arg_start;
	unsigned long arg_end;
};
struct linux_binprm {
	struct file *file;
	const char *filename;
};
struct kernfs_node {
	__u64 id;
};
struct cgroup;
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	__u64 serial_nr;
	struct cgroup_subsys_state *parent;
};
struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_subsys_state *subsys[16];
};
enum cgroup_subsys_id {
	cpu_cgrp_id = 1, /* the real value is the kernel's */
};
/* kernel/sched/sched.h: the limit of a group in each period; the quota is all ones where there is none. */
struct cfs_bandwidth {
	__s64 period;
	__u64 quota;
	__u64 burst;
};
struct task_group;
struct autogroup {
	unsigned long id;
};
struct task_group {
	struct cgroup_subsys_state css;
	struct task_group *parent;
	struct autogroup *autogroup;
	struct cfs_bandwidth cfs_bandwidth;
};
struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};
struct signal_struct {
	int nr_threads;
	unsigned int flags;
};
typedef struct {
	__u32 val;
} kuid_t;
struct cred {
	kuid_t euid;
};
struct sched_entity {
	__u64 sum_exec_runtime;
};
struct cpumask {
	unsigned long bits[1];
};
/* Linux 6.12 */
struct sched_ext_entity {
	__u32 flags;
	__u32 weight;
	__u64 slice;
	__u64 dsq_vtime;
};
struct task_struct {
	unsigned int __state;
	unsigned int flags;
	int on_cpu;
	int wake_cpu;
	struct sched_entity se;
	struct sched_ext_entity scx;
	int nr_cpus_allowed;
	const struct cpumask *cpus_ptr;
	struct cpumask cpus_mask; /* not read: with it, the object's types say what a mask is */
	struct mm_struct *mm;
	unsigned in_execve : 1;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	__u64 start_time;
	__u64 start_boottime;
	const struct cred *real_cred;
	char comm[16];
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct task_group *sched_task_group;
};

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_map;
struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

#pragma clang attribute pop

struct pt_regs;

#endif
