// MapLibre, set up for this program. Loaded only by pages that show a map.

import 'maplibre-gl/dist/maplibre-gl.css';
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { Theme } from '../theme.svelte';
import { drawCells } from './cells';
import { addIcons } from './icons';
import { graticule } from './shapes';
import { setData } from './sources';
import { mapStyle, PALETTES } from './style';

setWorkerUrl(new URL(workerUrl, location.origin).href);

export const reducedMotion = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

export interface BaseOptions {
  container: HTMLElement;
  theme: Theme;
  /** What the map shows, for screen readers. */
  label: string;
  /** Adds sources and layers; called again after each change of the theme. */
  layers: (map: MapLibre, theme: Theme) => void;
}

export interface BaseMap {
  map: MapLibre;
  /** Changes the colours of the map and of everything on it. */
  setTheme: (theme: Theme) => void;
}

/** A map with the built-in base, a graticule that follows the view, zoom buttons and a scale bar. */
export function createMap({ container, theme, label, layers }: BaseOptions): BaseMap {
  let now = theme;
  const map = new MapLibre({
    container,
    style: mapStyle(theme),
    center: [10, 30],
    zoom: 1.4,
    maxZoom: 19,
    attributionControl: { compact: true },
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: reducedMotion() ? 0 : 200,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-left');
  // On a small map the sources would hide it: behind their button.
  if (container.clientWidth < 600) {
    map.once('load', () =>
      container.querySelector('.maplibregl-compact-show')?.classList.remove('maplibregl-compact-show'),
    );
  }
  map.getCanvas().setAttribute('aria-label', label);
  const drawGrid = () => {
    const bounds = map.getBounds();
    const grid = graticule([bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()], map.getZoom());
    setData(map, 'graticule', { type: 'FeatureCollection', features: [grid] });
  };
  map.on('moveend', () => {
    drawGrid();
    void drawCells(map);
  });
  map.on('style.load', () => {
    addIcons(map, PALETTES[now]);
    layers(map, now);
    drawGrid();
    void drawCells(map);
  });
  return {
    map,
    setTheme: (wanted) => {
      if (wanted === now) return;
      now = wanted;
      map.setStyle(mapStyle(now), { diff: false });
    },
  };
}
