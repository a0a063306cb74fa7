//! What the sandbox says of a number at a time: a function of the number, of when it was asked for first, and of the time.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tracklane_carriers::carriers::{Carrier, Registry};
use tracklane_core::time::Timestamp;

use super::fault::Odd;
use super::number::{CARRIER, Number};
use super::path::{Known, PATHS, SECOND_CARRIER, Step, USUAL};

/// The zone of all towns of the sandbox: they keep one time.
const ZONE: &str = "Europe/Berlin";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// How long ago the first parcel of a number that is used again was delivered.
const LONG_AGO: Duration = Duration::from_secs(400 * 86_400);

/// A number that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The number.
    pub number: Number,
    /// When it was asked for first.
    pub first: Timestamp,
    /// How many times it was asked for, this time included.
    pub asks: u32,
    /// How many times as fast as it says all goes, at least 1.
    pub speed: u32,
}

impl Asked {
    /// When the scan at `place` of the path happens.
    fn time(&self, place: usize) -> Timestamp {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        let moved = match self.number.wait(self.speed) {
            Some(wait) => {
                let waits = self.number.path.known.waits().saturating_add(place);
                self.first.checked_add(wait.saturating_mul(waits))
            }
            // All is over: the last scan is of the time of the first ask.
            None => {
                let last = u32::try_from(self.number.path.steps.len()).unwrap_or(u32::MAX).saturating_sub(1);
                self.first
                    .checked_add(HOUR.saturating_mul(place))
                    .and_then(|at| at.checked_sub(HOUR.saturating_mul(last)))
            }
        };
        moved.unwrap_or(Timestamp::MAX)
    }

    /// How many scans there are at `now`.
    pub fn scans(&self, now: Timestamp) -> usize {
        let path = self.number.path;
        match self.number.wait(self.speed) {
            None if self.asks.max(1) > path.known.waits() => path.steps.len(),
            None => 0,
            Some(_) => (0..path.steps.len()).take_while(|place| self.time(*place) <= now).count(),
        }
    }

    /// When the next scan comes; none when there is no more, or none before the number is asked for again.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.number.wait(self.speed)?;
        let place = self.scans(now);
        (place < self.number.path.steps.len()).then(|| self.time(place))
    }

    /// The shipments that have this number at `now`; none when it is not found.
    pub fn shipments(&self, now: Timestamp) -> Vec<Value> {
        let mut found = Vec::new();
        if self.number.path.known == Known::Again {
            found.push(self.old());
        }
        if self.scans(now) > 0 {
            found.push(self.shipment(now));
        }
        found
    }

    /// The parcel that had the number before.
    fn old(&self) -> Value {
        let end = self.first.checked_sub(LONG_AGO).unwrap_or(Timestamp::MIN);
        let scans = USUAL.iter().rev().enumerate().map(|(back, step)| {
            let back = u32::try_from(back).unwrap_or(u32::MAX);
            self.scan(step, end.checked_sub(HOUR.saturating_mul(back)).unwrap_or(Timestamp::MIN))
        });
        let mut scans: Vec<Value> = scans.collect();
        scans.reverse();
        let newest = USUAL.last().map(|step| step.code).unwrap_or_default();
        json!({ "number": self.number.text(), "service": SERVICE, "status": status(newest), "proof": proof(), "scans": scans })
    }

    fn shipment(&self, now: Timestamp) -> Value {
        let Number { path, fault, .. } = self.number;
        let steps = path.steps.get(..self.scans(now)).unwrap_or_default();
        let mut scans: Vec<Value> =
            steps.iter().enumerate().map(|(place, step)| self.scan(step, self.time(place))).collect();
        if let (true, Some(scan)) = (fault.fault.is_odd(Odd::UnknownCode), scans.get_mut(1)) {
            scan["code"] = "Q7".into();
            scan["text"] = "A step that no table has".into();
        }
        if fault.fault.is_odd(Odd::Shuffled) {
            scans.reverse();
            scans.extend(scans.last().cloned());
        }
        let newest = steps.last().map(|step| step.code).unwrap_or_default();
        let mut shipment =
            json!({ "number": self.number.text(), "service": SERVICE, "status": status(newest), "scans": scans });
        if let Some(promised) = path.promised.map(|place| self.time(place)) {
            let until = self.expected(promised, steps);
            shipment["promised_delivery"] = show(promised, "%Y-%m-%d").into();
            shipment["estimated_delivery"] = json!({
                "from": self.show(until.checked_sub(HOUR.saturating_mul(2)).unwrap_or(Timestamp::MIN)),
                "until": self.show(until),
            });
        }
        let has = |code: &str| steps.iter().any(|step| step.code == code);
        if has("DL") {
            shipment["proof"] = proof();
        }
        if let (true, Some(path)) = (has("HO"), PATHS.iter().find(|path| path.code == SECOND_CARRIER)) {
            shipment["hand_over"] = json!({ "number": Number { path, ..self.number }.text() });
        }
        shipment
    }

    /// When delivery is expected, after these scans.
    fn expected(&self, promised: Timestamp, steps: &[Step]) -> Timestamp {
        let last = self.number.path.steps.len().saturating_sub(1);
        let late = steps.iter().any(|step| step.code == "LT");
        let until = if late { self.time(last).max(promised) } else { promised };
        let days = if self.number.fault.fault.is_odd(Odd::PutOff) { steps.len() } else { 0 };
        let days = u32::try_from(days).unwrap_or(u32::MAX);
        until.checked_add(DAY.saturating_mul(days)).unwrap_or(Timestamp::MAX)
    }

    fn scan(&self, step: &Step, at: Timestamp) -> Value {
        let mut scan = status(step.code);
        scan["at"] = self.show(at).into();
        if let Some((city, country)) = step.town {
            scan["city"] = city.into();
            scan["country"] = country.into();
        }
        scan
    }

    fn show(&self, at: Timestamp) -> String {
        let fault = self.number.fault.fault;
        let format = if fault.is_odd(Odd::DateOnly) {
            "%Y-%m-%d"
        } else if fault.is_odd(Odd::NoOffset) {
            "%Y-%m-%dT%H:%M:%S"
        } else {
            "%Y-%m-%dT%H:%M:%S%.3f%:z"
        };
        show(at, format)
    }
}

const SERVICE: &str = "Sandbox Parcel";

/// A code with its words, which are those of the carrier's table.
fn status(code: &str) -> Value {
    let table = Registry::built_in().find(CARRIER).map(Carrier::codes).unwrap_or_default();
    let text = table.iter().find(|known| known.code == code).map(|known| known.text.as_ref());
    json!({ "code": code, "text": text.unwrap_or_default() })
}

fn proof() -> Value {
    json!({ "signed_by": "S. Ample", "left_at": "Front door" })
}

fn show(at: Timestamp, format: &str) -> String {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::sandbox::fault::FAULTS;

    fn asked(path: u8, pace: u8, asks: u32) -> Asked {
        let path = PATHS.iter().find(|known| known.code == path).unwrap();
        let number = Number { path, pace, fault: &FAULTS[0], serial: 7 };
        Asked { number, first: "2026-03-01T12:00:00Z".parse().unwrap(), asks, speed: 1 }
    }

    fn after(asked: &Asked, seconds: u64) -> Timestamp {
        asked.first.checked_add(Duration::from_secs(seconds)).unwrap()
    }

    #[test]
    fn scans_come_one_by_one_and_the_next_is_known() {
        let asked = asked(0, 3, 1);
        let counts: Vec<usize> = [0, 9, 10, 25, 40, 9_999].map(|seconds| asked.scans(after(&asked, seconds))).into();
        assert_eq!(counts, [1, 1, 2, 3, 5, 5]);
        assert_eq!(asked.next(after(&asked, 25)), Some(after(&asked, 30)));
        assert_eq!(asked.next(after(&asked, 40)), None);
        let fast = Asked { speed: 10, ..asked };
        assert_eq!(fast.scans(after(&fast, 4)), 5);
    }

    #[test]
    fn a_number_may_be_found_later_never_or_again() {
        let later = asked(11, 3, 1);
        assert_eq!((later.shipments(after(&later, 19)).len(), later.shipments(after(&later, 20)).len()), (0, 1));
        assert_eq!([1, 2, 3].map(|asks| asked(11, 0, asks).shipments(later.first).len()), [0, 0, 1]);
        assert_eq!(asked(12, 0, 9).shipments(later.first).len(), 0);
        let again = [1, 2].map(|asks| asked(13, 0, asks).shipments(later.first));
        assert_eq!(again.each_ref().map(Vec::len), [1, 2]);
        assert_eq!(again[1][0]["scans"][4]["at"], "2025-01-25T13:00:00.000+01:00");
        assert_eq!(again[1][1]["scans"][4]["at"], "2026-03-01T13:00:00.000+01:00");
    }

    #[test]
    fn every_code_of_a_path_is_one_of_the_table_and_the_table_has_no_other() {
        let table = Registry::built_in().find(CARRIER).unwrap().codes();
        let used: Vec<&str> = PATHS.iter().flat_map(|path| path.steps).map(|step| step.code).collect();
        for code in &used {
            assert!(table.iter().any(|known| known.code == *code), "{code}");
        }
        for known in table {
            assert!(used.contains(&known.code.as_ref()), "no path has {}", known.code);
        }
    }
}
