//! Distances on the sphere. Points are WGS 84 degrees, distances metres, bearings degrees clockwise from north.
//!
//! The earth is a sphere of its mean radius, which is within 0.6 % of the ellipsoid. Every function takes the short way
//! across the antimeridian.

use tracklane_core::position::Point;

/// The mean radius of the earth, in metres.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// One degree of latitude, in metres.
pub const DEGREE_M: f64 = EARTH_RADIUS_M * std::f64::consts::PI / 180.0;

/// The great-circle distance from `a` to `b`, in metres (haversine).
pub fn distance_m(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let half_lat = ((lat_b - lat_a) / 2.0).sin();
    let half_lon = (lon_delta(a.lon, b.lon).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
}

/// No less than the great-circle distance from `a` to `b`, in metres, and little more when they are near each other at low
/// latitudes: a straight line on the map, every degree of it as long as at the equator. Much quicker than the distance itself,
/// and enough where only something far is of interest.
pub(crate) fn at_most_m(a: Point, b: Point) -> f64 {
    let (lat, lon) = (b.lat - a.lat, lon_delta(a.lon, b.lon));
    // A little more, so that rounding never makes it less.
    (lat * lat + lon * lon).sqrt() * DEGREE_M * (1.0 + 1e-9) + 1e-6
}

/// The bearing at `a` of the great circle to `b`, in degrees, 0 up to but not including 360; 0 when they are the same.
pub fn bearing_deg(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let lon = lon_delta(a.lon, b.lon).to_radians();
    let y = lon.sin() * lat_b.cos();
    let x = lat_a.cos() * lat_b.sin() - lat_a.sin() * lat_b.cos() * lon.cos();
    let bearing = y.atan2(x).to_degrees().rem_euclid(360.0);
    // A tiny negative angle rounds up to a full turn.
    if bearing >= 360.0 { 0.0 } else { bearing }
}

/// The point reached from `from` after `metres` along the great circle that starts at `bearing_deg`.
pub fn destination(from: Point, bearing_deg: f64, metres: f64) -> Point {
    let (lat, bearing, arc) = (from.lat.to_radians(), bearing_deg.to_radians(), metres / EARTH_RADIUS_M);
    let sin_lat = lat.sin() * arc.cos() + lat.cos() * arc.sin() * bearing.cos();
    let lon = (bearing.sin() * arc.sin() * lat.cos()).atan2(arc.cos() - lat.sin() * sin_lat);
    Point { lat: sin_lat.clamp(-1.0, 1.0).asin().to_degrees(), lon: normalise_lon(from.lon + lon.to_degrees()) }
}

/// The point at `fraction` (0 to 1) of the straight line from `a` to `b` on the map. Good for the short way between two
/// fixes, not for crossing an ocean.
pub fn interpolate(a: Point, b: Point, fraction: f64) -> Point {
    let lon = a.lon + lon_delta(a.lon, b.lon) * fraction;
    Point { lat: a.lat + (b.lat - a.lat) * fraction, lon: normalise_lon(lon) }
}

/// The distance from `point` to the nearest point of the segment from `a` to `b`, in metres, on a local plane around
/// `point`: exact enough (0.1 %) up to some tens of kilometres away from the poles.
pub fn segment_distance_m(point: Point, a: Point, b: Point) -> f64 {
    let scale = point.lat.to_radians().cos();
    let ax = lon_delta(point.lon, a.lon);
    let bx = ax + lon_delta(a.lon, b.lon);
    plane_distance(ax * scale, a.lat - point.lat, bx * scale, b.lat - point.lat) * DEGREE_M
}

/// The distance from the origin to the segment from (ax, ay) to (bx, by).
fn plane_distance(ax: f64, ay: f64, bx: f64, by: f64) -> f64 {
    plane_distance_squared(ax, ay, bx, by).sqrt()
}

/// The square of that distance, which is enough to find the nearest segment.
pub(crate) fn plane_distance_squared(ax: f64, ay: f64, bx: f64, by: f64) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (ax + along * dx, ay + along * dy);
    x * x + y * y
}

/// The turn from longitude `from` to `to` the short way, in degrees, -180 up to but not including 180.
pub fn lon_delta(from: f64, to: f64) -> f64 {
    let delta = to - from;
    if (-180.0..180.0).contains(&delta) { delta } else { (delta + 180.0).rem_euclid(360.0) - 180.0 }
}

/// The same meridian as a longitude from -180 up to but not including 180.
pub fn normalise_lon(lon: f64) -> f64 {
    lon_delta(0.0, lon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lon: f64) -> Point {
        Point { lat, lon }
    }

    #[test]
    fn known_distances_and_bearings() {
        // One degree of a great circle.
        assert!((distance_m(at(0.0, 0.0), at(0.0, 1.0)) - 111_195.08).abs() < 0.1);
        // Paris to London, 343.6 km on the sphere.
        let km = distance_m(at(48.8566, 2.3522), at(51.5074, -0.1278)) / 1000.0;
        assert!((km - 343.56).abs() < 0.1, "{km}");
        assert!((distance_m(at(0.0, 179.9), at(0.0, -179.9)) - 0.2 * DEGREE_M).abs() < 0.01);
        assert!((distance_m(at(90.0, 0.0), at(-90.0, 77.0)) - EARTH_RADIUS_M * std::f64::consts::PI).abs() < 0.01);
        assert!((bearing_deg(at(0.0, 179.9), at(0.0, -179.9)) - 90.0).abs() < 1e-9);
        assert!((bearing_deg(at(10.0, 5.0), at(9.0, 5.0)) - 180.0).abs() < 1e-9);
        assert_eq!(bearing_deg(at(10.0, 5.0), at(10.0, 5.0)), 0.0);
    }

    proptest! {
        #[test]
        fn what_a_distance_is_at_most_is_no_less(
            lat in -90.0..=90.0f64, lon in -180.0..=180.0f64, north in -1.0..1.0f64, east in -1.0..1.0f64, scale in 0i32..9,
        ) {
            let from = at(lat, lon);
            let by = 100.0 * 10f64.powi(-scale);
            let to = at((lat + north * by).clamp(-90.0, 90.0), normalise_lon(lon + east * by));
            prop_assert!(at_most_m(from, to) >= distance_m(from, to), "{from:?} {to:?}");
        }
    }

    #[test]
    fn what_a_distance_is_at_most_is_near_it_at_the_equator() {
        let (from, to) = (at(0.0, 10.0), at(0.1, 10.1));
        assert!(at_most_m(from, to) < distance_m(from, to) * 1.001);
    }

    #[test]
    fn segment_distance_takes_the_short_way_across_the_antimeridian() {
        let metres = segment_distance_m(at(1.0, -179.999), at(0.0, 179.999), at(2.0, 179.999));
        let expected = 0.002 * DEGREE_M * 1f64.to_radians().cos();
        assert!((metres - expected).abs() < 0.01, "{metres} against {expected}");
        assert!((segment_distance_m(at(0.0, 0.0), at(0.0, 0.01), at(0.0, 0.02)) - 0.01 * DEGREE_M).abs() < 0.01);
        assert_eq!(segment_distance_m(at(5.0, 5.0), at(5.0, 5.0), at(5.0, 5.0)), 0.0);
    }

    #[test]
    fn interpolation_stays_on_the_short_way() {
        assert_eq!(interpolate(at(0.0, 179.0), at(2.0, -179.0), 0.5), at(1.0, -180.0));
        assert_eq!(interpolate(at(0.0, 10.0), at(2.0, 20.0), 0.25), at(0.5, 12.5));
    }

    proptest! {
        #[test]
        fn destination_lies_at_the_distance_and_bearing_asked_for(
            lat in -85.0..85.0, lon in -180.0..180.0, bearing in 0.0..360.0, metres in 1.0..500_000.0,
        ) {
            let from = at(lat, lon);
            let to = destination(from, bearing, metres);
            prop_assert!((distance_m(from, to) - metres).abs() < 0.01);
            prop_assert!(lon_delta(bearing, bearing_deg(from, to)).abs() < 0.01);
            prop_assert!(to.check().is_ok());
        }

        #[test]
        fn longitudes_normalise_to_one_turn(lon in -1e4..1e4) {
            let normal = normalise_lon(lon);
            prop_assert!((-180.0..180.0).contains(&normal));
            prop_assert!(lon_delta(lon, normal).abs() < 1e-9);
        }
    }
}
