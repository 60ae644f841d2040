/* A thread that does one job after the other, so that the director's loop never waits for a disk or a compiler of geo data.
 * Thread: the functions are for the director's thread; job->run is called in the work thread, job->done in the director's. */
#pragma once

#include "base/error.h"

#include <stdint.h>

/* Embedded in what the job needs; the done function frees it. */
struct job {
    void (*run)(struct job *job);
    void (*done)(struct job *job);
    struct job *next;
};

struct work;

/* wake_fd: an eventfd that is raised whenever a job has been run. nice: 0 for what is waited for, WORK_NICE for what can wait for those who answer. */
enum { WORK_NICE = 10 };
struct work *work_new(int wake_fd, int nice, struct error *err);
void work_push(struct work *work, struct job *job);

/* How far the job that is being run has come (base/progress.h). */
struct progress;
const struct progress *work_progress(const struct work *work);

/* Calls done for every job that has been run. */
void work_collect(struct work *work);

/* Waits at most wait_ms for the jobs left, collects them and frees. False: the thread is still busy; it and what it holds are left
 * behind for the end of the process. */
bool work_free(struct work *work, unsigned wait_ms);
