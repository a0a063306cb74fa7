//! The zones of a simulation, on a plane in metres, and the plain geometry that the oracle believes in.

use fastrand::Rng;
use serde_json::{Value, json};
use tracklane_core::position::Point;

use crate::drive::{BLOCK_M, Crossing, HALF_CITY, place};
use crate::trip::moved_m;

/// Metres east and north of the middle of the city.
pub(super) type Place = (f64, f64);

/// A zone.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Area {
    /// Everything within a radius, in metres.
    Circle { centre: Place, radius_m: f64 },
    /// An outer ring and holes in it; no ring names its first corner twice.
    Polygon(Vec<Vec<Place>>),
}

impl Area {
    /// True inside.
    pub fn contains(&self, at: Place) -> bool {
        match self {
            Self::Circle { centre, radius_m } => distance(*centre, at) < *radius_m,
            // Even-odd: a ray to the east crosses the rings an odd number of times.
            Self::Polygon(rings) => {
                let crossed = edges(rings).filter(|(a, b)| {
                    (a.1 > at.1) != (b.1 > at.1) && at.0 < a.0 + (at.1 - a.1) / (b.1 - a.1) * (b.0 - a.0)
                });
                crossed.count() % 2 == 1
            }
        }
    }

    /// How far outside the edge, in metres; negative inside.
    pub fn distance_m(&self, at: Place) -> f64 {
        match self {
            Self::Circle { centre, radius_m } => distance(*centre, at) - radius_m,
            Self::Polygon(rings) => {
                let nearest = edges(rings).map(|(a, b)| to_segment(at, a, b)).fold(f64::INFINITY, f64::min);
                if self.contains(at) { -nearest } else { nearest }
            }
        }
    }

    /// The lower left and the upper right corner of the box around it.
    pub fn bounds(&self) -> (Place, Place) {
        match self {
            Self::Circle { centre: (east, north), radius_m } => {
                ((east - radius_m, north - radius_m), (east + radius_m, north + radius_m))
            }
            Self::Polygon(rings) => {
                let none = ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
                rings.iter().flatten().fold(none, |(low, high), at| {
                    ((low.0.min(at.0), low.1.min(at.1)), (high.0.max(at.0), high.1.max(at.1)))
                })
            }
        }
    }

    /// The geometry as the API takes it, with the radius of a circle.
    pub fn geometry(&self, middle: Point) -> (Value, Option<f64>) {
        let position = |(east, north): &Place| {
            let point = moved_m(middle, *east, *north);
            [point.lon, point.lat]
        };
        match self {
            Self::Circle { centre, radius_m } => {
                (json!({ "type": "Point", "coordinates": position(centre) }), Some(*radius_m))
            }
            Self::Polygon(rings) => {
                let closed =
                    |ring: &Vec<Place>| -> Vec<[f64; 2]> { ring.iter().chain(ring.first()).map(position).collect() };
                let rings: Vec<_> = rings.iter().map(closed).collect();
                (json!({ "type": "Polygon", "coordinates": rings }), None)
            }
        }
    }
}

fn edges(rings: &[Vec<Place>]) -> impl Iterator<Item = (Place, Place)> {
    rings.iter().flat_map(|ring| {
        let next = ring.iter().cycle().skip(1);
        ring.iter().copied().zip(next.copied())
    })
}

pub(super) fn distance(a: Place, b: Place) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn to_segment(at: Place, a: Place, b: Place) -> f64 {
    let (along, off) = ((b.0 - a.0, b.1 - a.1), (at.0 - a.0, at.1 - a.1));
    let square = along.0 * along.0 + along.1 * along.1;
    let fraction = if square > 0.0 { ((off.0 * along.0 + off.1 * along.1) / square).clamp(0.0, 1.0) } else { 0.0 };
    distance(at, (a.0 + along.0 * fraction, a.1 + along.1 * fraction))
}

/// Zones of a city: circles around its hubs and elsewhere, jagged polygons, and some of these with a hole.
pub(super) fn areas(rng: &mut Rng, hubs: &[Crossing], count: usize) -> Vec<Area> {
    (0..count)
        .map(|number| match number % 4 {
            0 | 2 if number / 2 < hubs.len() => {
                Area::Circle { centre: place(hubs[number / 2]), radius_m: size(rng, 160.0..420.0) }
            }
            0 | 2 => Area::Circle { centre: somewhere(rng), radius_m: size(rng, 160.0..420.0) },
            1 => {
                let centre = somewhere(rng);
                Area::Polygon(vec![jagged(rng, centre, 220.0, 600.0)])
            }
            _ => {
                let centre = somewhere(rng);
                Area::Polygon(vec![jagged(rng, centre, 620.0, 900.0), jagged(rng, centre, 240.0, 300.0)])
            }
        })
        .collect()
}

/// Anywhere in the city, but on no street.
fn somewhere(rng: &mut Rng) -> Place {
    let mut axis = || (f64::from(rng.i32(-HALF_CITY..HALF_CITY)) + 0.2 + 0.6 * rng.f64()) * BLOCK_M;
    (axis(), axis())
}

fn size(rng: &mut Rng, range: std::ops::Range<f64>) -> f64 {
    (range.start + rng.f64() * (range.end - range.start)).round()
}

/// A ring of five to eleven corners around a centre, each between two distances from it.
fn jagged(rng: &mut Rng, centre: Place, nearest: f64, furthest: f64) -> Vec<Place> {
    let corners = rng.u32(5..12);
    let turn = rng.f64();
    (0..corners)
        .map(|corner| {
            let angle = (f64::from(corner) + turn + 0.5 * rng.f64()) / f64::from(corners) * std::f64::consts::TAU;
            let away = size(rng, nearest..furthest);
            (centre.0 + away * angle.cos(), centre.1 + away * angle.sin())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_outside_and_distances_are_those_to_the_nearest_edge() {
        let square = |half: f64| vec![(-half, -half), (half, -half), (half, half), (-half, half)];
        let ring = Area::Polygon(vec![square(100.0), square(20.0)]);
        for (at, expected) in [
            ((0.0, 0.0), 20.0),
            ((25.0, 0.0), -5.0),
            ((90.0, 3.0), -10.0),
            ((103.0, 104.0), 5.0),
            ((0.0, -150.0), 50.0),
        ] {
            assert!((ring.distance_m(at) - expected).abs() < 1e-9, "{at:?} {}", ring.distance_m(at));
            assert_eq!(ring.contains(at), expected < 0.0);
        }
        assert_eq!(ring.bounds(), ((-100.0, -100.0), (100.0, 100.0)));
        let circle = Area::Circle { centre: (10.0, 0.0), radius_m: 5.0 };
        assert_eq!((circle.distance_m((18.0, 0.0)), circle.contains((14.9, 0.0))), (3.0, true));
    }

    #[test]
    fn polygons_close_their_rings_and_a_seed_gives_the_same_zones() {
        let make = |seed| {
            let mut rng = Rng::with_seed(seed);
            areas(&mut rng, &[(0, 0), (5, 5)], 12)
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
        for area in make(3) {
            let (geometry, radius_m) = area.geometry(Point { lat: 41.0, lon: -8.0 });
            let rings = geometry["coordinates"].as_array().unwrap();
            match geometry["type"].as_str() {
                Some("Point") => assert!(radius_m.is_some()),
                _ => assert!(
                    rings.iter().all(|ring| ring[0] == ring.as_array().unwrap()[ring.as_array().unwrap().len() - 1])
                ),
            }
        }
    }
}
