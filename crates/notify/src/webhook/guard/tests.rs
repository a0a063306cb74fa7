use super::*;

fn verdict(guard: &Guard, url: &str) -> String {
    match guard.check_url(url) {
        Ok(_) => "ok".to_owned(),
        Err(blocked) => blocked.to_string(),
    }
}

#[test]
fn every_spelling_of_an_inner_address_is_seen() {
    let guard = Guard::default();
    let cases = [
        ("loopback", "http://127.0.0.1/"),
        ("loopback", "http://127.1/"),
        ("loopback", "http://127.0.0.1.:8080/x"),
        ("loopback", "http://2130706433/"),
        ("loopback", "http://0x7f000001/"),
        ("loopback", "http://0x7f.0.0.1/"),
        ("loopback", "http://0177.0.0.1/"),
        ("loopback", "http://017700000001/"),
        ("loopback", "http://127.255.255.254/"),
        ("loopback", "http://%31%32%37.0.0.1/"),
        ("loopback", "http://１２７.0.0.1/"),
        ("loopback", "http://127。0。0。1/"),
        ("loopback", "https:127.0.0.1"),
        ("loopback", "https:\\\\127.0.0.1\\x"),
        ("loopback", "\u{1} http://127.0.0.1/"),
        ("loopback", "http://[::1]/"),
        ("loopback", "http://[0:0:0:0:0:0:0:1]/"),
        ("loopback", "http://[::ffff:127.0.0.1]/"),
        ("loopback", "http://[::ffff:7f00:1]/"),
        ("loopback", "http://[::127.0.0.1]/"),
        ("loopback", "http://[::ffff:0:127.0.0.1]/"),
        ("loopback", "http://[64:ff9b::127.0.0.1]/"),
        ("loopback", "http://[2002:7f00:1::]/"),
        ("private", "http://10.0.0.1/"),
        ("private", "http://172.16.0.1/"),
        ("private", "http://172.31.255.255/"),
        ("private", "http://192.168.1.1/"),
        ("private", "http://100.64.0.1/"),
        ("private", "http://100.127.255.255/"),
        ("private", "http://[fc00::1]/"),
        ("private", "http://[fdab::1]/"),
        ("private", "http://[fec0::1]/"),
        ("private", "http://[2002:c0a8:101::1]/"),
        ("private", "http://[2a00:1450::5efe:10.0.0.1]/"),
        ("link-local", "http://169.254.169.254/latest/meta-data/"),
        ("link-local", "http://0xa9fea9fe/"),
        ("link-local", "http://[fe80::1]/"),
        ("link-local", "http://[::ffff:a9fe:a9fe]/"),
        ("a metadata service", "http://100.100.100.200/"),
        ("a metadata service", "http://168.63.129.16/"),
        ("a metadata service", "http://[fd00:ec2::254]/"),
        ("a metadata service", "http://[fd20:ce::254]/"),
        ("unspecified", "http://0.0.0.0/"),
        ("unspecified", "http://0/"),
        ("unspecified", "http://[::]/"),
        ("reserved", "http://0.1.2.3/"),
        ("reserved", "http://192.0.0.8/"),
        ("reserved", "http://192.0.2.1/"),
        ("reserved", "http://192.88.99.1/"),
        ("reserved", "http://198.18.0.1/"),
        ("reserved", "http://198.19.255.255/"),
        ("reserved", "http://198.51.100.1/"),
        ("reserved", "http://203.0.113.9/"),
        ("reserved", "http://240.0.0.1/"),
        ("reserved", "http://255.255.255.255/"),
        ("reserved", "http://[2001::1]/"),
        ("reserved", "http://[2001:db8::1]/"),
        ("reserved", "http://[3fff::1]/"),
        ("reserved", "http://[100::1]/"),
        ("reserved", "http://[64:ff9b:1::1]/"),
        ("reserved", "http://[5f00::1]/"),
        ("multicast", "http://224.0.0.1/"),
        ("multicast", "http://239.255.255.250/"),
        ("multicast", "http://[ff02::1]/"),
    ];
    for (kind, url) in cases {
        assert_eq!(verdict(&guard, url), format!("must not be an address that is {kind}"), "{url}");
    }
}

#[test]
fn other_bad_urls_say_what_is_wrong() {
    let guard = Guard::default();
    let long = format!("https://example.com/{}", "x".repeat(2_048));
    let cases = [
        ("must be an absolute URL", "hooks/1"),
        ("must be an absolute URL", ""),
        ("must be an absolute URL", "http://"),
        ("must be an absolute URL", "http://127.0.0.1.5.6/"),
        ("must be an absolute URL", "http://[::1"),
        ("must be an absolute URL", "http://example.com:99999/"),
        ("must begin with", "ftp://example.com/"),
        ("must begin with", "file:///etc/passwd"),
        ("must begin with", "gopher://127.0.0.1:6379/_x"),
        ("must begin with", "javascript:alert(1)"),
        ("must not carry", "https://user@example.com/"),
        ("must not carry", "https://:pw@example.com/"),
        ("must not carry", "https://example.com:80@127.0.0.1/"),
        ("must not be a name", "http://localhost/"),
        ("must not be a name", "http://LOCALHOST:8080/"),
        ("must not be a name", "http://localhost./"),
        ("must not be a name", "http://a.localhost/"),
        ("must not be a name", "http://printer.local/"),
        ("must not be a name", "http://metadata.google.internal/"),
        ("must have at most", long.as_str()),
    ];
    for (start, url) in cases {
        let said = verdict(&guard, url);
        assert!(said.starts_with(start), "{url}: {said}");
    }
}

#[test]
fn public_addresses_and_names_pass() {
    let guard = Guard::default();
    for url in [
        "https://example.com/hooks?x=1",
        "http://example.com:8080/",
        "https://notlocalhost/",
        "https://local.example.com/",
        "http://1.1.1.1/",
        "http://172.32.0.1/",
        "http://100.128.0.1/",
        "http://[2606:4700:4700::1111]/",
        "http://[::ffff:1.1.1.1]/",
        "http://[64:ff9b::1.1.1.1]/",
    ] {
        assert_eq!(verdict(&guard, url), "ok", "{url}");
    }
}

#[test]
fn an_installation_may_open_its_own_network_but_not_metadata() {
    let open = Guard::open();
    for url in ["http://127.0.0.1:9/", "http://localhost:9/", "http://10.1.2.3/", "http://[::1]/", "http://[fd00::1]/"]
    {
        assert_eq!(verdict(&open, url), "ok", "{url}");
    }
    for url in ["http://169.254.169.254/", "http://100.100.100.200/", "http://[fd00:ec2::254]/", "http://0.0.0.0/"] {
        assert_ne!(verdict(&open, url), "ok", "{url}");
    }
    let narrow = Guard { allow_private: false, allowed: vec!["10.1.0.0/16".parse().unwrap()] };
    assert_eq!(verdict(&narrow, "http://10.1.200.3/"), "ok");
    assert_ne!(verdict(&narrow, "http://10.2.0.1/"), "ok");
    assert_ne!(verdict(&narrow, "http://127.0.0.1/"), "ok");
}

#[test]
fn ranges_are_read_strictly() {
    let range: Cidr = "fd12::/32".parse().unwrap();
    assert!(range.contains("fd12:0:1::".parse().unwrap()));
    assert!(!range.contains("fd13::".parse().unwrap()));
    let one: Cidr = "192.0.2.7".parse().unwrap();
    assert!(one.contains("192.0.2.7".parse().unwrap()) && !one.contains("192.0.2.8".parse().unwrap()));
    let all: Cidr = "0.0.0.0/0".parse().unwrap();
    assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("2000::1".parse().unwrap()));
    for bad in ["", "10.0.0.0/33", "10.0.0/8", "fd12::/129", "10.0.0.0/-1", "10.0.0.0/", "ten/8"] {
        assert_eq!(bad.parse::<Cidr>(), Err(ParseCidrError(bad.to_owned())), "{bad}");
    }
}
