#include "geo/orders.h"

#include "base/distance.h"
#include "base/memory.h"
#include "geo/geo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double radian = 0.017453292519943295; /* a degree */

static void place_on_sphere(double latitude, double longitude, double *ret_x, double *ret_y, double *ret_z)
{
    const double ring = cos(latitude * radian);
    *ret_x = ring * cos(longitude * radian);
    *ret_y = ring * sin(longitude * radian);
    *ret_z = sin(latitude * radian);
}

void orders_init(struct orders *orders, const struct config *config, const struct nets *nets, bool marked)
{
    *orders = (struct orders){.config = config, .nets = nets, .head = marked ? sizeof(uint32_t) : 0};
    orders->x = mem_new(config->site_count, sizeof *orders->x);
    orders->y = mem_new(config->site_count, sizeof *orders->y);
    orders->z = mem_new(config->site_count, sizeof *orders->z);
    for (size_t i = 0; i < config->site_count; i++) {
        const struct site *site = &config->sites[i];
        place_on_sphere(site->latitude, site->longitude, &orders->x[i], &orders->y[i], &orders->z[i]);
        orders->biased |= site->bias != 0;
    }
    pool_init(&orders->rows, orders->head + config->site_count + 1);
    orders_add(orders, &(struct record){0}, 0);
}

void orders_release(struct orders *orders)
{
    free(orders->x);
    free(orders->y);
    free(orders->z);
    pool_release(&orders->rows);
    free(orders->weights);
    *orders = (struct orders){0};
}

static bool rule_matches(const struct prefer *rule, const struct record *said)
{
    switch (rule->kind) {
    case PREFER_COUNTRY: return memcmp(rule->code, said->country, sizeof said->country) == 0;
    case PREFER_CONTINENT: return memcmp(rule->code, said->continent, sizeof said->continent) == 0;
    case PREFER_ASN: return said->asn != 0 && rule->asn == said->asn;
    }
    return false;
}

/* The most specific kind first; of one kind the first in the file. */
static const struct prefer *find_rule(const struct config *config, const struct record *said)
{
    static const int kinds[] = {PREFER_ASN, PREFER_COUNTRY, PREFER_CONTINENT};
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (size_t i = 0; i < config->geo.prefer_count; i++) {
            const struct prefer *rule = &config->geo.prefer[i];
            if ((int)rule->kind == kinds[kind] && rule_matches(rule, said))
                return rule;
        }
    }
    return NULL;
}

/* The sites that are said to come first. */
static const uint8_t *explicit_sites(const struct orders *orders, const struct record *said, size_t *ret_count)
{
    *ret_count = 0;
    if (said->sites) {
        const struct net *net = &orders->nets->items[said->sites - 1];
        *ret_count = net->site_count;
        return net->sites;
    }
    const struct prefer *rule = find_rule(orders->config, said);
    if (rule == NULL)
        return NULL;
    *ret_count = rule->site_count;
    return rule->sites;
}

static double chord_km(double chord2)
{
    return 2 * 6371 * asin(fmin(1, sqrt(chord2) / 2));
}

/* How far the site seems, as a number that only serves to compare: the squared chord grows as the distance does and is cheap;
 * a bias needs the kilometres. */
static double seeming_distance(const struct orders *orders, size_t site, const double at[3])
{
    const double x = orders->x[site] - at[0], y = orders->y[site] - at[1], z = orders->z[site] - at[2];
    const double chord2 = x * x + y * y + z * z;
    return orders->biased ? distance_biased_km(chord_km(chord2), orders->config->sites[site].bias) : chord2;
}

static double seeming_km(const struct orders *orders, double distance)
{
    return orders->biased ? distance : chord_km(distance);
}

/* A distance and its site in one number: as unsigned integers, positive doubles compare as they do as numbers. The mantissa
 * gives up its last 8 bits, so sites nearer to each other than a millionth of their distance's millionth keep the file's order. */
static uint64_t sort_key(double distance, uint8_t site)
{
    uint64_t bits;
    memcpy(&bits, &distance, sizeof bits);
    return (bits & ~(uint64_t)0xff) | site;
}

static void insertion_sort(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* Sorting is most of a compilation with many sites: keys are dealt out to bins of equal distance first, which leaves little to
 * the insertion sort (a third of the time of qsort() at 200 sites). */
static void sort_by_distance(uint64_t *keys, const double *distances, size_t count)
{
    enum { FEW = 16, BINS = 256 };
    if (count > FEW) {
        uint64_t dealt[SITES_MAX];
        uint8_t bin[SITES_MAX];
        uint16_t start[BINS + 1] = {0};
        double farthest = 0;
        for (size_t i = 0; i < count; i++)
            farthest = distances[i] > farthest ? distances[i] : farthest;
        const double scale = farthest > 0 ? (BINS - 1) / farthest : 0;
        for (size_t i = 0; i < count; i++) {
            bin[i] = (uint8_t)(distances[i] * scale);
            start[bin[i] + 1]++;
        }
        for (size_t i = 1; i <= BINS; i++)
            start[i] = (uint16_t)(start[i] + start[i - 1]);
        for (size_t i = 0; i < count; i++)
            dealt[start[bin[i]]++] = keys[i];
        memcpy(keys, dealt, count * sizeof *keys);
    }
    insertion_sort(keys, count);
}

/* Appends the sites that are not taken, nearest first. Returns their band: where some are taken, that is 0. */
static uint8_t append_by_distance(const struct orders *orders, const struct record *said, const bool *taken, uint8_t *row)
{
    double at[3], distances[SITES_MAX];
    uint64_t keys[SITES_MAX];
    size_t count = 0;
    place_on_sphere(said->latitude, said->longitude, &at[0], &at[1], &at[2]);
    for (size_t site = 0; site < orders->config->site_count; site++) {
        if (taken[site])
            continue;
        distances[count] = seeming_distance(orders, site, at);
        keys[count] = sort_key(distances[count], (uint8_t)site);
        count++;
    }
    sort_by_distance(keys, distances, count);
    for (size_t i = 0; i < count; i++)
        row[i] = (uint8_t)(keys[i] & 0xff);
    if (count < 2 || count != orders->config->site_count)
        return 0; /* distances are by site below, as none is taken */
    return (uint8_t)class_band_of(seeming_km(orders, distances[row[1]]) - seeming_km(orders, distances[row[0]]));
}

static void append_by_number(const struct orders *orders, const bool *taken, uint8_t *row)
{
    for (size_t site = 0; site < orders->config->site_count; site++) {
        if (!taken[site])
            *row++ = (uint8_t)site;
    }
}

uint32_t orders_add(struct orders *orders, const struct record *said, uint32_t mark)
{
    uint8_t whole[sizeof mark + SITES_MAX + 1] = {(uint8_t)(mark >> 24), (uint8_t)(mark >> 16), (uint8_t)(mark >> 8), (uint8_t)mark};
    uint8_t *row = whole + orders->head, band = 0;
    bool taken[SITES_MAX] = {false};
    struct record placed = *said;
    record_place(&placed);
    size_t first_count, count = 0;
    const uint8_t *first = explicit_sites(orders, &placed, &first_count);
    for (size_t i = 0; i < first_count; i++) {
        if (!taken[first[i]])
            row[count++] = first[i];
        taken[first[i]] = true;
    }
    if (placed.has_location)
        band = append_by_distance(orders, &placed, taken, row + count);
    else
        append_by_number(orders, taken, row + count);
    row[orders->config->site_count] = band;
    return pool_add(&orders->rows, whole);
}

/* A row's number with its first eight octets, which decide nearly every comparison without a look at the row. */
struct ranked {
    uint64_t head;
    uint32_t number;
};

static struct ranked ranked_row(const struct pool *rows, uint32_t number)
{
    struct ranked ranked = {.number = number};
    const uint8_t *row = pool_row(rows, number);
    for (size_t i = 0; i < 8; i++)
        ranked.head = ranked.head << 8 | (i < rows->width ? row[i] : 0);
    return ranked;
}

static int by_row(const void *left, const void *right, void *rows)
{
    const struct ranked *a = left, *b = right;
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    return memcmp(pool_row(rows, a->number), pool_row(rows, b->number), ((const struct pool *)rows)->width);
}

void orders_weigh(struct orders *orders, uint32_t number, const struct record *said, double addresses)
{
    const size_t had = orders->weight_room;
    if (number >= had) {
        orders->weights = mem_grow(orders->weights, &orders->weight_room, number + 1, sizeof *orders->weights);
        memset(orders->weights + had, 0, (orders->weight_room - had) * sizeof *orders->weights);
    }
    struct weight *weight = &orders->weights[number];
    struct record placed = *said;
    record_place(&placed);
    weight->addresses += addresses;
    if (!placed.has_location)
        return;
    double x, y, z;
    place_on_sphere(placed.latitude, placed.longitude, &x, &y, &z);
    weight->x += x * addresses;
    weight->y += y * addresses;
    weight->z += z * addresses;
}

static double all_addresses(const struct orders *orders)
{
    double sum = 0;
    for (size_t i = 0; i < orders->weight_room; i++)
        sum += orders->weights[i].addresses;
    return sum;
}

/* Networks all around the world have no middle. */
static struct class_place place_of_row(const struct orders *orders, uint32_t number, double all)
{
    static const struct weight none;
    const struct weight *weight = number < orders->weight_room ? &orders->weights[number] : &none;
    const double length = sqrt(weight->x * weight->x + weight->y * weight->y + weight->z * weight->z);
    struct class_place place = {.weight = all > 0 ? (float)(weight->addresses / all) : number == 0};
    if (length > weight->addresses * 1e-6) {
        place.x = (float)(weight->x / length);
        place.y = (float)(weight->y / length);
        place.z = (float)(weight->z / length);
    }
    return place;
}

static struct ranked *rank_rows(struct pool *rows)
{
    struct ranked *ranked = mem_new(rows->count, sizeof *ranked);
    for (uint32_t i = 0; i < rows->count; i++)
        ranked[i] = ranked_row(rows, i);
    qsort_r(ranked, rows->count, sizeof *ranked, by_row, rows);
    return ranked;
}

static uint32_t mark_of(const uint8_t *row)
{
    return (uint32_t)row[0] << 24 | (uint32_t)row[1] << 16 | (uint32_t)row[2] << 8 | row[3];
}

uint32_t *orders_finish(struct orders *orders, struct classes *ret_classes)
{
    struct pool *rows = &orders->rows;
    const size_t sites = orders->config->site_count;
    pool_freeze(rows);
    struct ranked *ranked = rank_rows(rows);
    uint8_t *sorted = mem_new(rows->count, sites), *bands = mem_new(rows->count, 1);
    struct class_place *places = mem_new(rows->count, sizeof *places);
    uint32_t *marks = orders->head ? mem_new(rows->count, sizeof *marks) : NULL;
    uint32_t *class_of = mem_new(rows->count, sizeof *class_of);
    const double all = all_addresses(orders);
    for (uint32_t i = 0; i < rows->count; i++) {
        const uint8_t *row = pool_row(rows, ranked[i].number);
        class_of[ranked[i].number] = i;
        memcpy(sorted + i * sites, row + orders->head, sites);
        places[i] = place_of_row(orders, ranked[i].number, all);
        bands[i] = row[orders->head + sites];
        if (marks)
            marks[i] = mark_of(row);
    }
    free(ranked);
    *ret_classes = (struct classes){
        .count = (uint32_t)rows->count,
        .unknown = class_of[0],
        .site_count = (uint8_t)sites,
        .orders = sorted,
        .bands = bands,
        .places = places,
        .marks = marks,
    };
    pool_release(rows);
    return class_of;
}
