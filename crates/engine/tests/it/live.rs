//! The live stream: events are never lost, positions conflate, nobody hears what is not theirs.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;
use tracklane_core::Invalid;
use tracklane_core::event::{Event, EventKind, LogPosition};
use tracklane_core::id::{DeviceId, DriverId, ShipmentId};
use tracklane_core::lifecycle::Status;
use tracklane_core::model::{Caller, DeviceLatest, Role};
use tracklane_core::position::{Attributes, Point};
use tracklane_engine::Error;
use tracklane_engine::live::{Filter, LiveItem, Subscription, Viewport};
use tracklane_engine::shipments::{NewFact, NewShipment};

use super::stage::{Stage, on_both};
use crate::kit::Ground;

on_both!(
    events_come_as_they_are_logged_and_positions_as_they_are_published,
    a_resumed_stream_misses_nothing_and_repeats_nothing,
    a_slow_reader_gets_every_event_and_the_newest_positions,
    dropped_calls_lose_nothing,
    filters_let_through_what_they_name,
    a_viewport_hears_of_a_device_until_it_has_left,
    nobody_hears_what_is_not_theirs,
    a_customer_hears_where_their_goods_are_and_not_who_has_them,
    the_end_of_the_engine_ends_the_stream,
);

impl Stage {
    async fn listen(&self, caller: &Caller, filter: Filter, resume: Option<LogPosition>) -> Ear {
        let stream = self.engine.live.subscribe(caller, filter, resume).await.unwrap();
        Ear { stream, events: VecDeque::new(), positions: VecDeque::new(), ready: false }
    }

    fn latest(&self, device: DeviceId, driver: Option<DriverId>, lat: f64, lon: f64) -> DeviceLatest {
        DeviceLatest {
            device_id: device,
            driver_id: driver,
            fix_time: self.env.now(),
            received_at: self.env.now(),
            point: Point { lat, lon },
            speed_mps: None,
            course_deg: None,
            accuracy_m: None,
            altitude_m: None,
            attributes: Attributes::new(),
        }
    }

    fn publish(&self, latest: &DeviceLatest, shipments: &[ShipmentId]) {
        self.engine.live.publish_positions(self.tenant.id, std::iter::once((latest, shipments.to_vec())));
    }

    fn many(&self, count: usize) -> Vec<Event> {
        (0..count).map(|_| self.draft(self.tenant.id, EventKind::ZoneEntered, None)).collect()
    }
}

/// A listener who keeps events and positions apart: which of the two comes first is nobody's promise.
struct Ear {
    stream: Subscription,
    events: VecDeque<(LogPosition, Event)>,
    positions: VecDeque<DeviceLatest>,
    ready: bool,
}

impl Ear {
    /// Takes up the next item; false when there is none for so long.
    async fn listen(&mut self, patience: Duration) -> bool {
        let Ok(item) = tokio::time::timeout(patience, self.stream.next()).await else { return false };
        match item.unwrap() {
            LiveItem::Ready => self.ready = true,
            LiveItem::Event { position, event } => self.events.push_back((position, (*event).clone())),
            LiveItem::Position(latest) => self.positions.push_back((*latest).clone()),
        }
        true
    }

    async fn placed_event(&mut self) -> (LogPosition, Event) {
        while self.events.is_empty() {
            assert!(self.listen(Duration::from_secs(30)).await, "no event");
        }
        self.events.pop_front().unwrap()
    }

    async fn event(&mut self) -> Event {
        self.placed_event().await.1
    }

    async fn position(&mut self) -> DeviceLatest {
        while self.positions.is_empty() {
            assert!(self.listen(Duration::from_secs(30)).await, "no position");
        }
        self.positions.pop_front().unwrap()
    }

    async fn is_ready(&mut self) -> bool {
        while !self.ready && self.listen(Duration::from_secs(30)).await {}
        self.ready
    }

    /// True when there is nothing left to hear, and nothing comes for a while.
    async fn is_silent(&mut self) -> bool {
        while self.listen(Duration::from_millis(300)).await {}
        self.events.is_empty() && self.positions.is_empty()
    }
}

async fn events_come_as_they_are_logged_and_positions_as_they_are_published(ground: Ground) {
    let stage = Stage::new(ground).await;
    let mut all = stage.listen(&stage.caller, Filter::everything(), None).await;
    assert!(all.is_ready().await);
    let shipment = stage.shipment(&stage.caller, None, None).await;
    let event = stage.happen(EventKind::StatusChanged, Some(shipment)).await;
    assert_eq!(all.event().await, event);
    let latest = stage.latest(DeviceId::new(&stage.env), None, 41.1, -8.6);
    stage.publish(&latest, &[]);
    assert_eq!(all.position().await, latest);
    assert_eq!(stage.engine.live.connections(), 1);
    drop(all);
    assert_eq!(stage.engine.live.connections(), 0);
}

async fn a_resumed_stream_misses_nothing_and_repeats_nothing(ground: Ground) {
    let stage = Stage::new(ground).await;
    let mut first = stage.listen(&stage.caller, Filter::everything(), None).await;
    let logged = stage.append(stage.many(1_000)).await;
    let mut place = LogPosition::default();
    for expected in &logged[..400] {
        let (position, event) = first.placed_event().await;
        assert_eq!(event.id, expected.id);
        place = position;
    }
    drop(first);
    let later = stage.append(stage.many(100)).await;
    stage.shows(&later[99]).await;
    let mut again = stage.listen(&stage.caller, Filter::everything(), Some(place)).await;
    for expected in logged[400..].iter().chain(&later) {
        assert!(!again.ready, "ready too early");
        assert_eq!(again.event().await.id, expected.id);
    }
    assert!(again.is_ready().await);
    // Over a restart as well: the place is one in the log, not in memory.
    let stage = {
        drop(again);
        stage.restart().await
    };
    let mut once_more = stage.listen(&stage.caller, Filter::everything(), Some(place)).await;
    for expected in logged[400..].iter().chain(&later) {
        assert_eq!(once_more.event().await.id, expected.id);
    }
    assert!(once_more.is_ready().await);
    let beyond = LogPosition { transaction: 0, number: 1_000_000 };
    let mut lost = stage.listen(&stage.caller, Filter::everything(), Some(beyond)).await;
    assert!(lost.is_ready().await);
}

async fn a_slow_reader_gets_every_event_and_the_newest_positions(ground: Ground) {
    let stage = Stage::new(ground).await;
    let mut slow = stage.listen(&stage.caller, Filter::everything(), None).await;
    let viewport = Some(Viewport { west: -9.0, south: 40.0, east: -7.0, north: 41.0 });
    let mut of_a_map = stage.listen(&stage.caller, Filter { viewport, ..Filter::default() }, None).await;
    let mut logged = Vec::new();
    // More than memory keeps.
    for _ in 0..5 {
        logged.extend(stage.append(stage.many(2_000)).await);
    }
    let devices: Vec<_> = (0..3).map(|_| DeviceId::new(&stage.env)).collect();
    for step in 0..1_000 {
        let device = devices[step % 3];
        stage.publish(&stage.latest(device, None, 40.0 + step as f64 / 1_000.0, -8.0), &[]);
    }
    for expected in &logged {
        assert_eq!(slow.event().await.id, expected.id);
    }
    for ear in [&mut slow, &mut of_a_map] {
        let mut heard = [ear.position().await, ear.position().await, ear.position().await];
        heard.sort_by(|one, other| one.point.lat.total_cmp(&other.point.lat));
        for (latest, (device, step)) in heard.iter().zip([(devices[1], 997), (devices[2], 998), (devices[0], 999)]) {
            assert_eq!((latest.device_id, latest.point.lat), (device, 40.0 + f64::from(step) / 1_000.0));
        }
        assert!(ear.is_silent().await);
    }
}

async fn dropped_calls_lose_nothing(ground: Ground) {
    let stage = Stage::new(ground).await;
    let driver = stage.driver().await;
    let own = stage.shipment(&stage.caller, None, Some(driver)).await;
    let caller = Caller { driver_id: Some(driver), ..stage.as_role(Role::Driver) };
    let mut stream = stage.listen(&caller, Filter::everything(), None).await;
    let drafts = (0..200).map(|_| stage.draft(stage.tenant.id, EventKind::FactRecorded, Some(own))).collect();
    let logged = stage.append(drafts).await;
    let mut heard = Vec::new();
    while heard.len() < logged.len() {
        // Polled once and dropped, more often than not in the middle.
        let polled = tokio::select! {
            biased;
            item = stream.stream.next() => Some(item.unwrap()),
            () = tokio::task::yield_now() => None,
        };
        if let Some(LiveItem::Event { event, .. }) = polled {
            heard.push(event.id);
        }
    }
    assert_eq!(heard, logged.iter().map(|event| event.id).collect::<Vec<_>>());
}

async fn filters_let_through_what_they_name(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (one, two) = (stage.shipment(&stage.caller, None, None).await, stage.shipment(&stage.caller, None, None).await);
    let driver = stage.driver().await;
    let device = DeviceId::new(&stage.env);
    let mut named = stage.listen(&stage.caller, Filter { shipments: vec![one], ..Filter::default() }, None).await;
    let mut typed = Filter { events: vec!["status.changed".to_owned()], ..Filter::everything() };
    let mut by_type = stage.listen(&stage.caller, typed.clone(), None).await;
    let mut by_driver = stage.listen(&stage.caller, Filter { drivers: vec![driver], ..Filter::default() }, None).await;
    let mut nothing = stage.listen(&stage.caller, Filter::default(), None).await;
    stage.happen(EventKind::StatusChanged, Some(two)).await;
    let fact = stage.happen(EventKind::FactRecorded, Some(one)).await;
    let mut assigned = stage.draft(stage.tenant.id, EventKind::DriverAssigned, Some(two));
    assigned.driver_id = Some(driver);
    let assigned = stage.append(vec![assigned]).await.remove(0);
    let latest = stage.latest(device, Some(driver), 41.0, -8.0);
    stage.publish(&stage.latest(device, Some(driver), 42.0, -8.0), &[two]);
    assert_eq!(named.event().await, fact);
    assert!(named.is_silent().await, "a driver's position comes with the shipments they carry alone");
    stage.publish(&latest, &[two, one]);
    assert_eq!(named.position().await, latest);
    assert_eq!(by_driver.event().await, assigned);
    assert_eq!(by_driver.position().await, latest);
    assert_eq!(by_type.event().await.kind, EventKind::StatusChanged);
    assert!(by_type.is_silent().await, "other types and positions were not asked for");
    assert!(nothing.is_silent().await);

    typed.events = vec!["location.updated".to_owned()];
    by_type.stream.set_filter(typed.clone()).unwrap();
    stage.happen(EventKind::StatusChanged, Some(two)).await;
    stage.publish(&latest, &[]);
    assert_eq!(by_type.position().await, latest);
    typed.events = vec!["nonsense".to_owned()];
    let Err(Error::Invalid(Invalid(errors))) = by_type.stream.set_filter(typed) else { panic!("taken") };
    assert_eq!(errors[0].pointer, "#/events/0");
    stage.publish(&latest, &[]);
    assert_eq!(by_type.position().await, latest, "the filter before stays");
}

async fn a_viewport_hears_of_a_device_until_it_has_left(ground: Ground) {
    let stage = Stage::new(ground).await;
    let viewport = Some(Viewport { west: -9.0, south: 41.0, east: -8.0, north: 42.0 });
    let mut map = stage.listen(&stage.caller, Filter { viewport, ..Filter::default() }, None).await;
    let device = DeviceId::new(&stage.env);
    stage.publish(&stage.latest(device, None, 41.5, -7.9), &[]);
    assert!(map.is_silent().await);
    for lon in [-8.1, -7.9] {
        stage.publish(&stage.latest(device, None, 41.5, lon), &[]);
        assert_eq!(map.position().await.point.lon, lon);
    }
    stage.publish(&stage.latest(device, None, 41.5, -7.8), &[]);
    assert!(map.is_silent().await);
}

async fn nobody_hears_what_is_not_theirs(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (driver, colleague) = (stage.driver().await, stage.driver().await);
    let (sender, other) = (stage.customer().await, stage.customer().await);
    let own = stage.shipment(&stage.caller, Some(sender), Some(driver)).await;
    let foreign = stage.shipment(&stage.caller, Some(other), Some(colleague)).await;
    let as_driver = Caller { driver_id: Some(driver), ..stage.as_role(Role::Driver) };
    let as_customer = Caller { customer_id: Some(sender), ..stage.as_role(Role::Customer) };
    let stranger = stage.stranger().await;
    // Asking for the other's shipment by name opens nothing.
    let filter = Filter { shipments: vec![own, foreign], drivers: vec![driver, colleague], ..Filter::everything() };
    let mut driving = stage.listen(&as_driver, filter.clone(), None).await;
    let mut sending = stage.listen(&as_customer, filter.clone(), None).await;
    let mut elsewhere = stage.listen(&stranger, filter.clone(), None).await;
    let device = stage.engine.live.subscribe(&stage.as_role(Role::Device), filter, None).await;
    assert!(matches!(device, Err(Error::Forbidden)));

    stage.happen(EventKind::StatusChanged, Some(foreign)).await;
    stage.happen(EventKind::ZoneEntered, None).await;
    let mine = stage.happen(EventKind::StatusChanged, Some(own)).await;
    let (phone, their_phone) = (DeviceId::new(&stage.env), DeviceId::new(&stage.env));
    stage.publish(&stage.latest(their_phone, Some(colleague), 41.0, -8.0), &[foreign]);
    let latest = stage.latest(phone, Some(driver), 41.0, -8.0);
    stage.publish(&latest, &[own]);
    assert_eq!(driving.event().await, mine);
    assert_eq!(driving.position().await, latest);
    assert_eq!(sending.event().await, mine);
    let place = sending.position().await;
    assert_eq!((place.point, place.driver_id), (latest.point, None), "a customer hears where, not who");
    assert!(driving.is_silent().await && sending.is_silent().await);
    // Off the way of their shipments, a driver's whereabouts are no customer's business.
    stage.publish(&latest, &[]);
    assert_eq!(driving.position().await, latest);
    assert!(sending.is_silent().await && elsewhere.is_silent().await);

    let theirs = stage.append(vec![stage.draft(stranger.tenant_id, EventKind::ZoneEntered, None)]).await.remove(0);
    assert_eq!(elsewhere.event().await, theirs);
    assert!(driving.is_silent().await);
}

async fn a_customer_hears_where_their_goods_are_and_not_who_has_them(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (driver, sender) = (stage.driver().await, stage.customer().await);
    let shipments = &stage.engine.shipments;
    let new = NewShipment { sender_id: Some(sender), ..NewShipment::default() };
    let id = shipments.create(&stage.caller, new).await.unwrap().shipment.id;
    let as_customer = Caller { customer_id: Some(sender), ..stage.as_role(Role::Customer) };
    let mut sending = stage.listen(&as_customer, Filter::everything(), None).await;
    let mut driving = stage.latest(DeviceId::new(&stage.env), Some(driver), 41.0, -8.0);
    driving.attributes.insert("batt".to_owned(), json!(50));
    // Waits for the change of the status, and answers whether a position is heard from then on.
    let heard_from = async |sending: &mut Ear, status: &str| {
        let mut told = String::new();
        loop {
            let event = sending.event().await;
            told.push_str(&json!(event).to_string());
            if event.kind == EventKind::StatusChanged && event.data["status"] == status {
                break;
            }
        }
        assert!(!told.contains(&driver.to_string()) && !told.contains("\"actor\""), "{told}");
        stage.publish(&driving, &[id]);
        let silent = {
            while sending.listen(Duration::from_millis(300)).await {}
            sending.positions.is_empty()
        };
        (!silent).then(|| sending.positions.pop_front().unwrap())
    };
    shipments.assign(&stage.caller, id, driver).await.unwrap();
    assert_eq!(heard_from(&mut sending, "assigned").await, None, "the driver is on the way with something else");
    stage.advance(60);
    shipments.record(&stage.caller, id, NewFact::scan(Status::PickedUp)).await.unwrap();
    let place = heard_from(&mut sending, "picked_up").await.expect("the goods are there");
    assert_eq!(place, DeviceLatest { driver_id: None, attributes: Attributes::new(), ..driving.clone() });
    stage.advance(60);
    shipments.record(&stage.caller, id, NewFact::scan(Status::Delivered)).await.unwrap();
    assert_eq!(heard_from(&mut sending, "delivered").await, None, "the driver goes on without them");
}

async fn the_end_of_the_engine_ends_the_stream(ground: Ground) {
    let stage = Stage::new(ground).await;
    let mut stream = stage.listen(&stage.caller, Filter::everything(), None).await;
    assert!(stream.is_ready().await);
    stage.engine.shutdown().await;
    assert!(matches!(stream.stream.next().await, Err(Error::Unavailable(_))));
}
