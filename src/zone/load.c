#include "base/memory.h"
#include "zone/check.h"
#include "zone/rdata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INCLUDE_DEPTH = 10, TTL_MAX = INT32_MAX /* RFC 2181 8 */ };

struct loader {
    struct complaints *complaints;
    struct store *store;
    struct name origin, owner;
    bool owner_known;
    bool ttl_known;  /* default_ttl_s has been set by $TTL */
    bool last_known; /* last_ttl_s has been set by a record (RFC 1035 5.1) */
    uint32_t default_ttl_s, last_ttl_s;
    uint32_t soa_line; /* of the first SOA, 0 before */
    uint8_t *rdata;    /* room for one RDATA */
};

/* One file being read. */
struct source {
    struct loader *loader;
    const struct entry *entry;
    const char *path;
    struct place place; /* of the entry */
    unsigned depth;
};

static void load_file(struct loader *l, const char *path, unsigned depth, struct place from);

static const char *arguments(const struct entry *entry, size_t least, size_t most)
{
    if (entry->count < least + 1)
        return "something is missing behind it";
    return entry->count > most + 1 ? "there is more behind it than it takes" : NULL;
}

static bool read_origin(struct source *s, size_t token)
{
    struct name origin;
    const char *text = token_text(s->entry, token);
    const char *what = name_parse(text, &s->loader->origin, &origin);
    if (what)
        return complain(s->loader->complaints, s->place, "origin \"%.60s\" is %s", text, what);
    s->loader->origin = origin;
    return true;
}

static void read_default_ttl(struct source *s)
{
    struct loader *l = s->loader;
    const char *text = token_text(s->entry, 1);
    if (!period_parse(text, &l->default_ttl_s) || l->default_ttl_s > TTL_MAX) {
        complain(l->complaints, s->place, "$TTL \"%.60s\": a time from 0 to 2147483647 seconds was expected (RFC 2181 8)", text);
        l->default_ttl_s = 0; /* taken for set: the records that rely on it are not to blame */
    }
    l->ttl_known = true;
}

/* The file beside the including one; NULL when the name holds what no path can. To be freed. */
static char *included_path(const char *from, const char *text)
{
    char *name = mem_text(text), *to = name;
    for (; *text; text++) {
        uint8_t octet = (uint8_t)*text;
        if (octet == '\\')
            text += escape_read(text + 1, &octet);
        if (octet == 0) {
            free(name);
            return NULL;
        }
        *to++ = (char)octet;
    }
    *to = 0;
    const char *slash = strrchr(from, '/');
    if (*name == '/' || slash == NULL)
        return name;
    char *path = mem_format("%.*s/%s", (int)(slash - from), from, name);
    free(name);
    return path;
}

/* RFC 1035 5.1: the included file's origin and owners do not come back. */
static void include(struct source *s)
{
    struct loader *l = s->loader;
    const struct name origin = l->origin, owner = l->owner;
    const bool owner_known = l->owner_known;
    char *path = included_path(s->path, token_text(s->entry, 1));
    if (path == NULL)
        complain(l->complaints, s->place, "$INCLUDE: no file name");
    else if (s->depth + 1 >= INCLUDE_DEPTH)
        complain(l->complaints, s->place, "$INCLUDE %s: files included more than %u deep; does one include itself?", path, INCLUDE_DEPTH);
    else if (l->complaints->file_count >= FILES_MAX)
        complain(l->complaints, s->place, "$INCLUDE %s: more than %u files", path, FILES_MAX);
    else if (s->entry->count < 3 || read_origin(s, 2))
        load_file(l, path, s->depth + 1, s->place);
    free(path);
    l->origin = origin;
    l->owner = owner;
    l->owner_known = owner_known;
}

static void read_directive(struct source *s)
{
    const char *name = token_text(s->entry, 0);
    const bool is_include = strcasecmp(name, "$INCLUDE") == 0;
    struct complaints *complaints = s->loader->complaints;
    if (strcasecmp(name, "$GENERATE") == 0) {
        complain(complaints, s->place, "$GENERATE is understood by BIND alone; write its records out");
        return;
    }
    if (!is_include && strcasecmp(name, "$ORIGIN") != 0 && strcasecmp(name, "$TTL") != 0) {
        complain(complaints, s->place, "%.60s: no such directive; there are $ORIGIN, $TTL and $INCLUDE", name);
        return;
    }
    const char *what = arguments(s->entry, 1, is_include ? 2 : 1);
    if (what)
        complain(complaints, s->place, "%s: %s", name, what);
    else if (is_include)
        include(s);
    else if (strcasecmp(name, "$ORIGIN") == 0)
        read_origin(s, 1);
    else
        read_default_ttl(s);
}

/* What stands before the RDATA. */
struct head {
    size_t next; /* the first token of the RDATA */
    uint16_t type;
    uint32_t ttl_s;
    bool has_ttl;
};

static bool is_class(const char *text)
{
    static const char *const classes[] = {"IN", "CH", "HS", "CS", "CHAOS", "HESIOD", "ANY", "NONE"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcasecmp(text, classes[i]) == 0)
            return true;
    return strncasecmp(text, "CLASS", 5) == 0 && text[5] >= '0' && text[5] <= '9';
}

static bool read_ttl(struct source *s, const char *text, struct head *head)
{
    if (!period_parse(text, &head->ttl_s))
        return complain(s->loader->complaints, s->place, "\"%.60s\" where a TTL, the class IN or a record type was expected", text);
    if (head->ttl_s > TTL_MAX)
        return complain(s->loader->complaints, s->place, "a TTL of %u; 2147483647 is the highest (RFC 2181 8)", head->ttl_s);
    head->has_ttl = true;
    return true;
}

/* [TTL] [class] type or [class] [TTL] type (RFC 1035 5.1). */
static bool read_head(struct source *s, struct head *head)
{
    struct complaints *complaints = s->loader->complaints;
    bool has_class = false;
    for (; head->next < s->entry->count; head->next++) {
        const char *text = token_text(s->entry, head->next);
        if (!head->has_ttl && *text >= '0' && *text <= '9') {
            if (!read_ttl(s, text, head))
                return false;
        } else if (!has_class && is_class(text)) {
            has_class = true;
            if (strcasecmp(text, "IN") != 0 && strcasecmp(text, "CLASS1") != 0)
                return complain(complaints, s->place, "class %.60s; only IN is served", text);
        } else {
            head->type = zone_type_number(text);
            if (head->type == 0)
                return complain(complaints, s->place, "\"%.60s\" is no record type", text);
            if (type_is_meta(head->type))
                return complain(complaints, s->place, "%.60s is no type of records in a zone", text);
            head->next++;
            return true;
        }
    }
    return complain(complaints, s->place, "the record type is missing");
}

static bool read_owner(struct source *s, struct head *head)
{
    struct loader *l = s->loader;
    if (s->entry->blank_owner)
        return l->owner_known || complain(l->complaints, s->place, "a line without a name, and no record before it");
    const char *text = token_text(s->entry, head->next++);
    const char *what = s->entry->tokens[0].quoted ? "a quoted string" : name_parse(text, &l->origin, &l->owner);
    l->owner_known = what == NULL;
    if (what)
        return complain(l->complaints, s->place, "owner \"%.60s\" is %s", text, what);
    name_lower(l->owner.octets, l->owner.len);
    return true;
}

/* Rules that a record can break by itself. */
static bool allowed(struct source *s, uint16_t type)
{
    struct loader *l = s->loader;
    const struct name *apex = &l->store->apex;
    char name[NAME_TEXT], text[16];
    if (!name_within(l->owner.octets, l->owner.len, apex->octets, apex->len))
        return complain(l->complaints, s->place, "%s lies outside the zone", name_format(l->owner.octets, name));
    const bool wild = l->owner.octets[0] == 1 && l->owner.octets[1] == '*';
    if (wild && (type == LDNS_RR_TYPE_NS || type == LDNS_RR_TYPE_DNAME))
        return complain(l->complaints, s->place, "%s %s: not at a wildcard (RFC 4592 4.2, 4.4)", name_format(l->owner.octets, name),
                        zone_type_text(type, text));
    if (type == LDNS_RR_TYPE_DS && l->owner.len == apex->len)
        return complain(l->complaints, s->place, "%s DS: belongs to the parent zone (RFC 4035 2.4)", name_format(l->owner.octets, name));
    if (type != LDNS_RR_TYPE_SOA)
        return true;
    if (l->owner.len != apex->len)
        return complain(l->complaints, s->place, "%s SOA: the SOA stands at the top of the zone only", name_format(l->owner.octets, name));
    if (l->soa_line)
        return complain(l->complaints, s->place, "a second SOA; the first is in line %u", l->soa_line);
    l->soa_line = s->place.line;
    return true;
}

/* The TTL of a record without one: $TTL (RFC 2308 4), else that of the record before (RFC 1035 5.1), else of an SOA its MINIMUM. */
static bool find_ttl(struct source *s, struct head *head, const struct writer *rdata)
{
    struct loader *l = s->loader;
    if (l->ttl_known || l->last_known) {
        head->ttl_s = l->ttl_known ? l->default_ttl_s : l->last_ttl_s;
        return true;
    }
    if (head->type != LDNS_RR_TYPE_SOA)
        return complain(l->complaints, s->place, "no TTL: neither in the record, nor by $TTL, nor in a record before");
    head->ttl_s = get_u32(rdata->at - 4);
    if (head->ttl_s > TTL_MAX)
        return complain(l->complaints, s->place, "no TTL, and MINIMUM is none (RFC 2181 8)");
    complain_mildly(l->complaints, s->place, "no TTL: the SOA's MINIMUM is taken, %u", head->ttl_s);
    return true;
}

static void read_record(struct source *s)
{
    struct loader *l = s->loader;
    struct head head = {0};
    struct error err;
    char name[NAME_TEXT], type[16];
    if (!read_owner(s, &head) || !read_head(s, &head) || !allowed(s, head.type))
        return;
    struct writer out = writer_over(l->rdata, RDATA_MAX);
    if (!rdata_read(head.type, s->entry, head.next, &l->origin, &out, &err)) {
        complain(l->complaints, s->place, "%s %s: %s", name_format(l->owner.octets, name), zone_type_text(head.type, type), err.text);
        return;
    }
    if (!head.has_ttl && !find_ttl(s, &head, &out))
        return;
    l->last_ttl_s = head.ttl_s;
    l->last_known = true;
    const struct record record = {
        .rdata = l->rdata, .len = (uint16_t)writer_len(&out), .type = head.type, .ttl_s = head.ttl_s, .place = s->place};
    if (!store_add(l->store, &l->owner, &record))
        complain(l->complaints, s->place, "more than %u records", RECORDS_MAX);
}

static void read_entry(struct source *s)
{
    const struct entry *entry = s->entry;
    if (!entry->blank_owner && !entry->tokens[0].quoted && token_text(entry, 0)[0] == '$')
        read_directive(s);
    else
        read_record(s);
}

/* from: where the file is included, for what is wrong with it as a whole. */
static void load_file(struct loader *l, const char *path, unsigned depth, struct place from)
{
    struct lexer lexer;
    struct error err;
    if (!lexer_open(&lexer, path, &err)) {
        if (depth)
            complain(l->complaints, from, "$INCLUDE %s: %s", path, err.text);
        else
            complain(l->complaints, from, "%s", err.text);
        return;
    }
    struct source s = {.loader = l, .entry = &lexer.entry, .path = path, .depth = depth};
    s.place.file = depth ? complaints_file(l->complaints, path) : 0;
    for (enum lex got = LEX_WRONG; got != LEX_END && got != LEX_FATAL && !complaints_full(l->complaints);) {
        got = lexer_next(&lexer, &err);
        s.place.line = lexer.entry.line;
        if (got == LEX_ENTRY)
            read_entry(&s);
        else if (got != LEX_END)
            complain(l->complaints, s.place, "%s", err.text);
    }
    lexer_close(&lexer);
}

/* Hands the store's memory to the zone. */
static struct zone *make_zone(struct store *store, const char *file)
{
    struct zone_memory *memory = store->memory;
    struct zone *zone = mem_new(1, sizeof *zone);
    *zone = (struct zone){.apex = memory->nodes[0].name,
                          .apex_len = memory->nodes[0].name_len,
                          .file = arena_copy(&memory->arena, file, strlen(file) + 1),
                          .nodes = memory->nodes,
                          .node_count = store->node_count,
                          .memory = memory};
    return zone;
}

static struct zone *finish(struct store *store, const char *file, struct complaints *complaints)
{
    const size_t unread = complaints->errors;
    store_finish(store, complaints);
    struct zone *zone = make_zone(store, file);
    check_conflicts(store, zone, complaints);
    if (unread == 0)
        check_missing(store, zone, complaints);
    const struct rrset *soa = zone_rrset(zone->nodes, LDNS_RR_TYPE_SOA);
    if (complaints->errors || soa == NULL) {
        free(zone);
        return NULL;
    }
    zone->serial = get_u32(soa->rdatas->octets + soa->rdatas->len - 20);
    store->memory = NULL;
    return zone;
}

struct zone *zone_load(const char *name, const char *file, struct report *report)
{
    static const struct name root = {.len = 1};
    struct complaints complaints;
    struct store store;
    struct zone *zone = NULL;
    complaints_init(&complaints, report);
    complaints_file(&complaints, file);
    struct loader loader = {.complaints = &complaints, .store = &store};
    const char *what = name_parse(name, &root, &loader.origin);
    if (what) {
        complain(&complaints, (struct place){0}, "the zone's name \"%.60s\" is %s", name, what);
        complaints_release(&complaints);
        return NULL;
    }
    struct name apex = loader.origin;
    name_lower(apex.octets, apex.len);
    store_init(&store, &apex);
    loader.rdata = mem_new(RDATA_MAX, 1);
    load_file(&loader, file, 0, (struct place){0});
    free(loader.rdata);
    const bool unreadable = complaints.errors && store.record_count == 0;
    if (!unreadable && !complaints_full(&complaints))
        zone = finish(&store, file, &complaints);
    store_release(&store);
    complaints_release(&complaints);
    return zone;
}
