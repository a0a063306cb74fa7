//! Who may come in: the first start, people and their logins, API keys, device credentials, tokens.
//!
//! [`Access::authenticate`] stands before every request. It answers from memory: API keys and users are kept for
//! [`AccessSettings::cache_seconds`] and forgotten at once when this process changes them.

mod api_keys;
mod authenticate;
mod bootstrap;
mod cache;
mod credentials;
mod keyring;
mod login;
mod logout;
mod passwords;
mod principal;
mod service;
mod settings;
mod throttle;
mod tokens;
mod unknown;
mod users;

pub use api_keys::{CreatedApiKey, NewApiKey};
pub use bootstrap::FirstLogin;
pub use login::{Login, Session};
pub use principal::{ParseScopeError, Principal, RESOURCES, Scope, Verb};
pub use service::Access;
pub use settings::AccessSettings;
pub use throttle::network;
pub use tracklane_store::{api_keys::ApiKeyFilter, users::UserFilter};
pub use unknown::{UnknownDevice, WhySentAway};
pub use users::NewUser;
