//! The paths that a parcel of the sandbox can go: the first two digits of its number.

/// A path.
#[derive(Debug)]
pub struct Path {
    /// The two digits.
    pub code: u8,
    /// Its name on the command line.
    pub word: &'static str,
    /// What becomes of the parcel.
    pub does: &'static str,
    /// The scans, oldest first.
    pub steps: &'static [Step],
    /// For when delivery is promised: the place in `steps`. None when nothing is promised.
    pub promised: Option<usize>,
    /// When the carrier knows it.
    pub known: Known,
}

/// When the carrier knows a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// From the first time on that it is asked for.
    AtOnce,
    /// Two waits later; without waits, from the third time on that it is asked for.
    Later,
    /// Never.
    Never,
    /// A parcel of long ago had the same number. The new one comes one wait later; without waits, the second time that the
    /// number is asked for.
    Again,
}

impl Known {
    /// How many waits pass before the first scan.
    pub fn waits(self) -> u32 {
        match self {
            Self::AtOnce | Self::Never => 0,
            Self::Later => 2,
            Self::Again => 1,
        }
    }
}

/// A scan: the carrier's code, and where.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The code, one of the table of the carrier `sandbox`.
    pub code: &'static str,
    /// City and country; none for what happens in the carrier's books.
    pub town: Option<(&'static str, &'static str)>,
}

const ROTTERDAM: (&str, &str) = ("Rotterdam", "NL");
const COLOGNE: (&str, &str) = ("Köln", "DE");
const BASEL: (&str, &str) = ("Basel", "CH");
const BONN: (&str, &str) = ("Bonn", "DE");

const fn at(code: &'static str, town: (&'static str, &'static str)) -> Step {
    Step { code, town: Some(town) }
}

const fn note(code: &'static str) -> Step {
    Step { code, town: None }
}

const LABEL: Step = note("LB");
const PICKED_UP: Step = at("PU", ROTTERDAM);
const ARRIVED: Step = at("AR", COLOGNE);
const ON_VEHICLE: Step = at("OD", BONN);
const NOBODY: Step = at("NH", BONN);
const DELIVERED: Step = at("DL", BONN);

/// The way of most parcels.
pub const USUAL: &[Step] = &[LABEL, PICKED_UP, ARRIVED, ON_VEHICLE, DELIVERED];

const fn path(code: u8, word: &'static str, does: &'static str, steps: &'static [Step], promised: usize) -> Path {
    Path { code, word, does, steps, promised: Some(promised), known: Known::AtOnce }
}

impl Path {
    const fn known(mut self, known: Known) -> Self {
        self.known = known;
        self
    }

    const fn unpromised(mut self) -> Self {
        self.promised = None;
        self
    }
}

/// Under which path a parcel goes on that was handed over.
pub const SECOND_CARRIER: u8 = 9;

/// Every path.
pub const PATHS: &[Path] = &[
    path(0, "delivered", "delivered and signed for", USUAL, 4),
    path(
        1,
        "second_attempt",
        "nobody at home, delivered the next time",
        &[LABEL, PICKED_UP, ARRIVED, ON_VEHICLE, NOBODY, ON_VEHICLE, DELIVERED],
        4,
    ),
    path(
        2,
        "collected",
        "waits at a pick-up point, then collected",
        &[LABEL, PICKED_UP, ARRIVED, ON_VEHICLE, NOBODY, at("PP", BONN), at("CO", BONN)],
        4,
    ),
    path(
        3,
        "returned",
        "nobody at home twice, goes back to the sender",
        &[
            LABEL,
            PICKED_UP,
            ARRIVED,
            ON_VEHICLE,
            NOBODY,
            ON_VEHICLE,
            at("NF", BONN),
            at("RT", BONN),
            at("RS", ROTTERDAM),
        ],
        4,
    ),
    path(
        4,
        "customs",
        "held by customs until papers come, then delivered",
        &[LABEL, PICKED_UP, at("CH", BASEL), at("CC", BASEL), ARRIVED, ON_VEHICLE, DELIVERED],
        6,
    ),
    path(5, "damaged", "damaged on the way, never delivered", &[LABEL, PICKED_UP, at("DM", COLOGNE)], 4),
    path(6, "silent", "no scan any more after the second", &[LABEL, PICKED_UP], 4),
    path(7, "lost", "the carrier says that it is lost", &[LABEL, PICKED_UP, ARRIVED, note("LO")], 4),
    path(
        8,
        "handed_over",
        "handed over to a second carrier, under a number of path 09",
        &[LABEL, PICKED_UP, at("DP", ROTTERDAM), at("HO", COLOGNE)],
        3,
    )
    .unpromised(),
    path(SECOND_CARRIER, "second_carrier", "what the second carrier does", &[ARRIVED, ON_VEHICLE, DELIVERED], 2),
    path(10, "cancelled", "cancelled by the sender before it was handed in", &[LABEL, note("CA")], 4),
    path(11, "found_later", "not found at first, then delivered", USUAL, 4).known(Known::Later),
    path(12, "never_existed", "never found", &[], 0).unpromised().known(Known::Never),
    path(13, "used_again", "a number of a parcel of last year; the new one is delivered", USUAL, 4).known(Known::Again),
    path(14, "late", "later than promised", &[LABEL, PICKED_UP, note("LT"), ARRIVED, ON_VEHICLE, DELIVERED], 4),
];
