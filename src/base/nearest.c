#include "base/nearest.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

enum { COMPARED_MAX = 64 }; /* longer texts get no suggestion: the comparison costs the product of the lengths */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters must be added, removed, changed or swapped with their neighbour to make b of a. */
static unsigned edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][COMPARED_MAX + 1];
    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

/* Edits between the two, UINT_MAX when they are too many for a slip: more than a third of the letters or more than three. */
static unsigned slips(const char *written, const char *name)
{
    const size_t a = strlen(written), b = strlen(name);
    if (a > COMPARED_MAX || b > COMPARED_MAX || a > b + 3 || b > a + 3)
        return UINT_MAX;
    const unsigned found = edits(written, a, name, b), longer = (unsigned)(a > b ? a : b);
    return found <= least(3, (longer + 2) / 3) && found < longer ? found : UINT_MAX;
}

const char *closer_name(const char *written, const char *best, const char *candidate)
{
    const unsigned old = best ? slips(written, best) : UINT_MAX, fresh = slips(written, candidate);
    return fresh < old ? candidate : old < UINT_MAX ? best : NULL;
}
