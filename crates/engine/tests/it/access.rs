//! Who may come in: logins, sessions, keys, credentials.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tracklane_core::Invalid;
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::{Caller, Role, User};
use tracklane_engine::access::{Login, NewApiKey, NewUser, Session, Verb};
use tracklane_engine::records::NewDevice;
use tracklane_engine::{Error, Page, Result};
use tracklane_store::api_keys::ApiKeyFilter;
use tracklane_store::audit_log::AuditFilter;
use tracklane_store::users::UserFilter;
use tracklane_store::{Scope, audit_log};

use super::stage::{Stage, eventually, on_both, settings};
use crate::kit::Ground;

on_both!(
    the_first_start_makes_one_admin_once,
    a_session_says_who_calls_until_it_expires,
    wrong_logins_are_told_nothing_noted_and_slowed_down,
    sessions_end_at_once_with_the_user_or_the_password,
    a_session_that_was_ended_stays_so_everywhere,
    two_admins_who_leave_at_once_do_not_both_go,
    tokens_that_are_not_ours_are_refused,
    keys_rotate_and_survive_restarts,
    another_master_key_opens_nothing,
    users_are_checked_field_by_field_and_an_admin_stays,
    api_keys_work_until_they_are_revoked_or_expire,
    bad_api_keys_are_refused_field_by_field,
    a_device_with_a_credential_must_state_it,
    many_logins_at_once_wait_their_turn_and_guess_no_faster,
);

const PASSWORD: &str = "correct horse battery";

fn user(email: &str, role: Role) -> NewUser {
    NewUser {
        email: email.to_owned(),
        name: "Ana".to_owned(),
        role,
        driver_id: None,
        customer_id: None,
        disabled: false,
        password: Some(PASSWORD.to_owned()),
    }
}

fn key(role: Role) -> NewApiKey {
    NewApiKey {
        name: "shop".to_owned(),
        role,
        scopes: Vec::new(),
        driver_id: None,
        customer_id: None,
        device_id: None,
        requests_per_minute: None,
        expires_at: None,
    }
}

impl Stage {
    async fn admin(&self) -> User {
        self.engine.access.create_user(&self.caller, user("admin@one.test", Role::Admin)).await.unwrap()
    }

    async fn login(&self, email: &str, password: &str) -> Result<Session> {
        self.engine.access.login(Login { email, password, from: None }).await
    }

    async fn comes_in(&self, bearer: &str) -> bool {
        match self.engine.access.authenticate(bearer).await {
            Ok(_) => true,
            Err(Error::Unauthenticated) => false,
            Err(other) => panic!("{other}"),
        }
    }

    async fn audit(&self, action: &str) -> Vec<Value> {
        let mut db = self.store.read(Scope::Tenant(self.tenant.id)).await.unwrap();
        let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
        let found = audit_log::list(&mut db, &filter, Page::first(50)).await.unwrap();
        found.items.into_iter().map(|entry| Value::Object(entry.data)).collect()
    }
}

fn pointers<T>(result: Result<T>) -> Vec<String> {
    match result {
        Err(Error::Invalid(Invalid(errors))) => errors.into_iter().map(|error| error.pointer).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

async fn the_first_start_makes_one_admin_once(ground: Ground) {
    let stage = Stage::new(ground).await;
    let first = stage.engine.access.bootstrap("Boss@Example.com", None).await.unwrap().unwrap();
    assert_eq!((first.tenant.slug.as_str(), first.user.email.as_str()), ("default", "boss@example.com"));
    assert_eq!(first.password.len(), 19);
    assert!(stage.engine.access.bootstrap("boss@example.com", None).await.unwrap().is_none());
    let session = stage.login(" BOSS@example.com ", &first.password).await.unwrap();
    assert_eq!((session.user, session.tenant), (first.user, first.tenant));
    assert!(stage.engine.access.bootstrap("x", Some("short")).await.unwrap().is_none());
}

async fn a_session_says_who_calls_until_it_expires(ground: Ground) {
    let stage = Stage::new(ground).await;
    let admin = stage.admin().await;
    let session = stage.login("admin@one.test", PASSWORD).await.unwrap();
    let principal = stage.engine.access.authenticate(&session.token).await.unwrap();
    assert_eq!(principal.caller, Caller { actor: Actor::User(admin.id), ..stage.caller.clone() });
    assert_eq!(principal.user.as_deref(), Some(&admin));
    assert!(principal.may("shipments", Verb::Write));
    assert_eq!(session.expires_at.as_second() - stage.env.now().as_second(), 86_400);
    stage.advance(86_400 + 29);
    assert!(stage.comes_in(&session.token).await, "clocks may differ by half a minute");
    stage.advance(1);
    assert!(!stage.comes_in(&session.token).await);
}

async fn wrong_logins_are_told_nothing_noted_and_slowed_down(ground: Ground) {
    let stage = Stage::new(ground).await;
    let admin = stage.admin().await;
    let from: IpAddr = "198.51.100.7".parse().unwrap();
    let try_in = |email: &'static str, password: &'static str| {
        stage.engine.access.login(Login { email, password, from: Some(from) })
    };
    assert!(matches!(try_in("nobody@one.test", PASSWORD).await, Err(Error::Unauthenticated)));
    for _ in 0..5 {
        assert!(matches!(try_in("admin@one.test", "wrong").await, Err(Error::Unauthenticated)));
    }
    let slowed = try_in("admin@one.test", PASSWORD).await;
    assert!(matches!(slowed, Err(Error::Throttled { retry_after_seconds: 1 })), "even the right one has to wait");
    stage.advance(1);
    try_in("admin@one.test", PASSWORD).await.unwrap();
    for _ in 0..5 {
        assert!(matches!(try_in("admin@one.test", "wrong").await, Err(Error::Unauthenticated)), "success forgives");
    }
    let failed = eventually("the failures in the audit log", || async {
        let noted = stage.audit("user.login_failed").await;
        (noted.len() == 10).then_some(noted)
    })
    .await;
    assert_eq!(failed[0], json!({ "from": "198.51.100.7" }));
    assert_eq!(stage.audit("user.logged_in").await.len(), 1);
    stage.advance(3_600);
    let off = NewUser { disabled: true, role: Role::Viewer, ..user("off@one.test", Role::Viewer) };
    stage.engine.access.create_user(&stage.caller, off).await.unwrap();
    assert!(matches!(try_in("off@one.test", PASSWORD).await, Err(Error::Unauthenticated)));
    assert!(stage.engine.access.user(&stage.caller, admin.id).await.is_ok());
}

async fn sessions_end_at_once_with_the_user_or_the_password(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (access, caller) = (&stage.engine.access, &stage.caller);
    stage.admin().await;
    let ana = access.create_user(caller, user("ana@one.test", Role::Operator)).await.unwrap();
    let session = stage.login("ana@one.test", PASSWORD).await.unwrap();
    assert!(stage.comes_in(&session.token).await);

    let viewer = NewUser { role: Role::Viewer, ..NewUser::from(&ana) };
    let ana = access.update_user(caller, ana.id, ana.version, viewer).await.unwrap();
    assert_eq!(access.authenticate(&session.token).await.unwrap().caller.role, Role::Viewer);

    let disabled = NewUser { disabled: true, ..NewUser::from(&ana) };
    let ana = access.update_user(caller, ana.id, ana.version, disabled).await.unwrap();
    assert!(!stage.comes_in(&session.token).await);
    let enabled = NewUser { disabled: false, ..NewUser::from(&ana) };
    let ana = access.update_user(caller, ana.id, ana.version, enabled).await.unwrap();
    assert!(stage.comes_in(&session.token).await);

    let changed = NewUser { password: Some("another long one".to_owned()), ..NewUser::from(&ana) };
    access.update_user(caller, ana.id, ana.version, changed).await.unwrap();
    assert!(!stage.comes_in(&session.token).await);
    let session = stage.login("ana@one.test", "another long one").await.unwrap();
    let me = access.authenticate(&session.token).await.unwrap().caller.clone();
    assert_eq!(pointers(access.change_own_password(&me, "wrong", "a third long one").await), ["#/present_password"]);
    assert_eq!(pointers(access.change_own_password(&me, "another long one", "short").await), ["#/new_password"]);
    access.change_own_password(&me, "another long one", "a third long one").await.unwrap();
    assert!(!stage.comes_in(&session.token).await);
    let session = stage.login("ana@one.test", "a third long one").await.unwrap();
    access.delete_user(caller, ana.id).await.unwrap();
    assert!(!stage.comes_in(&session.token).await);
}

async fn a_session_that_was_ended_stays_so_everywhere(ground: Ground) {
    let stage = Stage::new(ground).await;
    stage.admin().await;
    let one = stage.login("admin@one.test", PASSWORD).await.unwrap().token;
    let two = stage.login("admin@one.test", PASSWORD).await.unwrap().token;
    let other = stage.another_process().await;
    assert!(stage.comes_in(&one).await && other.access.authenticate(&one).await.is_ok());
    for no_session in ["", "x", "a.b.c", "tlk_"] {
        stage.engine.access.logout(no_session).await.unwrap();
    }
    stage.engine.access.logout(&one).await.unwrap();
    stage.engine.access.logout(&one).await.unwrap();
    assert_eq!(stage.audit("user.logged_out").await.len(), 1);
    assert!(!stage.comes_in(&one).await && stage.comes_in(&two).await);
    stage.advance(30);
    assert!(matches!(other.access.authenticate(&one).await, Err(Error::Unauthenticated)));
    assert!(other.access.authenticate(&two).await.is_ok());
    let stage = stage.restart().await;
    assert!(!stage.comes_in(&one).await && stage.comes_in(&two).await);
    stage.advance(86_400 - 31);
    let three = stage.login("admin@one.test", PASSWORD).await.unwrap().token;
    stage.engine.access.logout(&three).await.unwrap();
    assert!(!stage.comes_in(&one).await, "it counts a moment longer for slow clocks, and so does its end");
}

async fn two_admins_who_leave_at_once_do_not_both_go(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (access, caller) = (&stage.engine.access, &stage.caller);
    let mut last = stage.admin().await;
    for round in 0..10 {
        let email = format!("second{round}@one.test");
        let second = access.create_user(caller, user(&email, Role::Admin)).await.unwrap();
        let demoted = NewUser { role: Role::Viewer, ..NewUser::from(&last) };
        let (one, two) = tokio::join!(
            access.update_user(caller, last.id, last.version, demoted),
            access.delete_user(caller, second.id)
        );
        let gone = [one.as_ref().err(), two.as_ref().err()];
        assert_eq!(gone.iter().filter(|error| error.is_none()).count(), 1, "{gone:?}");
        assert!(gone.iter().flatten().all(|error| matches!(error, Error::Conflict(_))), "{gone:?}");
        if one.is_ok() {
            last = second;
        }
    }
}

async fn tokens_that_are_not_ours_are_refused(ground: Ground) {
    let stage = Stage::new(ground).await;
    stage.admin().await;
    let token = stage.login("admin@one.test", PASSWORD).await.unwrap().token;
    let parts: Vec<&str> = token.split('.').collect();
    let header = |text: Value| URL_SAFE_NO_PAD.encode(text.to_string());
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("tracklane"), &json!("tracklane")));
    let mut other = claims.clone();
    other["exp"] = json!(4_000_000_000_u64);
    let forged = [
        format!("{}.{}.", header(json!({ "alg": "none", "typ": "at+jwt" })), parts[1]),
        format!("{}.{}.{}", header(json!({ "alg": "none", "typ": "at+jwt" })), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], header(other), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(43)),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}.x"),
        format!("{token}="),
        token[..token.len() - 1].to_owned(),
        String::new(),
        "..".to_owned(),
        "tlk_".to_owned(),
    ];
    for bad in forged {
        assert!(!stage.comes_in(&bad).await, "{bad}");
    }
    assert!(stage.comes_in(&token).await);
}

async fn keys_rotate_and_survive_restarts(ground: Ground) {
    let stage = Stage::new(ground).await;
    stage.admin().await;
    let old = stage.login("admin@one.test", PASSWORD).await.unwrap().token;
    stage.engine.access.rotate_signing_key().await.unwrap();
    stage.advance(3_600);
    let new = stage.login("admin@one.test", PASSWORD).await.unwrap().token;
    assert_ne!(old.split('.').next(), new.split('.').next());
    assert!(stage.comes_in(&old).await && stage.comes_in(&new).await);
    let stage = stage.restart().await;
    assert!(stage.comes_in(&old).await && stage.comes_in(&new).await);
    stage.advance(86_400);
    stage.engine.access.rotate_signing_key().await.unwrap();
    assert!(!stage.comes_in(&old).await);
    let mut db = stage.store.read(Scope::System).await.unwrap();
    let kept = tracklane_store::signing_keys::list_any_tenant(&mut db).await.unwrap();
    assert_eq!(kept.len(), 2, "a key goes when its last token has expired");
}

async fn another_master_key_opens_nothing(ground: Ground) {
    let stage = Stage::new(ground).await;
    stage.admin().await;
    let opened = stage.open_with_master_key([8; 32]).await;
    assert!(matches!(opened, Err(Error::Internal(_))));
}

async fn users_are_checked_field_by_field_and_an_admin_stays(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (access, caller) = (&stage.engine.access, &stage.caller);
    let admin = stage.admin().await;
    let bad = NewUser {
        email: "not an address".to_owned(),
        name: String::new(),
        password: Some("short".to_owned()),
        ..user("", Role::Driver)
    };
    let found = pointers(access.create_user(caller, bad).await);
    assert_eq!(found, ["#/email", "#/name", "#/driver_id", "#/password"]);
    assert_eq!(pointers(access.create_user(caller, user("ADMIN@one.test", Role::Viewer)).await), ["#/email"]);
    let none = NewUser { password: None, ..user("x@one.test", Role::Viewer) };
    assert_eq!(pointers(access.create_user(caller, none).await), ["#/password"]);
    assert_eq!(pointers(access.create_user(caller, user("x@one.test", Role::Device)).await), ["#/role"]);
    let stranger = stage.stranger().await;
    let theirs = stage.engine.access.create_user(&stranger, user("ADMIN@one.test", Role::Viewer)).await;
    assert_eq!(pointers(theirs), ["#/email"], "unique over all tenants");

    let driver = stage.driver().await;
    let ana = NewUser { driver_id: Some(driver), ..user("ana@one.test", Role::Driver) };
    assert_eq!(pointers(access.create_user(&stranger, ana.clone()).await), ["#/driver_id"], "of another tenant");
    let ana = access.create_user(caller, ana).await.unwrap();
    assert_eq!(ana.driver_id, Some(driver));

    let demoted = NewUser { role: Role::Viewer, ..NewUser::from(&admin) };
    let last = access.update_user(caller, admin.id, admin.version, demoted.clone()).await;
    assert!(matches!(last, Err(Error::Conflict(_))));
    assert!(matches!(access.delete_user(caller, admin.id).await, Err(Error::Conflict(_))));
    let stale = access.update_user(caller, admin.id, 7, demoted.clone()).await;
    assert!(matches!(stale, Err(Error::VersionMismatch)));
    access.create_user(caller, user("second@one.test", Role::Admin)).await.unwrap();
    access.update_user(caller, admin.id, admin.version, demoted).await.unwrap();

    assert!(matches!(access.user(&stranger, ana.id).await, Err(Error::NotFound)));
    assert!(matches!(access.delete_user(&stranger, ana.id).await, Err(Error::NotFound)));
    assert_eq!(access.users(&stranger, &UserFilter::default(), Page::first(9)).await.unwrap().items, []);
    for role in [Role::Operator, Role::Viewer, Role::Driver, Role::Customer, Role::Device] {
        let caller = stage.as_role(role);
        assert!(matches!(access.users(&caller, &UserFilter::default(), Page::first(9)).await, Err(Error::Forbidden)));
        assert!(matches!(access.create_user(&caller, user("y@one.test", Role::Viewer)).await, Err(Error::Forbidden)));
        assert!(matches!(access.create_api_key(&caller, key(Role::Viewer)).await, Err(Error::Forbidden)));
        let own = Caller { actor: Actor::User(ana.id), ..caller };
        assert!(access.user(&own, ana.id).await.is_ok(), "everybody sees themselves");
    }
}

async fn api_keys_work_until_they_are_revoked_or_expire(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (access, caller) = (&stage.engine.access, &stage.caller);
    let expires_at = stage.env.now() + jiff::SignedDuration::from_secs(600);
    let scopes = vec!["shipments:read".to_owned(), "positions:write".to_owned()];
    let new = NewApiKey { scopes, expires_at: Some(expires_at), ..key(Role::Operator) };
    let made = access.create_api_key(caller, new).await.unwrap();
    assert!(made.secret.starts_with("tlk_") && made.secret.len() == 4 + 26 + 1 + 43, "{}", made.secret);
    let principal = access.authenticate(&made.secret).await.unwrap();
    assert_eq!(principal.caller.actor, Actor::ApiKey(made.api_key.id));
    assert_eq!(principal.api_key.as_deref(), Some(&made.api_key));
    let may: Vec<bool> =
        [("shipments", Verb::Read), ("shipments", Verb::Write), ("positions", Verb::Write), ("users", Verb::Read)]
            .map(|(resource, verb)| principal.may(resource, verb))
            .to_vec();
    assert_eq!(may, [true, false, true, false]);
    let mut wrong = made.secret.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    assert!(!stage.comes_in(&wrong).await);
    let other = made.secret.replace("tlk_0", "tlk_1");
    assert!(!stage.comes_in(&other).await);

    let used =
        eventually("the last use", || async { access.api_key(caller, made.api_key.id).await.unwrap().last_used_at })
            .await;
    assert_eq!(used, stage.env.now());
    stage.advance(599);
    assert!(stage.comes_in(&made.secret).await);
    stage.advance(1);
    assert!(!stage.comes_in(&made.secret).await);

    let made = access.create_api_key(caller, key(Role::Viewer)).await.unwrap();
    assert!(stage.comes_in(&made.secret).await);
    let stranger = stage.stranger().await;
    assert!(matches!(access.revoke_api_key(&stranger, made.api_key.id).await, Err(Error::NotFound)));
    assert!(stage.comes_in(&made.secret).await);
    access.revoke_api_key(caller, made.api_key.id).await.unwrap();
    assert!(!stage.comes_in(&made.secret).await);
    access.revoke_api_key(caller, made.api_key.id).await.unwrap();
    assert_eq!(stage.audit("api_key.revoked").await.len(), 1);
    let listed = access.api_keys(caller, &ApiKeyFilter { revoked: Some(true) }, Page::first(9)).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    let stage = stage.restart().await;
    assert!(!stage.comes_in(&made.secret).await);
}

async fn bad_api_keys_are_refused_field_by_field(ground: Ground) {
    let stage = Stage::new(ground).await;
    let bad = NewApiKey {
        name: " ".to_owned(),
        scopes: vec!["shipments:read".to_owned(), "shipments".to_owned(), "ships:read".to_owned()],
        customer_id: Some(tracklane_core::id::CustomerId::new(&stage.env)),
        device_id: Some(tracklane_core::id::DeviceId::new(&stage.env)),
        requests_per_minute: Some(0),
        expires_at: Some(stage.env.now()),
        ..key(Role::Operator)
    };
    let found = pointers(stage.engine.access.create_api_key(&stage.caller, bad).await);
    let expected =
        ["#/name", "#/scopes/1", "#/scopes/2", "#/customer_id", "#/device_id", "#/requests_per_minute", "#/expires_at"];
    assert_eq!(found, expected);
    let unknown = NewApiKey { device_id: Some(tracklane_core::id::DeviceId::new(&stage.env)), ..key(Role::Device) };
    assert_eq!(pointers(stage.engine.access.create_api_key(&stage.caller, unknown).await), ["#/device_id"]);
}

async fn a_device_with_a_credential_must_state_it(ground: Ground) {
    let stage = Stage::new(ground).await;
    let (access, caller) = (&stage.engine.access, &stage.caller);
    let new: NewDevice = serde_json::from_value(json!({ "identifier": "860112233445566" })).unwrap();
    let device = stage.engine.records.devices.create(caller, new).await.unwrap();
    let id = device.id.to_string();
    let comes_in =
        async |name: &str, credential: Option<&str>| access.authenticate_device(name, credential, None).await.is_ok();
    assert!(comes_in("860112233445566", None).await && comes_in(&id, Some("anything")).await);
    assert!(!comes_in("860112233445567", None).await);

    let credential = access.set_device_credential(caller, device.id).await.unwrap();
    let seen = access.authenticate_device(&id, Some(&credential), None).await.unwrap();
    assert_eq!((seen.role, seen.device_id, seen.tenant_id), (Role::Device, Some(device.id), stage.tenant.id));
    assert!(!comes_in(&id, None).await && !comes_in(&id, Some("anything")).await);
    let next = access.set_device_credential(caller, device.id).await.unwrap();
    assert!(!comes_in(&id, Some(&credential)).await && comes_in(&id, Some(&next)).await);

    let stranger = stage.stranger().await;
    assert!(matches!(access.set_device_credential(&stranger, device.id).await, Err(Error::NotFound)));
    let viewer = stage.as_role(Role::Viewer);
    assert!(matches!(access.clear_device_credential(&viewer, device.id).await, Err(Error::Forbidden)));
    let stage = stage.restart().await;
    let access = &stage.engine.access;
    assert!(access.authenticate_device(&id, None, None).await.is_err());
    access.clear_device_credential(&stage.caller, device.id).await.unwrap();
    assert!(access.authenticate_device(&id, None, None).await.is_ok());
}

async fn many_logins_at_once_wait_their_turn_and_guess_no_faster(ground: Ground) {
    let mut settings = settings();
    settings.access.free_attempts = 3;
    let stage = Stage::with(ground, settings).await;
    stage.admin().await;
    let tries = (0..20).map(|_| {
        let access = stage.engine.access.clone();
        tokio::spawn(async move {
            access.login(Login { email: "admin@one.test", password: "wrong", from: None }).await.err()
        })
    });
    let mut throttled = 0;
    for attempt in tries.collect::<Vec<_>>() {
        throttled += usize::from(matches!(attempt.await.unwrap(), Some(Error::Throttled { .. })));
    }
    assert_eq!(throttled, 17);
}
