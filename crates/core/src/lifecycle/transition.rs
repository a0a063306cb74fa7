//! Which manual writes are legal. Carrier and device facts are never refused; they go through the fold as they are.

use super::Status;
use super::Status::{
    Assigned, AttemptFailed, AvailableForPickup, Cancelled, Created, Delivered, Exception, Expired, Failed, InTransit,
    InfoReceived, OnHold, OutForDelivery, PickedUp, Returned, Returning, Unknown,
};

/// The statuses that a person or an API client may set from `from`, in the order of the status table.
///
/// `before_hold` is the status before the present hold; only a hold looks at it: from there the way leads back to that
/// status or a later rank.
pub fn legal_next(from: Status, before_hold: Option<Status>) -> Vec<Status> {
    let list: &[Status] = match from {
        Created => &[InfoReceived, Assigned, PickedUp, OnHold, Cancelled, Expired],
        InfoReceived => &[Assigned, PickedUp, InTransit, OnHold, Exception, Cancelled, Expired],
        Assigned => &[Created, PickedUp, OutForDelivery, OnHold, Exception, Cancelled],
        PickedUp => &[
            InTransit,
            OutForDelivery,
            AvailableForPickup,
            AttemptFailed,
            OnHold,
            Exception,
            Delivered,
            Returning,
            Failed,
        ],
        InTransit => &[
            OutForDelivery,
            AvailableForPickup,
            AttemptFailed,
            OnHold,
            Exception,
            Delivered,
            Returning,
            Failed,
            Expired,
        ],
        OutForDelivery => {
            &[InTransit, AvailableForPickup, AttemptFailed, OnHold, Exception, Delivered, Returning, Failed]
        }
        AvailableForPickup => &[OutForDelivery, OnHold, Exception, Delivered, Returning, Expired],
        AttemptFailed => {
            &[InTransit, OutForDelivery, AvailableForPickup, OnHold, Exception, Delivered, Returning, Failed]
        }
        OnHold => return from_hold(before_hold),
        Exception => {
            let open = |s: &Status| !s.is_terminal() && *s != Exception;
            let ends = [Delivered, Cancelled, Failed];
            return Status::ALL.iter().copied().filter(|s| open(s) || ends.contains(s)).collect();
        }
        Returning => &[OnHold, Exception, Returned, Failed],
        Delivered | Returned | Cancelled | Failed => &[],
        Expired => return others(Expired),
        Unknown => return others(Unknown),
    };
    list.to_vec()
}

fn others(from: Status) -> Vec<Status> {
    Status::ALL.iter().copied().filter(|status| *status != from).collect()
}

fn from_hold(before: Option<Status>) -> Vec<Status> {
    let floor = before.and_then(Status::rank).unwrap_or(0);
    let allowed = |status: &Status| match status {
        Exception | Cancelled | Returning | Failed => true,
        other => other.rank().is_some_and(|rank| rank >= floor),
    };
    Status::ALL.iter().copied().filter(allowed).collect()
}

/// A manual write that the table does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{to} cannot follow {from}; allowed: {}", if self.allowed.is_empty() { "nothing but a correction".to_owned() } else { self.allowed.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ") })]
pub struct IllegalTransition {
    /// The present status.
    pub from: Status,
    /// What was asked for.
    pub to: Status,
    /// What may be asked for instead.
    pub allowed: Vec<Status>,
}

/// Checks a manual write. Staying in the same non-terminal status is allowed (a new sub-status, a second failed attempt).
///
/// # Errors
/// [`IllegalTransition`] with the allowed list.
pub fn check_manual(from: Status, before_hold: Option<Status>, to: Status) -> Result<(), IllegalTransition> {
    if from == to && !from.is_terminal() {
        return Ok(());
    }
    let allowed = legal_next(from, before_hold);
    if allowed.contains(&to) { Ok(()) } else { Err(IllegalTransition { from, to, allowed }) }
}
