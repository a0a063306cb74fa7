//! State codes of bpost: a letter for the step, digits for how it went.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "T00" "Sorted" => TRANSIT;
    "L00" "Bound to round: out for distribution" => OUT.sub("on_vehicle");
    "U01" "Distributed normally: regular" => DELIVERED;
};
