// What vehicles are called, and the order of lists.

import { fleet } from '../../lib/live/fleet.svelte';
import type { Vehicle } from '../../lib/types';
import { optionsOf, type Option } from '../../lib/ui/option';

export const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);

export const vehicleText = ({ reference, vehicle_type }: Vehicle): string =>
  [reference, vehicle_type].filter(Boolean).join(' · ');

export function vehicleName(id: string | null): string | null {
  const vehicle = fleet.vehicles.get(id ?? '');
  return vehicle ? vehicleText(vehicle) : null;
}

export const NOBODY: Option = { value: '', text: '–' };

export const vehicleOptions = (): Option[] => [
  NOBODY,
  ...optionsOf([...fleet.vehicles.values()].map((vehicle) => ({ id: vehicle.id, name: vehicleText(vehicle) }))),
];
