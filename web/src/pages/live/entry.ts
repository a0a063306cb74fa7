// A device as the live map and the list beside it show it.

import type { Motion } from '../../lib/live/positions';
import type { DeviceLatest } from '../../lib/types';

export interface DeviceEntry {
  latest: DeviceLatest;
  /** The driver, else the device. */
  name: string;
  motion: Motion;
  /** True when something is wrong with what it carries. */
  trouble: boolean;
}
