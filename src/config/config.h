/* libconfig file -> struct config. The only user of libconfig is this folder.
 * Thread: any one; the result is the caller's, to be freed with config_unref(). */
#pragma once

#include "base/report.h"
#include "model/config.h"

/* Reads and checks the file. Everything wrong goes to report as "file:line: key.path: what, what was expected" (with the nearest known key for an
 * unknown one). NULL when there was an error; warnings alone do not stop it. Touches no other file than the configuration (and its @includes). */
struct config *config_load(const char *path, struct report *report);
