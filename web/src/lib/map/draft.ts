// The shape in the making on a map: its layers, and how it is drawn and dragged.

import type { GeoJSONFeature, Map as MapLibre, MapMouseEvent, MapTouchEvent } from 'maplibre-gl';
import type { Theme } from '../theme.svelte';
import type { Point } from '../types';
import type { Handle } from '../zones';
import { NOTHING, point } from './sources';
import { PALETTES } from './style';
import { addZoneLayers } from './zones';

export function addDraftLayers(map: MapLibre, theme: Theme): void {
  const palette = PALETTES[theme];
  for (const source of ['draft', 'handles']) map.addSource(source, { type: 'geojson', data: NOTHING, tolerance: 0.1 });
  addZoneLayers(map, 'draft', theme, palette.selected);
  map.addLayer({
    id: 'handles',
    type: 'circle',
    source: 'handles',
    paint: {
      'circle-radius': ['match', ['get', 'look'], 'middle', 4, 'chosen', 8, 6],
      'circle-color': ['match', ['get', 'look'], 'chosen', palette.selected, palette.outline],
      'circle-stroke-color': palette.selected,
      'circle-stroke-width': 2.5,
      'circle-stroke-opacity': ['match', ['get', 'look'], 'middle', 0.55, 1],
    },
  });
}

/** Handles as points; `chosen` is the number of the corner that stands out, from 1. */
export function handleFeatures(handles: Handle[], chosen: number): GeoJSON.FeatureCollection {
  let corner = 0;
  const features = handles.map((handle, index) => {
    if (!handle.middle) corner += 1;
    const look = handle.middle ? 'middle' : corner === chosen ? 'chosen' : 'corner';
    return point(handle.point.lat, handle.point.lon, { index, look });
  });
  return { type: 'FeatureCollection', features };
}

/** What listens to clicks and drags. */
export interface Drawn {
  readonly tool: string;
  readonly handles: Handle[];
  hover: Point | null;
  click(place: Point): void;
  finish(): void;
  grab(handle: Handle): void;
  drag(to: Point): void;
}

/** Draws with whatever `current` answers, if anything. */
export function watchDraft(map: MapLibre, current: () => Drawn | null): void {
  const at = ({ lngLat }: MapMouseEvent | MapTouchEvent): Point => ({ lat: lngLat.lat, lon: lngLat.lng });
  map.on('mousemove', (event) => {
    const draft = current();
    if (draft?.tool) draft.hover = at(event);
  });
  map.on('click', (event) => {
    const draft = current();
    if (draft?.tool) draft.click(at(event));
  });
  map.on('dblclick', (event) => {
    const draft = current();
    if (!draft?.tool) return;
    event.preventDefault();
    draft.finish();
  });
  const hold = (event: (MapMouseEvent | MapTouchEvent) & { features?: GeoJSONFeature[] }) => {
    const draft = current();
    // Corners lie over middles.
    const found = event.features?.map(({ properties }) => draft?.handles[Number(properties.index)]);
    const handle = found?.find((one) => one && !one.middle) ?? found?.[0];
    if (!draft || draft.tool || !handle) return;
    // The map stays where it is.
    event.preventDefault();
    draft.grab(handle);
    const move = (moved: MapMouseEvent | MapTouchEvent) => draft.drag(at(moved));
    map.on('mousemove', move);
    map.on('touchmove', move);
    const release = () => {
      map.off('mousemove', move);
      map.off('touchmove', move);
    };
    map.once('mouseup', release);
    map.once('touchend', release);
  };
  map.on('mousedown', 'handles', hold);
  map.on('touchstart', 'handles', hold);
  map.on('mouseenter', 'handles', () => (map.getCanvas().style.cursor = 'move'));
  map.on('mouseleave', 'handles', () => (map.getCanvas().style.cursor = ''));
}
