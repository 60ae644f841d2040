#include "collect/collect.h"

#include "base/clock.h"
#include "base/memory.h"
#include "collect/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct collector *collector = context;
    collector->heartbeat_ms = clock_ms();
}

static void on_nudge(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct collector *collector = context;
    eventfd_t raised;
    eventfd_read(fd, &raised);
    if (collector->stop)
        event_base_loopbreak(collector->base);
    else
        schedule_take_set(collector);
}

static void *run(void *context)
{
    struct collector *collector = context;
    event_base_dispatch(collector->base);
    schedule_end(collector);
    http_close(collector);
    return NULL;
}

static void free_all(struct collector *collector)
{
    if (collector->base)
        event_base_free(collector->base);
    if (collector->nudge_fd >= 0)
        close(collector->nudge_fd);
    if (collector->read_fd >= 0)
        close(collector->read_fd);
    page_set_free(collector->pending);
    pthread_mutex_destroy(&collector->lock);
    free(collector);
}

static bool open_loop(struct collector *collector, struct error *err)
{
    const struct timeval turn = {.tv_usec = TURN_MS * 1000};
    collector->base = event_base_new();
    collector->nudge_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    collector->read_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!collector->base || collector->nudge_fd < 0 || collector->read_fd < 0)
        return error_set(err, "cannot make the loop that reads load: %s", strerror(errno));
    event_assign(&collector->tick, collector->base, -1, EV_PERSIST, on_tick, collector);
    event_assign(&collector->nudge, collector->base, collector->nudge_fd, EV_READ | EV_PERSIST, on_nudge, collector);
    event_add(&collector->tick, &turn);
    event_add(&collector->nudge, NULL);
    schedule_begin(collector, collector->read_fd);
    return http_open(collector, err);
}

struct collector *collector_new(load_result_fn on_result, void *context, struct error *err)
{
    struct collector *collector = mem_new(1, sizeof *collector);
    collector->on_result = on_result;
    collector->context = context;
    collector->nudge_fd = collector->read_fd = -1;
    collector->heartbeat_ms = clock_ms();
    pthread_mutex_init(&collector->lock, NULL);
    if (!open_loop(collector, err) || !(collector->reader = reader_new(collector->read_fd, err)))
        goto fail;
    const int wrong = pthread_create(&collector->thread, NULL, run, collector);
    if (!wrong)
        return collector;
    error_set(err, "cannot start the thread that reads load: %s", strerror(wrong));
    reader_stop(collector->reader);
    reader_free(collector->reader);
fail:
    http_close(collector);
    free_all(collector);
    return NULL;
}

bool collector_free(struct collector *collector)
{
    if (!collector)
        return true;
    collector->stop = true;
    eventfd_write(collector->nudge_fd, 1);
    pthread_join(collector->thread, NULL);
    if (!reader_stop(collector->reader))
        return false; /* it still needs what would be freed */
    for (struct chore *chore; (chore = reader_take(collector->reader)); chore_free(chore))
        page_free((struct page *)chore->owner);
    reader_free(collector->reader);
    free_all(collector);
    return true;
}

void collector_set(struct collector *collector, const struct load_errand *errands, size_t count, uint32_t generation)
{
    struct page_set *set = page_set_new(errands, count, generation);
    pthread_mutex_lock(&collector->lock);
    struct page_set *unused = collector->pending;
    collector->pending = set;
    pthread_mutex_unlock(&collector->lock);
    page_set_free(unused);
    eventfd_write(collector->nudge_fd, 1);
}

struct collector_state collector_state(const struct collector *collector)
{
    return (struct collector_state){.heartbeat_ms = collector->heartbeat_ms, .asked = collector->asked, .failed = collector->failed};
}
