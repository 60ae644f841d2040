#include "control/callers.h"

#include "base/memory.h"
#include "base/nearest.h"
#include "geo/countries.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind { KIND_SITE, KIND_REGION, KIND_SERVICE, KIND_LABEL, KIND_COUNTRY, KIND_CONTINENT, KIND_PREFIX, KINDS };

static const char *const kinds[KINDS] = {"site", "region", "service", "label", "country", "continent", "prefix"};
static const char *const continents[] = {"AF", "AN", "AS", "EU", "NA", "OC", "SA"};

enum { WORDS_MAX = 128, NAME_TEXT = 320 };

/* A selector: its kind, and its name in full. */
struct word {
    enum kind kind;
    char name[NAME_TEXT];
};

struct words {
    struct word *of;
    size_t count, room;
    bool all;
};

static int hex_of(char digit)
{
    return isdigit((unsigned char)digit) ? digit - '0' : isxdigit((unsigned char)digit) ? tolower((unsigned char)digit) - 'a' + 10 : -1;
}

/* %XX -> octets. False when it is malformed, too long, or holds what is no text. */
static bool decode_name(const char *text, size_t len, char out[NAME_TEXT])
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        const int high = text[i] == '%' && i + 2 < len ? hex_of(text[i + 1]) : -1, low = high >= 0 ? hex_of(text[i + 2]) : -1;
        if (text[i] == '%' && low < 0)
            return false;
        const char octet = text[i] == '%' ? (char)(high << 4 | low) : text[i];
        i += text[i] == '%' ? 2 : 0;
        if ((unsigned char)octet < 0x20 || octet == 0x7f || at + 1 >= NAME_TEXT)
            return false;
        out[at++] = octet;
    }
    out[at] = '\0';
    return at > 0;
}

/* Adds text to out, with what would end a name as %XX. False when there is no room. */
static bool encode_name(const char *name, char *out, size_t room)
{
    size_t at = strlen(out);
    for (; *name; name++) {
        const bool plain = *name != ' ' && *name != ',' && *name != '%';
        if (at + 4 > room)
            return false;
        at += (size_t)snprintf(out + at, room - at, plain ? "%c" : "%%%02X", (unsigned char)*name);
    }
    return true;
}

static bool take_prefix(char name[NAME_TEXT], struct error *err)
{
    struct prefix prefix;
    char addr[ADDR_TEXT], text[PREFIX_TEXT], *end;
    const size_t len = strcspn(name, "/");
    if (len >= sizeof addr || name[len] == '\0')
        return error_set(err, "\"prefix:%.60s\": ADDR/LEN was expected, as in prefix:203.0.113.0/24", name);
    memcpy(addr, name, len);
    addr[len] = '\0';
    const unsigned long bits = strtoul(name + len + 1, &end, 10);
    if (!addr_parse(addr, &prefix.addr) || !isdigit((unsigned char)name[len + 1]) || *end || bits > addr_bits(prefix.addr.family))
        return error_set(err, "\"prefix:%.60s\": ADDR/LEN was expected, as in prefix:203.0.113.0/24", name);
    prefix.len = (uint8_t)bits;
    addr_mask(&prefix.addr, prefix.len);
    snprintf(name, NAME_TEXT, "%s", prefix_format(&prefix, text));
    return true;
}

static bool take_code(enum kind kind, char name[NAME_TEXT], struct error *err)
{
    bool known = strlen(name) == 2;
    for (char *at = name; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    if (known && kind == KIND_COUNTRY)
        known = country_find(name) != NULL;
    for (size_t i = 0; kind == KIND_CONTINENT && i <= sizeof continents / sizeof *continents; i++) {
        if (i == sizeof continents / sizeof *continents)
            known = false;
        else if (strcmp(name, continents[i]) == 0)
            break;
    }
    if (known)
        return true;
    return kind == KIND_COUNTRY
               ? error_set(err, "\"country:%.20s\" is no country: give its two letters (ISO 3166-1), as in country:FR", name)
               : error_set(err, "\"continent:%.20s\" is none of AF, AN, AS, EU, NA, OC, SA", name);
}

/* One word of len octets, without a look at any configuration but for a name that may be a site's. */
static bool read_word(const char *text, size_t len, struct words *words, struct error *err)
{
    struct word word = {.kind = KIND_SITE};
    size_t prefix = 0;
    if (len == 3 && strncasecmp(text, "all", 3) == 0) {
        words->all = true;
        return true;
    }
    for (unsigned kind = 0; kind < KINDS && !prefix; kind++)
        if (strlen(kinds[kind]) < len && strncmp(text, kinds[kind], strlen(kinds[kind])) == 0 && text[strlen(kinds[kind])] == ':') {
            word.kind = (enum kind)kind;
            prefix = strlen(kinds[kind]) + 1;
        }
    if (!decode_name(text + prefix, len - prefix, word.name))
        return error_set(err, "\"%.*s\" is no selector", (int)(len > 80 ? 80 : len), text);
    if (word.kind == KIND_PREFIX && !take_prefix(word.name, err))
        return false;
    if ((word.kind == KIND_COUNTRY || word.kind == KIND_CONTINENT) && !take_code(word.kind, word.name, err))
        return false;
    if (words->count == WORDS_MAX)
        return error_set(err, "more than %d selectors", WORDS_MAX);
    words->of = mem_grow(words->of, &words->room, words->count + 1, sizeof *words->of);
    words->of[words->count++] = word;
    return true;
}

static bool read_words(const char *text, struct words *ret_words, struct error *err)
{
    *ret_words = (struct words){.all = false};
    bool good = true;
    for (const char *at = text + strspn(text, " "); good && *at; at += strspn(at, " ")) {
        const size_t len = strcspn(at, " ");
        good = read_word(at, len, ret_words, err);
        at += len;
    }
    if (good && ret_words->count == 0 && !ret_words->all)
        good = error_set(err, "whom it is about is missing: all, SITE, region:NAME, service:NAME, label:NAME, country:CC, continent:CC, "
                              "prefix:ADDR/LEN");
    if (!good)
        free(ret_words->of);
    return good;
}

static int by_word(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : strcmp(x->name, y->name);
}

static void sort_words(struct words *words)
{
    size_t kept = 0;
    if (words->count)
        qsort(words->of, words->count, sizeof *words->of, by_word);
    for (size_t i = 0; i < words->count; i++)
        if (kept == 0 || by_word(&words->of[kept - 1], &words->of[i]) != 0)
            words->of[kept++] = words->of[i];
    words->count = kept;
}

static bool write_words(const struct words *words, char out[TARGET_TEXT], struct error *err)
{
    out[0] = '\0';
    bool room = true;
    for (size_t i = 0; room && i < words->count; i++) {
        const size_t at = strlen(out);
        room = at + 16 < TARGET_TEXT;
        if (room)
            snprintf(out + at, TARGET_TEXT - at, "%s%s:", i ? " " : "", kinds[words->of[i].kind]);
        room = room && encode_name(words->of[i].name, out, TARGET_TEXT);
    }
    if (room && words->count == 0)
        snprintf(out, TARGET_TEXT, "all");
    return room || error_set(err, "the selectors are longer than %d octets together", TARGET_TEXT - 1);
}

static bool find_area(const struct words *words, struct area *ret_area, struct error *err)
{
    *ret_area = (struct area){.country_count = 0};
    for (size_t i = 0; i < words->count; i++) {
        const struct word *word = &words->of[i];
        if (word->kind == KIND_COUNTRY && ret_area->country_count < AREA_COUNTRIES)
            memcpy(ret_area->countries[ret_area->country_count++], word->name, 2);
        else if (word->kind == KIND_CONTINENT)
            memcpy(ret_area->continents[ret_area->continent_count++], word->name, 2);
        else if (word->kind == KIND_PREFIX && ret_area->prefix_count < AREA_PREFIXES) {
            char addr[ADDR_TEXT];
            struct prefix *prefix = &ret_area->prefixes[ret_area->prefix_count++];
            snprintf(addr, sizeof addr, "%.*s", (int)strcspn(word->name, "/"), word->name);
            addr_parse(addr, &prefix->addr);
            prefix->len = (uint8_t)strtoul(strchr(word->name, '/') + 1, NULL, 10);
        } else if (word->kind >= KIND_COUNTRY) {
            return error_set(err, "more than %d countries or %d prefixes", AREA_COUNTRIES, AREA_PREFIXES);
        }
    }
    return true;
}

static bool site_is(const struct site *site, const struct word *word)
{
    return strcmp(word->kind == KIND_SITE ? site->name : site->region, word->name) == 0;
}

static const char *service_text(const struct service *service, enum kind kind)
{
    return kind == KIND_SERVICE ? service->name : service->label;
}

/* Case and the final dot of a name do not matter. */
static bool service_is(const struct config *config, size_t number, const struct word *word)
{
    return word->kind == KIND_SERVICE ? config_service(config, word->name) == (int)number
                                      : strcmp(config->services[number].label, word->name) == 0;
}

static bool nothing_named(const struct config *config, const struct word *word, struct error *err)
{
    const char *close = NULL;
    for (size_t i = 0; word->kind <= KIND_REGION && i < config->site_count; i++)
        close = closer_name(word->name, close, word->kind == KIND_SITE ? config->sites[i].name : config->sites[i].region);
    for (size_t i = 0; word->kind > KIND_REGION && i < config->service_count; i++)
        close = closer_name(word->name, close, service_text(&config->services[i], word->kind));
    if (close && *close)
        return error_set(err, "there is no %s \"%.60s\"; did you mean \"%.80s\"?", kinds[word->kind], word->name, close);
    return error_set(err, "there is no %s \"%.60s\"", kinds[word->kind], word->name);
}

/* Whether the site (or service) is of one of the words of this kind; also where there is none of it. */
static bool kind_holds(const struct config *config, const struct words *words, enum kind kind, size_t number)
{
    bool any = false;
    for (size_t i = 0; i < words->count; i++) {
        const struct word *word = &words->of[i];
        if (word->kind != kind)
            continue;
        any = true;
        if (kind <= KIND_REGION ? site_is(&config->sites[number], word) : service_is(config, number, word))
            return true;
    }
    return !any;
}

static bool check_names(const struct config *config, struct words *words, struct error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        struct word *word = &words->of[i];
        bool found = word->kind >= KIND_COUNTRY;
        for (size_t k = 0; !found && word->kind <= KIND_REGION && k < config->site_count; k++)
            found = site_is(&config->sites[k], word);
        for (size_t k = 0; !found && word->kind > KIND_REGION && k < config->service_count; k++)
            found = service_is(config, k, word);
        if (!found)
            return nothing_named(config, word, err);
        if (word->kind == KIND_SERVICE)
            snprintf(word->name, sizeof word->name, "%s", config->services[config_service(config, word->name)].name);
    }
    return true;
}

static bool is_of_kinds(const struct words *words, enum kind from, enum kind to)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->of[i].kind >= from && words->of[i].kind <= to)
            return true;
    return false;
}

static bool select_sites(const struct config *config, const struct words *words, struct callers *ret, struct error *err)
{
    if (!is_of_kinds(words, KIND_SITE, KIND_REGION))
        return true;
    for (size_t i = 0; i < config->site_count; i++)
        if (kind_holds(config, words, KIND_SITE, i) && kind_holds(config, words, KIND_REGION, i)) {
            ret->sites[i / 64] |= UINT64_C(1) << (i % 64);
            ret->site_count++;
        }
    return ret->site_count > 0 || error_set(err, "no site is both of those sites and of those regions");
}

static bool select_services(const struct config *config, const struct words *words, struct callers *ret, struct error *err)
{
    for (size_t i = 0; i < config->service_count; i++) {
        ret->services[i] = kind_holds(config, words, KIND_SERVICE, i) && kind_holds(config, words, KIND_LABEL, i);
        ret->service_count += ret->services[i];
    }
    return ret->service_count > 0 || error_set(err, "no service is both of those services and of those labels");
}

bool callers_parse(const struct config *config, const char *text, struct callers *ret_callers, struct error *err)
{
    struct words words;
    if (!read_words(text, &words, err))
        return false;
    *ret_callers = (struct callers){.services = mem_new(config->service_count + 1, sizeof *ret_callers->services)};
    bool good = check_names(config, &words, err);
    sort_words(&words);
    good = good && write_words(&words, ret_callers->text, err) && select_sites(config, &words, ret_callers, err) &&
           select_services(config, &words, ret_callers, err) && find_area(&words, &ret_callers->area, err);
    free(words.of);
    if (!good)
        callers_release(ret_callers);
    return good;
}

void callers_release(struct callers *callers)
{
    free(callers->services);
}

bool switch_area(const char *text, struct area *ret_area)
{
    struct words words;
    struct error err;
    if (!read_words(text, &words, &err))
        return false;
    sort_words(&words);
    const bool good = find_area(&words, ret_area, &err);
    free(words.of);
    return good;
}

static bool take_site(const struct config *config, const char *text, size_t len, struct destination *ret, struct error *err)
{
    struct word word = {.kind = KIND_SITE};
    if (!decode_name(text, len, word.name))
        return error_set(err, "\"to\": a site's name is missing: SITE,SITE... or next");
    const int site = config_site(config, word.name);
    if (site < 0)
        return nothing_named(config, &word, err);
    for (size_t i = 0; i < ret->count; i++)
        if (ret->sites[i] == site)
            return error_set(err, "site %s is there twice", word.name);
    ret->sites[ret->count++] = (uint8_t)site;
    const size_t at = strlen(ret->text);
    if (ret->count > 1 && at + 1 < TO_TEXT)
        snprintf(ret->text + at, TO_TEXT - at, ",");
    if (!encode_name(word.name, ret->text, TO_TEXT))
        return error_set(err, "\"to\" is longer than %d octets", TO_TEXT - 1);
    return true;
}

bool destination_parse(const struct config *config, const char *text, struct destination *ret_destination, struct error *err)
{
    *ret_destination = (struct destination){.count = 0};
    if (strcmp(text, "next") == 0) {
        snprintf(ret_destination->text, sizeof ret_destination->text, "next");
        return true;
    }
    for (const char *at = text;; at++) {
        const size_t len = strcspn(at, ",");
        if (!take_site(config, at, len, ret_destination, err))
            return false;
        at += len;
        if (!*at)
            return true;
    }
}

static bool leaves(const struct callers *callers, unsigned site)
{
    return callers->sites[site / 64] >> (site % 64) & 1;
}

/* Whether any of the selected services has any of the sites; those that have none are not switched. */
static bool any_service_has(const struct config *config, const struct callers *callers, const struct destination *destination)
{
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t k = 0; callers->services[i] && k < destination->count; k++)
            if (memchr(config->services[i].sites, destination->sites[k], config->services[i].site_count))
                return true;
    return false;
}

static bool check_together(const struct config *config, const struct callers *callers, const struct destination *destination,
                           struct error *err)
{
    if (destination->count == 0 && callers->site_count == 0)
        return error_set(err, "to next: from where? Name the site or region that callers leave, or the sites that they go to");
    if (destination->count == 0 && callers->site_count == config->site_count)
        return error_set(err, "to next: no site is left that callers could go to");
    for (size_t i = 0; i < destination->count; i++)
        if (leaves(callers, destination->sites[i]))
            return error_set(err, "site %s is among those that callers leave", config->sites[destination->sites[i]].name);
    if (destination->count && !any_service_has(config, callers, destination))
        return error_set(err, "none of the services has any of the sites %s", destination->text);
    return true;
}

bool switch_parse(const struct config *config, const char *words, const char *to, struct callers *ret_callers,
                  struct destination *ret_destination, struct error *err)
{
    if (!callers_parse(config, words, ret_callers, err))
        return false;
    if (destination_parse(config, to, ret_destination, err) && check_together(config, ret_callers, ret_destination, err))
        return true;
    callers_release(ret_callers);
    return false;
}
