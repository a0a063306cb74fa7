// Starts the real binary on a free port with an empty data folder, and fills it through the API.
//   TRACKLANE_BIN   the binary; else target/release/tracklane, else target/debug/tracklane
//   TRACKLANE_MOCK  when set: the stand-in server of dev/ instead, for work on the tests themselves
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../../', import.meta.url).pathname;
const EMAIL = 'e2e@example.com';

function binary() {
  const built = ['release', 'debug'].map((profile) => join(root, 'target', profile, 'tracklane'));
  const found = [process.env.TRACKLANE_BIN, ...built].find((path) => path && existsSync(path));
  if (!found) throw new Error('there is no tracklane binary: build it, or set TRACKLANE_BIN');
  return found;
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** `settings` are variables of the environment: `{ TRACKLANE__LIMITS__REQUESTS_PER_MINUTE: '0' }`. */
export async function startServer(settings = {}) {
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), 'tracklane-e2e-'));
  const origin = `http://127.0.0.1:${port}`;
  const mock = Boolean(process.env.TRACKLANE_MOCK);
  const child = mock
    ? spawn(process.execPath, [join(root, 'web/dev/mock.mjs'), String(port)], {
        env: { ...process.env, MOCK_EMPTY: '1' },
      })
    : spawn(binary(), ['serve', '--listen', `127.0.0.1:${port}`, '--data', data, '--admin', EMAIL], {
        env: { ...process.env, TRACKLANE__SERVER__BASE_URL: origin, ...settings },
        cwd: data,
      });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  let ended = false;
  child.on('exit', () => (ended = true));
  child.on('error', (error) => {
    output += error.message;
    ended = true;
  });

  const stop = async () => {
    if (!ended) {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    rmSync(data, { recursive: true, force: true });
  };

  // The password stands on the line after the e-mail address, once.
  const password = () => (mock ? 'tracklane' : new RegExp(`^\\s+${EMAIL}\\n\\s+(\\S+)$`, 'm').exec(output)?.[1]);
  for (let tries = 0; ; tries++) {
    const up = await fetch(`${origin}/v1/me`).catch(() => null);
    if (up && password()) break;
    if (ended || tries > 150) {
      await stop();
      throw new Error(`the server did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { origin, email: EMAIL, password: password(), stop, output: () => output };
}

/** A client of the API for making what the pages show. */
export async function apiOf({ origin, email, password }) {
  const send = async (method, path, body, token, more = {}) => {
    const response = await fetch(origin + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}), ...more },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const { token } = await send('POST', '/v1/login', { email, password });
  return {
    get: (path) => send('GET', path, undefined, token),
    post: (path, body = {}) => send('POST', path, body, token),
    patch: (path, version, body) =>
      send('PATCH', path, body, token, {
        'content-type': 'application/merge-patch+json',
        'if-match': `"${version}"`,
      }),
  };
}

/** A small fleet: two hubs, two drivers with their devices, and shipments in different states. */
export async function seed(api) {
  const place = (name, lat, lon, location_type) =>
    api.post('/v1/locations', {
      name,
      location_type,
      address: { line1: name, city: 'Berlin', country: 'DE', point: { lat, lon } },
    });
  const north = await place('Hub North', 52.56, 13.38, 'hub');
  const door = await place('Torstraße 60', 52.5295, 13.4, 'address');
  const anna = await api.post('/v1/drivers', { name: 'Anna Berg', duty: 'on_duty', phone: '+49301234567' });
  const ben = await api.post('/v1/drivers', { name: 'Ben Okafor', duty: 'on_duty' });
  const device = await api.post('/v1/devices', {
    identifier: 'van-anna',
    name: 'Van 1',
    driver_id: anna.id,
    max_speed_mps: 0,
  });
  await api.post('/v1/devices', { identifier: 'van-ben', name: 'Van 2', driver_id: ben.id, max_speed_mps: 0 });
  const zone = await api.post('/v1/zones', {
    name: 'Inner city',
    geometry: { type: 'Point', coordinates: [13.39, 52.53] },
    radius_m: 1500,
  });
  await api.post('/v1/endpoints', {
    url: 'https://93.184.215.14/hook',
    description: 'Shop',
    event_types: [],
    state: 'paused',
  });

  const shipment = (reference, more = {}) =>
    api.post('/v1/shipments', {
      reference,
      recipient: { name: 'Mara Lindqvist' },
      origin_id: north.id,
      destination_id: door.id,
      packages: [{ tracking_number: `${reference}-1`, description: 'Books', weight_kg: 2.5 }],
      ...more,
    });
  const moving = await shipment('E2E-1', { driver_id: anna.id });
  const waiting = await shipment('E2E-2');
  const failed = await shipment('E2E-3', { driver_id: ben.id });
  const record = (to, status, more = {}) => api.post(`/v1/shipments/${to.shipment.id}/events`, { status, ...more });
  await record(moving, 'picked_up');
  await record(moving, 'out_for_delivery');
  await record(failed, 'picked_up');
  await record(failed, 'out_for_delivery');
  await record(failed, 'attempt_failed', { reason: 'recipient_unavailable', delayed: true });
  const link = await api.post(`/v1/shipments/${moving.shipment.id}/links`);
  return { anna, ben, device, zone, moving: moving.shipment, waiting: waiting.shipment, failed: failed.shipment, link };
}

/** Sends one fix of a device, taken now. */
export const sendFix = (api, device, lat, lon, more = {}) =>
  api.post('/v1/positions', {
    device: device.identifier,
    fix_time: new Date().toISOString(),
    lat,
    lon,
    speed_mps: 9,
    course_deg: 180,
    accuracy_m: 5,
    ...more,
  });
