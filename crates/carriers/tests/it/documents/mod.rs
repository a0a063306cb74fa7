//! Documents against small ones of our own, those of the corpus, broken ones, and themselves.

mod broken;
mod dcsa;
mod edifact;
mod epcis;
mod round_trip;
mod x12;

use tracklane_carriers::documents::{Document, Options, Partner, read};
use tracklane_carriers::report::{ReportedEvent, When};

use crate::corpus::folder;

/// A file of the corpus; none when the corpus is not there.
fn corpus(file: &str) -> Option<Vec<u8>> {
    let folder = folder(file)?;
    Some(std::fs::read(folder.join(file)).expect("a file of the corpus"))
}

/// Reads with a partner's map.
fn read_as(text: &str, map: &str) -> Document {
    let partner = Partner::read(map).expect("a map");
    read(text.as_bytes(), Options { partner: &partner, explain: true })
}

/// One line for an event, to compare by eye.
fn show(event: &ReportedEvent) -> String {
    let status = event.status.map_or_else(|| format!("{:?}", event.kind).to_lowercase(), |status| status.to_string());
    let sub = event.substatus.as_deref().map(|sub| format!("/{sub}")).unwrap_or_default();
    let reason = event.reason.map(|reason| format!(" {}", reason.as_str())).unwrap_or_default();
    let late = if event.delayed { " late" } else { "" };
    let code = event.raw_code.as_deref().unwrap_or("-");
    let place = event.place.as_ref().map(|place| {
        let parts =
            [&place.name, &place.city, &place.state, &place.country].map(|part| part.clone().unwrap_or_default());
        let point = place.point.map(|point| format!(" {:.3},{:.3}", point.lat, point.lon)).unwrap_or_default();
        format!(" at {}{point}", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
    });
    format!("{} {code} {status}{sub}{reason}{late}{}", show_when(&event.when), place.unwrap_or_default())
}

fn show_when(when: &When) -> String {
    match when {
        When::Instant { at, offset_seconds, confidence } => {
            format!("{at} {:+} {}", f64::from(*offset_seconds) / 3600.0, confidence.as_str())
        }
        When::Day { date, confidence, .. } => format!("{date} {}", confidence.as_str()),
        When::Undated => "undated".to_owned(),
    }
}
