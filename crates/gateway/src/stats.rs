//! What the gateway counts, by protocol. The server shows it as metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its positions are durable, or were known already: all that keep the rules.
    Kept,
    /// It was read, and none of its positions keeps the rules.
    Refused,
    /// It was read and holds no position: a login, a sign of life.
    WithoutPosition,
    /// It, or a part of it, cannot be read.
    Unreadable,
    /// It is from a device that may not send here.
    UnknownDevice,
    /// It came faster than the device may send, and is to be sent again.
    TooFast,
    /// It could not be made durable, and is to be sent again.
    NotKept,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Kept,
        Self::Refused,
        Self::WithoutPosition,
        Self::Unreadable,
        Self::UnknownDevice,
        Self::TooFast,
        Self::NotKept,
    ];

    /// The word used in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Refused => "refused",
            Self::WithoutPosition => "without_position",
            Self::Unreadable => "unreadable",
            Self::UnknownDevice => "unknown_device",
            Self::TooFast => "too_fast",
            Self::NotKept => "not_kept",
        }
    }
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The device closed it.
    Device,
    /// It broke.
    Broken,
    /// It did not say in time which device it is from.
    NoLogin,
    /// No whole message came for too long.
    Idle,
    /// No message can be found in what came.
    Unreadable,
    /// The device may not send here.
    UnknownDevice,
    /// What it sent could not be made durable.
    NotKept,
    /// There were too many of them.
    TooMany,
    /// There were too many from the same address.
    TooManyFromAddress,
    /// Another connection has taken its place.
    Replaced,
    /// The server stops.
    Stopping,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 11] = [
        Self::Device,
        Self::Broken,
        Self::NoLogin,
        Self::Idle,
        Self::Unreadable,
        Self::UnknownDevice,
        Self::NotKept,
        Self::TooMany,
        Self::TooManyFromAddress,
        Self::Replaced,
        Self::Stopping,
    ];

    /// The word used in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Broken => "broken",
            Self::NoLogin => "no_login",
            Self::Idle => "idle",
            Self::Unreadable => "unreadable",
            Self::UnknownDevice => "unknown_device",
            Self::NotKept => "not_kept",
            Self::TooMany => "too_many",
            Self::TooManyFromAddress => "too_many_from_address",
            Self::Replaced => "replaced",
            Self::Stopping => "stopping",
        }
    }
}

/// The counters of one protocol.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    open: AtomicU64,
    messages: [AtomicU64; Outcome::ALL.len()],
    endings: [AtomicU64; Ending::ALL.len()],
    rejected: AtomicU64,
}

/// The counters of one protocol as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// The protocol's name.
    pub protocol: &'static str,
    /// Connections that are open now.
    pub open: u64,
    /// Messages by what became of them.
    pub messages: Vec<(Outcome, u64)>,
    /// Connections by why they ended.
    pub endings: Vec<(Ending, u64)>,
    /// Positions that broke a rule, and were left out.
    pub rejected: u64,
}

impl Counts {
    /// How many messages came to this.
    pub fn messages(&self, outcome: Outcome) -> u64 {
        self.messages.iter().find(|(known, _)| *known == outcome).map_or(0, |(_, count)| *count)
    }

    /// How many connections ended so.
    pub fn endings(&self, ending: Ending) -> u64 {
        self.endings.iter().find(|(known, _)| *known == ending).map_or(0, |(_, count)| *count)
    }
}

impl Counters {
    pub(crate) fn message(&self, outcome: Outcome) {
        self.messages(outcome, 1);
    }

    pub(crate) fn messages(&self, outcome: Outcome, count: usize) {
        self.messages[outcome as usize].fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn rejected(&self, count: usize) {
        self.rejected.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn ended(&self, ending: Ending) {
        self.endings[ending as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, protocol: &'static str) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            protocol,
            open: load(&self.open),
            messages: Outcome::ALL.into_iter().zip(self.messages.iter().map(load)).collect(),
            endings: Ending::ALL.into_iter().zip(self.endings.iter().map(load)).collect(),
            rejected: load(&self.rejected),
        }
    }
}
