// The base map: shapes of the world that are part of this program, no tiles, glyphs or sprites from anywhere else.

import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Theme } from '../theme.svelte';
import { CELLS_FROM } from './cells';
import { NOTHING } from './sources';

export interface Palette {
  water: string;
  land: string;
  border: string;
  grid: string;
  label: string;
  town: string;
  halo: string;
  ink: string;
  zone: string;
  hub: string;
  trail: string;
  moving: string;
  stopped: string;
  silent: string;
  problem: string;
  selected: string;
  outline: string;
}

export const PALETTES: Record<Theme, Palette> = {
  light: {
    water: '#d5e2e8',
    land: '#f3f2ee',
    border: '#c3beb3',
    grid: '#b9c2c4',
    label: '#6b716f',
    town: '#7d837f',
    halo: '#f8f7f4',
    ink: '#1d2a2e',
    zone: '#7a5cc4',
    hub: '#3d5560',
    trail: '#0f7b80',
    moving: '#0b6e74',
    stopped: '#5b6b73',
    silent: '#9aa4a8',
    problem: '#b3461e',
    selected: '#e0951b',
    outline: '#ffffff',
  },
  dark: {
    water: '#0e161b',
    land: '#1a2329',
    border: '#37444b',
    grid: '#2c383e',
    label: '#8b989d',
    town: '#77858b',
    halo: '#12191e',
    ink: '#e6ecee',
    zone: '#a68cf0',
    hub: '#9fb4bd',
    trail: '#3fb9b4',
    moving: '#43cfc6',
    stopped: '#9db0b8',
    silent: '#66757c',
    problem: '#f08a5d',
    selected: '#ffc14d',
    outline: '#0e161b',
  },
};

/** Fonts of the reader's machine; without `glyphs` in the style, MapLibre draws text with them. */
export const FONT = ['Inter', 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', 'sans-serif'];

/** A base map that stands in for the built-in one: its sources, and its layers from the ground up. */
export interface BaseMap {
  sources: StyleSpecification['sources'];
  layers: LayerSpecification[];
}

const file = (name: string) => new URL(`/assets/basemap/${name}.json`, location.origin).href;

function builtIn(palette: Palette): BaseMap {
  return {
    sources: {
      land: { type: 'geojson', data: file('land'), attribution: 'Natural Earth', tolerance: 0.2 },
      borders: { type: 'geojson', data: file('borders'), tolerance: 0.2 },
      places: { type: 'geojson', data: file('places') },
      'cell-land': { type: 'geojson', data: NOTHING, tolerance: 0.2 },
      'cell-towns': { type: 'geojson', data: NOTHING, attribution: 'GeoNames (CC BY 4.0)' },
    },
    layers: [
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': palette.land } },
      {
        id: 'cell-land',
        type: 'fill',
        source: 'cell-land',
        minzoom: CELLS_FROM,
        paint: {
          'fill-color': ['match', ['get', 'kind'], 'water', palette.water, palette.land],
          'fill-antialias': false,
        },
      },
      {
        id: 'borders',
        type: 'line',
        source: 'borders',
        paint: { 'line-color': palette.border, 'line-width': ['interpolate', ['linear'], ['zoom'], 2, 0.5, 8, 1.4] },
      },
      {
        id: 'places',
        type: 'symbol',
        source: 'places',
        maxzoom: 9,
        filter: ['>=', ['get', 'area'], ['interpolate', ['exponential', 0.5], ['zoom'], 1, 120, 4, 4, 6, 0]],
        layout: {
          'text-field': ['get', 'name'],
          'text-font': FONT,
          'text-size': ['interpolate', ['linear'], ['zoom'], 2, 10, 7, 14],
          'text-max-width': 7,
          'symbol-sort-key': ['-', 0, ['get', 'area']],
        },
        paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.2 },
      },
      {
        id: 'towns',
        type: 'symbol',
        source: 'cell-towns',
        minzoom: CELLS_FROM,
        filter: [
          '>=',
          ['get', 'inhabitants'],
          ['interpolate', ['exponential', 0.6], ['zoom'], 6, 150_000, 8, 30_000, 11, 0],
        ],
        layout: {
          'text-field': ['get', 'name'],
          'text-font': FONT,
          'text-size': [
            'interpolate',
            ['linear'],
            ['zoom'],
            6,
            ['interpolate', ['linear'], ['get', 'inhabitants'], 100_000, 11, 2_000_000, 15],
            12,
            ['interpolate', ['linear'], ['get', 'inhabitants'], 2_000, 11.5, 20_000, 13, 200_000, 18, 2_000_000, 24],
          ],
          'text-letter-spacing': 0.03,
          'text-padding': 6,
          'text-max-width': 8,
          'symbol-sort-key': ['-', 0, ['get', 'inhabitants']],
        },
        paint: { 'text-color': palette.town, 'text-halo-color': palette.halo, 'text-halo-width': 1.4 },
      },
    ],
  };
}

/** The style under the live layers. `base` is the door for an operator's own map. */
export function mapStyle(theme: Theme, base?: BaseMap): StyleSpecification {
  const palette = PALETTES[theme];
  const { sources, layers } = base ?? builtIn(palette);
  return {
    version: 8,
    sources: {
      ...sources,
      graticule: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
    },
    layers: [
      { id: 'water', type: 'background', paint: { 'background-color': palette.water } },
      ...layers,
      {
        id: 'graticule',
        type: 'line',
        source: 'graticule',
        paint: { 'line-color': palette.grid, 'line-width': 0.6, 'line-opacity': 0.75 },
      },
    ],
  };
}
