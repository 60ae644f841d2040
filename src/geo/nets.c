#include "geo/nets.h"

#include "base/memory.h"
#include "base/nearest.h"
#include "geo/countries.h"
#include "geo/database.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One line on its way to a net. */
struct line {
    const char *path;
    unsigned number;
    const struct config *config;
    struct report *report;
};

static bool line_error(const struct line *line, const char *what, const char *word)
{
    char *place = mem_format("%s:%u", line->path, line->number);
    report_error(line->report, place, "\"%.100s\": %s", word, what);
    free(place);
    return false;
}

void nets_init(struct nets *nets)
{
    *nets = (struct nets){.root_v4 = CURSOR_DONE, .root_v6 = CURSOR_DONE};
}

void nets_release(struct nets *nets)
{
    for (size_t i = 0; i < nets->count; i++)
        free(nets->items[i].sites);
    free(nets->items);
    free(nets->nodes);
    nets_init(nets);
}

static bool unknown_site(const struct line *line, const char *name)
{
    const char *near = NULL;
    for (size_t i = 0; i < line->config->site_count; i++)
        near = closer_name(name, near, line->config->sites[i].name);
    if (near == NULL)
        return line_error(line, "there is no site of this name", name);
    char *what = mem_format("there is no site of this name; did you mean \"%s\"?", near);
    line_error(line, what, name);
    free(what);
    return false;
}

static bool add_site(const struct line *line, struct net *net, const char *name)
{
    const int site = config_site(line->config, name);
    if (site < 0)
        return unknown_site(line, name);
    if (memchr(net->sites, site, net->site_count))
        return line_error(line, "the site is named twice", name);
    net->sites[net->site_count++] = (uint8_t)site;
    return true;
}

static bool parse_sites(const struct line *line, char *names, struct net *net)
{
    bool sound = true;
    net->sites = mem_new(line->config->site_count, 1);
    for (char *name; (name = strsep(&names, ","));)
        sound &= add_site(line, net, name);
    return sound;
}

static bool parse_country(const struct line *line, const char *code, struct net *net)
{
    const struct country *country = NULL;
    if (strlen(code) == 2) {
        const char upper[3] = {(char)(code[0] & ~0x20), (char)(code[1] & ~0x20), '\0'};
        country = country_find(upper);
    }
    if (country == NULL)
        return line_error(line, "is no ISO 3166 country code, as in country=GB", code);
    memcpy(net->country, country->code, sizeof net->country);
    return true;
}

static bool parse_word(const struct line *line, char *word, struct net *net)
{
    if (strncasecmp(word, "sites=", 6) == 0)
        return parse_sites(line, word + 6, net);
    if (strncasecmp(word, "country=", 8) == 0)
        return parse_country(line, word + 8, net);
    net->has_location = location_parse(word, &net->latitude, &net->longitude);
    return net->has_location || line_error(line, "expected a location in degrees as in 51.5,-0.1, or country=GB, or sites=NAME,NAME", word);
}

static bool parse_prefix(const struct line *line, const char *text, struct prefix *ret_prefix)
{
    char base[PREFIX_TEXT];
    const char *slash = strchr(text, '/');
    const size_t length = slash ? (size_t)(slash - text) : strlen(text);
    struct addr addr, plain;
    if (prefix_parse(text, ret_prefix)) {
        plain = ret_prefix->addr;
        addr_unmap(&plain);
        return ret_prefix->len < 96 || addr_equal(&plain, &ret_prefix->addr) ||
               line_error(line, "never matches, for such addresses count as IPv4: write it as an IPv4 prefix", text);
    }
    if (length < sizeof base) {
        memcpy(base, text, length);
        base[length] = '\0';
        char *end = NULL;
        const unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : 0;
        if (addr_parse(base, &addr) && slash && slash[1] >= '0' && slash[1] <= '9' && *end == '\0' && bits <= addr_bits(addr.family))
            return line_error(line, "has bits set beyond the prefix length", text);
    }
    return line_error(line, "is no prefix, as in 192.0.2.0/24 or 2001:db8::/32", text);
}

static void add_net(struct nets *nets, const struct net *net)
{
    nets->items = mem_grow(nets->items, &nets->room, nets->count + 1, sizeof *nets->items);
    nets->items[nets->count++] = *net;
}

/* "PREFIX WORD", already without its comment. */
static bool parse_line(const struct line *line, char *text, struct nets *nets)
{
    static const char blanks[] = " \t\r";
    char *rest = NULL;
    const char *prefix = strtok_r(text, blanks, &rest);
    if (prefix == NULL)
        return true;
    char *word = strtok_r(NULL, blanks, &rest);
    const char *more = strtok_r(NULL, blanks, &rest);
    struct net net = {.line = line->number};
    bool sound = parse_prefix(line, prefix, &net.prefix);
    if (word == NULL)
        sound = line_error(line, "expected a location, country=CODE or sites=NAME,NAME behind the prefix", prefix);
    else
        sound &= parse_word(line, word, &net);
    if (more)
        sound = line_error(line, "expected nothing more on the line", more);
    if (sound)
        add_net(nets, &net);
    else
        free(net.sites);
    return sound;
}

static int by_prefix(const void *left, const void *right)
{
    const struct net *a = *(const struct net *const *)left, *b = *(const struct net *const *)right;
    if (a->prefix.addr.family != b->prefix.addr.family)
        return a->prefix.addr.family < b->prefix.addr.family ? -1 : 1;
    const int order = memcmp(a->prefix.addr.bytes, b->prefix.addr.bytes, sizeof a->prefix.addr.bytes);
    if (order)
        return order;
    if (a->prefix.len != b->prefix.len)
        return a->prefix.len < b->prefix.len ? -1 : 1;
    return a->line < b->line ? -1 : 1;
}

static bool check_duplicates(const struct nets *nets, struct line line)
{
    const struct net **sorted = mem_new(nets->count, sizeof *sorted);
    for (size_t i = 0; i < nets->count; i++)
        sorted[i] = &nets->items[i];
    if (nets->count)
        qsort(sorted, nets->count, sizeof *sorted, by_prefix);
    bool sound = true;
    for (size_t i = 1; i < nets->count; i++) {
        const struct prefix *a = &sorted[i - 1]->prefix, *b = &sorted[i]->prefix;
        if (a->len != b->len || !addr_equal(&a->addr, &b->addr))
            continue;
        char text[PREFIX_TEXT], what[64];
        snprintf(what, sizeof what, "this prefix stands already on line %u", sorted[i - 1]->line);
        line.number = sorted[i]->line;
        sound = line_error(&line, what, prefix_format(b, text));
    }
    free(sorted);
    return sound;
}

bool nets_parse(struct nets *nets, const char *text, const char *path, const struct config *config, struct report *report)
{
    bool sound = true;
    struct line line = {.path = path, .config = config, .report = report};
    char *copy = mem_text(text), *rest = copy;
    for (char *at; (at = strsep(&rest, "\n"));) {
        line.number++;
        at[strcspn(at, "#")] = '\0';
        sound &= parse_line(&line, at, nets);
    }
    free(copy);
    return check_duplicates(nets, line) && sound;
}

static struct record net_record(const struct net *net, size_t index)
{
    struct record record = {.whole = net->sites == NULL, .has_location = net->has_location};
    if (net->has_location) {
        record.latitude = net->latitude;
        record.longitude = net->longitude;
    }
    memcpy(record.country, net->country, sizeof record.country);
    if (net->sites)
        record.sites = (uint32_t)index + 1;
    return record;
}

/* While the tree grows a child is 0 (none) or a node number, and each node has its own record number (0: none). */
struct sprout {
    uint32_t child[2], record;
};

struct thicket {
    struct sprout *items;
    size_t count, room;
};

static uint32_t sprout_new(struct thicket *thicket)
{
    thicket->items = mem_grow(thicket->items, &thicket->room, thicket->count + 1, sizeof *thicket->items);
    thicket->items[thicket->count] = (struct sprout){0};
    return (uint32_t)thicket->count++;
}

static void plant(struct thicket *thicket, uint32_t root, const struct prefix *prefix, uint32_t record)
{
    uint32_t at = root;
    for (unsigned depth = 0; depth < prefix->len; depth++) {
        const unsigned bit = addr_bit(&prefix->addr, depth);
        if (thicket->items[at].child[bit] == 0) {
            const uint32_t child = sprout_new(thicket);
            thicket->items[at].child[bit] = child;
        }
        at = thicket->items[at].child[bit];
    }
    thicket->items[at].record = record;
}

/* Hands each net's record down to where no more specific one takes over. */
static uint32_t ripen(struct nets *nets, const struct thicket *thicket, uint32_t at, uint32_t inherited)
{
    const struct sprout *sprout = &thicket->items[at];
    const uint32_t here = sprout->record ? sprout->record : inherited;
    if (!sprout->child[0] && !sprout->child[1])
        return CURSOR_DONE | here;
    struct nets_node node;
    for (unsigned bit = 0; bit < 2; bit++)
        node.child[bit] = sprout->child[bit] ? ripen(nets, thicket, sprout->child[bit], here) : CURSOR_DONE | here;
    nets->nodes = mem_grow(nets->nodes, &nets->node_room, nets->node_count + 1, sizeof *nets->nodes);
    nets->nodes[nets->node_count] = node;
    return (uint32_t)nets->node_count++;
}

void nets_index(struct nets *nets, struct pool *records)
{
    struct thicket thicket = {0};
    const uint32_t v4 = sprout_new(&thicket), v6 = sprout_new(&thicket);
    for (size_t i = 0; i < nets->count; i++) {
        const struct net *net = &nets->items[i];
        const struct record record = net_record(net, i);
        plant(&thicket, net->prefix.addr.family == FAMILY_V4 ? v4 : v6, &net->prefix, pool_add(records, &record));
    }
    nets->root_v4 = ripen(nets, &thicket, v4, 0);
    nets->root_v6 = ripen(nets, &thicket, v6, 0);
    free(thicket.items);
}

const struct net *nets_find(const struct nets *nets, const struct addr *addr)
{
    const struct net *best = NULL;
    for (size_t i = 0; i < nets->count; i++) {
        const struct net *net = &nets->items[i];
        struct addr masked = *addr;
        addr_mask(&masked, net->prefix.len);
        if (addr_equal(&masked, &net->prefix.addr) && (best == NULL || net->prefix.len > best->prefix.len))
            best = net;
    }
    return best;
}
