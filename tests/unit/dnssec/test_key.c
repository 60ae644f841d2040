/* Key files: those of BIND's tools are read, ours are read by BIND's tools, and what is wrong is told. */
#include "fixture.h"

#include "dnssec/folder.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char public_text[] = "; This is a zone-signing key, keyid 59032, for sip.example.com.\n"
                                  "sip.example.com. 3600 IN DNSKEY 257 3 15 vtY3i1fLT/aqqyemqy3bWv+aCGxjFP6sQaJbqunPvGM=\n";
static const char private_text[] = "Private-key-format: v1.3\nAlgorithm: 15 (ED25519)\n"
                                   "PrivateKey: gGT9kVFwtn2z1QwLP8hocprwO8CfuKQKZ+30AC141W4=\n"
                                   "Created: 20261122000134\nPublish: 20261122000135\nActivate: 20261122000136\n";

static void a_key_of_bind_is_read_with_its_times(void **state)
{
    (void)state;
    struct key key;
    struct error err = {"?"};
    if (!key_read(&key, public_text, private_text, WIRE_APEX, WIRE_APEX_LEN, &err))
        fail_msg("%s", err.text);
    assert_int_equal(key.tag, 43094);
    assert_int_equal(key.ttl_s, 3600);
    assert_int_equal(key.times[KEY_ACTIVATE] - key.times[KEY_CREATED], 2);
    assert_int_equal(key.times[KEY_CREATED], 1795305694);
    assert_true(key.times[KEY_DELETE] == KEY_NEVER);
    key_release(&key);
}

/* One in 256 keys of an elliptic curve has a private number that begins with a zero octet. */
static void a_private_number_without_its_leading_zero_is_read(void **state)
{
    static const char public[] = "sip.example.com. 60 IN DNSKEY 257 3 13 "
                                 "oTWBHlgvE1lCjxRUdVf3VI0D3kM4Qt/fxWqKMif8jurIBYRFnMwxlDQbmlTTlcrMx2pTbt394FquZJimwxZaug==\n";
    static const char private[] = "Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\n"
                                  "PrivateKey: cpph+NVBCuFVS7zpaGaxKED533yvVPiHXaUYHOU3Tw==\n";
    (void)state;
    struct key key;
    struct error err = {"?"};
    if (!key_read(&key, public, private, WIRE_APEX, WIRE_APEX_LEN, &err))
        fail_msg("%s", err.text);
    assert_int_equal(key.tag, 42228);
    key_release(&key);
}

/* One change to the texts above, and what is told. */
static const struct {
    const char *from, *to, *told;
} wrongs[] = {
    {"sip.example.com. 3600", "sip.example.org. 3600", "a key of sip.example.org., expected one of sip.example.com."},
    {"sip.example.com. 3600", "a..b 3600", "does not begin with the name"},
    {"3600 IN", "3600 CH", "no DNSKEY in class IN"},
    {"IN DNSKEY", "IN KEY", "no DNSKEY in class IN"},
    {"257 3", "257 2", "protocol is 2, expected 3"},
    {"257 3", "385 3", "revoked (RFC 5011)"},
    {"257 3", "1 3", "flags are 1, expected 256 or 257"},
    {"257 3", "65537 3", "flags, protocol and algorithm as numbers"},
    {"3 15", "3 5", "algorithm 5, expected 8 (RSASHA256)"},
    {"3 15", "3 13", "Algorithm differs"},
    {"vtY3i1", "vtY3i", "no base64"},
    {"vtY3i1", "vt*3i1", "no base64"},
    {"vtY3i1", "vtY3i2", "the private key is not that of the public key"},
    {"vtY3i1fLT/aq", "vtY3i1fL", "the public key has a wrong length"},
    {"qunPvGM=\n", "qunPvGM=\nsip.example.com. IN DNSKEY 257 3 15 vtY3i1fLT/aqqyemqy3bWv+aCGxjFP6sQaJbqunPvGM=\n", "more than one record"},
    {"v1.3", "v1.2", "Private-key-format: v1.3"},
    {"v1.3", "v2.0", "Private-key-format: v1.3"},
    {"Private-key-format: v1.3\n", "", "Private-key-format: v1.3"},
    {"Algorithm: 15 (ED25519)\n", "", "Algorithm is missing"},
    {"Algorithm: 15", "Algorithm: 8", "Algorithm differs"},
    {"PrivateKey: gGT9kVFwtn2z1QwLP8hocprwO8CfuKQKZ+30AC141W4=\n", "", "PrivateKey is missing"},
    {"PrivateKey: ", "PrivateKey: gGT9\nPrivateKey: ", "PrivateKey stands twice"},
    {"gGT9kVFw", "gGT9", "the private key is none of its algorithm"},
    {"gGT9kVFw", "gGT9kVFx", "the private key is not that of the public key"},
    {"gGT9kVFw", "gGT9=VFw", "PrivateKey is no base64"},
    {"Publish: 20261122000135", "Publish: 2026112200013", "Publish: expected a time in UTC"},
    {"Publish: 20261122000135", "Publish: 20261322000135", "Publish: expected a time in UTC"},
    {"Publish: 20261122000135", "Publish: 202611220001350", "Publish: expected a time in UTC"},
    {"Publish: 20261122000135", "Revoke: 20261122000135", "Revoke: revoking keys"},
};

static char *changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    char *out = NULL;
    if (at == NULL)
        return strdup(text);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    return out;
}

static void what_is_wrong_in_a_key_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct key key;
        struct error err = {""};
        char *public = changed(public_text, wrongs[i].from, wrongs[i].to), *private = changed(private_text, wrongs[i].from, wrongs[i].to);
        if (key_read(&key, public, private, WIRE_APEX, WIRE_APEX_LEN, &err) || strstr(err.text, wrongs[i].told) == NULL)
            fail_msg("%s -> %s: expected \"%s\", got \"%s\"", wrongs[i].from, wrongs[i].to, wrongs[i].told, err.text);
        free(public);
        free(private);
    }
}

/* The output of a program as the error of the report would show it. */
static void one_of_each_algorithm(bool (*make)(struct signing_fixture *, const char *, const char *))
{
    static const char *const names[][2] = {{"ECDSAP256SHA256", "0"}, {"ED25519", "0"}, {"RSASHA256", "2048"}, {"ECDSAP384SHA384", "0"}};
    for (size_t i = 0; i < 4; i++) {
        struct signing_fixture f = signing_new();
        if (!make(&f, names[i][0], names[i][1]))
            print_message("dnssec-keygen is not installed: not asked\n");
        signing_remove(&f);
    }
}

static bool bind_makes_and_we_read(struct signing_fixture *f, const char *algorithm, const char *bits)
{
    const char *const rsa[] = {"dnssec-keygen", "-q", "-a", algorithm, "-b", bits, "-f", "KSK", APEX, NULL};
    const char *const other[] = {"dnssec-keygen", "-q", "-a", algorithm, "-f", "KSK", APEX, NULL};
    const int made = signing_ask(f, *bits == '0' ? other : rsa);
    assert_int_not_equal(made, 0);
    if (made < 0)
        return false;
    signing_signer(f, NULL, time(NULL) + 1);
    assert_int_equal(f->report.count, 0);
    return true;
}

static void keys_of_dnssec_keygen_are_read(void **state)
{
    (void)state;
    one_of_each_algorithm(bind_makes_and_we_read);
}

static bool we_make_and_bind_reads(struct signing_fixture *f, const char *algorithm, const char *bits)
{
    (void)bits;
    char *path = signing_key_at(f, algorithm, 257, time(NULL) - 5);
    signing_write(f, "zone", "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\n");
    assert_content(f, "dnssec-settime", "-p", "all", path);
    assert_content(f, "dnssec-signzone", "-S", "-z", "-P", "-o", APEX, "zone");
    assert_content(f, "dnssec-settime", "-I", "+10", "-D", "+20", path);
    signing_signer(f, NULL, time(NULL) + 1);
    assert_in_range(signer_next_event(f->signer), time(NULL), time(NULL) + 15);
    free(path);
    return true;
}

static void our_keys_are_read_by_bind_which_may_change_their_times(void **state)
{
    (void)state;
    one_of_each_algorithm(we_make_and_bind_reads);
}

static void a_weak_rsa_key_is_refused(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    const char *const arguments[] = {"dnssec-keygen", "-q", "-a", "RSASHA256", "-b", "1024", APEX, NULL};
    if (signing_ask(&f, arguments) < 0)
        skip();
    assert_null(signer_new(&f.config, WIRE_APEX, WIRE_APEX_LEN, NULL, time(NULL) + 1, &f.report));
    assert_true(signing_told(&f, SEVERITY_ERROR, "the RSA key has less than 2048 bits"));
    signing_remove(&f);
}

/* A group may be how the daemon reads it. */
static void changed_files_stay_readable_by_whom_they_were_but_never_by_all(void **state)
{
    (void)state;
    static const char *const names[] = {"Ksip.example.com.+015+43094.key", "Ksip.example.com.+015+43094.private"};
    static const mode_t modes[][4] = {{0644, 0644, 0640, 0640}, {0640, 0640, 0600, 0600}, {0600, 0600, 0644, 0640}};
    struct signing_fixture f = signing_new();
    struct error err = {"?"};
    struct stat stat_of;
    char path[64], file[2][100];
    int64_t times[KEY_TIMES];
    for (unsigned i = 0; i < KEY_TIMES; i++)
        times[i] = KEY_NEVER;
    signing_write(&f, names[0], public_text);
    signing_write(&f, names[1], private_text);
    snprintf(path, sizeof path, "%s/Ksip.example.com.+015+43094", f.folder);
    for (unsigned i = 0; i < 2; i++)
        snprintf(file[i], sizeof file[i], "%s/%s", f.folder, names[i]);
    const gid_t group = geteuid() == 0 ? 12345 : getegid();
    for (unsigned m = 0; m < 3; m++) {
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(chown(file[i], geteuid() == 0 ? 23456 : geteuid(), group), 0);
            assert_int_equal(chmod(file[i], modes[m][2 * i]), 0);
        }
        assert_true(keyfile_set_times(path, times, &err));
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(stat(file[i], &stat_of), 0);
            assert_int_equal(stat_of.st_mode & 0777, modes[m][2 * i + 1]);
            assert_int_equal(stat_of.st_gid, group);
            assert_int_equal(stat_of.st_uid, geteuid() == 0 ? 23456 : geteuid());
        }
    }
    signing_remove(&f);
}

static void times_are_changed_and_all_else_stays(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    char path[64], *text = changed(private_text, "Created", "Label: of a card\nCreated");
    struct error err = {"?"};
    struct keys keys;
    signing_write(&f, "Ksip.example.com.+015+43094.key", public_text);
    signing_write(&f, "Ksip.example.com.+015+43094.private", text);
    snprintf(path, sizeof path, "%s/Ksip.example.com.+015+43094", f.folder);
    int64_t times[KEY_TIMES];
    for (unsigned i = 0; i < KEY_TIMES; i++)
        times[i] = i == KEY_REVOKE || i == KEY_DELETE ? KEY_NEVER : NOW_S + i;
    assert_true(keyfile_set_times(path, times, &err));
    assert_true(keys_read(&keys, f.folder, WIRE_APEX, WIRE_APEX_LEN, &f.report));
    assert_int_equal(keys.count, 1);
    assert_memory_equal(keys.items[0].times, times, sizeof times);
    keys_release(&keys);
    char command[100], line[100] = "";
    snprintf(command, sizeof command, "%s.private", path);
    FILE *in = fopen(command, "r");
    bool kept = false;
    while (fgets(line, sizeof line, in))
        kept |= strcmp(line, "Label: of a card\n") == 0;
    assert_true(kept);
    fclose(in);
    free(text);
    signing_remove(&f);
}

static void a_key_that_everybody_may_read_is_warned_of(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    char *path = signing_key_at(&f, "ED25519", 257, NOW_S - 1), name[100];
    snprintf(name, sizeof name, "%s.private", path);
    assert_int_equal(chmod(name, 0644), 0);
    signing_signer(&f, NULL, NOW_S);
    assert_true(signing_told(&f, SEVERITY_WARNING, "everybody may read this private key"));
    free(path);
    signing_remove(&f);
}

static void files_of_other_zones_are_left_alone(void **state)
{
    (void)state;
    struct signing_fixture f = signing_new();
    struct keys keys;
    signing_write(&f, "Kexample.com.+015+43094.key", "nonsense");
    signing_write(&f, "Ksip.example.com.+015+1.private", "nonsense");
    assert_true(keys_read(&keys, f.folder, WIRE_APEX, WIRE_APEX_LEN, &f.report));
    assert_int_equal(keys.count, 0);
    signing_write(&f, "Ksip.example.com.+015+2.key", public_text);
    assert_false(keys_read(&keys, f.folder, WIRE_APEX, WIRE_APEX_LEN, &f.report));
    assert_true(signing_told(&f, SEVERITY_ERROR, "Ksip.example.com.+015+2.private: No such file"));
    assert_false(keys_read(&keys, "/nonexistent", WIRE_APEX, WIRE_APEX_LEN, &f.report));
    assert_true(signing_told(&f, SEVERITY_ERROR, "/nonexistent: the folder of the keys: No such file"));
    signing_remove(&f);
}

static void times_are_read_strictly(void **state)
{
    (void)state;
    int64_t time_s;
    char text[KEY_TIME_TEXT];
    assert_true(key_time_read("19700101000000", &time_s) && time_s == 0);
    assert_true(key_time_read("20280229235959", &time_s));
    assert_string_equal(key_time_text(time_s, text), "20280229235959");
    static const char *const wrong[] = {"",
                                        "2027022900000",
                                        "20270229000000",
                                        "20270101240000",
                                        "20270101006000",
                                        "20270101000060",
                                        "20270100000000",
                                        "20270001000000",
                                        "-2027010100000",
                                        "20270101000000 "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(key_time_read(wrong[i], &time_s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_of_bind_is_read_with_its_times),
        cmocka_unit_test(a_private_number_without_its_leading_zero_is_read),
        cmocka_unit_test(what_is_wrong_in_a_key_is_told),
        cmocka_unit_test(keys_of_dnssec_keygen_are_read),
        cmocka_unit_test(our_keys_are_read_by_bind_which_may_change_their_times),
        cmocka_unit_test(a_weak_rsa_key_is_refused),
        cmocka_unit_test(times_are_changed_and_all_else_stays),
        cmocka_unit_test(changed_files_stay_readable_by_whom_they_were_but_never_by_all),
        cmocka_unit_test(a_key_that_everybody_may_read_is_warned_of),
        cmocka_unit_test(files_of_other_zones_are_left_alone),
        cmocka_unit_test(times_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
