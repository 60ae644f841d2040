/* Commands: what they print, until they end or their time is up. One that does not even end when it is killed (it waits for a disk) is watched until it does:
 * nothing stands still for it, it leaves no zombie, and its page is not asked again before. */
#include "collect/page.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRINTED_MAX = 64 << 10 };

struct execution {
    struct page *page;              /* NULL: it is gone */
    struct execution *next, **link; /* of all there are */
    bool over;                      /* its result has been told: it only has to end */
    struct child child;
    struct event printed, ended, late;
    char text[PRINTED_MAX + 1];
    size_t len;
    bool too_much;
};

/* All that is there now; false when nothing more can come. */
static bool read_on(struct execution *execution)
{
    for (;;) {
        const ssize_t got = read(execution->child.out_fd, execution->text + execution->len, PRINTED_MAX + 1 - execution->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        execution->len += (size_t)got;
        if (execution->len > PRINTED_MAX) {
            execution->too_much = true;
            return false;
        }
    }
}

static void free_execution(struct execution *execution)
{
    event_del(&execution->printed);
    event_del(&execution->ended);
    event_del(&execution->late);
    child_release(&execution->child);
    if ((*execution->link = execution->next))
        execution->next->link = execution->link;
    free(execution);
}

/* From here on nothing counts but that it ends. */
static void give_up(struct execution *execution)
{
    event_del(&execution->printed);
    event_del(&execution->late);
    child_kill(&execution->child);
    execution->over = true;
}

void exec_cancel(struct page *page)
{
    struct execution *execution = page->child;
    page->child = NULL;
    execution->page = NULL;
    give_up(execution);
}

void exec_inherit(struct page *page, struct page *old)
{
    if (!old->child || !old->child->over)
        return;
    page->child = old->child;
    page->child->page = page;
    old->child = NULL;
}

void exec_close(struct collector *collector)
{
    while (collector->executions)
        free_execution(collector->executions);
}

static void on_printed(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct execution *execution = context;
    if (read_on(execution))
        return;
    event_del(&execution->printed); /* its end is what counts */
    if (execution->too_much)
        child_kill(&execution->child);
}

static void tell(struct execution *execution, int code)
{
    struct page *page = execution->page;
    read_on(execution);
    if (execution->too_much)
        page_failed(page, "it prints more than %d octets", PRINTED_MAX);
    else if (code != 0)
        page_failed(page, "it ends with %d", code);
    else
        page_came(page, execution->text, execution->len, 0);
}

static void on_ended(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct execution *execution = context;
    int code;
    if (!child_ended(&execution->child, &code))
        return;
    if (execution->page)
        execution->page->child = NULL;
    if (!execution->over)
        tell(execution, code);
    free_execution(execution);
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct execution *execution = context;
    give_up(execution);
    page_failed(execution->page, "it does not end within %u ms", execution->page->timeout_ms);
}

void exec_start(struct page *page, const struct child *child)
{
    struct execution *execution = mem_new(1, sizeof *execution);
    const struct timeval timeout = {.tv_sec = page->timeout_ms / 1000, .tv_usec = page->timeout_ms % 1000 * 1000};
    execution->page = page;
    execution->link = &page->collector->executions;
    if ((execution->next = *execution->link))
        execution->next->link = &execution->next;
    *execution->link = execution;
    execution->child = *child;
    page->child = execution;
    event_assign(&execution->printed, page->collector->base, child->out_fd, EV_READ | EV_PERSIST, on_printed, execution);
    event_assign(&execution->ended, page->collector->base, child->end_fd, EV_READ | EV_PERSIST, on_ended, execution);
    event_assign(&execution->late, page->collector->base, -1, 0, on_late, execution);
    event_add(&execution->printed, NULL);
    event_add(&execution->ended, NULL);
    event_add(&execution->late, &timeout);
}
