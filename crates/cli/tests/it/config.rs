use crate::support::{err, out, run, tracklane};

#[test]
fn a_typo_is_an_error_that_names_the_nearest_key_and_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tracklane.toml"), "[server]\nlisten = \"127.0.0.1:0\"\nbase_ulr = \"x\"\n")
        .unwrap();
    for args in [&["config", "check"][..], &["serve"], &["doctor"]] {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let said = format!("{}{}", out(&output), err(&output));
        assert!(said.contains("tracklane.toml: server.base_ulr: unknown key; did you mean \"base_url\"?"), "{said}");
    }
}

#[test]
fn a_typo_in_the_environment_is_an_error_too() {
    let folder = tempfile::tempdir().unwrap();
    let output = tracklane(folder.path(), &["config", "check"]).env("TRACKLANE__SERVER__PORT", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("environment TRACKLANE__SERVER__PORT: server.port: unknown key"), "{}", err(&output));
}

#[test]
fn the_default_file_is_a_valid_file_and_origins_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let default = out(&run(folder.path(), &["config", "default"]));
    std::fs::write(folder.path().join("my.toml"), default).unwrap();
    let output = run(folder.path(), &["config", "check", "--config", "my.toml"]);
    assert!(output.status.success(), "{}", err(&output));
    let shown = tracklane(folder.path(), &["config", "show", "--show-origin"])
        .env("TRACKLANE__STORE__URL", "postgres://tracklane:secret@db/tracklane")
        .output()
        .unwrap();
    let shown = out(&shown);
    assert!(shown.contains("server.listen = \"127.0.0.1:8080\"  # default"), "{shown}");
    assert!(shown.contains("store.url = \"(hidden)\"  # environment TRACKLANE__STORE__URL"), "{shown}");
    assert!(!shown.contains("secret"));
}

#[test]
fn wrong_use_has_its_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["nothing"][..], &["track", "ORDER-1"], &["decode", "morse"], &["serve", "--listen", "here"]] {
        assert_eq!(run(folder.path(), args).status.code(), Some(2), "{args:?}");
    }
}
