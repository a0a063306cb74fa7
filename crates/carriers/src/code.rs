//! Status tables: what a carrier's code means, with the carrier's own wording beside it.

use std::borrow::Cow;

use tracklane_core::lifecycle::{FactKind, Reason, Status};

use crate::report::{ReportedEvent, Summary};

/// One code of a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The code, as the carrier writes it. Parts that are looked up together stand with a `/` between.
    pub code: Cow<'static, str>,
    /// The carrier's wording.
    pub text: Cow<'static, str>,
    /// What it means.
    pub means: Means,
}

/// What a code means, in our words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Means {
    /// What an event with this code does to the fold.
    pub kind: FactKind,
    /// The status; none for notes, `unknown` for codes that are known to exist but not what they mean for the status.
    pub status: Option<Status>,
    /// The finer status.
    pub substatus: Option<&'static str>,
    /// Why.
    pub reason: Option<Reason>,
    /// It will be late.
    pub delayed: bool,
}

impl Means {
    /// A status.
    pub const fn status(status: Status) -> Self {
        Self { kind: FactKind::Scan, status: Some(status), substatus: None, reason: None, delayed: false }
    }

    /// Something worth keeping that says nothing about the status.
    pub const fn note() -> Self {
        Self { kind: FactKind::Note, status: None, substatus: None, reason: None, delayed: false }
    }

    /// With a finer status.
    #[must_use]
    pub const fn sub(mut self, substatus: &'static str) -> Self {
        self.substatus = Some(substatus);
        self
    }

    /// With a reason.
    #[must_use]
    pub const fn why(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// With the flag that it will be late.
    #[must_use]
    pub const fn late(mut self) -> Self {
        self.delayed = true;
        self
    }

    /// Whether the code tells anything.
    pub fn is_mapped(&self) -> bool {
        self.status != Some(Status::Unknown)
    }

    /// Writes what the code means into an event.
    pub(crate) fn apply(&self, event: &mut ReportedEvent) {
        event.kind = self.kind;
        event.status = self.status;
        event.substatus = self.substatus.map(str::to_owned);
        event.reason = self.reason;
        event.delayed = self.delayed;
    }

    /// What the source says it is now.
    pub(crate) fn summary(self, raw_code: Option<String>, raw_text: Option<String>) -> Summary {
        Summary {
            status: self.status,
            substatus: self.substatus.map(str::to_owned),
            reason: self.reason,
            delayed: self.delayed,
            raw_code,
            raw_text,
        }
    }
}

/// What the first of `keys` that the table has means; `unknown` when it has none of them.
pub(crate) fn look_up(table: &[Code], keys: &[&str]) -> Means {
    let found = keys.iter().find_map(|key| table.iter().find(|code| code.code == *key));
    found.map_or(Means::status(Status::Unknown), |code| code.means.clone())
}

/// A table of codes: `"code" "the carrier's wording" => status or note, in the words of [`Means`];`.
macro_rules! codes {
    ($($code:literal $text:literal => $means:expr;)*) => {
        &[$(
            $crate::code::Code {
                code: std::borrow::Cow::Borrowed($code),
                text: std::borrow::Cow::Borrowed($text),
                means: {
                    use $crate::code::short::*;
                    $means
                },
            },
        )*]
    };
}
pub(crate) use codes;

/// The words that tables are written in.
pub(crate) mod short {
    pub(crate) use tracklane_core::lifecycle::Reason;

    use super::Means;

    macro_rules! words {
        ($($name:ident = $status:ident;)*) => {
            $(pub(crate) const $name: Means = Means::status(tracklane_core::lifecycle::Status::$status);)*
        };
    }

    words! {
        INFO = InfoReceived;
        PICKED_UP = PickedUp;
        TRANSIT = InTransit;
        OUT = OutForDelivery;
        PICKUP_READY = AvailableForPickup;
        ATTEMPT = AttemptFailed;
        HOLD = OnHold;
        EXCEPTION = Exception;
        DELIVERED = Delivered;
        RETURNING = Returning;
        RETURNED = Returned;
        CANCELLED = Cancelled;
        FAILED = Failed;
        EXPIRED = Expired;
        CREATED = Created;
        UNKNOWN = Unknown;
    }

    /// Something worth keeping that says nothing about the status.
    pub(crate) const NOTE: Means = Means::note();
    /// It will be late; where it is, the code does not say.
    pub(crate) const LATE: Means = Means::note().late();
}
