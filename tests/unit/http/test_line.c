/* What of a request is parsed here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/line.h"

#include <string.h>

static char *names[] = {"dns.example.com.", "ns1.example."};

static void addresses_localhost_and_the_names_given_are_hosts(void **state)
{
    (void)state;
    static const char *const allowed[] = {"127.0.0.1",       "192.0.2.1:8053",  "[::1]",        "[2001:db8::1]:443",   "localhost",
                                          "LocalHost.:8053", "dns.example.com", "NS1.EXAMPLE.", "dns.example.com:8053"};
    assert_true(host_allowed(NULL, names, 2));
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (!host_allowed(allowed[i], names, 2))
            fail_msg("%s is refused", allowed[i]);
}

static void other_names_and_what_is_malformed_are_no_hosts(void **state)
{
    (void)state;
    static const char *const refused[] = {"evil.example",
                                          "localhost.evil.example",
                                          "evil-localhost",
                                          "127.0.0.1.evil.example",
                                          "",
                                          ":80",
                                          "[::1",
                                          "::1",
                                          "[127.0.0.1]",
                                          "[localhost]",
                                          "[]",
                                          "localhost:x",
                                          "localhost:80:80",
                                          "127.0.0.1:123456",
                                          "a@localhost",
                                          "localhost/",
                                          ".",
                                          "dns.example.com.."};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (host_allowed(refused[i], names, 2))
            fail_msg("%s is allowed", refused[i]);
    assert_false(host_allowed("dns.example.com", NULL, 0));
}

static void a_bearer_token_is_taken_as_it_stands(void **state)
{
    (void)state;
    size_t len = 0;
    assert_memory_equal(bearer_token("Bearer abc", &len), "abc", 3);
    assert_int_equal(len, 3);
    assert_memory_equal(bearer_token("bearer   abc  ", &len), "abc", 3);
    assert_int_equal(len, 3);
    assert_non_null(bearer_token("Bearer ", &len));
    assert_int_equal(len, 0);
    assert_null(bearer_token("Basic YTpi", &len));
    assert_null(bearer_token("Bearer", &len));
}

static void a_tag_is_found_among_others(void **state)
{
    (void)state;
    assert_true(tag_matches("\"a\"", "\"a\""));
    assert_true(tag_matches("\"b\" , W/\"a\" ", "\"a\""));
    assert_true(tag_matches("*", "\"a\""));
    assert_false(tag_matches(NULL, "\"a\""));
    assert_false(tag_matches("", "\"a\""));
    assert_false(tag_matches("\"ab\", a", "\"a\""));
}

static void a_query_is_decoded(void **state)
{
    (void)state;
    struct params params;
    assert_true(params_parse("name=sip.example.com&client=2001%3adb8%3A%3a1&reason=a+b%2Bc&empty=", &params));
    assert_int_equal(params.count, 4);
    assert_string_equal(params_get(&params, "client"), "2001:db8::1");
    assert_string_equal(params_get(&params, "reason"), "a b+c");
    assert_string_equal(params_get(&params, "empty"), "");
    assert_null(params_get(&params, "other"));
    params_release(&params);
    assert_true(params_parse(NULL, &params));
    assert_int_equal(params.count, 0);
    assert_true(params_parse("", &params));
}

static void a_malformed_query_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {"a",       "=b",
                                          "a=1&",    "a=1&&b=2",
                                          "a=1&a=2", "a=%",
                                          "a=%4",    "a=%zz",
                                          "a=%00",   "a=%0a",
                                          "%00=a",   "a=1&%61=2",
                                          "a=\x7f",  "a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1"};
    struct params params;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (params_parse(refused[i], &params))
            fail_msg("%s is taken", refused[i]);
    char most[PARAMS_TEXT_MAX + 2];
    memset(most, 'a', sizeof most - 1);
    most[1] = '=';
    most[sizeof most - 1] = '\0';
    assert_false(params_parse(most, &params));
    most[sizeof most - 2] = '\0';
    assert_true(params_parse(most, &params));
    params_release(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_localhost_and_the_names_given_are_hosts),
        cmocka_unit_test(other_names_and_what_is_malformed_are_no_hosts),
        cmocka_unit_test(a_bearer_token_is_taken_as_it_stands),
        cmocka_unit_test(a_tag_is_found_among_others),
        cmocka_unit_test(a_query_is_decoded),
        cmocka_unit_test(a_malformed_query_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
