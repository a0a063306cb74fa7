//! Requests that are sent again, whatever became of the process that did them first.

use std::future::poll_fn;
use std::task::Poll;

use serde_json::json;
use tracklane_engine::Error;
use tracklane_engine::idempotency::{Begun, Claim, Request};
use tracklane_engine::records::{CustomerFilter, NewCustomer};
use tracklane_store::Page;

use crate::kit::{World, each};

each!(
    what_was_done_is_not_done_again_though_its_answer_was_lost,
    wherever_it_is_killed_the_work_is_done_once_or_not_at_all,
    an_attempt_that_was_given_up_commits_nothing,
    a_failure_after_the_work_does_not_free_the_key,
);

fn request(world: &World) -> Request {
    Request {
        caller: world.boss.clone(),
        route: "POST /v1/customers".to_owned(),
        key: "k".to_owned(),
        fingerprint: b"Ana".to_vec(),
        hours: 24,
    }
}

async fn begin(world: &World) -> Begun {
    world.engine.idempotency.begin(&request(world)).await.unwrap()
}

async fn claim(world: &World) -> Claim {
    match begin(world).await {
        Begun::New(claim) => claim,
        other => panic!("{other:?}"),
    }
}

/// The work of a request, in a transaction of its own.
async fn make_customer(world: &World) -> Result<(), Error> {
    let ana: NewCustomer = serde_json::from_value(json!({ "name": "Ana" })).unwrap();
    world.engine.records.customers.create(&world.boss, ana).await.map(drop)
}

async fn customers(world: &World) -> usize {
    let customers = &world.engine.records.customers;
    customers.list(&world.boss, &CustomerFilter::default(), Page::first(200)).await.unwrap().items.len()
}

async fn what_was_done_is_not_done_again_though_its_answer_was_lost(world: World) {
    let first = claim(&world).await;
    first.work(make_customer(&world)).await.unwrap();
    // The process ends here: the work is committed, its answer was never kept.
    drop(first);
    assert!(matches!(begin(&world).await, Begun::InProgress), "it may still be answered");
    world.ground.pass(301);
    assert!(matches!(begin(&world).await, Begun::AnswerLost));
    world.engine.idempotency.prune().await.unwrap();
    world.ground.pass(23 * 3600);
    assert!(matches!(begin(&world).await, Begun::AnswerLost), "for as long as an answer is kept");
    assert_eq!(customers(&world).await, 1);
    world.ground.pass(3600);
    claim(&world).await;
}

async fn wherever_it_is_killed_the_work_is_done_once_or_not_at_all(world: World) {
    for polls in 0.. {
        let request = Request { key: format!("k{polls}"), ..request(&world) };
        let before = customers(&world).await;
        let Begun::New(claim) = world.engine.idempotency.begin(&request).await.unwrap() else { panic!("it is new") };
        let mut left = polls;
        let finished = {
            let mut work = Box::pin(claim.work(make_customer(&world)));
            // Dropped at this poll, as if the process had ended there.
            poll_fn(|context| match left {
                0 => Poll::Ready(false),
                _ => {
                    left -= 1;
                    work.as_mut().poll(context).map(|done| done.is_ok())
                }
            })
            .await
        };
        world.ground.pass(301);
        let again = world.engine.idempotency.begin(&request).await.unwrap();
        let made = customers(&world).await - before;
        match again {
            Begun::New(_) => assert_eq!((made, finished), (0, false), "killed at poll {polls}"),
            Begun::AnswerLost => assert_eq!(made, 1, "killed at poll {polls}"),
            other => panic!("{other:?}"),
        }
        if finished {
            assert!(polls > 1, "it was killed on the way at least once");
            return;
        }
    }
}

async fn an_attempt_that_was_given_up_commits_nothing(world: World) {
    let slow = claim(&world).await;
    world.ground.pass(301);
    let quick = claim(&world).await;
    let outcome = slow.work(make_customer(&world)).await;
    assert!(matches!(outcome, Err(Error::Conflict(_))), "{outcome:?}");
    world.engine.idempotency.forget(&slow).await.unwrap();
    quick.work(make_customer(&world)).await.unwrap();
    world.engine.idempotency.finish(&quick, 201, b"{}").await.unwrap();
    world.engine.idempotency.finish(&slow, 500, b"{}").await.unwrap();
    let Begun::Done { status, body } = begin(&world).await else { panic!("it is done") };
    assert_eq!((status, body.as_slice()), (201, b"{}".as_slice()));
    assert_eq!(customers(&world).await, 1);
}

async fn a_failure_after_the_work_does_not_free_the_key(world: World) {
    let first = claim(&world).await;
    first.work(make_customer(&world)).await.unwrap();
    world.engine.idempotency.forget(&first).await.unwrap();
    world.ground.pass(301);
    assert!(matches!(begin(&world).await, Begun::AnswerLost));

    let request = Request { key: "other".to_owned(), ..request(&world) };
    let Begun::New(second) = world.engine.idempotency.begin(&request).await.unwrap() else { panic!("it is new") };
    let nameless: NewCustomer = serde_json::from_value(json!({ "name": "" })).unwrap();
    let refused = second.work(world.engine.records.customers.create(&world.boss, nameless)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
    world.engine.idempotency.forget(&second).await.unwrap();
    assert!(matches!(world.engine.idempotency.begin(&request).await.unwrap(), Begun::New(_)));
}
