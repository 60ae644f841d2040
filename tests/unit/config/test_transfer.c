/* Keys, transfers and primaries: what a sound configuration becomes, and each kind of mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "config/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "keys = ( { name = \"xfr.key\"; secret = \"Zm9vYmFyZm9vYmFy\"; } );\n"
#define ZONE(keys) "zones = ( { name = \"sip.example.com.\"; file = \"z\";\n" keys " } );\n"
#define FETCHED(keys) "zones = ( { name = \"sip.example.com.\"; primary = {\n" keys " }; } );\n"

/* The findings, a line each; the caller frees. */
static char *findings(const char *text, struct config **ret_config)
{
    struct report report;
    report_init(&report);
    *ret_config = config_from_text("c", text, strlen(text), &report);
    char *found = mem_text("");
    for (size_t i = 0; i < report.count; i++) {
        char *longer = mem_format("%s%s\n", found, report.findings[i].text);
        free(found);
        found = longer;
    }
    report_release(&report);
    return found;
}

static struct config *sound(const char *text)
{
    struct config *config;
    char *found = findings(text, &config);
    assert_non_null(config);
    assert_string_equal(strstr(found, "no services") ? "" : found, "");
    free(found);
    return config;
}

static void a_transfer_names_networks_keys_and_secondaries(void **state)
{
    (void)state;
    struct config *config = sound(KEY ZONE("transfer = { allow = [ \"192.0.2.1\", \"2001:db8::/32\" ]; keys = [ \"XFR.key.\" ]; notify = [ "
                                           "\"192.0.2.1\", \"[2001:db8::9]:5353\" ]; };"));
    const struct transfer_config *transfer = &config->zones[0].transfer;
    char text[PREFIX_TEXT], at[HOSTPORT_TEXT];
    assert_int_equal(transfer->allow_count, 2);
    assert_string_equal(prefix_format(&transfer->allow[0], text), "192.0.2.1/32");
    assert_string_equal(prefix_format(&transfer->allow[1], text), "2001:db8::/32");
    assert_int_equal(transfer->key_count, 1);
    assert_int_equal(transfer->keys[0], 0);
    assert_int_equal(transfer->notify_count, 2);
    assert_string_equal(hostport_format(&transfer->notify[0], at), "192.0.2.1:53");
    assert_string_equal(hostport_format(&transfer->notify[1], at), "[2001:db8::9]:5353");
    assert_string_equal(config->keys[0].name, "xfr.key.");
    assert_int_equal(config->keys[0].algorithm, TSIG_HMAC_SHA256);
    assert_int_equal(config->keys[0].secret.len, 12);
    assert_memory_equal(config->keys[0].secret.octets, "foobarfoobar", 12);
    assert_int_equal(config->zones[0].primary.address.addr.family, FAMILY_NONE);
    config_unref(config);
}

static void a_zone_of_a_primary_is_kept_in_the_state_folder(void **state)
{
    (void)state;
    struct config *config = sound("server = { state = \"/s\"; };\n" KEY FETCHED("address = \"192.0.2.9\"; key = \"xfr.key\";"));
    const struct primary_config *primary = &config->zones[0].primary;
    char at[HOSTPORT_TEXT];
    assert_string_equal(config->zones[0].file, "/s/zones/sip.example.com.zone");
    assert_string_equal(hostport_format(&primary->address, at), "192.0.2.9:53");
    assert_int_equal(primary->key, 0);
    assert_false(primary->tls);
    assert_int_equal(primary->timeout_s, 60);
    assert_int_equal(primary->limit_mib, 64);
    config_unref(config);
    config = sound(FETCHED("address = \"192.0.2.9\"; tls = true; tls_name = \"ns.example\"; tls_ca = \"/ca.pem\";"));
    primary = &config->zones[0].primary;
    assert_string_equal(hostport_format(&primary->address, at), "192.0.2.9:853");
    assert_string_equal(primary->tls_name, "ns.example");
    assert_string_equal(primary->tls_ca, "/ca.pem");
    assert_int_equal(primary->key, NO_KEY);
    config_unref(config);
    config = sound(FETCHED("address = \"192.0.2.9:53\"; tls = true; tls_name = \"ns.example\";"));
    assert_string_equal(hostport_format(&config->zones[0].primary.address, at), "192.0.2.9:53");
    config_unref(config);
}

static void expect(const char *text, const char *finding)
{
    struct config *config;
    char *found = findings(text, &config);
    char *line = mem_format("%s\n", finding);
    if (!strstr(found, line))
        fail_msg("expected %s, got:\n%s", finding, found);
    free(line);
    free(found);
    config_unref(config);
}

static void each_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    expect(ZONE("primary = { address = \"192.0.2.1\"; };"), "c:2: zones[0].primary: beside a file, expected only one of file and primary");
    expect("zones = ( { name = \"a.\"; } );",
           "c:1: zones[0].file: missing, expected a file name, or a group primary to fetch the zone from");
    expect(FETCHED(""), "c:1: zones[0].primary.address: missing, expected an address such as \"192.0.2.1\", \"192.0.2.1:5353\" or "
                        "\"[2001:db8::1]:5353\"");
    expect(FETCHED("address = \"ns.example\";"),
           "c:2: zones[0].primary.address: \"ns.example\", expected an address such as \"192.0.2.1\", "
           "\"192.0.2.1:5353\" or \"[2001:db8::1]:5353\"");
    expect(FETCHED("address = \"0.0.0.0\";"),
           "c:2: zones[0].primary.address: \"0.0.0.0\": not the address of one host, expected an address "
           "such as \"192.0.2.1\", \"192.0.2.1:5353\" or \"[2001:db8::1]:5353\"");
    expect(FETCHED("address = \"192.0.2.1\"; tls_name = \"a\";"), "c:2: zones[0].primary.tls_name: without tls = true this has no meaning");
    expect(FETCHED("address = \"192.0.2.1\"; tls = true; tls_ca = \"a\";"),
           "c:2: zones[0].primary.tls_ca: without tls_name no certificate is looked at");
    expect(FETCHED("address = \"192.0.2.1\"; tls = true;"),
           "c:1: zones[0].primary: with neither tls_name nor key anybody on the way can be the primary");
    expect(FETCHED("address = \"192.0.2.1\"; tls = 1;"), "c:2: zones[0].primary.tls: 1, expected true or false");
    expect(KEY FETCHED("address = \"192.0.2.1\"; key = \"xfr.kez\";"),
           "c:3: zones[0].primary.key: \"xfr.kez\": no such key, did you mean \"xfr.key.\"?");
    expect(ZONE("transfer = { keys = [ \"a.\" ]; };"), "c:2: zones[0].transfer.keys[0]: \"a.\": no such key, expected a name from keys");
    expect(ZONE("transfer = { notify = [ \"192.0.2.1\" ]; };"), "c:2: zones[0].transfer: nobody can fetch the zone: there is no allow");
    expect(ZONE("transfer = { allow = [ \"192.0.2.1/24\" ]; };"),
           "c:2: zones[0].transfer.allow[0]: \"192.0.2.1/24\", expected a network such as \"192.0.2.0/24\" or \"2001:db8::/32\", or one "
           "address of it");
    expect("keys = ( { name = \"k\"; } );", "c:1: keys[0].secret: missing, expected a secret in base64, or a file that holds one");
    expect("keys = ( { name = \"k\"; secret = \"Zg==\"; file = \"f\"; } );",
           "c:1: keys[0].file: beside a secret, expected only one of secret and file");
    expect("keys = ( { name = \"k\"; secret = \"hidden!\"; } );",
           "c:1: keys[0].secret: this is no secret of 1 to 256 octets in base64 (RFC 4648 4), as tsig-keygen makes them");
    expect("keys = ( { name = \"k\"; secret = \"Zg==\"; },\n{ name = \"K.\"; secret = \"Zg==\"; } );",
           "c:2: keys[1].name: key \"k.\" stands twice, first at c:1: keys[0].name");
    expect("keys = ( { name = \"k\"; secret = \"Zg==\"; algorithm = \"hmac-md5\"; } );",
           "c:1: keys[0].algorithm: \"hmac-md5\", expected one of \"hmac-sha1\", \"hmac-sha224\", \"hmac-sha256\", \"hmac-sha384\", "
           "\"hmac-sha512\"");
    expect("keys = ( { name = \"k\"; file = \"/nonexistent/key\"; } );",
           "c:1: keys[0].file: cannot read /nonexistent/key: No such file or directory");
    expect("keys = ( { name = \"k\"; file = \"/\"; } );", "c:1: keys[0].file: / is no regular file");
}

static void no_message_shows_a_secret(void **state)
{
    (void)state;
    struct config *config;
    char *found =
        findings("keys = ( { name = \"k\"; secret = \"Zm9vYmFy hidden\"; }, { name = \"l\"; secrte = \"Zm9vYmFy\"; } );", &config);
    assert_null(config);
    assert_null(strstr(found, "hidden"));
    assert_null(strstr(found, "Zm9v"));
    free(found);
}

/* --- files */

static char path[] = "/tmp/sipsteer-unit-key-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* The configuration with a key "k" in a file of this text. */
static char *with_file(const char *text, const char *more)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    return mem_format("keys = ( { name = \"k\"; file = \"%s\"; %s } );\n" ZONE(""), path, more);
}

static void file_gives(const char *text, enum tsig_algorithm algorithm)
{
    char *config_text = with_file(text, "");
    struct config *config = sound(config_text);
    assert_int_equal(config->keys[0].algorithm, algorithm);
    assert_int_equal(config->keys[0].secret.len, 6);
    assert_memory_equal(config->keys[0].secret.octets, "foobar", 6);
    config_unref(config);
    free(config_text);
}

static void a_secret_is_read_from_a_file_of_either_form(void **state)
{
    (void)state;
    file_gives("Zm9vYmFy", TSIG_HMAC_SHA256);
    file_gives("\n  Zm9vYmFy \n", TSIG_HMAC_SHA256);
    file_gives("key \"k\" {\n\talgorithm hmac-sha512;\n\tsecret \"Zm9vYmFy\";\n};\n", TSIG_HMAC_SHA512);
    file_gives("# one\n// two\n/* three\n */ key other { secret \"Zg==\"; algorithm hmac-sha1; };\nkey K. {secret Zm9vYmFy;algorithm "
               "HMAC-SHA1;};",
               TSIG_HMAC_SHA1);
}

static void file_fails(const char *text, const char *more, const char *why)
{
    char *config_text = with_file(text, more), *line = mem_format("c:1: keys[0].file: %s", why);
    char *at = strstr(line, "FILE");
    char *finding = at ? mem_format("%.*s%s%s", (int)(at - line), line, path, at + 4) : mem_text(line);
    expect(config_text, finding);
    free(finding);
    free(line);
    free(config_text);
}

static void what_is_wrong_with_a_file_is_told(void **state)
{
    (void)state;
    static const char none[] = "FILE holds no secret of 1 to 256 octets in base64 for the key k.";
    file_fails("", "", none);
    file_fails("no base64!", "", none);
    file_fails("Zm9vYmFy Zm9vYmFy", "", none);
    file_fails("key k { algorithm hmac-sha256; };", "", none);
    file_fails("key k { algorithm hmac-sha256; secret \"", "", none);
    file_fails("key k { algorithm", "", none);
    file_fails("key", "", none);
    file_fails("key other { algorithm hmac-sha256; secret \"Zg==\"; };", "", "FILE holds no key \"k.\"");
    file_fails("key k { algorithm hmac-md5; secret \"Zg==\"; };", "",
               "the key in FILE has the algorithm \"hmac-md5\", expected one of those of keys[].algorithm");
    file_fails("key k { algorithm hmac-sha1; secret \"Zg==\"; };", "algorithm = \"hmac-sha256\";",
               "the key in FILE is for hmac-sha1, another algorithm than here");
    chmod(path, 0644);
    file_fails("Zm9v", "", "everybody on this machine can read the secret in FILE: chmod o-r");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transfer_names_networks_keys_and_secondaries),
        cmocka_unit_test(a_zone_of_a_primary_is_kept_in_the_state_folder),
        cmocka_unit_test(each_mistake_is_told_with_its_place),
        cmocka_unit_test(no_message_shows_a_secret),
        cmocka_unit_test(a_secret_is_read_from_a_file_of_either_form),
        cmocka_unit_test(what_is_wrong_with_a_file_is_told),
    };
    return cmocka_run_group_tests_name("config transfer", tests, make_file, remove_file);
}
