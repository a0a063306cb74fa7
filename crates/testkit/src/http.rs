//! Ports and HTTP for tests.

use std::net::TcpListener;
use std::time::Duration;

/// A port of this machine that nobody listens on now.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// An HTTP client that talks to this machine.
///
/// # Panics
/// When it cannot be made.
#[expect(clippy::disallowed_methods, reason = "tests talk to servers that they started themselves")]
pub fn http_client() -> reqwest::Client {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls =
        rustls::ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).tls_backend_preconfigured(tls);
    client.build().expect("a client without roots needs nothing from outside")
}
