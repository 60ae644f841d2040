/* A still picture of what is believed, ordered and measured: a copy of those parts of the setup that the descriptions of sites, endpoints, load and checks read
 * (describe.h) and the explanations of answers, so that another thread can make texts of thousands of endpoints while the director goes on. What else belongs to a setup is not in it.
 * Thread: taken in the director's, then any one. */
#pragma once

#include "control/setup.h"

struct director;
struct picture;

/* Copies about 1 KiB for each check and each source of load, and holds the world. */
struct picture *picture_take(const struct director *director);
void picture_free(struct picture *picture);

/* As director_view(), but without a snapshot. */
const struct view *picture_view(const struct picture *picture);
