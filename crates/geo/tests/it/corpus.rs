//! Every geofence of the corpus is read; those that another library calls invalid are refused.

use std::path::PathBuf;

use serde_json::Value;
use tracklane_geo::Shape;

/// Features and how many of them touch or cross themselves, as another library counted.
const FILES: [(&str, usize, usize); 7] = [
    ("china_districts_shanghai_hangzhou_yantai", 41, 3),
    ("italy_municipalities", 7899, 0),
    ("nyc_taxi_zones", 263, 1),
    ("portugal_freguesias", 3049, 14),
    ("san_francisco_neighbourhoods", 37, 3),
    ("us_zip_dc", 53, 0),
    ("us_zip_ri", 77, 0),
];

#[test]
fn every_geofence_is_read_or_refused_with_a_reason() {
    let Some(corpus) = std::env::var_os("TRACKLANE_CORPUS") else {
        println!("left out: TRACKLANE_CORPUS is not set");
        return;
    };
    for (name, count, invalid) in FILES {
        let path = PathBuf::from(&corpus).join("geofences").join(format!("{name}.geojson"));
        let text = std::fs::read_to_string(path).expect("a file of the corpus");
        let collection: Value = serde_json::from_str(&text).expect("JSON");
        let features = collection["features"].as_array().expect("features");
        let started = std::time::Instant::now();
        let mut refused = Vec::new();
        for (number, feature) in features.iter().enumerate() {
            match Shape::parse(&feature["geometry"], None) {
                Ok(shape) => {
                    assert_eq!(Shape::parse(&shape.to_geojson().0, None), Ok(shape));
                }
                Err(error) => refused.push(format!("feature {number}: {error}")),
            }
        }
        println!("{name}: {} features, {} refused, {:?}", features.len(), refused.len(), started.elapsed());
        for reason in &refused {
            println!("    {}", reason.chars().take(300).collect::<String>());
        }
        assert_eq!((features.len(), refused.len()), (count, invalid), "{name}");
    }
}
