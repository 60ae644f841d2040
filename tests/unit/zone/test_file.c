#include "zone/fixture.h"

#include <sys/stat.h>

static void a_zone_knows_its_name_its_file_and_its_serial(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "");
    assert_int_equal(f.zone->apex_len, sizeof WIRE_APEX);
    assert_memory_equal(f.zone->apex, WIRE_APEX, sizeof WIRE_APEX);
    assert_string_equal(f.zone->file, f.file);
    assert_int_equal(f.zone->serial, 2026010100);
    assert_int_equal(f.zone->node_count, 2);
    assert_ptr_equal(f.zone->nodes[0].name, f.zone->apex);
    fixture_remove(&f);
}

static void relative_names_take_the_origin_and_absolute_names_do_not(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "a A 192.0.2.2\nb.sip.example.com. CNAME a\n$ORIGIN c\nd A 192.0.2.3\n@ A 192.0.2.4\n"
                    "$ORIGIN e.sip.example.com.\nx CNAME @\n@ A 192.0.2.5\n");
    assert_string_equal(record_of(&f, "\1a", "A", 0), "a.sip.example.com. 30 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1b", "CNAME", 0), "b.sip.example.com. 30 IN CNAME a.sip.example.com.");
    assert_string_equal(record_of(&f, "\1d\1c", "A", 0), "d.c.sip.example.com. 30 IN A 192.0.2.3");
    assert_string_equal(record_of(&f, "\1c", "A", 0), "c.sip.example.com. 30 IN A 192.0.2.4");
    assert_string_equal(record_of(&f, "\1x\1e", "CNAME", 0), "x.e.sip.example.com. 30 IN CNAME e.sip.example.com.");
    fixture_remove(&f);
}

static void a_leading_blank_repeats_the_owner(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "a A 192.0.2.2\n  A 192.0.2.3\n\tAAAA 2001:db8::1\n \t ; only a comment\n A 192.0.2.4");
    assert_string_equal(record_of(&f, "\1a", "A", 1), "a.sip.example.com. 30 IN A 192.0.2.3");
    assert_string_equal(record_of(&f, "\1a", "A", 2), "a.sip.example.com. 30 IN A 192.0.2.4");
    assert_string_equal(record_of(&f, "\1a", "AAAA", 0), "a.sip.example.com. 30 IN AAAA 2001:db8::1");
    fixture_remove(&f);
    assert_file_refused(" A 192.0.2.1\n", "main.zone:1", "without a name");
}

static void ttl_and_class_stand_in_either_order_or_not_at_all(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "a 1h IN A 192.0.2.2\nb in 60 a 192.0.2.2\nc 2m A 192.0.2.2\nd CLASS1 TYPE1 192.0.2.2\ne A 192.0.2.2\n"
                    "f 1w1d1h1m1S A 192.0.2.2\ng 2147483647 A 192.0.2.2\nh 0 A 192.0.2.2\n");
    assert_string_equal(record_of(&f, "\1a", "A", 0), "a.sip.example.com. 3600 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1b", "A", 0), "b.sip.example.com. 60 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1c", "A", 0), "c.sip.example.com. 120 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1d", "A", 0), "d.sip.example.com. 30 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1f", "A", 0), "f.sip.example.com. 694861 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1g", "A", 0), "g.sip.example.com. 2147483647 IN A 192.0.2.2");
    assert_string_equal(record_of(&f, "\1h", "A", 0), "h.sip.example.com. 0 IN A 192.0.2.2");
    fixture_remove(&f);
    assert_refused("a 2147483648 A 192.0.2.2\n", 7, "2147483647 is the highest");
    assert_refused("a 99999999999 A 192.0.2.2\n", 7, "where a TTL");
    assert_refused("a 30x A 192.0.2.2\n", 7, "where a TTL");
    assert_refused("a 1h30 A 192.0.2.2\n", 7, "where a TTL");
    assert_refused("a 1hh A 192.0.2.2\n", 7, "where a TTL");
    assert_refused("a 7102w A 192.0.2.2\n", 7, "where a TTL");
    assert_refused("a 1w 60 A 192.0.2.2\n", 7, "no record type");
}

static void without_a_ttl_the_last_one_counts_and_then_the_soa_minimum(void **state)
{
    (void)state;
    static const char last[] = "@ 77 SOA ns1.example.net. h.example.net. 1 2 3 4 5\n@ NS ns1.example.net.\n"
                               "@ 88 A 192.0.2.1\nx A 192.0.2.2\n";
    struct fixture f = fixture_of(APEX, 0);
    fixture_remove(&f);
    f = fixture_of(last, sizeof last - 1);
    assert_string_equal(record_of(&f, "", "NS", 0), "sip.example.com. 77 IN NS ns1.example.net.");
    assert_string_equal(record_of(&f, "\1x", "A", 0), "x.sip.example.com. 88 IN A 192.0.2.2");
    fixture_remove(&f);
    static const char minimum[] = "@ SOA ns1.example.net. h.example.net. 1 2 3 4 5\n@ NS ns1.example.net.\n";
    f = fixture_of(minimum, sizeof minimum - 1);
    assert_true(fixture_told(&f, SEVERITY_WARNING, "main.zone:1", "MINIMUM is taken, 5"));
    assert_string_equal(record_of(&f, "", "NS", 0), "sip.example.com. 5 IN NS ns1.example.net.");
    fixture_remove(&f);
    assert_file_refused("@ NS ns1.example.net.\n", "main.zone:1", "no TTL");
    assert_file_refused("@ SOA ns1.example.net. h.example.net. 1 2 3 4 2147483648\n", "main.zone:1", "MINIMUM is none");
}

static void parentheses_comments_and_carriage_returns_are_layout(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "a TXT ( \"one\" ; first (\n  \"two;(\" ) ; \"\n\r\nb A 192.0.2.2\r\n(\nc) ( A (192.0.2.3))\n; end");
    assert_string_equal(record_of(&f, "\1a", "TXT", 0), "a.sip.example.com. 30 IN TXT \"one\" \"two;(\"");
    assert_non_null(record_of(&f, "\1b", "A", 0));
    assert_string_equal(record_of(&f, "\1c", "A", 0), "c.sip.example.com. 30 IN A 192.0.2.3");
    fixture_remove(&f);
    assert_refused("a TXT ( \"one\"\n\n", 7, "never closed");
    assert_refused("a A 192.0.2.2 )\n", 7, "closing parenthesis");
    assert_refused("a TXT \"one\nb A 192.0.2.2\n", 7, "not closed on its line");
    assert_refused("a TXT \"one", 7, "not closed on its line");
}

static void escapes_are_octets_of_a_label(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "a\\.b A 192.0.2.2\n\\065c A 192.0.2.3\n\\@ A 192.0.2.4\n\\000\\255 A 192.0.2.5\n\\$x A 192.0.2.6\n"
                    "q\\\"\\;\\(\\)\\\\ A 192.0.2.7\n"
                    "p\\ q A 192.0.2.8\n\\# A 192.0.2.9\n");
    assert_non_null(node_of(&f, "\3a.b"));
    assert_non_null(node_of(&f, "\2ac"));
    assert_non_null(node_of(&f, "\1@"));
    assert_non_null(node_of(&f, "\2\0\377"));
    assert_non_null(node_of(&f, "\2$x"));
    assert_non_null(node_of(&f, "\6q\";()\\"));
    assert_non_null(node_of(&f, "\3p q"));
    assert_non_null(node_of(&f, "\1#"));
    fixture_remove(&f);
    assert_refused("a\\25 A 192.0.2.2\n", 7, "malformed escape");
    assert_refused("a\\256 A 192.0.2.2\n", 7, "malformed escape");
    assert_refused("a\\", 7, "backslash at the end");
    assert_refused("a\\\nb A 192.0.2.2\n", 7, "backslash at the end");
}

static void owners_are_lower_case_and_rdata_keeps_its_case(void **state)
{
    (void)state;
    struct fixture f;
    assert_loads(f, "WWW CNAME Ns1.SIP.Example.com.\n");
    assert_string_equal(record_of(&f, "\3www", "CNAME", 0), "www.sip.example.com. 30 IN CNAME Ns1.SIP.Example.com.");
    fixture_remove(&f);
}

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static void labels_hold_63_octets_and_names_255(void **state)
{
    (void)state;
    struct fixture f;
    /* 3 * 64 + 46 for the rest, and 17 of the apex: 255. */
    assert_loads(f, L63 " A 192.0.2.2\n" L63 "." L63 "." L63 ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs A 192.0.2.3\n");
    size_t longest = 0;
    for (size_t i = 0; i < f.zone->node_count; i++)
        longest = f.zone->nodes[i].name_len > longest ? f.zone->nodes[i].name_len : longest;
    assert_int_equal(longest, 255);
    fixture_remove(&f);
    assert_refused(L63 "g A 192.0.2.2\n", 7, "label longer than 63");
    assert_refused(L63 "." L63 "." L63 ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst A 192.0.2.2\n", 7, "name longer than 255");
    assert_refused("a CNAME " L63 "." L63 "." L63 "." L63 ".x\n", 7, "name longer than 255");
    assert_refused("a..b A 192.0.2.2\n", 7, "empty label");
    assert_refused(".a A 192.0.2.2\n", 7, "empty label");
}

static void included_files_count_from_the_including_file(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    static const char main_text[] = HEAD "x A 192.0.2.2\n$INCLUDE a.zone\n A 192.0.2.3\n$include \"with space.zone\" sub\ny A 192.0.2.4\n";
    static const char a[] = "$ORIGIN in\nz A 192.0.2.5\n$INCLUDE b.zone ; deeper\n";
    fixture_write(&f, "main.zone", main_text, sizeof main_text - 1);
    fixture_write(&f, "a.zone", a, sizeof a - 1);
    fixture_write(&f, "b.zone", "w A 192.0.2.6", 13);
    fixture_write(&f, "with space.zone", "@ A 192.0.2.7\n", 14);
    fixture_load(&f);
    assert_int_equal(f.report.count, 0);
    assert_non_null(record_of(&f, "\1z\2in", "A", 0));
    assert_non_null(record_of(&f, "\1w\2in", "A", 0));
    assert_string_equal(record_of(&f, "\1x", "A", 1), "x.sip.example.com. 30 IN A 192.0.2.3"); /* neither owner nor origin came back */
    assert_string_equal(record_of(&f, "\3sub", "A", 0), "sub.sip.example.com. 30 IN A 192.0.2.7");
    assert_non_null(record_of(&f, "\1y", "A", 0));
    fixture_remove(&f);
}

static void mistakes_in_an_included_file_are_told_with_its_name(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    static const char main_text[] = HEAD "$INCLUDE a.zone\n$INCLUDE missing.zone\n$INCLUDE a\\000.zone\n$INCLUDE\n$INCLUDE a b c\n";
    fixture_write(&f, "main.zone", main_text, sizeof main_text - 1);
    fixture_write(&f, "a.zone", "\nx A 192.0.2\n", 13);
    fixture_load(&f);
    assert_true(fixture_told(&f, SEVERITY_ERROR, "a.zone:2", "no IPv4 address"));
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:8", "missing.zone: cannot be read: No such file"));
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:9", "no file name"));
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:10", "something is missing"));
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:11", "more behind it"));
    assert_int_equal(f.report.errors, 5);
    fixture_remove(&f);
}

static void a_file_that_includes_itself_ends(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    static const char main_text[] = HEAD "$INCLUDE a.zone\n";
    fixture_write(&f, "main.zone", main_text, sizeof main_text - 1);
    fixture_write(&f, "a.zone", "$INCLUDE a.zone\n", 16);
    fixture_load(&f);
    assert_true(fixture_told(&f, SEVERITY_ERROR, "a.zone:1", "does one include itself"));
    assert_int_equal(f.report.errors, 1);
    fixture_remove(&f);
    f = fixture_new();
    fixture_write(&f, "main.zone", main_text, sizeof main_text - 1);
    fixture_write(&f, "a.zone", "$INCLUDE a.zone\n$INCLUDE a.zone\n$INCLUDE a.zone\n$INCLUDE a.zone\n", 64);
    fixture_load(&f); /* 4^9 files, were there no bound */
    assert_true(f.report.errors > 0 && f.report.errors <= 101);
    fixture_remove(&f);
}

static void directives_are_checked(void **state)
{
    (void)state;
    assert_refused("$GENERATE 1-10 a$ A 192.0.2.$\n", 7, "BIND alone");
    assert_refused("$FOO\n", 7, "no such directive");
    assert_refused("$TTL\n", 7, "something is missing");
    assert_refused("$TTL abc\n", 7, "a time from 0");
    assert_refused("$TTL 2147483648\n", 7, "a time from 0");
    assert_refused("$TTL 30 30\n", 7, "more behind it");
    assert_refused("$ORIGIN a..b\n", 7, "empty label");
}

static void what_is_no_master_file_is_told_in_one_line(void **state)
{
    (void)state;
    struct report report;
    report_init(&report);
    assert_null(zone_load(APEX, "/tmp", &report));
    assert_string_equal(report.findings[0].text, "/tmp: is a directory, a master file was expected");
    assert_null(zone_load(APEX, "/nowhere/x.zone", &report));
    assert_string_equal(report.findings[1].text, "/nowhere/x.zone: cannot be read: No such file or directory");
    assert_null(zone_load(APEX, "/dev/null", &report));
    assert_string_equal(report.findings[2].text, "/dev/null: is not a regular file");
    assert_null(zone_load("a..b.", "/dev/null", &report));
    assert_non_null(strstr(report.findings[3].text, "empty label"));
    assert_int_equal(report.count, 4);
    report_release(&report);
    assert_file_refused("", "main.zone", "holds no record");
    assert_file_refused("; nothing\n\n", "main.zone", "holds no record");
    assert_file_refused("\177ELF\2\1\1\0\0\0\0", "main.zone:1", "octet 0x7f: this is not a text file");
    assert_file_refused("\n\0\0\0\n\0", "main.zone:2", "octet 0x00: this is not a text file");
}

static void a_named_pipe_does_not_hold_up_the_load(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    assert_int_equal(mkfifo(f.file, 0600), 0);
    fixture_load(&f);
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone", "is not a regular file"));
    fixture_remove(&f);
}

static void all_errors_are_told_in_one_run_up_to_a_hundred(void **state)
{
    (void)state;
    struct fixture f = fixture_of(HEAD "a A x\nb AAAA y\n$TTL z\nc 30 IN\n", sizeof(HEAD "a A x\nb AAAA y\n$TTL z\nc 30 IN\n") - 1);
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:7", "no IPv4 address"));
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:8", "no IPv6 address"));
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:9", "$TTL"));
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:10", "record type is missing"));
    assert_int_equal(f.report.errors, 4);
    fixture_remove(&f);

    char text[200 * 8 + 1] = "";
    for (unsigned i = 0; i < 200; i++)
        strcat(text, "a A x\n");
    f = fixture_of(text, strlen(text));
    assert_int_equal(f.report.errors, 101);
    assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:100", "stopped here, after 100 errors"));
    fixture_remove(&f);
}

static void a_record_without_end_is_refused(void **state)
{
    (void)state;
    enum { LEN = 1000000 };
    static const char tail[] = "\nb A 192.0.2.2\n";
    static const char *const pieces[] = {"x", "\"\"", "x ", "\\255"};
    for (size_t kind = 0; kind < sizeof pieces / sizeof *pieces; kind++) {
        char *text = malloc(LEN + sizeof tail);
        char *at = stpcpy(text, HEAD "a TXT ");
        while (at < text + LEN - 10)
            at = stpcpy(at, pieces[kind]);
        at = stpcpy(at, tail);
        struct fixture f = fixture_of(text, (size_t)(at - text));
        assert_true(fixture_told(&f, SEVERITY_ERROR, "main.zone:7", "longer"));
        assert_int_equal(f.report.errors, 1);
        fixture_remove(&f);
        free(text);
    }
}

static void a_hundred_thousand_records_load(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    FILE *out = fopen(f.file, "w");
    fputs(HEAD, out);
    for (unsigned i = 0; i < 50000; i++)
        fprintf(out, "lb%u.site%u A 192.0.2.%u\n_sip._udp.s%u SRV 10 100 5060 lb%u.site%u\n", i, i % 50, i % 256, i / 100, i, i % 50);
    fclose(out);
    fixture_load(&f);
    assert_int_equal(f.report.count, 0);
    assert_int_equal(f.zone->node_count, 2 + 50000 + 50 + 500 * 3);
    size_t records = 0;
    for (size_t i = 0; i < f.zone->node_count; i++) {
        const struct zone_node *node = &f.zone->nodes[i];
        assert_ptr_equal(zone_find(f.zone, node->name, node->name_len), node);
        for (unsigned k = 0; k < node->rrset_count; k++)
            records += node->rrsets[k].count;
    }
    assert_int_equal(records, 100003);
    fixture_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_knows_its_name_its_file_and_its_serial),
        cmocka_unit_test(relative_names_take_the_origin_and_absolute_names_do_not),
        cmocka_unit_test(a_leading_blank_repeats_the_owner),
        cmocka_unit_test(ttl_and_class_stand_in_either_order_or_not_at_all),
        cmocka_unit_test(without_a_ttl_the_last_one_counts_and_then_the_soa_minimum),
        cmocka_unit_test(parentheses_comments_and_carriage_returns_are_layout),
        cmocka_unit_test(escapes_are_octets_of_a_label),
        cmocka_unit_test(owners_are_lower_case_and_rdata_keeps_its_case),
        cmocka_unit_test(labels_hold_63_octets_and_names_255),
        cmocka_unit_test(included_files_count_from_the_including_file),
        cmocka_unit_test(mistakes_in_an_included_file_are_told_with_its_name),
        cmocka_unit_test(a_file_that_includes_itself_ends),
        cmocka_unit_test(directives_are_checked),
        cmocka_unit_test(what_is_no_master_file_is_told_in_one_line),
        cmocka_unit_test(a_named_pipe_does_not_hold_up_the_load),
        cmocka_unit_test(all_errors_are_told_in_one_run_up_to_a_hundred),
        cmocka_unit_test(a_record_without_end_is_refused),
        cmocka_unit_test(a_hundred_thousand_records_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
