/* The API: one table of paths, methods, roles and what answers them. Thread: HTTP's. */
#pragma once

#include "http/http.h"

extern const struct http_route api_routes[];
extern const size_t api_route_count;
