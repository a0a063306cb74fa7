//! How many connections there are, in all and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::stats::Ending;

/// The places for connections.
#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    most_of_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place that a connection has for as long as this is held.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    /// So many in all, and of one address.
    pub fn new(most: usize, most_of_address: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_address, taken: Mutex::default() })
    }

    /// A place for a connection from this address.
    ///
    /// # Errors
    /// [`Ending::TooMany`], [`Ending::TooManyFromAddress`].
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Ending> {
        let address = network(address);
        let mut taken = self.taken.lock();
        if taken.all >= self.most {
            return Err(Ending::TooMany);
        }
        let same = taken.by_address.entry(address).or_default();
        if *same >= self.most_of_address {
            return Err(Ending::TooManyFromAddress);
        }
        *same += 1;
        taken.all += 1;
        Ok(Seat { seats: self.clone(), address })
    }
}

/// Whoever has one IPv6 address has the whole network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        taken.all -= 1;
        if let Some(same) = taken.by_address.get_mut(&self.address) {
            *same -= 1;
            if *same == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_free_again_when_its_holder_has_left() {
        let seats = Seats::new(3, 2);
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let first = seats.take(address("192.0.2.1")).expect("the first");
        let _second = seats.take(address("::ffff:192.0.2.1")).expect("the second");
        assert_eq!(seats.take(address("192.0.2.1")).err(), Some(Ending::TooManyFromAddress));
        let _other = seats.take(address("2001:db8::1")).expect("another address");
        assert_eq!(seats.take(address("2001:db8::2")).err(), Some(Ending::TooMany));
        drop(first);
        assert!(seats.take(address("2001:db8::2")).is_ok());
        assert_eq!(seats.taken.lock().by_address.len(), 2);
    }
}
