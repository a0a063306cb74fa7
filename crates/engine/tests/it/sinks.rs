//! Brokers are told all that they want, in order, over failures and restarts, and none waits for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tracklane_core::cloudevent::CloudEvent;
use tracklane_core::event::{Event, EventKind};
use tracklane_core::id::EventId;
use tracklane_core::ports::{BoxFuture, EventSink, SinkError};
use tracklane_engine::sinks::Sink;
use tracklane_store::{Scope, cursors};

use super::stage::{Stage, eventually, on_both};
use crate::kit::Ground;

on_both!(
    all_is_told_in_order_and_once,
    a_new_sink_begins_with_what_happens_next,
    a_sink_on_an_empty_log_hears_the_first_event,
    filters_choose_events_and_tenants,
    what_failed_is_told_again_and_what_follows_waits,
    a_sink_that_is_stuck_holds_up_no_other,
    a_restart_goes_on_where_it_was,
    of_two_nodes_one_tells,
);

/// A broker in memory.
#[derive(Default)]
struct Broker {
    told: Mutex<Vec<CloudEvent>>,
    /// Takes the first event of each call, and then fails.
    failing: AtomicBool,
    /// Never answers.
    stuck: AtomicBool,
}

impl EventSink for Broker {
    fn publish(&self, events: Vec<CloudEvent>) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            if self.stuck.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.failing.load(Ordering::SeqCst) {
                self.told.lock().extend(events.into_iter().take(1));
                return Err(SinkError("the broker is away".to_owned()));
            }
            self.told.lock().extend(events);
            Ok(())
        })
    }
}

impl Broker {
    fn told(&self) -> Vec<EventId> {
        self.told.lock().iter().map(|event| event.id).collect()
    }

    async fn has(&self, events: &[Event]) {
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        eventually("the broker to be told", || async { (self.told().len() >= ids.len()).then_some(()) }).await;
        assert_eq!(self.told(), ids);
    }
}

/// One that wants everything from now on.
fn sink(name: &str, broker: &Arc<Broker>) -> Sink {
    let (events, tenants) = (Vec::new(), Vec::new());
    Sink { name: name.to_owned(), events, tenants, from_beginning: false, to: broker.clone() }
}

impl Stage {
    fn publish_to(&self, name: &str, broker: &Arc<Broker>) {
        self.publish_some(name, &[], &[], broker);
    }

    fn publish_some(&self, name: &str, events: &[&str], tenants: &[&str], broker: &Arc<Broker>) {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let sink = Sink { events: owned(events), tenants: owned(tenants), from_beginning: true, ..sink(name, broker) };
        self.engine.sinks.start(vec![sink], "https://track.example.com");
    }

    fn publish_from_now(&self, name: &str, broker: &Arc<Broker>) {
        self.engine.sinks.start(vec![sink(name, broker)], "https://track.example.com");
    }
}

async fn all_is_told_in_order_and_once(ground: Ground) {
    let stage = Stage::new(ground).await;
    let broker = Arc::new(Broker::default());
    let shipment = stage.shipment(&stage.caller, None, None).await;
    stage.publish_to("broker", &broker);
    let mut drafts = Vec::new();
    for _ in 0..600 {
        drafts.push(stage.draft(stage.tenant.id, EventKind::StatusChanged, Some(shipment)));
        drafts.push(stage.draft(stage.tenant.id, EventKind::DriverAssigned, None));
    }
    let events = stage.append(drafts).await;
    let made = eventually("all events", || async {
        let told = broker.told.lock().clone();
        (told.iter().filter(|event| event.id == events[1_198].id || event.id == events[1_199].id).count() == 2)
            .then_some(told)
    })
    .await;
    let of_shipment: Vec<&CloudEvent> = made.iter().filter(|event| event.sequence.is_some()).collect();
    let numbers: Vec<i64> = of_shipment.iter().filter_map(|event| event.sequence).collect();
    assert!(numbers.is_sorted() && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "each number once, in order");
    let mut ids: Vec<EventId> = made.iter().map(|event| event.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), made.len(), "none twice");
    let last = of_shipment.last().unwrap();
    assert_eq!(last.source, format!("https://track.example.com/tenants/{}", stage.tenant.id));
    assert_eq!((last.subject.clone(), last.kind), (Some(shipment.to_string()), "shipment.status_changed"));
    assert_eq!(last.data["shipment_id"], shipment.to_string());
    let state = eventually("the place in the log", || async {
        let states = stage.engine.sinks.states().await.unwrap();
        (states[0].lag == 0).then(|| states[0].clone())
    })
    .await;
    assert_eq!(
        (state.name.as_str(), state.published, state.failed, state.trouble),
        ("broker", made.len() as u64, 0, None)
    );
}

async fn a_new_sink_begins_with_what_happens_next(ground: Ground) {
    let stage = Stage::new(ground).await;
    let old = stage.happen(EventKind::DriverAssigned, None).await;
    stage.shows(&old).await;
    let broker = Arc::new(Broker::default());
    stage.publish_from_now("new", &broker);
    eventually("its place in the log", || async {
        let states = stage.engine.sinks.states().await.unwrap();
        (states[0].lag == 0).then_some(())
    })
    .await;
    let new = stage.happen(EventKind::DriverUnassigned, None).await;
    broker.has(&[new]).await;
}

async fn a_sink_on_an_empty_log_hears_the_first_event(ground: Ground) {
    let stage = Stage::new(ground).await;
    let broker = Arc::new(Broker::default());
    stage.publish_from_now("first", &broker);
    eventually("its place in the log", || async {
        let mut db = stage.store.read(Scope::System).await.unwrap();
        cursors::find_any_tenant(&mut db, "sink.first").await.unwrap()
    })
    .await;
    let first = stage.happen(EventKind::ZoneEntered, None).await;
    broker.has(&[first]).await;
}

async fn filters_choose_events_and_tenants(ground: Ground) {
    let stage = Stage::new(ground).await;
    let stranger = stage.stranger().await;
    let [zones, mine, by_id] = [0; 3].map(|_| Arc::new(Broker::default()));
    stage.publish_some("zones", &["zone.*", "driver.unassigned"], &[], &zones);
    stage.publish_some("mine", &[], &["one"], &mine);
    stage.publish_some("by-id", &["zone.exited"], &[&stranger.tenant_id.to_string(), "nobody"], &by_id);
    let kinds = [EventKind::ZoneEntered, EventKind::DriverAssigned, EventKind::DriverUnassigned, EventKind::ZoneExited];
    let drafts = kinds
        .into_iter()
        .flat_map(|kind| [stage.tenant.id, stranger.tenant_id].map(|tenant| stage.draft(tenant, kind, None)));
    let events = stage.append(drafts.collect()).await;
    let some =
        |wanted: &dyn Fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).cloned().collect::<Vec<_>>();
    zones.has(&some(&|event| event.kind != EventKind::DriverAssigned)).await;
    mine.has(&some(&|event| event.tenant_id == stage.tenant.id)).await;
    by_id.has(&some(&|event| event.tenant_id == stranger.tenant_id && event.kind == EventKind::ZoneExited)).await;
}

async fn what_failed_is_told_again_and_what_follows_waits(ground: Ground) {
    let stage = Stage::new(ground).await;
    let shipment = stage.shipment(&stage.caller, None, None).await;
    let broker = Arc::new(Broker::default());
    broker.failing.store(true, Ordering::SeqCst);
    stage.publish_some("broker", &["shipment.status_changed"], &[], &broker);
    let drafts = (0..3).map(|_| stage.draft(stage.tenant.id, EventKind::StatusChanged, Some(shipment)));
    let events = stage.append(drafts.collect()).await;
    let state = eventually("two failures", || async {
        let states = stage.engine.sinks.states().await.unwrap();
        (states[0].failed >= 2).then(|| states[0].clone())
    })
    .await;
    assert_eq!(state.trouble.as_deref(), Some("the broker is away"));
    assert!(state.lag > 0);
    broker.failing.store(false, Ordering::SeqCst);
    eventually("the last event", || async { broker.told().contains(&events[2].id).then_some(()) }).await;
    let mut told = broker.told();
    assert!(told.len() > 3, "the first one came again and again");
    told.dedup();
    assert_eq!(told, events.iter().map(|event| event.id).collect::<Vec<_>>(), "none overtakes another of its shipment");
    eventually("no trouble", || async {
        stage.engine.sinks.states().await.unwrap()[0].trouble.is_none().then_some(())
    })
    .await;
}

async fn a_sink_that_is_stuck_holds_up_no_other(ground: Ground) {
    let stage = Stage::new(ground).await;
    let [stuck, well] = [0; 2].map(|_| Arc::new(Broker::default()));
    stuck.stuck.store(true, Ordering::SeqCst);
    stage.publish_to("stuck", &stuck);
    stage.publish_to("well", &well);
    let events =
        stage.append((0..3).map(|_| stage.draft(stage.tenant.id, EventKind::ZoneEntered, None)).collect()).await;
    well.has(&events).await;
    assert!(stuck.told().is_empty());
    // Nor does it hold up the end.
    stage.engine.shutdown().await;
}

async fn a_restart_goes_on_where_it_was(ground: Ground) {
    let stage = Stage::new(ground).await;
    let broker = Arc::new(Broker::default());
    stage.publish_to("broker", &broker);
    let mut events = vec![stage.happen(EventKind::ZoneEntered, None).await];
    broker.has(&events).await;
    eventually("its place in the log", || async {
        (stage.engine.sinks.states().await.unwrap()[0].lag == 0).then_some(())
    })
    .await;
    let stage = stage.restart().await;
    events.push(stage.happen(EventKind::ZoneExited, None).await);
    stage.publish_to("broker", &broker);
    broker.has(&events).await;
}

async fn of_two_nodes_one_tells(ground: Ground) {
    let stage = Stage::new(ground).await;
    let [one, two] = [0; 2].map(|_| Arc::new(Broker::default()));
    // Two workers with one name are to each other what two nodes are.
    stage.publish_to("broker", &one);
    stage.publish_to("broker", &two);
    let mut events = Vec::new();
    for _ in 0..5 {
        events.push(stage.happen(EventKind::ZoneEntered, None).await);
        eventually("one of them to be told", || async {
            (one.told().len() + two.told().len() == events.len()).then_some(())
        })
        .await;
    }
    let (first, second) = if one.told().is_empty() { (&two, &one) } else { (&one, &two) };
    first.has(&events).await;
    assert!(second.told().is_empty());
    // The one that tells fails: the other one takes over where it was.
    first.failing.store(true, Ordering::SeqCst);
    events.push(stage.happen(EventKind::ZoneExited, None).await);
    second.has(&events[5..]).await;
}
