// The list of active shipments beside the live map: read once, then kept by the events.

import { api } from '../api';
import type { LogEvent, Shipment, ShipmentDetail } from '../types';
import { changed, startsOrRevives, withShipment, type Shipments } from './active';

/** How many are read at most, newest first. */
export const MOST = 1000;

export class ActiveShipments {
  all = $state.raw<Shipments>(new Map());
  loaded = $state(false);
  failed = $state(false);
  /** Events that came in while the list was being read. */
  #waiting: LogEvent[] = [];

  async load(): Promise<void> {
    this.failed = false;
    try {
      const rows = await api.all<Shipment>('/v1/shipments', { active: true }, MOST);
      this.all = new Map(rows.map((row) => [row.id, row]));
      this.loaded = true;
      for (const event of this.#waiting.splice(0)) this.hear(event);
    } catch {
      this.failed = true;
    }
  }

  hear(event: LogEvent): void {
    if (!event.shipment_id) return;
    if (!this.loaded) {
      this.#waiting.push(event);
      return;
    }
    const known = this.all.get(event.shipment_id);
    if (known) this.all = withShipment(this.all, changed(known, event));
    else if (startsOrRevives(event)) void this.#read(event.shipment_id);
  }

  async #read(id: string): Promise<void> {
    const detail = await api.get<ShipmentDetail>(`/v1/shipments/${id}`).catch(() => null);
    if (detail) this.all = withShipment(this.all, detail.shipment);
  }
}
