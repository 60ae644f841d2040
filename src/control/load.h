/* Files -> world and place: all that a start, a reload, a check or an explain of a file reads, by one function.
 * Thread: any one at a time; slow (geo data is compiled). */
#pragma once

#include "snapshot/world.h"

/* Everything wrong goes to report. False, and nothing to free, when there is an error; else both have one reference. */
bool load_all(const char *path, struct report *report, struct world **ret_world, struct place **ret_place);
