use serde_json::Value;
use tracklane_carriers::CarrierError;

use super::{Sandbox, number};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_for_who_knows_the_secret() {
    let sandbox = Sandbox::start(&[]);
    let account = sandbox.account("a");
    let url = format!("{}/oauth/token", account.base);
    let ask = async |form: &[(&str, &str)]| {
        let answer = account.http.post(&url).form(form).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let grant = ("grant_type", "client_credentials");
    let cases = [
        (vec![grant, ("client_id", "a"), ("client_secret", "sandbox")], 200, ""),
        (vec![grant, ("client_id", "a"), ("client_secret", "wrong")], 401, "invalid_client"),
        (vec![grant, ("client_id", ""), ("client_secret", "sandbox")], 401, "invalid_client"),
        (vec![grant], 401, "invalid_client"),
        (vec![("grant_type", "password")], 400, "unsupported_grant_type"),
    ];
    for (form, status, code) in cases {
        let (answered, body) = ask(&form).await;
        assert_eq!((answered, body["error"].as_str().unwrap_or_default()), (status, code), "{form:?}");
        if status == 200 {
            assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &300.into()));
        }
    }
    let json = account.http.post(&url).json(&serde_json::json!({ "client_id": "a" })).send().await.unwrap();
    assert_eq!(json.status().as_u16(), 400);
    assert_eq!(json.json::<Value>().await.unwrap()["error"], "invalid_request");
    let basic = account.http.post(&url).basic_auth("b", Some("sandbox")).form(&[grant]).send().await.unwrap();
    assert_eq!(basic.status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_wrong_or_has_ended_is_refused() {
    let sandbox = Sandbox::start(&["--token-seconds", "2"]);
    let mut account = sandbox.account("a");
    let number = number("delivered", "at_once", "none");
    account.token = Some("nonsense".to_owned());
    assert_eq!(account.ask(&[&number]).await.unwrap_err().kind(), "unauthorised");
    account.token = None;
    account.one(&number).await;
    // The same token until it ends.
    let error = loop {
        match account.ask(&[&number]).await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(150)).await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), "unauthorised", "{error}");
    account.token = None;
    account.one(&number).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_how_long_to_wait() {
    let sandbox = Sandbox::start(&["--requests-per-minute", "3"]);
    let (mut often, mut other) = (sandbox.account("often"), sandbox.account("other"));
    let number = number("delivered", "at_once", "none");
    for _ in 0..3 {
        often.one(&number).await;
    }
    let error = often.ask(&[&number]).await.unwrap_err();
    let CarrierError::RateLimited { retry_after_seconds: Some(wait), .. } = error else { panic!("{error}") };
    assert!((1..=20).contains(&wait), "{wait}");
    other.one(&number).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_told_so() {
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("a");
    account.one(&number("delivered", "at_once", "none")).await;
    for (path, body, words) in [
        ("/v1/track", "{", "EOF"),
        ("/v1/track", r#"{"numbers": 7}"#, "invalid type"),
        ("/v1/track", r#"{"numbers": []}"#, "numbers must be 1 to 30, not 0"),
        ("/v1/nothing", "{}", "there is nothing under this path"),
    ] {
        let url = format!("{}{path}", account.base);
        let call = account.http.post(url).header("authorization", account.bearer()).body(body);
        let answer = call.send().await.unwrap();
        assert!(answer.status().is_client_error());
        let error = account.read(answer).await.unwrap_err();
        assert!(error.to_string().contains(words), "{body}: {error}");
    }
}
