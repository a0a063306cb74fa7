// Everything that the pages know of the moving world: the connection, the positions, the latest events, and the names
// of drivers, devices and places that go with them.

import { api } from '../api';
import type { Device, DeviceLatest, Driver, Location, LogEvent, Page, Vehicle, Zone } from '../types';
import { LiveConnection, type ConnectionState } from './connection';
import { readNewest } from '../log';
import { Lookup } from './lookup.svelte';
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
  readonly drivers = new Lookup<Driver>('/v1/drivers');
  readonly devices = new Lookup<Device>('/v1/devices');
  readonly vehicles = new Lookup<Vehicle>('/v1/vehicles');
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
    await Promise.all([this.drivers.load(), this.devices.load(), this.vehicles.load()]);
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

  /** What to call the carrier of a device: the driver, else the device. Who is not known yet is asked for. */
  nameOf({ device_id, driver_id }: Pick<DeviceLatest, 'device_id' | 'driver_id'>): string {
    const name = driver_id ? this.drivers.get(driver_id)?.name : this.devices.get(device_id)?.name;
    return name ?? `Device ${device_id.slice(-6)}`;
  }

  /** The same without asking: nothing while the name is not known. */
  knownName({ device_id, driver_id }: Pick<DeviceLatest, 'device_id' | 'driver_id'>): string {
    return (driver_id ? this.drivers.known.get(driver_id) : this.devices.known.get(device_id))?.name ?? '';
  }

  /** True when everybody is known by name, so that lists can be sorted and searched right here. */
  get named(): boolean {
    return this.drivers.complete && this.devices.complete;
  }

  /** The devices whose name or identifier, or whose driver's, contains a text: by their ids. Asks the server. */
  async find(text: string, signal?: AbortSignal): Promise<Set<string>> {
    const query = { q: text, limit: 200 };
    const [devices, drivers] = await Promise.all([
      api.get<Page<Device>>('/v1/devices', query, signal),
      api.get<Page<Driver>>('/v1/drivers', query, signal),
    ]);
    this.devices.learn(devices.items);
    this.drivers.learn(drivers.items);
    const carriers = new Set(drivers.items.map(({ id }) => id));
    const carried = this.latest.filter(({ driver_id }) => driver_id && carriers.has(driver_id));
    return new Set([...devices.items.map(({ id }) => id), ...carried.map(({ device_id }) => device_id)]);
  }

  driverName(id: string | null): string {
    return this.drivers.get(id)?.name ?? '–';
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
