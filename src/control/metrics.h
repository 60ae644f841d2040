/* /metrics: what the daemon tells to Prometheus. In two steps, so that neither many endpoints nor a slow reader hold up the director: the numbers are
 * taken in its loop, the text is made of them anywhere. The families are in metrics_families.h. For control/ only. */
#pragma once

#include <stddef.h>

struct director;
struct numbers;

/* Thread: the director's. */
struct numbers *numbers_take(struct director *director);
/* Thread: any. Reads /proc and asks for the age of the geo files, too. The text is the caller's. */
char *numbers_text(const struct numbers *numbers, size_t *ret_len);
void numbers_free(struct numbers *numbers);

/* The admin command: replies with the text, made in the loader's thread. Thread: the director's. */
struct client;
void metrics_begin(struct director *director, struct client *client);
