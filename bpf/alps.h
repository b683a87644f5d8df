/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the eBPF programs and the agent's user space share. This header is the only source of the binary layout:
 * `scripts/layout.ts` reads it back from the compiled object's BTF and writes `ffi/layout.ts`.
 *
 * All times are nanoseconds of CLOCK_MONOTONIC, all identifiers those of the initial PID namespace.
 */
#ifndef ALPS_H
#define ALPS_H

enum alps_limits {
	/* Invocations that can be in progress at once. More are run, but neither measured nor ordered (and counted). */
	ALPS_SLOTS = 16384,
	/* How far from its home position (pid modulo ALPS_SLOTS) a slot is looked for. */
	ALPS_SLOT_PROBES = 32,
	/*
	 * Room for two events of every slot: as many functions may begin and end at one time as there can be, with no reader
	 * on a CPU meanwhile. At 5 000 invocations a second it takes seconds to fill.
	 */
	ALPS_RING_BYTES = 1 << 22,
	/* Timers that the slots share. More: less to look at when one expires; each takes memory. */
	ALPS_GAP_TIMERS = 64,
	/* Counters of waiting tasks in a slot: a power of two. */
	ALPS_WAIT_BUCKETS = 16,
	ALPS_COMM_LEN = 16,
	ALPS_PATH_LEN = 256,
	ALPS_ARGS_LEN = 512,
	/* Histogram buckets: four to a power of two from 2^10 ns (1 us) to 2^42 ns (73 min). */
	ALPS_HIST_BUCKETS = 128,
	ALPS_HIST_FIRST_LOG2 = 10,
};

/* Life of a slot. */
enum alps_slot_state {
	ALPS_SLOT_FREE = 0,
	ALPS_SLOT_BUSY = 1,
};

/* How invocations of a slot or of a function are told apart, and what is to be known about one of them. */
enum alps_flags {
	ALPS_WARM = 1, /* an idle period longer than the gap ends an invocation; else only the last task's exit does */
	ALPS_AUTO = 2, /* ALPS_WARM may change by what is seen */
	ALPS_PARTIAL = 4, /* no invocation, or only a part of one, has been seen: it is not counted */
	ALPS_BETWEEN = 8, /* events only: no invocation is in progress, the instance is idle */
	ALPS_TOLD = 32, /* begins and ends are told by the platform: gaps are none, until it has told nothing for long */
	ALPS_OVERLAP = 16, /* events only: several of its tasks were at work at once, each for at least busy_least_ns */
};

/* How a function's invocations are told apart, by user space. A function without one has neither flag. */
struct alps_mode {
	__u32 flags; /* ALPS_WARM, ALPS_AUTO */
	__u32 gap_us;
};
_Static_assert(sizeof(struct alps_mode) == 8, "struct alps_mode");

/*
 * One invocation in progress, or a warm instance, which has one after another. User space maps the array of these
 * read-only: attained CPU time at time t is
 * cpu_ns - cpu_base_ns + running * (t - base_ns) - running_since_ns.
 */
struct alps_slot {
	__u32 state;
	__u32 generation; /* grows with every use of the slot */
	__u32 function_id;
	__u32 pid; /* first process */
	__u64 start_ns; /* of the invocation */
	__u64 first_run_ns; /* before start_ns: not yet */
	/* These grow over the slot's life; an invocation has what is above its base. */
	__u64 cpu_ns; /* of the stints on a CPU that have ended */
	__u64 wait_ns; /* of the waits that have ended */
	__u64 running_since_ns; /* sum over its running tasks of (time of switch-in - base_ns) */
	__u64 last_on_ns; /* latest switch-in */
	__u64 last_kick_ns; /* latest ALPS_EVENT_KICK */
	__u64 base_ns; /* when the slot was taken, or its process started */
	__u64 cpu_base_ns;
	__u64 wait_base_ns;
	__u64 idle_since_ns; /* the latest instant at which one of its tasks blocked; with ALPS_WARM or ALPS_AUTO */
	__u64 overlap_since_ns; /* when a second task came to want a CPU; with ALPS_WARM */
	__u64 overlap_ns; /* how long the invocation had several such tasks */
	__u32 preemptions_base;
	__u32 life; /* odd: an invocation is in progress; half of it: how many there were before, or have been */
	__u32 flags; /* ALPS_WARM, ALPS_AUTO, ALPS_PARTIAL */
	__u32 gap_us;
	__u32 idle_periods; /* longer than the gap, since the slot was taken; with ALPS_WARM or ALPS_AUTO */
	__u32 running; /* its tasks on a CPU */
	__u32 runnable; /* its tasks on a CPU or waiting for one */
	__u32 tasks; /* its threads and processes alive */
	__u32 preemptions;
	__u32 cpu; /* where last_tid runs or is queued */
	__u32 last_tid; /* the task that ran or was queued last */
	__u32 busy_tasks; /* those that have used busy_least_ns in the invocation; with ALPS_WARM */
	__u64 group_id; /* of the group in which the task that ran last is scheduled: see enum alps_group_kind */
	__u32 group_kind;
	__u32 told_ms; /* of the machine's life, modulo 2^32, when the platform told something last; with ALPS_TOLD */
	__u32 reserved[2];
	/* Its tasks that wait for a CPU, by when that began: see wait_bucket_ns. */
	__u32 waiting[ALPS_WAIT_BUCKETS];
};
_Static_assert(sizeof(struct alps_slot) == 256, "struct alps_slot");

/* What weighs a task against others: it counts as a part of its group, and only inside that on its own. */
enum alps_group_kind {
	ALPS_GROUP_ROOT = 0, /* no group */
	ALPS_GROUP_CGROUP = 1, /* a cgroup of the cpu controller; id: the cgroup's, which is its folder's inode */
	ALPS_GROUP_AUTOGROUP = 2, /* a session of the root cgroup; id: the kernel's number of the autogroup */
};

/* What the iterator `foreign_groups` writes: a group in which there is a task that belongs to no invocation. */
struct alps_group {
	__u64 id;
	__u32 kind;
	__u32 reserved;
};
_Static_assert(sizeof(struct alps_group) == 16, "struct alps_group");

enum alps_event_kind {
	ALPS_EVENT_START = 1, /* an invocation began; tid is its first task */
	ALPS_EVENT_END = 2, /* its last task exited; carries the whole record */
	ALPS_EVENT_TASK_START = 3, /* one more task joined it */
	ALPS_EVENT_TASK_END = 4,
	ALPS_EVENT_KICK = 5, /* it began or ceased to want a CPU: decide again */
	ALPS_EVENT_CLASSIFY = 6, /* struct alps_classify: whose process is this? */
	ALPS_EVENT_IDLE = 7, /* a warm invocation ended, its tasks live on; carries the whole record */
	ALPS_EVENT_LOCK = 8, /* one of its tasks waits for a lock in the kernel */
};

struct alps_event {
	__u32 kind;
	__u32 slot;
	__u32 generation;
	__u32 function_id;
	__u32 pid;
	__u32 tid;
	__u32 preemptions;
	__u32 woke_reader; /* 1: user space was woken for this event, so that its latency counts */
	__u64 time_ns;
	__u64 start_ns;
	__u64 first_run_ns;
	__u64 cpu_ns;
	__u64 wait_ns;
	/* When tid started, as field 22 of /proc/TID/stat: ALPS_EVENT_START and ALPS_EVENT_TASK_START only, else 0. */
	__u64 task_start_ticks;
	__u64 end_ns; /* ALPS_EVENT_END, ALPS_EVENT_IDLE: of the invocation; of an idle one that was before time_ns */
	__u32 sequence; /* of the invocation in its slot, from 0 */
	__u32 flags; /* enum alps_flags */
	__u32 idle_periods;
	__u32 reserved;
};
_Static_assert(sizeof(struct alps_event) == 104, "struct alps_event");
/* The kernel puts 8 bytes before each. */
_Static_assert(2 * ALPS_SLOTS * (sizeof(struct alps_event) + 8) <= ALPS_RING_BYTES, "two events of every slot");

/* What a verdict is remembered by. Parts that no rule looks at are zero, so that they do not split the memory. */
struct alps_key {
	__u64 inode; /* of the executable */
	__u64 cgroups; /* hash of the cgroups in all hierarchies */
	__u32 device;
	__u32 uid; /* effective */
	char comm[ALPS_COMM_LEN];
	char path[ALPS_PATH_LEN]; /* as exec was called; empty where the question came from elsewhere */
};
_Static_assert(sizeof(struct alps_key) == 296, "struct alps_key");

/* Which parts of alps_key are filled in. */
enum alps_key_parts {
	ALPS_KEY_EXE = 1,
	ALPS_KEY_COMM = 2,
	ALPS_KEY_CGROUP = 4,
	ALPS_KEY_USER = 8,
};

/* Value of function_id in a verdict: no function. */
#define ALPS_NO_FUNCTION 0u

enum alps_verdict_flags {
	ALPS_VERDICT_ASK = 1, /* depends on more than the key: ask every time */
	ALPS_VERDICT_EXCLUDED = 2, /* belongs to no function, not even to its parent's */
	/* By its place, where no rule matches: what is in another function's invocation already is asked about. */
	ALPS_VERDICT_DISCOVERED = 4,
	ALPS_VERDICT_ENTERED = 8, /* with the above: what comes from elsewhere is asked about, for it may have been put in */
};

struct alps_verdict {
	__u32 rules_generation; /* valid while this is the generation in force */
	__u32 function_id;
	__u32 flags;
	__u32 reserved;
};
_Static_assert(sizeof(struct alps_verdict) == 16, "struct alps_verdict");

struct alps_classify {
	__u32 kind;
	__u32 pid;
	__u32 parent_pid;
	__u32 rules_generation;
	__u32 current_function_id; /* of the invocation that it belongs to so far, or ALPS_NO_FUNCTION */
	__u32 args_len;
	__u64 time_ns;
	__u64 process_start_ns;
	__u64 begin_ns; /* where its invocation begins, if it is one */
	__u64 exec_base_ns; /* CPU time that it had used by then */
	__u64 arg_start; /* where its command line begins: another address after another exec */
	__u64 cgroup_id; /* of the cpu controller, as the key has it: a process may be moved before it is looked at; 0: not known */
	struct alps_key key;
	char comm[ALPS_COMM_LEN];
	char args[ALPS_ARGS_LEN]; /* the command line's parts, each ended by a NUL */
};
_Static_assert(sizeof(struct alps_classify) == 896, "struct alps_classify");

/*
 * What the platform tells of a warm instance, for the iterator program `tell`: an invocation begins in it, or is over. One that is
 * in progress ends with either.
 */
struct alps_tell {
	__u32 slot;
	__u32 generation; /* of the slot */
	__u32 begins;
	__u32 done; /* filled in by the kernel side: 0 = it is no warm instance (any more) */
};
_Static_assert(sizeof(struct alps_tell) == 16, "struct alps_tell");

/* How long a warm function's instances were idle, each time. Buckets as in struct alps_function_stats. */
struct alps_idle {
	__u32 hist[ALPS_HIST_BUCKETS];
};
_Static_assert(sizeof(struct alps_idle) == 512, "struct alps_idle");

/*
 * User space's answer for processes that run already, by pid: carried out by the iterator program `adopt`.
 * The first process of an invocation has root == its own pid; its children name it as root. ALPS_NO_FUNCTION takes a
 * process out of the invocation that it belongs to.
 */
struct alps_adopt {
	__u32 function_id;
	__u32 root;
	__u64 process_start_ns; /* of this process: 0 = any, else it must match */
	__u64 begin_ns; /* of the invocation (root only): 0 = the process's start */
	__u64 exec_base_ns; /* CPU time of this process's first thread that is not the invocation's */
	__u32 slot; /* filled in by the kernel side (root only): slot + 1, 0 = none yet */
	__u32 generation;
};
_Static_assert(sizeof(struct alps_adopt) == 40, "struct alps_adopt");

/* Counters of one function since the agent started. */
struct alps_function_stats {
	__u64 invocations;
	__u64 cpu_ns;
	__u64 wait_ns;
	__u64 turnaround_ns;
	__u64 preemptions;
	/* written by the scheduler (scx.bpf.c) */
	__u64 dispatches; /* how often one of its tasks was given a CPU */
	__u64 most_attained_ns; /* the most that an invocation had used, as long as none had ended */
	__u32 cpu_hist[ALPS_HIST_BUCKETS];
	__u32 turnaround_hist[ALPS_HIST_BUCKETS];
};
_Static_assert(sizeof(struct alps_function_stats) == 1080, "struct alps_function_stats");

/* One page that both sides write; every field has one writer. */
struct alps_shared {
	/* written by user space */
	__u32 rules_generation;
	__u32 key_parts; /* enum alps_key_parts; 0 = there are no rules that a new process could match */
	__u32 cores; /* CPUs that invocations run on */
	__u32 last_attempt; /* nobody tries again to take in what the iterator `adopt` could not take in */
	/* written by the kernel side */
	__u32 active; /* invocations in progress */
	__u32 runnable; /* of these, the ones with a runnable task */
	__u32 slots; /* in use: without any, no task is an invocation's, and look-ups are saved */
	__u32 reserved;
	__u64 events;
	__u64 lost_ring_full;
	__u64 lost_no_slot;
	__u64 lost_no_memory;
	__u64 lost_no_stats; /* ended invocations without counters of their own */
	__u64 long_waits; /* tasks' waits for a CPU that lasted longer than max_wait_ns, counted when they ended */
	__u64 limited_waits; /* such waits of tasks in groups with a CPU limit, which may be why; not in long_waits */
	__u64 longest_wait_ns; /* of those that have ended */
};
_Static_assert(sizeof(struct alps_shared) == 96, "struct alps_shared");

/* Per task of an invocation, in task storage. */
enum alps_task_state {
	ALPS_TASK_BLOCKED = 0,
	ALPS_TASK_WAITING = 1,
	ALPS_TASK_RUNNING = 2,
};

/* In place of a slot: somebody is about to make the task an invocation's. */
#define ALPS_TASK_JOINS 0xffffffffu

struct alps_task {
	__u32 slot; /* slot + 1; 0 = belongs to no invocation (any more); ALPS_TASK_JOINS */
	__u32 generation;
	__u32 state;
	__u32 life; /* of the slot, for which cpu_ns holds */
	__u64 since_ns; /* in this state */
	__u64 unserved_ns; /* waiting or running: since when it has wanted a CPU, and had none for LEAST_STINT_NS at a stretch */
	__u64 exec_ns; /* sum_exec_runtime up to which the CPU time is accounted */
	__u64 cpu_ns; /* what it has used in the invocation; with ALPS_WARM */
};
_Static_assert(sizeof(struct alps_task) == 48, "struct alps_task");

/* One task of an invocation, as the iterator program `members` lists them. */
struct alps_member {
	__u32 slot;
	__u32 generation;
	__u32 tid;
	__u32 reserved;
};
_Static_assert(sizeof(struct alps_member) == 16, "struct alps_member");

/* A stretch of a function's rank table: from `from_ns` of attained CPU time on, the rank is that of a line. */
struct alps_rank_segment {
	__u64 from_ns;
	__u64 rank_ns; /* there */
	__s64 slope; /* change of the rank per CPU time, in 1 / 2^ALPS_SLOPE_SHIFT */
};
_Static_assert(sizeof(struct alps_rank_segment) == 24, "struct alps_rank_segment");

enum alps_rank_limits {
	ALPS_RANK_SEGMENTS = 8,
	ALPS_SLOPE_SHIFT = 12,
	/* Prior of functions without ranks of their own. Functions' own numbers begin at 1. */
	ALPS_PRIOR = 0,
};

enum alps_rank_flags {
	ALPS_RANK_PINNED = 1, /* a person's: pinned_ns holds, whatever has been used */
};

/* What orders a function's invocations in scx.bpf.c; written by user space. Lower ranks run first. */
struct alps_rank {
	__u32 flags;
	__u32 segments; /* in use; 0: nothing is known of the function */
	__u64 slice_ns; /* 0: the default */
	__s64 pinned_ns;
	struct alps_rank_segment table[ALPS_RANK_SEGMENTS];
};
_Static_assert(sizeof(struct alps_rank) == 216, "struct alps_rank");

enum alps_scx_limits {
	ALPS_EXIT_TEXT = 128,
	ALPS_EXIT_MESSAGE = 1024,
	ALPS_EXIT_DUMP = 32768,
};

/* What scx.bpf.c counts, and how it ended. Mapped into user space; written by the kernel side. */
struct alps_scx {
	__u64 dispatches; /* of function tasks */
	__u64 other_dispatches; /* of all other tasks */
	__u64 direct; /* of both, straight to an idle CPU */
	__u64 preemptions; /* of a function's task by a better one */
	__u64 other_preemptions; /* for the sake of tasks that are no function's */
	__u64 overdue; /* waits that reached the bound: the task went first */
	__u64 floor; /* turns given to the function task that had waited longest */
	__u64 throttles; /* tasks set aside because their cgroup had used up its CPU limit */
	__u64 lost_group; /* cgroups for which there was no room: they count as their parents */
	__u64 lost_wait; /* waits that had no room in the rings: they are looked for one by one */
	__u64 longest_wait_ns; /* of a function's task */
	__u64 queued; /* function tasks waiting, when it was last looked at */
	__u64 other_queued;
	__s64 function_time_ns; /* weighted-fair times of the functions as a whole, and of all others */
	__s64 other_time_ns;
	__u64 exit_kind; /* 0: it runs */
	__s64 exit_code;
	char exit_reason[ALPS_EXIT_TEXT];
	char exit_message[ALPS_EXIT_MESSAGE];
	char exit_dump[ALPS_EXIT_DUMP];
};
_Static_assert(sizeof(struct alps_scx) == 136 + 128 + 1024 + 32768, "struct alps_scx");

/* Never read: its type brings what no map holds into the object's BTF. */
union alps_interface {
	enum alps_limits limits;
	enum alps_slot_state slot_state;
	enum alps_flags flags;
	enum alps_event_kind event_kind;
	enum alps_key_parts key_parts;
	enum alps_verdict_flags verdict_flags;
	enum alps_task_state task_state;
	enum alps_group_kind group_kind;
	struct alps_group group;
	struct alps_event event;
	struct alps_classify classify;
	struct alps_mode mode;
	struct alps_member member;
	enum alps_rank_limits rank_limits;
	enum alps_rank_flags rank_flags;
	struct alps_rank rank;
	enum alps_scx_limits scx_limits;
};

#endif
