#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void new_memory_is_zeroed_and_never_null(void **state)
{
    (void)state;
    uint8_t *memory = mem_new(1000, 3);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(memory[i], 0);
    free(memory);
    void *nothing = mem_new(0, 0);
    assert_non_null(nothing);
    free(nothing);
}

static void copies_are_copies(void **state)
{
    (void)state;
    static const char from[] = "london";
    char *text = mem_text(from), *octets = mem_copy(from, 3), *nothing = mem_copy(NULL, 0), *made = mem_format("%s:%d", from, 5060);
    assert_string_equal(text, from);
    assert_ptr_not_equal(text, from);
    assert_memory_equal(octets, "lon", 3);
    assert_non_null(nothing);
    assert_string_equal(made, "london:5060");
    free(text);
    free(octets);
    free(nothing);
    free(made);
}

static void growth_doubles_and_keeps_what_is_there(void **state)
{
    (void)state;
    size_t room = 0;
    uint32_t *items = mem_grow(NULL, &room, 1, sizeof *items);
    assert_int_equal(room, 8);
    for (uint32_t i = 0; i < 1000; i++) {
        items = mem_grow(items, &room, i + 1u, sizeof *items);
        assert_true(room > i);
        items[i] = i;
    }
    assert_int_equal(room, 1024);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    uint32_t *same = mem_grow(items, &room, 1024, sizeof *items);
    assert_ptr_equal(same, items);
    assert_int_equal(room, 1024);
    free(same);
}

static void no_growth_is_no_memory(void **state)
{
    (void)state;
    size_t room = 0;
    assert_null(mem_grow(NULL, &room, 0, 8));
    assert_int_equal(room, 0);
}

static void an_arena_gives_aligned_zeroed_pieces_that_do_not_overlap(void **state)
{
    (void)state;
    struct arena arena;
    uint8_t *pieces[300];
    arena_init(&arena);
    for (unsigned i = 0; i < 300; i++) {
        arena_copy(&arena, "x", 1); /* disturbs the alignment */
        pieces[i] = arena_new(&arena, i * 13);
        assert_int_equal((uintptr_t)pieces[i] % 8, 0);
        for (unsigned k = 0; k < i * 13; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i, i * 13);
    }
    for (unsigned i = 0; i < 300; i++)
        for (unsigned k = 0; k < i * 13; k++)
            assert_int_equal(pieces[i][k], (uint8_t)i);
    assert_true(arena.used >= 300 + 13 * 299 * 300 / 2);
    arena_release(&arena);
    assert_null(arena.chunks);
}

static void an_arena_takes_pieces_larger_than_its_chunks(void **state)
{
    (void)state;
    enum { LARGE = 1 << 20 };
    struct arena arena;
    arena_init(&arena);
    uint8_t *small = arena_copy(&arena, "small", 6);
    uint8_t *large = arena_new(&arena, LARGE);
    memset(large, 0xff, LARGE);
    assert_string_equal(small, "small");
    assert_memory_equal(arena_copy(&arena, "after", 6), "after", 6);
    assert_non_null(arena_copy(&arena, NULL, 0));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed_and_never_null),
        cmocka_unit_test(copies_are_copies),
        cmocka_unit_test(growth_doubles_and_keeps_what_is_there),
        cmocka_unit_test(no_growth_is_no_memory),
        cmocka_unit_test(an_arena_gives_aligned_zeroed_pieces_that_do_not_overlap),
        cmocka_unit_test(an_arena_takes_pieces_larger_than_its_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
