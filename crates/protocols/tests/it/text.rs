//! H02, TK103, GPS103 and GL200: messages of our own.

use tracklane_protocols::{Stream, decode_line, gl200, gps103, h02, tk103};

use super::corpus_streams::{feed, session};
use super::{one, show};

fn read(protocol: &str, line: &str) -> String {
    one(decode_line(protocol, line)).map_or_else(|error| error, |report| show(&report))
}

fn reply(stream: Stream, message: &str) -> String {
    let decoded = (stream.decode)(message.as_bytes(), &mut session());
    String::from_utf8(decoded.reply).expect("text")
}

#[test]
fn h02_text() {
    assert_eq!(
        read("h02", "*HQ,4210051415,V1,164549,A,4108.7360,N,00836.6540,W,010.00,270,221215,FFFFFBFD,268,01,0,0,6#"),
        "4210051415 position 2015-12-22T16:45:49Z [41.1456,-8.6109 - 5.14 270.00 - true] \
         {\"alarm\":\"sos\",\"ignition\":false,\"status\":4294966269}"
    );
    assert_eq!(
        read("h02", "*HQ,4210051415,V1,164549,V,0000.0000,N,00000.0000,E,000.00,0,221215,FFFFFFFF#"),
        "4210051415 no_fix 2015-12-22T16:45:49Z [-] {\"ignition\":true,\"status\":4294967295}"
    );
    assert_eq!(
        read("h02", "*HQ,4210051415,V1,164549,A,4168.7360,N,00836.6540,W,0,0,221215,FFFFFFFF#"),
        "latitude must be degrees and minutes, and is \"4168.7360\""
    );
    assert_eq!(reply(h02::STREAM, "*HQ,4210051415,HTBT,90#"), "*HQ,4210051415,HTBT#");
    assert_eq!(
        reply(h02::STREAM, "*HQ,4210051415,LINK,180902,15,0,84,0,0,240517,FFFFFBFF#"),
        "*HQ,4210051415,V4,LINK,20260301120000#"
    );
}

#[test]
fn h02_in_digits() {
    // 2026-03-01 12:30:00, 41 08.7360 N, 8 36.6540 W, valid, 10 kn, 270 degrees.
    let fix = "24421005141512300001032641087360060083665406010270ffffffff000011";
    let expected = "4210051415 position 2026-03-01T12:30:00Z [41.1456,-8.6109 - 5.14 270.00 - true] \
                    {\"battery_percent\":100,\"ignition\":true,\"status\":4294967295}";
    assert_eq!(read("h02", fix), expected);
    // More bytes of a longer form, among them marks, then the next fix.
    let stream = [hex::decode(fix).expect("hex"), b"$$\x99*$".to_vec(), hex::decode(fix).expect("hex")].concat();
    let (decoded, _) = feed(h02::STREAM, [&stream[..]]);
    assert_eq!(decoded.len(), 1, "a star is taken for text up to its end");
    let stream =
        [hex::decode(fix).expect("hex"), b"\x01$\x99\xff$\x07".to_vec(), hex::decode(fix).expect("hex")].concat();
    let (decoded, _) = feed(h02::STREAM, [&stream[..]]);
    assert_eq!(decoded.iter().map(|decoded| show(&decoded.reports[0])).collect::<Vec<_>>(), [expected, expected]);
}

#[test]
fn tk103_text() {
    assert_eq!(
        read("tk103", "(088047365460BR00151024A4108.7360N00836.6540W036.0055148276.1701000000L00009AA3)"),
        "088047365460 position 2015-10-24T05:51:48Z [41.1456,-8.6109 - 10.00 276.17 - true] \
         {\"event\":\"BR00\",\"status\":\"01000000\"}"
    );
    assert_eq!(
        read("tk103", "(088047365460BO012151024V0000.0000N00000.0000E000.0055148000.0001000000L00009AA3)"),
        "088047365460 no_fix 2015-10-24T05:51:48Z [-] {\"alarm\":\"sos\",\"event\":\"BO01\",\"status\":\"01000000\"}"
    );
    assert_eq!(reply(tk103::STREAM, "(088047365460BP00000001234567890HSO)"), "(088047365460AP01HSO)");
    let error = read("tk103", "(088047365460BR00151024A4108.7360N0)");
    assert_eq!(error, "longitude is cut short");
    let (decoded, _) = feed(tk103::STREAM, [&b"x)(013632651491,ZC03,191117,234207,$ (a) $)("[..]]);
    assert_eq!(decoded.len(), 1);
}

#[test]
fn gps103_text() {
    // The tracker's day is already the next one.
    assert_eq!(
        read(
            "gps103",
            "imei:359710049092324,help me,151027025958,,F,235957.000,A,4108.7360,N,00836.6540,W,10.00,27.91,,1,0,,,"
        ),
        "359710049092324 position 2015-10-26T23:59:57Z [41.1456,-8.6109 - 5.14 27.91 - true] \
         {\"alarm\":\"sos\",\"door\":false,\"event\":\"help me\",\"ignition\":true}"
    );
    assert_eq!(
        read("gps103", "imei:863070016871385,tracker,0000000119,,L,,,0FB6,,CB5D,,,"),
        "863070016871385 no_fix - [-] {\"cells\":[{\"cid\":52061,\"lac\":4022}],\"event\":\"tracker\"}"
    );
    assert_eq!(reply(gps103::STREAM, "##,imei:359586015829802,A;"), "LOAD");
    assert_eq!(reply(gps103::STREAM, "359586015829802;"), "ON");
    assert_eq!(reply(gps103::STREAM, "imei:359586015829802,help me,,,L,;"), "**,imei:359586015829802,E;");
}

#[test]
fn gl200_text() {
    let message = "+RESP:GTFRI,020102,135790246811220,,0,0,2,1,36.0,92,70.0,-8.610900,41.145600,20260301123000,0268,0001,18d8,6141,00,\
                   0,36.0,92,,-8.610900,41.145600,20260301123100,,,,,,87,20260301123105,11F0$";
    let reports = decode_line("gl200", message).expect("two fixes");
    let shown: Vec<_> = reports.iter().map(show).collect();
    assert_eq!(
        shown,
        [
            "135790246811220 position 2026-03-01T12:30:00Z [41.1456,-8.6109 70.00 10.00 92.00 - true] \
             {\"battery_percent\":87.0,\"cells\":[{\"cid\":24897,\"lac\":6360,\"mcc\":268,\"mnc\":1}],\"event\":\"gtfri\",\"hdop\":1.0}",
            "135790246811220 position 2026-03-01T12:31:00Z [41.1456,-8.6109 - 10.00 92.00 - false] \
             {\"battery_percent\":87.0,\"event\":\"gtfri\"}",
        ]
    );
    assert_eq!(reply(gl200::STREAM, message), "+SACK:11F0$");
    assert_eq!(
        reply(gl200::STREAM, "+ACK:GTHBD,1A0401,135790246811220,,20100214093254,11F0$"),
        "+SACK:GTHBD,1A0401,11F0$"
    );
    assert_eq!(
        read("gl200", "+HELLO:GTFRI,020102,135790246811220"),
        "message must be RESP, BUFF or ACK, and is \"HELLO\""
    );
}
