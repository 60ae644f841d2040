#include "control/inbox.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

struct inbox {
    pthread_mutex_t lock;
    struct pile {
        char *items;
        size_t count, room;
    } filling, reading; /* swapped by inbox_take(), so that neither side allocates once they have grown */
    int wake_fd;
    size_t item_size;
};

struct inbox *inbox_new(int wake_fd, size_t item_size)
{
    struct inbox *inbox = mem_new(1, sizeof *inbox);
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->wake_fd = wake_fd;
    inbox->item_size = item_size;
    return inbox;
}

void inbox_free(struct inbox *inbox)
{
    if (!inbox)
        return;
    pthread_mutex_destroy(&inbox->lock);
    free(inbox->filling.items);
    free(inbox->reading.items);
    free(inbox);
}

static void put(struct inbox *inbox, const void *item)
{
    pthread_mutex_lock(&inbox->lock);
    struct pile *pile = &inbox->filling;
    pile->items = mem_grow(pile->items, &pile->room, pile->count + 1, inbox->item_size);
    memcpy(pile->items + pile->count++ * inbox->item_size, item, inbox->item_size);
    const bool first = pile->count == 1;
    pthread_mutex_unlock(&inbox->lock);
    if (first)
        eventfd_write(inbox->wake_fd, 1);
}

void inbox_put(const struct check_result *result, void *context)
{
    put(context, result);
}

void inbox_put_load(const struct load_result *result, void *context)
{
    put(context, result);
}

const void *inbox_take(struct inbox *inbox, size_t *ret_count)
{
    pthread_mutex_lock(&inbox->lock);
    const struct pile full = inbox->filling;
    inbox->filling = inbox->reading;
    inbox->filling.count = 0;
    inbox->reading = full;
    pthread_mutex_unlock(&inbox->lock);
    *ret_count = full.count;
    return full.items;
}
