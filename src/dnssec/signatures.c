#include "dnssec/signatures.h"

#include "base/cursor.h"
#include "base/invariant.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { EXPIRATION_AT = 8, INCEPTION_AT = 12 };

struct entry {
    struct entry *next;          /* of its bucket */
    struct entry *newer, *older; /* by when it was last asked for */
    uint8_t content[CONTENT_OCTETS];
    uint16_t len;
    uint8_t octets[];
};

struct signatures {
    pthread_mutex_t lock;
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t count, most;
    struct entry *newest, *oldest;
};

struct signatures *signatures_new(size_t most)
{
    struct signatures *signatures = mem_new(1, sizeof *signatures);
    signatures->most = most > 0 ? most : 1;
    signatures->bucket_count = 1;
    while (signatures->bucket_count < signatures->most)
        signatures->bucket_count *= 2;
    signatures->buckets = mem_new(signatures->bucket_count, sizeof *signatures->buckets);
    invariant(pthread_mutex_init(&signatures->lock, NULL) == 0);
    return signatures;
}

void signatures_free(struct signatures *signatures)
{
    if (signatures == NULL)
        return;
    for (struct entry *entry = signatures->newest, *older; entry; entry = older) {
        older = entry->older;
        free(entry);
    }
    pthread_mutex_destroy(&signatures->lock);
    free(signatures->buckets);
    free(signatures);
}

/* The link that leads to the entry of this content, or to the end of its bucket. */
static struct entry **link_of(struct signatures *signatures, const uint8_t *content)
{
    uint64_t spread; /* a digest's octets need no hash */
    memcpy(&spread, content, sizeof spread);
    struct entry **link = &signatures->buckets[spread & (signatures->bucket_count - 1)];
    while (*link && memcmp((*link)->content, content, CONTENT_OCTETS) != 0)
        link = &(*link)->next;
    return link;
}

static void unlink_age(struct signatures *signatures, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &signatures->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &signatures->oldest) = entry->newer;
}

static void link_newest(struct signatures *signatures, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = signatures->newest;
    *(signatures->newest ? &signatures->newest->newer : &signatures->oldest) = entry;
    signatures->newest = entry;
}

static void drop(struct signatures *signatures, struct entry **link)
{
    struct entry *entry = *link;
    *link = entry->next;
    unlink_age(signatures, entry);
    signatures->count--;
    free(entry);
}

/* A clock that was set back makes a signature that is not valid yet; a shorter validity in the configuration one that is too long. */
static bool usable(const struct entry *entry, const struct rrsig_times *times)
{
    const int64_t left = rrsig_expiration_s(entry->octets, times->now_s) - times->now_s;
    return left > times->refresh_s && left <= times->validity_s && rrsig_inception_s(entry->octets, times->now_s) <= times->now_s;
}

bool signatures_find(struct signatures *signatures, const uint8_t content[CONTENT_OCTETS], const struct rrsig_times *times,
                     struct rrsig *ret)
{
    if (signatures == NULL)
        return false;
    pthread_mutex_lock(&signatures->lock);
    struct entry *entry = *link_of(signatures, content);
    const bool found = entry && usable(entry, times);
    if (found) {
        unlink_age(signatures, entry);
        link_newest(signatures, entry);
        ret->len = entry->len;
        memcpy(ret->octets, entry->octets, entry->len);
    }
    pthread_mutex_unlock(&signatures->lock);
    return found;
}

void signatures_keep(struct signatures *signatures, const uint8_t content[CONTENT_OCTETS], const struct rrsig *rrsig)
{
    if (signatures == NULL)
        return;
    struct entry *entry = mem_new(1, sizeof *entry + rrsig->len);
    entry->len = rrsig->len;
    memcpy(entry->content, content, CONTENT_OCTETS);
    memcpy(entry->octets, rrsig->octets, rrsig->len);
    pthread_mutex_lock(&signatures->lock);
    struct entry **link = link_of(signatures, content);
    if (*link)
        drop(signatures, link);
    else if (signatures->count == signatures->most)
        drop(signatures, link_of(signatures, signatures->oldest->content));
    link = link_of(signatures, content); /* what went may have held the link */
    entry->next = *link;
    *link = entry;
    link_newest(signatures, entry);
    signatures->count++;
    pthread_mutex_unlock(&signatures->lock);
}

static int64_t near(uint32_t time, int64_t now_s)
{
    return now_s + (int32_t)(time - (uint32_t)now_s);
}

int64_t rrsig_expiration_s(const uint8_t *rrsig, int64_t now_s)
{
    return near(get_u32(rrsig + EXPIRATION_AT), now_s);
}

int64_t rrsig_inception_s(const uint8_t *rrsig, int64_t now_s)
{
    return near(get_u32(rrsig + INCEPTION_AT), now_s);
}
