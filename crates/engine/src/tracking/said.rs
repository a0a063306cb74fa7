//! What was said of zones lately. A late fix is held against it, not against what would have been said by what was known: the
//! two part where a late fix contradicts what was said, for the log is never taken back.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_geo::visit::{Event, EventKind, Told};

use super::zones::ZoneKey;

/// The most events of one device that are remembered: the oldest are forgotten first. Who makes more within two windows is told
/// of by what is known alone.
const MOST: usize = 256;

/// What was said of one device lately, as it was said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Said(Vec<Saying>);

/// One event: the zone, what happened, when, the time of the fix that proves it by what is known now (both in microseconds, by
/// the device's clock), and whether it is of a visit that nobody saw begin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Saying(ZoneKey, EventKind, i64, i64, bool);

impl Saying {
    /// When it happened or was proved, whichever is later: a way that is done again from before that may tell otherwise.
    fn until(&self) -> i64 {
        self.2.max(self.3)
    }
}

impl Said {
    /// Notes events that are told.
    pub fn note(said: &mut Option<Box<Self>>, events: &[(ZoneKey, Event)]) {
        if events.is_empty() {
            return;
        }
        let Self(all) = &mut **said.get_or_insert_default();
        all.extend(events.iter().map(|(zone, event)| {
            let unseen = event.kind != EventKind::Enter && event.since.is_none();
            Saying(*zone, event.kind, event.at.as_microsecond(), event.proved_at.as_microsecond(), unseen)
        }));
        // Stable: of two at the same time the one that was told first comes first.
        all.sort_by_key(|saying| saying.2);
        let surplus = all.len().saturating_sub(MOST);
        all.drain(..surplus);
    }

    /// Forgets what happened and was proved up to this time: no way is done again from before it.
    pub fn forget(said: &mut Option<Box<Self>>, until: Option<Timestamp>) {
        let (Some(all), Some(until)) = (said.as_deref_mut(), until) else { return };
        all.0.retain(|saying| saying.until() > until.as_microsecond());
        if all.0.is_empty() {
            *said = None;
        }
    }

    /// The zones of which something was said.
    pub fn zones(said: Option<&Self>) -> impl Iterator<Item = ZoneKey> {
        said.into_iter().flat_map(|Self(all)| all.iter().map(|saying| saying.0))
    }

    /// What was said of a zone that happened or was proved after this time, in order, and on which side the device was taken to be before
    /// the first of them; none of that where it was inside and nobody saw it go in. The outer one is none when nothing was said.
    pub fn of(said: Option<&Self>, zone: ZoneKey, since: Timestamp) -> (Vec<Told>, Option<Option<bool>>) {
        let mine = said.into_iter().flat_map(|Self(all)| all).filter(|saying| saying.0 == zone);
        let mine: Vec<&Saying> = mine.filter(|saying| saying.until() > since.as_microsecond()).collect();
        let before = mine.first().map(|first| Some(first.1 != EventKind::Enter).filter(|_| !first.4));
        let told = mine
            .iter()
            .filter_map(|saying| Some(Told { kind: saying.1, at: Timestamp::from_microsecond(saying.2).ok()? }));
        (told.collect(), before)
    }

    /// Notes which fixes prove now what was said of a zone, as [`Said::of`] has it for `since`; none for what
    /// did not happen after all: if it did after `since`, it counts as proved by `newest`, so that it is held against what comes
    /// for a while.
    pub fn prove(
        said: &mut Option<Box<Self>>,
        zone: ZoneKey,
        since: Timestamp,
        newest: Timestamp,
        proofs: impl Iterator<Item = Option<Timestamp>>,
    ) {
        let mine = said.iter_mut().flat_map(|said| &mut said.0).filter(|saying| saying.0 == zone);
        for (saying, proof) in mine.filter(|saying| saying.until() > since.as_microsecond()).zip(proofs) {
            let stands = Some(newest).filter(|_| saying.2 > since.as_microsecond());
            saying.3 = proof.or(stands).map_or(saying.3, Timestamp::as_microsecond);
        }
    }
}
