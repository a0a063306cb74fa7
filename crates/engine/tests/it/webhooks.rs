//! Webhooks, from the event log to receivers on the loopback interface.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tracklane_core::Invalid;
use tracklane_core::event::EventKind;
use tracklane_core::id::EndpointId;
use tracklane_core::model::{Attempt, AttemptOutcome, Endpoint, EndpointState, Message, MessageState, Role};
use tracklane_engine::webhooks::{NewEndpoint, Replay};
use tracklane_engine::{Error, Page};
use tracklane_notify::webhook::VerifyError;
use tracklane_store::attempts::AttemptFilter;
use tracklane_store::audit_log::AuditFilter;
use tracklane_store::endpoints::EndpointSecrets;
use tracklane_store::messages::MessageFilter;
use tracklane_store::{Scope, audit_log, endpoints};

use super::receiver::{Answer, Received, Receiver};
use super::stage::{Stage, eventually, on_both, settings};
use crate::kit::Ground;

on_both!(
    what_is_sent_says_what_happened_and_verifies,
    after_a_rotation_both_secrets_sign_for_a_day,
    silence_is_a_failure,
    failures_are_tried_again_as_planned_with_the_same_id,
    an_endpoint_that_is_gone_is_disabled_and_the_others_hear_of_it,
    three_days_without_a_success_disable_an_endpoint_until_it_is_switched_on,
    a_slow_endpoint_holds_up_itself_alone,
    what_waits_for_its_turn_is_not_sent_to_a_paused_endpoint,
    an_endpoint_without_a_readable_secret_fails_alone,
    one_shipments_messages_keep_their_order_until_one_has_failed_three_times,
    paused_endpoints_keep_their_messages,
    each_event_becomes_one_message_per_endpoint_over_restarts,
    endpoints_hear_what_they_asked_for_of_their_own_tenant,
    tests_resends_and_replays_are_messages_like_others,
    bad_endpoints_are_refused_field_by_field,
);

fn to(url: &str, types: &[&str]) -> NewEndpoint {
    NewEndpoint {
        url: url.to_owned(),
        description: None,
        event_types: types.iter().map(|text| (*text).to_owned()).collect(),
        state: EndpointState::Active,
    }
}

impl Stage {
    async fn endpoint(&self, url: &str, types: &[&str]) -> Endpoint {
        self.engine.webhooks.create(&self.caller, to(url, types)).await.unwrap()
    }

    async fn messages_to(&self, id: EndpointId) -> Vec<Message> {
        let filter = MessageFilter { endpoint_id: Some(id), ..MessageFilter::default() };
        self.engine.webhooks.messages(&self.caller, &filter, Page::first(200)).await.unwrap().items
    }

    async fn attempts_to(&self, id: EndpointId) -> Vec<Attempt> {
        let filter = AttemptFilter { endpoint_id: Some(id), ..AttemptFilter::default() };
        let mut attempts = self.engine.webhooks.attempts(&self.caller, &filter, Page::first(200)).await.unwrap().items;
        attempts.sort_by_key(|attempt| (attempt.message_id, attempt.number));
        attempts
    }

    /// Waits until so many attempts are written down.
    async fn tried(&self, id: EndpointId, count: usize) -> Vec<Attempt> {
        eventually(&format!("{count} attempts"), || async {
            let attempts = self.attempts_to(id).await;
            (attempts.len() >= count).then_some(attempts)
        })
        .await
    }

    async fn in_state(&self, id: EndpointId, state: EndpointState) -> Endpoint {
        eventually(state.as_str(), || async {
            let endpoint = self.engine.webhooks.get(&self.caller, id).await.unwrap();
            (endpoint.state == state).then_some(endpoint)
        })
        .await
    }

    /// Time enough for whatever is due to be sent.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(700)).await;
    }

    async fn audited(&self, action: &str) -> usize {
        let mut db = self.store.read(Scope::Tenant(self.tenant.id)).await.unwrap();
        let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
        audit_log::list(&mut db, &filter, Page::first(50)).await.unwrap().items.len()
    }
}

fn pointers(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
        other => panic!("{other}"),
    }
}

async fn what_is_sent_says_what_happened_and_verifies(ground: Ground) {
    let stage = Stage::new(ground).await;
    let receiver = Receiver::start().await;
    let endpoint = stage.endpoint(&receiver.url, &[]).await;
    let shipment = stage.shipment(&stage.caller, None, None).await;
    let event = stage.happen(EventKind::StatusChanged, Some(shipment)).await;

    let received = receiver.wait_for(1).await.remove(0);
    let secret = stage.engine.webhooks.secret(&stage.caller, endpoint.id).await.unwrap().secret;
    let now = stage.env.now().as_second();
    assert_eq!(received.verify(&secret, now), Ok(()));
    assert_eq!(received.verify(&secret, now + 301), Err(VerifyError::Stale));
    let body = received.json();
    assert_eq!(body["type"], "shipment.status_changed");
    assert_eq!(body["aliases"][0], "status.changed");
    assert_eq!(body["timestamp"], "2026-03-01T08:00:00Z");
    assert_eq!(body["data"]["event_id"], event.id.to_string());
    assert_eq!(body["data"]["shipment_id"], shipment.to_string());
    assert_eq!(body["data"]["sequence"], 1);
    assert_eq!(body["data"]["previous_status"], "picked_up");

    let attempts = stage.tried(endpoint.id, 1).await;
    assert_eq!((attempts[0].outcome, attempts[0].http_status), (AttemptOutcome::Success, Some(204)));
    let message = stage.messages_to(endpoint.id).await.remove(0);
    assert_eq!((message.state, message.attempts, message.event_id), (MessageState::Delivered, 1, Some(event.id)));
    assert_eq!(message.id.to_string(), received.id());
}

async fn after_a_rotation_both_secrets_sign_for_a_day(ground: Ground) {
    let stage = Stage::new(ground).await;
    let receiver = Receiver::start().await;
    let endpoint = stage.endpoint(&receiver.url, &[]).await;
    let old = stage.engine.webhooks.secret(&stage.caller, endpoint.id).await.unwrap().secret;
    let new = stage.engine.webhooks.rotate_secret(&stage.caller, endpoint.id).await.unwrap().secret;
    assert_ne!(old, new);
    stage.happen(EventKind::ZoneEntered, None).await;
    let first = receiver.wait_for(1).await.remove(0);
    let now = stage.env.now().as_second();
    assert_eq!((first.verify(&old, now), first.verify(&new, now)), (Ok(()), Ok(())));

    stage.advance(86_400);
    stage.happen(EventKind::ZoneEntered, None).await;
    let second = receiver.wait_for(2).await.remove(1);
    let now = stage.env.now().as_second();
    assert_eq!((second.verify(&old, now), second.verify(&new, now)), (Err(VerifyError::NoMatch), Ok(())));
    let shown = stage.engine.webhooks.secret(&stage.caller, endpoint.id).await.unwrap();
    assert_eq!((shown.secret, shown.previous_until), (new, None));
}

async fn silence_is_a_failure(ground: Ground) {
    let mut settings = settings();
    settings.webhooks.timeout_ms = 200;
    let stage = Stage::with(ground, settings).await;
    let silent = Receiver::answering(|_, _| Answer { delay: Duration::from_secs(60), ..Answer::status(200) }).await;
    let endpoint = stage.endpoint(&silent.url, &[]).await;
    stage.happen(EventKind::ZoneEntered, None).await;
    let attempts = stage.tried(endpoint.id, 1).await;
    assert_eq!((attempts[0].outcome, attempts[0].http_status), (AttemptOutcome::Timeout, None));
}

async fn failures_are_tried_again_as_planned_with_the_same_id(ground: Ground) {
    let stage = Stage::new(ground).await;
    let receiver = Receiver::answering(|number, _| match number {
        0 => Answer::status(500),
        1 => Answer { status: 503, headers: "retry-after: 1000\r\n".to_owned(), ..Answer::default() },
        2 => Answer { status: 302, headers: "location: http://127.0.0.1:1/\r\n".to_owned(), ..Answer::default() },
        _ => Answer::status(200),
    })
    .await;
    let endpoint = stage.endpoint(&receiver.url, &[]).await;
    stage.happen(EventKind::ZoneEntered, None).await;
    stage.tried(endpoint.id, 1).await;
    stage.advance(4);
    stage.settle().await;
    assert_eq!(receiver.received().len(), 1, "not before five seconds");
    stage.advance(1);
    stage.tried(endpoint.id, 2).await;
    stage.advance(999);
    stage.settle().await;
    assert_eq!(receiver.received().len(), 2, "not before the receiver wants it");
    stage.advance(1);
    stage.tried(endpoint.id, 3).await;
    stage.advance(1_800);
    let attempts = stage.tried(endpoint.id, 4).await;

    let numbers: Vec<_> = attempts.iter().map(|a| (a.number, a.http_status.unwrap(), a.outcome)).collect();
    let (refused, success) = (AttemptOutcome::Refused, AttemptOutcome::Success);
    assert_eq!(numbers, [(1, 500, refused), (2, 503, refused), (3, 302, refused), (4, 200, success)]);
    let received = receiver.received();
    assert!(received.iter().all(|one| one.id() == received[0].id() && one.body == received[0].body));
    assert_ne!(received[0].header("webhook-timestamp"), received[3].header("webhook-timestamp"));
    let endpoint = stage.engine.webhooks.get(&stage.caller, endpoint.id).await.unwrap();
    assert_eq!(endpoint.failing_since, None, "a success ends the row of failures");
}

async fn an_endpoint_that_is_gone_is_disabled_and_the_others_hear_of_it(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (gone, witness) = (Receiver::answering(|_, _| Answer::status(410)).await, Receiver::start().await);
    let endpoint = stage.endpoint(&gone.url, &["zone.entered", "endpoint.*"]).await;
    stage.endpoint(&witness.url, &["endpoint.disabled"]).await;
    stage.happen(EventKind::ZoneEntered, None).await;
    let disabled = stage.in_state(endpoint.id, EndpointState::Disabled).await;
    assert_eq!(disabled.disabled_reason.as_deref(), Some("answered 410 Gone"));
    let told = witness.wait_for(1).await.remove(0).json();
    assert_eq!(told["data"]["endpoint_id"], endpoint.id.to_string());
    assert_eq!(stage.audited("endpoint.disabled").await, 1);

    stage.happen(EventKind::ZoneEntered, None).await;
    stage.settle().await;
    assert_eq!(gone.received().len(), 1, "nothing more is sent");
    assert_eq!(stage.messages_to(endpoint.id).await.len(), 1, "and nothing more is made");
    let test = stage.engine.webhooks.test(&stage.caller, endpoint.id).await;
    assert!(matches!(test, Err(Error::Conflict(_))));
}

async fn three_days_without_a_success_disable_an_endpoint_until_it_is_switched_on(ground: Ground) {
    let stage = Stage::new(ground).await;
    let broken = Receiver::answering(|number, _| Answer::status(if number < 3 { 500 } else { 200 })).await;
    let endpoint = stage.endpoint(&broken.url, &[]).await;
    stage.happen(EventKind::ZoneEntered, None).await;
    stage.tried(endpoint.id, 1).await;
    stage.advance(3 * 86_400 - 1);
    stage.tried(endpoint.id, 2).await;
    let still = stage.engine.webhooks.get(&stage.caller, endpoint.id).await.unwrap();
    assert_eq!((still.state, still.failing_since.is_some()), (EndpointState::Active, true));
    stage.advance(300);
    let disabled = stage.in_state(endpoint.id, EndpointState::Disabled).await;
    assert!(disabled.disabled_reason.unwrap().starts_with("every attempt has failed since 2026-03-01T08:00:00Z"));
    let dead = stage.messages_to(endpoint.id).await;
    assert!(dead.iter().all(|message| message.state == MessageState::Dead));

    let on = to(&broken.url, &[]);
    let on = stage.engine.webhooks.update(&stage.caller, endpoint.id, disabled.version, on).await.unwrap();
    assert_eq!((on.state, on.failing_since, on.disabled_reason), (EndpointState::Active, None, None));
    stage.engine.webhooks.resend(&stage.caller, dead[0].id).await.unwrap();
    let attempts = stage.tried(endpoint.id, 4).await;
    assert_eq!(attempts.iter().filter(|attempt| attempt.outcome == AttemptOutcome::Success).count(), 1);
    stage.in_state(endpoint.id, EndpointState::Active).await;
}

async fn a_slow_endpoint_holds_up_itself_alone(ground: Ground) {
    let mut settings = settings();
    settings.webhooks.timeout_ms = 60_000;
    settings.webhooks.lease_seconds = 61;
    settings.webhooks.concurrency = 24;
    settings.webhooks.concurrency_per_endpoint = 8;
    let stage = Stage::with(ground, settings).await;
    let never = Duration::from_secs(120);
    let slow = Receiver::answering(move |_, _| Answer { delay: never, ..Answer::status(200) }).await;
    let fast = Receiver::start().await;
    let slow_endpoint = stage.endpoint(&slow.url, &[]).await;
    stage.endpoint(&fast.url, &[]).await;
    let drafts = (0..200).map(|_| stage.draft(stage.tenant.id, EventKind::ZoneEntered, None)).collect();
    stage.append(drafts).await;
    // Done long before the slow one's first delivery has run out of time.
    fast.wait_for(200).await;
    slow.wait_for(8).await;
    stage.settle().await;
    assert_eq!(slow.received().len(), 8, "no more than its share is out");
    assert_eq!(stage.attempts_to(slow_endpoint.id).await, []);
}

async fn an_endpoint_without_a_readable_secret_fails_alone(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (broken, well) = (Receiver::start().await, Receiver::start().await);
    let endpoint = stage.endpoint(&broken.url, &[]).await;
    let stranger = stage.stranger().await;
    stage.engine.webhooks.create(&stranger, to(&well.url, &[])).await.unwrap();
    let damaged = EndpointSecrets { current: vec![1; 60], previous: None, previous_until: None };
    let mut tx = stage.store.begin(Scope::Tenant(stage.tenant.id)).await.unwrap();
    assert!(endpoints::set_secrets(&mut tx, endpoint.id, &damaged).await.unwrap());
    tx.commit().await.unwrap();

    let tenants = [stage.tenant.id, stranger.tenant_id];
    let drafts = (0..40).map(|number| stage.draft(tenants[number % 2], EventKind::ZoneEntered, None)).collect();
    stage.append(drafts).await;
    well.wait_for(20).await;
    let attempts = stage.tried(endpoint.id, 20).await;
    assert!(attempts.iter().all(|attempt| attempt.outcome == AttemptOutcome::Unsigned), "{attempts:?}");
    assert_eq!(broken.received().len(), 0);

    let secret = stage.engine.webhooks.rotate_secret(&stage.caller, endpoint.id).await.unwrap().secret;
    stage.advance(5);
    let received = broken.wait_for(20).await.remove(0);
    assert_eq!(received.verify(&secret, stage.env.now().as_second()), Ok(()));
}

async fn one_shipments_messages_keep_their_order_until_one_has_failed_three_times(ground: Ground) {
    let stage = Stage::new(ground).await;
    let shipment = stage.shipment(&stage.caller, None, None).await;
    let other = stage.shipment(&stage.caller, None, None).await;
    let stubborn = Receiver::answering(|_, received| {
        let json = received.json();
        let first = json["data"]["sequence"] == 1 && json["data"]["status"] != "other";
        Answer::status(if first { 500 } else { 200 })
    })
    .await;
    let endpoint = stage.endpoint(&stubborn.url, &[]).await;
    let about = |id| stage.draft(stage.tenant.id, EventKind::StatusChanged, Some(id));
    let mut drafts: Vec<_> = (0..5).map(|_| about(shipment)).collect();
    let mut of_other: Vec<_> = (0..3).map(|_| about(other)).collect();
    for draft in &mut of_other {
        draft.data.insert("status".to_owned(), "other".into());
    }
    drafts.extend(of_other);
    stage.append(drafts).await;
    stage.tried(endpoint.id, 4).await;
    stage.settle().await;
    let of = |all: &[Received], id: tracklane_core::id::ShipmentId| -> Vec<i64> {
        let own = all.iter().filter(|one| one.json()["data"]["shipment_id"] == id.to_string());
        own.map(Received::sequence).collect()
    };
    assert_eq!(of(&stubborn.received(), other), [1, 2, 3], "another shipment waits for nobody");
    assert_eq!(of(&stubborn.received(), shipment), [1]);
    stage.advance(5);
    stage.tried(endpoint.id, 5).await;
    stage.advance(300);
    stage.tried(endpoint.id, 10).await;
    assert_eq!(of(&stubborn.received(), shipment), [1, 1, 1, 2, 3, 4, 5]);
}

async fn paused_endpoints_keep_their_messages(ground: Ground) {
    let stage = Stage::new(ground).await;
    let receiver = Receiver::start().await;
    let endpoint = stage.endpoint(&receiver.url, &[]).await;
    let paused = NewEndpoint { state: EndpointState::Paused, ..NewEndpoint::from(&endpoint) };
    let paused = stage.engine.webhooks.update(&stage.caller, endpoint.id, 1, paused).await.unwrap();
    stage.happen(EventKind::ZoneEntered, None).await;
    let made = || async { stage.messages_to(endpoint.id).await.into_iter().next() };
    let message = eventually("the message", made).await;
    assert_eq!(message.state, MessageState::Pending);
    stage.settle().await;
    assert_eq!(receiver.received().len(), 0);
    let stale = stage.engine.webhooks.update(&stage.caller, endpoint.id, 1, to(&receiver.url, &[])).await;
    assert!(matches!(stale, Err(Error::VersionMismatch)));
    stage.engine.webhooks.update(&stage.caller, endpoint.id, paused.version, to(&receiver.url, &[])).await.unwrap();
    receiver.wait_for(1).await;
}

/// Messages are claimed ahead of their turn: what is known of the endpoint then may be old when it comes.
async fn what_waits_for_its_turn_is_not_sent_to_a_paused_endpoint(ground: Ground) {
    let mut settings = settings();
    settings.webhooks.concurrency_per_endpoint = 1;
    let stage = Stage::with(ground, settings).await;
    let slow = |_: usize, _: &_| Answer { delay: Duration::from_millis(600), ..Answer::status(200) };
    let receiver = Receiver::answering(slow).await;
    let endpoint = stage.endpoint(&receiver.url, &[]).await;
    let drafts = (0..3).map(|_| stage.draft(stage.tenant.id, EventKind::ZoneEntered, None)).collect();
    stage.append(drafts).await;
    receiver.wait_for(1).await;
    let paused = NewEndpoint { state: EndpointState::Paused, ..NewEndpoint::from(&endpoint) };
    let paused = stage.engine.webhooks.update(&stage.caller, endpoint.id, 1, paused).await.unwrap();
    stage.tried(endpoint.id, 1).await;
    stage.settle().await;
    assert_eq!(receiver.received().len(), 1);
    stage.engine.webhooks.update(&stage.caller, endpoint.id, paused.version, to(&receiver.url, &[])).await.unwrap();
    receiver.wait_for(3).await;
}

async fn each_event_becomes_one_message_per_endpoint_over_restarts(ground: Ground) {
    let mut stage = Stage::new(ground).await;
    let receiver = Receiver::start().await;
    let endpoint = stage.endpoint(&receiver.url, &[]).await;
    for _ in 0..4 {
        let drafts = (0..30).map(|_| stage.draft(stage.tenant.id, EventKind::ZoneEntered, None)).collect();
        stage.append(drafts).await;
        // In the middle of fan-out and delivery.
        tokio::time::sleep(Duration::from_millis(15)).await;
        stage = stage.restart().await;
    }
    // Whatever was broken off is taken up again when its lease is over.
    stage.advance(61);
    let messages = eventually("every message", || async {
        let messages = stage.messages_to(endpoint.id).await;
        let delivered = messages.iter().filter(|message| message.state == MessageState::Delivered).count();
        (delivered >= 120).then_some(messages)
    })
    .await;
    assert_eq!(messages.len(), 120);
    let mut of_event = BTreeMap::<_, usize>::new();
    for message in &messages {
        *of_event.entry(message.event_id).or_default() += 1;
    }
    assert!(of_event.len() == 120 && of_event.values().all(|count| *count == 1));
    let mut ids: Vec<_> = receiver.received().iter().map(|received| received.id().to_owned()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 120, "each arrived, some perhaps twice, with the same id");
}

async fn endpoints_hear_what_they_asked_for_of_their_own_tenant(ground: Ground) {
    let stage = Stage::new(ground).await;
    let stranger = stage.stranger().await;
    let (zones, alias, foreign) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    stage.endpoint(&zones.url, &["zone.*"]).await;
    stage.endpoint(&alias.url, &["delivery.completed"]).await;
    stage.engine.webhooks.create(&stranger, to(&foreign.url, &[])).await.unwrap();
    for kind in [EventKind::ZoneEntered, EventKind::ShipmentDelivered, EventKind::DriverAssigned, EventKind::ZoneExited]
    {
        stage.happen(kind, None).await;
    }
    let theirs = stage.append(vec![stage.draft(stranger.tenant_id, EventKind::ZoneEntered, None)]).await.remove(0);
    // Events that are about no shipment are in no order.
    let kinds = |all: Vec<Received>| -> BTreeSet<_> {
        all.iter().map(|one| one.json()["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(zones.wait_for(2).await), BTreeSet::from(["zone.entered", "zone.exited"].map(str::to_owned)));
    assert_eq!(kinds(alias.wait_for(1).await), BTreeSet::from(["shipment.delivered"].map(str::to_owned)));
    assert_eq!(foreign.wait_for(1).await[0].json()["data"]["event_id"], theirs.id.to_string());
    stage.settle().await;
    assert_eq!((zones.received().len(), alias.received().len(), foreign.received().len()), (2, 1, 1));
}

async fn tests_resends_and_replays_are_messages_like_others(ground: Ground) {
    let stage = Stage::new(ground).await;
    let receiver = Receiver::start().await;
    let event = stage.happen(EventKind::ZoneEntered, None).await;
    stage.shows(&event).await;
    stage.advance(60);
    let endpoint = stage.endpoint(&receiver.url, &["zone.*", "endpoint.test"]).await;
    let hooks = &stage.engine.webhooks;
    let sent = hooks.test(&stage.caller, endpoint.id).await.unwrap();
    assert_eq!(receiver.wait_for(1).await[0].json()["type"], "endpoint.test");
    stage.tried(endpoint.id, 1).await;

    let again = hooks.resend(&stage.caller, sent.id).await.unwrap();
    assert_eq!((again.state, again.attempts), (MessageState::Pending, 0));
    assert_eq!(receiver.wait_for(2).await[1].id(), sent.id.to_string());

    let (from, to) = ("2026-03-01T07:59:00Z".parse().unwrap(), "2026-03-01T08:00:30Z".parse().unwrap());
    let replay = |from, to, types: &[&str]| Replay { from, to, types: types.iter().map(|t| (*t).to_owned()).collect() };
    let done = hooks.replay(&stage.caller, endpoint.id, &replay(from, to, &[])).await.unwrap();
    assert_eq!(done.messages, 1);
    let replayed = receiver.wait_for(3).await.remove(2);
    assert_eq!(replayed.json()["type"], "zone.entered");
    let none = hooks.replay(&stage.caller, endpoint.id, &replay(from, to, &["zone.exited"])).await.unwrap();
    assert_eq!(none.messages, 0);
    let upside_down = hooks.replay(&stage.caller, endpoint.id, &replay(to, from, &["nonsense"])).await;
    assert_eq!(pointers(upside_down.unwrap_err()), ["#/to", "#/types/0"]);
}

async fn bad_endpoints_are_refused_field_by_field(ground: Ground) {
    let mut closed = settings();
    closed.webhooks.allow_private = false;
    let stage = Stage::with(ground, closed).await;
    let hooks = &stage.engine.webhooks;
    let bad = NewEndpoint {
        description: Some(" ".to_owned()),
        state: EndpointState::Disabled,
        ..to("http://169.254.169.254/latest", &["shipment.*", "shipments.created"])
    };
    let error = hooks.create(&stage.caller, bad).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("link-local") && text.contains("shipment.status_changed"), "{text}");
    assert_eq!(pointers(error), ["#/url", "#/description", "#/event_types/1", "#/state"]);

    let good = hooks.create(&stage.caller, to("https://example.com/hook", &[])).await.unwrap();
    let stranger = stage.stranger().await;
    assert!(matches!(hooks.get(&stranger, good.id).await, Err(Error::NotFound)));
    assert!(matches!(hooks.secret(&stranger, good.id).await, Err(Error::NotFound)));
    assert!(matches!(hooks.rotate_secret(&stranger, good.id).await, Err(Error::NotFound)));
    let theirs = hooks.update(&stranger, good.id, 1, to("https://example.com/x", &[])).await;
    assert!(matches!(theirs, Err(Error::NotFound)));
    assert!(matches!(hooks.delete(&stranger, good.id).await, Err(Error::NotFound)));
    for (role, sees) in [(Role::Viewer, true), (Role::Driver, false), (Role::Customer, false), (Role::Device, false)] {
        let caller = stage.as_role(role);
        assert_eq!(hooks.get(&caller, good.id).await.is_ok(), sees, "{role:?}");
        assert!(matches!(hooks.secret(&caller, good.id).await, Err(Error::Forbidden)), "{role:?}");
        assert!(matches!(hooks.delete(&caller, good.id).await, Err(Error::Forbidden)), "{role:?}");
    }
    hooks.delete(&stage.caller, good.id).await.unwrap();
    assert!(matches!(hooks.get(&stage.caller, good.id).await, Err(Error::NotFound)));
}
