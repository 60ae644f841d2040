#include "tap/meaning.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 4, NOTES = 64, OLD_MS = 5000 /* no worker holds a snapshot for longer */ };

struct note {
    uint64_t generation; /* 0: none */
    uint8_t states[SITES_MAX];
};

struct meanings {
    pthread_mutex_t lock; /* held for copying only */
    struct meaning *items[KEPT];
    size_t count;
    uint32_t published; /* the place of the newest snapshot, and since when */
    uint64_t published_ms;
    struct note notes[NOTES];
    size_t noted;
};

const char *site_state_text(enum site_state state)
{
    static const char *const texts[SITE_STATES] = {"disabled", "drained", "down", "full", "returning", "up"};
    return texts[state];
}

struct meaning *meaning_new(uint32_t place, struct config *config, const struct classes *classes, void *owner, void (*release)(void *owner))
{
    struct meaning *meaning = mem_new(1, sizeof *meaning);
    atomic_init(&meaning->refs, 1);
    meaning->place = place;
    meaning->config = config;
    meaning->classes = classes;
    meaning->owner = owner;
    meaning->release = release;
    return meaning;
}

struct meaning *meaning_ref(struct meaning *meaning)
{
    atomic_fetch_add_explicit(&meaning->refs, 1, memory_order_relaxed);
    return meaning;
}

void meaning_unref(struct meaning *meaning)
{
    if (meaning == NULL || atomic_fetch_sub_explicit(&meaning->refs, 1, memory_order_acq_rel) != 1)
        return;
    config_unref(meaning->config);
    meaning->release(meaning->owner);
    free(meaning);
}

unsigned meaning_nearest(const struct meaning *meaning, uint32_t service, uint32_t class)
{
    const struct service *of = &meaning->config->services[service];
    const uint8_t *order = class_order(meaning->classes, class);
    for (size_t i = 0; i < meaning->classes->site_count; i++)
        if (memchr(of->sites, order[i], of->site_count))
            return order[i];
    return order[0];
}

struct meanings *meanings_new(void)
{
    struct meanings *meanings = mem_new(1, sizeof *meanings);
    pthread_mutex_init(&meanings->lock, NULL);
    return meanings;
}

void meanings_free(struct meanings *meanings)
{
    for (size_t i = 0; i < meanings->count; i++)
        meaning_unref(meanings->items[i]);
    pthread_mutex_destroy(&meanings->lock);
    free(meanings);
}

/* Under the lock. What is taken out is the caller's to give back, without the lock: it may be much. */
static struct meaning *take_out(struct meanings *meanings, size_t at)
{
    struct meaning *out = meanings->items[at];
    meanings->items[at] = meanings->items[--meanings->count];
    return out;
}

static size_t oldest(const struct meanings *meanings)
{
    size_t found = 0;
    for (size_t i = 1; i < meanings->count; i++)
        if (meanings->items[i]->place < meanings->items[found]->place)
            found = i;
    return found;
}

void meanings_add(struct meanings *meanings, struct meaning *meaning)
{
    struct meaning *out = NULL;
    pthread_mutex_lock(&meanings->lock);
    for (size_t i = 0; i < meanings->count && !out; i++)
        if (meanings->items[i]->place == meaning->place)
            out = take_out(meanings, i);
    if (meanings->count == KEPT)
        out = take_out(meanings, oldest(meanings));
    meanings->items[meanings->count++] = meaning;
    pthread_mutex_unlock(&meanings->lock);
    meaning_unref(out);
}

void meanings_keep_only(struct meanings *meanings, uint32_t place)
{
    struct meaning *out[KEPT];
    size_t count = 0;
    pthread_mutex_lock(&meanings->lock);
    for (size_t i = meanings->count; i-- > 0;)
        if (meanings->items[i]->place != place)
            out[count++] = take_out(meanings, i);
    pthread_mutex_unlock(&meanings->lock);
    while (count > 0)
        meaning_unref(out[--count]);
}

void meanings_publish(struct meanings *meanings, uint64_t generation, uint32_t place, const uint8_t *states, size_t count, uint64_t now_ms)
{
    pthread_mutex_lock(&meanings->lock);
    struct note *note = &meanings->notes[meanings->noted++ % NOTES];
    note->generation = generation;
    memcpy(note->states, states, count);
    if (meanings->published != place)
        meanings->published_ms = now_ms;
    meanings->published = place;
    pthread_mutex_unlock(&meanings->lock);
}

void meanings_pass(struct meanings *meanings, uint64_t now_ms)
{
    struct meaning *out = NULL;
    pthread_mutex_lock(&meanings->lock);
    const size_t old = meanings->count ? oldest(meanings) : 0;
    if (meanings->count && meanings->items[old]->place < meanings->published && now_ms - meanings->published_ms > OLD_MS)
        out = take_out(meanings, old);
    pthread_mutex_unlock(&meanings->lock);
    meaning_unref(out);
}

struct meaning *meanings_find(struct meanings *meanings, uint32_t place)
{
    struct meaning *found = NULL;
    pthread_mutex_lock(&meanings->lock);
    for (size_t i = 0; i < meanings->count && !found; i++)
        if (meanings->items[i]->place == place)
            found = meaning_ref(meanings->items[i]);
    pthread_mutex_unlock(&meanings->lock);
    return found;
}

bool meanings_states(struct meanings *meanings, uint64_t generation, uint8_t ret_states[SITES_MAX])
{
    bool found = false;
    pthread_mutex_lock(&meanings->lock);
    for (size_t i = 0; i < NOTES && !found; i++) {
        found = meanings->notes[i].generation == generation && generation > 0;
        if (found)
            memcpy(ret_states, meanings->notes[i].states, SITES_MAX);
    }
    pthread_mutex_unlock(&meanings->lock);
    return found;
}
