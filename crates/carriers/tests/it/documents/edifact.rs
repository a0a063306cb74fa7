use tracklane_carriers::documents::edifact::{self, Stamp, acknowledge};
use tracklane_carriers::documents::{Options, Partner, Verdict};

use super::{corpus, read_as, show, show_when};

/// An IFTSTA about two consignments, written by us.
pub(super) const TWO_CONSIGNMENTS: &str = "UNA:+.? '
UNB+UNOC:3+ACME:ZZ+TRACKLANE:ZZ+260301:0915+4711++++1'
UNH+1+IFTSTA:D:01B:UN'
BGM+23+R77+9'
DTM+137:202603010915UTC:303'
NAD+CA+ACME:172:182'
RFF+BN:BOOK1'
CNI+1+CONS1'
STS+1+24:::Rail departure?, late?'s fine+63'
RFF+BM:BL1'
DTM+334:202603010730:203'
LOC+175+DEHAM:139:6:HAMBURG'
TDT+20++2'
LOC+9+DEHAM:139:6:HAMBURG'
DTM+186:202603010730:203'
LOC+7+ATVIE:139:6:WIEN'
DTM+132:202603021700?+0100:205'
EQD+CN+MSKU1234565+45G1'
CNI+2+CONS2'
STS+1+21'
DTM+334:20260301:102'
LOC+175+:::CHICAGO+US:162+IL:163'
STS+1+ZQ9'
DTM+334:202603011200EST:303'
UNT+23+1'
UNZ+1+4711'
";

fn plain() -> Partner {
    Partner::default()
}

fn at() -> Stamp {
    Stamp { at: "2026-03-02T12:00".parse().expect("a time"), control: 5 }
}

#[test]
fn each_consignment_is_a_report_with_its_own_events() {
    let document = read_as(TWO_CONSIGNMENTS, "");
    assert_eq!(document.messages[0].verdict, Verdict::AcceptedWithErrors, "{:#?}", document.issues);
    let numbers: Vec<_> = document.reports.iter().map(|report| report.number.as_str()).collect();
    assert_eq!(numbers, ["CONS1", "CONS2"]);
    let events = |index: usize| document.reports[index].events.iter().map(show).collect::<Vec<_>>();
    assert_eq!(
        events(0),
        ["2026-03-01T06:30:00Z +1 from_place 24/63 in_transit/departed_facility weather late at HAMBURG (DEHAM), DE"]
    );
    assert_eq!(
        events(1),
        ["2026-03-01 from_place 21 delivered at CHICAGO, IL, US", "2026-03-01T17:00:00Z -5 exact ZQ9 unknown"]
    );
    let event = &document.reports[0].events[0];
    assert_eq!(event.raw_text.as_deref(), Some("Rail departure, late's fine; weather"));
    assert_eq!(event.package.as_deref(), Some("MSKU1234565"));
    let [estimate] = &document.reports[0].estimates[..] else { panic!("{:?}", document.reports[0].estimates) };
    assert_eq!(
        (show_when(&estimate.until).as_str(), estimate.said_by.as_str()),
        ("2026-03-02T16:00:00Z +1 exact", "ACME")
    );
    let references: Vec<_> = document.reports[0].references.iter().map(|reference| reference.value.as_str()).collect();
    assert_eq!(references, ["BL1", "BOOK1", "MSKU1234565"]);
}

#[test]
fn a_partner_says_what_its_codes_mean_and_what_names_a_shipment() {
    let map = r#"
        zone = "Europe/Vienna"
        shipment_by = ["BM", "EQ"]
        [codes.edifact_status]
        ZQ9 = { status = "delivered", substatus = "signed" }
        21 = { says = "Paper delivered" }
    "#;
    let document = read_as(TWO_CONSIGNMENTS, map);
    assert_eq!(document.messages[0].verdict, Verdict::Accepted);
    let numbers: Vec<_> = document.reports.iter().map(|report| report.number.as_str()).collect();
    assert_eq!(numbers, ["BL1", "CONS2"]);
    let events: Vec<_> = document.reports[1].events.iter().map(show).collect();
    assert_eq!(
        events,
        ["2026-03-01 from_place 21 note at CHICAGO, IL, US", "2026-03-01T17:00:00Z -5 exact ZQ9 delivered/signed"]
    );
}

#[test]
fn what_is_wrong_with_an_iftsta_is_told_where_it_stands_and_answered() {
    let check = |from: &str, to: &str, expected: &str, answer: &str| {
        let text = TWO_CONSIGNMENTS.replacen(from, to, 1);
        assert_ne!(text, TWO_CONSIGNMENTS, "{from}");
        let partner = plain();
        let read = edifact::read(text.as_bytes(), Options { partner: &partner, explain: false });
        let issues: Vec<_> = read.document.issues.list.iter().map(ToString::to_string).collect();
        assert!(issues.iter().any(|issue| issue.contains(expected)), "{expected}: {issues:#?}");
        let told = acknowledge(&read.interchanges[0], at());
        assert!(told.contains(answer), "{answer}: {told}");
    };
    let byte = TWO_CONSIGNMENTS.find("202603010730:203").expect("there");
    check(
        "334:202603010730:203",
        "334:202613010730:203",
        &format!("segment 10 (DTM01-02), byte {byte}"),
        "UCM+1+IFTSTA:D:01B:UN+7'",
    );
    check("UNT+23", "UNT+24", "says \"24\"; there are 23 segments", "UCM+1+IFTSTA:D:01B:UN+4+29'");
    check("UNT+23+1'", "UNT+23+2'", "says \"2\"; the UNH says \"1\"", "UCM+1+IFTSTA:D:01B:UN+4+28'");
    check("UNT+23+1'\n", "", "the message has no end (UNT)", "UCM+1+IFTSTA:D:01B:UN+4+13'");
    check("IFTSTA:", "IFCSUM:", "message \"IFCSUM\" is not read; IFTSTA is", "UCM+1+IFCSUM:D:01B:UN+4+14'");
    check("BGM+23+R77+9", "BGM+23+R77+1", "a message that cancels another", "UCM+1+IFTSTA:D:01B:UN+4+14'");
    check("BGM+23+R77+9'", "NAD+CZ'", "an IFTSTA must have a BGM", "UCS+23+13'");
    check("UNZ+1+4711", "UNZ+2+4711", "says \"2\"; there are 1 messages or groups", "UCI+4711+ACME:ZZ+TRACKLANE:ZZ+7'");
    check("UNZ+1+4711'", "", "the interchange has no end (UNZ)", "UCI+4711+ACME:ZZ+TRACKLANE:ZZ+7'");
}

#[test]
fn an_answer_names_every_message() {
    let partner = plain();
    let read = edifact::read(TWO_CONSIGNMENTS.as_bytes(), Options { partner: &partner, explain: false });
    assert!(read.interchanges[0].wants_answer);
    let answer = acknowledge(&read.interchanges[0], at());
    assert_eq!(
        answer.lines().collect::<Vec<_>>(),
        [
            "UNB+UNOC:3+TRACKLANE:ZZ+ACME:ZZ+260302:1200+5'",
            "UNH+1+CONTRL:D:3:UN'",
            "UCI+4711+ACME:ZZ+TRACKLANE:ZZ+7'",
            "UCM+1+IFTSTA:D:01B:UN+7'",
            "UNT+4+1'",
            "UNZ+1+5'",
        ]
    );
    let own = edifact::read(answer.as_bytes(), Options { partner: &partner, explain: false });
    assert_eq!((own.interchanges[0].issues.len(), own.document.messages[0].kind.as_str()), (0, "CONTRL"));
}

#[test]
fn character_sets_are_those_of_the_syntax_identifier() {
    let read = |syntax: &str, bytes: &[u8]| {
        let mut text = TWO_CONSIGNMENTS.replace("UNOC:3", syntax).into_bytes();
        let start = text.windows(7).position(|window| window == b"HAMBURG").expect("there");
        text.splice(start..start + 7, bytes.iter().copied());
        let partner = plain();
        let read = edifact::read(&text, Options { partner: &partner, explain: false });
        let told = read.document.issues.list.iter().any(|issue| issue.text.contains("character set"));
        (read.document.reports[0].events[0].place.clone().and_then(|place| place.name).expect("a name"), told)
    };
    assert_eq!(read("UNOC:3", b"K\xd6LN"), ("KÖLN (DEHAM)".to_owned(), false));
    assert_eq!(read("UNOW:4", "KÖLN".as_bytes()), ("KÖLN (DEHAM)".to_owned(), false));
    assert_eq!(read("UNOE:3", b"\xba\xd8\xd5\xd2"), ("Киев (DEHAM)".to_owned(), false));
    assert_eq!(read("UNOK:3", b"I\xde"), ("IŞ (DEHAM)".to_owned(), false));
    assert_eq!(read("UNOB:3", b"K\xd6LN"), ("KÖLN (DEHAM)".to_owned(), true));
    assert_eq!(read("UNOD:3", b"K\xd6LN"), ("K\u{fffd}LN (DEHAM)".to_owned(), true));
}

#[test]
fn corpus_rail_departure_of_a_container() {
    let Some(bytes) = corpus("edi/edifact_iftsta_d00b.edi") else { return };
    let partner =
        Partner::read("[codes.edifact_status]\nP = { status = \"in_transit\", substatus = \"departed_facility\" }")
            .expect("a map");
    let read = edifact::read(&bytes, Options { partner: &partner, explain: false });
    let [report] = &read.document.reports[..] else { panic!("{:#?}", read.document.issues) };
    assert_eq!((report.number.as_str(), report.carrier.as_deref()), ("ABCD224O4023815X", Some("ABCD")));
    let events: Vec<_> = report.events.iter().map(show).collect();
    assert_eq!(events, ["2022-11-19T07:10:00Z +0 assumed P in_transit/departed_facility at SYRACUSE (USSYR), US"]);
    assert_eq!(report.events[0].package.as_deref(), Some("TRHU4561222"));
    let estimates: Vec<_> =
        report.estimates.iter().map(|estimate| format!("{:?} {}", estimate.of, show_when(&estimate.until))).collect();
    assert_eq!(
        estimates,
        [
            "Departure 2022-11-18T16:30:00Z +0 assumed",
            "Arrival 2022-11-21T06:00:00Z +0 assumed",
            "Departure 2022-11-21T06:00:00Z +0 assumed",
            "Delivery 2022-11-21T07:00:00Z +0 assumed",
        ]
    );
}

#[test]
fn corpus_five_messages_whose_segments_are_lines() {
    let Some(bytes) = corpus("edi/edifact_iftsta_d96a_linefeed.edi") else { return };
    let partner = plain();
    let read = edifact::read(&bytes, Options { partner: &partner, explain: false });
    assert!(read.document.test);
    let verdicts: Vec<_> = read.document.messages.iter().map(|message| (message.events, message.verdict)).collect();
    assert_eq!(verdicts, [1, 2, 3, 2, 2].map(|events| (events, Verdict::Accepted)), "{:#?}", read.document.issues);
    let report = &read.document.reports[0];
    assert_eq!(report.number, "JEQSATL161162937");
    let events: Vec<_> = report.events.iter().map(show).collect();
    assert_eq!(events, ["2017-01-13T04:12:00Z +8 from_place 1 in_transit/arrived_facility at HONG KONG (HKHKG), HK"]);
    // All places of the leg come first and all times after: the times say when, not where.
    assert!(report.estimates.iter().all(|estimate| estimate.place.is_none()));
}
