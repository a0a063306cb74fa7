//! Bytes to text, for formats that are older than UTF-8.

use std::borrow::Cow;

/// Text of bytes that should be UTF-8 and else are taken as ISO 8859-1, which knows every byte.
pub(super) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes)
        .map_or_else(|_| Cow::Owned(bytes.iter().copied().map(char::from).collect()), Cow::Borrowed)
}

/// A character set of EDIFACT, by the syntax identifier of UNB (ISO 9735, data element 0001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// UNOA and UNOB: ASCII. Bytes beyond it are read as [`latin1`] reads them.
    #[default]
    Ascii,
    /// UNOC: ISO 8859-1.
    Latin1,
    /// UNOE: ISO 8859-5 (Cyrillic).
    Cyrillic,
    /// UNOK: ISO 8859-9 (Turkish).
    Turkish,
    /// UNOW and UNOY: UTF-8.
    Utf8,
    /// Another: bytes beyond ASCII are not known.
    Other,
}

impl Charset {
    /// The character set of `UNOA` to `UNOY`.
    pub(super) fn of_syntax(id: &[u8]) -> Self {
        match id {
            b"UNOA" | b"UNOB" => Self::Ascii,
            b"UNOC" => Self::Latin1,
            b"UNOE" => Self::Cyrillic,
            b"UNOK" => Self::Turkish,
            b"UNOW" | b"UNOY" => Self::Utf8,
            _ => Self::Other,
        }
    }

    /// Text of bytes; a byte that the set does not have becomes U+FFFD.
    pub(super) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        if bytes.is_ascii() {
            return String::from_utf8_lossy(bytes);
        }
        let map = |letter: fn(u8) -> char| Cow::Owned(bytes.iter().copied().map(letter).collect());
        match self {
            Self::Ascii => latin1(bytes),
            Self::Latin1 => map(char::from),
            Self::Cyrillic => map(cyrillic),
            Self::Turkish => map(turkish),
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Other => map(|byte| if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER }),
        }
    }

    /// True when the set has all of these bytes.
    pub(super) fn has(self, bytes: &[u8]) -> bool {
        match self {
            Self::Ascii | Self::Other => bytes.is_ascii(),
            Self::Utf8 => std::str::from_utf8(bytes).is_ok(),
            Self::Latin1 | Self::Cyrillic | Self::Turkish => true,
        }
    }
}

/// ISO 8859-5: from A1 on the Cyrillic block in order, but for the soft hyphen, the numero and the section sign.
fn cyrillic(byte: u8) -> char {
    let letter = match byte {
        0x00..=0xA0 | 0xAD => u32::from(byte),
        0xF0 => 0x2116,
        0xFD => 0x00A7,
        _ => u32::from(byte) - 0xA0 + 0x0400,
    };
    char::from_u32(letter).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// ISO 8859-9: Latin 1 with six letters changed.
fn turkish(byte: u8) -> char {
    match byte {
        0xD0 => 'Ğ',
        0xDD => 'İ',
        0xDE => 'Ş',
        0xF0 => 'ğ',
        0xFD => 'ı',
        0xFE => 'ş',
        other => char::from(other),
    }
}
