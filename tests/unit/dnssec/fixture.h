/* Zones and keys for the tests of signing, in a folder of their own that signing_remove() deletes. Other software is asked as it is
 * installed; a check that needs what is not there is skipped. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/name.h"
#include "dnssec/coding.h"
#include "dnssec/keyfile.h"
#include "dnssec/signer.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define APEX "sip.example.com."
#define WIRE_APEX ((const uint8_t *)"\3sip\7example\3com")
enum { WIRE_APEX_LEN = 17, DAY_S = 86400, NOW_S = 1800000000 /* 15 January 2027 */ };

struct signing_fixture {
    char folder[32];
    struct zone_config config;
    struct report report;
    struct zone *plain, *zone;
    struct signer *signer;
    int64_t renew_s;
};

static inline struct signing_fixture signing_new(void)
{
    struct signing_fixture f = {.folder = "/tmp/dnssec-test-XXXXXX"};
    assert_non_null(mkdtemp(f.folder));
    f.config = (struct zone_config){
        .name = APEX, .dnssec = {.denial = DENIAL_NSEC, .keys = strdup(f.folder), .validity_s = 14 * DAY_S, .refresh_s = 5 * DAY_S}};
    report_init(&f.report);
    return f;
}

static inline void signing_remove(struct signing_fixture *f)
{
    char path[400];
    DIR *folder = opendir(f->folder);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", f->folder, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(f->folder);
    zone_unref(f->zone);
    zone_unref(f->plain);
    signer_unref(f->signer);
    report_release(&f->report);
    free(f->config.dnssec.keys);
}

static inline void signing_write(const struct signing_fixture *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    fclose(out);
}

/* Published and signing from since_s on. Returns its path without .key, to be freed. */
static inline char *signing_key_at(const struct signing_fixture *f, const char *algorithm, unsigned flags, int64_t since_s)
{
    struct key_plan plan = {.algorithm = algorithm_named(algorithm), .flags = (uint16_t)flags, .ttl_s = 3600};
    struct error err = {"?"};
    char *path = NULL;
    for (unsigned i = 0; i < KEY_TIMES; i++)
        plan.times[i] = i <= KEY_ACTIVATE ? since_s : KEY_NEVER;
    if (!keyfile_create(f->folder, WIRE_APEX, &plan, &path, &err))
        fail_msg("%s", err.text);
    return path;
}

static inline void signing_key(const struct signing_fixture *f, const char *algorithm, unsigned flags)
{
    free(signing_key_at(f, algorithm, flags, NOW_S - DAY_S));
}

static inline void signing_tell(const struct signing_fixture *f)
{
    for (size_t i = 0; i < f->report.count; i++)
        print_message("found: %s\n", f->report.findings[i].text);
}

static inline void signing_load(struct signing_fixture *f, const char *text)
{
    char path[128];
    signing_write(f, "zone", text);
    snprintf(path, sizeof path, "%s/zone", f->folder);
    f->plain = zone_load(APEX, path, &f->report);
    if (f->plain == NULL)
        signing_tell(f);
    assert_non_null(f->plain);
}

static inline void signing_signer(struct signing_fixture *f, struct signatures *cache, int64_t now_s)
{
    signer_unref(f->signer);
    f->signer = signer_new(&f->config, WIRE_APEX, WIRE_APEX_LEN, cache, now_s, &f->report);
    if (f->signer == NULL)
        signing_tell(f);
    assert_non_null(f->signer);
}

static inline void signing_sign(struct signing_fixture *f, uint32_t serial, int64_t now_s)
{
    zone_unref(f->zone);
    f->zone = signer_sign_zone(f->signer, f->plain, serial, now_s, &f->renew_s, &f->report);
    if (f->zone == NULL)
        signing_tell(f);
    assert_non_null(f->zone);
}

static inline bool signing_told(const struct signing_fixture *f, enum severity severity, const char *text)
{
    for (size_t i = 0; i < f->report.count; i++)
        if (f->report.findings[i].severity == severity && strstr(f->report.findings[i].text, text))
            return true;
    signing_tell(f);
    return false;
}

/* RFC 3597: programs differ in the types that they know by name. */
static inline void signing_print_generic(FILE *out, const struct zone_node *node, uint16_t type, uint32_t ttl_s, const struct rdata *rdata)
{
    char name[NAME_TEXT];
    char *hex = hex_text(rdata->octets, rdata->len);
    fprintf(out, "%s %u IN TYPE%u \\# %u %s\n", name_to_text(node->name, name), ttl_s, type, rdata->len, hex);
    free(hex);
}

static inline void signing_print_node(FILE *out, const struct zone_node *node, bool generic)
{
    for (unsigned s = 0; s < node->rrset_count; s++) {
        const struct rrset *set = &node->rrsets[s];
        for (unsigned i = 0; i < set->count + set->rrsig_count; i++) {
            const struct rdata *rdata = i < set->count ? &set->rdatas[i] : &set->rrsigs[i - set->count];
            const uint16_t type = i < set->count ? set->type : 46;
            if (generic) {
                signing_print_generic(out, node, type, set->ttl_s, rdata);
                continue;
            }
            char *text = zone_record_text(node->name, type, set->ttl_s, rdata->octets, rdata->len);
            assert_non_null(text);
            fprintf(out, "%s\n", text);
            free(text);
        }
    }
}

/* The signed zone as a master file. */
static inline void signing_print(const struct signing_fixture *f, const char *name, bool generic)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (size_t i = 0; i < f->zone->node_count; i++)
        signing_print_node(out, &f->zone->nodes[i], generic);
    for (size_t i = 0; i < f->zone->nsec3_count; i++)
        signing_print_node(out, &f->zone->nsec3_nodes[i], generic);
    fclose(out);
}

/* Whether the program, run in the folder, ends well; its output goes to the file "output" there. -1: it is not installed. */
static inline int signing_ask(const struct signing_fixture *f, const char *const arguments[])
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (chdir(f->folder) != 0 || freopen("output", "w", stdout) == NULL || dup2(1, 2) != 2)
            _exit(126);
        execvp(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 126);
    return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status) == 0;
}

static inline void signing_show_output(const struct signing_fixture *f)
{
    char path[128], line[512];
    snprintf(path, sizeof path, "%s/output", f->folder);
    FILE *in = fopen(path, "r");
    for (unsigned i = 0; in && i < 30 && fgets(line, sizeof line, in); i++)
        print_message("output: %s", line);
    if (in)
        fclose(in);
}

/* The program, if it is installed, is content. */
#define assert_content(f, ...)                                                                                                             \
    do {                                                                                                                                   \
        const char *const arguments_[] = {__VA_ARGS__, NULL};                                                                              \
        const int content_ = signing_ask(f, arguments_);                                                                                   \
        if (content_ < 0)                                                                                                                  \
            print_message("%s is not installed: not asked\n", arguments_[0]);                                                              \
        else if (!content_)                                                                                                                \
            signing_show_output(f);                                                                                                        \
        assert_int_not_equal(content_, 0);                                                                                                 \
    } while (0)
