/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose process is it? The rules live in user space; here only their verdicts are remembered, "no function" included,
 * by what they depend on. A process without a verdict is asked about once, and runs on meanwhile.
 */
#ifndef ALPS_OBSERVE_CLASSIFY_H
#define ALPS_OBSERVE_CLASSIFY_H

static __always_inline bool in_exec(struct task_struct *p)
{
	return bpf_core_field_exists(p->in_execve) && BPF_CORE_READ_BITFIELD_PROBED(p, in_execve);
}

/*
 * A number for the cgroups of all hierarchies together: a controller's state has a serial number that is never used
 * twice, and the default hierarchy's cgroup has its id.
 */
static __always_inline __u64 cgroups_hash(struct task_struct *p)
{
	struct css_set *set = BPF_CORE_READ(p, cgroups);
	__u32 n = bpf_core_field_size(set->subsys) / sizeof(void *), i;
	__u64 hash = BPF_CORE_READ(set, dfl_cgrp, kn, id);

	for (i = 0; i < 16; i++) {
		struct cgroup_subsys_state *css = 0;

		if (i >= n)
			break;
		bpf_probe_read_kernel(&css, sizeof(css), (char *)set + bpf_core_field_offset(set->subsys) + i * 8);
		hash = hash * 0x9e3779b97f4a7c15ull + (css ? BPF_CORE_READ(css, serial_nr) : 0);
	}
	return hash;
}

/* The key of `p`, called `comm` now, in this CPU's scratch space. */
static __always_inline struct alps_key *key_of(struct task_struct *p, const char *filename, const char *comm)
{
	__u32 zero = 0, parts = shared.key_parts;
	struct alps_key *k = bpf_map_lookup_elem(&scratch, &zero);
	struct inode *inode;

	if (!k)
		return 0;
	__builtin_memset(k, 0, sizeof(*k));
	if (parts & ALPS_KEY_EXE) {
		inode = BPF_CORE_READ(p, mm, exe_file, f_inode);
		k->inode = BPF_CORE_READ(inode, i_ino);
		k->device = BPF_CORE_READ(inode, i_sb, s_dev);
		if (filename)
			bpf_probe_read_kernel_str(k->path, sizeof(k->path), filename);
	}
	if (parts & ALPS_KEY_COMM)
		bpf_probe_read_kernel_str(k->comm, sizeof(k->comm), comm);
	if (parts & ALPS_KEY_CGROUP)
		k->cgroups = cgroups_hash(p);
	if (parts & ALPS_KEY_USER)
		k->uid = BPF_CORE_READ(p, real_cred, euid.val);
	return k;
}

/* Where `p`'s invocation began, if it is one: at its fork where it is fresh from one, else now. */
static __always_inline __u64 begin_of(struct task_struct *p, const char *filename, __u64 now, __u64 *exec_base)
{
	if (!filename && p->flags & PF_FORKNOEXEC && now - p->start_time < 1000000000ull) {
		*exec_base = 0;
		return p->start_time;
	}
	*exec_base = p->se.sum_exec_runtime;
	return now;
}

static __always_inline void ask(struct task_struct *p, struct alps_key *k, const char *comm, __u64 begin_ns,
				__u64 exec_base_ns, __u32 current_function)
{
	struct alps_classify *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	unsigned long start, end;
	__u32 len;

	if (!e) {
		__sync_fetch_and_add(&shared.lost_ring_full, 1);
		return;
	}
	e->kind = ALPS_EVENT_CLASSIFY;
	e->pid = p->tgid;
	e->parent_pid = BPF_CORE_READ(p, real_parent, tgid);
	e->rules_generation = shared.rules_generation;
	e->current_function_id = current_function;
	e->time_ns = bpf_ktime_get_ns();
	e->process_start_ns = BPF_CORE_READ(p, group_leader, start_time);
	e->begin_ns = begin_ns;
	e->exec_base_ns = exec_base_ns;
	e->cgroup_id = cgroup_id_of(p);
	__builtin_memcpy(&e->key, k, sizeof(e->key));
	__builtin_memset(e->comm, 0, sizeof(e->comm));
	bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), comm);
	/* The command line, where it is this process's own memory: user space may come too late to read it. */
	e->args_len = 0;
	start = BPF_CORE_READ(p, mm, arg_start);
	end = BPF_CORE_READ(p, mm, arg_end);
	e->arg_start = start;
	if (end > start && (__u32)bpf_get_current_pid_tgid() == (__u32)p->pid) {
		len = end - start < ALPS_ARGS_LEN ? end - start : ALPS_ARGS_LEN;
		if (len <= ALPS_ARGS_LEN && bpf_probe_read_user(e->args, len, (void *)start) == 0)
			e->args_len = len;
	}
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
}

/* Begins an invocation of `function_id` with the single-threaded process `p`. Returns false where there is no memory for it. */
static __always_inline bool begin(struct task_struct *p, __u32 function_id, __u64 begin_ns, __u64 exec_base_ns)
{
	bool self = (__u32)bpf_get_current_pid_tgid() == (__u32)p->pid;
	struct alps_task *t = make_task(p);
	struct alps_slot *s;
	__u32 slot;

	if (!t)
		return false;
	s = take_slot(p->tgid, function_id, begin_ns, &slot);
	if (!s)
		return true;
	if (!add_task(s, slot, t, p, exec_base_ns, self ? ALPS_TASK_RUNNING : ALPS_TASK_BLOCKED, true, true))
		free_slot(s);
	return true;
}

static __always_inline void classify_as(struct task_struct *p, const char *filename, const char *comm)
{
	struct alps_verdict *v;
	struct alps_slot *s = 0;
	struct alps_task *t;
	struct alps_key *k;
	__u64 begin_ns, exec_base_ns;
	__u32 function_id = ALPS_NO_FUNCTION;
	bool alone;

	if (!shared.key_parts || p->flags & PF_KTHREAD)
		return;
	k = key_of(p, filename, comm);
	if (!k)
		return;
	begin_ns = begin_of(p, filename, bpf_ktime_get_ns(), &exec_base_ns);
	t = task_of(p);
	if (t && (s = slot_of(t)))
		function_id = s->function_id;
	v = bpf_map_lookup_elem(&verdicts, k);
	if (!v || v->rules_generation != shared.rules_generation || v->flags & ALPS_VERDICT_ASK) {
		ask(p, k, comm, begin_ns, exec_base_ns, function_id);
		return;
	}
	if (v->flags & ALPS_VERDICT_EXCLUDED) {
		if (!s)
			return;
	} else if (v->function_id == ALPS_NO_FUNCTION || v->function_id == function_id) {
		/* No match, or none but its own: it stays with the invocation that it was forked into, if any. */
		return;
	}
	/*
	 * A rule's invocation keeps what it has forked, and what was put into a container from outside is no function's: user
	 * space knows which are.
	 */
	if ((s && v->flags & ALPS_VERDICT_DISCOVERED) || v->flags & ALPS_VERDICT_ENTERED) {
		ask(p, k, comm, begin_ns, exec_base_ns, function_id);
		return;
	}
	/* Threads have to come along, and another task's state is not ours to tell: the iterator does it. */
	alone = BPF_CORE_READ(p, signal, nr_threads) <= 1 && (__u32)bpf_get_current_pid_tgid() == (__u32)p->pid;
	if (!alone) {
		ask(p, k, comm, begin_ns, exec_base_ns, function_id);
		return;
	}
	if (t)
		leave(t, p);
	/* User space takes it in a moment later, when there may be memory. */
	if (!(v->flags & ALPS_VERDICT_EXCLUDED) && !begin(p, v->function_id, begin_ns, exec_base_ns))
		ask(p, k, comm, begin_ns, exec_base_ns, ALPS_NO_FUNCTION);
}

/* Called where a process starts or changes: `filename` is what exec was called with, or NULL. */
static __always_inline void classify(struct task_struct *p, const char *filename)
{
	classify_as(p, filename, p->comm);
}

/* Called before the kernel changes the name. */
static __always_inline void classify_renamed(struct task_struct *p, const char *comm)
{
	classify_as(p, 0, comm);
}

#endif
