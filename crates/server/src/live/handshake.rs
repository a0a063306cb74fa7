//! The opening handshake of a WebSocket (RFC 6455, 4.2), for a socket whose own bytes can be written: what many hear is made
//! into frames once.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::problem::{Problem, Result};

/// The server's end of a WebSocket.
pub type WebSocket = WebSocketStream<TokioIo<Upgraded>>;

/// A client's wish to speak over a WebSocket.
pub struct Handshake {
    accept_key: String,
    upgrade: OnUpgrade,
}

impl<S: Sync> FromRequestParts<S> for Handshake {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        asked(parts).ok_or_else(|| Problem::malformed("Upgrade", "must be the handshake of a WebSocket"))
    }
}

fn asked(parts: &mut Parts) -> Option<Handshake> {
    let headers = &parts.headers;
    let asks = parts.method == Method::GET
        && names(headers, CONNECTION, "upgrade")
        && names(headers, UPGRADE, "websocket")
        && names(headers, SEC_WEBSOCKET_VERSION, "13");
    let accept_key = derive_accept_key(headers.get(SEC_WEBSOCKET_KEY).filter(|_| asks)?.as_bytes());
    Some(Handshake { accept_key, upgrade: parts.extensions.remove()? })
}

/// True when one of the words of a header field is this one, whatever its case.
fn names(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|found| found.trim().eq_ignore_ascii_case(word))
}

impl Handshake {
    /// The answer that opens the socket; `talk` runs on it once the answer is out.
    pub fn accept<F>(self, config: WebSocketConfig, talk: impl FnOnce(WebSocket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let upgrade = self.upgrade;
        tokio::spawn(async move {
            match upgrade.await {
                Ok(io) => {
                    let socket = WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, Some(config)).await;
                    talk(socket).await;
                }
                Err(error) => tracing::debug!(%error, "a client went away before its WebSocket was open"),
            }
        });
        let fields = [
            (CONNECTION, "upgrade".to_owned()),
            (UPGRADE, "websocket".to_owned()),
            (SEC_WEBSOCKET_ACCEPT, self.accept_key),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, fields).into_response()
    }
}
