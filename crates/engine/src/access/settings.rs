use serde::{Deserialize, Serialize};
use tracklane_core::Invalid;

use crate::check;

/// Who may come in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessSettings {
    /// Who issues the tokens and whom they are for (`iss` and `aud`): a name of this installation, 1 to 200 characters.
    pub issuer: String,
    /// How long a login lasts, in seconds, 60 to 2,592,000.
    pub session_seconds: i64,
    /// How many passwords are checked at the same time at most, 1 to 64: each check takes about 20 MiB.
    pub password_checks: usize,
    /// How many wrong passwords in a row an account takes from one address before each further one has to wait, 1 to 1,000.
    pub free_attempts: u32,
    /// The longest wait after wrong passwords, in seconds, 1 to 86,400.
    pub longest_wait_seconds: i64,
    /// For how long what is known of a user or a key is believed, in seconds, 0 to 3,600: after this time at the latest a
    /// change made by another process is seen. Changes made by this one are seen at once.
    pub cache_seconds: i64,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            issuer: "tracklane".to_owned(),
            session_seconds: 86_400,
            password_checks: 2,
            free_attempts: 5,
            longest_wait_seconds: 900,
            cache_seconds: 30,
        }
    }
}

impl AccessSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// Names each setting that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::text(&mut invalid, "/issuer", &self.issuer, 200);
        let mut whole = |name: &str, value: i128, low: i128, high: i128| {
            let rule = format!("must be from {low} to {high}");
            invalid.require((low..=high).contains(&value), &format!("/{name}"), rule);
        };
        whole("session_seconds", i128::from(self.session_seconds), 60, 2_592_000);
        whole("password_checks", self.password_checks as i128, 1, 64);
        whole("free_attempts", i128::from(self.free_attempts), 1, 1_000);
        whole("longest_wait_seconds", i128::from(self.longest_wait_seconds), 1, 86_400);
        whole("cache_seconds", i128::from(self.cache_seconds), 0, 3_600);
        invalid.into_result()
    }
}
