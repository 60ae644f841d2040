#include "control/metrics.h"

#include "base/clock.h"
#include "base/memory.h"
#include "control/client.h"
#include "control/director.h"
#include "control/numbers.h"
#include "control/protocol.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- this process */

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void read_memory(double *ret_virtual, double *ret_resident)
{
    unsigned long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    const bool read = file && fscanf(file, "%lu %lu", &all, &resident) == 2;
    const double page_size = (double)sysconf(_SC_PAGESIZE);
    *ret_virtual = read ? (double)all * page_size : not_known;
    *ret_resident = read ? (double)resident * page_size : not_known;
    if (file)
        fclose(file);
}

/* Without the one that looks. */
static double open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    double count = -3; /* ".", ".." and the folder itself */
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static void write_process(struct page *page, const struct numbers *numbers)
{
    struct rlimit limit;
    double all, resident;
    read_memory(&all, &resident);
    family(page, FAMILY_BUILD_INFO);
    sample_of(page, FAMILY_BUILD_INFO, "version", SIPSTEER_VERSION, 1);
    single(page, FAMILY_START_TIME, numbers->started_s);
    single(page, FAMILY_CPU, cpu_seconds());
    single(page, FAMILY_RSS, resident);
    single(page, FAMILY_VSZ, all);
    single(page, FAMILY_FDS, open_files());
    single(page, FAMILY_MAX_FDS, getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (double)limit.rlim_cur : not_known);
}

/* --- traffic */

static const char *rcode_text(size_t rcode, char out[16])
{
    static const char *const texts[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
    if (rcode < sizeof texts / sizeof *texts)
        return texts[rcode];
    snprintf(out, 16, "RCODE%zu", rcode);
    return out;
}

static void write_queries(struct page *page, const struct server_counters *at)
{
    char text[16];
    family(page, FAMILY_QUERIES);
    sample_of(page, FAMILY_QUERIES, "transport", "udp", (double)at->udp_queries);
    sample_of(page, FAMILY_QUERIES, "transport", "tcp", (double)(at->tcp_queries - at->tls_queries));
    sample_of(page, FAMILY_QUERIES, "transport", "tls", (double)at->tls_queries);
    family(page, FAMILY_ANSWERS);
    for (size_t i = 0; i < SERVER_RCODES; i++)
        if (at->rcodes[i] || i <= 5)
            sample_of(page, FAMILY_ANSWERS, "rcode", rcode_text(i, text), (double)at->rcodes[i]);
    family(page, FAMILY_SENT);
    sample_of(page, FAMILY_SENT, "transport", "udp", (double)at->udp_answers);
    sample_of(page, FAMILY_SENT, "transport", "stream", (double)at->tcp_answers);
    single(page, FAMILY_STEERED, (double)at->steered);
    single(page, FAMILY_TRUNCATED, (double)at->truncated);
}

static void write_defence(struct page *page, const struct server_counters *at)
{
    family(page, FAMILY_UDP_DROPS);
    for (unsigned why = 0; why < UDP_DROPS; why++)
        sample_of(page, FAMILY_UDP_DROPS, "reason", udp_drop_text(why), (double)at->udp_drops[why]);
    single(page, FAMILY_SLIPS, (double)at->udp_slipped);
    single(page, FAMILY_SEND_ERRORS, (double)at->udp_send_errors);
    single(page, FAMILY_OVERLOADED, (double)at->udp_overloaded);
    family(page, FAMILY_COOKIES);
    sample_of(page, FAMILY_COOKIES, "result", "valid", (double)at->cookies_valid);
    sample_of(page, FAMILY_COOKIES, "result", "wrong", (double)at->cookies_wrong);
    single(page, FAMILY_BADCOOKIE, (double)at->badcookie);
}

static void write_streams(struct page *page, const struct server_counters *at)
{
    family(page, FAMILY_CONNECTIONS);
    sample_of(page, FAMILY_CONNECTIONS, "transport", "tcp", (double)(at->tcp_connections - at->tls_connections));
    sample_of(page, FAMILY_CONNECTIONS, "transport", "tls", (double)at->tls_connections);
    single(page, FAMILY_OPEN, (double)at->tcp_open);
    family(page, FAMILY_STREAM_DROPS);
    for (unsigned why = 0; why < TCP_DROPS; why++)
        sample_of(page, FAMILY_STREAM_DROPS, "reason", tcp_drop_text(why), (double)at->tcp_drops[why]);
    single(page, FAMILY_HANDSHAKES, (double)at->tls_handshakes);
    single(page, FAMILY_RESUMED, (double)at->tls_resumed);
    single(page, FAMILY_TRANSFERS, (double)at->transfers);
    single(page, FAMILY_TRANSFERRING, (double)at->transferring);
}

static void write_clients(struct page *page, const struct numbers *numbers)
{
    family(page, FAMILY_CLIENT_ANSWERS);
    sample_of(page, FAMILY_CLIENT_ANSWERS, "place", "known", numbers->known);
    sample_of(page, FAMILY_CLIENT_ANSWERS, "place", "unknown", numbers->unknown);
    sample_of(page, FAMILY_CLIENT_ANSWERS, "place", "lost", numbers->lost);
    single(page, FAMILY_CLASSES, numbers->classes);
    single(page, FAMILY_DEMAND_RATE, numbers->demand_rate);
    single(page, FAMILY_DEMAND_KNOWN, numbers->demand_known);
    single(page, FAMILY_LOTTERY, (double)numbers->lottery);
}

/* --- the director */

static void write_durations(struct page *page, enum metric id, const struct durations *durations)
{
    family(page, id);
    page_histogram(page, family_infos[id].name, (const struct label[LABELS_MAX]){{NULL, NULL}},
                   &(struct histogram){duration_bounds, DURATION_BOUNDS, durations->counts, durations->sum});
}

static void write_control(struct page *page, const struct numbers *numbers)
{
    family(page, FAMILY_ORDERS);
    for (unsigned order = 0; order < ORDERS; order++)
        sample_of(page, FAMILY_ORDERS, "order", order_text(order), (double)numbers->orders[order]);
    single(page, FAMILY_DRILL_RUNNING, numbers->drill_running);
    single(page, FAMILY_GENERATION, (double)numbers->generation);
    write_durations(page, FAMILY_BUILD_TIME, &numbers->build);
    write_durations(page, FAMILY_PUBLISH_TIME, &numbers->publish);
    single(page, FAMILY_SUSPECT, numbers->suspect);
    single(page, FAMILY_KEPT, (double)numbers->kept);
    single(page, FAMILY_ALARMS, (double)numbers->alarms);
    family(page, FAMILY_EVENTS);
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
        sample_of(page, FAMILY_EVENTS, "kind", event_kind_text(kind), (double)numbers->events[kind]);
}

/* --- what it goes by */

static void write_geo_file(struct page *page, const char *path)
{
    struct stat of;
    if (path && stat(path, &of) == 0)
        sample_of(page, FAMILY_GEO_FILE_AGE, "file", path, (double)clock_wall_s() - (double)of.st_mtim.tv_sec);
}

static void write_zones(struct page *page, const struct numbers *numbers)
{
    family(page, FAMILY_ZONE_SERIAL);
    for (size_t i = 0; i < numbers->zone_count; i++)
        sample_of(page, FAMILY_ZONE_SERIAL, "zone", numbers->config->zones[i].name, numbers->zones[i].serial);
    family(page, FAMILY_ZONE_AGE);
    for (size_t i = 0; i < numbers->zone_count; i++)
        if (numbers->zones[i].age_s >= 0)
            sample_of(page, FAMILY_ZONE_AGE, "zone", numbers->config->zones[i].name, numbers->zones[i].age_s);
}

static void write_ends(struct page *page, const struct numbers *numbers)
{
    single(page, FAMILY_SIGNATURES, numbers->renew_s ? (double)numbers->renew_s : not_known);
    family(page, FAMILY_CERTIFICATE);
    if (numbers->certificate_end_s)
        sample_of(page, FAMILY_CERTIFICATE, "of", "tls", (double)numbers->certificate_end_s);
    if (numbers->endpoints_end_s)
        sample_of(page, FAMILY_CERTIFICATE, "of", "endpoints", (double)numbers->endpoints_end_s);
}

static void write_inputs(struct page *page, const struct numbers *numbers)
{
    const struct config *config = numbers->config;
    family(page, FAMILY_INPUT_AGE);
    sample_of(page, FAMILY_INPUT_AGE, "input", "config", numbers->config_age_s);
    sample_of(page, FAMILY_INPUT_AGE, "input", "geo", numbers->geo_age_s);
    sample_of(page, FAMILY_INPUT_AGE, "input", "saved_verdicts", numbers->saved_age_s);
    if (numbers->source_age_min_s >= 0)
        sample_of(page, FAMILY_INPUT_AGE, "input", "load", numbers->source_age_min_s);
    family(page, FAMILY_GEO_FILE_AGE);
    for (size_t i = 0; i < config->geo.database_count; i++)
        write_geo_file(page, config->geo.databases[i]);
    write_geo_file(page, config->geo.nets);
    write_zones(page, numbers);
    write_ends(page, numbers);
    family(page, FAMILY_LIMITED);
    sample_of(page, FAMILY_LIMITED, "of", "endpoints", !numbers->verdicts);
    sample_of(page, FAMILY_LIMITED, "of", "services", !numbers->services);
    sample_of(page, FAMILY_LIMITED, "of", "zones", numbers->zone_count < config->zone_count);
}

char *numbers_text(const struct numbers *numbers, size_t *ret_len)
{
    struct page page = {.text = NULL};
    write_process(&page, numbers);
    write_queries(&page, &numbers->counters);
    write_defence(&page, &numbers->counters);
    write_streams(&page, &numbers->counters);
    write_clients(&page, numbers);
    write_probes(&page, numbers);
    write_sites(&page, numbers);
    write_control(&page, numbers);
    write_inputs(&page, numbers);
    return page_take(&page, ret_len);
}

/* --- for the admin socket */

struct asking {
    struct job job;
    struct client *client;
    struct numbers *numbers;
    char *text;
};

static void run_asking(struct job *job)
{
    struct asking *asking = (struct asking *)job;
    size_t len;
    asking->text = numbers_text(asking->numbers, &len);
}

static void end_asking(struct job *job)
{
    struct asking *asking = (struct asking *)job;
    json_t *reply = reply_ok();
    json_object_set_new(reply, "metrics", json_string(asking->text));
    client_reply(asking->client, reply);
    numbers_free(asking->numbers);
    free(asking->text);
    free(asking);
}

void metrics_begin(struct director *director, struct client *client)
{
    struct asking *asking = mem_new(1, sizeof *asking);
    *asking = (struct asking){.job = {.run = run_asking, .done = end_asking}, .client = client, .numbers = numbers_take(director)};
    work_push(director->loader, &asking->job);
}
