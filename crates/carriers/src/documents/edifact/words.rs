//! What a segment says, in words.

use super::codes::{PLACES, QUALIFIERS, REASON, STATUS, TIMES};
use super::lexer::Segment;
use crate::documents::partner::Partner;

/// What the segments of an interchange with an IFTSTA are for.
const SEGMENTS: &[(&str, &str)] = &[
    ("UNB", "interchange begins"),
    ("UNG", "group begins"),
    ("UNH", "message begins"),
    ("BGM", "report"),
    ("DTM", "time"),
    ("NAD", "party"),
    ("CTA", "contact"),
    ("COM", "way to reach the contact"),
    ("RFF", "reference"),
    ("LOC", "place"),
    ("FTX", "remark"),
    ("CNI", "consignment begins"),
    ("STS", "status"),
    ("TDT", "transport leg"),
    ("EQD", "equipment"),
    ("SEL", "seal"),
    ("MEA", "measurement"),
    ("GID", "goods"),
    ("UNT", "message ends"),
    ("UNE", "group ends"),
    ("UNZ", "interchange ends"),
];

/// What a segment says, in words.
pub(super) fn segment(segment: &Segment<'_>, partner: &Partner) -> String {
    let tag = segment.tag();
    let get = |element: usize, component: usize| segment.component(element, component).unwrap_or_default();
    let Some((_, name)) = SEGMENTS.iter().find(|(known, _)| *known == tag) else {
        return format!("a segment that is not read ({tag})");
    };
    let known = |table: &[(&str, &'static str)], code: &str| {
        table.iter().find(|(known, _)| *known == code).map_or("of another kind", |(_, words)| *words)
    };
    let detail = match tag {
        "UNB" => format!("{} to {}, number {}, syntax {}:{}", get(2, 1), get(3, 1), get(5, 1), get(1, 1), get(1, 2)),
        "UNH" => format!("{} {}.{}, number {}", get(2, 1), get(2, 2), get(2, 3), get(1, 1)),
        "UNT" => format!("{} segments, number {}", get(1, 1), get(2, 1)),
        "UNZ" => format!("{} messages, number {}", get(1, 1), get(2, 1)),
        "DTM" => format!("{} ({}), {}", get(1, 2), known(TIMES, get(1, 1)), format_words(get(1, 3))),
        "RFF" => {
            let kind = QUALIFIERS.iter().find(|(code, ..)| *code == get(1, 1)).map_or("another reference", |row| row.2);
            format!("{} ({}: {kind})", get(1, 2), get(1, 1))
        }
        "LOC" => format!("{} {} ({})", get(2, 1), get(2, 4), known(PLACES, get(1, 1))),
        "STS" => {
            let says = STATUS.find(get(2, 1), partner).wording.unwrap_or("unknown");
            let mut text = format!("{} {says}", get(2, 1));
            if !get(2, 4).is_empty() {
                text.push_str(&format!(", \"{}\"", get(2, 4)));
            }
            for reason in (3..=7).filter_map(|element| segment.component(element, 1)) {
                text.push_str(&format!("; {reason} {}", REASON.find(reason, partner).wording.unwrap_or("unknown")));
            }
            text
        }
        _ => {
            let parts: Vec<_> = (1..=segment.len().min(6)).filter_map(|element| segment.get(element)).collect();
            parts.join(", ")
        }
    };
    format!("{name}: {detail}")
}

fn format_words(format: &str) -> &'static str {
    match format {
        "101" => "YYMMDD",
        "102" => "CCYYMMDD",
        "201" => "YYMMDDHHMM",
        "203" => "CCYYMMDDHHMM, no zone stated",
        "204" => "CCYYMMDDHHMMSS, no zone stated",
        "205" => "CCYYMMDDHHMM and offset",
        "303" => "CCYYMMDDHHMM and zone",
        "304" => "CCYYMMDDHHMMSS and zone",
        _ => "format not read",
    }
}
