//! What tests stand on stands.

use tracklane_testkit::{ADMIN_EMAIL, ADMIN_PASSWORD, START, TestApp, http_client};

#[tokio::test(flavor = "multi_thread")]
async fn each_test_has_a_server_of_its_own_at_the_same_instant() {
    let (one, two) = (TestApp::new().await, TestApp::new().await);
    let http = http_client();
    for app in [&one, &two] {
        let me = http.get(app.url("/v1/me")).bearer_auth(&app.admin_key).send().await.expect("an answer");
        let me: serde_json::Value = me.json().await.expect("JSON");
        assert_eq!(me["role"], "admin");
        assert_eq!(me["tenant"]["created_at"], START);
    }
    let body = serde_json::json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
    let login = http.post(one.url("/v1/login")).json(&body).send().await.expect("an answer");
    assert!(login.status().is_success(), "{}", login.status());
    one.stop().await;
    two.stop().await;
}
