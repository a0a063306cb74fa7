// Everything that the pages know of the moving world: the connection, the positions, the latest events, and the names
// of drivers, devices and places that go with them.

import { api } from '../api';
import type { Device, DeviceLatest, Driver, Location, LogEvent, Vehicle, Zone } from '../types';
import { LiveConnection, type ConnectionState } from './connection';
import { readNewest } from '../log';
import { readTrack } from '../track';
import { PositionStore } from './positions';

/** How many events the feed keeps. */
const FEED_LENGTH = 60;
/** How many events of the time before the page was opened it starts with. */
const FEED_START = 50;
/** How far back trails reach when a page is opened, in milliseconds, and for how many devices at most. */
const TRAIL_MS = 10 * 60_000;
const TRAIL_DEVICES = 40;
/** How many positions the map starts with at most. */
const MOST_POSITIONS = 100_000;
/** How often lists that show positions are renewed, in milliseconds; the map draws faster, on its own. */
const SNAPSHOT_MS = 500;

const byId = <T extends { id: string }>(rows: T[]): Map<string, T> => new Map(rows.map((row) => [row.id, row]));

class Fleet {
  state = $state<ConnectionState>('off');
  feed = $state.raw<LogEvent[]>([]);
  drivers = $state.raw(new Map<string, Driver>());
  devices = $state.raw(new Map<string, Device>());
  vehicles = $state.raw(new Map<string, Vehicle>());
  locations = $state.raw(new Map<string, Location>());
  zones = $state.raw<Zone[]>([]);
  /** The newest positions, renewed at a pace that lists can follow. */
  latest = $state.raw<DeviceLatest[]>([]);
  loaded = $state(false);
  failed = $state(false);

  readonly positions = new PositionStore(!matchMedia('(prefers-reduced-motion: reduce)').matches);
  #listeners = new Set<(event: LogEvent) => void>();
  #snapshotDue = false;
  #connection = new LiveConnection({
    onState: (state) => this.#change(state),
    onPosition: (position) => this.#take([position], Date.now()),
    onEvent: (event) => this.#hear(event),
    onResumed: () => void this.loadPositions().catch(() => {}),
  });

  async start(): Promise<void> {
    this.#connection.start();
    try {
      await Promise.all([this.loadFleet(), this.loadPlaces(), this.loadPositions()]);
      this.failed = false;
      void this.#loadFeed();
      void this.#loadTrails();
    } catch {
      this.failed = true;
    }
    this.loaded = true;
  }

  stop(): void {
    this.#connection.stop();
    this.loaded = false;
  }

  async loadFleet(): Promise<void> {
    const [drivers, devices, vehicles] = await Promise.all([
      api.all<Driver>('/v1/drivers'),
      api.all<Device>('/v1/devices'),
      api.all<Vehicle>('/v1/vehicles'),
    ]);
    this.drivers = byId(drivers);
    this.devices = byId(devices);
    this.vehicles = byId(vehicles);
  }

  async loadPlaces(): Promise<void> {
    const [zones, locations] = await Promise.all([api.all<Zone>('/v1/zones'), api.all<Location>('/v1/locations')]);
    this.zones = zones;
    this.locations = byId(locations);
  }

  async loadPositions(): Promise<void> {
    this.#take(await api.all<DeviceLatest>('/v1/positions/latest', {}, MOST_POSITIONS, 10_000));
    this.latest = this.positions.all();
  }

  /** Calls back on each event; the answer ends it. */
  listen(listener: (event: LogEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What to call the carrier of a device: the driver, else the device. */
  nameOf(position: Pick<DeviceLatest, 'device_id' | 'driver_id'>): string {
    const device = this.devices.get(position.device_id);
    const driver = this.drivers.get(position.driver_id ?? device?.driver_id ?? '');
    return driver?.name ?? device?.name ?? device?.identifier ?? 'Unknown device';
  }

  driverName(id: string | null): string {
    return (id && this.drivers.get(id)?.name) || '–';
  }

  #change(state: ConnectionState): void {
    this.state = state;
    // A socket does not say why it was refused. If the session has ended, any request does, and asks to log in again.
    if (state === 'waiting') void api.get('/v1/me').catch(() => {});
  }

  /** What happened before this page was opened, behind what has been heard since. */
  async #loadFeed(): Promise<void> {
    const before = await readNewest(FEED_START).catch(() => []);
    const heard = new Set(this.feed.map(({ id }) => id));
    this.feed = [...this.feed, ...before.filter(({ id }) => !heard.has(id))].slice(0, FEED_LENGTH);
  }

  async #loadTrails(): Promise<void> {
    const from = new Date(Date.now() - TRAIL_MS).toISOString();
    const recent = this.positions.all().filter(({ fix_time }) => fix_time > from);
    for (const { device_id, fix_time } of recent.slice(0, TRAIL_DEVICES)) {
      // One after the other: trails are decoration, and must not crowd out anything else.
      const trail = await readTrack(device_id, from, fix_time).catch(() => []);
      this.positions.seedTrail(device_id, trail);
    }
  }

  /** `heardMs` is when they came; without it, what the server says. */
  #take(positions: DeviceLatest[], heardMs?: number): void {
    const now = Date.now();
    const changed = positions.filter((position) =>
      this.positions.apply(position, now, heardMs ?? Date.parse(position.received_at)),
    );
    if (changed.length === 0 || this.#snapshotDue) return;
    this.#snapshotDue = true;
    setTimeout(() => {
      this.#snapshotDue = false;
      this.latest = this.positions.all();
    }, SNAPSHOT_MS);
  }

  #hear(event: LogEvent): void {
    this.feed = [event, ...this.feed.filter(({ id }) => id !== event.id)].slice(0, FEED_LENGTH);
    for (const listener of this.#listeners) listener(event);
  }
}

export const fleet = new Fleet();
