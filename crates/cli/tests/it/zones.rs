use serde_json::{Value, json};
use tracklane_api_types::PositionInput;
use tracklane_client::requests::NewDevice;
use tracklane_core::Timestamp;
use tracklane_core::position::Attributes;

use crate::support::{Server, api_key, err, out, run, run_with};

const START: &str = "2026-01-05T08:00:00Z";

fn collection() -> Value {
    let depot = json!({ "type": "Feature", "properties": { "title": "Depot", "no": 7, "radius_m": 200 },
        "geometry": { "type": "Point", "coordinates": [-8.61, 41.15] } });
    let bow = json!([[[0, 0], [1, 1], [1, 0], [0, 2], [0, 0]]]);
    let bow = json!({ "type": "Feature", "properties": { "title": "Bow", "no": 8 },
        "geometry": { "type": "Polygon", "coordinates": bow } });
    json!({ "type": "FeatureCollection", "features": [depot, bow] })
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_are_imported_visited_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let (url, key) = (format!("http://{}", server.address), api_key(folder.path()));
    let with = |args: &[&str]| {
        let all = [args, &["--server", url.as_str(), "--token", key.as_str()]].concat();
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let say = |args: &[&str]| {
        let args = with(args);
        run(folder.path(), &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    std::fs::write(folder.path().join("zones.geojson"), collection().to_string()).unwrap();
    let import = ["zones", "import", "zones.geojson", "--name-property", "title", "--reference-property", "no"];
    let dry = say(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(dry.status.code(), Some(1), "a row was rejected: {}", err(&dry));
    assert!(out(&dry).contains("would be created 1") && out(&dry).contains("Bow"), "{}", out(&dry));
    assert!(!out(&say(&["zones", "list"])).contains("Depot"));
    let report: Value = serde_json::from_str(&out(&say(&[&import[..], &["-o", "json"]].concat()))).unwrap();
    assert_eq!((&report["created"], &report["rejected"]), (&json!(1), &json!(1)));
    assert!(report["rows"][1]["errors"][0]["pointer"].as_str().unwrap().starts_with("#/geometry/coordinates/0"));
    let kml = "<kml><Placemark><name>Road</name><LineString><coordinates>0,0 0.1,0</coordinates></LineString></Placemark></kml>";
    let args = with(&["zones", "import", "-", "--width-m", "80"]);
    let road = run_with(folder.path(), &args.iter().map(String::as_str).collect::<Vec<_>>(), kml);
    assert!(road.status.success() && out(&road).contains("created 1"), "{}{}", out(&road), err(&road));
    let listed = out(&say(&["zones", "list"]));
    assert!(listed.contains("corridor of 80 m") && listed.contains("circle of 200 m"), "{listed}");

    let client = server.client(&key);
    let van = NewDevice { identifier: "van-7".to_owned(), ..NewDevice::default() };
    let van = client.create_device(&van).await.unwrap().id;
    let start: Timestamp = START.parse().unwrap();
    for (number, lon) in [-8.62, -8.615, -8.61, -8.61, -8.61, -8.615, -8.62].into_iter().enumerate() {
        let position = PositionInput {
            device: Some(van.to_string().into()),
            fix_time: start + jiff::SignedDuration::from_secs(30 * number as i64),
            lat: 41.15,
            lon,
            altitude_m: None,
            speed_mps: None,
            course_deg: None,
            accuracy_m: Some(5.0),
            valid: true,
            attributes: Attributes::new(),
        };
        assert_eq!(client.send_position(&position).await.unwrap().accepted, 1);
    }
    let visits = say(&["zones", "visits", "Depot", "--from", START, "--to", "2026-01-05T09:00:00Z", "-o", "json"]);
    let visits: Value = serde_json::from_str(&out(&visits)).unwrap();
    assert_eq!(visits["visits"].as_array().unwrap().len(), 1, "{visits}");
    assert_eq!(visits["visits"][0]["device_id"], van.to_string());
    let why = out(&say(&["zones", "explain", "van-7", "7", "2026-01-05T08:01:00Z"]));
    assert!(
        why.contains("entered the zone") && why.contains("told enter") && why.contains("told: zone.entered"),
        "{why}"
    );
    let missing = say(&["zones", "explain", "van-7", "Nowhere", START]);
    assert_eq!(missing.status.code(), Some(3), "{}", err(&missing));
}
