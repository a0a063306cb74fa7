//! Users, API keys, signing keys, ended sessions, idempotency keys, the audit log.

use tracklane_core::lifecycle::Actor;
use tracklane_core::model::Role;
use tracklane_store::api_keys::ApiKeyFilter;
use tracklane_store::audit_log::AuditFilter;
use tracklane_store::idempotency::{Answer, Attempt, RequestKey, Seen};
use tracklane_store::signing_keys::SigningKey;
use tracklane_store::users::UserFilter;
use tracklane_store::{
    Error, Page, api_keys, audit_log, customers, devices, drivers, ended_sessions, idempotency, signing_keys, users,
};

use crate::fixtures::{self, at, id};
use crate::harness::{World, conformance};

conformance!(
    users_round_trip,
    api_keys_round_trip,
    signing_keys_round_trip,
    sessions_end_once_and_are_forgotten,
    requests_are_done_once,
    the_audit_log_is_filtered
);

async fn users_round_trip(world: World) {
    let driver = fixtures::driver(world.tenant.id);
    let customer = fixtures::customer(world.tenant.id);
    let mut user = fixtures::user(world.tenant.id);
    (user.driver_id, user.customer_id) = (Some(driver.id), Some(customer.id));
    let foreign = fixtures::user(world.other.id);
    let taken = foreign.email.clone();
    let mut tx = world.begin_system().await;
    drivers::insert(&mut tx, &driver).await.unwrap();
    customers::insert(&mut tx, &customer).await.unwrap();
    users::insert(&mut tx, &user).await.unwrap();
    users::insert(&mut tx, &foreign).await.unwrap();
    tx.commit().await.unwrap();

    let mut db = world.read_system().await;
    assert_eq!(users::count_any_tenant(&mut db).await, Ok(2));
    assert_eq!(users::find_by_email_any_tenant(&mut db, &user.email).await, Ok(Some((user.clone(), None))));
    assert_eq!(users::find_by_email_any_tenant(&mut db, "nobody").await, Ok(None));
    drop(db);

    let mut tx = world.begin().await;
    assert_eq!(users::set_password_hash(&mut tx, user.id, "$argon2id$x").await, Ok(true));
    assert_eq!(users::set_password_hash(&mut tx, foreign.id, "$argon2id$y").await, Ok(false));
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    assert_eq!(users::get(&mut db, user.id).await, Ok(Some(user.clone())));
    assert_eq!(users::password_hash(&mut db, user.id).await, Ok(Some("$argon2id$x".to_owned())));
    assert_eq!(users::password_hash(&mut db, foreign.id).await, Ok(None));
    let mut db = world.read_system().await;
    let (_, hash) = users::find_by_email_any_tenant(&mut db, &user.email).await.unwrap().unwrap();
    assert_eq!(hash.as_deref(), Some("$argon2id$x"));

    let mut db = world.read().await;
    for (filter, found) in [
        (UserFilter::default(), true),
        (UserFilter { role: Some(Role::Operator), ..UserFilter::default() }, true),
        (UserFilter { role: Some(Role::Admin), ..UserFilter::default() }, false),
        (UserFilter { disabled: Some(false), ..UserFilter::default() }, true),
        (UserFilter { disabled: Some(true), ..UserFilter::default() }, false),
        (UserFilter { q: Some("olga".to_owned()), ..UserFilter::default() }, true),
        (UserFilter { q: Some("otto".to_owned()), ..UserFilter::default() }, false),
    ] {
        let items = users::list(&mut db, &filter, Page::first(9)).await.unwrap().items;
        assert_eq!(items.len(), usize::from(found), "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert_eq!(users::get(&mut db, user.id).await, Ok(None));
    assert_eq!(users::password_hash(&mut db, user.id).await, Ok(None));
    assert_eq!(users::list(&mut db, &UserFilter::default(), Page::first(9)).await.unwrap().items, [foreign]);
    drop(db);
    assert_eq!(users::delete(&mut *world.begin_other().await, user.id).await, Ok(false));

    let mut tx = world.begin().await;
    let mut changed = user.clone();
    (changed.disabled, changed.role, changed.driver_id, changed.customer_id) = (true, Role::Viewer, None, None);
    assert_eq!(users::update(&mut tx, &changed).await, Ok(true));
    changed.version = 2;
    assert_eq!(users::get(&mut tx, user.id).await, Ok(Some(changed)));
    assert_eq!(users::password_hash(&mut tx, user.id).await, Ok(Some("$argon2id$x".to_owned())));
    assert_eq!(users::delete(&mut tx, user.id).await, Ok(true));
    tx.commit().await.unwrap();

    let mut twin = fixtures::user(world.tenant.id);
    twin.email = taken;
    let refused = users::insert(&mut *world.begin().await, &twin).await;
    assert_eq!(refused, Err(Error::NotUnique { constraint: "users_email_key".to_owned() }));
}

async fn api_keys_round_trip(world: World) {
    let mut key = fixtures::api_key(world.tenant.id);
    let device = fixtures::device(world.tenant.id);
    key.device_id = Some(device.id);
    let mut tx = world.begin().await;
    devices::insert(&mut tx, &device).await.unwrap();
    api_keys::insert(&mut tx, &key, &[1, 2, 3]).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(api_keys::get(&mut world.read().await, key.id).await, Ok(Some(key.clone())));
    let mut db = world.read_system().await;
    assert_eq!(api_keys::find_any_tenant(&mut db, key.id).await, Ok(Some((key.clone(), vec![1, 2, 3]))));
    assert_eq!(api_keys::find_any_tenant(&mut db, id()).await, Ok(None));
    let mut db = world.read_other().await;
    assert_eq!(api_keys::get(&mut db, key.id).await, Ok(None));
    assert!(api_keys::list(&mut db, &ApiKeyFilter::default(), Page::first(9)).await.unwrap().items.is_empty());
    drop(db);
    assert_eq!(api_keys::revoke(&mut *world.begin_other().await, key.id, at(9)).await, Ok(false));

    let mut tx = world.begin_system().await;
    api_keys::touch_last_used_any_tenant(&mut tx, key.id, at(60)).await.unwrap();
    api_keys::touch_last_used_any_tenant(&mut tx, key.id, at(59)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = world.begin().await;
    assert_eq!(api_keys::revoke(&mut tx, key.id, at(70)).await, Ok(true));
    assert_eq!(api_keys::revoke(&mut tx, key.id, at(71)).await, Ok(false));
    tx.commit().await.unwrap();
    (key.last_used_at, key.revoked_at) = (Some(at(60)), Some(at(70)));
    let mut db = world.read().await;
    for (revoked, found) in [(None, 1), (Some(true), 1), (Some(false), 0)] {
        let items = api_keys::list(&mut db, &ApiKeyFilter { revoked }, Page::first(9)).await.unwrap().items;
        assert_eq!(items, vec![key.clone(); found]);
    }
}

async fn signing_keys_round_trip(world: World) {
    let key = |kid: &str, seconds| SigningKey {
        kid: kid.to_owned(),
        sealed: vec![0, 255],
        created_at: at(seconds),
        retired_at: None,
    };
    let mut tx = world.begin_system().await;
    signing_keys::insert_any_tenant(&mut tx, &key("old", 1)).await.unwrap();
    signing_keys::insert_any_tenant(&mut tx, &key("new", 2)).await.unwrap();
    assert_eq!(signing_keys::list_any_tenant(&mut tx).await, Ok(vec![key("new", 2), key("old", 1)]));
    assert_eq!(signing_keys::retire_any_tenant(&mut tx, "old", at(3)).await, Ok(true));
    assert_eq!(signing_keys::retire_any_tenant(&mut tx, "old", at(4)).await, Ok(false));
    assert_eq!(signing_keys::prune_any_tenant(&mut tx, at(3)).await, Ok(0));
    let retired = SigningKey { retired_at: Some(at(3)), ..key("old", 1) };
    assert_eq!(signing_keys::list_any_tenant(&mut tx).await, Ok(vec![key("new", 2), retired]));
    assert_eq!(signing_keys::prune_any_tenant(&mut tx, at(4)).await, Ok(1));
    assert_eq!(signing_keys::list_any_tenant(&mut tx).await, Ok(vec![key("new", 2)]));
    assert!(matches!(signing_keys::list_any_tenant(&mut world.read().await).await, Err(Error::Scope(_))));
}

async fn sessions_end_once_and_are_forgotten(world: World) {
    let mut tx = world.begin().await;
    assert_eq!(ended_sessions::insert(&mut tx, "one", at(10)).await, Ok(true));
    assert_eq!(ended_sessions::insert(&mut tx, "one", at(20)).await, Ok(false));
    assert_eq!(ended_sessions::insert(&mut tx, "two", at(20)).await, Ok(true));
    tx.commit().await.unwrap();
    assert_eq!(ended_sessions::contains(&mut world.read_other().await, "one").await, Ok(false));
    assert_eq!(ended_sessions::prune(&mut *world.begin_other().await, at(99)).await, Ok(0));
    let mut tx = world.begin().await;
    assert_eq!(ended_sessions::prune(&mut tx, at(9)).await, Ok(0));
    assert_eq!(ended_sessions::prune(&mut tx, at(10)).await, Ok(1));
    assert_eq!(ended_sessions::contains(&mut tx, "one").await, Ok(false));
    assert_eq!(ended_sessions::contains(&mut tx, "two").await, Ok(true));
}

async fn requests_are_done_once(world: World) {
    let request =
        RequestKey { principal: "usr_1".to_owned(), route: "POST /v1/shipments".to_owned(), key: "abc".to_owned() };
    let attempt = |begun_at| Attempt { request: request.clone(), begun_at: at(begun_at) };
    let answer = Answer { status: 201, body: b"{}\0".to_vec() };
    let begin = async |fingerprint: &[u8], now| {
        let mut tx = world.begin().await;
        let seen = idempotency::begin(&mut tx, &attempt(now), fingerprint, at(now + 100)).await.unwrap();
        tx.commit().await.unwrap();
        seen
    };
    let open = |begun_at, worked| Seen::Open { begun_at: Some(at(begun_at)), worked };
    assert_eq!(begin(b"f", 0).await, Seen::New);
    assert_eq!(begin(b"f", 1).await, open(0, false));
    assert_eq!(begin(b"g", 1).await, Seen::Mismatch);
    let mut tx = world.begin().await;
    assert_eq!(idempotency::forget(&mut tx, &attempt(0)).await, Ok(true));
    tx.commit().await.unwrap();

    assert_eq!(begin(b"f", 2).await, Seen::New);
    let mut tx = world.begin().await;
    assert_eq!(idempotency::mark_worked(&mut tx, &attempt(2), at(190)).await, Ok(true));
    assert_eq!(idempotency::mark_worked(&mut tx, &attempt(2), at(190)).await, Ok(true), "work of two steps");
    assert_eq!(idempotency::forget(&mut tx, &attempt(2)).await, Ok(false), "what was done stays known");
    tx.commit().await.unwrap();
    assert_eq!(begin(b"f", 189).await, open(2, true));
    let mut tx = world.begin().await;
    assert_eq!(idempotency::finish(&mut tx, &attempt(2), &answer, at(200)).await, Ok(true));
    assert_eq!(idempotency::finish(&mut tx, &attempt(2), &answer, at(200)).await, Ok(false));
    assert_eq!(idempotency::mark_worked(&mut tx, &attempt(2), at(200)).await, Ok(false));
    assert_eq!(idempotency::forget(&mut tx, &attempt(2)).await, Ok(false));
    tx.commit().await.unwrap();
    assert_eq!(begin(b"f", 199).await, Seen::Done(answer.clone()));
    assert_eq!(begin(b"g", 199).await, Seen::Mismatch);
    // The same key of another tenant is another request.
    let mut tx = world.begin_other().await;
    assert_eq!(idempotency::begin(&mut tx, &attempt(1), b"f", at(2)).await, Ok(Seen::New));
    tx.commit().await.unwrap();
    let mut tx = world.begin_system().await;
    assert_eq!(idempotency::prune_any_tenant(&mut tx, at(2)).await, Ok(1));
    tx.commit().await.unwrap();
    // An answer that has expired is as good as none.
    assert_eq!(begin(b"g", 200).await, Seen::New);
    // Whoever was too slow has nothing to say any more.
    assert_eq!(begin(b"g", 300).await, Seen::New);
    let mut tx = world.begin().await;
    assert_eq!(idempotency::mark_worked(&mut tx, &attempt(200), at(400)).await, Ok(false));
    assert_eq!(idempotency::finish(&mut tx, &attempt(200), &answer, at(400)).await, Ok(false));
    assert_eq!(idempotency::forget(&mut tx, &attempt(200)).await, Ok(false));
    assert_eq!(idempotency::mark_worked(&mut tx, &attempt(300), at(400)).await, Ok(true));
}

async fn the_audit_log_is_filtered(world: World) {
    let entry = fixtures::audit_entry(world.tenant.id);
    let mut second = fixtures::audit_entry(world.tenant.id);
    (second.actor, second.action, second.target) = (Actor::System, "api_key.revoked".to_owned(), None);
    second.at = at(50);
    let mut tx = world.begin().await;
    audit_log::append(&mut tx, &entry).await.unwrap();
    audit_log::append(&mut tx, &second).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    let some = |value: &str| Some(value.to_owned());
    let (first, last) = (vec![entry.clone()], vec![second.clone()]);
    for (filter, found) in [
        (AuditFilter::default(), vec![second.clone(), entry.clone()]),
        (AuditFilter { action: some("customer.updated"), ..AuditFilter::default() }, first.clone()),
        (AuditFilter { action: some("customer.*"), ..AuditFilter::default() }, first.clone()),
        (AuditFilter { action: some("api_key.*"), ..AuditFilter::default() }, last.clone()),
        (AuditFilter { action: some("customer"), ..AuditFilter::default() }, vec![]),
        (AuditFilter { target: entry.target.clone(), ..AuditFilter::default() }, first.clone()),
        (AuditFilter { actor: Some(entry.actor), ..AuditFilter::default() }, first.clone()),
        (AuditFilter { actor: Some(Actor::System), ..AuditFilter::default() }, last.clone()),
        (AuditFilter { actor: Some(Actor::User(id())), ..AuditFilter::default() }, vec![]),
        (AuditFilter { from: Some(at(50)), ..AuditFilter::default() }, last),
        (AuditFilter { to: Some(at(50)), ..AuditFilter::default() }, first),
    ] {
        assert_eq!(audit_log::list(&mut db, &filter, Page::first(9)).await.unwrap().items, found, "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert!(audit_log::list(&mut db, &AuditFilter::default(), Page::first(9)).await.unwrap().items.is_empty());
}
