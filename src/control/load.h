/* Files -> world and place: all that a start, a reload, a check or an explain of a file reads, by one function.
 * Thread: any one at a time; slow (geo data is compiled). */
#pragma once

#include "control/signed.h"

/* areas: those that geo data shall tell apart; NULL: as the orders in the state folder need them. serials: as published last, and then the new ones; empty: those of the state folder. Everything wrong goes to report. False, and nothing to free, when there is an error; else both have one reference. */
bool load_all(const char *path, const struct signing_input *input, const struct areas *areas, struct serials *serials,
              struct report *report, struct world **ret_world, struct place **ret_place);
