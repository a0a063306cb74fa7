//! Endpoints, messages, attempts.

use std::collections::HashSet;
use std::sync::Arc;

use tracklane_core::model::{AttemptOutcome, Endpoint, EndpointState, Message, MessageState};
use tracklane_store::attempts::AttemptFilter;
use tracklane_store::endpoints::{EndpointFilter, EndpointSecrets};
use tracklane_store::messages::{Claim, MessageFilter};
use tracklane_store::{Error, Page, attempts, endpoints, messages};

use crate::fixtures::{self, at, id};
use crate::harness::{World, conformance};

conformance!(
    endpoints_round_trip,
    messages_round_trip,
    due_messages_are_claimed_once,
    an_endpoint_holds_up_itself_alone,
    a_shipment_s_messages_keep_their_order,
    claims_do_not_overlap,
    attempts_round_trip,
    old_messages_are_pruned,
);

async fn endpoints_round_trip(world: World) {
    let endpoint = fixtures::endpoint(world.tenant.id);
    let mut foreign = fixtures::endpoint(world.other.id);
    foreign.state = EndpointState::Paused;
    let mut tx = world.begin_system().await;
    endpoints::insert(&mut tx, &endpoint, &fixtures::secrets()).await.unwrap();
    endpoints::insert(&mut tx, &foreign, &fixtures::secrets()).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read_system().await;
    let with_secrets = Some((endpoint.clone(), fixtures::secrets()));
    assert_eq!(endpoints::find_any_tenant(&mut db, endpoint.id).await, Ok(with_secrets));
    let mut enabled = endpoints::enabled_any_tenant(&mut db).await.unwrap();
    enabled.sort_by_key(|endpoint| endpoint.id);
    assert_eq!(enabled, [endpoint.clone(), foreign.clone()]);
    let mut db = world.read().await;
    assert_eq!(endpoints::get(&mut db, endpoint.id).await, Ok(Some(endpoint.clone())));
    assert_eq!(endpoints::get(&mut db, foreign.id).await, Ok(None));
    assert_eq!(endpoints::secrets(&mut db, endpoint.id).await, Ok(Some(fixtures::secrets())));
    assert_eq!(endpoints::secrets(&mut db, foreign.id).await, Ok(None));
    for (state, found) in [(None, 1), (Some(EndpointState::Active), 1), (Some(EndpointState::Disabled), 0)] {
        let items = endpoints::list(&mut db, &EndpointFilter { state }, Page::first(9)).await.unwrap().items;
        assert_eq!(items.len(), found);
    }
    drop(db);
    let mut tx = world.begin_other().await;
    assert_eq!(endpoints::set_secrets(&mut tx, endpoint.id, &fixtures::secrets()).await, Ok(false));
    assert_eq!(endpoints::delete(&mut tx, endpoint.id).await, Ok(false));
    drop(tx);

    let mut tx = world.begin().await;
    let rotated = EndpointSecrets { current: vec![5], previous: None, previous_until: None };
    assert_eq!(endpoints::set_secrets(&mut tx, endpoint.id, &rotated).await, Ok(true));
    assert_eq!(endpoints::secrets(&mut tx, endpoint.id).await, Ok(Some(rotated)));
    let mut changed = endpoint.clone();
    (changed.url, changed.disabled_reason) = ("http://example.org".to_owned(), None);
    assert_eq!(endpoints::update(&mut tx, &changed).await, Ok(true));
    changed.version = 2;
    assert_eq!(endpoints::get(&mut tx, endpoint.id).await, Ok(Some(changed)));
    tx.commit().await.unwrap();

    let mut tx = world.begin_system().await;
    assert_eq!(endpoints::note_attempt_any_tenant(&mut tx, endpoint.id, None).await, Ok(None));
    assert_eq!(endpoints::note_attempt_any_tenant(&mut tx, endpoint.id, Some(at(70))).await, Ok(Some(at(70))));
    assert_eq!(endpoints::note_attempt_any_tenant(&mut tx, endpoint.id, Some(at(80))).await, Ok(Some(at(70))));
    assert_eq!(endpoints::note_attempt_any_tenant(&mut tx, id(), Some(at(80))).await, Ok(None));
    assert_eq!(endpoints::disable_any_tenant(&mut tx, endpoint.id, "410", at(90)).await, Ok(true));
    assert_eq!(endpoints::disable_any_tenant(&mut tx, endpoint.id, "410", at(90)).await, Ok(false));
    tx.commit().await.unwrap();
    let mut tx = world.begin().await;
    let disabled = endpoints::get(&mut tx, endpoint.id).await.unwrap().unwrap();
    assert_eq!((disabled.state, disabled.version, disabled.updated_at), (EndpointState::Disabled, 3, at(90)));
    assert_eq!((disabled.disabled_reason.as_deref(), disabled.failing_since), (Some("410"), Some(at(70))));
    let message = fixtures::message(&endpoint);
    messages::insert_many(&mut tx, std::slice::from_ref(&message)).await.unwrap();
    assert_eq!(endpoints::delete(&mut tx, endpoint.id).await, Ok(true));
    assert_eq!(messages::get(&mut tx, message.id).await, Ok(None));
}

/// An endpoint with so many messages.
async fn endpoint_with_messages(world: &World, count: usize) -> (Endpoint, Vec<Message>) {
    let endpoint = fixtures::endpoint(world.tenant.id);
    let all: Vec<_> = (0..count).map(|_| fixtures::message(&endpoint)).collect();
    let mut tx = world.begin().await;
    endpoints::insert(&mut tx, &endpoint, &fixtures::secrets()).await.unwrap();
    messages::insert_many(&mut tx, &all).await.unwrap();
    tx.commit().await.unwrap();
    (endpoint, all)
}

async fn messages_round_trip(world: World) {
    let (endpoint, all) = endpoint_with_messages(&world, 2).await;
    let mut test = fixtures::message(&endpoint);
    (test.event_id, test.shipment_id, test.next_attempt_at) = (None, None, None);
    (test.state, test.event_type) = (MessageState::Delivered, "endpoint.test".to_owned());
    let mut tx = world.begin().await;
    messages::insert_many(&mut tx, std::slice::from_ref(&test)).await.unwrap();
    messages::insert_many(&mut tx, &[]).await.unwrap();
    tx.commit().await.unwrap();

    let mut db = world.read().await;
    assert_eq!(messages::get(&mut db, all[0].id).await, Ok(Some(all[0].clone())));
    assert_eq!(messages::get(&mut db, test.id).await, Ok(Some(test.clone())));
    let any = MessageFilter::default;
    for (filter, found) in [
        (any(), vec![test.id, all[1].id, all[0].id]),
        (MessageFilter { endpoint_id: Some(endpoint.id), ..any() }, vec![test.id, all[1].id, all[0].id]),
        (MessageFilter { endpoint_id: Some(id()), ..any() }, vec![]),
        (MessageFilter { state: Some(MessageState::Delivered), ..any() }, vec![test.id]),
        (MessageFilter { event_id: all[0].event_id, ..any() }, vec![all[0].id]),
        (MessageFilter { shipment_id: all[1].shipment_id, ..any() }, vec![all[1].id]),
        (MessageFilter { event_type: Some("endpoint.test".to_owned()), ..any() }, vec![test.id]),
    ] {
        let items = messages::list(&mut db, &filter, Page::first(9)).await.unwrap().items;
        assert_eq!(items.iter().map(|message| message.id).collect::<Vec<_>>(), found, "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert_eq!(messages::get(&mut db, all[0].id).await, Ok(None));
    assert!(messages::list(&mut db, &any(), Page::first(9)).await.unwrap().items.is_empty());
    drop(db);
    let mut tx = world.begin_other().await;
    assert_eq!(messages::resend(&mut tx, test.id, at(20)).await, Ok(false));
    assert!(matches!(messages::insert_many(&mut tx, &all).await, Err(Error::Scope(_))));
    drop(tx);

    let mut tx = world.begin().await;
    assert_eq!(messages::resend(&mut tx, test.id, at(20)).await, Ok(true));
    assert_eq!(messages::resend(&mut tx, id(), at(20)).await, Ok(false));
    (test.state, test.next_attempt_at) = (MessageState::Pending, Some(at(20)));
    assert_eq!(messages::get(&mut tx, test.id).await, Ok(Some(test.clone())));
    tx.commit().await.unwrap();
    let lease = claim(20, 10);
    assert_eq!(claimed(&world, lease).await.len(), 3);
    let mut tx = world.begin_system().await;
    (test.state, test.attempts, test.next_attempt_at) = (MessageState::Dead, 3, None);
    let gone = fixtures::message(&endpoint);
    let finished =
        messages::finish_many_any_tenant(&mut tx, &[(test.clone(), lease.lease_until), (gone, lease.lease_until)])
            .await;
    assert_eq!(finished, Ok(HashSet::from([test.id])));
    assert_eq!(messages::bury_of_endpoint_any_tenant(&mut tx, endpoint.id).await, Ok(2));
    assert_eq!(messages::bury_of_endpoint_any_tenant(&mut tx, endpoint.id).await, Ok(0));
    tx.commit().await.unwrap();
    assert_eq!(messages::get(&mut world.read().await, test.id).await, Ok(Some(test)));
}

fn claim(now: i64, limit: u32) -> Claim {
    Claim { now: at(now), lease_until: at(now + 30), limit, per_endpoint: 100, held_back_attempts: 0 }
}

async fn claimed(world: &World, claim: Claim) -> Vec<Message> {
    let mut tx = world.begin_system().await;
    let messages = messages::claim_due_any_tenant(&mut tx, claim).await.unwrap();
    tx.commit().await.unwrap();
    messages
}

async fn due_messages_are_claimed_once(world: World) {
    assert_eq!(messages::newest_any_tenant(&mut world.read_system().await).await, Ok(None));
    let (endpoint, all) = endpoint_with_messages(&world, 3).await;
    let newest = all.iter().map(|message| message.id).max();
    assert_eq!(messages::newest_any_tenant(&mut world.read_system().await).await, Ok(newest));
    assert_eq!(claimed(&world, claim(9, 10)).await, []);
    assert_eq!(messages::next_due_any_tenant(&mut world.read_system().await).await, Ok(Some(at(10))));
    assert_eq!(claimed(&world, claim(10, 2)).await, all[..2]);
    assert_eq!(claimed(&world, claim(11, 10)).await, all[2..]);
    assert_eq!(claimed(&world, claim(12, 10)).await, []);
    assert_eq!(messages::next_due_any_tenant(&mut world.read_system().await).await, Ok(Some(at(10))));
    // The worker died: the lease runs out.
    assert_eq!(claimed(&world, claim(40, 10)).await, all[..2]);
    let mut tx = world.begin_system().await;
    let mut retry = all[0].clone();
    (retry.attempts, retry.next_attempt_at) = (1, Some(at(60)));
    // Who died comes back, too late.
    let finished = messages::finish_many_any_tenant(&mut tx, &[(retry.clone(), at(40))]).await;
    assert_eq!(finished, Ok(HashSet::new()));
    let finished = messages::finish_many_any_tenant(&mut tx, &[(retry.clone(), at(70))]).await;
    assert_eq!(finished, Ok(HashSet::from([retry.id])));
    for (message, lease_until) in [(&all[1], at(70)), (&all[2], at(41))] {
        let mut delivered = message.clone();
        (delivered.state, delivered.attempts, delivered.next_attempt_at) = (MessageState::Delivered, 1, None);
        let finished = messages::finish_many_any_tenant(&mut tx, &[(delivered.clone(), lease_until)]).await;
        assert_eq!(finished, Ok(HashSet::from([delivered.id])));
        let again = messages::finish_many_any_tenant(&mut tx, &[(delivered.clone(), lease_until)]).await;
        assert_eq!(again, Ok(HashSet::new()), "it is done");
    }
    tx.commit().await.unwrap();
    assert_eq!(claimed(&world, claim(59, 10)).await, []);
    // An endpoint that is not active keeps its messages for later.
    let mut tx = world.begin().await;
    let mut paused = endpoint.clone();
    paused.state = EndpointState::Paused;
    assert_eq!(endpoints::update(&mut tx, &paused).await, Ok(true));
    tx.commit().await.unwrap();
    assert_eq!(claimed(&world, claim(60, 10)).await, []);
    assert_eq!(messages::next_due_any_tenant(&mut world.read_system().await).await, Ok(None));
    let mut tx = world.begin().await;
    (paused.state, paused.version) = (EndpointState::Active, 2);
    assert_eq!(endpoints::update(&mut tx, &paused).await, Ok(true));
    tx.commit().await.unwrap();
    assert_eq!(claimed(&world, claim(60, 10)).await, [retry]);
}

async fn an_endpoint_holds_up_itself_alone(world: World) {
    let (_, slow) = endpoint_with_messages(&world, 3).await;
    let (_, quick) = endpoint_with_messages(&world, 2).await;
    let one_each = |now| Claim { per_endpoint: 1, ..claim(now, 10) };
    assert_eq!(claimed(&world, one_each(10)).await, [slow[0].clone(), quick[0].clone()]);
    // The first of each is on its way, so nothing else is taken.
    assert_eq!(claimed(&world, one_each(11)).await, []);
    assert_eq!(messages::next_due_any_tenant(&mut world.read_system().await).await, Ok(Some(at(10))));
    let mut done = quick[0].clone();
    (done.state, done.next_attempt_at) = (MessageState::Delivered, None);
    let mut tx = world.begin_system().await;
    messages::finish_many_any_tenant(&mut tx, &[(done, at(40))]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claimed(&world, one_each(12)).await, [quick[1].clone()]);
}

async fn a_shipment_s_messages_keep_their_order(world: World) {
    let endpoint = fixtures::endpoint(world.tenant.id);
    let (first, mut second, other) =
        (fixtures::message(&endpoint), fixtures::message(&endpoint), fixtures::message(&endpoint));
    second.shipment_id = first.shipment_id;
    let mut tx = world.begin().await;
    endpoints::insert(&mut tx, &endpoint, &fixtures::secrets()).await.unwrap();
    messages::insert_many(&mut tx, &[first.clone(), second.clone(), other.clone()]).await.unwrap();
    tx.commit().await.unwrap();
    let patient = |now| Claim { held_back_attempts: 2, ..claim(now, 10) };
    assert_eq!(claimed(&world, patient(10)).await, [first.clone(), other]);
    for (attempts, now, found) in [(1, 20, vec![]), (2, 61, vec![second])] {
        let mut failed = first.clone();
        (failed.attempts, failed.next_attempt_at) = (attempts, Some(at(60)));
        let mut tx = world.begin_system().await;
        let until = if attempts == 1 { at(40) } else { at(90) };
        let finished = messages::finish_many_any_tenant(&mut tx, &[(failed, until)]).await;
        assert_eq!(finished.map(|finished| finished.len()), Ok(1));
        tx.commit().await.unwrap();
        let mut next = claimed(&world, patient(now)).await;
        // It is tried once more, before those behind it.
        next.retain(|message| message.id != first.id);
        assert_eq!(next, found, "after {attempts} attempts");
        if attempts == 1 {
            assert!(claimed(&world, patient(60)).await.iter().any(|message| message.id == first.id));
        }
    }
}

async fn claims_do_not_overlap(world: World) {
    endpoint_with_messages(&world, 100).await;
    endpoint_with_messages(&world, 100).await;
    let world = Arc::new(world);
    let workers: Vec<_> = (0..6)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let some = claimed(&world, claim(10, 7)).await;
                    if some.is_empty() {
                        return mine;
                    }
                    mine.extend(some.into_iter().map(|message| message.id));
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    // A worker passes over what another one holds at that moment, so a last look may find some.
    all.extend(claimed(&world, claim(10, 1000)).await.into_iter().map(|message| message.id));
    assert_eq!(all.len(), 200);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 200);
}

async fn attempts_round_trip(world: World) {
    let (endpoint, all) = endpoint_with_messages(&world, 2).await;
    let (first, mut second) = (fixtures::attempt(&all[0]), fixtures::attempt(&all[1]));
    (second.http_status, second.detail, second.outcome) = (None, None, AttemptOutcome::Timeout);
    let mut tx = world.begin_system().await;
    attempts::insert_many_any_tenant(&mut tx, &[first.clone(), second.clone()]).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    let any = AttemptFilter::default;
    for (filter, found) in [
        (any(), vec![second.clone(), first.clone()]),
        (AttemptFilter { endpoint_id: Some(endpoint.id), ..any() }, vec![second.clone(), first.clone()]),
        (AttemptFilter { endpoint_id: Some(id()), ..any() }, vec![]),
        (AttemptFilter { message_id: Some(all[0].id), ..any() }, vec![first]),
        (AttemptFilter { outcome: Some(AttemptOutcome::Timeout), ..any() }, vec![second]),
    ] {
        assert_eq!(attempts::list(&mut db, &filter, Page::first(9)).await.unwrap().items, found, "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert!(attempts::list(&mut db, &any(), Page::first(9)).await.unwrap().items.is_empty());
}

async fn old_messages_are_pruned(world: World) {
    let (_, all) = endpoint_with_messages(&world, 3).await;
    assert_eq!(claimed(&world, claim(10, 2)).await.len(), 2);
    let mut tx = world.begin_system().await;
    attempts::insert_many_any_tenant(&mut tx, &[fixtures::attempt(&all[0])]).await.unwrap();
    let mut done = all[0].clone();
    (done.state, done.next_attempt_at) = (MessageState::Delivered, None);
    messages::finish_many_any_tenant(&mut tx, &[(done, at(40))]).await.unwrap();
    let again = Message { next_attempt_at: Some(at(1_000)), ..all[1].clone() };
    messages::finish_many_any_tenant(&mut tx, &[(again.clone(), at(40))]).await.unwrap();
    assert_eq!(messages::prune_any_tenant(&mut tx, at(10)).await, Ok(0));
    assert_eq!(messages::prune_any_tenant(&mut tx, at(100)).await, Ok(2), "what is done, and what nobody fetched");
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    assert_eq!(messages::get(&mut db, all[0].id).await, Ok(None));
    assert_eq!(messages::get(&mut db, all[1].id).await, Ok(Some(again)), "what is still tried");
    assert_eq!(messages::get(&mut db, all[2].id).await, Ok(None));
    let left = attempts::list(&mut db, &AttemptFilter::default(), Page::first(9)).await.unwrap();
    assert!(left.items.is_empty());
}
