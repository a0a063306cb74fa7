//! One request: address, token, retries. Everything typed stands on top of [`Client::send`].

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracklane_api_types::ProblemBody;
use tracklane_core::Env;
use url::Url;

use crate::error::Error;

/// How often and how patiently a request is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, 1 or more.
    pub attempts: u32,
    /// The pause after the first failure; it doubles with each further one, with jitter.
    pub first_pause: Duration,
    /// The longest pause. A server that asks for more with `Retry-After` is not waited for.
    pub longest_pause: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 5, first_pause: Duration::from_millis(100), longest_pause: Duration::from_secs(30) }
    }
}

/// A request that can be sent more than once.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

/// An answer that did not refuse.
#[derive(Debug)]
pub(crate) struct Answer {
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::Unexpected { url: self.url.to_string(), detail: error.to_string() })
    }

    pub(crate) fn etag(&self) -> Option<&HeaderValue> {
        self.headers.get(ETAG)
    }
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A Tracklane server as seen by one caller. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    env: Env,
    base: Url,
    token: Option<HeaderValue>,
    retry: RetryPolicy,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the server at `base`, without a token. `http` brings TLS and time-outs, `env` the randomness of
    /// idempotency keys and of the jitter between retries.
    ///
    /// # Errors
    /// [`Error::BadUrl`] when `base` is no http or https URL.
    pub fn new(http: reqwest::Client, env: Env, base: &str) -> Result<Self, Error> {
        let bad = || Error::BadUrl(base.to_owned());
        let mut url = Url::parse(base).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad());
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { http, env, base: url, token: None, retry: RetryPolicy::default() })
    }

    /// The same client, calling with an API key or a token from [`Client::login`].
    ///
    /// # Errors
    /// [`Error::Unexpected`] when the token holds characters that no header can carry.
    pub fn with_token(mut self, token: &str) -> Result<Self, Error> {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Error::Unexpected {
            url: self.base.to_string(),
            detail: "the token holds characters that no header can carry".to_owned(),
        })?;
        value.set_sensitive(true);
        self.token = Some(value);
        Ok(self)
    }

    /// The same client with another patience.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The server's address, with a slash at the end.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// `GET` of a path below the base, such as `v1/me`, with query parameters.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, Error> {
        let mut request = self.request(Method::GET, path)?;
        if !query.is_empty() {
            request.url.query_pairs_mut().extend_pairs(query);
        }
        self.send(request).await?.json()
    }

    /// `POST` of a JSON body. Carries an `Idempotency-Key`, so that a repeated try does not do the thing twice.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn post<B: Serialize + ?Sized, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        let mut request = self.request(Method::POST, path)?.with_json(body)?;
        request.headers.insert(IDEMPOTENCY_KEY, self.idempotency_key()?);
        self.send(request).await?.json()
    }

    /// `PATCH` (RFC 7396) of a record as it is now: reads its version first, then writes on the condition that it is
    /// still that version.
    ///
    /// # Errors
    /// As every call: see [`Error`]; 412 when somebody else wrote in between.
    pub async fn patch<B: Serialize + ?Sized, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        let current = self.send(self.request(Method::GET, path)?).await?;
        let mut request = self.request(Method::PATCH, path)?.with_json(body)?;
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/merge-patch+json"));
        if let Some(etag) = current.etag() {
            request.headers.insert(IF_MATCH, etag.clone());
        }
        self.send(request).await?.json()
    }

    /// `DELETE` of a record.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.send(self.request(Method::DELETE, path)?).await.map(drop)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Result<Request, Error> {
        let url = self.base.join(path).map_err(|_| Error::BadUrl(format!("{}{path}", self.base)))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.clone());
        }
        Ok(Request { method, url, headers, body: Bytes::new() })
    }

    fn idempotency_key(&self) -> Result<HeaderValue, Error> {
        let key = BASE64_URL_SAFE_NO_PAD.encode(self.env.random::<18>());
        HeaderValue::from_str(&key)
            .map_err(|error| Error::Unexpected { url: self.base.to_string(), detail: error.to_string() })
    }

    /// Sends a request until it is answered, refused for good, or the patience is at its end.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Error> {
        let mut attempt = 1;
        loop {
            let failure = match self.send_once(&request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = failure.retry_after.unwrap_or_else(|| self.pause(attempt));
            if !failure.may_repeat || attempt >= self.retry.attempts || pause > self.retry.longest_pause {
                return Err(failure.error);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Half of the pause is fixed, half is jitter, so that many clients do not come back in step.
    fn pause(&self, attempt: u32) -> Duration {
        let whole = self.retry.first_pause.saturating_mul(1 << (attempt - 1).min(16)).min(self.retry.longest_pause);
        let [jitter] = self.env.random::<1>();
        whole / 2 + (whole / 2).mul_f64(f64::from(jitter) / 255.0)
    }

    async fn send_once(&self, request: &Request) -> Result<Answer, Failure> {
        let sent = self
            .http
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .body(request.body.clone())
            .send()
            .await;
        let unreachable = |source: reqwest::Error| Failure {
            error: Error::Unreachable { url: request.url.to_string(), source: source.without_url() },
            may_repeat: true,
            retry_after: None,
        };
        let response = sent.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(Answer { url: request.url.clone(), headers, body });
        }
        let may_repeat = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
            || status == StatusCode::TOO_MANY_REQUESTS;
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let error = Error::Problem(Box::new(problem(status, &body)));
        Err(Failure { error, may_repeat, retry_after: retry_after.map(Duration::from_secs) })
    }
}

impl Request {
    pub(crate) fn with_json<B: Serialize + ?Sized>(mut self, body: &B) -> Result<Self, Error> {
        let body = serde_json::to_vec(body)?;
        self = self.with_body("application/json", body.into());
        Ok(self)
    }

    pub(crate) fn without_token(mut self) -> Self {
        self.headers.remove(AUTHORIZATION);
        self
    }

    pub(crate) fn with_body(mut self, content_type: &'static str, body: Bytes) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = body;
        self
    }
}

/// A try that failed.
struct Failure {
    error: Error,
    may_repeat: bool,
    retry_after: Option<Duration>,
}

/// Reads the problem document; a proxy's own error page becomes a problem with its status alone.
fn problem(status: StatusCode, body: &[u8]) -> ProblemBody {
    serde_json::from_slice(body).unwrap_or_else(|_| ProblemBody {
        kind: "about:blank".to_owned(),
        title: format!("HTTP status {status}"),
        status: status.as_u16(),
        detail: String::new(),
        instance: None,
        errors: Vec::new(),
        allowed: None,
        permission: None,
        violated_policies: None,
    })
}
