//! JSON of documents: syntax errors with their place.

use serde_json::Value;

use super::at::{At, Issue, Rule};

/// Most values (and lists and objects) of one document: each takes some fifty bytes of memory.
const MAX_VALUES: usize = 1_000_000;

/// Reads JSON; an error says at which byte. Nesting beyond 128 levels is an error.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Box<Issue>> {
    // Those in texts are counted, too: an upper bound is all that is needed.
    let values = bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MAX_VALUES {
        let text = format!("a document must have at most {MAX_VALUES} values");
        return Err(Box::new(Issue::error(At::Text { byte: 0 }, Rule::Limit, text)));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| {
        let before: usize =
            bytes.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
        let at = At::Text { byte: (before + error.column().saturating_sub(1)).min(bytes.len()) };
        let rule = if error.is_eof() { Rule::Truncated } else { Rule::Syntax };
        Box::new(Issue::error(at, rule, format!("is no JSON: {error}")))
    })
}

/// True when a text has this part.
pub(super) fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
