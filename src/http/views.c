/* Answers that are the same for all: made at most once a second, and while they are made, everybody waits for the same. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct text *text_new(char *octets, size_t len, const char *type, bool constant)
{
    struct text *text = mem_new(1, sizeof *text);
    *text = (struct text){.refs = 1, .octets = octets, .len = len, .constant = constant, .type = type};
    snprintf(text->tag, sizeof text->tag, "\"%016llx%016llx\"", (unsigned long long)hash_bytes(octets, len, 1),
             (unsigned long long)hash_bytes(octets, len, 2));
    return text;
}

void text_unref(struct text *text)
{
    if (!text || --text->refs > 0)
        return;
    if (!text->constant)
        free(text->octets);
    free(text);
}

/* What was ordered over HTTP shows at once; other changes soon. */
static bool is_fresh(const struct http *http, const struct view *view)
{
    const uint64_t age_ms = clock_ms() - view->made_ms;
    const bool touched = view->made_of != atomic_load(&http->touched);
    return view->text && view->made_ordered == http->ordered && age_ms < (touched ? HTTP_TOUCHED_MS : HTTP_FRESH_MS);
}

bool view_join(struct http *http, struct exchange *exchange)
{
    struct view *view = &http->views[exchange->route - http->table.routes];
    if (is_fresh(http, view)) {
        view->text->refs++;
        exchange_send_text(exchange, 200, view->text);
        return true;
    }
    if (view->making && view->making_ordered != http->ordered)
        return false; /* it may be of the time before an order that has been confirmed: alone */
    exchange->view = view;
    if (view->making) {
        exchange->next = view->waiting;
        view->waiting = exchange;
        return true;
    }
    view->making = true;
    view->making_of = atomic_load(&http->touched);
    view->making_ordered = http->ordered;
    return false;
}

static void keep(struct view *view, struct text *text)
{
    text_unref(view->text);
    text->refs++;
    view->text = text;
    view->made_ms = clock_ms();
    view->made_of = view->making_of;
    view->made_ordered = view->making_ordered;
}

void view_finish(struct exchange *exchange, int code, struct text *text)
{
    struct view *view = exchange->view;
    struct exchange *waiting = view->waiting;
    view->waiting = NULL;
    view->making = false;
    if (code == 200)
        keep(view, text);
    for (struct exchange *next; waiting; waiting = next) {
        next = waiting->next;
        text->refs++;
        exchange_send_text(waiting, code, text);
    }
    exchange_send_text(exchange, code, text);
}
