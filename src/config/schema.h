/* The configuration's grammar as tables: each key with its kind, range, default and the field it fills. One reader serves all
 * tables (schema.c, scalar.c), one describer makes messages and the reference from them (describe.c).
 * Thread: the caller's. */
#pragma once

#include "base/report.h"
#include "config/names.h"
#include "config/source.h"
#include "model/config.h"
#include "model/scenario.h"

#include <libconfig.h>

enum { ERRORS_TOLD_MAX = 10000 }; /* more than anybody would read; a hostile file must not fill the memory with messages */
enum kind {
    KIND_WHOLE,     /* integer of size octets */
    KIND_NUMBER,    /* double */
    KIND_DURATION,  /* uint32_t, in units of unit_ms; least and most are in milliseconds */
    KIND_SWITCH,    /* bool */
    KIND_CHOICE,    /* of choices: the first stands for the value least */
    KIND_TEXT,      /* char *: UTF-8 without control characters, least to most octets */
    KIND_PATH,      /* char *: made relative to the configuration's folder */
    KIND_HOST,      /* char *: DNS name, lower case, final dot */
    KIND_DOMAIN,    /* char *: the same without the dot */
    KIND_NAME,      /* char *: [a-z0-9-] */
    KIND_ADDRESS,   /* struct addr of one host */
    KIND_NETWORK,   /* struct prefix; a lone address is one of its own */
    KIND_LISTEN,    /* struct hostport */
    KIND_PEER,      /* struct hostport of one host, port 53 unless it is given */
    KIND_COUNTRY,   /* char[3], upper case */
    KIND_CONTINENT, /* the same */
    KIND_SITE,      /* integer of size octets: index of the site of this name */
    KIND_PROBE,     /* the same of a probe */
    KIND_KEY,       /* the same of a TSIG key */
    KIND_LOAD,      /* the same of a source of load */
    KIND_ENDPOINT,  /* the same of an endpoint, by its host */
    KIND_CHECK,     /* the same of a named check */
    KIND_NEED,      /* unsigned: "all" is 0, "any" is 1, or a whole number from 1 to most */
    KIND_SECRET,    /* struct tsig_secret, from base64; never shown */
    KIND_PAIR,      /* item[0] and item[1] */
    KIND_LIST,      /* of item or of table; least to most of them */
    KIND_MAP,       /* group of groups, each of table */
    KIND_GROUP,     /* of table, in the same struct */
};

/* What names stand for; spaces of loader.names. */
enum space {
    SPACE_SITE,
    SPACE_PROBE,
    SPACE_CHECK,
    SPACE_HOST,
    SPACE_SERVICE,
    SPACE_ZONE,
    SPACE_KEY,
    SPACE_PREFER,
    SPACE_LISTEN,
    SPACE_LOAD,
    SPACE_CLUSTER,
    SPACE_PLACE,
    SPACE_HOOK,
    SPACE_LIST
};

struct loader {
    struct report *report;
    struct source *source;
    struct config *config;
    struct scenario *scenario; /* NULL unless a scenario is read; config then has what it can name */
    struct names names;
    size_t endpoint_room;
    uint32_t lists;     /* read so far; each has a space of its own from SPACE_LIST on, for its repeated items */
    bool zones_unsound; /* a zone's name could not be read: whether names lie in a zone cannot be told */
};

struct key {
    const char *name; /* NULL in an item */
    enum kind kind;
    bool required, fixed; /* fixed: the items stand in the struct itself, not behind a pointer */
    size_t at, size;      /* offset and size of the field; of a list: of its items and of one item */
    size_t count_at;      /* of a list: the offset of its size_t count */
    double least, most;
    unsigned unit_ms;
    const char *fallback;       /* as the file would say it, items of a list parted by ", "; NULL: the zeroed field */
    const char *shown;          /* what the reference says instead of fallback */
    const char *const *choices; /* NULL at the end */
    const struct key *item;
    const struct table *table;
};

struct table {
    const char *path; /* "sites[].endpoints[]" */
    const struct key *keys;
    size_t count;
    void *(*place)(struct loader *, void *into); /* room for the next item where the list does not hold its own */
    /* After all keys of a group: what spans keys, and what its name is. */
    void (*check)(struct loader *, const config_setting_t *group, void *item);
};

#define CONTINENTS "AF, AN, AS, EU, NA, OC, SA"

/* A setting, or the text of a default when setting is NULL. */
struct value {
    const config_setting_t *setting;
    const char *text;
};

#define KEY_AT(type, field) .at = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define KEY_LIST(type, items, counted) .at = offsetof(type, items), .size = sizeof(*((type *)0)->items), .count_at = offsetof(type, counted)
#define RANGE(from, to) .least = (from), .most = (to)
#define TABLE_KEYS(list) .keys = (list), .count = sizeof(list) / sizeof((list)[0])

/* Fills into from the group (NULL: all defaults; then no key may be required), then runs the table's check. */
void schema_read(struct loader *loader, const struct table *table, const config_setting_t *group, void *into);
/* One scalar into the field at `to`; false when it was wrong, which has been told. */
bool scalar_read(struct loader *loader, const struct key *key, struct value value, void *to);

/* An error or warning at a setting. Returns false. */
bool tell(struct loader *loader, const config_setting_t *setting, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for a key that the group lacks. */
bool tell_key(struct loader *loader, const config_setting_t *group, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void warn(struct loader *loader, const config_setting_t *setting, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Registers the name (NULL: it was unsound, nothing happens); tells when it stands twice, with both places. */
bool declare(struct loader *loader, uint32_t space, const char *what, const char *name, uint32_t number, const config_setting_t *at);
/* The name of that space that was probably meant, or NULL. */
const char *suggest(const struct loader *loader, uint32_t space, const char *written);
/* Registers the addresses of the group's key listen, each once among all that is listened on; port 0 (the kernel picks) any number of times. */
void declare_listen(struct loader *loader, const config_setting_t *group);
/* Whether the name, this key's value, lies in a zone of the configuration; tells when not. */
bool check_in_zone(struct loader *loader, const config_setting_t *at, const char *name);
/* The secret of the key from its file: base64, or BIND's key clause, whose algorithm is then the key's. Tells what is wrong at the setting. */
bool read_key_file(struct loader *loader, const config_setting_t *at, struct tsig_key *key, bool algorithm_given);
/* That the sources in the group's key load have no placeholder but those known ("ahs") of whom: "a site". */
void check_placeholders(struct loader *loader, const config_setting_t *group, const struct loads *loads, const char *known,
                        const char *whom);
/* 1 to 63 of [a-z0-9-]. */
bool is_name(const char *text);

/* The reference's words: type, default and range of a key. The caller frees. */
char *describe_type(const struct key *key);
char *describe_default(const struct key *key);
char *describe_range(const struct key *key);
/* Type and range as messages say it: "a whole number from 1 to 16". The caller frees. */
char *describe_expected(const struct key *key);
const char *describe_kind(enum kind kind);

/* Reads and checks a text as if it stood in the file path. */
struct config *config_from_text(const char *path, const char *text, size_t len, struct report *report);
