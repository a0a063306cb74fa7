// Zones out of a file: GeoJSON or KML. Each row is a zone or says what it lacks; the server judges the shapes.

import { notAShape } from './map/shapes';
import type { ZoneGeometry } from './zones';

export interface ZoneRow {
  name: string;
  reference: string | null;
  geometry: ZoneGeometry | null;
  radius_m: number | null;
  width_m: number | null;
  /** Why it cannot be sent. */
  error: string;
}

const textOr = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() ? value.trim() : typeof value === 'number' ? String(value) : null;
const sizeOr = (value: unknown): number | null => {
  const metres = value === null || value === '' ? NaN : Number(value);
  return Number.isFinite(metres) && metres > 0 ? metres : null;
};

function row(geometry: unknown, properties: Record<string, unknown>, number: number): ZoneRow {
  const shape = geometry as { type?: unknown; coordinates?: unknown } | null;
  const type = typeof shape === 'object' && shape !== null ? String(shape.type) : 'nothing';
  const radius_m = sizeOr(properties.radius_m ?? properties.radius);
  const width_m = sizeOr(properties.width_m ?? properties.width);
  let error = notAShape(type);
  if (type === 'Point' && radius_m === null) error = 'A Point needs radius_m.';
  else if (type === 'LineString' && width_m === null) error = 'A LineString needs width_m.';
  return {
    name: textOr(properties.name ?? properties.Name ?? properties.title) ?? `Zone ${number}`,
    reference: textOr(properties.reference ?? properties.id),
    geometry: error ? null : (shape as ZoneGeometry),
    radius_m: type === 'Point' ? radius_m : null,
    width_m: type === 'LineString' ? width_m : null,
    error,
  };
}

/** The zones of a GeoJSON text: a geometry, a feature or a collection. */
export function readGeoJson(text: string): ZoneRow[] {
  const value = JSON.parse(text) as { type?: unknown; features?: unknown } | null;
  const features = value?.type === 'FeatureCollection' && Array.isArray(value.features) ? value.features : [value];
  return features.map((one: unknown, index) => {
    const feature = one as { type?: unknown; geometry?: unknown; properties?: unknown; id?: unknown } | null;
    if (feature?.type !== 'Feature') return row(one, {}, index + 1);
    return row(feature.geometry, { id: feature.id, ...(feature.properties as object | null) }, index + 1);
  });
}

/** The parts below an element by their name, whatever their namespace. */
const below = (element: Element | Document, name: string): Element[] => [...element.getElementsByTagNameNS('*', name)];
const first = (element: Element, name: string): Element | undefined => below(element, name)[0];

/** "lon,lat[,height]" apart by blanks. */
const positions = (element: Element | undefined): number[][] =>
  (element?.textContent ?? '')
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map((tuple) => tuple.split(',').slice(0, 2).map(Number));

function kmlGeometry(placemark: Element): object | null {
  const polygons = below(placemark, 'Polygon').map((polygon) =>
    [...below(polygon, 'outerBoundaryIs'), ...below(polygon, 'innerBoundaryIs')].map((ring) =>
      positions(first(ring, 'coordinates')),
    ),
  );
  if (polygons.length === 1) return { type: 'Polygon', coordinates: polygons[0] };
  if (polygons.length > 1) return { type: 'MultiPolygon', coordinates: polygons };
  for (const type of ['LineString', 'Point']) {
    const shape = first(placemark, type);
    const found = positions(shape && first(shape, 'coordinates'));
    if (shape) return { type, coordinates: type === 'Point' ? found[0] : found };
  }
  return null;
}

/** The zones of a KML text, one a placemark; sizes and references out of its `ExtendedData`. */
export function readKml(text: string): ZoneRow[] {
  const document = new DOMParser().parseFromString(text, 'application/xml');
  const broken = document.querySelector('parsererror');
  if (broken) throw new Error(`This is not XML: ${broken.textContent?.trim().split('\n')[0] ?? ''}`);
  return below(document, 'Placemark').map((placemark, index) => {
    const data: Record<string, unknown> = { name: first(placemark, 'name')?.textContent };
    for (const one of below(placemark, 'Data')) data[one.getAttribute('name') ?? ''] = first(one, 'value')?.textContent;
    for (const one of below(placemark, 'SimpleData')) data[one.getAttribute('name') ?? ''] = one.textContent;
    return row(kmlGeometry(placemark), data, index + 1);
  });
}

/** The zones of a file, whichever of the two it is. */
export const readZones = (text: string): ZoneRow[] =>
  text.trimStart().startsWith('<') ? readKml(text) : readGeoJson(text);
