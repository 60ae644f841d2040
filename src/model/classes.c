#include "model/classes.h"

/* 100 km * n^1.5: fine where a move costs little, for it is there that moves begin, and no coarser than some 600 km anywhere. */
static const uint16_t starts_km[CLASS_BANDS] = {0, 100, 283, 520, 800, 1118, 1470, 1852, 2263, 2700, 3162, 3648, 4157, 4687, 5238, 5809};

unsigned class_band_of(double km)
{
    unsigned band = 0;
    while (band + 1 < CLASS_BANDS && km >= starts_km[band + 1])
        band++;
    return band;
}

unsigned class_band_km(unsigned band)
{
    return starts_km[band];
}
