//! The rows that the pipeline takes, what becomes of them, and what they lead to.

use std::collections::HashSet;

use jiff::SignedDuration;
use tracklane_core::Timestamp;
use tracklane_core::event::{EventKind, ZoneCrossing};
use tracklane_core::id::{DeviceId, DriverId, ZoneId};
use tracklane_core::model::Movement;
use tracklane_core::position::{Attributes, Mark, Position};

use crate::error::Error;
use crate::shipments::Proof;

/// One position on its way through the pipeline.
#[derive(Debug)]
pub(super) struct Row {
    pub position: Position,
    /// The driver who carried its device as it came in.
    pub driver_id: Option<DriverId>,
    /// The highest speed that is believed of its device; none for the setting.
    pub max_speed_mps: Option<f32>,
    /// Its place in its submission.
    pub index: usize,
    /// True when it raises something, and nobody knows where: it says no place, and its device never said one.
    pub nowhere: bool,
}

/// What became of a row that broke no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Accepted,
    Duplicate,
    Late,
    Marked(Mark),
}

/// Why a submission was not kept, or not all that it led to.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    Full,
    /// Another node tracks these devices now.
    Fenced,
    Unavailable(String),
}

impl Failure {
    /// The process ends.
    pub fn stopping() -> Self {
        Self::Unavailable("shutting down".to_owned())
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::Full,
            Failure::Fenced => Self::Unavailable("another node tracks these devices by now".to_owned()),
            Failure::Unavailable(text) => Self::Unavailable(text),
        }
    }
}

/// What happened between a device and a zone that the tenant drew.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub device_id: DeviceId,
    pub driver_id: Option<DriverId>,
    pub zone_id: ZoneId,
    pub kind: EventKind,
    pub at: Timestamp,
    pub data: ZoneCrossing,
}

/// Something about a device that must be told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub kind: EventKind,
    pub at: Timestamp,
    pub device_id: DeviceId,
    pub driver_id: Option<DriverId>,
    pub data: Attributes,
    /// How old the news was when it came in, where that decides whether it alerts somebody.
    pub age: Option<SignedDuration>,
}

/// The track of a device from an instant on, done again.
#[derive(Debug, Clone)]
pub(super) struct Redone {
    pub device_id: DeviceId,
    pub from: Timestamp,
    pub movements: Vec<Movement>,
}

/// What the positions of one tenant led to.
#[derive(Debug, Default)]
pub(super) struct Consequences {
    pub told: Vec<Told>,
    /// What devices did until lately. Written together with their states, and not waited for.
    pub movements: Vec<Movement>,
    pub redone: Vec<Redone>,
    pub crossings: Vec<Seen>,
    pub proofs: Vec<Proof>,
    pub devices: HashSet<DeviceId>,
}

impl Consequences {
    /// Adds what later positions led to.
    pub fn add(&mut self, later: Self) {
        self.told.extend(later.told);
        // What is done again takes the place of what ended before.
        for redone in &later.redone {
            let replaced =
                |movement: &Movement| movement.device_id == redone.device_id && movement.started_at >= redone.from;
            self.movements.retain(|movement| !replaced(movement));
        }
        self.redone.extend(later.redone);
        self.movements.extend(later.movements);
        self.crossings.extend(later.crossings);
        self.proofs.extend(later.proofs);
        self.devices.extend(later.devices);
    }
}
