//! Maps by id. Ids are made by us, and seeds are other ones at each start, so that a quick hash is good enough: with the one of
//! the standard library a position would spend more time on hashing than on the zones that it is in.

use std::collections::HashMap;

/// A map by one of our own ids.
pub(crate) type ById<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
