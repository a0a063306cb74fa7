//! Memory that processes share: a [`SharedMemory`] that is opened by URL.

mod line;
mod redis;

use std::sync::Arc;
use std::time::Duration;

use tracklane_core::ports::SharedMemory;

use crate::AddressError;

/// What URLs of shared memory begin with.
const SCHEMES: [&str; 4] = ["redis", "rediss", "valkey", "valkeys"];
const EXAMPLE: &str = "redis://user:password@host:6379/0";

/// Where shared memory is.
#[derive(Clone)]
pub struct SharedAddress(::redis::Client);

impl SharedAddress {
    /// Reads the URL of a Redis or a Valkey: `redis://user:password@host:6379/0`, with `rediss://` for TLS, and the number of the
    /// database behind the slash.
    ///
    /// # Errors
    /// The rule that is broken, and an example. Never shows the URL: it may hold a password.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let wrong = |rule: &str| AddressError { rule: rule.to_owned(), example: EXAMPLE };
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        if !SCHEMES.contains(&scheme) {
            let schemes: Vec<_> = SCHEMES.iter().map(|scheme| format!("{scheme}://")).collect();
            return Err(wrong(&format!("must begin with one of {}", schemes.join(", "))));
        }
        // What the client would take for an order not to look at certificates, among others.
        if url.contains(['?', '#']) {
            return Err(wrong("must end with the number of the database"));
        }
        let client = ::redis::Client::open(url);
        client.map(Self).map_err(|_| wrong("must name a host, and behind a slash the number of a database"))
    }

    /// Opens it, for calls that may take as long as `patience`. Waits for a moment until it answers; when it does not, it is away for now.
    pub async fn open(self, patience: Duration) -> Arc<dyn SharedMemory> {
        Arc::new(redis::Redis::open(self.0, patience).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_no_password_is_shown() {
        for url in ["redis://h", "rediss://u:secret@h:6380/3", "valkey://:secret@[::1]/0", "valkeys://h:1"] {
            assert!(SharedAddress::parse(url).is_ok(), "{url}");
        }
        for (url, word) in [
            ("h:6379", "redis://"),
            ("unix:///tmp/socket", "valkeys://"),
            ("redis://:secret@h/zero", "number"),
            ("redis://", "host"),
            ("rediss://:secret@h/0#insecure", "end with"),
            ("redis://:secret@h/0?protocol=resp3", "end with"),
        ] {
            let said = SharedAddress::parse(url).err().unwrap().to_string();
            assert!(said.contains(word) && !said.contains("secret"), "{url}: {said}");
        }
    }
}
