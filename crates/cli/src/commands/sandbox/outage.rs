//! An outage of the carrier as a whole: for a while every answer about numbers is a broken one.

use std::time::Duration;

use serde::Deserialize;
use tracklane_core::time::Timestamp;

use super::fault::Broken;

/// The longest outage, in seconds.
const LONGEST: u64 = 86_400;

/// An outage.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    /// What every answer is instead.
    pub broken: Broken,
    /// When it is over.
    pub until: Timestamp,
}

impl Outage {
    /// What answers are instead at `now`; none when it is over.
    pub fn broken(self, now: Timestamp) -> Option<Broken> {
        (now < self.until).then_some(self.broken)
    }
}

/// An outage that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOutage {
    /// What every answer is instead.
    fault: Broken,
    /// How long it takes, whatever the speed.
    seconds: u64,
}

impl NewOutage {
    /// The outage, from now on.
    ///
    /// # Errors
    /// Names the field and the rule.
    pub fn check(&self, now: Timestamp) -> Result<Outage, String> {
        if !(1..=LONGEST).contains(&self.seconds) {
            return Err(format!("seconds must be 1 to {LONGEST}"));
        }
        Ok(Outage {
            broken: self.fault,
            until: now.checked_add(Duration::from_secs(self.seconds)).unwrap_or(Timestamp::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_ends() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let check = |seconds| NewOutage { fault: Broken::Hangs, seconds }.check(now);
        let outage = check(60).unwrap();
        let after = |seconds| now.checked_add(Duration::from_secs(seconds)).unwrap();
        assert_eq!((outage.broken(after(59)), outage.broken(after(60))), (Some(Broken::Hangs), None));
        assert_eq!([check(0).unwrap_err(), check(86_401).unwrap_err()], ["seconds must be 1 to 86400"; 2]);
    }
}
