/* What answer_query() alone costs, without sockets: the processor time of this thread for each query of a file.
 * usage: bench-answer CONFIG QUERIES [ROUNDS [counted]], QUERIES: lines NAME TYPE [ECS/LEN]; counted: demand is counted, as in a worker */
#include "answer/answer.h"
#include "config/config.h"
#include "dns/message.h"
#include "serve/demand.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct packet {
    uint16_t len;
    uint8_t octets[330];
};

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool make_packet(char *line, struct packet *ret_packet)
{
    char name[256], type[16], ecs_text[64] = "";
    uint8_t wire[NAME_OCTETS];
    struct prefix ecs = {0};
    if (sscanf(line, "%255s %15s %63s", name, type, ecs_text) < 2)
        return false;
    const size_t name_octets = name_from_text(name, wire);
    const bool has_ecs = prefix_parse(ecs_text, &ecs);
    struct writer w = writer_over(ret_packet->octets, sizeof ret_packet->octets);
    write_u32(&w, 0x12340100);
    write_u32(&w, 0x00010000);
    write_u32(&w, has_ecs);
    write_bytes(&w, wire, name_octets);
    write_u16(&w, zone_type_number(type));
    write_u16(&w, CLASS_IN);
    if (has_ecs) {
        const unsigned octets = (ecs.len + 7u) / 8;
        write_bytes(&w, "\0\0\51\4\320\0\0\0\0", 9);
        write_u16(&w, (uint16_t)(8 + octets));
        write_u16(&w, OPTION_ECS);
        write_u16(&w, (uint16_t)(4 + octets));
        write_u16(&w, ecs.addr.family == FAMILY_V4 ? 1 : 2);
        write_u8(&w, ecs.len);
        write_u8(&w, 0);
        write_bytes(&w, ecs.addr.bytes, octets);
    }
    ret_packet->len = (uint16_t)writer_len(&w);
    return !w.bad;
}

static struct snapshot *load(const char *path, struct report *report)
{
    struct config *config = config_load(path, report);
    if (config == NULL)
        return NULL;
    struct zone **zones = calloc(config->zone_count, sizeof *zones);
    for (size_t i = 0; i < config->zone_count; i++)
        if ((zones[i] = zone_load(config->zones[i].name, config->zones[i].file, report)) == NULL)
            return NULL;
    struct world *world = world_new(config, zones, NULL, report);
    free(zones);
    struct place *place = world ? place_new(world, report) : NULL;
    if (place == NULL)
        return NULL;
    struct endpoint_health *health = calloc(config->endpoint_count + 1, sizeof *health);
    uint8_t *none = calloc(config->endpoint_count + config->site_count + config->service_count + 1, 1);
    for (size_t i = 0; i < config->endpoint_count; i++)
        health[i].overall = VERDICT_UP;
    const struct world_state state = {.health = health, .endpoint_orders = none, .site_orders = none};
    return snapshot_build(world, place, &state, none, NULL, 0, 1);
}

int main(int argc, char **argv)
{
    struct report report;
    report_init(&report);
    struct snapshot *snapshot = argc > 2 ? load(argv[1], &report) : NULL;
    FILE *file = argc > 2 ? fopen(argv[2], "r") : NULL;
    const int rounds = argc > 3 ? atoi(argv[3]) : 50;
    struct demand_counts *counts = argc > 4 ? demand_counts_new() : NULL;
    if (snapshot == NULL || file == NULL || rounds < 1) {
        for (size_t i = 0; i < report.count; i++)
            fprintf(stderr, "%s\n", report.findings[i].text);
        fprintf(stderr, "usage: %s CONFIG QUERIES [ROUNDS [counted]]\n", argv[0]);
        return 2;
    }
    struct packet *packets = calloc(1000000, sizeof *packets);
    size_t count = 0, octets = 0, answers = 0;
    char line[512];
    while (count < 1000000 && fgets(line, sizeof line, file))
        count += make_packet(line, &packets[count]);
    struct addr peer;
    addr_parse("127.0.0.1", &peer);
    double best = 1e18;
    for (int round = 0; round < rounds; round++) {
        const double from = cpu_ns();
        for (size_t i = 0; i < count; i++) {
            static uint8_t out[UDP_CAP];
            static struct sample sample;
            struct answered answered;
            const bool sampled = counts && demand_wants((uint32_t)i, DEMAND_ONE_IN);
            const struct asker asker = {.peer = &peer, .draw = (uint32_t)i, .sample = sampled ? &sample : NULL};
            octets += answer_query(snapshot, packets[i].octets, packets[i].len, &asker, out, sizeof out, &answered);
            if (sampled && answered.steered)
                demand_count(counts, &sample, DEMAND_ONE_IN);
            answers++;
        }
        const double took = (cpu_ns() - from) / (double)count;
        best = took < best ? took : best;
    }
    printf("%zu queries, %d rounds: %.0f ns a query in the best round, %.0f octets an answer\n", count, rounds, best,
           (double)octets / (double)answers);
    return 0;
}
