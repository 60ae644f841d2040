/* How many connections a client has: who counts as one, and that nothing is left of those that went. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/clients.h"

#include <stdlib.h>

static struct addr at(const char *text)
{
    struct addr addr;
    assert_true(addr_parse(text, &addr));
    return addr;
}

static bool enter(struct clients *clients, const char *text)
{
    const struct addr addr = at(text);
    return clients_enter(clients, &addr);
}

static void leave(struct clients *clients, const char *text)
{
    const struct addr addr = at(text);
    clients_leave(clients, &addr);
}

static void an_address_has_as_many_as_it_may(void **state)
{
    (void)state;
    struct clients *clients = clients_new(4, 2);
    assert_true(enter(clients, "192.0.2.1"));
    assert_true(enter(clients, "192.0.2.1"));
    assert_false(enter(clients, "192.0.2.1"));
    assert_true(enter(clients, "192.0.2.2"));
    leave(clients, "192.0.2.1");
    assert_true(enter(clients, "192.0.2.1"));
    assert_false(enter(clients, "192.0.2.1"));
    clients_free(clients);
}

static void a_slash_64_is_one_client(void **state)
{
    (void)state;
    struct clients *clients = clients_new(4, 2);
    assert_true(enter(clients, "2001:db8:0:1::1"));
    assert_true(enter(clients, "2001:db8:0:1:ffff::2"));
    assert_false(enter(clients, "2001:db8:0:1::3"));
    assert_true(enter(clients, "2001:db8:0:2::1"));
    leave(clients, "2001:db8:0:1::9"); /* whichever of its addresses it was */
    assert_true(enter(clients, "2001:db8:0:1::3"));
    clients_free(clients);
}

static void a_mapped_address_is_the_one_it_stands_for(void **state)
{
    (void)state;
    struct clients *clients = clients_new(4, 1);
    assert_true(enter(clients, "192.0.2.1"));
    assert_false(enter(clients, "::ffff:192.0.2.1"));
    assert_true(enter(clients, "::ffff:192.0.2.2"));
    clients_free(clients);
}

/* More than the table expects, in an order in which slots lose entries at the front, in the middle and at the end. */
static void many_clients_come_and_go(void **state)
{
    enum { CLIENTS = 5000 };
    (void)state;
    struct clients *clients = clients_new(100, 3);
    for (unsigned round = 0; round < 3; round++)
        for (uint32_t i = 0; i < CLIENTS; i++) {
            struct addr addr = {.family = FAMILY_V4, .bytes = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
            assert_true(clients_enter(clients, &addr));
        }
    for (unsigned round = 0; round < 3; round++)
        for (uint32_t i = 0; i < CLIENTS; i++) {
            const uint32_t k = i * 2347 % CLIENTS;
            struct addr addr = {.family = FAMILY_V4, .bytes = {10, 0, (uint8_t)(k >> 8), (uint8_t)k}};
            if (round == 0)
                assert_false(clients_enter(clients, &addr));
            clients_leave(clients, &addr);
        }
    for (unsigned i = 0; i < 3; i++)
        assert_true(enter(clients, "10.0.0.7"));
    assert_false(enter(clients, "10.0.0.7"));
    clients_free(clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_as_many_as_it_may),
        cmocka_unit_test(a_slash_64_is_one_client),
        cmocka_unit_test(a_mapped_address_is_the_one_it_stands_for),
        cmocka_unit_test(many_clients_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
