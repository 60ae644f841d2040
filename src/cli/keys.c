/* sipsteer keys ZONE VERB: the files of a zone's keys. The daemon reads them at a reload, which a change orders, and obeys their times. */
#include "cli/keys.h"
#include "cli/progress_line.h"
#include "cli/connection.h"
#include "cli/show.h"

#include "base/clock.h"
#include "base/memory.h"
#include "config/config.h"
#include "control/duration.h"
#include "dns/name.h"
#include "dnssec/coding.h"
#include "dnssec/ds.h"
#include "zone/zone.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { EXIT_DONE = 0, EXIT_WRONG = 1, EXIT_USAGE = 2 };
enum {
    ROLE_UNSAID = -1,
    HOUR_S = 3600,
    KEY_TTL_S = 3600,
    DS_TTL_S = 86400,
    SOA_RETRY_AT = 12,
    SOA_REFRESH_AT = 16 /* from its end */,
    RELOAD_S = 300
};

static const char default_config[] = "/etc/sipsteer/sipsteer.conf";

struct options {
    const char *config, *algorithm, *publish, *activate, *digest, *propagation, *ds_ttl;
    int role;
    bool json, help, no_reload;
};

struct verb {
    const char *name, *takes, *help;
    int (*run)(struct zone_keys *zone, const struct options *options);
};

static int fail_with(const char *text)
{
    fprintf(stderr, "sipsteer: %s\n", text);
    return EXIT_WRONG;
}

static void print_findings(const struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        fprintf(stderr, "sipsteer: %s%s\n", report->findings[i].severity == SEVERITY_WARNING ? "warning: " : "", report->findings[i].text);
}

/* --- what the zone's caches may hold */

static uint32_t later_ttl(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Of the zone's records, and of what services answer with. */
static uint32_t longest_ttl(const struct zone_keys *keys, const struct zone *zone)
{
    uint32_t longest_s = 0;
    for (size_t i = 0; i < zone->node_count; i++)
        for (unsigned s = 0; s < zone->nodes[i].rrset_count; s++)
            longest_s = later_ttl(longest_s, zone->nodes[i].rrsets[s].ttl_s);
    for (size_t i = 0; i < keys->config->service_count; i++)
        longest_s = later_ttl(longest_s, keys->config->services[i].ttl_s);
    return longest_s;
}

static uint32_t dnskey_ttl(const struct keys *keys)
{
    uint32_t ttl_s = 0;
    for (size_t i = 0; i < keys->count; i++)
        ttl_s = later_ttl(ttl_s, keys->items[i].ttl_s);
    return ttl_s ? ttl_s : KEY_TTL_S;
}

/* The longest that a secondary stays behind that misses every NOTIFY. */
static uint32_t refresh_of(const struct zone *zone)
{
    const struct rdata *soa = zone_rrset(&zone->nodes[0], 6)->rdatas;
    const uint32_t refresh_s = get_u32(soa->octets + soa->len - SOA_REFRESH_AT), retry_s = get_u32(soa->octets + soa->len - SOA_RETRY_AT);
    return refresh_s > INT32_MAX - retry_s ? INT32_MAX : later_ttl(HOUR_S, refresh_s + retry_s);
}

static bool time_option(const char *text, const char *option, uint32_t *ret_s)
{
    uint64_t ms;
    if (text == NULL)
        return true;
    if (!duration_parse(text, &ms) || ms / 1000 > INT32_MAX) {
        fprintf(stderr, "sipsteer: %s takes a time such as 30m, 2h or 1d\n", option);
        return false;
    }
    *ret_s = (uint32_t)(ms / 1000);
    return true;
}

static bool read_delays(const struct zone_keys *keys, const struct options *options, struct delays *ret)
{
    struct report report;
    report_init(&report);
    struct zone *zone = zone_load(keys->zone->name, keys->zone->file, &report);
    if (zone == NULL)
        print_findings(&report);
    report_release(&report);
    if (zone == NULL)
        return false;
    ret->dnskey_ttl_s = dnskey_ttl(&keys->keys);
    ret->longest_ttl_s = later_ttl(longest_ttl(keys, zone), ret->dnskey_ttl_s);
    ret->propagation_s = refresh_of(zone);
    ret->ds_ttl_s = DS_TTL_S;
    ret->parent_propagation_s = HOUR_S;
    zone_unref(zone);
    return time_option(options->propagation, "--propagation", &ret->propagation_s) &&
           time_option(options->ds_ttl, "--ds-ttl", &ret->ds_ttl_s);
}

/* --- verbs */

static int verb_list(struct zone_keys *zone, const struct options *options)
{
    json_t *description = keys_describe(zone);
    if (options->json) {
        json_dumpf(description, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
    } else {
        keys_show(description);
    }
    const bool well = json_array_size(json_object_get(description, "warnings")) == 0;
    json_decref(description);
    return well ? EXIT_DONE : EXIT_WRONG;
}

static bool make_key(const struct zone_keys *zone, const struct key_plan *plan)
{
    struct error err;
    char *path;
    if (!keyfile_create(zone->zone->dnssec.keys, zone->apex, plan, &path, &err)) {
        fail_with(err.text);
        return false;
    }
    printf("made %s (%s)\n", path, plan->flags & KEY_FLAG_SEP ? "KSK or CSK" : "ZSK");
    free(path);
    return true;
}

/* Whether validators may know the zone's keys: the parent may have a DS. */
static bool in_use(const struct zone_keys *zone)
{
    for (size_t i = 0; i < zone->keys.count; i++) {
        const struct key *key = &zone->keys.items[i];
        const int64_t sync_s = key->times[KEY_SYNC_PUBLISH];
        if (key->flags & KEY_FLAG_SEP && key_state_of(key, zone->now_s) != STATE_REMOVED && (sync_s == KEY_NEVER || sync_s <= zone->now_s))
            return true;
    }
    return false;
}

static bool order_reload(const struct zone_keys *zone)
{
    struct error err;
    json_t *request = json_pack("{s:i, s:s}", "version", 1, "command", "reload");
    fflush(stdout); /* what was told stands above the line */
    progress_line_begin(zone->config->server.control);
    json_t *reply = connection_ask(zone->config->server.control, request, RELOAD_S, false, &err);
    progress_line_end();
    const bool done = json_is_true(json_object_get(reply, "ok"));
    if (reply)
        show_findings(reply);
    if (!done)
        fail_with(reply ? text_of(reply, "error") : err.text);
    json_decref(request);
    json_decref(reply);
    return done;
}

/* The times count from now: what the daemon publishes later is not in every cache when it signs. */
static int tell_daemon(const struct zone_keys *zone, bool used)
{
    if (order_reload(zone)) {
        puts("The daemon has taken this up (reload).");
        return EXIT_DONE;
    }
    if (!used) {
        puts("The daemon takes this up when it starts, or at: sipsteer reload");
        return EXIT_DONE;
    }
    fputs(
        "sipsteer: the files are written, but the daemon does not know of it, and the times above count from now. Run sipsteer reload at\n"
        "once. If that comes later than the propagation time has room for, the zone fails for those who validate: move the times of the "
        "new\n"
        "and the old keys by as much first (dnssec-settime)\n",
        stderr);
    return EXIT_WRONG;
}

/* Reads the folder anew and tells how it is now, also the daemon; the first key of a zone can wait for its operator. */
static int tell_outcome(struct zone_keys *zone, const struct options *options)
{
    const bool first = zone->keys.count == 0, used = in_use(zone);
    struct report report;
    report_init(&report);
    keys_release(&zone->keys);
    const bool sound = keys_read(&zone->keys, zone->zone->dnssec.keys, zone->apex, zone->apex_len, &report);
    print_findings(&report);
    report_release(&report);
    if (!sound)
        return EXIT_WRONG;
    const int code = verb_list(zone, options);
    if (!first && !options->no_reload)
        return tell_daemon(zone, used) == EXIT_DONE ? code : EXIT_WRONG;
    puts("The daemon takes this up at: sipsteer reload");
    return code;
}

/* "now", "+1d", "20260131120000". */
static bool read_moment(const char *text, const char *option, int64_t now_s, int64_t *ret_s)
{
    uint64_t ms;
    if (text == NULL || key_time_read(text, ret_s))
        return true;
    if (strcmp(text, "now") == 0) {
        *ret_s = now_s;
        return true;
    }
    if (text[0] == '+' && duration_parse(text + 1, &ms)) {
        *ret_s = now_s + (int64_t)(ms / 1000);
        return true;
    }
    fprintf(stderr, "sipsteer: %s takes now, +TIME (as in +1d) or a time in UTC such as 20260131120000\n", option);
    return false;
}

static const struct algorithm *algorithm_asked(const struct options *options, const struct algorithm *fallback)
{
    const struct algorithm *algorithm = options->algorithm ? algorithm_named(options->algorithm) : fallback;
    if (algorithm == NULL && options->algorithm)
        fputs("sipsteer: --algorithm takes ECDSAP256SHA256, ED25519, RSASHA256 or ECDSAP384SHA384\n", stderr);
    return algorithm;
}

static const struct key *living_key(const struct zone_keys *zone, bool sep)
{
    for (size_t i = 0; i < zone->keys.count; i++) {
        const struct key *key = &zone->keys.items[i];
        if (((key->flags & KEY_FLAG_SEP) != 0) == sep && key_state_of(key, zone->now_s) != STATE_REMOVED)
            return key;
    }
    return NULL;
}

/* A ZSK beside a key that signs already must be in every cache before it takes over (RFC 6781 4.1.1.1). */
static bool plan_key(const struct zone_keys *zone, const struct options *options, const struct delays *delays, struct key_plan *plan)
{
    const bool timed = options->publish || options->activate, sep = plan->flags & KEY_FLAG_SEP;
    const struct key *like = living_key(zone, sep);
    if (like && !timed) {
        fprintf(stderr,
                "sipsteer: key %u is there already: roll replaces it; with --publish and --activate another one is made beside it\n",
                like->tag);
        return false;
    }
    if (!sep && !living_key(zone, true)) {
        fputs("sipsteer: a ZSK needs a KSK beside it: generate --ksk first\n", stderr);
        return false;
    }
    rollover_first_times(plan->flags, zone->now_s, delays, plan->times);
    if (!sep)
        plan->times[KEY_ACTIVATE] = zone->now_s + delays->dnskey_ttl_s + delays->propagation_s;
    return read_moment(options->publish, "--publish", zone->now_s, &plan->times[KEY_PUBLISH]) &&
           read_moment(options->activate, "--activate", zone->now_s, &plan->times[KEY_ACTIVATE]);
}

static int verb_generate(struct zone_keys *zone, const struct options *options)
{
    struct delays delays;
    const struct key *any = living_key(zone, true);
    struct key_plan plan = {.flags = options->role == ROLE_ZSK ? KEY_FLAG_ZONE : KEY_FLAG_ZONE | KEY_FLAG_SEP,
                            .ttl_s = dnskey_ttl(&zone->keys)};
    plan.algorithm = algorithm_asked(options, any ? any->algorithm : algorithm_of(ALGORITHM_ECDSAP256SHA256));
    if (plan.algorithm == NULL)
        return EXIT_USAGE;
    if (any && any->algorithm != plan.algorithm && !options->publish)
        return fail_with("the zone has keys of another algorithm: roll --algorithm changes it");
    if (!read_delays(zone, options, &delays) || !plan_key(zone, options, &delays, &plan) || !make_key(zone, &plan))
        return EXIT_WRONG;
    return tell_outcome(zone, options);
}

/* New keys first: when this ends half-way, nothing that signs has an end yet. */
static bool apply(const struct zone_keys *zone, const struct rollover *rollover)
{
    struct error err;
    for (unsigned i = 0; i < rollover->made_count; i++)
        if (!make_key(zone, &rollover->made[i]))
            return false;
    for (size_t i = 0; i < zone->keys.count; i++)
        if (rollover->changed[i] && !keyfile_set_times(zone->keys.paths[i], rollover->times[i], &err)) {
            fail_with(err.text);
            return false;
        }
    return true;
}

static int verb_roll(struct zone_keys *zone, const struct options *options)
{
    static struct rollover rollover;
    struct delays delays;
    struct error err;
    const struct algorithm *algorithm = algorithm_asked(options, NULL);
    int role = options->role;
    if (options->algorithm && algorithm == NULL)
        return EXIT_USAGE;
    if (role == ROLE_UNSAID && living_key(zone, false) && algorithm == NULL)
        return fail_with("which one: --ksk or --zsk?");
    if (role == ROLE_UNSAID)
        role = ROLE_CSK;
    if (!read_delays(zone, options, &delays))
        return EXIT_WRONG;
    if (!rollover_start(&zone->keys, (enum key_role)role, algorithm, zone->now_s, &delays, &rollover, &err))
        return fail_with(err.text);
    return apply(zone, &rollover) ? tell_outcome(zone, options) : EXIT_WRONG;
}

static int verb_ds_seen(struct zone_keys *zone, const struct options *options)
{
    static struct rollover rollover;
    struct delays delays;
    struct error err;
    if (!read_delays(zone, options, &delays))
        return EXIT_WRONG;
    if (!rollover_ds_seen(&zone->keys, zone->now_s, &delays, &rollover, &err))
        return fail_with(err.text);
    return apply(zone, &rollover) ? tell_outcome(zone, options) : EXIT_WRONG;
}

static void print_ds(const struct zone_keys *zone, const struct key *key, unsigned digest)
{
    uint8_t ds[DS_OCTETS_MAX];
    char at[TIME_TEXT];
    const size_t len = ds_of_key(zone->apex, zone->apex_len, key, digest, ds);
    const int64_t sync_s = key->times[KEY_SYNC_PUBLISH];
    char *hex = hex_text(ds + 4, len - 4);
    if (sync_s != KEY_NEVER && sync_s > zone->now_s)
        printf("; key %u: not before %s\n", key->tag, time_text(sync_s, at));
    printf("%s IN DS %u %u %u %s\n", zone->zone->name, key->tag, key->algorithm->number, digest, hex);
    free(hex);
}

/* Replaced before the parent was to know it. */
static bool never_synced(const struct key *key)
{
    return key->times[KEY_SYNC_DELETE] != KEY_NEVER && key->times[KEY_SYNC_PUBLISH] >= key->times[KEY_SYNC_DELETE];
}

/* Those that the parent should have now or later. */
static int verb_ds(struct zone_keys *zone, const struct options *options)
{
    const bool sha384 = options->digest && strcmp(options->digest, "sha384") == 0;
    unsigned shown = 0;
    if (options->digest && !sha384 && strcmp(options->digest, "sha256") != 0)
        return fail_with("--digest takes sha256 or sha384"), EXIT_USAGE;
    for (size_t i = 0; i < zone->keys.count; i++) {
        const struct key *key = &zone->keys.items[i];
        if (!(key->flags & KEY_FLAG_SEP) || key_state_of(key, zone->now_s) == STATE_REMOVED || key->times[KEY_SYNC_DELETE] <= zone->now_s ||
            never_synced(key))
            continue;
        print_ds(zone, key, sha384 ? DIGEST_SHA384 : DIGEST_SHA256);
        shown++;
    }
    return shown ? EXIT_DONE : fail_with("there is no key that the parent should know");
}

static const struct verb verbs[] = {
    {"list", " [--json]", "the keys: role, state, what happens next and when, what is to be done; exit 1 when a key lacks a successor",
     verb_list},
    {"generate", " [--csk | --ksk | --zsk] [--algorithm NAME] [--publish WHEN] [--activate WHEN] [--propagation TIME] [--no-reload]",
     "makes a key: a CSK unless told otherwise. The first one signs at once", verb_generate},
    {"ds", " [--digest sha256 | sha384]", "the DS records for the parent", verb_ds},
    {"roll", " [--csk | --ksk | --zsk] [--algorithm NAME] [--propagation TIME] [--no-reload]",
     "begins to replace the key of this role, or all keys by those of another algorithm", verb_roll},
    {"ds-seen", " [--ds-ttl TIME] [--propagation TIME] [--no-reload]",
     "the parent's servers all have the new DS and no longer the old: ends a rollover of KSK or CSK", verb_ds_seen},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

/* --- the command line */

static void print_usage(FILE *to)
{
    fputs("usage: sipsteer keys [-c FILE] ZONE VERB [OPTIONS]\n\n", to);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(to, "  %s%s\n      %s\n", verbs[i].name, verbs[i].takes, verbs[i].help);
    fprintf(to,
            "\n  -c, --config FILE       default: %s\n"
            "      --algorithm NAME    ECDSAP256SHA256 (default), ED25519, RSASHA256, ECDSAP384SHA384\n"
            "      --publish WHEN, --activate WHEN  now, +TIME or a time in UTC such as 20260131120000\n"
            "      --propagation TIME  until all servers of the zone have a change; default: the SOA's REFRESH and RETRY, at least 1h\n"
            "      --ds-ttl TIME       the TTL of the DS at the parent; default: 1d\n"
            "      --no-reload         leave it to you to run sipsteer reload, which otherwise follows a change at once\n"
            "      --json              print the list as JSON\n",
            default_config);
}

static bool read_options(int argc, char **argv, struct options *ret)
{
    enum { KSK = 256, ZSK, CSK, ALGORITHM, PUBLISH, ACTIVATE, DIGEST, PROPAGATION, DS_TTL, NO_RELOAD, JSON };
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"json", no_argument, NULL, JSON},
                                            {"ksk", no_argument, NULL, KSK},
                                            {"zsk", no_argument, NULL, ZSK},
                                            {"csk", no_argument, NULL, CSK},
                                            {"algorithm", required_argument, NULL, ALGORITHM},
                                            {"publish", required_argument, NULL, PUBLISH},
                                            {"activate", required_argument, NULL, ACTIVATE},
                                            {"digest", required_argument, NULL, DIGEST},
                                            {"propagation", required_argument, NULL, PROPAGATION},
                                            {"no-reload", no_argument, NULL, NO_RELOAD},
                                            {"ds-ttl", required_argument, NULL, DS_TTL},
                                            {NULL, 0, NULL, 0}};
    *ret = (struct options){.config = default_config, .role = ROLE_UNSAID};
    optind = 0; /* main() has looked at the first words */
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c': ret->config = optarg; break;
        case 'h': ret->help = true; break;
        case NO_RELOAD: ret->no_reload = true; break;
        case JSON: ret->json = true; break;
        case KSK: ret->role = ROLE_KSK; break;
        case ZSK: ret->role = ROLE_ZSK; break;
        case CSK: ret->role = ROLE_CSK; break;
        case ALGORITHM: ret->algorithm = optarg; break;
        case PUBLISH: ret->publish = optarg; break;
        case ACTIVATE: ret->activate = optarg; break;
        case DIGEST: ret->digest = optarg; break;
        case PROPAGATION: ret->propagation = optarg; break;
        case DS_TTL: ret->ds_ttl = optarg; break;
        default: return false;
        }
    }
    return true;
}

/* What the verb does not take is an error, never ignored. NULL when all is well. */
static const char *misfit(const struct verb *verb, const struct options *options)
{
    const struct {
        bool given;
        const char *option;
    } all[] = {{options->role == ROLE_CSK, "--csk"},    {options->role == ROLE_KSK, "--ksk"},
               {options->role == ROLE_ZSK, "--zsk"},    {options->algorithm != NULL, "--algorithm"},
               {options->publish != NULL, "--publish"}, {options->activate != NULL, "--activate"},
               {options->digest != NULL, "--digest"},   {options->propagation != NULL, "--propagation"},
               {options->ds_ttl != NULL, "--ds-ttl"},   {options->no_reload, "--no-reload"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given && strstr(verb->takes, all[i].option) == NULL)
            return all[i].option;
    return options->json && verb->run != verb_list ? "--json" : NULL;
}

static const struct zone_config *zone_named(const struct config *config, const char *name)
{
    uint8_t asked[NAME_OCTETS], have[NAME_OCTETS];
    const size_t len = name_from_text(name, asked);
    for (size_t i = 0; i < config->zone_count; i++)
        if (len > 0 && name_from_text(config->zones[i].name, have) == len && memcmp(asked, have, len) == 0)
            return &config->zones[i];
    return NULL;
}

static bool read_folder(struct zone_keys *zone, bool makes)
{
    struct report report;
    const char *folder = zone->zone->dnssec.keys;
    if (makes && mkdir(folder, 0750) != 0 && errno != EEXIST) {
        fprintf(stderr, "sipsteer: %s: %s\n", folder, strerror(errno));
        return false;
    }
    report_init(&report);
    const bool sound = keys_read(&zone->keys, folder, zone->apex, zone->apex_len, &report);
    print_findings(&report);
    report_release(&report);
    return sound;
}

static int run_verb(const struct config *config, const char *name, const struct verb *verb, const struct options *options)
{
    static struct zone_keys zone;
    zone = (struct zone_keys){.config = config, .zone = zone_named(config, name), .now_s = clock_wall_s()};
    if (zone.zone == NULL) {
        fprintf(stderr, "sipsteer: %s is no zone of %s\n", name, options->config);
        return EXIT_WRONG;
    }
    if (zone.zone->dnssec.denial == DENIAL_NONE) {
        fprintf(stderr, "sipsteer: %s is not signed: give the zone a group in %s, dnssec = { };\n", zone.zone->name, options->config);
        return EXIT_WRONG;
    }
    zone.apex_len = name_from_text(zone.zone->name, zone.apex);
    if (!read_folder(&zone, verb->run == verb_generate))
        return EXIT_WRONG;
    const int code = verb->run(&zone, options);
    keys_release(&zone.keys);
    return code;
}

static int usage_error(const char *format, const char *what)
{
    fputs("sipsteer keys: ", stderr);
    fprintf(stderr, format, what);
    fputs("\nTry sipsteer keys --help\n", stderr);
    return EXIT_USAGE;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static int load_and_run(const char *zone, const struct verb *verb, const struct options *options)
{
    struct report report;
    report_init(&report);
    struct config *config = config_load(options->config, &report);
    if (config == NULL)
        print_findings(&report);
    const int code = config ? run_verb(config, zone, verb, options) : EXIT_WRONG;
    config_unref(config);
    report_release(&report);
    return code;
}

int keys_main(int argc, char **argv)
{
    struct options options;
    if (!read_options(argc, argv, &options)) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (options.help) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    const int words = argc - optind - 1; /* behind "keys" */
    if (words != 2)
        return usage_error("%s", words < 2 ? "a zone and a verb are needed" : "too many arguments");
    const struct verb *verb = find_verb(argv[optind + 2]);
    if (verb == NULL)
        return usage_error("there is no verb \"%s\"", argv[optind + 2]);
    const char *wrong = misfit(verb, &options);
    if (wrong)
        return usage_error("this verb takes no %s", wrong);
    return load_and_run(argv[optind + 1], verb, &options);
}
