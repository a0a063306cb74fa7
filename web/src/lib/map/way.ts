// What the map of the past shows besides lines.

import type { Point } from '../types';

export interface Dot {
  point: Point;
  text: string;
  /** A stop with its number, the one that is chosen, a device, a position that is not believed, a fact, an end with its icon. */
  look: 'stop' | 'chosen' | 'device' | 'problem' | 'fact' | 'end';
  /** The mark of an end. */
  icon?: 'origin' | 'destination';
  /** What is told when it is clicked; nothing is when it is empty. */
  key?: string;
}

/** Where something was at the instant in question. */
export interface Here {
  point: Point;
  icon: 'moving' | 'stopped';
  /** Degrees clockwise from north. */
  turn: number;
}
