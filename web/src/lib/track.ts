// A device's way, as GET /v1/devices/{id}/positions tells it.

import { api } from './api';
import type { Point } from './types';

interface TrackAnswer {
  features: GeoJSON.Feature<GeoJSON.LineString | GeoJSON.Point | null>[];
}

/** The places of a device from one instant to another, oldest first. */
export async function readTrack(deviceId: string, from: string, to?: string | null, limit = 10_000): Promise<Point[]> {
  const answer = await api.get<TrackAnswer>(`/v1/devices/${deviceId}/positions`, { from, to, limit });
  return pointsOfTrack(answer);
}

export function pointsOfTrack(answer: TrackAnswer): Point[] {
  return answer.features.flatMap(({ geometry }) => {
    if (!geometry) return [];
    const coordinates = geometry.type === 'LineString' ? geometry.coordinates : [geometry.coordinates];
    return coordinates.map(([lon = 0, lat = 0]) => ({ lat, lon }));
  });
}
