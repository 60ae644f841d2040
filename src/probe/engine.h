/* Inside the probe engine: one task a check, and the back ends that run them. Only files of this folder include it.
 * Thread: the engine's own, but for what is marked as shared. */
#pragma once

#include "probe/loop_clock.h"
#include "probe/mail.h"
#include "probe/probe.h"
#include "probe/timers.h"
#include "probe/timing.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>

struct task;

/* A way of probing. A back end owns task->link and talks back by probe_end() and task_wake_at() only. */
struct probe_backend {
    void (*attach)(struct task *task); /* makes task->link; a new check, or one whose way of probing has changed */
    void (*start)(struct task *task);  /* begins a probe; may end it at once */
    void (*wake)(struct task *task);   /* the moment asked for by task_wake_at() has come */
    void (*expire)(struct task *task); /* time is up: reads what has arrived after all, then ends the probe one way or the other */
    void (*cancel)(struct task *task); /* forgets the running probe without ending it */
    void (*detach)(struct task *task); /* closes and frees task->link */
};

/* backends.c: the one table of them. The probe must be one that the configuration admits. */
const struct probe_backend *backend_of(const struct probe *probe);

extern const struct probe_backend sip_udp_backend, sip_stream_backend, connect_backend, http_backend, dns_backend, icmp_backend,
    exec_backend, push_backend, push_file_backend;

/* One check at work. Times are of engine_now_us(). */
struct task {
    struct timer timer; /* idle: the next start; running: the back end's wake or the deadline, whichever is first */
    struct probe_engine *engine;
    struct check check; /* its texts are our own */
    uint32_t index;     /* in the set of this generation */
    const struct probe_backend *backend;
    void *link;
    struct health health;
    struct observation last;
    uint64_t count; /* probes ended */
    bool running;
    bool spread;       /* past its first probe and at its own place within the interval */
    double phase;      /* 0 to 1: that place */
    uint64_t burst_us; /* over which the first probes of its set are spread, at most the interval */
    uint64_t due_us, deadline_us;
};

/* A new set on its way from the director to the engine. */
struct task_set {
    struct task **tasks;
    size_t count;
    uint32_t generation;
};

/* What back ends have in common for all their checks, made when the first of them needs it; NULL until then. */
struct shared {
    struct runner *runner;
    struct file_reader *files;
    struct pinger *pinger;
    struct http_loop *http;
};

struct probe_engine {
    pthread_t thread;
    probe_result_fn on_result;
    void *context;
    struct event_base *base;
    struct event tick, nudge;
    struct task_set set;
    struct timers timers;
    struct loop_clock clock;
    uint64_t random;
    uint64_t stall_us; /* how much too late this turn of the loop came; 0 outside of it */
    uint64_t late_since_us;
    uint32_t late_ms, late_before_ms; /* the largest in this window and in the one before */
    char buffer[65536];               /* what a back end has just received */
    struct shared shared;

    int nudge_fd; /* shared from here on: an eventfd that makes the loop look at what follows */
    pthread_mutex_t lock;
    struct task_set *pending; /* under the lock, as the next two are */
    struct mail *mail, **mail_end;
    atomic_bool stop;
    _Atomic uint64_t heartbeat_ms, started, ended;
    _Atomic uint32_t late_max_ms;
    struct timing timing; /* written by the engine, read by all */
};

/* The loop's time; of no meaning outside. */
uint64_t engine_now_us(struct probe_engine *engine);

/* Sets the timer and makes the loop turn in time for it. */
void engine_timer_set(struct probe_engine *engine, struct timer *timer, uint64_t due_us);
/* A probe starts now that was due late_us ago. */
void engine_note_start(struct probe_engine *engine, uint64_t now_us, uint64_t late_us);
/* Uniform from 0 up to, but not including, 1. */
double engine_random(struct probe_engine *engine);
/* Makes the loop look at what others have for it. Any thread. */
void engine_nudge(struct probe_engine *engine);
/* Takes over the pending set, if there is one. */
void engine_take_set(struct probe_engine *engine);
void task_set_free(struct task_set *set);

struct task *task_new(struct probe_engine *engine, const struct check *check, uint32_t index);
void task_free(struct task *task);
/* Makes a task ready and schedules its first probe at place number of count. */
void task_begin(struct task *task, size_t number, size_t count);
/* Takes over the check of another task with the same identity. */
void task_renew(struct task *task, struct task *from);
/* Its timer has run out. */
void task_due(struct task *task);
/* The loop stood still for longer than the running probe's timeout: whatever it finds now is stale. */
void task_spoil(struct task *task);
/* Hands its state to the director. */
void task_report(const struct task *task, bool changed);

/* For back ends: there is something new. An idle task probes at once; for a running one nothing changes. */
void task_hasten(struct task *task);
/* For back ends: gives the running probe until then instead of its timeout. */
void task_extend(struct task *task, uint64_t deadline_us);
/* For back ends: calls wake() at this moment, unless the deadline is first. */
void task_wake_at(struct task *task, uint64_t due_us);
/* The one end of every probe, whatever its back end: verdict, report, next start. */
void probe_end(struct task *task, struct observation seen);
