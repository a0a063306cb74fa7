// Why there was or was not a zone event, in words. Pure.

import { markText } from './history';
import { dateTime } from './time';
import type { ExplainedFix, ZoneDecision, ZoneExplanation } from './types';

/** The server's sentence, with instants as the reader's clock shows them. */
export const summaryText = (summary: string): string => {
  const text = summary.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (instant) =>
    dateTime(instant, undefined, true),
  );
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
};

const EVENTS: Record<ZoneExplanation['events'][number]['kind'], string> = {
  enter: 'Entered',
  dwell: 'Stayed long enough',
  exit: 'Left',
};
export const eventText = (kind: keyof typeof EVENTS): string => EVENTS[kind];

const UNTOLD: Record<NonNullable<ZoneExplanation['events'][number]['untold']>, string> = {
  schedule_closed: 'out of hours',
  zone_changed: 'the zone was drawn or changed later',
  too_late: 'a position came too late',
  known_otherwise: 'it looked otherwise when the positions came in',
};
/** Why something that happened was not told. */
export const untoldText = (why: keyof typeof UNTOLD): string => UNTOLD[why];

/** "42 m outside", "8 m inside", "on the edge". */
export function edgeText(distance_m: number): string {
  const metres = Math.round(Math.abs(distance_m));
  if (metres === 0) return 'on the edge';
  const far = metres >= 10_000 ? `${(metres / 1000).toFixed(1)} km` : `${metres.toLocaleString('en')} m`;
  return `${far} ${distance_m > 0 ? 'outside' : 'inside'}`;
}

/** What came of a position, in a sentence; `told` when it proved an event, `held` when a rule held one back. */
export function outcomeOf({ mark, decision }: Pick<ExplainedFix, 'mark' | 'decision'>): {
  look: 'told' | 'held' | 'none';
  text: string;
} {
  if (mark) return { look: 'none', text: `Not believed: ${markText(mark)}` };
  if (!decision) return { look: 'none', text: 'Too inaccurate, or from the future: not asked' };
  const { outcome } = decision;
  if (outcome === 'unchanged') {
    return {
      look: 'none',
      text: decision.inside_before ? 'Inside already: nothing new' : 'Outside already: nothing new',
    };
  }
  if ('told' in outcome) return { look: 'told', text: `Proved: ${eventText(outcome.told).toLowerCase()}` };
  if ('untold' in outcome) {
    return { look: 'held', text: `Proved, but not told: ${eventText(outcome.untold).toLowerCase()}` };
  }
  return { look: 'held', text: heldText(outcome.held, decision) };
}

type Held = Extract<ZoneDecision['outcome'], { held: unknown }>['held'];

function heldText(held: Held, decision: ZoneDecision): string {
  const margin = Math.round(decision.inside_before ? decision.exit_margin_m : decision.enter_margin_m);
  const after = `${Math.round(decision.beyond_s)} s`;
  switch (held) {
    case 'accuracy_wider_than_zone':
      return 'Its accuracy circle is larger than the zone';
    case 'near_edge':
      return `Too near to the edge: certain from ${margin} m beyond it`;
    case 'confirming':
      return `Certain, but confirmation ${decision.confirmations} of ${decision.confirmations_needed}, after ${after}`;
    case 'dwell_too_short':
      return `Inside for ${after}: shorter than the least dwell`;
    case 'absence_too_short':
      return `Outside for ${after}: shorter than the least absence`;
    case 'not_seen_outside':
      return 'Never seen outside before: nobody entered';
    case 'impossible_speed':
      return 'Could only be reached, or left, at an impossible speed: says nothing';
  }
}

const SIDES: Record<ZoneDecision['side'], string> = {
  inside: 'Certainly inside',
  undecided: 'Undecided',
  outside: 'Certainly outside',
};
export const sideText = (side: ZoneDecision['side']): string => SIDES[side];
