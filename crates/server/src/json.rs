//! Reading JSON bodies strictly: the media type is checked, keys given twice and unknown keys are refused, and whatever
//! is wrong is told with a JSON pointer.

use std::fmt;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Map, Number, Value};
use serde_path_to_error::{Path, Segment};

use crate::problem::{Kind, Problem, Result};

/// A JSON body.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        require_media_type(request.headers(), &["application/json"])?;
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out: none, or null, is the default.
pub struct OptionalJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let media_type = require_media_type(request.headers(), &["application/json"]);
        let bytes = read(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        media_type?;
        match parse_value(&bytes)? {
            Value::Null => Ok(Self(T::default())),
            value => from_value(value).map(Self),
        }
    }
}

/// Reads the whole body, up to the limit of the route.
///
/// # Errors
/// `body-too-large`, or `malformed-request` when the connection broke.
pub async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(Kind::TooLarge, "the body is larger than the limit of this route")
        } else {
            Problem::malformed("#", "the body could not be read to its end")
        }
    })
}

/// Checks the media type of the body against those that are read here; parameters such as `charset` are ignored.
///
/// # Errors
/// `unsupported-media-type`.
pub fn require_media_type(headers: &HeaderMap, known: &[&str]) -> Result<()> {
    let given = media_type(headers);
    if known.iter().any(|name| given.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    Err(Problem::new(Kind::UnsupportedMediaType, format!("the body must be {}", known.join(" or "))))
}

/// The media type of the body without its parameters; empty when none is given.
pub fn media_type(headers: &HeaderMap) -> &str {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim()
}

/// Reads a value out of JSON text.
///
/// # Errors
/// `malformed-request` or `invalid-input` with a pointer to what is wrong.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    from_value(parse_value(bytes)?)
}

/// Reads any JSON value, refusing keys given twice.
///
/// # Errors
/// `malformed-request` with a pointer to what is wrong.
pub fn parse_value(bytes: &[u8]) -> Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let Strict(value) = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| Problem::malformed(pointer(error.path()), error.inner().to_string()))?;
    deserializer.end().map_err(|error| Problem::malformed("#", error.to_string()))?;
    Ok(value)
}

/// Turns a JSON value into a type.
///
/// # Errors
/// `invalid-input` with a pointer to what is wrong.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(Objects(value)).map_err(|error| invalid(error.path(), &error.inner().to_string()))
}

/// A problem at a place in the body.
pub fn invalid(path: &Path, message: &str) -> Problem {
    let mut pointer = pointer(path);
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        pointer.push('/');
        pointer.push_str(field);
        return Problem::invalid(pointer, "is required");
    }
    Problem::invalid(pointer, message)
}

/// The JSON pointer (RFC 6901, fragment form) to a place.
pub fn pointer(path: &Path) -> String {
    let mut text = String::from("#");
    for segment in path {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                text.push('/');
                text.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    text
}

/// A value in which a struct must be an object. serde by itself also reads a struct from an array, field by field.
pub(crate) struct Objects(pub(crate) Value);

impl<'de> Deserializer<'de> for Objects {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(list) => {
                let mut access = SeqDeserializer::new(list.into_iter().map(Objects));
                let value = visitor.visit_seq(&mut access)?;
                access.end()?;
                Ok(value)
            }
            Value::Object(map) => {
                let mut access = MapDeserializer::new(map.into_iter().map(|(key, value)| (key, Objects(value))));
                let value = visitor.visit_map(&mut access)?;
                access.end()?;
                Ok(value)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(_) => Err(Self::Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    /// Free data is an object too; its own reading would take null for one that is empty.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Null => Err(Self::Error::invalid_type(Unexpected::Unit, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, serde_json::Error> for Objects {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// A JSON value without keys given twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("must be a finite number"))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = access.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            // The refusal is a value that cannot be read, so that the error carries the path down to the key.
            if map.contains_key(&key) {
                access.next_value_seed(GivenTwice)?;
            }
            let Strict(value) = access.next_value()?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

struct GivenTwice;

impl<'de> DeserializeSeed<'de> for GivenTwice {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(D::Error::custom("the key is given twice"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Parcel {
        #[expect(dead_code, reason = "only its reading is tested")]
        name: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is tested")]
        sizes: Vec<f64>,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is tested")]
        metadata: Map<String, Value>,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is tested")]
        inner: Option<Box<Parcel>>,
    }

    #[track_caller]
    fn check(text: &str, pointer: &str, detail: &str) {
        let problem = parse::<Parcel>(text.as_bytes()).unwrap_err();
        let error = &problem.errors()[0];
        assert_eq!(error.pointer, pointer, "{error:?}");
        assert!(error.detail.contains(detail), "{error:?}");
    }

    #[test]
    fn what_is_wrong_is_told_with_a_pointer() {
        check("{}", "#/name", "is required");
        check(r#"{"name":1}"#, "#/name", "expected a string");
        check(r#"{"name":"a","sizes":[1,"b"]}"#, "#/sizes/1", "expected f64");
        check(r#"{"name":"a","size":[]}"#, "#/size", "unknown field `size`, expected one of `name`, `sizes`");
        check(r#"{"name":"a","name":"b"}"#, "#/name", "given twice");
        check(r#"{"name":"a","metadata":{"x/y":1,"x/y":2}}"#, "#/metadata/x~1y", "given twice");
        check(r#"{"name":"a","sizes":[1e999]}"#, "#/sizes/0", "number out of range");
        check(r#"{"name":"a","sizes":[NaN]}"#, "#/sizes/0", "expected value");
        check(r#"{"name":"a","metadata":null}"#, "#/metadata", "expected an object");
        check(r#"["a",[1],{}]"#, "#", "expected an object");
        check(r#"{"name":"a","inner":["b"]}"#, "#/inner", "expected an object");
        check(r#"{"name":"a"} {}"#, "#", "trailing characters");
        check("", "#", "EOF");
    }

    #[test]
    fn numbers_come_out_as_they_went_in() {
        for text in
            ["31.245270191439438", "121.48791951161945", "-8.610000000000001", "41.15", "1.7976931348623157e308"]
        {
            let number: f64 = text.parse().expect("a number");
            assert_eq!(parse::<f64>(text.as_bytes()).expect("a number").to_bits(), number.to_bits(), "{text}");
        }
    }

    #[test]
    fn a_body_may_not_nest_without_end() {
        let problem = parse_value("[".repeat(1000).as_bytes()).unwrap_err();
        assert!(problem.errors()[0].detail.contains("recursion limit"), "{problem:?}");
    }
}
