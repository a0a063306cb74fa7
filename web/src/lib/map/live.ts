// The moving layer: devices, their trails, zones and hubs. One source for all devices, drawn at most five times a second.

import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl';
import type { Drawn, PositionStore } from '../live/positions';
import type { Theme } from '../theme.svelte';
import type { Location, Zone } from '../types';
import { NOTHING, point, setData } from './sources';
import { FONT, PALETTES } from './style';
import { addZoneLayers, addZoneNames, setZones } from './zones';

/** Milliseconds between two drawings. */
const FRAME_MS = 200;
const TRAIL_MS = 1000;
const GROUPS_MS = 1000;
/** From this many devices on, close ones are drawn as one circle with a number. */
export const CLUSTER_FROM = 500;
/** From this many hubs on, they are drawn as dots from afar. */
const DENSE_FROM = 100;

export interface LiveData {
  positions: PositionStore;
  nameOf: (drawn: Drawn) => string;
  /** True when something is wrong with what the device carries. */
  hasProblem: (drawn: Drawn) => boolean;
  /** Told which devices without a name are drawn by themselves while close ones are drawn as one, about once a second. */
  onSingle: (ids: string[]) => void;
  /** Told about once a second while close devices are drawn as one; with null when they no longer are. */
  onGroups: (groups: Groups | null) => void;
}

/** What is in view while close devices are drawn as one. */
export interface Groups {
  devices: number;
  groups: number;
}

/** Adds the layers of locations; their source `hubs` is there already. */
export function addHubLayers(map: MapLibre, theme: Theme): void {
  const palette = PALETTES[theme];
  // Where there are very many hubs, they are as many dots from afar.
  const small = ['any', ['==', ['get', 'type'], 'address'], ['all', ['get', 'dense'], ['<', ['zoom'], 13.5]]] as never;
  map.addLayer({
    id: 'addresses',
    type: 'circle',
    source: 'hubs',
    minzoom: 4,
    filter: small,
    paint: {
      'circle-radius': 2,
      'circle-color': palette.outline,
      'circle-stroke-color': palette.hub,
      'circle-stroke-width': 1.2,
      'circle-stroke-opacity': 0.55,
    },
  });
  map.addLayer({
    id: 'hubs',
    type: 'symbol',
    source: 'hubs',
    minzoom: 4,
    filter: ['!', small],
    layout: {
      'icon-image': 'hub',
      'icon-size': ['interpolate', ['linear'], ['zoom'], 9, 0.4, 12, 0.6, 15, 1],
      'icon-allow-overlap': true,
      'icon-ignore-placement': true,
      'text-field': ['step', ['zoom'], '', 13, ['get', 'name']],
      'text-font': FONT,
      'text-size': 12,
      'text-anchor': 'top',
      'text-offset': [0, 0.8],
      'text-optional': true,
    },
    paint: {
      'icon-opacity': ['interpolate', ['linear'], ['zoom'], 9, 0.45, 13, 0.9],
      'text-color': palette.label,
      'text-halo-color': palette.halo,
      'text-halo-width': 1.4,
    },
  });
}

/** Adds the sources and layers; `selected` is the device that stands out. */
export function addLiveLayers(map: MapLibre, theme: Theme, clustered: boolean): void {
  const palette = PALETTES[theme];
  for (const name of ['zones', 'hubs']) map.addSource(name, { type: 'geojson', data: NOTHING, tolerance: 0.1 });
  map.addSource('trails', { type: 'geojson', data: NOTHING, tolerance: 0.1, lineMetrics: true });
  map.addSource('devices', {
    type: 'geojson',
    data: NOTHING,
    promoteId: 'id',
    cluster: clustered,
    clusterRadius: 46,
    clusterMaxZoom: 14,
  });
  addZoneLayers(map, 'zones', theme);
  map.addLayer({
    id: 'trails',
    type: 'line',
    source: 'trails',
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      // A trail fades towards its beginning, so that its end says who left it.
      'line-gradient': [
        'interpolate',
        ['linear'],
        ['line-progress'],
        0,
        transparent(palette.trail),
        0.7,
        `${palette.trail}99`,
        1,
        palette.trail,
      ],
      'line-width': ['match', ['get', 'look'], 'selected', 5, 'moving', 3, 2],
      'line-opacity': ['match', ['get', 'look'], 'selected', 1, 'moving', 0.75, 0.22],
    },
  });
  addHubLayers(map, theme);
  addZoneNames(map, 'zones', theme);
  map.addLayer({
    id: 'clusters',
    type: 'circle',
    source: 'devices',
    filter: ['has', 'point_count'],
    paint: {
      'circle-color': palette.moving,
      'circle-stroke-color': palette.outline,
      'circle-stroke-width': 2,
      'circle-radius': ['step', ['get', 'point_count'], 14, 20, 18, 100, 24],
    },
  });
  map.addLayer({
    id: 'cluster-count',
    type: 'symbol',
    source: 'devices',
    filter: ['has', 'point_count'],
    layout: {
      'text-field': ['get', 'point_count_abbreviated'],
      'text-font': FONT,
      'text-size': 12,
      'text-allow-overlap': true,
    },
    paint: { 'text-color': palette.outline },
  });
  map.addLayer({
    id: 'selected-device',
    type: 'circle',
    source: 'devices',
    filter: ['==', ['get', 'id'], ''],
    paint: {
      'circle-radius': 19,
      'circle-color': palette.selected,
      'circle-opacity': 0.28,
      'circle-stroke-color': palette.selected,
      'circle-stroke-width': 2,
    },
  });
  // Those who stand lie below those who move, and give way to their names.
  const moving = ['==', ['get', 'motion'], 'moving'] as never;
  for (const [id, filter, size, namesFrom] of [
    ['devices-still', ['!', moving], 1, 12.5],
    ['devices-moving', moving, 1.35, 10],
  ] as const) {
    map.addLayer({
      id,
      type: 'symbol',
      source: 'devices',
      filter: ['all', ['!', ['has', 'point_count']], filter as never],
      layout: {
        'icon-image': ['get', 'icon'],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 8, size * 0.7, 12, size],
        'icon-rotate': ['get', 'turn'],
        'icon-rotation-alignment': 'map',
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'text-field': ['step', ['zoom'], '', namesFrom, ['get', 'name']],
        'text-font': FONT,
        'text-size': 12.5,
        'text-variable-anchor': ['left', 'right', 'top', 'bottom'],
        'text-radial-offset': 1.25,
        'text-justify': 'auto',
        'text-optional': true,
      },
      paint: { 'text-color': palette.ink, 'text-halo-color': palette.halo, 'text-halo-width': 2 },
    });
  }
}

/** Locations as points with their name and type. */
export function hubFeatures(locations: Iterable<Location>): GeoJSON.FeatureCollection {
  const all = [...locations];
  const dense = all.filter(({ location_type }) => location_type !== 'address').length > DENSE_FROM;
  const features = all.flatMap(({ id, name, location_type, address }): GeoJSON.Feature[] =>
    address.point ? [point(address.point.lat, address.point.lon, { id, name, type: location_type, dense })] : [],
  );
  return { type: 'FeatureCollection', features };
}

/** The layers in which devices can be clicked. */
export const DEVICE_LAYERS = ['devices-still', 'devices-moving'];

/** The zoom at which a group of devices splits. */
export const groupZoom = (map: MapLibre, cluster: number): Promise<number> =>
  (map.getSource('devices') as GeoJSONSource).getClusterExpansionZoom(cluster);

/** A colour of the palette (`#rrggbb`) that cannot be seen. */
const transparent = (colour: string): string => `${colour}00`;

/** Feeds the layers from the position store for as long as the map stands. */
export class LiveDrawing {
  #timer: ReturnType<typeof setInterval>;
  #trailsDue = 0;
  #groupsDue = 0;
  #selected = '';
  #fresh = true;
  #clustered: boolean;

  constructor(
    private readonly map: MapLibre,
    private readonly data: LiveData,
  ) {
    this.#clustered = data.positions.size > CLUSTER_FROM;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
  }

  get clustered(): boolean {
    return this.#clustered;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The layers are new and empty: everything is drawn again. */
  refresh(): void {
    this.#fresh = true;
  }

  select(deviceId: string): void {
    this.#selected = deviceId;
    this.#fresh = true;
  }

  setPlaces(zones: Zone[], locations: Iterable<Location>): void {
    setZones(this.map, 'zones', zones);
    setData(this.map, 'hubs', hubFeatures(locations));
  }

  #draw(): void {
    const source = this.map.getSource('devices') as GeoJSONSource | undefined;
    if (!source || document.visibilityState === 'hidden') return;
    const now = Date.now();
    const { positions } = this.data;
    const cluster = positions.size > CLUSTER_FROM;
    if (cluster !== this.#clustered) {
      this.#clustered = cluster;
      source.setClusterOptions({ cluster });
      this.#fresh = true;
      if (!cluster) this.data.onGroups(null);
    }
    if (cluster && now >= this.#groupsDue) {
      this.#groupsDue = now + GROUPS_MS;
      this.data.onGroups(this.#groups());
    }
    if (this.#fresh) {
      this.#fresh = false;
      positions.frame(now);
      source.setData({
        type: 'FeatureCollection',
        features: positions.everything(now).map((one) => this.#feature(one)),
      });
      this.map.setFilter('selected-device', ['==', ['get', 'id'], this.#selected]);
      this.#drawTrails();
      this.#trailsDue = now + TRAIL_MS;
      return;
    }
    const changed = positions.frame(now);
    if (changed.length > 0) void source.updateData({ add: changed.map((one) => this.#feature(one)) });
    if (now >= this.#trailsDue && positions.changedTrails().length > 0) {
      this.#trailsDue = now + TRAIL_MS;
      this.#drawTrails();
    }
  }

  #groups(): Groups {
    const seen = new Map<unknown, number>();
    const single: string[] = [];
    for (const { properties } of this.map.queryRenderedFeatures({ layers: ['clusters', ...DEVICE_LAYERS] })) {
      // A feature at the edge of a tile stands in both.
      seen.set(properties.cluster_id ?? properties.id, Number(properties.point_count ?? 1));
      if (properties.id && !properties.name) single.push(String(properties.id));
    }
    if (single.length > 0) this.data.onSingle(single);
    const counts = [...seen.values()];
    return { devices: counts.reduce((a, b) => a + b, 0), groups: counts.filter((count) => count > 1).length };
  }

  #feature(drawn: Drawn): GeoJSON.Feature {
    const { device_id: id, motion, point: place, course_deg } = drawn;
    const icon = this.data.hasProblem(drawn) ? `${motion}-problem` : motion;
    return {
      type: 'Feature',
      id,
      properties: { id, motion, icon, turn: motion === 'moving' ? course_deg : 0, name: this.data.nameOf(drawn) },
      geometry: { type: 'Point', coordinates: [place.lon, place.lat] },
    };
  }

  #drawTrails(): void {
    const { positions } = this.data;
    const now = Date.now();
    const features = positions.all().flatMap(({ device_id }): GeoJSON.Feature[] => {
      const trail = positions.get(device_id)?.trail ?? [];
      // With very many devices, trails are noise: only the selected one keeps its own.
      if (trail.length < 2 || (this.#clustered && device_id !== this.#selected)) return [];
      return [
        {
          type: 'Feature',
          properties: { look: device_id === this.#selected ? 'selected' : positions.motion(device_id, now) },
          geometry: { type: 'LineString', coordinates: trail.map(({ lat, lon }) => [lon, lat]) },
        },
      ];
    });
    setData(this.map, 'trails', { type: 'FeatureCollection', features });
  }
}
