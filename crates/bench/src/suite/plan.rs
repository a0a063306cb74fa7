//! What is measured, in one list: the benches, the peers that take turns with them, and the bars those are for.

use std::time::Duration;

use super::servers::{Servers, Service};
use crate::Outcome;
use crate::peers::{fanout, mosquitto, postgres, redis};
use crate::sheet::Figure;

/// A part of the run.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// A bench of the product.
    Bench(Step),
    /// The history next to other stores, in this process.
    Stores,
    /// Where the time goes.
    Profile,
}

impl Part {
    /// What it is called in `--only`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bench(step) => step.bench,
            Self::Stores => "history",
            Self::Profile => "profile",
        }
    }
}

/// A bench of the product, and who takes turns with it.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Whose table its figures are in.
    pub bench: &'static str,
    /// The sub-command of `tracklane bench` and its arguments.
    pub arguments: &'static [&'static str],
    /// More arguments in a full run.
    pub full: &'static [&'static str],
    /// More arguments in a quick run.
    pub quick: &'static [&'static str],
    /// Seconds of each half of a round.
    pub seconds: f64,
    /// Peers; without any, the bench does all rounds by itself.
    pub peers: &'static [Peer],
}

/// All parts, the dearest figures first: where time runs out, the last are left out.
pub const PARTS: &[Part] = &[
    Part::Bench(Step {
        bench: "ingest",
        arguments: &["ingest", "--bars"],
        full: &[],
        quick: &["--devices", "1000"],
        seconds: 0.8,
        peers: &[Peer::Redis, Peer::RedisPipelined, Peer::PostgresInserts, Peer::Postgis, Peer::Mosquitto],
    }),
    Part::Profile,
    Part::Bench(Step {
        bench: "zones",
        arguments: &["zones"],
        full: &[],
        quick: &["--sizes", "10000,100000"],
        seconds: 1.0,
        peers: &[],
    }),
    Part::Bench(Step {
        bench: "history",
        arguments: &["history"],
        full: &[],
        quick: &["--positions", "100000"],
        seconds: 1.0,
        peers: &[],
    }),
    Part::Stores,
    Part::Bench(Step {
        bench: "webhooks",
        arguments: &["webhooks"],
        full: &[],
        quick: &["--events", "500"],
        seconds: 1.0,
        peers: &[],
    }),
    Part::Bench(Step {
        bench: "live",
        arguments: &["live"],
        full: &[],
        quick: &["--subscribers", "100", "--many", "100"],
        seconds: 1.0,
        peers: &[Peer::Nats, Peer::RedisChannel, Peer::NodeWs],
    }),
    Part::Bench(Step {
        bench: "reads",
        arguments: &["reads"],
        full: &[],
        quick: &["--shipments", "200"],
        seconds: 0.8,
        peers: &[Peer::PostgresReads, Peer::PostgresInserts],
    }),
    Part::Bench(Step {
        bench: "memory",
        arguments: &["memory"],
        full: &[],
        quick: &["--idle", "5000"],
        seconds: 1.0,
        peers: &[],
    }),
    Part::Bench(Step {
        bench: "memory",
        arguments: &["restart"],
        // More say the same, and take longer.
        full: &["--devices", "100000"],
        quick: &["--devices", "1000", "--unsealed", "50000"],
        seconds: 1.0,
        peers: &[],
    }),
];

/// What a bar of a peer is a quotient of.
#[derive(Debug, Clone, Copy)]
pub struct Quotient {
    /// The bar's number.
    pub bar: u32,
    /// Our figure.
    pub ours: Ours,
    /// Theirs.
    pub theirs: Peer,
}

/// How our figure of a quotient is found in a report.
#[derive(Debug, Clone, Copy)]
pub enum Ours {
    /// The one that answers this bar with its floor.
    Bar(u32),
    /// The one of this name.
    Named(&'static str),
}

impl Ours {
    /// The figure among others.
    pub fn of(self, figures: &[Figure]) -> Option<&Figure> {
        figures.iter().find(|figure| match self {
            Self::Bar(number) => figure.bars.iter().any(|bar| bar.number == number),
            Self::Named(name) => figure.name == name,
        })
    }
}

/// The quotients.
#[rustfmt::skip]
pub const QUOTIENTS: &[Quotient] = &[
    Quotient { bar: 4, ours: Ours::Bar(1), theirs: Peer::Redis },
    Quotient { bar: 5, ours: Ours::Bar(1), theirs: Peer::PostgresInserts },
    Quotient { bar: 8, ours: Ours::Bar(6), theirs: Peer::Postgis },
    Quotient { bar: 9, ours: Ours::Bar(6), theirs: Peer::RedisPipelined },
    Quotient { bar: 11, ours: Ours::Named("mqtt, c=50"), theirs: Peer::Mosquitto },
    Quotient { bar: 21, ours: Ours::Named("one_to_many"), theirs: Peer::Nats },
    Quotient { bar: 22, ours: Ours::Named("one_to_many"), theirs: Peer::NodeWs },
    Quotient { bar: 40, ours: Ours::Named("one_to_many"), theirs: Peer::RedisChannel },
    Quotient { bar: 27, ours: Ours::Bar(26), theirs: Peer::PostgresReads },
    Quotient { bar: 28, ours: Ours::Named("status"), theirs: Peer::PostgresInserts },
];

/// Our figures of the bars that are compared by hand.
pub const BY_HAND: &[(u32, Ours)] = &[
    (3, Ours::Bar(1)),
    (7, Ours::Bar(6)),
    (15, Ours::Named("idle_entry")),
    (24, Ours::Bar(23)),
    (33, Ours::Named("fleet")),
];

/// Something of others that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// GEOADD and XADD of a position, one in flight on each of 64 connections.
    Redis,
    /// The same with 64 positions in flight on each.
    RedisPipelined,
    /// Positions one by one, 32 connections.
    PostgresInserts,
    /// Positions in batches of 1,000, tried against 10,000 zones.
    Postgis,
    /// Records by id, 8 connections.
    PostgresReads,
    /// Messages of quality of service 1, 50 connections, 20 in flight on each.
    Mosquitto,
    /// One publisher, 1,000 subscribers.
    Nats,
    /// The same with PUBLISH and SUBSCRIBE.
    RedisChannel,
    /// The same with WebSockets of the `ws` package.
    NodeWs,
}

/// Subscribers of a fan-out.
const SUBSCRIBERS: usize = 1_000;

impl Peer {
    /// What it is called in what people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Redis => "Redis",
            Self::RedisPipelined => "Redis with pipelines",
            Self::PostgresInserts => "PostgreSQL, single inserts",
            Self::Postgis => "PostGIS",
            Self::PostgresReads => "PostgreSQL, reads by id",
            Self::Mosquitto => "Mosquitto",
            Self::Nats => "NATS",
            Self::RedisChannel => "Redis channels",
            Self::NodeWs => "node ws",
        }
    }

    /// One round of it, per second.
    ///
    /// # Errors
    /// When its server is not to be had, or what it answers.
    pub fn round(self, servers: &mut Servers, lasts: Duration) -> Outcome<f64> {
        let fanout = |server, dialect| fanout::deliveries(server, dialect, SUBSCRIBERS, lasts);
        match self {
            Self::Redis => redis::positions(servers.address(Service::Redis)?, 1, lasts),
            Self::RedisPipelined => redis::positions(servers.address(Service::Redis)?, 64, lasts),
            Self::PostgresInserts => postgres::inserts(servers.address(Service::Postgres)?, 32, lasts),
            Self::Postgis => postgres::batches(servers.address(Service::Postgis)?, lasts),
            Self::PostgresReads => postgres::reads(servers.address(Service::Postgres)?, lasts),
            Self::Mosquitto => mosquitto::publishes(servers.address(Service::Mosquitto)?, lasts),
            Self::Nats => fanout(servers.address(Service::Nats)?, fanout::nats()),
            Self::RedisChannel => fanout(servers.address(Service::Redis)?, fanout::redis()),
            Self::NodeWs => fanout(servers.address(Service::NodeWs)?, fanout::ws()),
        }
    }
}
