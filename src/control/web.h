/* The director and its HTTP listener (http/): what is asked over HTTP comes into the director's loop through a queue, one request a turn, and is answered
 * there by the same commands as the admin socket's; the texts are made in HTTP's thread. Also what a reload, or a changed file, brings of tokens and
 * certificate. For control/ only. Thread: the director's, except where it is said. */
#pragma once

#include "base/report.h"
#include "http/http.h"
#include "model/config.h"

#include <event2/event.h>
#include <jansson.h>

struct director;
struct web;

/* Binds what config (taken) says. NULL: an address, a token file or a certificate that the file names cannot be used. */
struct web *web_new(struct director *director, struct config *config, struct error *err);
bool web_start(struct web *web, struct error *err);
/* Lets answers go for wait_ms at most. web may be NULL. */
void web_free(struct web *web, unsigned wait_ms);

/* Once a second: the director lives, and how it is. */
void web_pulse(struct web *web);
/* Whether token file or certificate are others than those read last; then they are read in the loader's thread. */
void web_check(struct web *web);

/* What a reload has read; the loader's thread. NULL: something cannot be used, which report tells as warnings. */
struct web_reading;
struct web_reading *web_read(const struct director *director, const struct config *config, struct report *report);
/* The reload is in force: so is this (taken; NULL changes nothing but is an alarm). */
void web_adopt(struct web *web, struct web_reading *reading);
void web_reading_free(struct web_reading *reading);
/* What of the configuration takes a restart. */
void web_warn_of_restart(const struct web *web, const struct config *config, struct report *report);

/* For `status`: {"listen", "tls", ...}, and what is wrong. */
json_t *web_json(const struct web *web);
void web_alarms(const struct web *web, json_t *list);

/* An error if token file or certificate cannot be used, for a check of the configuration. */
void web_inspect(const struct config *config, struct report *report);

/* HTTP's thread: hands the exchange to the director: a request line of the admin protocol (taken), where refusal is the code of a reply that is not ok;
 * or the text of that name. */
enum web_text { WEB_TEXT_METRICS, WEB_TEXTS };
void web_ask(struct web *web, struct exchange *exchange, char *line, int refusal);
void web_ask_text(struct web *web, struct exchange *exchange, enum web_text tag);
/* HTTP's thread: somebody has come with a token. */
void web_login(const struct http_login *login, void *context);

/* HTTP's thread. What is wrong, as texts for people; in an array that the caller frees. alive: the loop turns. */
json_t *web_wrong(struct web *web, bool *ret_alive);
