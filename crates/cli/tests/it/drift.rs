//! The client writes its own request bodies: what it writes must be what the engine reads.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracklane_client::requests;
use tracklane_core::lifecycle::{Reason, Status};
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::{Address, LocationType, Role, SpeedLimit, ZoneRules};
use tracklane_core::position::Point;
use tracklane_engine::access::NewApiKey;
use tracklane_engine::records::{NewCustomer, NewDevice, NewDriver, NewLocation, NewZone};
use tracklane_engine::shipments::{NewFact, NewShipment};
use tracklane_engine::webhooks::NewEndpoint;

/// Every field that the client writes is known to the engine, which refuses unknown ones, and is read back as it was.
fn reads<T: Serialize + DeserializeOwned>(written: &impl Serialize) {
    let written = serde_json::to_value(written).unwrap();
    let read: T = serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{error}: {written}"));
    let again = serde_json::to_value(read).unwrap();
    for (key, value) in written.as_object().unwrap() {
        if !value.is_object() && !value.is_array() {
            assert_eq!(&again[key], value, "{key}");
        }
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn what_the_client_writes_the_engine_reads() {
    let customer = requests::NewCustomer {
        reference: some("C1"),
        name: "Ana".to_owned(),
        email: some("a@b.example"),
        phone: some("+351900"),
    };
    let location = requests::NewLocation {
        reference: some("L1"),
        name: "Hub".to_owned(),
        location_type: LocationType::Hub,
        address: Address { point: Some(Point { lat: 41.1, lon: -8.6 }), ..Address::default() },
        radius_m: Some(100.0),
    };
    reads::<NewCustomer>(&customer);
    reads::<NewLocation>(&location);
    let id = |prefix: &str| format!("{prefix}_01h455vb4pex5vsknk084sn02q");
    let driver = id("drv").parse().unwrap();
    reads::<NewDriver>(&requests::NewDriver { reference: some("D1"), name: "Rui".to_owned() });
    reads::<NewDevice>(&requests::NewDevice {
        identifier: "van".to_owned(),
        name: some("Van"),
        driver_id: Some(driver),
        max_speed_mps: Some(250.0),
    });
    let geometry = serde_json::json!({ "type": "Point", "coordinates": [-8.6, 41.1] });
    let window = serde_json::json!({ "days": ["mon"], "from": "08:00", "until": "17:30" });
    let schedule = serde_json::json!({ "time_zone": "Europe/Lisbon", "windows": [window] });
    reads::<NewZone>(&requests::NewZone {
        reference: Some("D-1".to_owned()),
        name: "Depot".to_owned(),
        geometry,
        radius_m: Some(50.0),
        width_m: Some(20.0),
        rules: Some(ZoneRules { dwell_s: Some(60), ..ZoneRules::default() }),
        schedule: Some(serde_json::from_value(schedule).unwrap()),
        speed_limit: Some(SpeedLimit { limit_mps: 13.9, for_s: 10 }),
    });
    let package =
        requests::NewPackage { tracking_number: some("T1"), description: some("Parcel"), weight_kg: Some(1.5) };
    reads::<NewShipment>(&requests::NewShipment {
        reference: some("S1"),
        sender: Some(customer.clone()),
        sender_id: Some(id("cus").parse().unwrap()),
        recipient: Some(customer),
        recipient_id: Some(id("cus").parse().unwrap()),
        origin: Some(location.clone()),
        origin_id: Some(id("loc").parse().unwrap()),
        destination: Some(location),
        destination_id: Some(id("loc").parse().unwrap()),
        packages: vec![package],
        driver_id: Some(driver),
        milestones: Some(MilestonePolicy::Full),
        metadata: serde_json::from_str("{\"fragile\":true}").unwrap(),
    });
    reads::<NewFact>(&requests::NewFact {
        status: Some(Status::Delivered),
        substatus: some("neighbour"),
        reason: Some(Reason::Weather),
        raw_text: some("left with no. 7"),
        occurred_at: Some("2026-01-05T08:00:00Z".parse().unwrap()),
    });
    reads::<NewEndpoint>(&requests::NewEndpoint {
        url: "https://example.com/hook".to_owned(),
        description: some("Shop"),
        event_types: vec!["shipment.*".to_owned()],
    });
    reads::<NewApiKey>(&requests::NewApiKey {
        name: "Shop".to_owned(),
        role: Role::Operator,
        requests_per_minute: Some(60),
    });
}
