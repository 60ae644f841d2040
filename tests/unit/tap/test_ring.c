/* The way from a worker to a sink: nothing is torn, what finds no room is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tap/ring.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 400000, LONGEST = 3000 };

struct piece {
    uint32_t number, len;
    uint8_t octets[];
};

static uint32_t len_of(uint32_t number)
{
    return number * 2654435761u % LONGEST;
}

static bool put(struct ring *ring, uint32_t number)
{
    const uint32_t len = len_of(number);
    struct piece *piece = ring_room(ring, sizeof *piece + len);
    if (piece == NULL)
        return false;
    piece->number = number;
    piece->len = len;
    memset(piece->octets, (int)(number & 0xff), len);
    return true;
}

static void check(const struct piece *piece)
{
    assert_int_equal(piece->len, len_of(piece->number));
    for (uint32_t i = 0; i < piece->len; i++)
        if (piece->octets[i] != (piece->number & 0xff))
            fail_msg("piece %u is torn at %u", piece->number, i);
}

static void what_is_not_committed_is_not_read(void **state)
{
    (void)state;
    struct ring *ring = ring_new();
    assert_true(put(ring, 1));
    assert_null(ring_next(ring));
    ring_commit(ring);
    const struct piece *piece = ring_next(ring);
    assert_int_equal(piece->number, 1);
    assert_null(ring_next(ring));
    ring_free(ring);
}

static void a_full_ring_loses_the_newest_and_counts_them(void **state)
{
    (void)state;
    struct ring *ring = ring_new();
    uint32_t put_in = 0, read = 0;
    while (put(ring, put_in))
        put_in++;
    ring_commit(ring);
    assert_int_equal(atomic_load(&ring->lost), 1);
    assert_false(put(ring, put_in));
    assert_int_equal(atomic_load(&ring->lost), 2);
    for (const struct piece *piece; (piece = ring_next(ring)); read++) {
        assert_int_equal(piece->number, read);
        check(piece);
    }
    assert_int_equal(read, put_in);
    assert_false(put(ring, put_in)); /* read, but not given back */
    ring_release(ring);
    assert_true(put(ring, put_in));
    ring_free(ring);
}

static void room_is_aligned_for_what_is_put_into_it(void **state)
{
    (void)state;
    struct ring *ring = ring_new();
    for (size_t len = 1; len < 100; len++)
        assert_int_equal((uintptr_t)ring_room(ring, len) % 8, 0);
    ring_free(ring);
}

static void the_largest_queries_and_answers_go_through_one_after_the_other(void **state)
{
    (void)state;
    struct ring *ring = ring_new();
    for (unsigned i = 0; i < 100; i++) {
        uint8_t *octets = ring_room(ring, 2 * 65535 + 200);
        assert_non_null(octets);
        memset(octets, (int)i, 2 * 65535 + 200);
        ring_commit(ring);
        const uint8_t *read = ring_next(ring);
        assert_ptr_equal(read, octets);
        assert_int_equal(read[2 * 65535 + 199], i);
        ring_release(ring);
    }
    ring_free(ring);
}

static void *write_all(void *context)
{
    struct ring *ring = context;
    uint32_t lost = 0;
    for (uint32_t i = 0; i < PIECES; i++) {
        lost += !put(ring, i);
        if (i % 7 == 0)
            ring_commit(ring);
    }
    ring_commit(ring);
    return (void *)(uintptr_t)lost;
}

static void two_threads_never_see_a_torn_piece_and_lose_none_in_silence(void **state)
{
    (void)state;
    struct ring *ring = ring_new();
    pthread_t writer;
    void *lost;
    uint32_t read = 0;
    int64_t last = -1;
    assert_int_equal(pthread_create(&writer, NULL, write_all, ring), 0);
    for (bool over = false; !over;) {
        over = pthread_tryjoin_np(writer, &lost) == 0;
        for (const struct piece *piece; (piece = ring_next(ring)); read++) {
            assert_true(piece->number > last);
            last = piece->number;
            check(piece);
            if (read % 5 == 0)
                ring_release(ring);
        }
        ring_release(ring);
    }
    assert_int_equal(read + (uintptr_t)lost, PIECES);
    assert_int_equal(atomic_load(&ring->lost), (uintptr_t)lost);
    assert_true(read > 0);
    ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_committed_is_not_read),
        cmocka_unit_test(a_full_ring_loses_the_newest_and_counts_them),
        cmocka_unit_test(room_is_aligned_for_what_is_put_into_it),
        cmocka_unit_test(the_largest_queries_and_answers_go_through_one_after_the_other),
        cmocka_unit_test(two_threads_never_see_a_torn_piece_and_lose_none_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
