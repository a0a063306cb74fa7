//! The rules for fields that many records share. Each adds what is broken to `Invalid`, under the field's pointer.

use tracklane_core::Invalid;
use tracklane_core::model::Address;
use tracklane_core::position::Attributes;

/// The largest free data of one record, in bytes of JSON.
const METADATA_BYTES: usize = 16 * 1024;

/// A text of 1 to `most` characters that is not blank and holds no control characters.
pub(crate) fn text(invalid: &mut Invalid, pointer: &str, value: &str, most: usize) {
    let length = value.chars().count();
    let fits = (1..=most).contains(&length) && !value.trim().is_empty() && !value.chars().any(char::is_control);
    invalid.require(fits, pointer, format!("must be 1 to {most} characters, not blank, without control characters"));
}

/// An optional text of 1 to `most` characters.
pub(crate) fn optional(invalid: &mut Invalid, pointer: &str, value: Option<&str>, most: usize) {
    if let Some(value) = value {
        text(invalid, pointer, value, most);
    }
}

/// Free prose of at most `most` characters; line breaks are welcome.
pub(crate) fn prose(invalid: &mut Invalid, pointer: &str, value: &str, most: usize) {
    let fits = !value.trim().is_empty() && value.chars().count() <= most && !value.contains('\0');
    invalid.require(fits, pointer, format!("must be 1 to {most} characters, not blank"));
}

/// A name: 1 to 200 characters.
pub(crate) fn name(invalid: &mut Invalid, value: &str) {
    text(invalid, "/name", value, 200);
}

/// The tenant's own reference: 1 to 100 characters.
pub(crate) fn reference(invalid: &mut Invalid, value: Option<&str>) {
    optional(invalid, "/reference", value, 100);
}

/// An e-mail address: something, one `@`, something; at most 254 characters, no spaces.
pub(crate) fn email(invalid: &mut Invalid, pointer: &str, value: &str) {
    let parts = value.split_once('@');
    let shape = parts.is_some_and(|(user, host)| {
        !user.is_empty() && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.') && !host.is_empty()
    });
    let clean = value.len() <= 254 && !value.chars().any(|c| c.is_whitespace() || c.is_control());
    invalid.require(shape && clean, pointer, "must be an e-mail address of at most 254 characters");
}

/// A phone number in E.164: `+`, then 7 to 15 digits, the first not 0.
pub(crate) fn phone(invalid: &mut Invalid, pointer: &str, value: &str) {
    let digits = value.strip_prefix('+').unwrap_or_default();
    let fits =
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    invalid.require(fits, pointer, "must be an E.164 number: + followed by 7 to 15 digits");
}

/// A country: ISO 3166-1 alpha-2, upper case.
pub(crate) fn country(invalid: &mut Invalid, pointer: &str, value: &str) {
    let fits = value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase());
    invalid.require(fits, pointer, "must be an ISO 3166-1 alpha-2 code in upper case");
}

/// A language: the characters and the length of a BCP 47 tag.
pub(crate) fn language(invalid: &mut Invalid, pointer: &str, value: &str) {
    let parts = || value.split('-');
    let fits = value.len() <= 35
        && parts().next().is_some_and(|p| (2..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts().all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    invalid.require(fits, pointer, "must be a BCP 47 language tag such as en or pt-BR");
}

/// A time zone: an IANA name that the time zone database knows.
pub(crate) fn time_zone(invalid: &mut Invalid, pointer: &str, value: &str) {
    let known = jiff::tz::db().get(value).is_ok();
    invalid.require(known, pointer, "must be an IANA time zone such as Europe/Lisbon");
}

/// A finite number from `low` to `high`.
pub(crate) fn range(invalid: &mut Invalid, pointer: &str, value: Option<f64>, low: f64, high: f64) {
    if let Some(value) = value {
        invalid.require((low..=high).contains(&value), pointer, format!("must be a number from {low} to {high}"));
    }
}

/// Free data: an object of at most 16 KiB of JSON.
pub(crate) fn metadata(invalid: &mut Invalid, pointer: &str, value: &Attributes) {
    let size = serde_json::to_vec(value).map_or(usize::MAX, |json| json.len());
    invalid.require(size <= METADATA_BYTES, pointer, "must be at most 16 KiB of JSON");
}

/// Every field of an address.
pub(crate) fn address(invalid: &mut Invalid, under: &str, value: &Address) {
    let at = |field: &str| format!("{under}/{field}");
    optional(invalid, &at("line1"), value.line1.as_deref(), 500);
    optional(invalid, &at("line2"), value.line2.as_deref(), 500);
    optional(invalid, &at("city"), value.city.as_deref(), 200);
    optional(invalid, &at("state"), value.state.as_deref(), 200);
    optional(invalid, &at("postal_code"), value.postal_code.as_deref(), 20);
    if let Some(code) = &value.country {
        country(invalid, &at("country"), code);
    }
    if let Some(Err(wrong)) = value.point.map(tracklane_core::position::Point::check) {
        invalid.nest(&at("point"), wrong);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(check: impl Fn(&mut Invalid)) -> bool {
        let mut invalid = Invalid::default();
        check(&mut invalid);
        invalid.into_result().is_ok()
    }

    #[test]
    fn shapes_are_told_apart() {
        for (value, expected) in [("a@b.pt", true), ("a@b@c", false), ("@b", false), ("a b@c.d", false), ("a@", false)]
        {
            assert_eq!(holds(|i| email(i, "/email", value)), expected, "{value}");
        }
        for (value, expected) in
            [("+351912345678", true), ("351912345678", false), ("+0912345678", false), ("+12", false)]
        {
            assert_eq!(holds(|i| phone(i, "/phone", value)), expected, "{value}");
        }
        for (value, expected) in [("en", true), ("pt-BR", true), ("x", false), ("en--GB", false), ("", false)] {
            assert_eq!(holds(|i| language(i, "/language", value)), expected, "{value}");
        }
        assert!(holds(|i| time_zone(i, "/time_zone", "Europe/Lisbon")));
        let ours = jiff::tz::TimeZoneDatabase::bundled();
        assert!(ours.get("Europe/Lisbon").is_ok(), "the zones come with us, not with the machine");
        assert!(!holds(|i| time_zone(i, "/time_zone", "Europe/Nowhere")));
        assert!(!holds(|i| range(i, "/x", Some(f64::NAN), 0.0, 1.0)));
        assert!(!holds(|i| text(i, "/name", "  ", 200)));
    }
}
