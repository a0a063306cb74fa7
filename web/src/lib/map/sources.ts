// GeoJSON sources of a map, without MapLibre itself: pages may import this without fetching it.

import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl';

export const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };

/** Gives a source its features; nothing happens while the style is still loading. */
export function setData(map: MapLibre, source: string, data: GeoJSON.GeoJSON): void {
  (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
}

export const point = (lat: number, lon: number, properties: GeoJSON.GeoJsonProperties = {}): GeoJSON.Feature => ({
  type: 'Feature',
  properties,
  geometry: { type: 'Point', coordinates: [lon, lat] },
});
