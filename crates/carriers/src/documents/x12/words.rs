//! What a segment says, in words.

use super::codes::{APPOINTMENT, OCEAN, QUALIFIERS, REASON, STATUS};
use super::lexer::Segment;
use crate::documents::code::CodeList;
use crate::documents::partner::Partner;

/// What the segments of an interchange with a 214 or 315 are for.
const SEGMENTS: &[(&str, &str)] = &[
    ("ISA", "interchange begins"),
    ("TA1", "interchange acknowledged"),
    ("GS", "functional group begins"),
    ("ST", "transaction set begins"),
    ("B10", "shipment"),
    ("L11", "reference"),
    ("MAN", "marks and numbers"),
    ("K1", "remark"),
    ("N1", "party"),
    ("N2", "party, more of its name"),
    ("N3", "street"),
    ("N4", "city"),
    ("G61", "contact"),
    ("G62", "date"),
    ("MS3", "carrier and mode"),
    ("AT5", "handling"),
    ("AT8", "weight and count"),
    ("LX", "group of events begins"),
    ("AT7", "status"),
    ("MS1", "place of the status"),
    ("MS2", "equipment"),
    ("Q7", "exception of the lading"),
    ("B4", "status of a container"),
    ("N9", "reference"),
    ("Q2", "vessel"),
    ("R4", "port or terminal"),
    ("DTM", "time"),
    ("SE", "transaction set ends"),
    ("GE", "functional group ends"),
    ("IEA", "interchange ends"),
];

/// What a segment says, in words.
pub(super) fn segment(segment: &Segment<'_>, partner: &Partner) -> String {
    let tag = segment.tag();
    let get = |element: usize| segment.get(element).unwrap_or_default();
    let name = SEGMENTS.iter().find(|(known, _)| *known == tag.as_ref()).map(|(_, words)| *words);
    let Some(name) = name else { return format!("a segment that is not read ({tag})") };
    let detail = match tag.as_ref() {
        "ISA" => {
            let test = if get(15) == "T" { ", test" } else { "" };
            format!("{} to {}, number {}, version {}{test}", get(6), get(8), get(13), get(12))
        }
        "GS" => format!("{} {}, {} to {}, number {}", get(1), get(8), get(2), get(3), get(6)),
        "ST" => format!("{}, number {}", get(1), get(2)),
        "SE" => format!("{} segments, number {}", get(1), get(2)),
        "GE" => format!("{} transaction sets, number {}", get(1), get(2)),
        "IEA" => format!("{} groups, number {}", get(1), get(2)),
        "B10" => {
            format!("carrier's reference {}, shipment {}, carrier {}", dash(&get(1)), dash(&get(2)), dash(&get(3)))
        }
        "L11" => {
            let qualifier = get(2);
            let known =
                QUALIFIERS.iter().find(|(code, ..)| *code == qualifier).map_or("another reference", |row| row.2);
            format!("{} ({qualifier}: {known})", get(1))
        }
        "AT7" => status(segment, partner),
        "B4" => {
            let says = OCEAN.find(&get(3), partner).wording.unwrap_or("unknown");
            let empty = if get(9) == "E" { ", empty" } else { "" };
            format!("{} {says}; {} {}; {}{}{}{empty}", get(3), dash(&get(4)), dash(&get(5)), get(7), get(8), get(13))
        }
        "N9" => format!("{} ({})", get(2), get(1)),
        "MS1" => join(&[get(1).as_ref(), &get(2), &get(3), &get(4), &get(5)]),
        "MS2" => format!("{}{}{} ({})", get(1), get(2), get(4), dash(&get(3))),
        "LX" => get(1).into_owned(),
        _ => join(&(1..=segment.len().min(6)).map(|element| get(element).into_owned()).collect::<Vec<_>>()),
    };
    format!("{name}: {detail}")
}

fn status(segment: &Segment<'_>, partner: &Partner) -> String {
    let get = |element: usize| segment.get(element).unwrap_or_default();
    let says = |list: &CodeList, code: &str| match list.find(code, partner).wording {
        Some(wording) => format!("{code} {wording}"),
        None => format!("{code} unknown"),
    };
    let mut parts = Vec::new();
    for (element, list) in [(1, &STATUS), (2, &REASON), (3, &APPOINTMENT), (4, &REASON)] {
        if let Some(code) = segment.get(element) {
            parts.push(says(list, &code));
        }
    }
    let zone = get(7);
    let zone = if zone.is_empty() { "no zone stated".to_owned() } else { format!("zone {zone}") };
    parts.push(format!("{} {}, {zone}", dash(&get(5)), dash(&get(6))));
    parts.join("; ")
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

fn join<T: AsRef<str>>(parts: &[T]) -> String {
    let there: Vec<_> = parts.iter().map(AsRef::as_ref).filter(|part| !part.is_empty()).collect();
    there.join(", ")
}
