//! Sections of a document that a program writes, between marks; what people wrote stays as it is.

use crate::Outcome;

/// Puts a text between the marks `<!-- NAME: .. -->` and `<!-- end of NAME -->`, each on a line of its own.
///
/// # Errors
/// When the document lacks one of the marks.
pub fn replace(document: &str, name: &str, text: &str) -> Outcome<String> {
    let missing = |mark: &str| format!("the document has no mark {mark:?}");
    let (first, last) = (format!("<!-- {name}:"), format!("<!-- end of {name} -->"));
    let start = document.find(&first).ok_or_else(|| missing(&first))?;
    let start = start + document[start..].find('\n').ok_or_else(|| missing("a line after the mark"))? + 1;
    let end = start + document[start..].find(&last).ok_or_else(|| missing(&last))?;
    Ok(format!("{}\n{}\n\n{}", &document[..start], text.trim_end(), &document[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let document = "before\n<!-- ingest: written by make bench -->\n\nold\n\n<!-- end of ingest -->\nafter\n";
        let once = replace(document, "ingest", "new\nrows\n").unwrap();
        assert_eq!(
            once,
            "before\n<!-- ingest: written by make bench -->\n\nnew\nrows\n\n<!-- end of ingest -->\nafter\n"
        );
        assert_eq!(replace(&once, "ingest", "new\nrows").unwrap(), once);
        assert!(replace(document, "live", "x").unwrap_err().to_string().contains("<!-- live:"));
    }
}
