/* One hook: its settings, its queue, its thread. For this folder only. Thread: see each. */
#pragma once

#include "notify/notify.h"

#include <pthread.h>
#include <stdatomic.h>

/* Whether a try is to be broken off: the daemon ends, or the hook is gone. */
struct abort_flag {
    atomic_bool set;
};

/* One try. False: why. */
bool command_tell(const struct hook_config *hook, const struct message *message, const struct abort_flag *abort, struct error *err);
bool post_tell(const struct hook_config *hook, const struct message *message, const struct abort_flag *abort, struct error *err);

/* "sha256=" and the HMAC of the body under the file's content (a final newline does not count), in hexadecimal. False: it cannot be read. */
enum { SIGNATURE_TEXT = 72 };
bool signature_make(const char *secret_file, const char *body, char out[SIGNATURE_TEXT], struct error *err);

/* The pause after so many failures (1 or more) of one message: 1 s, 2 s, 4 s ... 5 min. */
unsigned pause_after_ms(unsigned failures);

struct hook;
struct hook *hook_new(const struct hook_config *config);
const char *hook_name(const struct hook *hook);
void hook_set(struct hook *hook, const struct hook_config *config);
bool hook_post(struct hook *hook, struct message *message);
void hook_look(struct hook *hook, struct hook_state *ret_state);
/* No more tries but the one that runs and one for each that waits. */
void hook_end(struct hook *hook);
/* After hook_end(): waits for the thread until this moment (CLOCK_MONOTONIC). */
bool hook_wait(struct hook *hook, const struct timespec *until);
/* What it is doing is to end soon. */
void hook_break_off(struct hook *hook);
/* Once it is over. */
void hook_free(struct hook *hook);
