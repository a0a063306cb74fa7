use tracklane_carriers::documents::x12::{Stamp, acknowledge};
use tracklane_carriers::documents::{Options, Partner, Verdict, x12};

use super::{corpus, read_as, show, show_when};

/// A 214 about two delivery orders of one load, written by us.
pub(super) const TWO_ORDERS: &str =
    "ISA*00*          *00*          *02*ACME           *ZZ*TRACKLANE      *260301*0915*U*00401*000000077*0*T*>~
GS*QM*ACME*TRACKLANE*20260301*0915*77*X*004010~
ST*214*0001~
B10*PRO4711*LOAD9*ACME~
L11*BOL55*BM~
LX*1~
AT7***AB*NA*20260302*0800*CT~
AT7*X3*NS***20260301*0730*CT~
MS1*CHICAGO*IL*USA~
MS2*ACMU*123456*CN*7~
AT7*AF*NS***20260301*0812*CT~
MS1*CHICAGO*IL*US~
L11*ORDER1*DO~
LX*2~
AT7*X1*AO***20260302*1105*LT~
MS1*DENVER*CO*US~
K1*SNOW ON I 76~
AT7*D1*NS***20260302~
AT7*ZZ*NS***20260302*1300*UT~
L11*ORDER2*DO~
SE*19*0001~
GE*1*77~
IEA*1*000000077~
";

fn at() -> Stamp {
    Stamp { at: "2026-03-02T12:00".parse().expect("a time"), control: 5 }
}

#[test]
fn each_delivery_order_is_a_report_with_its_own_events() {
    let document = read_as(TWO_ORDERS, "");
    assert_eq!(document.messages.len(), 1);
    assert_eq!((document.sender.as_deref(), document.control.as_deref()), (Some("ACME"), Some("000000077")));
    assert!(document.test);
    let numbers: Vec<_> = document.reports.iter().map(|report| report.number.as_str()).collect();
    assert_eq!(numbers, ["ORDER1", "ORDER2"]);
    let events = |index: usize| document.reports[index].events.iter().map(show).collect::<Vec<_>>();
    assert_eq!(
        events(0),
        [
            "2026-03-01T13:30:00Z -6 exact X3 assigned/at_pickup at CHICAGO, IL, US",
            "2026-03-01T14:12:00Z -6 exact AF picked_up at CHICAGO, IL, US",
        ]
    );
    assert_eq!(
        events(1),
        [
            "2026-03-02 assumed D1 delivered",
            "2026-03-02T13:00:00Z +0 exact ZZ unknown",
            "2026-03-02T18:05:00Z -7 from_place X1/AO out_for_delivery/at_stop weather late at DENVER, CO, US",
        ]
    );
    let [estimate] = &document.reports[0].estimates[..] else { panic!("{:?}", document.reports[0].estimates) };
    assert_eq!(show_when(&estimate.until), "2026-03-02T14:00:00Z -6 exact");
    let references: Vec<_> = document.reports[0].references.iter().map(|reference| reference.value.as_str()).collect();
    assert_eq!(references, ["PRO4711", "LOAD9", "BOL55", "ACMU1234567"]);
    let words = document.reports[1].events[2].raw_text.as_deref();
    assert_eq!(words, Some("arrived at delivery location; weather or natural disaster; SNOW ON I 76"));
}

#[test]
fn an_unknown_code_is_kept_and_answered_with_its_place() {
    let read = x12::read(TWO_ORDERS.as_bytes(), Options { partner: &Partner::default(), explain: false });
    let [message] = &read.document.messages[..] else { panic!() };
    assert_eq!(message.verdict, Verdict::AcceptedWithErrors);
    let [issue] = &message.issues[..] else { panic!("{:?}", message.issues) };
    let byte = TWO_ORDERS.find("ZZ*NS").expect("there");
    assert_eq!(
        issue.to_string(),
        format!("segment 19 (AT701), byte {byte}: no table knows this status; it is kept and moves nothing")
    );
    let answer = acknowledge(&read.interchanges[0], at());
    let lines: Vec<_> = answer.lines().collect();
    assert_eq!(lines[0].len(), 106);
    assert_eq!(
        lines[1..],
        [
            "GS*FA*TRACKLANE*ACME*20260302*1200*5*X*004010~",
            "ST*997*0001~",
            "AK1*QM*77~",
            "AK2*214*0001~",
            "AK3*AT7*17**8~",
            "AK4*1*1650*7*ZZ~",
            "AK5*E*5~",
            "AK9*E*1*1*1~",
            "SE*8*0001~",
            "GE*1*5~",
            "IEA*1*000000005~",
        ]
    );
    // What we send back can be read, and is no 214.
    let own = x12::read(answer.as_bytes(), Options { partner: &Partner::default(), explain: false });
    assert_eq!(own.interchanges[0].issues, []);
    assert_eq!(own.document.messages[0].kind, "997");
}

#[test]
fn a_partner_says_what_its_codes_mean() {
    let map = r#"
        name = "acme"
        zone = "America/Chicago"
        shipment_by = []
        [codes.x12_status]
        ZZ = { status = "on_hold", substatus = "customs", says = "Held at the border" }
        D1 = { says = "Doors opened" }
        X3 = { expects = "pickup" }
    "#;
    let document = read_as(TWO_ORDERS, map);
    let [report] = &document.reports[..] else { panic!() };
    assert_eq!(report.number, "PRO4711");
    let events: Vec<_> = report.events.iter().map(show).collect();
    assert_eq!(
        events,
        [
            "2026-03-01T14:12:00Z -6 exact AF picked_up at CHICAGO, IL, US",
            "2026-03-02 assumed D1 note",
            "2026-03-02T13:00:00Z +0 exact ZZ on_hold/customs",
            "2026-03-02T18:05:00Z -7 from_place X1/AO out_for_delivery/at_stop weather late at DENVER, CO, US",
        ]
    );
    assert_eq!(report.estimates.len(), 2);
    assert_eq!(document.messages[0].verdict, Verdict::Accepted);
}

#[test]
fn a_partner_map_that_is_wrong_says_where() {
    for (map, expected) in [
        ("zone = \"Mars/Olympus\"", "#/zone: \"Mars/Olympus\" is no zone of the IANA time zone database"),
        ("[codes.x12_status]\nZZ = { status = \"gone\" }", "unknown variant `gone`"),
        ("[codes.nope]\nA = {}", "#/codes/nope: is no list of codes; known are x12_status"),
        (
            "[codes.x12_status]\nA = { status = \"delivered\", expects = \"delivery\" }",
            "#/codes/x12_status/A: cannot have both status and expects",
        ),
    ] {
        let error = Partner::read(map).expect_err(map).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_is_wrong_with_a_214_is_told_where_it_stands() {
    use Verdict::{AcceptedWithErrors as Noted, Rejected};
    let check = |from: &str, to: &str, verdict: Verdict, expected: &str| {
        let text = TWO_ORDERS.replace(from, to);
        assert_ne!(text, TWO_ORDERS, "{from}");
        let document = read_as(&text, "");
        let issues: Vec<_> = document.issues.list.iter().map(ToString::to_string).collect();
        assert!(issues.iter().any(|issue| issue.contains(expected)), "{expected}: {issues:#?}");
        assert_eq!(document.messages[0].verdict, verdict, "{issues:#?}");
        assert_eq!(document.reports.is_empty(), verdict == Rejected);
    };
    check("20260301*0730", "20260231*0730", Noted, "must be a date CCYYMMDD");
    check("*0730*CT", "*2530*CT", Noted, "must be a time HHMM");
    check("*0730*CT", "*0730*QQ", Noted, "is no time code that is known");
    check("SE*19*0001", "SE*21*0001", Rejected, "segment 21 (SE01)");
    check("SE*19*0001", "SE*19*0002", Rejected, "says \"0002\"; the ST (ST02) says \"0001\"");
    check("SE*19*0001~\n", "", Rejected, "the transaction set has no end (SE)");
    check("B10*PRO4711*LOAD9*ACME~\n", "", Rejected, "a 214 must have a B10 segment");
    check("B10*PRO4711*LOAD9*ACME", "B10***ACME", Rejected, "a 214 must have B10-01");
    check("GE*1*77", "GE*2*77", Noted, "says \"2\"; there are 1 transaction sets");
    check("IEA*1*000000077", "IEA*1*000000078", Noted, "says \"000000078\"; the ISA (ISA13) says \"000000077\"");
    check("X3*NS*", "*NS*", Noted, "a status (AT7-01) or an appointment (AT7-03) is required");
    check("AF*NS**", "AF*NS*AA*", Noted, "must not stand beside a status");
    check("LX*2~", "LX*2~\nBOO*1~", Rejected, "is no segment of a 214");
    check("ST*214", "ST*990", Rejected, "transaction set \"990\" is not read; 214 and 315 are");
}

#[test]
fn corpus_eight_transactions_of_a_drayage_carrier() {
    let Some(bytes) = corpus("edi/x12_214_aws_b2bi.edi") else { return };
    let expected = corpus("edi/x12_214_aws_b2bi.expected.json").expect("beside it");
    let expected: serde_json::Value = serde_json::from_slice(&expected).expect("JSON");
    let read = x12::read(&bytes, Options { partner: &Partner::default(), explain: false });
    let transactions = expected["Transactions"].as_array().expect("a list");
    assert_eq!(read.document.reports.len(), transactions.len());
    for (report, transaction) in read.document.reports.iter().zip(transactions) {
        let theirs = &transaction["Carrier Shipment Status Message"];
        let [event] = &report.events[..] else { panic!() };
        let place = event.place.as_ref().expect("a place");
        let is = |ours: Option<&str>, key: &str| assert_eq!(ours, theirs[key].as_str(), "{key}");
        let reference = |qualifier: &str| {
            let found = report.references.iter().find(|reference| reference.qualifier.as_deref() == Some(qualifier));
            found.map(|reference| reference.value.as_str())
        };
        is(reference("B10-02"), "Shipment Identification Number");
        is(report.carrier.as_deref(), "Standard Carrier Alpha Code");
        is(reference("BM"), "Bill of Landing Number");
        is(reference("BX"), "Buyer's Shipment Mark Number");
        is(event.raw_code.as_deref(), "Status Indicator");
        assert_eq!(place.city.as_deref(), theirs["Location"]["City"].as_str());
        assert_eq!(place.state.as_deref(), theirs["Location"]["State"].as_str());
        assert_eq!(place.country.as_deref(), Some("US"));
        // Pacific time is what the file says, of a place in Georgia.
        let local = format!("{}{}", theirs["Date"].as_str().expect("a date"), theirs["Time"].as_str().expect("a time"));
        let at = event.when.instant().expect("a time") - jiff::SignedDuration::from_hours(7);
        assert_eq!(at.strftime("%Y%m%d%H%M").to_string(), local);
        // LY and RD are codes of the partner's own.
        assert_eq!(event.status, Some(tracklane_core::lifecycle::Status::Unknown));
    }
    let answer = acknowledge(&read.interchanges[0], at());
    assert_eq!(answer.matches("AK5*E*5~").count(), 8);
    assert!(answer.contains("AK9*E*8*8*8~"));
}

#[test]
fn corpus_three_stops_with_planned_and_actual_times() {
    let Some(bytes) = corpus("edi/x12_214_1edisource.edi") else { return };
    let read = x12::read(&bytes, Options { partner: &Partner::default(), explain: false });
    let counts: Vec<_> = read
        .document
        .reports
        .iter()
        .map(|report| (report.number.as_str(), report.events.len(), report.estimates.len()))
        .collect();
    assert_eq!(counts, [("99997666", 4, 2), ("99990835", 4, 2), ("99991280", 4, 2)]);
    let last = &read.document.reports[2].events[3];
    assert_eq!(show(last), "2011-12-19T12:30:00Z -8 exact D1 delivered");
    // The numbers of ISA and IEA disagree: told in a TA1, and the statuses are taken.
    assert_eq!(read.interchanges[0].note, "001");
    assert!(acknowledge(&read.interchanges[0], at()).contains("TA1*000003438*101127*1719*E*001~"));
}

#[test]
fn corpus_other_transaction_sets_are_refused_by_name() {
    for (file, kind) in
        [("edi/x12_005010_204.edi", "204"), ("edi/x12_005010_211.edi", "211"), ("edi/x12_005010_856.edi", "856")]
    {
        let Some(bytes) = corpus(file) else { return };
        let read = x12::read(&bytes, Options { partner: &Partner::default(), explain: false });
        let [message] = &read.document.messages[..] else { panic!() };
        assert_eq!((message.kind.as_str(), message.verdict), (kind, Verdict::Rejected), "{file}");
        assert!(message.issues[0].text.contains("is not read; 214 and 315 are"));
        assert!(acknowledge(&read.interchanges[0], at()).contains("AK5*R*1"));
    }
}

#[test]
fn an_explanation_says_what_stands_there_and_what_becomes_of_it() {
    let document = read_as(TWO_ORDERS, "");
    assert_eq!(document.lines.len(), TWO_ORDERS.lines().count());
    let line = |number: usize| {
        let line = &document.lines[number - 1];
        assert!(line.at.to_string().ends_with(&format!(", byte {}", TWO_ORDERS.find(&line.raw).expect("there"))));
        format!("{} | {} | {}", line.raw, line.says, line.made.join("; "))
    };
    assert_eq!(
        line(4),
        "B10*PRO4711*LOAD9*ACME | shipment: carrier's reference PRO4711, shipment LOAD9, carrier ACME | a report about PRO4711"
    );
    assert_eq!(
        line(15),
        "AT7*X1*AO***20260302*1105*LT | status: X1 arrived at delivery location; AO weather or natural disaster; 20260302 1105, zone LT | X1 becomes out_for_delivery (at_stop)"
    );
    assert_eq!(
        line(21),
        "SE*19*0001 | transaction set ends: 19 segments, number 0001 | accepted, errors noted: 5 events, 1 estimate"
    );
}

/// A 315 about one container, written by us.
pub(super) const CONTAINER: &str =
    "ISA*00*          *00*          *ZZ*LINE           *ZZ*TRACKLANE      *260301*0915*U*00401*000000078*0*P*>~
GS*QO*LINE*TRACKLANE*20260301*0915*78*X*004010~
ST*315*0001~
B4***VA*20260301*0700**MSKU*123456*L**NLRTM*UN*5~
N9*BM*BL9~
N9*SN*SEAL1~
Q2*9330141********202N***L*EVER ON~
R4*L*UN*SGSIN*SINGAPORE*SG~
DTM*140*20260201*0800*LT~
R4*D*UN*NLRTM*ROTTERDAM*NL~
R4*E*UN*DEDUI*DUISBURG*DE~
DTM*139*20260303*1200*LT~
SE*11*0001~
GE*1*78~
IEA*1*000000078~
";

#[test]
fn a_315_is_a_report_about_its_container() {
    let document = read_as(CONTAINER, "");
    assert_eq!(document.issues.list, []);
    let [report] = &document.reports[..] else { panic!() };
    assert_eq!((report.number.as_str(), report.source_name.as_str()), ("MSKU1234565", "x12_315"));
    let events: Vec<_> = report.events.iter().map(show).collect();
    assert_eq!(events, ["2026-03-01T06:00:00Z +1 from_place VA in_transit/arrived_facility at ROTTERDAM (NLRTM), NL"]);
    assert_eq!(report.events[0].raw_text.as_deref(), Some("vessel arrived; vessel EVER ON"));
    let [estimate] = &report.estimates[..] else { panic!("{:?}", report.estimates) };
    assert_eq!(show_when(&estimate.until), "2026-03-03T11:00:00Z +1 from_place");
    assert_eq!(estimate.place.as_ref().and_then(|place| place.name.as_deref()), Some("DUISBURG (DEDUI)"));
    let references: Vec<_> = report.references.iter().map(|reference| reference.value.as_str()).collect();
    assert_eq!(references, ["BL9", "SEAL1"]);
    let empty = read_as(&CONTAINER.replace("123456*L*", "123456*E*"), "");
    assert_eq!(
        show(&empty.reports[0].events[0]),
        "2026-03-01T06:00:00Z +1 from_place VA note at ROTTERDAM (NLRTM), NL"
    );
    let unknown =
        read_as(&CONTAINER.replace("***VA*", "***QZ*"), "[codes.x12_ocean_status]\nQZ = { status = \"delivered\" }");
    assert_eq!(unknown.reports[0].status(), Some(tracklane_core::lifecycle::Status::Delivered));
    let without = read_as(&CONTAINER.replace("B4***VA*20260301*0700**MSKU*123456*L**NLRTM*UN*5~\n", ""), "");
    assert!(without.issues.list.iter().any(|issue| issue.text == "a 315 must have a B4 segment"));
}

#[test]
fn corpus_ocean_statuses() {
    let Some(bytes) = corpus("edi/x12_315_ocean_1.edi") else { return };
    let options = Options { partner: &Partner::default(), explain: false };
    let document = x12::read(&bytes, options).document;
    assert_eq!(document.messages[0].verdict, Verdict::Accepted, "{:?}", document.issues);
    let events: Vec<_> = document.reports[0].events.iter().map(show).collect();
    assert_eq!(events, ["2022-09-01T08:07:00Z +0 assumed VA note at LOCKBOURNE"]);
    assert_eq!(document.reports[0].number, "GMCU6094137");
    // The numbers of ST and SE disagree in the other.
    let other = x12::read(&corpus("edi/x12_315_ocean_2.edi").expect("beside it"), options);
    assert_eq!(other.document.messages[0].verdict, Verdict::Rejected);
    assert!(acknowledge(&other.interchanges[0], at()).contains("AK5*R*3~"));
}
