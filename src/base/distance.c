#include "base/distance.h"

#include <math.h>

static const double earth_km = 6371;
static const double radian = 0.017453292519943295; /* a degree */

double distance_km(double lat1, double lon1, double lat2, double lon2)
{
    const double dlat = sin((lat2 - lat1) * radian / 2), dlon = sin((lon2 - lon1) * radian / 2);
    const double half_chord2 = dlat * dlat + cos(lat1 * radian) * cos(lat2 * radian) * dlon * dlon;
    return 2 * earth_km * asin(fmin(1, sqrt(half_chord2)));
}

double distance_biased_km(double km, int bias)
{
    return bias >= 0 ? km * (1 - bias / 100.0) : km / (1 + bias / 100.0);
}
