//! The acknowledgement that goes back: CONTRL (ISO 9735 syntax version 3).

use jiff::civil::DateTime;

use super::read::{Interchange, Part};
use crate::documents::at::{At, Issue, Rule, Severity};
use crate::documents::{Verdict, edifact::write::Out};

/// What an acknowledgement needs from outside.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// The time of writing, in UTC.
    pub at: DateTime,
    /// Number of the interchange that is written.
    pub control: u32,
}

/// Writes what answers an interchange: a CONTRL that names each message, and the segment, element and component of what was
/// refused. A message that is taken has no details: a CONTRL has no words for "taken, but look at it".
pub fn acknowledge(interchange: &Interchange, stamp: Stamp) -> String {
    let mut out = Out::default();
    let control = stamp.control.to_string();
    let (date, time) = (stamp.at.strftime("%y%m%d").to_string(), stamp.at.strftime("%H%M").to_string());
    let (from, to) = (&interchange.receiver, &interchange.sender);
    let mut header = vec![
        vec!["UNB"],
        vec!["UNOC", "3"],
        vec![&from.0, &from.1],
        vec![&to.0, &to.1],
        vec![&date, &time],
        vec![&control],
    ];
    if interchange.test {
        header.extend([vec![], vec![], vec![], vec![], vec![], vec!["1"]]);
    }
    out.segment(&header);
    out.count = 0;
    out.segment(&[vec!["UNH"], vec!["1"], vec!["CONTRL", "D", "3", "UN"]]);
    let fatal = interchange.issues.iter().find(|issue| issue.severity == Severity::Error);
    let all_refused = !interchange.messages.is_empty()
        && interchange.messages.iter().all(|part| part.verdict == Some(Verdict::Rejected));
    let refused = fatal.filter(|_| interchange.messages.is_empty() || all_refused);
    let action = if refused.is_some() { "4" } else { "7" };
    let (sender, receiver) = (&interchange.sender, &interchange.receiver);
    let mut uci = vec![
        vec!["UCI"],
        vec![&interchange.control],
        vec![&sender.0, &sender.1],
        vec![&receiver.0, &receiver.1],
        vec![action],
    ];
    if let Some(issue) = refused {
        uci.push(vec![code(issue.rule)]);
    }
    out.segment(&uci);
    for part in &interchange.messages {
        message(&mut out, part);
    }
    let count = (out.count + 1).to_string();
    out.segment(&[vec!["UNT"], vec![&count], vec!["1"]]);
    out.segment(&[vec!["UNZ"], vec!["1"], vec![&control]]);
    out.text
}

fn message(out: &mut Out, part: &Part) {
    let refused = part.verdict != Some(Verdict::Accepted) && part.verdict != Some(Verdict::AcceptedWithErrors);
    let kind: Vec<&str> = part.kind.iter().map(String::as_str).collect();
    let errors: Vec<&Issue> = part.issues.iter().filter(|issue| issue.severity == Severity::Error).collect();
    let mut ucm = vec![vec!["UCM"], vec![part.reference.as_str()], kind, vec![if refused { "4" } else { "7" }]];
    if refused {
        // What concerns the message as a whole stands in the UCM itself.
        let whole = errors.iter().find(|issue| is_of_message(issue.rule));
        ucm.extend(whole.map(|issue| vec![code(issue.rule)]));
    }
    out.segment(&ucm);
    for issue in errors.iter().filter(|issue| refused && !is_of_message(issue.rule)) {
        let At::Segment { in_message, element, component, .. } = &issue.at else { continue };
        let position = in_message.to_string();
        let Some(element) = element else {
            out.segment(&[vec!["UCS"], vec![&position], vec![code(issue.rule)]]);
            continue;
        };
        // In UCD the tag is the first element.
        let (element, component) = ((element + 1).to_string(), component.map(|component| component.to_string()));
        out.segment(&[vec!["UCS"], vec![&position]]);
        let place = vec![element.as_str(), component.as_deref().unwrap_or_default()];
        out.segment(&[vec!["UCD"], vec![code(issue.rule)], place]);
    }
}

fn is_of_message(rule: Rule) -> bool {
    matches!(rule, Rule::Unsupported | Rule::Truncated | Rule::Control | Rule::Count)
}

/// Data element 0085, syntax error.
fn code(rule: Rule) -> &'static str {
    match rule {
        Rule::BadValue | Rule::BadDate | Rule::BadTime | Rule::UnknownCode => "12",
        Rule::Truncated | Rule::MissingSegment | Rule::MissingElement => "13",
        Rule::Unsupported => "14",
        Rule::UnexpectedSegment => "15",
        Rule::Exclusion => "16",
        Rule::Charset => "21",
        Rule::Control => "28",
        Rule::Count => "29",
        Rule::TooLong => "39",
        Rule::Syntax | Rule::Limit => "18",
    }
}
