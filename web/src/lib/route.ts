// Which page a path asks for. Pure.

// The page of locations is `/places`: the server answers `/locations` to devices of another system.
const ROUTES = [
  'login',
  'shipments',
  'drivers',
  'customers',
  'places',
  'zones',
  'area',
  'webhooks',
  'settings',
] as const;
export type RouteName = (typeof ROUTES)[number] | 'map' | 'shipment' | 'device' | 'zone' | 'missing';

export interface Route {
  name: RouteName;
  id: string;
}

/** Which page a path asks for. */
export function routeOf(path: string): Route {
  const [first = '', second = '', third] = path.split('/').slice(1);
  if (third !== undefined && third !== '') return { name: 'missing', id: '' };
  if (first === '') return { name: 'map', id: '' };
  if (first === 'shipments' && second) return recordRoute('shipment', second);
  if (first === 'devices' && second) return recordRoute('device', second);
  if (first === 'zones' && second) return recordRoute('zone', second);
  const known = ROUTES.find((name) => name === first);
  return known && !second ? { name: known, id: '' } : { name: 'missing', id: '' };
}

function recordRoute(name: RouteName, text: string): Route {
  try {
    return { name, id: decodeURIComponent(text) };
  } catch {
    return { name: 'missing', id: '' };
  }
}
