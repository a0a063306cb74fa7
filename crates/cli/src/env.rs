//! The outside world: the only real clock, the only real randomness, the HTTP client. Everything else takes them as
//! parameters.

use std::cell::RefCell;
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

/// The operating system's randomness. What is small is taken from some that each thread has asked for ahead: to ask takes
/// longer than all else about the id of a request.
struct SystemEntropy;

thread_local! {
    static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead { bytes: [0; Ahead::BYTES], left: 0 }) };
}

/// Random bytes that nobody has been given yet: the first `left`.
struct Ahead {
    bytes: [u8; Self::BYTES],
    left: usize,
}

impl Ahead {
    const BYTES: usize = 1_024;
    /// More than this is asked for when it is needed.
    const SMALL: usize = 32;

    fn give(&mut self, buffer: &mut [u8]) {
        if self.left < buffer.len() {
            SystemEntropy::ask(&mut self.bytes);
            self.left = self.bytes.len();
        }
        let start = self.left - buffer.len();
        let given = &mut self.bytes[start..self.left];
        buffer.copy_from_slice(given);
        // Nobody is given the same bytes twice, and nobody finds here what became a secret elsewhere.
        given.fill(0);
        self.left = start;
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if buffer.len() <= Ahead::SMALL {
            AHEAD.with_borrow_mut(|ahead| ahead.give(buffer));
        } else {
            Self::ask(buffer);
        }
    }
}

impl SystemEntropy {
    fn ask(buffer: &mut [u8]) {
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn random_bytes_are_never_given_twice() {
        let env = real();
        // Several times what is asked for ahead, in pieces that do not divide it.
        let given: HashSet<[u8; 15]> = (0..1_000).map(|_| env.random()).collect();
        assert_eq!(given.len(), 1_000);
        assert!(given.iter().all(|bytes| bytes.iter().any(|byte| *byte != 0)));
        assert_ne!(env.random::<100>(), env.random::<100>());
    }
}
