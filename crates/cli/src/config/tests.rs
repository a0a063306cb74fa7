use super::layers::Origin;
use super::sections::ROLES;
use super::*;

fn over(text: &str) -> Layers {
    let mut layers = Layers::defaults();
    layers.add_file("my.toml".into(), text);
    layers
}

fn problems(layers: Layers) -> Vec<String> {
    Settings::read(layers).map_or_else(|invalid| invalid.0.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

/// The defaults as the structs state them, in the shape of the file.
fn stated() -> Table {
    let settings = Settings::default();
    let table = |value: Result<Table, toml::ser::Error>| value.expect("settings are tables");
    let mut server = table(Table::try_from(&settings.server));
    let limits = server.remove("limits").expect("the server has limits");
    server.insert("data".to_owned(), Value::String("./data".to_owned()));
    server.insert("roles".to_owned(), Value::from(ROLES.to_vec()));
    let mut sections = table(Table::try_from(&settings.engine));
    sections.insert("server".to_owned(), Value::Table(server));
    sections.insert("limits".to_owned(), limits);
    sections.insert("store".to_owned(), Value::Table(table(Table::try_from(&settings.store))));
    sections.insert("history".to_owned(), Value::Table(table(Table::try_from(&settings.history))));
    sections.insert("stream".to_owned(), Value::Table(table(Table::try_from(&settings.stream))));
    sections.insert("redis".to_owned(), Value::Table(table(Table::try_from(&settings.redis))));
    sections.insert("gateway".to_owned(), Value::Table(table(Table::try_from(&settings.gateway))));
    sections.insert("mqtt".to_owned(), Value::Table(table(Table::try_from(&settings.mqtt))));
    sections.insert("sinks".to_owned(), Value::Table(table(Table::try_from(&settings.sinks))));
    sections.insert("log".to_owned(), Value::Table(table(Table::try_from(&settings.log))));
    sections
}

#[test]
fn the_default_file_is_exactly_the_defaults_and_has_every_field() {
    let file: Table = DEFAULT.parse().expect("the default file is TOML");
    assert_eq!(file, stated());
    let read = Settings::read(Layers::defaults()).expect("the defaults are valid");
    let roles = ROLES.map(str::to_owned).to_vec();
    assert_eq!(read, Settings { data: "./data".into(), roles, ..Settings::default() });
}

#[test]
fn every_setting_is_commented() {
    let mut previous = "";
    for line in DEFAULT.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(previous.starts_with('#'), "{line} has no comment");
        }
        previous = line;
    }
}

#[test]
fn later_layers_win_and_are_named() {
    let mut layers = over("[server]\nlisten = \"0.0.0.0:1\"\n[limits]\nlogins_per_minute = 5\n");
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    layers.add_env([variable("TRACKLANE__SERVER__LISTEN", "0.0.0.0:2"), variable("PATH", "/bin")].into_iter());
    layers.set_flag("--listen", "server", "listen", "0.0.0.0:3");
    assert_eq!(layers.origin("server.listen"), &Origin::Flag("--listen"));
    assert_eq!(layers.origin("limits.logins_per_minute"), &Origin::File("my.toml".into()));
    assert_eq!(layers.origin("log.level"), &Origin::Default);
    let settings = Settings::read(layers).expect("all of this is valid");
    assert_eq!(settings.server.listen.port(), 3);
    assert_eq!(settings.server.limits.logins_per_minute, 5);
}

#[test]
fn lists_and_numbers_come_from_the_environment() {
    let mut layers = Layers::defaults();
    let variables = [
        ("TRACKLANE__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
        ("TRACKLANE__WEBHOOKS__RETRY_SECONDS", "1, 2.5"),
        ("TRACKLANE__WEBHOOKS__ALLOW_PRIVATE", "true"),
    ];
    layers.add_env(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    let settings = Settings::read(layers).expect("all of this is valid");
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert_eq!(settings.engine.webhooks.retry_seconds, [1.0, 2.5]);
    assert!(settings.engine.webhooks.allow_private);
}

#[test]
fn entries_with_commas_stand_on_lines_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sinks");
    std::fs::write(&file, "kafka://a,b:1/events\n").expect("a file");
    let mut layers = Layers::defaults();
    let name = file.display().to_string();
    layers.add_env([("TRACKLANE__SINKS__PUBLISH_FILE".to_owned(), name)].into_iter());
    let settings = Settings::read(layers).expect("all of this is valid");
    assert_eq!(settings.sinks.publish, ["kafka://a,b:1/events"]);
}

#[test]
fn unknown_names_are_errors_that_name_the_nearest() {
    let found = problems(over("[server]\nlistn = \"x\"\n[sevrer]\nlisten = \"x\"\n"));
    assert_eq!(found.len(), 2);
    assert!(
        found[0].starts_with("file my.toml: server.listn: unknown key; did you mean \"listen\"? (known: "),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("file my.toml: sevrer: unknown section; did you mean \"server\"? (known: "),
        "{found:?}"
    );
    let mut layers = Layers::defaults();
    layers.add_env([("TRACKLANE__LOG__LEVLE".to_owned(), "info".to_owned())].into_iter());
    let found = problems(layers);
    assert!(found[0].starts_with("environment TRACKLANE__LOG__LEVLE: log.levle: unknown key"), "{found:?}");
}

#[test]
fn wrong_values_are_errors_with_the_rule() {
    let cases = [
        ("[server]\ntimeout_seconds = \"soon\"", "server.timeout_seconds: must be a whole number, not a text"),
        ("[server]\ntimeout_seconds = 0", "server.timeout_seconds: must be from 1 to 3600, not 0"),
        ("[server]\nlisten = \"nowhere\"", "server.listen: "),
        ("[log]\nformat = \"xml\"", "log.format: "),
        ("[webhooks]\nretry_seconds = [\"x\"]", "webhooks.retry_seconds: must be a list of numbers"),
        ("[webhooks]\nlease_seconds = 5", "webhooks.lease_seconds: must be longer than timeout_ms"),
        ("[webhooks]\nallowed_addresses = [\"10.0.0.0/99\"]", "webhooks.allowed_addresses.0: "),
        (
            "[gateway]\nlisten = [\"gt06://0.0.0.0\", \"telex://0.0.0.0\"]",
            "gateway.listen[1]: \"telex://0.0.0.0\" must begin with one of",
        ),
        ("[mqtt]\nurl = \"amqp://u:secret@b\"", "mqtt.url: must be mqtt://host:port"),
        (
            "[sinks]\npublish = [\"nats://h/x\", \"nats://u:secret@h\"]",
            "sinks.publish[1]: must name what is published to",
        ),
        ("[sinks]\npublish = [\"nats://a/x\", \"nats://b/x\"]", "sinks.publish[1]: there are two with the name nats.x"),
        ("[mqtt]\nunknown_devices = \"adopt\"", "mqtt.unknown_devices: "),
        ("[server]\ntrusted_proxies = [\"10.0.0.0/99\"]", "server.trusted_proxies[0]: "),
    ];
    for (text, expected) in cases {
        let found = problems(over(text));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(&format!("file my.toml: {expected}")), "{found:?}");
    }
    assert!(problems(over("[server")).iter().any(|problem| problem.starts_with("file my.toml: ")));
}

#[test]
fn whole_numbers_fit_where_numbers_are_wanted() {
    let settings = Settings::read(over("[tracking]\nworst_accuracy_m = 50\n[webhooks]\nretry_seconds = [1, 2]\n"));
    let settings = settings.expect("all of this is valid");
    assert_eq!(settings.engine.webhooks.retry_seconds, [1.0, 2.0]);
}

#[test]
fn a_secret_may_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("url");
    std::fs::write(&path, "postgres://u:secret@db/t\n").expect("a file");
    let mut layers = Layers::defaults();
    layers.add_env([("TRACKLANE__STORE__URL_FILE".to_owned(), path.display().to_string())].into_iter());
    assert_eq!(Settings::read(layers).expect("valid").store.url, "postgres://u:secret@db/t");
    let mut layers = Layers::defaults();
    layers.add_env([("TRACKLANE__LOG__LEVEL_FILE".to_owned(), path.display().to_string())].into_iter());
    assert!(problems(layers)[0].contains("unknown key"));
}

#[test]
fn the_address_of_the_store_is_one_that_can_be_opened() {
    let found = problems(over("[store]\nurl = \"mysql://u:secret@db/t\"\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("file my.toml: store.url: cannot open \"mysql://"), "{found:?}");
    assert!(!found[0].contains("secret"), "{found:?}");
}

#[test]
fn a_name_with_too_few_underscores_is_an_error() {
    let named = |name: &str| {
        let mut layers = Layers::defaults();
        layers.add_env([(name.to_owned(), "1".to_owned())].into_iter());
        layers.problems
    };
    for name in ["TRACKLANE_SERVER__LISTEN", "TRACKLANE_SERVER_LISTEN", "TRACKLANE__SERVER_LISTEN"] {
        let found = named(name);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(found[0].detail.contains("TRACKLANE__SECTION__KEY"), "{found:?}");
    }
    for name in ["TRACKLANE_TOKEN", "TRACKLANE_SERVER_SERVICE_HOST", "TRACKLANE_SERVER_PORT_80_TCP", "TRACKLANE_CORPUS"]
    {
        assert_eq!(named(name), [], "{name}");
    }
}
