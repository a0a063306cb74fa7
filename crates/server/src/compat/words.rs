//! Statuses in the words of the source systems and in ours.

use tracklane_core::lifecycle::Status;

use crate::problem::{Problem, Result};

/// Their words and the statuses they stand for; what is written is the first of them. Our own words are understood too.
const WORDS: &[(&str, &[Status])] = &[
    ("pending", &[Status::Created, Status::InfoReceived]),
    ("placed", &[Status::Created, Status::InfoReceived]),
    // Written by a courier, it is an attempt that may be repeated; lost for good is for `/v1` to say.
    ("failed", &[Status::AttemptFailed, Status::Failed]),
    ("completed", &[Status::Delivered]),
    ("canceled", &[Status::Cancelled]),
];

/// How one of the systems calls a shipment that nothing has happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// `pending`.
    Deliveries,
    /// `placed`.
    Orders,
}

impl Tongue {
    /// The word for a status.
    pub fn say(self, status: Status) -> &'static str {
        match (status, self) {
            (Status::Created | Status::InfoReceived, Self::Deliveries) => "pending",
            (Status::Created | Status::InfoReceived, Self::Orders) => "placed",
            (Status::AttemptFailed, _) => "failed",
            (other, _) => other.as_str(),
        }
    }
}

/// The statuses that a word stands for; never none.
fn read(word: &str) -> Option<Vec<Status>> {
    if let Some((_, statuses)) = WORDS.iter().find(|(known, _)| *known == word) {
        return Some(statuses.to_vec());
    }
    word.parse().ok().map(|status| vec![status])
}

/// The status that is meant when a word is written.
///
/// # Errors
/// `invalid-input` that lists the words.
pub fn written(word: &str) -> Result<Status> {
    let status = read(word).and_then(|statuses| statuses.first().copied());
    status.ok_or_else(|| Problem::invalid("#/status", unknown(word)))
}

/// The statuses that are meant when words are asked for.
///
/// # Errors
/// `malformed-request` that lists the words.
pub fn asked<'a>(words: impl IntoIterator<Item = &'a String>) -> Result<Vec<Status>> {
    let mut statuses = Vec::new();
    for word in words {
        statuses.extend(read(word).ok_or_else(|| Problem::malformed("status", unknown(word)))?);
    }
    Ok(statuses)
}

fn unknown(word: &str) -> String {
    let theirs = WORDS.iter().map(|(word, _)| *word);
    let ours = Status::ALL.iter().map(|status| status.as_str()).filter(|word| *word != "failed");
    format!("unknown status {word:?}; known are {}", theirs.chain(ours).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        for status in Status::ALL {
            for tongue in [Tongue::Deliveries, Tongue::Orders] {
                let word = tongue.say(*status);
                assert!(read(word).expect("a known word").contains(status), "{word} does not mean {status}");
            }
        }
    }

    #[test]
    fn failed_is_an_attempt_when_written_and_both_when_asked_for() {
        assert_eq!(written("failed").expect("a word"), Status::AttemptFailed);
        assert_eq!(asked(&["failed".to_owned()]).expect("a word"), [Status::AttemptFailed, Status::Failed]);
        assert_eq!(written("completed").expect("a word"), Status::Delivered);
        assert_eq!(written("out_for_delivery").expect("a word"), Status::OutForDelivery);
        let problem = written("gone").unwrap_err();
        assert!(problem.detail().contains("pending") && problem.detail().contains("picked_up"), "{problem:?}");
    }
}
