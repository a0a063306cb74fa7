//! Who was sent away, for whoever has to make it known; and alarms that come without a position.

use tracklane_core::event::{EventKind, LogPosition};
use tracklane_engine::access::WhySentAway;
use tracklane_engine::log::EventFilter;

use crate::support::{IMEI, World, exchange, report, stream, talk};

fn named(world: &World, nobodys: bool) -> Vec<(String, WhySentAway, u64)> {
    let found = world.engine.access.unknown_devices(&world.caller, nobodys);
    found.into_iter().map(|device| (device.identifier, device.why, device.count)).collect()
}

#[tokio::test]
async fn an_operator_sees_who_knocked_until_it_is_let_in() {
    let world = World::new().await;
    let bound = format!("gt06+tcp://127.0.0.1:0?tenant={}", world.tenant.slug);
    let gateway = world.gateway(&["teltonika+tcp://127.0.0.1:0", &bound]).await;
    for _ in 0..3 {
        exchange(&gateway, "teltonika", &[&talk(stream("teltonika"), 0..1)]).await;
    }
    assert_eq!(named(&world, false), [], "nobody can say whose it is");
    assert_eq!(named(&world, true), [(IMEI.to_owned(), WhySentAway::Unknown, 3)]);
    exchange(&gateway, "gt06", &[&talk(stream("gt06"), 0..1)]).await;
    assert_eq!(named(&world, false).len(), 1, "it came to the tenant's own port");
    let seen = world.engine.access.unknown_devices(&world.caller, true);
    let protocols: Vec<_> = seen.iter().map(|device| device.protocol).collect();
    assert!(protocols.contains(&"gt06") && protocols.contains(&"teltonika"), "{protocols:?}");
    let other = world.tenant("other").await;
    assert_eq!(world.engine.access.unknown_devices(&other, false), []);
    let device = world.device(IMEI).await;
    assert!(named(&world, true).iter().all(|(name, ..)| name != IMEI), "it may come in now");
    world.engine.access.set_device_credential(&world.caller, device.id).await.unwrap();
    let found = named(&world, false);
    assert!(found.contains(&(IMEI.to_owned(), WhySentAway::Credential, 3)), "{found:?}");
    assert_eq!(world.engine.access.unknown_devices(&other, true), [], "whose it is concerns nobody else");
}

#[tokio::test]
async fn an_alarm_without_a_position_becomes_an_event() {
    let world = World::new().await;
    let gateway = world.gateway(&["gps103+tcp://127.0.0.1:0", "h02+tcp://127.0.0.1:0"]).await;
    let device = world.device(IMEI).await;
    let alarm = format!("imei:{IMEI},help me,,,L,;");
    let first = (stream("gps103").encode)(&report(0), 0).unwrap();
    exchange(&gateway, "gps103", &[&(stream("gps103").login)(IMEI).unwrap(), &first, alarm.as_bytes()]).await;
    let alarms = async || {
        let filter = EventFilter::default();
        let log = world.engine.log.events(&world.caller, &filter, LogPosition::default(), 100);
        let events = log.await.unwrap().into_iter().map(|(_, event)| event);
        events.filter(|event| event.kind == EventKind::DeviceAlarm).collect::<Vec<_>>()
    };
    crate::support::eventually("an event", async || !alarms().await.is_empty()).await;
    // In the same submission as the first place that the device ever said, too.
    let told = alarms().await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].device_id, told[0].data["alarm"].as_str()), (Some(device.id), Some("sos")));
}
