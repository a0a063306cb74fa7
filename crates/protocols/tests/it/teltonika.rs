//! Teltonika: messages of the protocol's description and of our own.

use tracklane_protocols::teltonika::{Codec, STREAM, encode, encode_datagram, login};
use tracklane_protocols::{DecodeError, decode_line};

use super::corpus_streams::{feed, session};
use super::{one, show};

const CODEC_8: &str = "000000000000003608010000016B40D8EA30010000000000000000000000000000000105021503010101425E0F01F10000601A014E0000000000000000010000C7CF";
const CODEC_8_EXTENDED: &str = "000000000000004A8E010000016B412CEE000100000000000000000000000000000000010005000100010100010011001D00010010015E2C880002000B000000003544C87A000E000000001DD7E06A00000100002994";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("hex")
}

fn read(hex: &str) -> String {
    one(decode_line("teltonika", hex)).map_or_else(|error| error, |report| show(&report))
}

#[test]
fn a_record_without_satellites_and_coordinates_has_no_fix() {
    assert_eq!(
        read(CODEC_8),
        " no_fix 2019-06-10T10:04:46Z [-] {\"event\":1,\"external_voltage_v\":24.079,\"gsm_signal\":3,\"input_1\":true,\
         \"operator\":24602,\"priority\":1,\"satellites\":0}"
    );
}

#[test]
fn codec_8_extended() {
    assert_eq!(
        read(CODEC_8_EXTENDED),
        " no_fix 2019-06-10T11:36:32Z [-] {\"axis_x_g\":0.029,\"event\":1,\"input_1\":true,\
         \"io11\":893700218,\"io14\":500686954,\"odometer_m\":22949000,\"priority\":1,\"satellites\":0}"
    );
}

#[test]
fn a_session_answers_the_login_then_counts_records() {
    let stream = [&[0xFF][..], &login("356307042441013").expect("an IMEI"), &bytes(CODEC_8)].concat();
    let (decoded, error) = feed(STREAM, [&stream[..]]);
    assert_eq!(error, None);
    assert_eq!(decoded.len(), 3);
    assert_eq!((&decoded[1].reply[..], &decoded[1].refusal[..]), (&[1][..], &[0][..]));
    assert_eq!((&decoded[2].reply[..], &decoded[2].refusal[..]), (&[0, 0, 0, 1][..], &[0; 4][..]));
    assert_eq!(decoded[2].reports[0].device, "356307042441013");
}

#[test]
fn a_wrong_check_sum_asks_to_send_again() {
    let mut frame = bytes(CODEC_8);
    frame[20] ^= 1;
    let decoded = (STREAM.decode)(&frame, &mut session());
    assert!(decoded.reports.is_empty());
    assert_eq!(decoded.reply, [0; 4]);
    assert!(decoded.errors[0].to_string().starts_with("crc must be "), "{:?}", decoded.errors);
}

#[test]
fn a_record_that_is_not_on_earth_does_not_stop_the_others() {
    let good = one(decode_line("teltonika", CODEC_8)).expect("a report");
    let mut frame = encode(Codec::Eight, &[good.clone(), good]).expect("a frame");
    // The latitude of the first record.
    frame[23..27].copy_from_slice(&950_000_000i32.to_be_bytes());
    let line = hex::encode(&frame);
    let error = decode_line("teltonika", &line).expect_err("not on earth");
    assert_eq!(error.to_string(), "latitude must be a number of degrees from -90 to 90");
    let mut session = session();
    let fixed = encode(Codec::Eight, &[]).expect("a frame");
    assert_eq!((STREAM.decode)(&fixed, &mut session).reply, [0; 4]);
}

#[test]
fn where_no_frame_can_stand_the_connection_is_lost() {
    for (start, field) in [("00000001", "preamble"), ("0000000000010000", "data length"), ("474554", "identity length")]
    {
        let (decoded, error) = feed(STREAM, [&bytes(start)[..]]);
        assert!(decoded.is_empty());
        assert!(matches!(error, Some(DecodeError::Field { field: ref found, .. }) if found == field), "{error:?}");
    }
}

#[test]
fn a_datagram_is_answered_with_its_packets() {
    let record = one(decode_line("teltonika", CODEC_8)).expect("a report");
    let datagram = encode_datagram(Codec::Eight, &[record], "356307042441013", 0xCAFE).expect("a datagram");
    let decoded = (STREAM.datagram)(&datagram, &mut session());
    assert_eq!(decoded.reply, [0, 5, 0xCA, 0xFE, 1, 0xFE, 1]);
    assert_eq!(decoded.reports[0].device, "356307042441013");
    assert_eq!(decode_line("teltonika", &hex::encode(datagram)).map(|reports| reports.len()), Ok(1));
}

#[test]
fn a_message_cut_short_says_so() {
    let error = decode_line("teltonika", &CODEC_8[..60]).expect_err("cut short");
    assert_eq!(error.to_string(), "the message is broken: it is cut short, or is of another protocol");
}
