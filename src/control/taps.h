/* What dnstap and the query log are told of what is loaded and published, and what is told of them. For control/ only. Thread: the director's. */
#pragma once

#include "control/setup.h"
#include "tap/tap.h"

#include <jansson.h>

/* What is loaded: before anything of it is published. */
void taps_set(struct tap *tap, const struct setup *setup);
/* A snapshot of this generation is about to be published; built from setup, of which snapshot may still be an older one's. */
void taps_publish(struct tap *tap, const struct setup *setup, const struct snapshot *snapshot, uint64_t generation, uint64_t now_ms);
/* {"dnstap": ..., "query_log": ...}, for status; null what is off. */
json_t *taps_json(struct tap *tap);
/* What was asked for and does not work. */
void taps_alarms(struct tap *tap, json_t *list);
