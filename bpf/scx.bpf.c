// SPDX-License-Identifier: GPL-2.0-only
/*
 * ALPS as the kernel's scheduler (sched_ext, Linux 6.12).
 *
 * Two queues are shared by all CPUs: functions' tasks by rank, and everything else by weighted-fair time. Which of the two
 * is served is a matter of weighted-fair time too, in which the functions are one: so a host's daemons are no worse off than
 * under the default scheduler, and among the functions the shortest run first. Before each of the two comes a queue of those of the
 * same kind that have waited too long.
 *
 * Read in this order: rank.h (what orders functions), scx_maps.h (tunables, what is known of a task and of a CPU),
 * scx_groups.h (weights and limits), scx_wait.h (the bound on waiting), scx_run.h (accounting, preemption), scx_choose.h (who
 * goes on), and the callbacks below in the order in which a task meets them. Functions that are not static are so that the
 * verifier looks at them once, and not once for each way that leads to them.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "alps.h"
#include "scx_kernel.h"
#include "scx_maps.h"
#include "scx_groups.h"
#include "scx_wait.h"
#include "scx_run.h"
#include "scx_choose.h"
#include "scx_move.h"

char LICENSE[] SEC("license") = "GPL";

#define CALLBACK(name, args...) SEC("struct_ops/" #name) BPF_PROG(name, ##args)
#define SLEEPABLE_CALLBACK(name, args...) SEC("struct_ops.s/" #name) BPF_PROG(name, ##args)

/* A task wakes up: an idle CPU is the best place, and it is put there at once. */
__s32 CALLBACK(alps_select_cpu, struct task_struct *p, __s32 prev_cpu, __u64 wake_flags)
{
	bool idle = false;
	__s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	struct scx_task *t = scx_task_of(p);
	struct alps_slot *s;

	/* The waker's own CPU counts as idle where the waker is about to sleep, says the kernel; it may go on for a whole turn. */
	if (wake_flags & SCX_WAKE_SYNC && cpu == (__s32)bpf_get_smp_processor_id())
		idle = false;
	if (idle && t && !limited_by(t->group, bpf_ktime_get_ns())) {
		s = invocation_of(p);
		count(&scx.direct);
		dsq_insert(p, SCX_DSQ_LOCAL, s ? function_slice_ns : other_slice_ns, 0);
	}
	return cpu;
}

/* It wants a CPU from now on. Also called where its attributes change. */
void CALLBACK(alps_runnable, struct task_struct *p, __u64 enq_flags)
{
	struct scx_task *t = scx_task_of(p);

	if (!t)
		return;
	note_kind(t, p, invocation_of(p));
	count_in(t, p);
}

/*
 * One that gets a CPU again and again, only to lose it at once, never waits for long, and does not come forward either: it goes
 * first before all of that adds up to the bound.
 */
static __always_inline void enqueue_function(struct scx_task *t, struct task_struct *p, struct alps_slot *s, __u64 flags,
					     bool yielded, bool stopped, __u64 now)
{
	bool unserved = stopped && !yielded && t->unserved_ns && now - t->unserved_ns >= bound_ns / 4;
	__u64 key;

	if (unserved)
		t->first_until_ns = attained(s, now) + overdue_run_ns;
	key = function_key(t, s, now);
	t->key = key;
	if (unserved) {
		count(&scx.overdue);
		*(volatile __u64 *)&late = 1;
		dsq_insert_by(p, LATE_FUNCTIONS, function_slice_ns, t->unserved_ns, flags);
	} else {
		dsq_insert_by(p, FUNCTIONS, function_slice_ns, key, flags);
	}
	if (!wake_idle(p) && !yielded)
		preempt(worst_function_cpu(p, key, now), &scx.preemptions);
}

/* One that was taken off its CPU has been outranked there, or has had its turn: it takes no other's place at once. */
static __always_inline void enqueue_other(struct scx_task *t, struct task_struct *p, __u64 flags, bool stopped, __u64 now)
{
	__u64 earliest = entry_time();

	/* Only one that has slept: see account(). */
	if (flags & SCX_ENQ_WAKEUP && before(t->time, earliest))
		t->time = earliest;
	t->in_order = 1;
	dsq_insert_by(p, OTHERS, other_slice_ns, t->time, flags);
	if (!wake_idle(p) && !stopped)
		preempt(worst_other_cpu(p, t->time, now), &scx.other_preemptions);
}

/* It is to wait: it has woken up and there is no idle CPU, or its turn is over. */
void CALLBACK(alps_enqueue, struct task_struct *p, __u64 enq_flags)
{
	__u64 now = bpf_ktime_get_ns();
	struct scx_task *t = scx_task_of(p);
	struct alps_slot *s;
	__u32 limited;
	bool yielded, stopped;

	/* The kernel's own threads of one CPU: others wait for what they do. */
	if (!t || (p->flags & PF_KTHREAD && p->nr_cpus_allowed == 1)) {
		dsq_insert(p, SCX_DSQ_LOCAL, other_slice_ns, enq_flags | SCX_ENQ_PREEMPT);
		return;
	}
	yielded = t->yields;
	stopped = t->stopped;
	t->yields = t->stopped = 0;
	s = invocation_of(p);
	note_kind(t, p, s);
	limited = limited_by(t->group, now);
	if (limited && set_aside(t, p, limited - 1, enq_flags, now))
		return;
	begin_wait(t, p, now);
	if (enq_flags & SCX_ENQ_LAST) {
		dsq_insert(p, SCX_DSQ_LOCAL, s ? function_slice_ns : other_slice_ns, enq_flags);
		/* The CPU has decided to be idle, and is to look again. */
		scx_bpf_kick_cpu(bpf_get_smp_processor_id(), 0);
	} else if (s)
		enqueue_function(t, p, s, enq_flags, yielded, stopped, now);
	else
		enqueue_other(t, p, enq_flags, stopped, now);
}

/* A CPU is about to have nothing to run. `prev` is what it has run, which may want to go on. */
void CALLBACK(alps_dispatch, __s32 cpu, struct task_struct *prev)
{
	__u64 now, key = 0, time = 0, since_ns, other_since_ns, earliest;
	bool functions, others, late_functions = false, late_others = false, functions_turn;
	struct scx_cpu *c = cpu_of(cpu);
	struct scx_task *t = 0;

	/* Whoever has run sleeps, and nobody has a claim: not even the time is wanted. */
	if (!late && function_tasks <= 0 && !(prev && prev->scx.flags & SCX_TASK_QUEUED)) {
		dsq_take(OTHERS);
		return;
	}
	now = since_ns = other_since_ns = bpf_ktime_get_ns();
	if (late) {
		late_functions = peek(LATE_FUNCTIONS, cpu, &since_ns);
		late_others = peek(LATE_OTHERS, cpu, &other_since_ns);
	}
	if (late_functions && now - since_ns >= urgent_ns && dsq_take(LATE_FUNCTIONS))
		return;
	if (late_others && now - other_since_ns >= urgent_ns && dsq_take(LATE_OTHERS))
		return;
	if (prev && prev->scx.flags & SCX_TASK_QUEUED)
		t = scx_task_of(prev);
	if (t) {
		account(t, prev, now);
		if (limited_by(t->group, now))
			t = 0;
	}
	if (!late_functions && !late_others && function_tasks <= 0) {
		dispatch_others(t, prev, cpu, now);
		return;
	}
	functions = peek(FUNCTIONS, cpu, &key);
	others = peek(OTHERS, cpu, &time);
	functions_turn = functions || late_functions || (t && t->kind == FUNCTION);
	if (functions_turn && (others || late_others || (t && t->kind == OTHER))) {
		earliest = others ? time : late_others || !t ? other_time : t->time;
		if (t && t->kind == OTHER && before(t->time, earliest))
			earliest = t->time;
		functions_turn = !before(earliest, function_time);
	}
	if (c && (functions_turn ? late_others : late_functions) && ++c->passed >= LATE_TURNS) {
		c->passed = 0;
		if (dsq_take(functions_turn ? LATE_OTHERS : LATE_FUNCTIONS))
			return;
	}
	if (t && prev &&
	    goes_on(t, prev, functions_turn, functions_turn ? late_functions : late_others, functions_turn ? functions : others,
		    functions_turn ? key : time, now))
		return;
	if (functions_turn && ((late_functions && dsq_take(LATE_FUNCTIONS)) || dsq_take(FUNCTIONS)))
		return;
	/* What peek() has seen may run elsewhere only: then the function's task that runs goes on in the functions' turn. */
	if (functions_turn && t && prev && t->kind == FUNCTION && !t->yields) {
		prev->scx.slice = other_slice_ns;
		return;
	}
	if ((late_others && dsq_take(LATE_OTHERS)) || dsq_take(OTHERS))
		return;
	if ((late_functions && dsq_take(LATE_FUNCTIONS)) || dsq_take(FUNCTIONS))
		return;
	/* Nobody to give way to. */
	if (t && prev) {
		t->yields = 0;
		prev->scx.slice = other_slice_ns;
	}
}

/* It gets the CPU. */
void CALLBACK(alps_running, struct task_struct *p)
{
	__u64 now = bpf_ktime_get_ns();
	__s32 cpu = bpf_get_smp_processor_id();
	struct scx_task *t = scx_task_of(p);
	struct alps_slot *s;

	if (!t)
		return;
	s = invocation_of(p);
	note_kind(t, p, s);
	t->on_ns = t->got_ns = now;
	t->stopped = 0;
	end_wait(t, now);
	note_cpu(cpu, t, p, s, now);
	if (s) {
		count(&scx.dispatches);
		count_dispatch(s);
		advance(function_time, cpu, false);
		/* Somebody better may have come between the choice and now, and have found no CPU to preempt. */
		if (should_yield(t, s, cpu, now))
			preempt(cpu, &scx.preemptions);
	} else {
		count(&scx.other_dispatches);
		advance(t->time, cpu, t->in_order);
	}
	t->in_order = 0;
	if (limited_by(t->group, now))
		scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
}

/* It runs, and a tick has come. */
void CALLBACK(alps_tick, struct task_struct *p)
{
	__u64 now = bpf_ktime_get_ns();
	__s32 cpu = bpf_get_smp_processor_id();
	struct scx_task *t = scx_task_of(p);
	struct alps_slot *s;

	if (!t)
		return;
	s = invocation_of(p);
	account(t, p, now);
	note_kind(t, p, s);
	note_cpu(cpu, t, p, s, now);
	if (s)
		note_attained(s, attained(s, now));
	if (limited_by(t->group, now) || (s && should_yield(t, s, cpu, now)))
		p->scx.slice = 0;
	else if (!s && late && (scx_bpf_dsq_nr_queued(LATE_OTHERS) > 0 || scx_bpf_dsq_nr_queued(LATE_FUNCTIONS) > 0))
		p->scx.slice = 0;
}

/* It gives up the CPU for others that wait. */
bool CALLBACK(alps_yield, struct task_struct *from, struct task_struct *to)
{
	struct scx_task *t = scx_task_of(from);
	__u64 time, most = other_time + yield_ns;

	from->scx.slice = 0;
	if (t && t->kind == FUNCTION) {
		t->yields = 1;
	} else if (t) {
		/* As if it had used its turn; one that yields again and again does not fall behind for long. */
		time = t->time + weighted(other_slice_ns, effective_weight(t, from));
		if (before(most, time))
			time = before(t->time, most) ? most : t->time;
		t->time = time;
		t->yields = 1;
	}
	return false;
}

/* It leaves the CPU. */
void CALLBACK(alps_stopping, struct task_struct *p, bool runnable)
{
	__u64 now = bpf_ktime_get_ns();
	struct scx_cpu *c = cpu_of(bpf_get_smp_processor_id());
	struct scx_task *t = scx_task_of(p);
	struct alps_slot *s;

	if (c)
		c->kind = NOBODY;
	if (!t)
		return;
	account(t, p, now);
	t->on_ns = 0;
	t->stopped = runnable;
	if (!runnable || now - t->got_ns >= least_stint_ns)
		t->unserved_ns = 0;
	if (t->kind == FUNCTION && (s = invocation_of(p)))
		note_attained(s, attained(s, now));
}

/* It wants a CPU no longer. */
void CALLBACK(alps_quiescent, struct task_struct *p, __u64 deq_flags)
{
	struct scx_task *t = scx_task_of(p);

	if (!t)
		return;
	count_out(t);
	t->wait_ns = t->unserved_ns = 0;
	/* It may be there for long after it has ended, until somebody asks how. */
	if (t->kind == FUNCTION && p->flags & PF_EXITING)
		set_kind(t, OTHER);
}

void CALLBACK(alps_set_weight, struct task_struct *p, __u32 weight)
{
	struct scx_task *t = scx_task_of(p);

	if (t && t->counted) {
		count_out(t);
		count_in(t, p);
	}
}

/* Its CPUs change: how far it was behind among those it had is of no matter here. */
void CALLBACK(alps_set_cpumask, struct task_struct *p, const struct cpumask *mask)
{
	struct scx_task *t = scx_task_of(p);

	if (t && before(t->time, entry_time()))
		t->time = entry_time();
}

/* A CPU is taken by a higher class (real-time, say): what it was about to run goes elsewhere. */
void CALLBACK(alps_cpu_release, __s32 cpu, struct scx_cpu_release_args *args)
{
	if (bpf_ksym_exists(scx_bpf_reenqueue_local))
		scx_bpf_reenqueue_local();
}

/* A task is forked, or was there when the scheduler is loaded. */
__s32 SLEEPABLE_CALLBACK(alps_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct scx_task *t = bpf_task_storage_get(&scx_tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t)
		return -ENOMEM;
	__builtin_memset(t, 0, sizeof(*t));
	join_group(t, args->cgroup);
	return 0;
}

/* It comes under this scheduler. */
void CALLBACK(alps_enable, struct task_struct *p)
{
	struct scx_task *t = scx_task_of(p);

	if (t)
		t->time = entry_time();
}

/* A process has become another program; observe.bpf.c, attached before, has looked whose it is. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_scx, struct task_struct *p, int old_pid, struct linux_binprm *bprm)
{
	__u64 now = bpf_ktime_get_ns();
	__s32 cpu = bpf_get_smp_processor_id();
	struct scx_task *t = scx_task_of(p);
	struct alps_slot *s;

	if (!t || !t->on_ns)
		return 0;
	s = invocation_of(p);
	note_kind(t, p, s);
	note_cpu(cpu, t, p, s, now);
	if (s && should_yield(t, s, cpu, now))
		preempt(cpu, &scx.preemptions);
	return 0;
}

/* A cgroup is made, or was there when the scheduler is loaded: from the root down. */
__s32 SLEEPABLE_CALLBACK(alps_cgroup_init, struct cgroup *cgrp, struct scx_cgroup_init_args *args)
{
	return add_group(cgrp, args->weight);
}

void SLEEPABLE_CALLBACK(alps_cgroup_exit, struct cgroup *cgrp)
{
	remove_group(cgrp);
}

void CALLBACK(alps_cgroup_move, struct task_struct *p, struct cgroup *from, struct cgroup *to)
{
	struct scx_task *t = scx_task_of(p);

	if (!t)
		return;
	/* It is not queued meanwhile, and is counted anew afterwards. */
	count_out(t);
	join_group(t, to);
}

void CALLBACK(alps_cgroup_set_weight, struct cgroup *cgrp, __u32 weight)
{
	__u32 number = group_number(cgrp);
	struct scx_group *g = group_at(number);

	/* Where there was no room for it, that is another cgroup's. */
	if (!g || number == 0 || g->cgroup_id != BPF_CORE_READ(cgrp, kn, id))
		return;
	g->weight = weight;
	group_changed(number);
}

/* CPUs are switched on and off: without these callbacks, the kernel would end the scheduler. */
void SLEEPABLE_CALLBACK(alps_cpu_online, __s32 cpu)
{
}

void SLEEPABLE_CALLBACK(alps_cpu_offline, __s32 cpu)
{
	struct scx_cpu *c = cpu_of(cpu);
	struct scx_group *g;
	__u32 number;

	if (c)
		c->kind = NOBODY;
	give_back(FUNCTIONS, cpu);
	give_back(OTHERS, cpu);
	give_back(LATE_FUNCTIONS, cpu);
	give_back(LATE_OTHERS, cpu);
	bpf_for(number, 1, MAX_GROUPS) {
		g = group_at(number);
		if (g && g->cgroup_id && g->aside_ns && scx_bpf_dsq_nr_queued(ASIDE + number) > 0)
			give_back(ASIDE + number, cpu);
	}
}

__s32 SLEEPABLE_CALLBACK(alps_init)
{
	__s32 status = scx_bpf_create_dsq(FUNCTIONS, -1);
	struct scx_group *root = group_at(0);

	/* It may have been in force before, and ended with tasks that wanted CPUs. */
	if (root)
		root->sum = root->functions = 0;
	function_tasks = late = 0;
	if (!status)
		status = scx_bpf_create_dsq(OTHERS, -1);
	if (!status)
		status = scx_bpf_create_dsq(LATE_FUNCTIONS, -1);
	if (!status)
		status = scx_bpf_create_dsq(LATE_OTHERS, -1);
	return status ?: prepare_look();
}

/* The end: by user space, by the kernel because of an error or a stall, or by a person with the magic key. */
void SLEEPABLE_CALLBACK(alps_exit, struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(scx.exit_reason, sizeof(scx.exit_reason), info->reason);
	bpf_probe_read_kernel_str(scx.exit_message, sizeof(scx.exit_message), info->msg);
	bpf_probe_read_kernel_str(scx.exit_dump, sizeof(scx.exit_dump), info->dump);
	scx.exit_code = info->exit_code;
	/* Last: user space looks at this. */
	*(volatile __u64 *)&scx.exit_kind = info->kind;
}

SEC(".struct_ops.link")
struct sched_ext_ops alps_ops = {
	.select_cpu = (void *)alps_select_cpu,
	.enqueue = (void *)alps_enqueue,
	.dispatch = (void *)alps_dispatch,
	.tick = (void *)alps_tick,
	.runnable = (void *)alps_runnable,
	.running = (void *)alps_running,
	.stopping = (void *)alps_stopping,
	.quiescent = (void *)alps_quiescent,
	.yield = (void *)alps_yield,
	.set_weight = (void *)alps_set_weight,
	.set_cpumask = (void *)alps_set_cpumask,
	.cpu_release = (void *)alps_cpu_release,
	.init_task = (void *)alps_init_task,
	.enable = (void *)alps_enable,
	.cgroup_init = (void *)alps_cgroup_init,
	.cgroup_exit = (void *)alps_cgroup_exit,
	.cgroup_move = (void *)alps_cgroup_move,
	.cgroup_set_weight = (void *)alps_cgroup_set_weight,
	.cpu_online = (void *)alps_cpu_online,
	.cpu_offline = (void *)alps_cpu_offline,
	.init = (void *)alps_init,
	.exit = (void *)alps_exit,
	.flags = SCX_OPS_ENQ_LAST | SCX_OPS_HAS_CGROUP_WEIGHT, /* see enforce/scx_scheduler.ts */
	.timeout_ms = 30000,
	.name = "alps",
};
