// Land as dots: an even grid over the projected plane, where there is land under it.
import { LAKES, LAND } from "./land.js";
import { project, unproject } from "./projection.js";

function boxed(outline) {
  const box = { outline, west: 999, east: -999, south: 99, north: -99 };
  for (let i = 0; i < outline.length; i += 2) {
    box.west = Math.min(box.west, outline[i]);
    box.east = Math.max(box.east, outline[i]);
    box.south = Math.min(box.south, outline[i + 1]);
    box.north = Math.max(box.north, outline[i + 1]);
  }
  return box;
}

function holds({ outline, west, east, south, north }, longitude, latitude) {
  if (longitude < west || longitude > east || latitude < south || latitude > north) return false;
  let inside = false;
  for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2)
    if (outline[i + 1] > latitude !== outline[j + 1] > latitude
      && longitude < (outline[j] - outline[i]) * (latitude - outline[i + 1]) / (outline[j + 1] - outline[i + 1]) + outline[i])
      inside = !inside;
  return inside;
}

const land = LAND.map(boxed), lakes = LAKES.map(boxed);

const any = (boxes, longitude, latitude) => boxes.some((box) => holds(box, longitude, latitude) || holds(box, longitude + 360, latitude) || holds(box, longitude - 360, latitude));

// Land and the waters inside of it, in the same units; one around the other, so to be filled by even and odd.
export function landOutlines() {
  return [...LAND, ...LAKES].map((outline) => {
    const [centre] = project(outline[0], outline[1]);
    return outline.flatMap((longitude, i) => {
      if (i & 1) return [];
      const [x, y] = project(longitude, outline[i + 1]);
      return [Math.abs(x - centre) > 3 ? x - Math.sign(x) * 2 * Math.abs(project(190.99, outline[i + 1])[0]) : x, y]; // across the cut
    });
  });
}

// Every second row stands half a step aside. x and y in turn, in the units of projection.js.
export function landDots(pitch, { west, east, north, south }) {
  const dots = [], row = pitch * Math.sqrt(3) / 2;
  for (let k = Math.ceil(north / row); k * row <= south; k++)
    for (let i = Math.ceil(west / pitch); i * pitch <= east; i++) {
      const x = (i + (k & 1) / 2) * pitch, y = k * row, at = unproject(x, y);
      if (at && at[1] > -58 && any(land, at[0], at[1]) && !any(lakes, at[0], at[1])) dots.push(x, y);
    }
  return Float32Array.from(dots);
}
