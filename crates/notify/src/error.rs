/// Why a channel could not be set up. A failed delivery is no error but a result: see
/// [`AttemptResult`](crate::webhook::AttemptResult).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The HTTP client could not be built: no TLS roots, say.
    #[error("build the HTTP client: {0}")]
    Client(#[source] reqwest::Error),
}
