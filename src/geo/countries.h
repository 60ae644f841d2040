/* Where countries are: the ISO 3166-1 codes with their approximate centres and continents. Constant. Thread: any. */
#pragma once

#include <stddef.h>

struct country {
    char code[3], continent[3]; /* upper case; AF AN AS EU NA OC SA */
    float latitude, longitude;
};

/* The country with this upper-case code, or NULL. */
const struct country *country_find(const char *code);

/* All of them, in the order of their codes: the 249 of ISO 3166-1 and XK (Kosovo), which databases use. */
const struct country *country_table(size_t *ret_count);
