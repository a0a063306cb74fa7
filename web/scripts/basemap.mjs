// Turns the Natural Earth shapes of world-atlas into the GeoJSON files of the built-in base map.
// land.json: filled shapes; borders.json: lines between countries, each once; places.json: a label point per country.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { feature, mesh } from 'topojson-client';

const require = createRequire(import.meta.url);
const out = new URL('../public/assets/basemap/', import.meta.url);
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

const land = read('land-50m');
const countries = read('countries-50m');
const files = {
  'land.json': collection(feature(land, land.objects.land).features.map((shape) => plain(shape.geometry))),
  'borders.json': collection([plain(mesh(countries, countries.objects.countries, (a, b) => a !== b))]),
  'places.json': collection(places(countries)),
};
mkdirSync(out, { recursive: true });
for (const [name, content] of Object.entries(files)) writeFileSync(new URL(name, out), JSON.stringify(content));
