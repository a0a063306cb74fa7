use crate::support::{Server, api_key, err, out, run, run_with};

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_the_machine_gets_in_without_a_login() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    let me = server.client(&key).me().await.unwrap();
    assert_eq!(me.tenant.slug, "default");

    let made = run(
        folder.path(),
        &["admin", "create-user", "--data", "data", "--email", "Ana@Example.com", "--name", "Ana", "--role", "viewer"],
    );
    assert!(made.status.success(), "{}", err(&made));
    let said = out(&made);
    let (email, password) = said.trim().split_once("  ").unwrap();
    assert_eq!(email, "ana@example.com");
    let login = server.client("none").login("ana@example.com", password).await.unwrap();
    assert_eq!(login.user.name, "Ana");

    let reset = ["admin", "reset-password", "ana@example.com", "--data", "data", "--password-stdin"];
    let reset = run_with(folder.path(), &reset, "a much better password\n");
    assert!(reset.status.success(), "{}", err(&reset));
    assert_eq!(server.client("none").login("ana@example.com", password).await.unwrap_err().status(), Some(401));
    server.client("none").login("ana@example.com", "a much better password").await.unwrap();

    let unknown = run(folder.path(), &["admin", "reset-password", "nobody@example.com", "--data", "data"]);
    assert_eq!(unknown.status.code(), Some(3), "{}", err(&unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_say_what_the_server_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    let url = format!("http://{}", server.address);
    let code = |token: &str, args: &[&str]| {
        let flags = ["--server", url.as_str(), "--token", token];
        run(folder.path(), &[args, &flags[..]].concat()).status.code()
    };
    assert_eq!(code(&key, &["track", "ORDER-1"]), Some(3));
    assert_eq!(code(&key, &["shipments", "create", "--reference", "ORDER-1", "--tracking-number", "T1"]), Some(0));
    assert_eq!(code(&key, &["track", "ORDER-1"]), Some(0));
    assert_eq!(code(&key, &["track", "T1"]), Some(0));
    assert_eq!(code(&key, &["shipments", "create", "--reference", "ORDER-1"]), Some(5));
    assert_eq!(code(&key, &["shipments", "events", "ORDER-1", "--record", "delivered"]), Some(5));
    assert_eq!(code(&key, &["shipments", "events", "ORDER-1", "--record", "picked_up"]), Some(0));
    assert_eq!(code("nobody", &["shipments", "list"]), Some(4));
    assert_eq!(code(&key, &["shipments", "list"]), Some(0));
}
