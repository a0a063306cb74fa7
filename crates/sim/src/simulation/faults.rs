//! What goes wrong between a vehicle and the server. Each fault draws from a generator of its own, so that one fault more
//! changes neither the way that is driven nor what the other faults do.

use std::fmt;
use std::str::FromStr;

use fastrand::Rng;
use serde::{Serialize, Serializer};

use super::area::Place;

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The place is off by 10 to 20 metres (standard deviation along each axis, another one for each device), and stays off in
    /// the same direction for about a minute: a Gauss-Markov process. The stated accuracy is true.
    Drift,
    /// Once in about 20 minutes a device is not heard for 1 to 10 minutes. What it saw in that time is lost, or sent
    /// afterwards, before or behind what is new.
    Dropout,
    /// Of a hundred fixes, five are sent twice at once and two again 10 to 60 minutes later.
    Duplicate,
    /// For a third of the time fixes come up to two minutes late, each as late as it likes.
    Reorder,
    /// The device's clock is wrong by a constant of up to four minutes.
    Skew,
    /// Of two hundred fixes, one is 2 to 50 kilometres away, and claims to be accurate. Never two in a row.
    Teleport,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Drift, Self::Dropout, Self::Duplicate, Self::Reorder, Self::Skew, Self::Teleport];

    /// The word used on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Dropout => "dropout",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Skew => "skew",
            Self::Teleport => "teleport",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Fault {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|fault| fault.as_str() == text);
        found.ok_or_else(|| format!("unknown fault {text:?}; known are {known}"))
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One fix as a device states it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fix {
    /// The second of the simulation in which it was taken.
    pub taken_s: u32,
    /// Where the device believes to be, in metres east and north of the middle.
    pub place: Place,
    /// Radius of 68 % confidence, in metres.
    pub accuracy_m: f32,
    /// Metres per second.
    pub speed_mps: f32,
    /// Degrees clockwise from north.
    pub course_deg: f32,
    /// True when it is nowhere near where the vehicle is.
    pub wild: bool,
}

/// One fix on its way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    /// When it arrives, in milliseconds of the simulation.
    pub at_ms: u32,
    /// Which fix of the device.
    pub fix: usize,
}

/// What a device sends.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sent {
    /// How far the device's clock is ahead, in seconds.
    pub skew_s: i32,
    /// Standard deviation of the error along each axis, in metres.
    pub sigma_m: f64,
    /// Its fixes, in the order in which they were taken.
    pub fixes: Vec<Fix>,
    /// How they come in; those of the same moment in this order.
    pub deliveries: Vec<Delivery>,
}

/// The accuracy that is stated where there is no drift, in metres.
const ACCURACY_M: f32 = 5.0;
/// 68 % of an error that is normal along both axes lie within so many standard deviations.
const SIGMAS_OF_68: f64 = 1.51;
/// The time after which an error has forgotten itself, in seconds.
const DRIFT_S: f64 = 60.0;
/// From a fix to its arrival when nothing goes wrong, in milliseconds.
const LATENCY_MS: u32 = 400;

/// Lets the faults loose on what a device saw. `rng` makes the generator for each fault.
pub(super) fn spoil(fixes: Vec<Fix>, faults: &[Fault], end_s: u32, rng: impl Fn(u64) -> Rng) -> Sent {
    let mut sent = Sent { fixes, ..Sent::default() };
    let has = |fault| faults.contains(&fault);
    let own = |fault: Fault| rng(1 + fault as u64);
    sent.fixes.iter_mut().for_each(|fix| fix.accuracy_m = ACCURACY_M);
    if has(Fault::Drift) {
        drift(&mut sent, &mut own(Fault::Drift));
    }
    if has(Fault::Teleport) {
        teleport(&mut sent, &mut own(Fault::Teleport));
    }
    if has(Fault::Skew) {
        sent.skew_s = own(Fault::Skew).i32(-240..=240);
    }
    let in_time = sent.fixes.iter().enumerate();
    sent.deliveries = in_time.map(|(fix, taken)| Delivery { at_ms: taken.taken_s * 1000 + LATENCY_MS, fix }).collect();
    if has(Fault::Dropout) {
        dropout(&mut sent, &mut own(Fault::Dropout), end_s);
    }
    if has(Fault::Reorder) {
        reorder(&mut sent, &mut own(Fault::Reorder), end_s);
    }
    if has(Fault::Duplicate) {
        duplicate(&mut sent, &mut own(Fault::Duplicate), end_s);
    }
    sent.deliveries.sort_by_key(|delivery| delivery.at_ms);
    sent
}

/// A number from the normal distribution (Box and Muller).
fn normal(rng: &mut Rng) -> f64 {
    let (radius, angle) = ((1.0 - rng.f64()).ln(), rng.f64() * std::f64::consts::TAU);
    (-2.0 * radius).sqrt() * angle.cos()
}

fn drift(sent: &mut Sent, rng: &mut Rng) {
    sent.sigma_m = 10.0 + 10.0 * rng.f64();
    let mut error = (normal(rng), normal(rng));
    let mut last_s = 0;
    for fix in &mut sent.fixes {
        let keeps = (-f64::from(fix.taken_s - last_s) / DRIFT_S).exp();
        let news = (1.0 - keeps * keeps).sqrt();
        error = (keeps * error.0 + news * normal(rng), keeps * error.1 + news * normal(rng));
        last_s = fix.taken_s;
        fix.place = (fix.place.0 + sent.sigma_m * error.0, fix.place.1 + sent.sigma_m * error.1);
        fix.accuracy_m = ((SIGMAS_OF_68 * sent.sigma_m) * 10.0).round() as f32 / 10.0;
    }
}

fn teleport(sent: &mut Sent, rng: &mut Rng) {
    let mut after_wild = false;
    for fix in &mut sent.fixes {
        let wild = !after_wild && rng.u32(0..200) == 0;
        if wild {
            let (away, angle) = (2_000.0 + 48_000.0 * rng.f64(), rng.f64() * std::f64::consts::TAU);
            fix.place = (fix.place.0 + away * angle.cos(), fix.place.1 + away * angle.sin());
            fix.wild = true;
        }
        after_wild = wild;
    }
}

/// Spans of time that begin about every so many seconds on average.
fn spans(rng: &mut Rng, end_s: u32, every_s: f64, length_s: std::ops::Range<u32>) -> Vec<(u32, u32)> {
    let mut spans = Vec::new();
    let mut at = 0.0;
    loop {
        at += -(1.0 - rng.f64()).ln() * every_s;
        if at >= f64::from(end_s) {
            return spans;
        }
        let length = rng.u32(length_s.clone());
        spans.push((at as u32, at as u32 + length));
        at += f64::from(length);
    }
}

fn dropout(sent: &mut Sent, rng: &mut Rng, end_s: u32) {
    for (from_s, until_s) in spans(rng, end_s, 1_200.0, 60..600) {
        let fate = rng.u8(0..3);
        let (fixes, after_s) = (&sent.fixes, rng.u32(20..60));
        let missed = |delivery: &Delivery| (from_s..until_s).contains(&fixes[delivery.fix].taken_s);
        match fate {
            0 => sent.deliveries.retain(|delivery| !missed(delivery)),
            // What was kept comes in order, before what is new; or else some time behind it.
            _ => {
                let wait_s = if fate == 1 { 0 } else { after_s };
                for delivery in sent.deliveries.iter_mut().filter(|delivery| missed(delivery)) {
                    delivery.at_ms = (until_s + wait_s) * 1000;
                }
            }
        }
    }
}

fn reorder(sent: &mut Sent, rng: &mut Rng, end_s: u32) {
    for (from_s, until_s) in spans(rng, end_s, 240.0, 60..180) {
        for delivery in &mut sent.deliveries {
            if (from_s..until_s).contains(&sent.fixes[delivery.fix].taken_s) {
                delivery.at_ms += rng.u32(0..120_000);
            }
        }
    }
}

fn duplicate(sent: &mut Sent, rng: &mut Rng, end_s: u32) {
    let mut again = Vec::new();
    for delivery in &sent.deliveries {
        match rng.u32(0..100) {
            0..5 => again.push(*delivery),
            5..7 => {
                let later = delivery.at_ms + rng.u32(600_000..3_600_000);
                again.push(Delivery { at_ms: later.min((end_s + 60) * 1000), ..*delivery });
            }
            _ => {}
        }
    }
    sent.deliveries.extend(again);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixes() -> Vec<Fix> {
        let fix = |number: u32| Fix {
            taken_s: number * 10,
            place: (f64::from(number) * 50.0, 0.0),
            accuracy_m: 0.0,
            speed_mps: 5.0,
            course_deg: 90.0,
            wild: false,
        };
        (0..1_000).map(fix).collect()
    }

    fn sent(faults: &[Fault]) -> Sent {
        spoil(fixes(), faults, 10_000, |fault| Rng::with_seed(7 * fault))
    }

    #[test]
    fn nothing_goes_wrong_without_a_fault_and_a_seed_repeats_itself() {
        let good = sent(&[]);
        assert_eq!(good.deliveries.len(), 1_000);
        assert!(good.deliveries.iter().enumerate().all(|(place, delivery)| delivery.fix == place));
        assert_eq!(sent(&Fault::ALL), sent(&Fault::ALL));
        let both = sent(&[Fault::Drift, Fault::Skew]);
        assert_eq!((both.fixes, both.skew_s), (sent(&[Fault::Drift]).fixes, sent(&[Fault::Skew]).skew_s));
    }

    #[test]
    fn drift_is_as_large_as_it_says_and_lasts() {
        let drifted = sent(&[Fault::Drift]);
        let errors: Vec<f64> = drifted.fixes.iter().zip(fixes()).map(|(a, b)| a.place.0 - b.place.0).collect();
        let variance = errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64;
        assert!((variance.sqrt() / drifted.sigma_m - 1.0).abs() < 0.25, "{} {}", variance.sqrt(), drifted.sigma_m);
        let alike = errors.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / errors.len() as f64 / variance;
        assert!((0.75..0.92).contains(&alike), "{alike}");
        assert!((10.0..20.0).contains(&drifted.sigma_m));
    }

    #[test]
    fn fixes_are_lost_repeated_reordered_and_thrown_about() {
        let lost = sent(&[Fault::Dropout]);
        assert!((500..1_000).contains(&lost.deliveries.len()), "{}", lost.deliveries.len());
        let again = sent(&[Fault::Duplicate]);
        assert!((1_040..1_110).contains(&again.deliveries.len()), "{}", again.deliveries.len());
        let mixed = sent(&[Fault::Reorder]);
        assert_eq!(mixed.deliveries.len(), 1_000);
        assert!(mixed.deliveries.windows(2).filter(|pair| pair[0].fix > pair[1].fix).count() > 100);
        let late = |delivery: &Delivery| delivery.at_ms - mixed.fixes[delivery.fix].taken_s * 1000;
        assert!(mixed.deliveries.iter().all(|delivery| late(delivery) <= 120_400));
        let wild: Vec<bool> = sent(&[Fault::Teleport]).fixes.iter().map(|fix| fix.wild).collect();
        assert!(wild.iter().any(|wild| *wild) && wild.windows(2).all(|pair| pair != [true, true]));
    }
}
