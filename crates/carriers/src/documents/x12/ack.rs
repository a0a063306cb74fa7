//! The acknowledgement that goes back: 997, and TA1 where the envelope itself is wrong or the sender asks for one.

use std::fmt::Write;

use jiff::civil::DateTime;

use super::read::{Group, Interchange, Set};
use crate::documents::at::{At, Rule};
use crate::documents::{Severity, Verdict};

/// What an acknowledgement needs from outside.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// The time of writing, in UTC.
    pub at: DateTime,
    /// Control number of the interchange that is written, 1 to 999,999,999.
    pub control: u32,
}

/// Reference numbers of the elements that are checked, for AK402.
const ELEMENTS: &[(&str, usize, u16)] = &[
    ("B10", 1, 127),
    ("B10", 2, 145),
    ("B10", 3, 140),
    ("B4", 3, 157),
    ("B4", 4, 373),
    ("B4", 5, 161),
    ("AT7", 1, 1650),
    ("AT7", 2, 1651),
    ("AT7", 3, 1652),
    ("AT7", 4, 1654),
    ("AT7", 5, 373),
    ("AT7", 6, 337),
    ("AT7", 7, 623),
    ("MS1", 3, 26),
];

/// Writes what answers an interchange: one interchange with a TA1 where one is due and a 997 for each functional group.
/// The answer uses the usual delimiters (`*`, `>`, `~`), and each segment stands on a line of its own.
pub fn acknowledge(interchange: &Interchange, stamp: Stamp) -> String {
    let mut out = Out { text: String::new(), segments: 0 };
    let control = stamp.control.min(999_999_999);
    let (date, time) = (stamp.at.strftime("%y%m%d").to_string(), stamp.at.strftime("%H%M").to_string());
    let version = if interchange.version.len() == 5 { &interchange.version } else { "00401" };
    // From version 00402 on the eleventh element is the repetition separator.
    let eleventh = if version < "00402" { "U" } else { "^" };
    let usage = if interchange.usage == "T" { "T" } else { "P" };
    let (from, to) = (&interchange.receiver, &interchange.sender);
    out.segment(&[
        "ISA",
        "00",
        &" ".repeat(10),
        "00",
        &" ".repeat(10),
        &fixed(&from.0, 2),
        &fixed(&from.1, 15),
        &fixed(&to.0, 2),
        &fixed(&to.1, 15),
        &date,
        &time,
        eleventh,
        version,
        &format!("{control:09}"),
        "0",
        usage,
        ">",
    ]);
    if interchange.wants_ta1 || interchange.note != "000" {
        let fatal = interchange.issues.iter().any(|issue| issue.severity == Severity::Error);
        let verdict = if fatal && interchange.groups.is_empty() {
            "R"
        } else if interchange.note == "000" {
            "A"
        } else {
            "E"
        };
        let (made_date, made_time) = &interchange.made;
        out.segment(&["TA1", &interchange.control, made_date, made_time, verdict, interchange.note]);
    }
    let groups: Vec<_> = interchange.groups.iter().filter(|group| group.functional != "FA").collect();
    if !groups.is_empty() {
        let full = stamp.at.strftime("%Y%m%d").to_string();
        let first =
            groups.first().map(|group| (group.receiver.as_str(), group.sender.as_str(), group.version.as_str()));
        let (from, to, version) = first.unwrap_or_default();
        out.segment(&["GS", "FA", from, to, &full, &time, &control.to_string(), "X", version]);
        for (number, group) in groups.iter().enumerate() {
            answer(&mut out, group, number + 1);
        }
        out.segment(&["GE", &groups.len().to_string(), &control.to_string()]);
    }
    out.segment(&["IEA", if groups.is_empty() { "0" } else { "1" }, &format!("{control:09}")]);
    out.text
}

fn answer(out: &mut Out, group: &Group, number: usize) {
    let control = format!("{number:04}");
    out.segments = 0;
    out.segment(&["ST", "997", &control]);
    out.segment(&["AK1", &group.functional, &group.control]);
    for set in &group.sets {
        out.segment(&["AK2", &set.kind, &set.control]);
        segment_errors(out, set);
        let verdict = match set.verdict {
            Some(Verdict::Accepted) => "A",
            Some(Verdict::AcceptedWithErrors) => "E",
            Some(Verdict::Rejected) | None => "R",
        };
        let mut codes: Vec<_> = set.issues.iter().map(|issue| set_code(issue.rule)).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut parts = vec!["AK5", verdict];
        parts.extend(codes.iter().take(5));
        out.segment(&parts);
    }
    let received = group.sets.len();
    let rejected = group.sets.iter().filter(|set| set.verdict == Some(Verdict::Rejected)).count();
    let noted = group.sets.iter().any(|set| set.verdict == Some(Verdict::AcceptedWithErrors));
    let verdict = match rejected {
        0 if noted || !group.notes.is_empty() => "E",
        0 => "A",
        all if all == received => "R",
        _ => "P",
    };
    let declared = group.declared.unwrap_or(received).to_string();
    let (received, accepted) = (received.to_string(), (received - rejected).to_string());
    let mut parts = vec!["AK9", verdict, &declared, &received, &accepted];
    parts.extend(group.notes.iter().take(5));
    out.segment(&parts);
    let count = (out.segments + 1).to_string();
    out.segment(&["SE", &count, &control]);
}

/// AK3 for each segment that is wrong, AK4 for each of its elements that is.
fn segment_errors(out: &mut Out, set: &Set) {
    let mut last = None;
    for issue in &set.issues {
        let At::Segment { in_message, tag, element, component, .. } = &issue.at else { continue };
        let element_code = element_code(issue.rule).zip(*element);
        let segment_code = match element_code {
            Some(_) => "8",
            None => match segment_code(issue.rule) {
                Some(code) => code,
                None => continue,
            },
        };
        // The tag of a missing segment is its own, not that of the end that it was missed at.
        let missing = if set.kind == "315" { "B4" } else { "B10" };
        let tag = if issue.rule == Rule::MissingSegment { missing } else { tag };
        let position = in_message.to_string();
        if last.as_ref() != Some(&(position.clone(), segment_code)) {
            out.segment(&["AK3", tag, &position, "", segment_code]);
            last = Some((position, segment_code));
        }
        if let Some((code, element)) = element_code {
            let place = match component {
                Some(component) => format!("{element}>{component}"),
                None => element.to_string(),
            };
            let known = ELEMENTS.iter().find(|(of, number, _)| *of == tag && *number == element);
            let reference = known.map(|(.., reference)| reference.to_string()).unwrap_or_default();
            out.segment(&["AK4", &place, &reference, code, issue.given.as_deref().unwrap_or_default()]);
        }
    }
}

/// Data element 720, what is wrong with a segment.
fn segment_code(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::UnexpectedSegment => Some("2"),
        Rule::MissingSegment => Some("3"),
        Rule::Syntax | Rule::Limit => Some("8"),
        _ => None,
    }
}

/// Data element 723, what is wrong with an element.
fn element_code(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::MissingElement => Some("1"),
        Rule::TooLong => Some("5"),
        Rule::Charset => Some("6"),
        Rule::BadValue | Rule::UnknownCode => Some("7"),
        Rule::BadDate => Some("8"),
        Rule::BadTime => Some("9"),
        Rule::Exclusion => Some("10"),
        _ => None,
    }
}

/// Data element 718, what is wrong with a transaction set.
fn set_code(rule: Rule) -> &'static str {
    match rule {
        Rule::Unsupported => "1",
        Rule::Truncated => "2",
        Rule::Control => "3",
        Rule::Count => "4",
        _ => "5",
    }
}

/// Text without what would be taken for a delimiter.
pub(super) fn clean(text: &str) -> String {
    let fits = |letter: char| match letter {
        '*' | '~' | '>' | '^' => ' ',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    text.chars().map(fits).collect()
}

/// Text of a fixed width.
pub(super) fn fixed(text: &str, width: usize) -> String {
    let cut: String = clean(text).chars().take(width).collect();
    format!("{cut:<width$}")
}

/// Segments as text.
pub(super) struct Out {
    pub(super) text: String,
    /// Segments since it was last set to 0.
    pub(super) segments: usize,
}

impl Out {
    /// Writes a segment without the empty elements at its end. The ISA keeps its delimiters and its blanks.
    pub(super) fn segment(&mut self, parts: &[&str]) {
        let isa = parts.first() == Some(&"ISA");
        let used = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
        for (index, part) in parts[..used].iter().enumerate() {
            if index > 0 {
                self.text.push('*');
            }
            if isa {
                self.text.push_str(part);
            } else {
                let _ = self.text.write_str(clean(part).trim_end());
            }
        }
        self.text.push_str("~\n");
        self.segments += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_sent_back_can_break_the_answer() {
        assert_eq!(clean("A*B~C\n>^"), "A B C   ");
        assert_eq!(fixed("SENDER*", 15), "SENDER         ");
    }
}
