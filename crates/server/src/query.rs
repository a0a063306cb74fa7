//! Reading query parameters and path ids strictly: unknown, repeated and empty parameters are refused by name, the valid
//! ones are listed; a list may be given as `a,b` or by repeating the parameter. A filter whose value got lost on the way
//! must not turn into no filter.

use std::borrow::Cow;
use std::fmt;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::Deserialize;
use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::problem::{Problem, Result};

/// The query parameters as `T`.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query string.
///
/// # Errors
/// `malformed-request` that names the parameter.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let mut grouped: Vec<(Cow<'_, str>, Vec<Cow<'_, str>>)> = Vec::new();
    for (name, value) in pairs {
        if value.trim().is_empty() {
            return Err(Problem::malformed(name, "must not be empty; leave it out for none"));
        }
        match grouped.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => grouped.push((name, vec![value])),
        }
    }
    let parameters = Parameters { rest: grouped.into_iter(), value: None };
    serde_path_to_error::deserialize(parameters).map_err(|error| {
        let message = error.inner().0.replace("unknown field", "unknown parameter").replace("missing field", "missing");
        let name = error.path().iter().next().map(ToString::to_string).unwrap_or_default();
        Problem::malformed(name, message)
    })
}

/// Ids that a filter names, at most [`MAX_IDS`]; none means any.
#[derive(Debug, Clone)]
pub struct Ids<T>(pub Vec<T>);

/// How many ids a filter names at most.
const MAX_IDS: usize = 200;

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ids<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let ids = Vec::deserialize(deserializer)?;
        if ids.len() > MAX_IDS {
            return Err(D::Error::custom(format!("must be at most {MAX_IDS} ids, not {}", ids.len())));
        }
        Ok(Self(ids))
    }
}

/// What is wrong with a parameter.
#[derive(Debug)]
struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl serde::de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// All parameters, as a map.
struct Parameters<'a, I: Iterator<Item = (Cow<'a, str>, Vec<Cow<'a, str>>)>> {
    rest: I,
    value: Option<Vec<Cow<'a, str>>>,
}

impl<'de, 'a, I: Iterator<Item = (Cow<'a, str>, Vec<Cow<'a, str>>)>> Deserializer<'de> for Parameters<'a, I> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, 'a, I: Iterator<Item = (Cow<'a, str>, Vec<Cow<'a, str>>)>> MapAccess<'de> for Parameters<'a, I> {
    type Error = Wrong;

    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((name, values)) = self.rest.next() else { return Ok(None) };
        self.value = Some(values);
        seed.deserialize(name.as_ref().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        seed.deserialize(Values(self.value.take().unwrap_or_default()))
    }
}

/// The values of one parameter.
struct Values<'a>(Vec<Cow<'a, str>>);

impl<'a> Values<'a> {
    fn single(self) -> Result<Cow<'a, str>, Wrong> {
        let mut values = self.0.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(Wrong("may be given once only".to_owned())),
        }
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $what:literal;)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
                let text = self.single()?;
                let value = text.parse().map_err(|_| Wrong(format!("must be {}, not {text:?}", $what)))?;
                visitor.$visit(value)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Values<'_> {
    type Error = Wrong;

    parsed! {
        deserialize_bool visit_bool "true or false";
        deserialize_i32 visit_i32 "a whole number";
        deserialize_i64 visit_i64 "a whole number";
        deserialize_u16 visit_u16 "a whole number, 0 or more";
        deserialize_u32 visit_u32 "a whole number, 0 or more";
        deserialize_u64 visit_u64 "a whole number, 0 or more";
        deserialize_f64 visit_f64 "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_str(&self.single()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let parts = self.0.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|part| !part.is_empty());
        let list: Vec<Values<'_>> = parts.map(|part| Values(vec![Cow::Borrowed(part)])).collect();
        visitor.visit_seq(SeqDeserializer::new(list.into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let text = self.single()?;
        let deserializer: serde::de::value::StrDeserializer<'_, Wrong> = text.as_ref().into_deserializer();
        deserializer.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u128 f32 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Values<'_> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// The ids of the path: one, or a tuple. A text that is no id of the wanted kind names nothing, so the answer is 404.
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                let detail = match error.into_kind() {
                    ErrorKind::DeserializeError { message, .. } | ErrorKind::Message(message) => message,
                    other => other.to_string(),
                };
                Err(Problem::not_found(detail))
            }
            Err(other) => Err(Problem::internal(other.to_string())),
        }
    }
}

/// A comma-separated list of exactly four numbers: west, south, east, north.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Box4(pub [f64; 4]);

impl<'de> Deserialize<'de> for Box4 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let numbers: Vec<f64> = text.split(',').map_while(|part| part.trim().parse().ok()).collect();
        let rule = || D::Error::custom("must be west,south,east,north in degrees, with south not above north");
        let [west, south, east, north] = *numbers.as_slice() else { return Err(rule()) };
        let lon = |value: f64| (-180.0..=180.0).contains(&value);
        let lat = |value: f64| (-90.0..=90.0).contains(&value);
        let parts = text.split(',').count() == 4;
        if !(parts && lon(west) && lon(east) && lat(south) && lat(north) && south <= north) {
            return Err(rule());
        }
        Ok(Self([west, south, east, north]))
    }
}

#[cfg(test)]
mod tests {
    use tracklane_core::lifecycle::Status;

    use super::*;

    #[derive(Debug, PartialEq, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Filter {
        status: Vec<Status>,
        delayed: Option<bool>,
        limit: Option<u32>,
        q: Option<String>,
        bbox: Option<Box4>,
    }

    #[test]
    fn parameters_are_read() {
        let filter: Filter =
            parse("status=created,assigned&status=delivered&delayed=true&limit=5&q=a%20b&bbox=1,2,3,4")
                .expect("a valid query");
        assert_eq!(filter.status, [Status::Created, Status::Assigned, Status::Delivered]);
        assert_eq!((filter.delayed, filter.limit, filter.q.as_deref()), (Some(true), Some(5), Some("a b")));
        assert_eq!(filter.bbox, Some(Box4([1.0, 2.0, 3.0, 4.0])));
        assert_eq!(parse::<Filter>("").expect("a valid query"), Filter::default());
    }

    #[test]
    fn what_is_wrong_names_the_parameter() {
        for (query, name, detail) in [
            ("limit=x", "limit", "must be a whole number"),
            ("limit=1&limit=2", "limit", "once only"),
            ("state=created", "state", "unknown parameter `state`, expected one of `status`"),
            ("status=gone", "status", "unknown variant `gone`, expected one of `created`"),
            ("delayed=yes", "delayed", "must be true or false"),
            ("limit=", "limit", "must not be empty"),
            ("q=", "q", "must not be empty"),
            ("status=created&status=", "status", "must not be empty"),
            ("delayed", "delayed", "must not be empty"),
            ("bbox=1,2,3", "bbox", "west,south,east,north"),
            ("bbox=NaN,2,3,4", "bbox", "west,south,east,north"),
        ] {
            let problem = parse::<Filter>(query).unwrap_err();
            let error = &problem.errors()[0];
            assert_eq!(error.pointer, name, "{error:?}");
            assert!(error.detail.contains(detail), "{error:?}");
        }
    }
}
