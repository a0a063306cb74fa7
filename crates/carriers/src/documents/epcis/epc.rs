//! GS1 keys: EPC URIs (TDS) and GS1 Digital Links of the same thing, to one form.

use std::fmt::Write;

/// A GS1 key as the path of its Digital Link: `00/106141412345678908`, `01/10614141073464/21/2017`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

/// Application identifiers that are primary keys, each with the qualifiers that may follow.
const PRIMARY: &[(&str, &[&str])] = &[
    ("00", &[]),
    ("01", &["22", "10", "21", "235"]),
    ("253", &[]),
    ("255", &[]),
    ("401", &[]),
    ("402", &[]),
    ("414", &["254"]),
    ("417", &[]),
    ("8003", &[]),
    ("8004", &[]),
    ("8006", &["22", "10", "21"]),
    ("8010", &["8011"]),
    ("8017", &["8019"]),
    ("8018", &["8019"]),
];

impl Key {
    /// The key of an EPC URI or a Digital Link of any domain; none for another identifier.
    pub fn parse(uri: &str) -> Option<Self> {
        match uri.strip_prefix("urn:epc:") {
            Some(rest) => of_urn(rest).map(Self),
            None => of_link(uri).map(Self),
        }
    }

    /// The canonical Digital Link.
    pub fn link(&self) -> String {
        format!("https://id.gs1.org/{}", self.0)
    }

    /// The number that people know it by: the 18 digits of an SSCC, else the path.
    pub fn number(&self) -> &str {
        self.sscc().unwrap_or(&self.0)
    }

    /// The 18 digits, for a logistic unit.
    pub fn sscc(&self) -> Option<&str> {
        self.0.strip_prefix("00/")
    }

    /// The application identifier of the key.
    pub fn ai(&self) -> &str {
        self.0.split_once('/').map_or("", |(ai, _)| ai)
    }

    /// The key of an SSCC of 18 digits whose check digit is right.
    pub fn of_sscc(digits: &str) -> Option<Self> {
        let valid = digits.len() == 18 && digits.bytes().all(|byte| byte.is_ascii_digit());
        (valid && digits.ends_with(check_digit(&digits[..17]))).then(|| Self(format!("00/{digits}")))
    }
}

/// The GS1 check digit (modulo 10, weights 3 and 1 from the right) of digits.
fn check_digit(digits: &str) -> char {
    let weighted = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| u32::from(byte.wrapping_sub(b'0')) * if index % 2 == 0 { 3 } else { 1 });
    let sum: u32 = weighted.sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

/// Digits with their check digit, when there are as many as there must be.
fn checked(digits: &str, length: usize) -> Option<String> {
    let fits = digits.len() + 1 == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| format!("{digits}{}", check_digit(digits)))
}

fn of_urn(rest: &str) -> Option<String> {
    let (form, rest) = rest.split_once(':')?;
    let (scheme, value) = rest.split_once(':')?;
    let parts: Vec<&str> = value.splitn(3, '.').collect();
    let (first, second, third) = (*parts.first()?, parts.get(1).copied(), parts.get(2).copied());
    // A class or a pattern of a class names no one thing: it has no serial number.
    let serial = third.filter(|_| form == "id");
    let indicated = || {
        let (indicator, item) = (second?.get(..1)?, second?.get(1..)?);
        Some(format!("{indicator}{first}{item}"))
    };
    let twelve = || checked(&format!("{first}{}", second?), 13);
    let with = |ai: &str, key: String, qualifier: &str, value: Option<&str>| match value {
        Some(value) if !value.is_empty() => format!("{ai}/{key}/{qualifier}/{value}"),
        _ => format!("{ai}/{key}"),
    };
    Some(match (form, scheme) {
        ("id", "sscc") => format!("00/{}", checked(&indicated()?, 18)?),
        ("id" | "idpat", "sgtin") => with("01", checked(&indicated()?, 14)?, "21", serial),
        ("id", "upui") => with("01", checked(&indicated()?, 14)?, "235", serial),
        ("class", "lgtin") => with("01", checked(&indicated()?, 14)?, "10", third),
        ("id", "sgln") => with("414", twelve()?, "254", serial.filter(|extension| *extension != "0")),
        ("id", "pgln") => format!("417/{}", twelve()?),
        ("id" | "idpat", "grai") => format!("8003/0{}{}", twelve()?, serial.unwrap_or_default()),
        ("id" | "idpat", "gdti") => format!("253/{}{}", twelve()?, serial.unwrap_or_default()),
        ("id" | "idpat", "sgcn") => format!("255/{}{}", twelve()?, serial.unwrap_or_default()),
        ("id", "giai") => format!("8004/{first}{}", second?),
        ("id", "gsrn") => format!("8018/{}", checked(&format!("{first}{}", second?), 18)?),
        ("id", "gsrnp") => format!("8017/{}", checked(&format!("{first}{}", second?), 18)?),
        ("id", "ginc") => format!("401/{first}{}", second?),
        ("id", "gsin") => format!("402/{}", checked(&format!("{first}{}", second?), 17)?),
        ("id" | "idpat", "cpi") => with("8010", format!("{first}{}", second?), "8011", serial),
        ("id" | "idpat", "itip") => {
            let parts: Vec<&str> = value.split('.').collect();
            let (piece, total) = (parts.get(2)?, parts.get(3)?);
            let gtin = checked(&indicated()?, 14)?;
            with("8006", format!("{gtin}{piece}{total}"), "21", parts.get(4).copied().filter(|_| form == "id"))
        }
        _ => return None,
    })
}

fn of_link(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"))?;
    let path = rest.split(['?', '#']).next()?;
    let mut segments = path.split('/').skip(1).peekable();
    // The path may have parts of the resolver's own before the key.
    let (ai, qualifiers) = loop {
        let segment = segments.next()?;
        if let Some(found) = PRIMARY.iter().find(|(ai, _)| *ai == segment) {
            break *found;
        }
    };
    let value = segments.next().filter(|value| !value.is_empty())?;
    if !value.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let value = if ai == "01" { format!("{value:0>14}") } else { value.to_owned() };
    let mut out = format!("{ai}/{value}");
    while let (Some(qualifier), Some(value)) = (segments.next(), segments.next()) {
        // The extension 0 of a location means none.
        if qualifiers.contains(&qualifier) && !(qualifier == "254" && value == "0") {
            let _ = write!(out, "/{qualifier}/{value}");
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urns_and_links_of_one_thing_are_one_key() {
        for (uri, expected) in [
            ("urn:epc:id:sscc:4012345.0000000111", "00/040123450000001112"),
            ("urn:epc:id:sgtin:0614141.107346.2017", "01/10614141073464/21/2017"),
            ("https://example.com/some/path/01/10614141073464/21/2017?x=1", "01/10614141073464/21/2017"),
            ("urn:epc:id:sgln:4012345.00011.987", "414/4012345000115/254/987"),
            ("urn:epc:id:sgln:4012345.00005.0", "414/4012345000054"),
            ("urn:epc:class:lgtin:4023333.002000.2019-10-07", "01/04023333020008/10/2019-10-07"),
            ("urn:epc:idpat:grai:4012345.66666.*", "8003/04012345666663"),
            ("urn:epc:id:giai:4000001.111", "8004/4000001111"),
            ("urn:epc:idpat:itip:4012345.012345.01.02.*", "8006/040123451234560102"),
        ] {
            assert_eq!(Key::parse(uri).map(|key| key.0).as_deref(), Some(expected), "{uri}");
        }
        for none in [
            "urn:epc:id:sscc:4012345.1",
            "urn:epc:id:sscc",
            "urn:uuid:1",
            "https://example.com/00",
            "é",
            "urn:epc:id:sgtin:é.é.é",
        ] {
            assert_eq!(Key::parse(none), None, "{none}");
        }
        assert_eq!(
            Key::of_sscc("040123450000001112").map(|key| key.link()).as_deref(),
            Some("https://id.gs1.org/00/040123450000001112")
        );
        assert_eq!(Key::of_sscc("040123450000001113"), None);
    }
}
