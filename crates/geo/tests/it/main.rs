//! Geofences as a whole: real ones from the corpus, the index against brute force, tracks through zones, speed.

mod border;
mod corpus;
mod corridor;
mod index;
mod speed;
mod trips;
mod visits;

use serde_json::json;
use tracklane_core::position::Point;
use tracklane_geo::Shape;

fn at(lat: f64, lon: f64) -> Point {
    Point { lat, lon }
}

fn circle(center: Point, radius_m: f64) -> Shape {
    let geometry = json!({ "type": "Point", "coordinates": [center.lon, center.lat] });
    Shape::parse(&geometry, Some(radius_m)).expect("a circle")
}

/// A regular polygon with `corners` corners.
fn round(center: Point, radius_m: f64, corners: u32) -> Shape {
    let corner = |number: u32| {
        let bearing = f64::from(number % corners) / f64::from(corners) * 360.0;
        let point = tracklane_geo::distance::destination(center, bearing, radius_m);
        json!([point.lon, point.lat])
    };
    let ring: Vec<_> = (0..=corners).map(corner).collect();
    Shape::parse(&json!({ "type": "Polygon", "coordinates": [ring] }), None).expect("a regular polygon")
}
