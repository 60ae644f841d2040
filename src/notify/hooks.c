#include "notify/hook.h"

#include "base/memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEAVING_MOST = HOOKS_MAX, BREAK_OFF_MS = 300 };

struct hooks {
    struct hook *of[HOOKS_MAX];
    size_t count;
    struct hook *leaving[LEAVING_MOST]; /* gone from the configuration, and still at work */
    size_t leaving_count;
};

struct hooks *hooks_new(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return mem_new(1, sizeof(struct hooks));
}

static struct hook *take_named(struct hooks *before, const char *name)
{
    for (size_t i = 0; i < before->count; i++)
        if (before->of[i] && strcmp(hook_name(before->of[i]), name) == 0) {
            struct hook *found = before->of[i];
            before->of[i] = NULL;
            return found;
        }
    return NULL;
}

/* One that does not end now is looked at again at the end; should there be many of them, it is left to the end of the process. */
static void let_go(struct hooks *hooks, struct hook *hook)
{
    hook_end(hook);
    if (hooks->leaving_count < LEAVING_MOST)
        hooks->leaving[hooks->leaving_count++] = hook;
}

void hooks_set(struct hooks *hooks, const struct hook_config *configs, size_t count)
{
    struct hooks before = *hooks;
    hooks->count = count;
    for (size_t i = 0; i < count; i++) {
        struct hook *known = take_named(&before, configs[i].name);
        if (known)
            hook_set(known, &configs[i]);
        hooks->of[i] = known ? known : hook_new(&configs[i]);
    }
    for (size_t i = 0; i < before.count; i++)
        if (before.of[i])
            let_go(hooks, before.of[i]);
}

bool hooks_post(struct hooks *hooks, size_t hook, struct message *message)
{
    return hook_post(hooks->of[hook], message);
}

void hooks_state(const struct hooks *hooks, size_t hook, struct hook_state *ret_state)
{
    hook_look(hooks->of[hook], ret_state);
}

static struct timespec after(unsigned wait_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    at.tv_sec += wait_ms / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* True: all are freed. */
static bool end_all(struct hook *const *hooks, size_t count, unsigned wait_ms)
{
    const struct timespec until = after(wait_ms), broken_off = after(wait_ms + BREAK_OFF_MS);
    bool over = true;
    for (size_t i = 0; i < count; i++)
        hook_end(hooks[i]);
    for (size_t i = 0; i < count; i++)
        if (!hook_wait(hooks[i], &until))
            hook_break_off(hooks[i]);
    for (size_t i = 0; i < count; i++)
        over &= hook_wait(hooks[i], &broken_off);
    for (size_t i = 0; over && i < count; i++)
        hook_free(hooks[i]);
    return over;
}

bool hooks_free(struct hooks *hooks, unsigned wait_ms)
{
    if (!hooks)
        return true;
    const bool gone = end_all(hooks->leaving, hooks->leaving_count, 0);
    if (!end_all(hooks->of, hooks->count, wait_ms) || !gone)
        return false;
    free(hooks);
    return true;
}
