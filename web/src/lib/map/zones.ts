// Zones on a map: areas, circles, and corridors as lines as wide as they are.

import type { Map as MapLibre } from 'maplibre-gl';
import type { Theme } from '../theme.svelte';
import type { Zone } from '../types';
import { boxOf, pointsOf, zoneShape } from './shapes';
import { NOTHING, point, setData } from './sources';
import { FONT, PALETTES } from './style';

/** Metres that a pixel stands for at zoom 0 on the equator (512-pixel tiles). */
const METRES_PER_PIXEL = 40_075_016.686 / 512;

/** The width of a corridor in pixels at zoom 0, where it runs. */
function widthOf({ geometry, width_m }: Pick<Zone, 'geometry' | 'width_m'>): number {
  const lat = pointsOf(geometry)[0]?.lat ?? 0;
  return (width_m ?? 0) / (METRES_PER_PIXEL * Math.cos((lat * Math.PI) / 180));
}

/** A geometry with its sizes as a feature; none while it has no size yet. */
export function zoneFeature(
  zone: Pick<Zone, 'geometry' | 'radius_m' | 'width_m'>,
  properties: GeoJSON.GeoJsonProperties = {},
): GeoJSON.Feature | null {
  const geometry = zoneShape(zone);
  return geometry && { type: 'Feature', properties: { ...properties, width: widthOf(zone) }, geometry };
}

function zoneFeatures(zones: Zone[]): GeoJSON.FeatureCollection {
  const features = zones.flatMap((zone) => zoneFeature(zone, { id: zone.id, name: zone.name, kind: zone.kind }) ?? []);
  return { type: 'FeatureCollection', features };
}

/** A drawn zone's name, once: in the middle of its extent, or halfway along a corridor. */
function nameFeatures(zones: Zone[]): GeoJSON.FeatureCollection {
  const features = zones.flatMap(({ name, kind, geometry }) => {
    const points = pointsOf(geometry);
    const box = boxOf(points);
    if (kind !== 'custom' || !box) return [];
    const [west, south, east, north] = box;
    const middle = { lat: (south + north) / 2, lon: (west + east) / 2 };
    const { lat, lon } = (geometry.type === 'LineString' && points[points.length >> 1]) || middle;
    return [point(lat, lon, { name })];
  });
  return { type: 'FeatureCollection', features };
}

/** Gives a source its zones, and their names where the map shows them. */
export function setZones(map: MapLibre, source: string, zones: Zone[]): void {
  setData(map, source, zoneFeatures(zones));
  setData(map, `${source}-names`, nameFeatures(zones));
}

/** As wide at every zoom as it is on the ground. */
const ON_THE_GROUND = [
  'interpolate',
  ['exponential', 2],
  ['zoom'],
  0,
  ['get', 'width'],
  24,
  ['*', ['get', 'width'], 2 ** 24],
] as never;

const isArea = ['in', 'Polygon', ['geometry-type']] as never;
const isCorridor = ['in', 'LineString', ['geometry-type']] as never;
const isApproach = ['==', ['get', 'kind'], 'approach'] as never;

/** The layers of a source of zones, in one colour or by their kind. */
export function addZoneLayers(map: MapLibre, source: string, theme: Theme, one?: string): void {
  const palette = PALETTES[theme];
  const colour = one ?? (['match', ['get', 'kind'], 'custom', palette.zone, palette.hub] as never);
  const opacity = one ? 0.22 : (['match', ['get', 'kind'], 'custom', 0.13, 0.07] as never);
  map.addLayer({
    id: `${source}-fill`,
    type: 'fill',
    source,
    filter: isArea,
    paint: { 'fill-color': colour, 'fill-opacity': opacity },
  });
  map.addLayer({
    id: `${source}-corridor`,
    type: 'line',
    source,
    filter: isCorridor,
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: { 'line-color': colour, 'line-opacity': 0.2, 'line-width': ON_THE_GROUND },
  });
  map.addLayer({
    id: `${source}-line`,
    type: 'line',
    source,
    filter: ['!', isApproach],
    paint: { 'line-color': colour, 'line-width': one ? 2.5 : 1.5, 'line-opacity': one ? 1 : 0.75 },
  });
  map.addLayer({
    id: `${source}-approach`,
    type: 'line',
    source,
    filter: isApproach,
    paint: { 'line-color': colour, 'line-width': 1, 'line-opacity': 0.55, 'line-dasharray': [3, 3] },
  });
}

/** The names of the drawn zones of a source; {@link setZones} gives it both. */
export function addZoneNames(map: MapLibre, source: string, theme: Theme): void {
  const palette = PALETTES[theme];
  map.addSource(`${source}-names`, { type: 'geojson', data: NOTHING });
  map.addLayer({
    id: `${source}-names`,
    type: 'symbol',
    source: `${source}-names`,
    minzoom: 8,
    layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12 },
    paint: { 'text-color': palette.zone, 'text-halo-color': palette.halo, 'text-halo-width': 1.5 },
  });
}
