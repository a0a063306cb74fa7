//! What can be wrong with the sandbox's answers about a parcel: the fourth and fifth digit of its number.

use serde::Deserialize;

/// A fault by its digits.
#[derive(Debug)]
pub struct Named {
    /// The two digits.
    pub code: u8,
    /// Its name on the command line.
    pub word: &'static str,
    /// What is wrong.
    pub does: &'static str,
    /// What it is.
    pub fault: Fault,
}

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// None.
    None,
    /// The answer as a whole.
    Answer(Broken, Asks),
    /// What the answer says.
    Content(Odd),
}

/// Which times that the number is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The first so many.
    First(u32),
    /// All.
    Every,
}

/// An answer that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// Status 500.
    Fails,
    /// Nothing comes for a minute, then status 504.
    Hangs,
    /// A web page, with status 200.
    WebPage,
    /// An error, with status 200.
    ErrorInside,
    /// JSON that ends in the middle.
    Cut,
    /// Nothing, with status 200.
    Empty,
    /// JSON that is not in UTF-8.
    Latin1,
    /// JSON of more bytes than anybody should read.
    TooLarge,
    /// Status 429 with a wait of two seconds, whatever the limit.
    Throttled,
    /// Status 401, though the token is good.
    TokenRefused,
}

/// An answer that can be read and is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// The second scan has a code that no table has.
    UnknownCode,
    /// Local times without an offset.
    NoOffset,
    /// Days instead of times.
    DateOnly,
    /// With each scan delivery is expected a day later.
    PutOff,
    /// The newest scan first, and the oldest twice.
    Shuffled,
}

impl Fault {
    /// What the whole answer is instead, the `asks`th time that the number is asked for (from 1).
    pub fn broken(self, asks: u32) -> Option<Broken> {
        match self {
            Self::Answer(broken, Asks::Every) => Some(broken),
            Self::Answer(broken, Asks::First(count)) if asks <= count => Some(broken),
            _ => None,
        }
    }

    /// Whether what it says is odd in this way.
    pub fn is_odd(self, odd: Odd) -> bool {
        self == Self::Content(odd)
    }
}

const fn first(code: u8, word: &'static str, does: &'static str, broken: Broken, asks: u32) -> Named {
    Named { code, word, does, fault: Fault::Answer(broken, Asks::First(asks)) }
}

const fn every(code: u8, word: &'static str, does: &'static str, broken: Broken) -> Named {
    Named { code, word, does, fault: Fault::Answer(broken, Asks::Every) }
}

const fn odd(code: u8, word: &'static str, does: &'static str, odd: Odd) -> Named {
    Named { code, word, does, fault: Fault::Content(odd) }
}

/// Every fault.
pub const FAULTS: &[Named] = &[
    Named { code: 0, word: "none", does: "nothing is wrong", fault: Fault::None },
    first(1, "fails_once", "status 500 the first time", Broken::Fails, 1),
    first(2, "fails_twice", "status 500 the first two times", Broken::Fails, 2),
    first(3, "fails_thrice", "status 500 the first three times", Broken::Fails, 3),
    first(4, "fails_nine_times", "status 500 the first nine times", Broken::Fails, 9),
    every(10, "hangs", "no answer for a minute (by --speed), then status 504", Broken::Hangs),
    every(11, "web_page", "a web page instead of JSON, with status 200", Broken::WebPage),
    every(12, "error_inside", "an error inside an answer with status 200", Broken::ErrorInside),
    every(13, "cut", "JSON that ends in the middle", Broken::Cut),
    every(14, "empty", "nothing, with status 200", Broken::Empty),
    every(15, "latin1", "JSON in Latin-1 instead of UTF-8", Broken::Latin1),
    every(16, "too_large", "an answer of more than 16 MiB", Broken::TooLarge),
    first(17, "throttled", "status 429 with Retry-After: 2 the first time", Broken::Throttled, 1),
    first(18, "token_refused", "status 401 for a good token the first time", Broken::TokenRefused, 1),
    odd(20, "unknown_code", "the second scan has a code that no table has", Odd::UnknownCode),
    odd(21, "no_offset", "local times without an offset", Odd::NoOffset),
    odd(22, "date_only", "days instead of times", Odd::DateOnly),
    odd(23, "put_off", "expected a day later with each scan", Odd::PutOff),
    odd(24, "shuffled", "the newest scan first, and the oldest twice", Odd::Shuffled),
];
