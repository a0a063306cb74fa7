// The map of the tracking page, fetched only while there is a position to show.

import type { Map as MapLibre } from 'maplibre-gl';
import { createMap, reducedMotion } from '../lib/map/base';
import { boxOf } from '../lib/map/shapes';
import { NOTHING, point, setData } from '../lib/map/sources';
import { FONT, PALETTES } from '../lib/map/style';
import type { Theme } from '../lib/theme.svelte';
import type { Point, PublicPosition } from '../lib/types';

export interface TrackingMap {
  show: (position: PublicPosition, destination: Point | null, caption: string) => void;
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const themeNow = (): Theme => (dark.matches ? 'dark' : 'light');

function layers(map: MapLibre, theme: Theme): void {
  const palette = PALETTES[theme];
  map.addSource('marks', { type: 'geojson', data: NOTHING });
  map.addLayer({
    id: 'marks',
    type: 'symbol',
    source: 'marks',
    layout: {
      'icon-image': ['get', 'icon'],
      'icon-size': 1.25,
      'icon-rotate': ['get', 'course'],
      'icon-allow-overlap': true,
      'text-field': ['get', 'name'],
      'text-font': FONT,
      'text-size': 13,
      'text-anchor': 'top',
      'text-offset': [0, 1.1],
      'text-optional': true,
    },
    paint: { 'text-color': palette.ink, 'text-halo-color': palette.halo, 'text-halo-width': 1.6 },
  });
}

/** Opens the map inside `box`. */
export function openMap(box: HTMLElement): TrackingMap {
  const canvas = document.createElement('div');
  canvas.className = 'tracking-map';
  const caption = document.createElement('p');
  caption.className = 'caption';
  box.replaceChildren(canvas, caption);
  let last: [PublicPosition, Point | null] | undefined;
  let fitted = false;
  const draw = () => {
    if (!last) return;
    const [position, destination] = last;
    const carrier = point(position.lat, position.lon, { icon: 'moving', course: position.course_deg ?? 0, name: '' });
    const door =
      destination && point(destination.lat, destination.lon, { icon: 'destination', course: 0, name: 'Destination' });
    setData(map, 'marks', { type: 'FeatureCollection', features: door ? [door, carrier] : [carrier] });
  };
  const { map, setTheme } = createMap({
    container: canvas,
    theme: themeNow(),
    label: 'Map with the position of your shipment',
    layers: (made, theme) => {
      layers(made, theme);
      draw();
    },
  });
  dark.addEventListener('change', () => setTheme(themeNow()));
  return {
    show(position, destination, text) {
      last = [position, destination];
      if (caption.textContent !== text) caption.textContent = text;
      draw();
      const box = boxOf([position, ...(destination ? [destination] : [])]);
      const inView = map.getBounds().contains([position.lon, position.lat]);
      if (box && (!fitted || !inView)) {
        map.fitBounds(box, { padding: 60, maxZoom: 14.5, animate: fitted && !reducedMotion() });
        fitted = true;
      }
    },
  };
}
