//! Webhooks as Standard Webhooks 1.0 wants them: signed, retried over days, never sent to a private address.
//!
//! - [`secret`]: what both sides know;
//! - [`signature`]: signing and verifying;
//! - [`guard`]: which addresses may be called (server-side request forgery);
//! - [`retry`]: when the next attempt is due;
//! - [`sender`]: one attempt over HTTP.

pub mod guard;
pub mod retry;
pub mod secret;
pub mod sender;
pub mod signature;

pub use guard::{Blocked, Cidr, Guard};
pub use retry::{RetryAfter, Schedule, Verdict};
pub use secret::{ParseSecretError, Secret};
pub use sender::{AttemptResult, Request, Sender, SenderSettings};
pub use signature::{VerifyError, sign, verify};
