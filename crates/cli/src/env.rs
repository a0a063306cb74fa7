//! The outside world: the only real clock, the only real randomness, the HTTP client. Everything else takes them as
//! parameters.

use std::sync::Arc;
use std::time::Duration;

use tracklane_core::Timestamp;
use tracklane_core::time::{Clock, Entropy, Env};

/// The machine's clock.
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one real clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's randomness.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness no id and no secret can be made: there is nothing sensible to go on with.
        #[expect(clippy::expect_used, reason = "the operating system's generator does not fail once it has started")]
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}

/// The real world.
pub fn real() -> Env {
    Env { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
}

/// The HTTP client of the command line: the TLS roots of the system, no proxies, a time-out for each request.
///
/// # Errors
/// When TLS cannot be set up.
#[expect(clippy::disallowed_methods, reason = "the one place where the command line's HTTP client is made")]
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    let builder = || {
        reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(60))
            .user_agent(concat!("tracklane/", env!("CARGO_PKG_VERSION")))
    };
    // A machine without any TLS roots can still talk plain HTTP to its own server.
    builder().build().or_else(|_| {
        let roots = rustls::RootCertStore::empty();
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        builder().tls_backend_preconfigured(tls).build()
    })
}

/// The HTTP client for live streams: no time-out for the answer as a whole.
///
/// # Errors
/// When TLS cannot be set up.
#[expect(clippy::disallowed_methods, reason = "the one place where the command line's HTTP clients are made")]
pub fn streaming_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)).build()
}

/// Makes ring the process's TLS provider. Call once, before anything else.
pub fn install_tls() {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
