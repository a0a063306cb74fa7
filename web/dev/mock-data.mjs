// Invented data for the stand-in server: a small fleet in Berlin that drives about, and its shipments.

let counter = 1;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
export const id = (prefix) => {
  let text = '';
  for (let n = counter++, i = 0; i < 10; i++, n = Math.floor(n / 32)) text = ALPHABET[n % 32] + text;
  return `${prefix}_01jz9q5w3xk7m2pd${text}`;
};
export const now = () => new Date().toISOString();
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

export class Problem extends Error {
  constructor(status, detail, more = {}) {
    super(detail);
    this.status = status;
    this.more = more;
  }
}

const BERLIN = { lat: 52.52, lon: 13.405 };
const RAD = Math.PI / 180;
let randomState = 7;
const random = () => {
  randomState = (randomState * 1_103_515_245 + 12_345) % 2 ** 31;
  return randomState / 2 ** 31;
};
const near = (spread) => ({
  lat: BERLIN.lat + (random() - 0.5) * spread,
  lon: BERLIN.lon + (random() - 0.5) * spread * 1.7,
});

export function seed({ quiet }) {
  const tenant = {
    id: id('ten'),
    name: 'Nordlicht Kurier',
    slug: 'nordlicht',
    settings: {
      milestones: 'arrivals',
      hub_radius_m: 150,
      approach_radius_m: 1000,
      grace_seconds: 21600,
      alert_limit_device_seconds: 900,
      alert_limit_carrier_seconds: 86400,
      link_days: 30,
    },
    created_at: ago(60_000),
    version: 1,
  };
  const common = (prefix) => ({
    id: id(prefix),
    tenant_id: tenant.id,
    created_at: ago(9000),
    updated_at: ago(800),
    version: 1,
  });
  const address = (line1, point) => ({
    line1,
    line2: null,
    city: 'Berlin',
    state: null,
    postal_code: '10115',
    country: 'DE',
    point,
  });
  const db = {
    tenant,
    defaults: {
      users: { role: 'viewer', driver_id: null, customer_id: null, disabled: false },
      'api-keys': {
        role: 'operator',
        scopes: [],
        driver_id: null,
        customer_id: null,
        device_id: null,
        requests_per_minute: null,
        expires_at: null,
        revoked_at: null,
        last_used_at: null,
      },
      customers: { reference: null, email: null, phone: null, language: null, address: address(null, null) },
      locations: {
        reference: null,
        location_type: 'hub',
        address: address(null, null),
        time_zone: null,
        radius_m: null,
      },
      drivers: { reference: null, phone: null, duty: 'off_duty', vehicle_id: null },
      vehicles: { reference: null, capacity_kg: null, skills: [] },
      devices: { driver_id: null, vehicle_id: null, disabled: false, has_credential: false },
      zones: { kind: 'custom', location_id: null, radius_m: null },
      endpoints: { description: null, event_types: [], state: 'active', disabled_reason: null, failing_since: null },
    },
    users: [
      {
        ...common('usr'),
        email: 'admin@tracklane.local',
        name: 'Admin',
        role: 'admin',
        driver_id: null,
        customer_id: null,
        disabled: false,
      },
    ],
    keys: [],
    customers: [],
    locations: [],
    drivers: [],
    vehicles: [],
    devices: [],
    zones: [],
    endpoints: [],
    messages: [],
    shipments: [],
    packages: [],
    legs: [],
    facts: [],
    links: [],
    latest: new Map(),
    tracks: new Map(),
    log: [],
  };
  if (quiet) return db;
  const location = (name, location_type, spread, line1 = name) => {
    const row = {
      ...common('loc'),
      reference: null,
      name,
      location_type,
      address: address(line1, near(spread)),
      time_zone: 'Europe/Berlin',
      radius_m: null,
    };
    db.locations.push(row);
    return row;
  };
  const hubs = ['Hub Westhafen', 'Hub Treptow', 'Depot Tempelhof'].map((name) => location(name, 'hub', 0.11));
  hubs.forEach((hub) => {
    db.zones.push({
      ...common('zon'),
      name: hub.name,
      kind: 'hub',
      location_id: hub.id,
      geometry: { type: 'Point', coordinates: [hub.address.point.lon, hub.address.point.lat] },
      radius_m: 250,
    });
  });
  const ring = [
    [13.36, 52.505],
    [13.43, 52.503],
    [13.452, 52.522],
    [13.425, 52.541],
    [13.37, 52.538],
    [13.352, 52.522],
    [13.36, 52.505],
  ];
  db.zones.push({
    ...common('zon'),
    name: 'Inner city',
    kind: 'custom',
    location_id: null,
    geometry: { type: 'Polygon', coordinates: [ring] },
    radius_m: null,
  });
  db.zones.push({
    ...common('zon'),
    name: 'Airport freight',
    kind: 'custom',
    location_id: null,
    geometry: { type: 'Point', coordinates: [13.508, 52.478] },
    radius_m: 1400,
  });
  const names = [
    'Amira Haddad',
    'Ben Okafor',
    'Clara Vogt',
    'Dilan Yildiz',
    'Emil Sørensen',
    'Farah Nasser',
    'Goran Ilić',
    'Hana Novák',
    'Ivo Marques',
    'Jana Krüger',
    'Kofi Mensah',
    'Lena Fischer',
  ];
  names.forEach((name, index) => {
    const vehicle = {
      ...common('veh'),
      reference: `B-NL ${1200 + index * 7}`,
      vehicle_type: index % 4 === 0 ? 'cargo bike' : 'van',
      capacity_kg: index % 4 === 0 ? 180 : 950,
      skills: index % 3 === 0 ? ['refrigerated'] : [],
    };
    const driver = {
      ...common('drv'),
      reference: `D-${100 + index}`,
      name,
      phone: `+49301234${500 + index}`,
      duty: index < 10 ? 'on_duty' : 'off_duty',
      vehicle_id: vehicle.id,
    };
    const device = {
      ...common('dev'),
      identifier: `86013904${100000 + index * 31}`,
      name: `Tracker ${index + 1}`,
      driver_id: driver.id,
      vehicle_id: vehicle.id,
      disabled: false,
      has_credential: index % 2 === 0,
    };
    db.vehicles.push(vehicle);
    db.drivers.push(driver);
    db.devices.push(device);
  });
  db.endpoints.push(
    {
      ...common('end'),
      url: 'https://shop.example/hooks/tracklane',
      description: 'Shop',
      event_types: ['shipment.*'],
      state: 'active',
      disabled_reason: null,
      failing_since: null,
    },
    {
      ...common('end'),
      url: 'https://erp.example/in/status',
      description: 'ERP',
      event_types: ['shipment.status_changed'],
      state: 'disabled',
      disabled_reason: 'failed for 5 days',
      failing_since: ago(7200),
    },
  );
  for (let i = 0; i < 8; i++) {
    db.messages.push({
      id: id('msg'),
      tenant_id: tenant.id,
      endpoint_id: db.endpoints[0].id,
      event_id: id('evt'),
      shipment_id: null,
      event_type: 'shipment.status_changed',
      body: '{"type":"shipment.status_changed","data":{"status":"in_transit"}}',
      state: i % 5 === 4 ? 'dead' : 'delivered',
      attempts: 0,
      next_attempt_at: null,
      created_at: ago(60 - i * 6),
    });
  }
  db.keys.push({
    ...db.defaults['api-keys'],
    ...common('key'),
    name: 'Shop integration',
    role: 'operator',
    scopes: ['shipments:write'],
    last_used_at: ago(4),
  });
  db.people = ['Mara Lindqvist', 'Tom Becker', 'Aiko Tanaka', 'Luis Ferreira', 'Nadia Petrova', 'Owen Clarke'];
  db.streets = [
    'Torstraße 60',
    'Kastanienallee 12',
    'Bergmannstraße 88',
    'Karl-Marx-Allee 5',
    'Turmstraße 31',
    'Sonnenallee 140',
    'Weserstraße 9',
  ];
  db.hubs = hubs;
  db.newAddress = () => location(db.streets[db.locations.length % db.streets.length], 'address', 0.1);
  return db;
}

const NEXT = {
  created: ['info_received', 'assigned', 'picked_up', 'on_hold', 'cancelled', 'expired'],
  assigned: ['created', 'picked_up', 'out_for_delivery', 'on_hold', 'exception', 'cancelled'],
  picked_up: [
    'in_transit',
    'out_for_delivery',
    'attempt_failed',
    'on_hold',
    'exception',
    'delivered',
    'returning',
    'failed',
  ],
  in_transit: [
    'out_for_delivery',
    'available_for_pickup',
    'attempt_failed',
    'on_hold',
    'exception',
    'delivered',
    'returning',
    'failed',
    'expired',
  ],
  out_for_delivery: [
    'in_transit',
    'available_for_pickup',
    'attempt_failed',
    'on_hold',
    'exception',
    'delivered',
    'returning',
    'failed',
  ],
  attempt_failed: ['in_transit', 'out_for_delivery', 'on_hold', 'exception', 'delivered', 'returning', 'failed'],
  delivered: [],
  cancelled: [],
};
const TEXTS = {
  created: 'We know of your shipment.',
  assigned: 'A driver has it on the list.',
  picked_up: 'Your shipment was picked up.',
  in_transit: 'Your shipment is on its way.',
  out_for_delivery: 'Your shipment is out for delivery.',
  delivered: 'Your shipment was delivered.',
  attempt_failed: 'We could not deliver your shipment.',
  on_hold: 'Your shipment is on hold.',
};

export function demo(db, { log, position }) {
  const detail = (shipment) => {
    const mine = (rows) => rows.filter(({ shipment_id }) => shipment_id === shipment.id);
    const one = (rows, wanted) => rows.find(({ id: key }) => key === wanted) ?? null;
    return {
      shipment,
      packages: mine(db.packages),
      legs: mine(db.legs),
      events: mine(db.facts).map(({ flags, ...event }) => ({ event, flags })),
      links: mine(db.links),
      sender: one(db.customers, shipment.sender_id),
      recipient: one(db.customers, shipment.recipient_id),
      origin: one(db.locations, shipment.origin_id),
      destination: one(db.locations, shipment.destination_id),
    };
  };
  function fact(shipment, fields, flags = {}) {
    const mine = db.facts.filter(({ shipment_id }) => shipment_id === shipment.id);
    const row = {
      id: id('tev'),
      shipment_id: shipment.id,
      leg_id: null,
      package_id: null,
      kind: 'scan',
      status: null,
      substatus: null,
      reason: null,
      delayed: false,
      raw_code: null,
      raw_text: null,
      occurred_at: now(),
      offset_seconds: 3600,
      tz_confidence: 'exact',
      received_at: now(),
      source: 'operator',
      source_name: null,
      source_trust: 80,
      seq: mine.length + 1,
      actor: { type: 'system' },
      place: null,
      retracts: null,
      copies: 1,
      ...fields,
      flags: { late_event: false, out_of_order: false, retracted: false, ...flags },
    };
    db.facts.push(row);
    if (row.retracts) {
      const taken = db.facts.find(({ id: key }) => key === row.retracts);
      if (taken) taken.flags.retracted = true;
    }
    if (!row.status || flags.out_of_order) return row;
    const before = shipment.status;
    Object.assign(shipment, {
      status: row.status,
      substatus: row.substatus,
      reason: row.reason,
      status_since: row.occurred_at,
      updated_at: now(),
      delayed: shipment.delayed || row.delayed,
      sequence: shipment.sequence + 1,
      version: shipment.version + 1,
    });
    if (row.status === 'delivered') shipment.delivered_at = row.occurred_at;
    if (row.status === 'picked_up') shipment.picked_up_at = row.occurred_at;
    const { reference, status, substatus, reason, attempts, delayed, return_leg, sequence } = shipment;
    const data = {
      reference,
      status,
      substatus,
      reason,
      previous_status: before,
      previous_substatus: null,
      first_entry: true,
      alert: true,
      correction: row.kind === 'correction',
      source: row.source,
      attempts,
      delayed,
      return_leg,
    };
    log('shipment.status_changed', { shipment_id: shipment.id, sequence, driver_id: shipment.driver_id }, data);
    return row;
  }
  function create(fields, { origin = null, destination = null, recipient = null, packages = [] } = {}) {
    const shipment = {
      id: id('shp'),
      tenant_id: db.tenant.id,
      reference: null,
      sender_id: null,
      milestones: 'arrivals',
      metadata: {},
      status: 'created',
      substatus: null,
      reason: null,
      status_since: now(),
      attempts: 0,
      delayed: false,
      return_leg: false,
      eta_from: null,
      eta_to: null,
      picked_up_at: null,
      delivered_at: null,
      driver_id: null,
      sequence: 1,
      created_at: now(),
      updated_at: now(),
      version: 1,
      ...fields,
      recipient_id: recipient?.id ?? null,
      origin_id: origin?.id ?? null,
      destination_id: destination?.id ?? null,
    };
    db.shipments.push(shipment);
    const common = { tenant_id: db.tenant.id, shipment_id: shipment.id, created_at: now(), version: 1 };
    for (const parcel of packages) {
      db.packages.push({
        tracking_number: null,
        description: null,
        weight_kg: null,
        metadata: {},
        ...parcel,
        ...common,
        id: id('pkg'),
      });
    }
    db.legs.push({
      ...common,
      id: id('leg'),
      position: 1,
      mode: 'fleet',
      state: shipment.driver_id ? 'active' : 'planned',
      is_return: false,
      origin_id: shipment.origin_id,
      destination_id: shipment.destination_id,
      driver_id: shipment.driver_id,
      carrier: null,
      tracking_number: null,
      started_at: null,
      ended_at: null,
    });
    db.links.push({
      ...common,
      id: id('lnk'),
      expires_at: null,
      revoked_at: null,
      token: `t${db.links.length}k3v9x2m8q`,
      url: `/t/t${db.links.length}k3v9x2m8q`,
    });
    log('shipment.created', { shipment_id: shipment.id, sequence: 1 }, { reference: shipment.reference });
    return shipment;
  }

  if (db.hubs) {
    for (let i = 0; i < 64; i++) {
      const recipient = {
        id: id('cus'),
        tenant_id: db.tenant.id,
        reference: null,
        name: db.people[i % db.people.length],
        email: 'x@example.com',
        phone: null,
        language: 'en',
        address: { line1: db.streets[i % db.streets.length], city: 'Berlin', postal_code: '10115', country: 'DE' },
        created_at: now(),
        updated_at: now(),
        version: 1,
      };
      db.customers.push(recipient);
      const from = new Date(Date.now() + (i % 9) * 1_800_000);
      const shipment = create(
        {
          reference: `NL-${48200 + i}`,
          driver_id: i % 5 === 4 ? null : db.drivers[i % 10].id,
          eta_from: from.toISOString(),
          eta_to: new Date(from.getTime() + 7_200_000).toISOString(),
        },
        {
          origin: db.hubs[i % 3],
          destination: db.newAddress(),
          recipient,
          packages: [
            {
              tracking_number: `00340434${290000 + i}`,
              description: i % 3 ? 'Books' : 'Coffee, whole beans',
              weight_kg: 1.4 + (i % 7),
            },
          ],
        },
      );
      const steps = [
        'created',
        'assigned',
        'picked_up',
        'in_transit',
        'out_for_delivery',
        i % 7 === 3 ? 'attempt_failed' : 'delivered',
      ];
      steps.slice(0, 1 + (i % 6)).forEach((status, step) => {
        const minutes = 200 - step * 35;
        const place = step > 1 ? { name: db.hubs[i % 3].name, city: 'Berlin', country: 'DE' } : null;
        const source = ['operator', 'operator', 'driver', 'device', 'device', 'driver'][step];
        fact(
          shipment,
          {
            status,
            substatus:
              { picked_up: 'from_sender', in_transit: 'departed_facility', delivered: 'signed' }[status] ?? null,
            reason: status === 'attempt_failed' ? 'recipient_unavailable' : null,
            occurred_at: ago(minutes),
            received_at: ago(minutes - (step === 3 ? 22 : 0)),
            source,
            place,
            delayed: i % 11 === 3 && step === 3,
            raw_text: status === 'in_transit' ? 'Departed' : null,
          },
          { late_event: step === 3 },
        );
      });
      if (i % 6 === 4)
        fact(
          shipment,
          {
            status: 'picked_up',
            occurred_at: ago(70),
            source: 'carrier',
            source_name: 'dhl',
            tz_confidence: 'assumed',
            raw_code: 'PU',
            raw_text: 'Sendung abgeholt',
          },
          { out_of_order: true, late_event: true },
        );
      if (i % 5 === 1) fact(shipment, { kind: 'note', raw_text: 'Ring twice; the bell at the gate is broken.' });
    }
  }

  const moving = db.devices.slice(0, 10).map((device, index) => ({
    device,
    point: near(0.07),
    course: Math.floor(random() * 4) * 90 + 12,
    speed: index === 3 || index === 7 ? 0 : 6 + random() * 8,
    left: 30,
  }));
  function step(vehicle, at) {
    if (vehicle.left-- <= 0) {
      vehicle.left = 12 + Math.floor(random() * 40);
      const home =
        (Math.atan2((BERLIN.lon - vehicle.point.lon) * 0.61, BERLIN.lat - vehicle.point.lat) / RAD + 360) % 360;
      vehicle.course = random() < 0.3 ? Math.round(home / 90) * 90 + 12 : vehicle.course + (random() < 0.5 ? 90 : -90);
    }
    const metres = vehicle.speed * 1;
    vehicle.point = {
      lat: vehicle.point.lat + (metres / 111_195) * Math.cos(vehicle.course * RAD),
      lon: vehicle.point.lon + (metres / 111_195 / Math.cos(vehicle.point.lat * RAD)) * Math.sin(vehicle.course * RAD),
    };
    position({
      device_id: vehicle.device.id,
      driver_id: vehicle.device.driver_id,
      fix_time: at,
      received_at: at,
      point: vehicle.point,
      speed_mps: vehicle.speed,
      course_deg: ((vehicle.course % 360) + 360) % 360,
      accuracy_m: 6,
      altitude_m: 40,
      attributes: {},
    });
  }
  for (let second = 1200; second > 0; second -= 5)
    moving.forEach((vehicle) => step(vehicle, new Date(Date.now() - second * 1000).toISOString()));
  for (const device of db.devices.slice(10))
    position({
      device_id: device.id,
      driver_id: device.driver_id,
      fix_time: ago(95),
      received_at: ago(95),
      point: near(0.06),
      speed_mps: 0,
      course_deg: 0,
      accuracy_m: 9,
      altitude_m: 40,
      attributes: {},
    });

  let ticks = 0;
  return {
    tick() {
      const at = now();
      moving.forEach((vehicle) => step(vehicle, at));
      ticks += 1;
      if (ticks % 7 === 0) {
        const open = db.shipments.filter(({ status }) => status === 'in_transit' || status === 'picked_up');
        const shipment = open[ticks % Math.max(1, open.length)];
        if (shipment)
          fact(shipment, {
            status: shipment.status === 'picked_up' ? 'in_transit' : 'out_for_delivery',
            source: 'device',
          });
      }
      if (ticks % 11 === 0) {
        const vehicle = moving[ticks % moving.length];
        log(
          ticks % 2 ? 'zone.entered' : 'zone.exited',
          { device_id: vehicle.device.id, driver_id: vehicle.device.driver_id },
          { zone_name: 'Inner city', point: vehicle.point },
        );
      }
    },
    publicData(link) {
      const shipment = db.shipments.find(({ id: key }) => key === link.shipment_id);
      const { recipient, destination, events } = detail(shipment);
      const device = db.devices.find(({ driver_id }) => driver_id && driver_id === shipment.driver_id);
      const latest = shipment.status === 'out_for_delivery' && device ? db.latest.get(device.id) : null;
      return {
        token: link.token,
        reference: shipment.reference,
        status: shipment.status,
        status_text: TEXTS[shipment.status] ?? shipment.status,
        substatus: shipment.substatus,
        since: shipment.status_since,
        eta_from: shipment.eta_from,
        eta_to: shipment.eta_to,
        recipient_first_name: recipient?.name.split(' ')[0] ?? null,
        tenant_name: db.tenant.name,
        delivered_at: shipment.delivered_at,
        timeline: events
          .filter(({ event, flags }) => event.status && !flags.out_of_order && !flags.retracted)
          .map(({ event }) => ({
            occurred_at: event.occurred_at,
            offset_seconds: event.offset_seconds,
            tz_confidence: event.tz_confidence,
            status: event.status,
            substatus: event.substatus,
            text: TEXTS[event.status] ?? event.status,
            place: event.place?.city ?? null,
          }))
          .reverse(),
        position: latest ? { ...latest.point, fix_time: latest.fix_time, course_deg: latest.course_deg } : null,
        destination: destination?.address?.point ?? null,
        time_zone: null,
        updated_at: shipment.updated_at,
      };
    },
    shipments(method, key, sub, subKey, query, body) {
      if (!key && method === 'GET') {
        const statuses = query.get('status')?.split(',') ?? [];
        const q = query.get('q')?.toLowerCase();
        const driver = query.get('driver_id');
        const rows = db.shipments
          .filter((one) => statuses.length === 0 || statuses.includes(one.status))
          .filter((one) => !driver || one.driver_id === driver)
          .filter((one) => query.get('delayed') !== 'true' || one.delayed)
          .filter(
            (one) =>
              query.get('active') !== 'true' ||
              !['delivered', 'returned', 'cancelled', 'failed', 'expired'].includes(one.status),
          )
          .filter((one) => !q || one.reference?.toLowerCase().includes(q))
          .reverse();
        const limit = Number(query.get('limit') ?? 50);
        const from = Number(query.get('cursor') ?? 0);
        const more = from + limit < rows.length;
        return {
          body: {
            items: rows.slice(from, from + limit),
            next_cursor: more ? String(from + limit) : null,
            has_more: more,
          },
        };
      }
      if (!key) {
        const errors = [];
        if (db.shipments.some(({ reference }) => reference && reference === body.reference))
          errors.push({ pointer: '#/reference', detail: 'is taken by another shipment' });
        body.packages?.forEach((parcel, i) => {
          if (parcel.weight_kg != null && !(parcel.weight_kg >= 0))
            errors.push({ pointer: `#/packages/${i}/weight_kg`, detail: 'must be a number from 0 to 100000' });
        });
        if (errors.length > 0) throw new Problem(422, 'the shipment breaks a rule', { errors });
        const common = (prefix) => ({
          id: id(prefix),
          tenant_id: db.tenant.id,
          created_at: now(),
          updated_at: now(),
          version: 1,
        });
        const place = (name) => {
          if (body[`${name}_id`]) return db.locations.find(({ id: one }) => one === body[`${name}_id`]);
          if (!body[name]) return null;
          const row = { ...db.defaults.locations, ...body[name], ...common('loc') };
          db.locations.push(row);
          return row;
        };
        const recipient = body.recipient ? { ...db.defaults.customers, ...body.recipient, ...common('cus') } : null;
        if (recipient) db.customers.push(recipient);
        const { reference = null, driver_id = null, eta_from = null, eta_to = null } = body;
        const shipment = create(
          { reference, driver_id, eta_from, eta_to },
          { origin: place('origin'), destination: place('destination'), recipient, packages: body.packages },
        );
        fact(shipment, { status: 'created', source: 'system' });
        if (driver_id) fact(shipment, { status: 'assigned' });
        return { status: 201, body: detail(shipment) };
      }
      const shipment = db.shipments.find(({ id: one }) => one === key);
      if (!shipment) throw new Problem(404, 'not found');
      if (!sub) return { body: detail(shipment) };
      if (sub === 'events') {
        const allowed = NEXT[shipment.status] ?? [];
        if (body.status && body.status !== shipment.status && !allowed.includes(body.status)) {
          throw new Problem(409, `${body.status} cannot follow ${shipment.status}; allowed: ${allowed.join(', ')}`, {
            allowed,
          });
        }
        return { status: 201, body: fact(shipment, { ...body, source: 'operator' }) };
      }
      if (sub === 'corrections')
        return {
          status: 201,
          body: fact(shipment, {
            kind: 'correction',
            status: body.status,
            substatus: body.substatus ?? null,
            raw_text: body.reason_text,
            retracts: body.retracts ?? null,
          }),
        };
      if (sub === 'retractions')
        return {
          status: 201,
          body: fact(shipment, { kind: 'retraction', raw_text: body.reason_text, retracts: body.event_id }),
        };
      if (sub === 'cancel') {
        fact(shipment, {
          status: 'cancelled',
          substatus: 'by_operator',
          reason: body.reason ?? null,
          raw_text: body.text ?? null,
        });
        return { body: detail(shipment) };
      }
      if (sub === 'assign' || sub === 'unassign') {
        shipment.driver_id = sub === 'assign' ? body.driver_id : null;
        log(
          sub === 'assign' ? 'driver.assigned' : 'driver.unassigned',
          { shipment_id: shipment.id, driver_id: body.driver_id },
          { reference: shipment.reference },
        );
        fact(shipment, { status: sub === 'assign' ? 'assigned' : 'created' });
        return { body: detail(shipment) };
      }
      const view = (link) => ({ link, token: link.token, url: `https://track.example/t/${link.token}` });
      if (sub === 'links' && method === 'GET') {
        return {
          body: {
            items: db.links.filter(({ shipment_id }) => shipment_id === key).map(view),
            next_cursor: null,
            has_more: false,
          },
        };
      }
      if (sub === 'links' && method === 'POST') {
        const token = `t${db.links.length}p5w8r4c7z`;
        const link = {
          id: id('lnk'),
          tenant_id: db.tenant.id,
          shipment_id: key,
          created_at: now(),
          expires_at: null,
          revoked_at: null,
          token,
          url: `/t/${token}`,
        };
        db.links.push(link);
        return { status: 201, body: view(link) };
      }
      if (sub === 'links' && method === 'DELETE') {
        db.links.find(({ id: one }) => one === subKey).revoked_at = now();
        return { status: 204, body: null };
      }
      throw new Problem(404, 'not found');
    },
  };
}
