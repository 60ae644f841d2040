#include "geo/database.h"

#include <stdio.h>
#include <unistd.h>

enum { SEPARATOR = 16, NODES_MAX = 1 << 30 }; /* zero octets between tree and data; node numbers leave a bit for CURSOR_DONE */

void records_init(struct pool *records)
{
    pool_init(records, sizeof(struct record));
    pool_add(records, &(struct record){0});
}

bool database_open(struct database *database, const char *path, const struct geo_config *rules, struct stamp *ret_stamp, struct error *err)
{
    *database = (struct database){.path = path, .rules = rules};
    int fd;
    if (!source_copy(path, &fd, ret_stamp, err))
        return false;
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    const int status = ret_stamp->size == 0 ? MMDB_INVALID_METADATA_ERROR : MMDB_open(name, MMDB_MODE_MMAP, &database->mmdb);
    close(fd);
    if (status != MMDB_SUCCESS)
        return error_set(err, "is not a sound mmdb database: %s", MMDB_strerror(status));
    const MMDB_metadata_s *metadata = &database->mmdb.metadata;
    if ((metadata->ip_version == 4 || metadata->ip_version == 6) && metadata->node_count > 0 && metadata->node_count < NODES_MAX)
        return true;
    error_set(err, "is not a sound mmdb database: %u nodes for IP version %u", metadata->node_count, metadata->ip_version);
    database_close(database);
    return false;
}

void database_close(struct database *database)
{
    if (database->mmdb.file_content)
        MMDB_close(&database->mmdb);
    map_release(&database->numbers);
    *database = (struct database){0};
}

static uint32_t reduce_asn(const struct geo_config *rules, uint32_t asn)
{
    if (rules == NULL || asn == 0)
        return asn;
    for (size_t i = 0; i < rules->prefer_count; i++) {
        if (rules->prefer[i].kind == PREFER_ASN && rules->prefer[i].asn == asn)
            return asn;
    }
    return ASN_OTHER;
}

/* The number of the record at a data offset. */
static uint32_t record_number(struct database *database, uint32_t offset, struct pool *records)
{
    uint32_t number;
    if (map_get(&database->numbers, offset, &number))
        return number;
    struct record record;
    database->useful |= record_decode(database->mmdb.data_section, database->mmdb.data_section_size, offset, &record);
    record.asn = reduce_asn(database->rules, record.asn);
    number = pool_add(records, &record);
    map_add(&database->numbers, offset, number);
    return number;
}

static bool cursor_at(struct database *database, uint64_t value, struct pool *records, uint32_t *ret_cursor, struct error *err)
{
    const uint32_t nodes = database->mmdb.metadata.node_count;
    if (value == 0 ||
        (value > nodes && (value < (uint64_t)nodes + SEPARATOR || value - nodes - SEPARATOR >= database->mmdb.data_section_size)))
        return error_set(err, "is damaged: its search tree points outside the data");
    if (value < nodes)
        *ret_cursor = (uint32_t)value;
    else
        *ret_cursor = CURSOR_DONE | (value == nodes ? 0 : record_number(database, (uint32_t)(value - nodes - SEPARATOR), records));
    return true;
}

bool database_step(struct database *database, uint32_t node, struct pool *records, uint32_t ret_children[2], struct error *err)
{
    MMDB_search_node_s found;
    const int status = MMDB_read_node(&database->mmdb, node, &found);
    if (status != MMDB_SUCCESS)
        return error_set(err, "is damaged: %s", MMDB_strerror(status));
    return cursor_at(database, found.left_record, records, &ret_children[0], err) &&
           cursor_at(database, found.right_record, records, &ret_children[1], err);
}

bool database_start(struct database *database, enum family family, struct pool *records, uint32_t *ret_cursor, struct error *err)
{
    const bool wide = database->mmdb.metadata.ip_version == 6;
    *ret_cursor = 0;
    if (family == FAMILY_V6 && !wide)
        *ret_cursor = CURSOR_DONE;
    /* IPv4 lies under ::/96. */
    for (unsigned depth = 0; family == FAMILY_V4 && wide && depth < 96 && !(*ret_cursor & CURSOR_DONE); depth++) {
        uint32_t children[2];
        if (!database_step(database, *ret_cursor, records, children, err))
            return false;
        *ret_cursor = children[0];
    }
    return true;
}

/* Whether anything but an ASN is said by a record of the numbers from..to. */
static bool says_more(const struct pool *records, size_t from)
{
    for (size_t i = from; i < records->count; i++) {
        const struct record *record = pool_row(records, (uint32_t)i);
        if (record->has_location || record->country[0] || record->continent[0])
            return true;
    }
    return false;
}

bool database_survey(struct database *database, struct error *err)
{
    struct pool found;
    records_init(&found);
    bool sound = true;
    size_t seen = 0;
    for (uint32_t node = 0; sound && node < database->mmdb.metadata.node_count && !says_more(&found, seen); node++) {
        uint32_t children[2];
        seen = found.count;
        sound = database_step(database, node, &found, children, err);
    }
    database->asn_only = sound && !says_more(&found, 0);
    pool_release(&found);
    map_release(&database->numbers);
    return sound;
}
