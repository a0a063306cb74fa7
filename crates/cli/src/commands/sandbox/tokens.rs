//! The sandbox's bearer tokens (RFC 6749, section 4.4): short-lived, kept in memory.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tracklane_core::time::{Env, Timestamp};

/// So many tokens are kept; the oldest goes when there is one more.
const MOST: usize = 10_000;

/// The tokens that were given out.
#[derive(Default)]
pub struct Tokens {
    clients: HashMap<String, (String, Timestamp)>,
    /// In the order in which they were given out, which is that in which they end.
    order: VecDeque<String>,
}

impl Tokens {
    /// A new token of `client`, good for `life`.
    pub fn give(&mut self, client: &str, life: Duration, env: &Env) -> String {
        let now = env.now();
        while let Some(oldest) = self.order.front() {
            let over = self.clients.get(oldest).is_none_or(|(_, end)| *end <= now);
            if !over && self.order.len() < MOST {
                break;
            }
            self.clients.remove(oldest);
            self.order.pop_front();
        }
        let token = format!("{:032x}", u128::from_be_bytes(env.random()));
        let end = now.checked_add(life).unwrap_or(Timestamp::MAX);
        self.clients.insert(token.clone(), (client.to_owned(), end));
        self.order.push_back(token.clone());
        token
    }

    /// Whose token this is; none when it was never given out, has ended, or was forgotten.
    pub fn client(&self, token: &str, now: Timestamp) -> Option<&str> {
        self.clients.get(token).filter(|(_, end)| *end > now).map(|(client, _)| client.as_str())
    }
}
