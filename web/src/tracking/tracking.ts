// Brings the public tracking page to life. The server renders the page and it says everything without this script;
// here it gains live updates and a map.
//
// What the page holds, and what this script does with it:
//   <link rel="stylesheet" href="/assets/tracking.css">
//   <script type="module" src="/assets/tracking.js"></script>
//   <script type="application/json" id="tracklane-data">    the same as GET /t/{token}/data
//   [data-tracklane-status]     text: status_text; its attribute data-status carries the status, which fixes the colour
//   [data-tracklane-eta]        text: when it is promised, or when it was delivered
//   [data-tracklane-timeline]   an <ol>; its <li> are replaced by <li data-status><p>text</p><p class="when">…</p></li>
//   [data-tracklane-zones]      text: which zone the times are in
//   [data-tracklane-map]        empty and hidden; shown while a position is given
//   [data-tracklane-updated]    text: when anything was last changed
// All times are in one zone, and each says which: that of the destination where it is known, else the reader's.
// Updates come from GET /t/{token}/live (server-sent events; the data of each is the shape of /t/{token}/data).

import './tracking.css';
import {
  confidenceText,
  knownZone,
  ownZone,
  relativeText,
  windowText,
  zonedText,
  zonesText,
  zoneText,
} from '../lib/time';
import type { PublicTimelineEntry, PublicTracking } from '../lib/types';
import type { TrackingMap } from './map';

const find = <E extends HTMLElement>(name: string) => document.querySelector<E>(`[data-tracklane-${name}]`);
const status = find('status');
const eta = find('eta');
const timeline = find('timeline');
const zones = find('zones');
const mapBox = find('map');
const updated = find('updated');

let map: Promise<TrackingMap> | undefined;
let current: PublicTracking | undefined;

function element(tag: string, text: string, attributes: Record<string, string> = {}): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Changes a text only when it differs: screen readers read out whatever changes. */
function say(target: HTMLElement | null, text: string): void {
  if (target && target.textContent?.trim() !== text) target.textContent = text;
}

function etaText({ delivered_at, eta_from, eta_to }: PublicTracking, zone: string): string {
  if (delivered_at) return `Delivered ${zonedText(delivered_at, zone)}`;
  const promised = windowText(eta_from, eta_to, zone);
  return promised ? `Expected ${promised} ${zoneText(eta_to ?? (eta_from as string), zone)}` : '';
}

function step(entry: PublicTimelineEntry, zone: string): HTMLElement {
  const { occurred_at, tz_confidence, text, place, status: at } = entry;
  const item = document.createElement('li');
  if (at) item.dataset.status = at;
  const when = element('p', '', { class: 'when' });
  const doubt = tz_confidence === 'from_place' ? null : confidenceText(tz_confidence);
  when.append(
    element('time', zonedText(occurred_at, zone), { datetime: occurred_at }),
    doubt ? ` (${doubt})` : '',
    place ? ` · ${place}` : '',
  );
  item.append(element('p', text), when);
  return item;
}

function show(data: PublicTracking): void {
  const before = current;
  current = data;
  say(status, data.status_text);
  if (status) status.dataset.status = data.status;
  const destination = knownZone(data.time_zone);
  const zone = destination ?? ownZone();
  say(zones, zonesText(destination));
  say(eta, etaText(data, zone));
  say(updated, zonedText(data.updated_at, zone));
  // Also the first time: the server does not know the reader's zone.
  if (timeline && JSON.stringify(before?.timeline) !== JSON.stringify(data.timeline)) {
    timeline.replaceChildren(...data.timeline.map((entry) => step(entry, zone)));
  }
  void showMap(data);
}

async function showMap(data: PublicTracking): Promise<void> {
  if (!mapBox) return;
  if (!data.position) {
    mapBox.hidden = true;
    return;
  }
  mapBox.hidden = false;
  map ??= import('./map').then(({ openMap }) => openMap(mapBox));
  try {
    (await map).show(data.position, data.destination, `Position ${relativeText(data.position.fix_time, Date.now())}`);
  } catch {
    // No WebGL: the page says the same in words.
    mapBox.hidden = true;
  }
}

function parse(text: string | null | undefined): PublicTracking | undefined {
  try {
    const data = JSON.parse(text ?? '') as PublicTracking;
    return typeof data.token === 'string' && Array.isArray(data.timeline) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Listens for as long as the page is open; the browser itself reconnects, and a closed stream is opened again. */
function listen(token: string): void {
  const stream = new EventSource(`/t/${encodeURIComponent(token)}/live`);
  const take = ({ data }: MessageEvent<string>) => {
    const next = parse(data);
    if (next) show(next);
  };
  for (const name of ['message', 'update', 'status', 'position', 'event']) stream.addEventListener(name, take);
  stream.addEventListener('open', () => (document.documentElement.dataset.live = 'true'));
  stream.addEventListener('error', () => {
    delete document.documentElement.dataset.live;
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen(token), 20_000);
  });
}

const data = parse(document.getElementById('tracklane-data')?.textContent);
if (data) {
  status?.setAttribute('aria-live', 'polite');
  show(data);
  listen(data.token);
}
