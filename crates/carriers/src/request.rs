//! What to ask a carrier: requests as values. Sending them is the engine's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// One number to ask about, with what the carrier may want to know besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Number {
    /// The tracking number.
    pub value: String,
    /// The recipient's postcode.
    pub postcode: Option<String>,
    /// The day it was shipped.
    pub ship_date: Option<jiff::civil::Date>,
    /// The country it goes to, ISO 3166-1 alpha-2.
    pub destination_country: Option<String>,
    /// For aggregators: the carrier, in the aggregator's own word.
    pub carrier: Option<String>,
}

impl Number {
    /// A number about which nothing else is known.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }
}

/// The credentials of one account with a carrier, by the names that the carrier's list gives. Never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials(BTreeMap<String, String>);

impl Credentials {
    /// These credentials.
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(values.into_iter().collect())
    }

    /// The value with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A credential that a carrier wants.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Whether it must be kept secret.
    #[serde(default)]
    pub secret: bool,
    /// Whether the carrier can be asked without it.
    #[serde(default)]
    pub optional: bool,
}

/// What to ask.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The numbers, no more than the carrier takes at once.
    pub numbers: &'a [Number],
    /// The account.
    pub credentials: &'a Credentials,
    /// The language of the answer, as `en` or `en-GB`.
    pub language: &'a str,
    /// Where to ask instead of the carrier's own address: a sandbox, a test, a proxy. Scheme and host, no slash at the end.
    pub base: Option<&'a str>,
    /// A number that the carrier wants to be new with each request. The caller's, as everything random is.
    pub request_id: &'a str,
}

impl Ask<'_> {
    /// The credential with this name.
    pub(crate) fn credential(&self, name: &'static str) -> Result<&str, AskError> {
        self.credentials.get(name).ok_or(AskError::Credential { name: name.to_owned() })
    }

    /// The carrier's address, or what stands in for it.
    pub(crate) fn base<'b>(&'b self, own: &'b str) -> &'b str {
        self.base.unwrap_or(own)
    }

    /// The one number, for carriers that take one at a time.
    pub(crate) fn only(&self) -> Result<&Number, AskError> {
        match self.numbers {
            [one] => Ok(one),
            other => Err(AskError::Count { given: other.len(), most: 1 }),
        }
    }

    /// The language's first part: `en` of `en-GB`.
    pub(crate) fn short_language(&self) -> &str {
        self.language.split(['-', '_']).next().unwrap_or("en")
    }
}

/// Why a request cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// A credential is missing.
    #[error("the credential {name} is required")]
    Credential {
        /// Its name.
        name: String,
    },
    /// Too many numbers, or none.
    #[error("{given} numbers at once; the carrier takes 1 to {most}")]
    Count {
        /// How many were given.
        given: usize,
        /// How many may be.
        most: usize,
    },
    /// The carrier wants to know something besides the number.
    #[error("the carrier wants the {key} besides the number {number}")]
    Key {
        /// What.
        key: &'static str,
        /// Of which number.
        number: String,
    },
}

/// A request. Its address, headers and body may hold secrets; what is shown of it for logs holds none.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: String,
    /// The headers, without those that [`Auth`] adds.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Option<Body>,
    /// How to prove who asks.
    pub auth: Auth,
}

impl Request {
    /// A request for something.
    pub(crate) fn get(url: String, auth: Auth) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: vec![("accept".into(), "application/json".to_owned())],
            body: None,
            auth,
        }
    }

    /// A request with a JSON body.
    pub(crate) fn post_json(url: String, body: &serde_json::Value, auth: Auth) -> Self {
        let body = Body { content_type: "application/json", text: body.to_string() };
        let headers = vec![("accept".into(), "application/json".to_owned())];
        Self { method: Method::Post, url, headers, body: Some(body), auth }
    }

    /// A request with an XML body.
    pub(crate) fn post_xml(url: String, text: String, auth: Auth) -> Self {
        let body = Body { content_type: "text/xml; charset=utf-8", text };
        Self {
            method: Method::Post,
            url,
            headers: vec![("accept".into(), "text/xml".to_owned())],
            body: Some(body),
            auth,
        }
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this answer type.
    pub(crate) fn accept(mut self, media_type: &str) -> Self {
        self.headers.retain(|(name, _)| name != "accept");
        self.header("accept", media_type)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.url.split('?').next().unwrap_or_default();
        write!(f, "{:?} {place} ({:?})", self.method, self.auth)
    }
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// The body of a request. Not shown: some carriers want the password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// Its content type.
    pub content_type: &'static str,
    /// Its text.
    pub text: String,
}

/// How to prove who asks. Holds secrets; not shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// Nothing more than the request has.
    None,
    /// A header with a key.
    Header {
        /// The header's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// HTTP Basic.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A bearer token that is fetched first (RFC 6749, 4.4) and kept until it expires.
    ClientCredentials(TokenRequest),
}

/// How to fetch a bearer token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// Where.
    pub url: String,
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Where the client stands: in the Basic header (true) or in the body (false).
    pub in_header: bool,
    /// The body's content: JSON (true) or a form (false).
    pub json: bool,
    /// Further fields: a scope, a refresh token, another grant type.
    pub fields: Vec<(Cow<'static, str>, String)>,
    /// The header that carries the token, `authorization` with `Bearer ` before it unless the carrier wants another.
    pub header: Cow<'static, str>,
}

impl TokenRequest {
    /// The usual way: a form with client and secret.
    pub(crate) fn form(url: String, ask: &Ask<'_>) -> Result<Self, AskError> {
        Ok(Self {
            url,
            client_id: ask.credential("client_id")?.to_owned(),
            client_secret: ask.credential("client_secret")?.to_owned(),
            in_header: false,
            json: false,
            fields: vec![("grant_type".into(), "client_credentials".to_owned())],
            header: "authorization".into(),
        })
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Header { name, .. } => write!(f, "header {name}"),
            Self::Basic { .. } => f.write_str("basic"),
            Self::ClientCredentials(token) => token.fmt(f),
        }
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.in_header { "basic header" } else { "body" };
        let form = if self.json { "json" } else { "form" };
        write!(f, "client credentials of {}, {place}, {form}, into {}", self.url, self.header)
    }
}

/// Everything but what RFC 3986 lets stand in any part of an address.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as part of an address.
pub(crate) fn part(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

/// A text as part of an XML document.
pub(crate) fn xml_text(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
