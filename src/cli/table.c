#include "cli/table.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static void take(struct table *table, char *text)
{
    const size_t count = table->count++;
    table->cells = mem_grow(table->cells, &table->room, count + 1, sizeof *table->cells);
    table->cells[count] = text;
}

void table_init(struct table *table, const char *const *headings)
{
    *table = (struct table){0};
    for (; headings[table->columns]; table->columns++)
        take(table, mem_text(headings[table->columns]));
}

void table_add(struct table *table, const char *text)
{
    take(table, mem_text(text ? text : ""));
}

void table_addf(struct table *table, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    take(table, text);
}

/* Characters, not octets: UTF-8's continuation octets take no place. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void measure(const struct table *table, size_t *widths)
{
    for (size_t column = 0; column < table->columns; column++) {
        bool any = false;
        widths[column] = 0;
        for (size_t i = column; i < table->count; i += table->columns) {
            const size_t width = width_of(table->cells[i]);
            widths[column] = width > widths[column] ? width : widths[column];
            any |= i >= table->columns && width > 0;
        }
        if (!any)
            widths[column] = 0;
    }
}

static void print_row(const struct table *table, size_t first, const size_t *widths, FILE *to)
{
    size_t pad = 0;
    for (size_t column = 0; column < table->columns; column++) {
        const char *text = table->cells[first + column];
        if (!widths[column])
            continue;
        if (*text) {
            fprintf(to, "%*s%s", (int)pad, "", text);
            pad = 0;
        }
        pad += widths[column] - width_of(text) + 2;
    }
    fputc('\n', to);
}

void table_write(struct table *table, FILE *to)
{
    size_t widths[TABLE_COLUMNS];
    measure(table, widths);
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
        print_row(table, i, widths, to);
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}

void table_print(struct table *table)
{
    table_write(table, stdout);
}
