/* How far apart two places are, and how far a site seems. Thread: any (values). */
#pragma once

/* Great-circle distance in kilometres (haversine, mean radius 6371 km) of places in degrees. */
double distance_km(double lat1, double lon1, double lat2, double lon2);

/* The same as a site's bias makes it seem: percent, -99 to 99, positive is nearer. */
double distance_biased_km(double km, int bias);
