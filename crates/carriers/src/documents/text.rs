//! Bytes to text, for formats that are older than UTF-8.

use std::borrow::Cow;

/// Text of bytes that should be UTF-8 and else are taken as ISO 8859-1, which knows every byte.
pub(super) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes)
        .map_or_else(|_| Cow::Owned(bytes.iter().copied().map(char::from).collect()), Cow::Borrowed)
}
