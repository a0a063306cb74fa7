//! The table of legal manual writes, written down a second time as the specification has it.

use tracklane_core::lifecycle::{Status, check_manual, legal_next};

/// From, and everything that may follow, besides staying.
const TABLE: &[(&str, &str)] = &[
    ("created", "info_received assigned picked_up on_hold cancelled expired"),
    ("info_received", "assigned picked_up in_transit on_hold exception cancelled expired"),
    ("assigned", "created picked_up out_for_delivery on_hold exception cancelled"),
    (
        "picked_up",
        "in_transit out_for_delivery available_for_pickup attempt_failed delivered on_hold exception returning failed",
    ),
    (
        "in_transit",
        "out_for_delivery available_for_pickup attempt_failed delivered on_hold exception returning failed expired",
    ),
    ("out_for_delivery", "delivered attempt_failed available_for_pickup in_transit on_hold exception returning failed"),
    ("available_for_pickup", "delivered out_for_delivery on_hold exception returning expired"),
    ("attempt_failed", "out_for_delivery in_transit available_for_pickup delivered on_hold exception returning failed"),
    (
        "exception",
        "created info_received assigned picked_up in_transit out_for_delivery available_for_pickup attempt_failed on_hold \
         returning expired unknown delivered cancelled failed",
    ),
    ("delivered", ""),
    ("returning", "on_hold exception returned failed"),
    ("returned", ""),
    ("cancelled", ""),
    ("failed", ""),
    (
        "expired",
        "created info_received assigned picked_up in_transit out_for_delivery available_for_pickup attempt_failed on_hold \
         exception delivered returning returned cancelled failed unknown",
    ),
    (
        "unknown",
        "created info_received assigned picked_up in_transit out_for_delivery available_for_pickup attempt_failed on_hold \
         exception delivered returning returned cancelled failed expired",
    ),
];

/// Along the way, in order of rank; statuses of the same rank together.
const RANKS: &[&str] = &[
    "created",
    "info_received",
    "assigned",
    "picked_up",
    "in_transit",
    "out_for_delivery",
    "available_for_pickup attempt_failed",
    "returning",
    "delivered returned cancelled failed",
];

const TERMINAL: &str = "delivered returned cancelled failed";

fn statuses(words: &str) -> Vec<Status> {
    words.split_whitespace().map(|word| word.parse().expect("a status")).collect()
}

#[track_caller]
fn check(from: Status, before_hold: Option<Status>, legal: &[Status]) {
    let mut in_order = legal.to_vec();
    in_order.sort_unstable();
    assert_eq!(legal_next(from, before_hold), in_order, "from {from}, before the hold {before_hold:?}");
    for to in Status::ALL.iter().copied() {
        let stays = from == to && !statuses(TERMINAL).contains(&from);
        match check_manual(from, before_hold, to) {
            Ok(()) => assert!(stays || legal.contains(&to), "{from} to {to} must be refused"),
            Err(refused) => {
                assert!(!stays && !legal.contains(&to), "{from} to {to} must be allowed");
                assert_eq!((refused.from, refused.to, &refused.allowed), (from, to, &in_order));
                let text = refused.to_string();
                assert!(text.starts_with(&format!("{to} cannot follow {from}; allowed: ")), "{text}");
                assert!(in_order.iter().all(|status| text.contains(status.as_str())), "{text}");
                assert!(!in_order.is_empty() || text.ends_with("nothing but a correction"), "{text}");
            }
        }
    }
}

#[test]
fn every_transition_of_the_table_is_legal_and_every_other_is_refused() {
    for (from, legal) in TABLE {
        check(from.parse().expect("a status"), None, &statuses(legal));
    }
    assert_eq!(TABLE.len() + 1, Status::ALL.len(), "all but the hold, which looks at what was before");
}

#[test]
fn a_hold_leads_back_to_where_it_was_or_further() {
    for (rank, group) in RANKS.iter().enumerate() {
        for before in statuses(group) {
            let mut legal = statuses(&RANKS[rank..].join(" "));
            legal.extend(
                statuses("exception cancelled returning failed")
                    .iter()
                    .filter(|s| !legal.contains(s))
                    .copied()
                    .collect::<Vec<_>>(),
            );
            check(Status::OnHold, Some(before), &legal);
        }
    }
    let everything = statuses(&format!("{} exception", RANKS.join(" ")));
    check(Status::OnHold, None, &everything);
}

#[test]
fn ranks_and_terminal_statuses_are_those_of_the_table() {
    let mut last = None;
    for group in RANKS {
        let ranks: Vec<_> = statuses(group).into_iter().map(Status::rank).collect();
        assert!(ranks.iter().all(|rank| rank.is_some() && *rank == ranks[0]), "{group}");
        assert!(ranks[0] > last, "{group}");
        last = ranks[0];
    }
    for status in Status::ALL.iter().copied() {
        assert_eq!(status.is_terminal(), statuses(TERMINAL).contains(&status));
        assert_eq!(status.is_active(), !status.is_terminal() && status != Status::Expired);
    }
    for soft in statuses("on_hold exception expired unknown") {
        assert_eq!(soft.rank(), None);
    }
}
