// The Equal Earth projection (B. Šavrič, T. Patterson and B. Jenny, 2018): areas keep their sizes. x is in -2.71 .. 2.71, y grows to the south.
const A1 = 1.340264, A2 = -0.081106, A3 = 0.000893, A4 = 0.003796, M = Math.sqrt(3) / 2, RADIAN = Math.PI / 180;
const CENTRE = 11; // degrees east: so the cut goes through the Bering Strait

export function project(longitude, latitude) {
  let turned = longitude - CENTRE;
  if (turned < -180) turned += 360;
  if (turned > 180) turned -= 360;
  const t = Math.asin(M * Math.sin(latitude * RADIAN)), t2 = t * t, t6 = t2 * t2 * t2;
  return [
    turned * RADIAN * Math.cos(t) / (M * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2))),
    -t * (A1 + A2 * t2 + t6 * (A3 + A4 * t2)),
  ];
}

// The other way; null outside of the world. Longitudes from -169 to 191.
export function unproject(x, y) {
  let t = -y / A1;
  for (let i = 0; i < 8; i++) {
    const t2 = t * t, t6 = t2 * t2 * t2;
    t -= (t * (A1 + A2 * t2 + t6 * (A3 + A4 * t2)) + y) / (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2));
  }
  const t2 = t * t, t6 = t2 * t2 * t2, sine = Math.sin(t) / M;
  const turned = M * x * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2)) / Math.cos(t) / RADIAN;
  return Math.abs(sine) > 1 || Math.abs(turned) > 180 ? null : [turned + CENTRE, Math.asin(sine) / RADIAN];
}
