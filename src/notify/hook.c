#include "notify/hook.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAUSE_LEAST_MS = 1000, PAUSE_MOST_MS = 300000 };

struct hook {
    pthread_mutex_t lock;
    pthread_cond_t changed, over_changed; /* by the monotonic clock */
    pthread_t thread;
    bool started, ending, over;
    struct hook_config config; /* owned; under the lock */
    struct message *queue[NOTIFY_WAITING_MOST];
    size_t first, count;
    struct hook_state state;
    struct abort_flag abort;
};

unsigned pause_after_ms(unsigned failures)
{
    unsigned pause_ms = PAUSE_LEAST_MS;
    for (unsigned i = 1; i < failures && pause_ms < PAUSE_MOST_MS; i++)
        pause_ms *= 2;
    return pause_ms < PAUSE_MOST_MS ? pause_ms : PAUSE_MOST_MS;
}

void message_free(struct message *message)
{
    if (!message)
        return;
    for (size_t i = 0; i < NOTIFY_VARIABLES; i++)
        free(message->variables[i]);
    free(message->body);
    free(message);
}

static char *copy_text(const char *text)
{
    return text ? mem_text(text) : NULL;
}

static char **copy_texts(char *const *texts, size_t count)
{
    char **copy = mem_new(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = mem_text(texts[i]);
    return copy;
}

static struct hook_config copy_config(const struct hook_config *from)
{
    struct hook_config copy = *from;
    copy.name = copy_text(from->name);
    copy.on = NULL;
    copy.on_count = 0;
    copy.command = copy_texts(from->command, from->command_count);
    copy.headers = copy_texts(from->headers, from->header_count);
    copy.url = copy_text(from->url);
    copy.secret_file = copy_text(from->secret_file);
    copy.ca = copy_text(from->ca);
    return copy;
}

static void free_config(struct hook_config *config)
{
    for (size_t i = 0; i < config->command_count; i++)
        free(config->command[i]);
    for (size_t i = 0; i < config->header_count; i++)
        free(config->headers[i]);
    char *const texts[] = {config->name, config->url, config->secret_file, config->ca};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    free(config->command);
    free(config->headers);
}

struct hook *hook_new(const struct hook_config *config)
{
    struct hook *hook = mem_new(1, sizeof *hook);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&hook->lock, NULL);
    pthread_cond_init(&hook->changed, &monotonic);
    pthread_cond_init(&hook->over_changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    hook->config = copy_config(config);
    return hook;
}

const char *hook_name(const struct hook *hook)
{
    return hook->config.name; /* never changes */
}

void hook_set(struct hook *hook, const struct hook_config *config)
{
    pthread_mutex_lock(&hook->lock);
    struct hook_config before = hook->config;
    hook->config = copy_config(config);
    pthread_mutex_unlock(&hook->lock);
    free_config(&before);
}

static struct timespec after(unsigned wait_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += wait_ms / 1000;
    at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* Under the lock, which is given up for the try. */
static bool try_once(struct hook *hook, const struct message *message)
{
    struct error err = {.text = ""};
    struct hook_config config = copy_config(&hook->config);
    pthread_mutex_unlock(&hook->lock);
    const bool told = config.url ? post_tell(&config, message, &hook->abort, &err) : command_tell(&config, message, &hook->abort, &err);
    free_config(&config);
    pthread_mutex_lock(&hook->lock);
    hook->state.ended_ms = clock_ms();
    hook->state.failing = !told;
    snprintf(hook->state.why, sizeof hook->state.why, "%.*s", NOTIFY_WHY - 1, told ? "" : err.text);
    return told;
}

/* Under the lock. Until it is told, or there have been too many failures. */
static void tell(struct hook *hook, const struct message *message)
{
    for (unsigned failures = 0;;) {
        if (try_once(hook, message)) {
            hook->state.sent++;
            return;
        }
        if (++failures > hook->config.retries || hook->ending) {
            hook->state.failed++;
            return;
        }
        hook->state.retried++;
        const struct timespec until = after(pause_after_ms(failures));
        for (int late = 0; !late && !hook->ending;)
            late = pthread_cond_timedwait(&hook->changed, &hook->lock, &until);
    }
}

static struct message *take(struct hook *hook)
{
    struct message *message = hook->queue[hook->first];
    hook->first = (hook->first + 1) % NOTIFY_WAITING_MOST;
    hook->count--;
    return message;
}

static void *run(void *context)
{
    struct hook *hook = context;
    pthread_mutex_lock(&hook->lock);
    while (!atomic_load(&hook->abort.set)) {
        if (hook->count == 0 && hook->ending)
            break;
        if (hook->count == 0) {
            pthread_cond_wait(&hook->changed, &hook->lock);
            continue;
        }
        struct message *message = take(hook);
        tell(hook, message);
        message_free(message);
    }
    hook->over = true;
    pthread_cond_signal(&hook->over_changed);
    pthread_mutex_unlock(&hook->lock);
    return NULL;
}

bool hook_post(struct hook *hook, struct message *message)
{
    pthread_mutex_lock(&hook->lock);
    if (!hook->started)
        hook->started = pthread_create(&hook->thread, NULL, run, hook) == 0;
    const bool room = hook->started && hook->count < NOTIFY_WAITING_MOST;
    if (room)
        hook->queue[(hook->first + hook->count++) % NOTIFY_WAITING_MOST] = message;
    else
        hook->state.dropped++;
    pthread_cond_signal(&hook->changed);
    pthread_mutex_unlock(&hook->lock);
    if (!room)
        message_free(message);
    return room;
}

void hook_look(struct hook *hook, struct hook_state *ret_state)
{
    pthread_mutex_lock(&hook->lock);
    *ret_state = hook->state;
    ret_state->waiting = hook->count;
    pthread_mutex_unlock(&hook->lock);
}

void hook_end(struct hook *hook)
{
    pthread_mutex_lock(&hook->lock);
    hook->ending = true;
    pthread_cond_signal(&hook->changed);
    pthread_mutex_unlock(&hook->lock);
}

bool hook_wait(struct hook *hook, const struct timespec *until)
{
    pthread_mutex_lock(&hook->lock);
    for (int late = 0; hook->started && !hook->over && !late;)
        late = pthread_cond_timedwait(&hook->over_changed, &hook->lock, until);
    const bool over = !hook->started || hook->over;
    pthread_mutex_unlock(&hook->lock);
    return over;
}

void hook_break_off(struct hook *hook)
{
    atomic_store(&hook->abort.set, true);
}

void hook_free(struct hook *hook)
{
    if (hook->started)
        pthread_join(hook->thread, NULL);
    while (hook->count)
        message_free(take(hook));
    free_config(&hook->config);
    pthread_cond_destroy(&hook->changed);
    pthread_cond_destroy(&hook->over_changed);
    pthread_mutex_destroy(&hook->lock);
    free(hook);
}
