//! The `tracklane` binary.
fn main() {}
