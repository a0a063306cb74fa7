//! Places that have a UN/LOCODE: kept behind the name in brackets, because a place of ours has no field for it.

use tracklane_core::lifecycle::Place;

/// True for what has the form of a UN/LOCODE: two letters of a country, three letters or digits.
pub(super) fn is_locode(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 5
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A place with this code and name; `HONG KONG (HKHKG)` when it has both. A code of another kind is a part of the name, too.
pub(super) fn of_code(code: Option<&str>, name: Option<&str>) -> Place {
    let country = code.filter(|code| is_locode(code)).map(|code| code[..2].to_owned());
    let name = match (code, name) {
        (Some(code), Some(name)) if code != name => Some(format!("{name} ({code})")),
        (code, name) => name.or(code).map(str::to_owned),
    };
    Place { name, country, ..Place::default() }
}

/// The UN/LOCODE that stands in the name of a place, and the name without it.
pub(super) fn locode(place: &Place) -> (Option<&str>, Option<&str>) {
    let Some(name) = place.name.as_deref() else { return (None, None) };
    if is_locode(name) {
        return (Some(name), None);
    }
    let split = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    match split.filter(|(_, code)| is_locode(code)) {
        Some((name, code)) => (Some(code), Some(name)),
        None => (None, Some(name)),
    }
}
