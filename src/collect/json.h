/* A number out of a JSON document. Pure. Thread: any. */
#pragma once

#include "base/error.h"

#include <stddef.h>

/* A document, parsed once for all that is picked from it; NULL: why, printable. */
struct json;
struct json *json_open(const char *text, size_t len, struct error *err);
void json_close(struct json *json);

/* path: "result.0.value", or a JSON pointer (RFC 6901) when it begins with a slash. The number may be a text ("12"). False: why, printable. */
bool json_find(const struct json *json, const char *path, double *ret_number, struct error *err);

/* A decimal number that is all of the text but blanks around it. */
bool number_read(const char *text, size_t len, double *ret_number);
