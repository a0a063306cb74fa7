use serde::{Deserialize, Serialize};

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
