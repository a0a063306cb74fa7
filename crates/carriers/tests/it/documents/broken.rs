//! Documents that are cut, changed, nested and swollen: never a panic, always an answer that says where.

use proptest::prelude::*;
use serde_json::Value;
use tracklane_carriers::documents::{Document, Options, Partner, Rule, edifact, read, x12};

use super::{corpus, dcsa, edifact as iftsta, epcis, x12 as s214};

fn run(bytes: &[u8]) -> Document {
    let partner = Partner::default();
    let stamp: jiff::civil::DateTime = "2026-03-02T12:00".parse().expect("a time");
    let document = read(bytes, Options { partner: &partner, explain: true });
    // Whatever was read, something can be sent back.
    let options = Options { partner: &partner, explain: false };
    for interchange in x12::read(bytes, options).interchanges {
        let answer = x12::acknowledge(&interchange, x12::Stamp { at: stamp, control: 1 });
        assert!(answer.starts_with("ISA*00*") && answer.ends_with("~\n"));
    }
    for interchange in edifact::read(bytes, options).interchanges {
        let answer = edifact::acknowledge(&interchange, edifact::Stamp { at: stamp, control: 1 });
        assert!(answer.starts_with("UNB+UNOC:3+") && answer.ends_with("'\n"));
    }
    document
}

/// Reads once, for large ones.
fn once(bytes: &[u8]) -> Document {
    read(bytes, Options { partner: &Partner::default(), explain: bytes.len() < 1_000_000 })
}

/// Documents of our own, one of each kind.
fn own() -> Vec<Vec<u8>> {
    vec![
        s214::TWO_ORDERS.as_bytes().to_vec(),
        s214::CONTAINER.as_bytes().to_vec(),
        iftsta::TWO_CONSIGNMENTS.as_bytes().to_vec(),
        epcis::pallet().to_string().into_bytes(),
        dcsa::container().to_string().into_bytes(),
    ]
}

/// Those of the corpus, when it is there.
fn others() -> Vec<Vec<u8>> {
    let edi = [
        "x12_214_aws_b2bi",
        "x12_214_1edisource",
        "x12_005010_856",
        "x12_315_ocean_2",
        "edifact_iftsta_d00b",
        "edifact_iftsta_d96a_linefeed",
    ];
    let mut all: Vec<_> = edi.iter().map_while(|name| corpus(&format!("edi/{name}.edi"))).collect();
    for (file, key) in [
        ("epcis/epcis2_examples.jsonl", "document"),
        ("epcis/epcis2_examples_xml.jsonl", "document"),
        ("dcsa/dcsa_tnt_events.jsonl", "event"),
    ] {
        let Some(bytes) = corpus(file) else { break };
        for line in String::from_utf8(bytes).expect("UTF-8").lines() {
            let case: Value = serde_json::from_str(line).expect("JSON");
            all.push(case[key].as_str().map_or_else(|| case[key].to_string(), str::to_owned).into_bytes());
        }
    }
    all
}

#[test]
fn a_document_that_is_cut_anywhere_is_told_to_be() {
    for document in own() {
        let whole = run(&document);
        for end in 0..document.len() {
            let cut = run(&document[..end]);
            let blank = document[end..].iter().all(u8::is_ascii_whitespace);
            assert!(blank || cut.issues.errors > whole.issues.errors, "{}: {end} of {}", whole.format, document.len());
        }
    }
}

#[test]
fn corpus_documents_are_cut_and_changed() {
    for (seed, document) in others().into_iter().enumerate() {
        // Every beginning of the small ones, some two hundred of the large ones.
        let step = (document.len() / 200).max(1);
        for end in (0..document.len()).step_by(step) {
            run(&document[..end]);
            let mut changed = document.clone();
            changed[end] ^= 1 << ((seed + end) % 8);
            run(&changed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn bytes_that_are_changed_panic_nowhere(which in 0..5_usize, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut document = own().swap_remove(which);
        for (index, byte) in changes {
            let index = index.index(document.len());
            document[index] = byte;
        }
        run(&document);
    }

    #[test]
    fn parts_that_come_twice_or_not_panic_nowhere(which in 0..3_usize, moves in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3_u8), 1..10)) {
        let text = String::from_utf8(own().swap_remove(which)).expect("UTF-8");
        let mut lines: Vec<&str> = text.lines().collect();
        for (from, to, what) in moves {
            if lines.is_empty() {
                break;
            }
            let (from, to) = (from.index(lines.len()), to.index(lines.len()));
            match what {
                0 => lines.swap(from, to),
                1 => lines.insert(to, lines[from]),
                _ => { lines.remove(from); }
            }
        }
        run(lines.join("\n").as_bytes());
    }

    #[test]
    fn noise_panics_nowhere(start in proptest::sample::select(vec!["", "ISA", "ISA*", "UNA", "UNB+", "<", "{", "[{\"eventType\":", "{\"epcisBody\":"]), noise in proptest::collection::vec(any::<u8>(), 0..400)) {
        run(&[start.as_bytes(), &noise].concat());
    }
}

#[test]
fn nesting_has_an_end() {
    for (start, part) in [
        ("{\"epcisBody\":", "["),
        ("", "{\"eventType\":"),
        ("", "<EventList>"),
        ("[{\"eventType\":\"EQUIPMENT\",\"x\":", "["),
    ] {
        let document = run(format!("{start}{}", part.repeat(50_000)).as_bytes());
        let [issue] = &document.issues.list[..] else { panic!("{:?}", document.issues) };
        assert!(matches!(issue.rule, Rule::Limit | Rule::Syntax | Rule::Unsupported), "{issue:?}");
    }
}

#[test]
fn what_is_too_large_is_refused_and_what_is_large_is_bounded() {
    let huge = vec![b' '; tracklane_carriers::documents::MAX_BYTES + 1];
    for start in ["ISA*", "UNB+", "<x>", "[{\"eventType\":1}"] {
        let mut document = huge.clone();
        document[..start.len()].copy_from_slice(start.as_bytes());
        let read = once(&document);
        assert_eq!(read.issues.list[0].rule, Rule::Limit, "{start}");
    }
    // A segment without an end.
    let document = once(format!("UNB+UNOC:3+{}", "A".repeat(100_000)).as_bytes());
    assert_eq!(document.issues.list[0].rule, Rule::Limit);
    // Many small values.
    for (start, part, end) in [("[", "0,", "0]"), ("<x>", "<a/>", "</x>")] {
        let document = once(format!("{start}{}{end}", part.repeat(1_100_000)).as_bytes());
        assert!(
            document.issues.list.iter().all(|issue| matches!(issue.rule, Rule::Limit | Rule::Unsupported)),
            "{start}"
        );
        assert!(!document.issues.is_empty());
    }
    // Many segments, each wrong: issues are counted, not kept.
    let header = s214::TWO_ORDERS.split_once("AT7").expect("there").0;
    let read = once(format!("{header}{}", "AT7*QQ*QQ***99999999*9999*QQ~".repeat(550_000)).as_bytes());
    assert!(read.issues.list.len() <= 200 && read.lines.len() <= 20_000 && read.messages[0].issues.len() <= 110);
    assert!(
        read.issues
            .list
            .iter()
            .chain(&read.messages[0].issues)
            .any(|issue| issue.rule == Rule::Limit || issue.rule == Rule::Truncated)
    );
    let event = "{\"type\":\"ObjectEvent\",\"action\":\"ADD\",\"eventTime\":\"2026-01-01T00:00:00Z\",\"eventTimeZoneOffset\":\"+00:00\",\"epcList\":[";
    let many = (0..60_000).map(|number| format!("\"urn:x:{number}\"")).collect::<Vec<_>>().join(",");
    let read = once(format!("[{event}{many}]}},{event}\"urn:x:1\"]}}]").as_bytes());
    assert_eq!(read.reports.len(), 50_000);
    assert!(read.issues.list.iter().any(|issue| issue.rule == Rule::Limit));
}
