//! What goes into a statement. Each database gets its own native type: see `sqlite` and `postgres`.

use serde_json::Value as Json;
use tracklane_core::Timestamp;
use tracklane_core::position::Attributes;
use uuid::Uuid;

use crate::error::{Error, Result};

/// A parameter. The variants hold the option, because PostgreSQL wants to know the type of a NULL.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// BOOLEAN; 0 or 1 on SQLite.
    Bool(Option<bool>),
    /// BIGINT.
    Int(Option<i64>),
    /// DOUBLE PRECISION.
    Real(Option<f64>),
    /// TEXT.
    Text(Option<String>),
    /// BYTEA; a blob on SQLite.
    Bytes(Option<Vec<u8>>),
    /// UUID; a blob of 16 bytes on SQLite.
    Uuid(Option<Uuid>),
    /// TIMESTAMPTZ; microseconds since 1970 on SQLite.
    Time(Option<Timestamp>),
    /// JSONB; text on SQLite. Objects and arrays alone: the column has numeric affinity there, so that a bare number
    /// would come back as one.
    Json(Option<Json>),
}

impl Value {
    /// Refuses what one of the two databases cannot keep, so that both refuse it.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Text(Some(text)) if text.contains('\0') => Err(Error::NulCharacter),
            Self::Real(Some(number)) if !number.is_finite() => {
                Err(Error::Other("a number is not finite, which SQLite cannot keep".to_owned()))
            }
            Self::Json(Some(json)) if !json.is_object() && !json.is_array() => {
                Err(Error::Other("a JSON column takes objects and arrays alone".to_owned()))
            }
            Self::Json(Some(json)) if has_nul(json) => Err(Error::NulCharacter),
            _ => Ok(()),
        }
    }
}

/// Whether a text in it holds the character U+0000, which no database keeps.
pub fn has_nul(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

macro_rules! values {
    ($($type:ty => $variant:ident, $convert:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )*};
}

values! {
    bool => Bool, std::convert::identity;
    i64 => Int, std::convert::identity;
    i32 => Int, i64::from;
    u32 => Int, i64::from;
    u16 => Int, i64::from;
    u8 => Int, i64::from;
    f64 => Real, std::convert::identity;
    f32 => Real, f64::from;
    String => Text, std::convert::identity;
    &str => Text, str::to_owned;
    Vec<u8> => Bytes, std::convert::identity;
    &[u8] => Bytes, <[u8]>::to_vec;
    Uuid => Uuid, std::convert::identity;
    Timestamp => Time, std::convert::identity;
    Json => Json, std::convert::identity;
    Attributes => Json, Json::Object;
}

impl<T: Clone> From<&T> for Value
where
    Value: From<T>,
{
    fn from(value: &T) -> Self {
        Self::from(value.clone())
    }
}

/// Parameters for a statement: `args![id, &record.name]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use args;
