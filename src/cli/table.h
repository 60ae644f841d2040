/* Rows of text printed in aligned columns. Thread: main. */
#pragma once

#include <stddef.h>
#include <stdio.h>

enum { TABLE_COLUMNS = 16 };

struct table {
    size_t columns, count, room;
    char **cells; /* row by row, the heading first */
};

/* headings: up to TABLE_COLUMNS, ended by NULL. */
void table_init(struct table *table, const char *const *headings);

/* The next cell, row by row. NULL is "". */
void table_add(struct table *table, const char *text);
void table_addf(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same to another stream as table_print(). */
void table_write(struct table *table, FILE *to);
/* Prints (columns without any text below their heading are left out) and releases. */
void table_print(struct table *table);
