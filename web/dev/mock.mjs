// A stand-in for the server while developing the pages: speaks the same REST and live shapes over invented data.
// node dev/mock.mjs [port]   serves dist/ too, with the same content security policy as the real server.
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { WebSocketServer } from 'ws';
import { demo, id, now, Problem, seed } from './mock-data.mjs';
import { trackingPage } from './mock-tracking.mjs';

const port = Number(process.argv[2] ?? 8390);
const quiet = process.env.MOCK_EMPTY === '1';
const dist = new URL('../dist/', import.meta.url).pathname;
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const db = seed({ quiet });
const live = new Set();
const sse = new Map();
const attempts = [];
const broadcast = (message) => live.forEach((socket) => socket.send(JSON.stringify(message)));

function log(type, fields, data) {
  const event = {
    id: id('evt'),
    tenant_id: db.tenant.id,
    type,
    occurred_at: now(),
    recorded_at: now(),
    shipment_id: null,
    sequence: 0,
    driver_id: null,
    device_id: null,
    zone_id: null,
    endpoint_id: null,
    ...fields,
    data,
  };
  db.log.push(event);
  broadcast({ type: 'event', id: `0-${db.log.length}`, event });
  if (event.shipment_id) for (const push of sse.get(event.shipment_id) ?? []) push();
}

function position(latest) {
  const before = db.latest.get(latest.device_id);
  if (before && before.fix_time >= latest.fix_time) return false;
  db.latest.set(latest.device_id, latest);
  const track = db.tracks.get(latest.device_id) ?? [];
  track.push(latest);
  db.tracks.set(latest.device_id, track.slice(-3000));
  broadcast({ type: 'position', position: latest });
  for (const shipment of db.shipments) {
    if (shipment.driver_id === latest.driver_id && sse.has(shipment.id)) sse.get(shipment.id).forEach((push) => push());
  }
  return true;
}

const engine = demo(db, { log, position });
if (!quiet) setInterval(() => engine.tick(), 1000);

const collections = {
  users: { prefix: 'usr', rows: db.users, needs: ['email', 'name'] },
  'api-keys': { prefix: 'key', rows: db.keys, needs: ['name'] },
  customers: { prefix: 'cus', rows: db.customers, needs: ['name'] },
  locations: { prefix: 'loc', rows: db.locations, needs: ['name'] },
  drivers: { prefix: 'drv', rows: db.drivers, needs: ['name'] },
  vehicles: { prefix: 'veh', rows: db.vehicles, needs: ['vehicle_type'] },
  devices: { prefix: 'dev', rows: db.devices, needs: ['identifier', 'name'] },
  zones: { prefix: 'zon', rows: db.zones, needs: ['name', 'geometry'] },
  endpoints: { prefix: 'end', rows: db.endpoints, needs: ['url'] },
};

const list = (rows, query) => {
  const limit = Number(query.get('limit') ?? 50);
  const from = Number(query.get('cursor') ?? 0);
  const items = rows.slice(from, from + limit);
  const more = from + limit < rows.length;
  return { items, next_cursor: more ? String(from + limit) : null, has_more: more };
};
const find = (rows, wanted) => {
  const row = rows.find((one) => one.id === wanted);
  if (!row) throw new Problem(404, 'not found');
  return row;
};
function require(body, names) {
  const errors = names
    .filter((name) => body[name] === undefined || body[name] === null || body[name] === '')
    .map((name) => ({ pointer: `#/${name}`, detail: 'must not be empty' }));
  if (errors.length > 0) throw new Problem(422, 'the request breaks a rule', { errors });
}

function route(request, path, query, body) {
  const { method } = request;
  const [, , resource, key, sub, subKey] = path.split('/');
  if (path === '/v1/logout') return { status: 200, cookie: 'tracklane_session=; Path=/; Max-Age=0', body: {} };
  if (path === '/v1/me') {
    return { body: { user: db.users[0], api_key: null, role: 'admin', tenant: db.tenant, permissions: [] } };
  }
  if (path === '/v1/tenant') {
    if (method === 'PATCH') {
      Object.assign(db.tenant, body, { settings: { ...db.tenant.settings, ...body.settings } });
      db.tenant.version += 1;
    }
    return { body: db.tenant };
  }
  if (path === '/v1/positions/latest') return { body: { items: [...db.latest.values()] } };
  if (path === '/v1/positions' && method === 'POST') {
    const device = db.devices.find(({ id: one, identifier }) => [one, identifier].includes(body.device));
    if (!device) throw new Problem(422, 'unknown device', { errors: [{ pointer: '#/device', detail: 'is unknown' }] });
    const { lat, lon, ...rest } = body;
    const accepted = position({
      altitude_m: null,
      speed_mps: null,
      course_deg: null,
      accuracy_m: null,
      attributes: {},
      ...rest,
      device_id: device.id,
      driver_id: device.driver_id,
      received_at: now(),
      point: { lat, lon },
    });
    return { status: 202, body: { accepted: accepted ? 1 : 0, duplicates: accepted ? 0 : 1, rejected: 0, rows: [] } };
  }
  if (resource === 'devices' && sub === 'positions') {
    const track = db.tracks.get(key) ?? [];
    const from = query.get('from') ?? '';
    const rows = track.filter(({ fix_time }) => fix_time >= from);
    const geometry = { type: 'LineString', coordinates: rows.map(({ point }) => [point.lon, point.lat]) };
    const properties = { device_id: key, times: rows.map(({ fix_time }) => fix_time) };
    return { body: { type: 'FeatureCollection', features: [{ type: 'Feature', geometry, properties }] } };
  }
  if (resource === 'devices' && sub === 'credential') {
    find(db.devices, key).has_credential = true;
    return { body: { credential: 'dq3vZr0Yp7mK1s9TnXw2uLb8hE6cJf4a' } };
  }
  if (resource === 'shipments') return engine.shipments(method, key, sub, subKey, query, body);
  if (resource === 'endpoints' && sub) return endpoint(method, find(db.endpoints, key), sub);
  if (resource === 'messages' && sub === 'resend') {
    const message = find(db.messages, key);
    attempt(message, 'success');
    return { body: message };
  }
  const collection = collections[resource];
  if (!collection) throw new Problem(404, 'not found');
  const { rows, prefix, needs } = collection;
  if (!key && method === 'GET') return { body: list([...rows].reverse(), query) };
  if (!key && method === 'POST') {
    require(body, needs);
    const common = { id: id(prefix), tenant_id: db.tenant.id, created_at: now(), updated_at: now(), version: 1 };
    const fields = { ...body };
    delete fields.password;
    const row = { ...db.defaults[resource], ...fields, ...common };
    rows.push(row);
    if (resource === 'api-keys') {
      return {
        status: 201,
        body: { api_key: row, secret: `tlk_${row.id.slice(4)}_w7Gk2QpYxN4sVb9TzRc1LmHd8EfJaU3oXi6CtKy5ZrB` },
      };
    }
    return { status: 201, body: row };
  }
  const row = find(rows, key);
  if (method === 'GET') return { body: row };
  if (method === 'PATCH') {
    if (request.headers['if-match'] === undefined) throw new Problem(428, 'If-Match is required');
    if (request.headers['if-match'] !== `"${row.version}"`) throw new Problem(412, 'the record was changed meanwhile');
    Object.assign(row, body, { version: row.version + 1, updated_at: now() });
    return { body: row };
  }
  if (method === 'DELETE') {
    if (resource === 'api-keys') row.revoked_at = now();
    else rows.splice(rows.indexOf(row), 1);
    return { status: 204, body: null };
  }
  throw new Problem(405, 'method not allowed');
}

function attempt(message, outcome) {
  message.attempts += 1;
  message.state = outcome === 'success' ? 'delivered' : message.state;
  attempts.unshift({
    id: id('att'),
    tenant_id: db.tenant.id,
    message_id: message.id,
    endpoint_id: message.endpoint_id,
    number: message.attempts,
    outcome,
    http_status: outcome === 'success' ? 200 : outcome === 'refused' ? 503 : null,
    detail: outcome === 'success' ? '{"ok":true}' : 'no answer in 15 s',
    duration_ms: 40 + Math.round(Math.random() * 200),
    at: now(),
  });
}

function endpoint(method, row, sub) {
  if (sub === 'secret') return { body: { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } };
  if (sub === 'rotate-secret') return { body: { secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' } };
  if (sub === 'messages')
    return {
      body: list(db.messages.filter(({ endpoint_id }) => endpoint_id === row.id).reverse(), new URLSearchParams()),
    };
  if (sub === 'attempts')
    return {
      body: list(
        attempts.filter(({ endpoint_id }) => endpoint_id === row.id),
        new URLSearchParams(),
      ),
    };
  if (sub === 'replay') return { status: 202, body: { messages: 3 } };
  const message = {
    id: id('msg'),
    tenant_id: db.tenant.id,
    endpoint_id: row.id,
    event_id: null,
    shipment_id: null,
    event_type: 'endpoint.test',
    body: JSON.stringify({ type: 'endpoint.test', timestamp: now(), data: {} }),
    state: 'pending',
    attempts: 0,
    next_attempt_at: null,
    created_at: now(),
  };
  db.messages.push(message);
  attempt(message, 'success');
  return { status: 202, body: message };
}
for (const [index, message] of db.messages.entries()) attempt(message, index % 5 === 4 ? 'timeout' : 'success');

function publicPage(request, response, path) {
  const [, , token, sub] = path.split('/');
  const link = db.links.find((one) => one.token === token && !one.revoked_at);
  if (!link) {
    response.writeHead(404, { 'content-type': 'text/html; charset=utf-8' });
    return response.end('<!doctype html><title>Not found</title><p>This link is not valid.</p>');
  }
  const data = () => engine.publicData(link);
  if (sub === 'data') return json(response, 200, data());
  if (sub === 'live') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const push = () => response.write(`event: update\ndata: ${JSON.stringify(data())}\n\n`);
    const pushes = sse.get(link.shipment_id) ?? new Set();
    pushes.add(push);
    sse.set(link.shipment_id, pushes);
    request.on('close', () => pushes.delete(push));
    return push();
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CSP });
  response.end(trackingPage(data()));
}

function json(response, status, body, headers = {}) {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

const server = createServer(async (request, response) => {
  const { pathname: path, searchParams: query } = new URL(request.url, 'http://mock');
  if (path.startsWith('/t/')) return publicPage(request, response, path);
  if (path.startsWith('/v1/')) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      const text = Buffer.concat(chunks).toString();
      const body = text ? JSON.parse(text) : {};
      if (path === '/v1/login') {
        if (body.password !== 'tracklane') throw new Problem(401, 'wrong e-mail or password');
        const cookie = 'tracklane_session=mock; Path=/; HttpOnly; SameSite=Strict';
        return json(response, 200, { token: 'mock', user: db.users[0], tenant: db.tenant }, { 'set-cookie': cookie });
      }
      const known = request.headers.cookie?.includes('tracklane_session=mock') || request.headers.authorization;
      if (!known) throw new Problem(401, 'not logged in');
      const answer = route(request, path, query, body);
      return json(response, answer.status ?? 200, answer.body, answer.cookie ? { 'set-cookie': answer.cookie } : {});
    } catch (error) {
      if (!(error instanceof Problem)) console.error(error);
      const status = error.status ?? 500;
      return json(response, status, {
        type: 'about:blank',
        title: error.message,
        status,
        detail: error.message,
        ...error.more,
      });
    }
  }
  const file = join(dist, path.includes('..') ? '' : path);
  const found = extname(path) && existsSync(file) ? file : extname(path) ? null : join(dist, 'index.html');
  if (!found) return response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[extname(found)] ?? 'application/octet-stream',
    'content-security-policy': CSP,
  });
  if (extname(found) === '.html') return response.end(readFileSync(found));
  createReadStream(found).pipe(response);
});

const sockets = new WebSocketServer({ noServer: true });
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (client) => {
    client.on('message', () => {
      live.add(client);
      client.send(JSON.stringify({ type: 'ready' }));
    });
    client.on('close', () => live.delete(client));
  });
});
server.listen(port, '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port} (password: tracklane)`),
);
