//! Alarms of devices: each is told once, however often the device repeats it, whether its position is believed or not.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;

use crate::settings::AlarmSettings;

/// How many different alarms of one device are told apart; a further one is told each time.
const MOST: usize = 16;

/// The alarms of a device that are on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Alarms(Vec<Ringing>);

/// An alarm that is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Ringing {
    word: String,
    /// Since when it has been told.
    told: Timestamp,
    /// When the device last raised it.
    last: Timestamp,
}

impl Alarms {
    /// Takes the words of one message of then; answers those that must be told.
    pub fn hear(&mut self, words: Vec<String>, at: Timestamp, settings: &AlarmSettings) -> Vec<String> {
        let quiet = SignedDuration::from_secs(settings.quiet_seconds);
        let repeat = Some(settings.repeat_seconds).filter(|seconds| *seconds > 0).map(SignedDuration::from_secs);
        self.0.retain(|ringing| at.duration_since(ringing.last) <= quiet);
        let news = |word: &String| {
            // One that comes late, from long before this occurrence, is another one.
            let same = |ringing: &&mut Ringing| ringing.word == *word && ringing.told.duration_since(at) <= quiet;
            let Some(ringing) = self.0.iter_mut().find(same) else {
                if self.0.len() < MOST {
                    self.0.push(Ringing { word: word.clone(), told: at, last: at });
                }
                return true;
            };
            ringing.last = ringing.last.max(at);
            let again = repeat.is_some_and(|repeat| at.duration_since(ringing.told) >= repeat);
            if again {
                ringing.told = at;
            }
            again
        };
        words.into_iter().filter(news).collect()
    }

    /// True when no alarm is on.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words of those that are on at an instant.
    pub fn on(&self, at: Timestamp, settings: &AlarmSettings) -> Vec<String> {
        let quiet = SignedDuration::from_secs(settings.quiet_seconds);
        let on = self.0.iter().filter(|ringing| at.duration_since(ringing.last) <= quiet);
        on.map(|ringing| ringing.word.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages as seconds and words; answers the seconds at which something was told, with the words.
    #[track_caller]
    fn check(messages: &[(i64, &str)], told: &[(i64, &str)]) {
        let settings = AlarmSettings { quiet_seconds: 60, repeat_seconds: 600 };
        let mut alarms = Alarms::default();
        let mut found = Vec::new();
        for (second, words) in messages {
            let words = words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            let at = Timestamp::from_second(1_700_000_000 + second).expect("a time");
            found.extend(alarms.hear(words, at, &settings).into_iter().map(|word| (*second, word)));
        }
        let told: Vec<_> = told.iter().map(|(second, word)| (*second, (*word).to_owned())).collect();
        assert_eq!(found, told);
    }

    #[test]
    fn one_that_stays_on_is_told_once_until_it_clears() {
        check(&[(0, "sos"), (10, "sos"), (20, ""), (30, "sos"), (80, "sos")], &[(0, "sos")]);
        check(&[(0, "sos"), (10, ""), (61, "sos")], &[(0, "sos"), (61, "sos")]);
        check(&[(0, "sos door"), (10, "door"), (20, "tow door")], &[(0, "sos"), (0, "door"), (20, "tow")]);
    }

    #[test]
    fn one_that_never_clears_is_told_again_after_a_while() {
        let messages: Vec<_> = (0..=40).map(|number| (number * 30, "door")).collect();
        check(&messages, &[(0, "door"), (600, "door"), (1200, "door")]);
    }

    #[test]
    fn a_late_one_is_told_if_it_is_another_one() {
        let late = [(1000, "sos"), (980, "sos"), (500, "sos"), (510, "sos"), (520, "sos"), (1010, "sos")];
        check(&late, &[(1000, "sos"), (500, "sos")]);
    }

    #[test]
    fn however_many_words_a_device_has_memory_is_bounded() {
        let mut alarms = Alarms::default();
        let settings = AlarmSettings::default();
        for number in 0..100 {
            alarms.hear(vec![format!("word {number}")], Timestamp::UNIX_EPOCH, &settings);
        }
        assert_eq!(alarms.on(Timestamp::UNIX_EPOCH, &settings).len(), MOST);
    }
}
