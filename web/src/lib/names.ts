// What vehicles are called, and what drivers, devices and vehicles are chosen from.

import { fleet } from './live/fleet.svelte';
import type { Device, Driver, Vehicle } from './types';
import { among } from './ui/option';

export const vehicleText = ({ reference, vehicle_type }: Vehicle): string =>
  [reference, vehicle_type].filter(Boolean).join(' · ');

export function vehicleName(id: string | null): string | null {
  const vehicle = fleet.vehicles.get(id);
  return vehicle ? vehicleText(vehicle) : null;
}

export const DRIVERS = among(fleet.drivers, ({ name, duty }: Driver) =>
  duty === 'on_duty' ? name : `${name} (off duty)`,
);
export const VEHICLES = among(fleet.vehicles, vehicleText);
export const DEVICES = among(fleet.devices, ({ name, identifier }: Device) =>
  name === identifier ? name : `${name} · ${identifier}`,
);
