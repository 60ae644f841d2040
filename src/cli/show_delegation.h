/* A delegation and the survey of it, printed for people and as JSON. Thread: main. */
#pragma once

#include "delegation/delegation.h"

#include <jansson.h>

/* The parent's records as lines of a master file, then what a form asks for, as comments. */
void show_wanted(const struct zone *zone, const struct delegation *wanted);
/* Whom was asked, what they said in short, and what is wrong. */
void show_survey(const struct survey *survey, const struct faults *faults);

/* {"zone","ns":[{"name","glue":[]}],"ds":[],"records":[]} */
json_t *wanted_json(const struct zone *zone, const struct delegation *wanted);
/* {"parent","parents":[],"servers":[]} */
json_t *survey_json(const struct survey *survey);
json_t *faults_json(const struct faults *faults);
