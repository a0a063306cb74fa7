use crate::support::{Server, api_key, err, out, run};

#[test]
fn people_get_times_to_the_second_and_programs_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let (url, key) = (format!("http://{}", server.address), api_key(folder.path()));
    let say = |args: &[&str]| {
        let output = run(folder.path(), &[args, &["--server", url.as_str(), "--token", key.as_str()]].concat());
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    say(&["shipments", "create", "--reference", "ORDER-1"]);
    let shown = say(&["track", "ORDER-1"]);
    let created = shown.lines().find(|line| line.contains("created  ")).unwrap();
    let happened: String = created.chars().take(21).collect();
    assert!(happened.starts_with("20") && happened.ends_with("  "), "{shown}");
    assert!(shown.contains("HAPPENED (UTC)"), "{shown}");
    let detail: serde_json::Value = serde_json::from_str(&say(&["track", "ORDER-1", "-o", "json"])).unwrap();
    let exact = detail["events"][0]["event"]["occurred_at"].as_str().unwrap();
    assert_eq!(exact[..19].replace('T', " "), happened.trim_end());
}

#[test]
fn a_server_that_is_not_there_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(folder.path(), &["track", "X", "--token", "tlk_x", "--server", &format!("http://{address}")]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(err(&output).matches(&address.to_string()).count(), 1, "{}", err(&output));
}
