//! Which addresses may be called. A tenant types in a URL and we call it from inside the installation's network: without
//! a guard that is a way to everything the network hides (server-side request forgery).
//!
//! Two walls, since a name can point anywhere and can point elsewhere a second later: the URL is checked when it is set
//! and before each attempt, and every address that a name resolves to is checked at the moment of the connection, which
//! then goes to just that address.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The longest URL that is taken, in characters.
const LONGEST_URL: usize = 2_048;

/// Why a URL or an address is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// The text is no absolute URL.
    #[error("must be an absolute URL: {0}")]
    Malformed(url::ParseError),
    /// The URL is too long.
    #[error("must have at most {LONGEST_URL} characters")]
    TooLong,
    /// The scheme is neither http nor https.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// The URL carries a user name or a password.
    #[error("must not carry a user name or password")]
    UserInfo,
    /// The URL has no host.
    #[error("must name a host")]
    NoHost,
    /// The host is a name that only this machine or this network knows.
    #[error("must not be a name of the local network")]
    LocalName,
    /// The address, or every address of the name, is not a public one.
    #[error("must not be an address that is {0}")]
    Address(Kind),
}

/// What kind of address is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// This machine.
    Loopback,
    /// A private network, or one shared behind a carrier's NAT.
    Private,
    /// The same wire; cloud metadata services live here.
    LinkLocal,
    /// A cloud provider's metadata service.
    Metadata,
    /// No address at all.
    Unspecified,
    /// Many receivers at once.
    Multicast,
    /// Set aside for documentation, benchmarks, tunnels or the future.
    Reserved,
}

impl Kind {
    /// True for what an installation may open as a whole ([`Guard::open`]): its own machine and its own network. The rest
    /// is opened by naming a range, if at all.
    fn is_own_network(self) -> bool {
        matches!(self, Self::Loopback | Self::Private)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Metadata => "a metadata service",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}

/// A range of addresses: `10.1.0.0/16`, `fd12::/32`; without a length, one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// The range's first address as a number, in the IPv6 space (IPv4 as IPv4-mapped).
    base: u128,
    /// Which bits of it count.
    mask: u128,
}

/// A text that is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no range of addresses; write 10.1.0.0/16 or fd12::/32")]
pub struct ParseCidrError(pub String);

impl Cidr {
    const fn new(address: Ipv6Addr, length: u32) -> Self {
        let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
        Self { base: address.to_bits() & mask, mask }
    }

    /// True when `address` lies in the range.
    pub fn contains(self, address: IpAddr) -> bool {
        let bits = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        bits & self.mask == self.base
    }
}

impl FromStr for Cidr {
    type Err = ParseCidrError;
    fn from_str(text: &str) -> Result<Self, ParseCidrError> {
        let wrong = || ParseCidrError(text.to_owned());
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let (address, widest, shift) = match address {
            IpAddr::V4(v4) => (v4.to_ipv6_mapped(), 32, 96),
            IpAddr::V6(v6) => (v6, 128, 0),
        };
        let length = match length {
            None => widest,
            Some(length) => length.parse().ok().filter(|length| *length <= widest).ok_or_else(wrong)?,
        };
        Ok(Self::new(address, shift + length))
    }
}

/// IPv4 ranges that are not public (IANA special-purpose registry, and the metadata addresses outside of it).
const V4: &[(Ipv4Addr, u32, Kind)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 32, Kind::Unspecified),
    (Ipv4Addr::new(0, 0, 0, 0), 8, Kind::Reserved),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Kind::Private),
    (Ipv4Addr::new(100, 100, 100, 200), 32, Kind::Metadata),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Kind::Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Kind::Loopback),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Kind::Metadata),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Kind::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Kind::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Kind::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Kind::Reserved),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Kind::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Kind::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Kind::Reserved),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Kind::Reserved),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Kind::Reserved),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Kind::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Kind::Reserved),
];

/// IPv6 ranges that are not public. What is in none of them and not in `2000::/3` is not public either.
const V6: &[(Ipv6Addr, u32, Kind)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, Kind::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, Kind::Loopback),
    (Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254), 128, Kind::Metadata),
    (Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254), 128, Kind::Metadata),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Kind::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Kind::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Kind::Private),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Kind::Multicast),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Kind::Reserved),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32, Kind::Reserved),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Kind::Reserved),
];

/// What is public in IPv6.
const GLOBAL_V6: Cidr = Cidr::new(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What kind of not public address this is; none when it is a public one.
fn kind_of(address: IpAddr) -> Option<Kind> {
    match address {
        IpAddr::V4(v4) => kind_of_v4(v4),
        IpAddr::V6(v6) => kind_of_v6(v6),
    }
}

fn kind_of_v4(address: Ipv4Addr) -> Option<Kind> {
    let inside = |base: Ipv4Addr, length: u32| (address.to_bits() ^ base.to_bits()) >> (32 - length) == 0;
    V4.iter().find(|(base, length, _)| inside(*base, *length)).map(|(_, _, kind)| *kind)
}

fn kind_of_v6(address: Ipv6Addr) -> Option<Kind> {
    let listed = V6.iter().find(|(base, length, _)| Cidr::new(*base, *length).contains(IpAddr::V6(address)));
    if let Some((_, _, kind)) = listed {
        return Some(*kind);
    }
    if let Some(inner) = embedded_v4(address) {
        return kind_of_v4(inner);
    }
    (!GLOBAL_V6.contains(IpAddr::V6(address))).then_some(Kind::Reserved)
}

/// The IPv4 address that an IPv6 address stands for: what is sent to the one may arrive at the other.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let join = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match parts {
        // Compatible `::a.b.c.d`, mapped `::ffff:a.b.c.d`, translated `::ffff:0:a.b.c.d`.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => join(high, low),
        // NAT64, the well-known prefix.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => join(high, low),
        // 6to4.
        [0x2002, high, low, ..] => join(high, low),
        // ISATAP interface ids.
        [_, _, _, _, 0 | 0x0200, 0x5efe, high, low] => join(high, low),
        _ => None,
    }
}

/// The rule of an installation: what may be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// True when this machine and private networks may be called: for trying out, and for installations whose receivers
    /// stand beside them. Metadata services and the like stay closed.
    pub allow_private: bool,
    /// Ranges that may be called whatever they are.
    pub allowed: Vec<Cidr>,
}

impl Guard {
    /// The rule that lets the own machine and private networks be called.
    pub fn open() -> Self {
        Self { allow_private: true, allowed: Vec::new() }
    }

    /// Reads a URL and checks all that can be checked without asking for its addresses. Every spelling of an address
    /// (`0x7f.1`, `2130706433`, `[::ffff:7f00:1]`) is seen for what it is.
    ///
    /// # Errors
    /// Says which rule the URL breaks.
    pub fn check_url(&self, text: &str) -> Result<Url, Blocked> {
        if text.chars().count() > LONGEST_URL {
            return Err(Blocked::TooLong);
        }
        let url = Url::parse(text).map_err(Blocked::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Blocked::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::UserInfo);
        }
        match url.host() {
            None => return Err(Blocked::NoHost),
            Some(Host::Ipv4(address)) => self.check_address(IpAddr::V4(address))?,
            Some(Host::Ipv6(address)) => self.check_address(IpAddr::V6(address))?,
            Some(Host::Domain(name)) => self.check_name(name)?,
        }
        Ok(url)
    }

    /// Checks one address.
    ///
    /// # Errors
    /// Says what kind of address it is.
    pub fn check_address(&self, address: IpAddr) -> Result<(), Blocked> {
        let Some(kind) = kind_of(address) else { return Ok(()) };
        let open = self.allow_private && kind.is_own_network();
        if open || self.allowed.iter().any(|range| range.contains(address)) {
            return Ok(());
        }
        Err(Blocked::Address(kind))
    }

    /// Names that can only mean something inside are refused at once, for a clear answer; what other names resolve to is
    /// checked when the connection is made.
    fn check_name(&self, name: &str) -> Result<(), Blocked> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if name.is_empty() {
            return Err(Blocked::NoHost);
        }
        let local = ["localhost", "local", "internal", "localdomain", "home.arpa"];
        let is_local =
            local.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
        // With ranges opened, what a local name resolves to decides.
        if is_local && !self.allow_private && self.allowed.is_empty() {
            return Err(Blocked::LocalName);
        }
        Ok(())
    }
}

/// What a name look-up answers.
pub type LookupFuture = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// How names become addresses; a parameter, so that tests can let a name point anywhere.
pub trait Lookup: Send + Sync {
    /// The addresses of `name`.
    fn lookup(&self, name: String) -> LookupFuture;
}

/// The operating system's look-up.
#[derive(Debug, Clone, Copy)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> LookupFuture {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The HTTP client's resolver: it hands out checked addresses only, and the connection goes to one of those. A name that
/// answers differently the next time gains nothing.
pub(super) struct GuardedResolver {
    guard: Guard,
    lookup: Arc<dyn Lookup>,
}

impl GuardedResolver {
    pub(super) fn new(guard: Guard, lookup: Arc<dyn Lookup>) -> Self {
        Self { guard, lookup }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str().to_owned());
        let guard = self.guard.clone();
        Box::pin(async move {
            let mut open = Vec::new();
            let mut blocked = None;
            for address in found.await? {
                match guard.check_address(address) {
                    // The client puts the URL's port in.
                    Ok(()) => open.push(SocketAddr::new(address, 0)),
                    Err(reason) => blocked = Some(reason),
                }
            }
            match blocked {
                Some(reason) if open.is_empty() => Err(reason.into()),
                _ => Ok(Box::new(open.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests;
