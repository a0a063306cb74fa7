use super::*;

#[test]
fn every_shape_is_one_and_every_format_has_its_courier_and_parts() {
    for format in FORMATS {
        assert!(courier(format.courier).is_some(), "{}: no courier {}", format.id, format.courier);
        assert!((1..=100).contains(&format.weight), "{}", format.id);
        assert_eq!(FORMATS.iter().filter(|other| other.id == format.id).count(), 1, "{}", format.id);
        for text in format.shapes {
            assert!(Shape::parse(text).is_some(), "{}: {text}", format.id);
            let named = |part: &str| text.split(' ').any(|piece| piece.starts_with(&format!("{part}=")));
            let check = format.check.map_or("", |check| check.over);
            for part in check.split(' ').chain(format.ask.split(' ')).filter(|part| !part.is_empty()) {
                assert!(named(part), "{}: {text} has no part {part}", format.id);
            }
            assert_eq!(format.check.is_some(), named("check"), "{}: {text}", format.id);
        }
    }
    assert_eq!(Shape::parse("d{1,2} x{1,2}"), None, "two pieces that vary have no single reading");
}

#[test]
fn check_characters_are_those_of_the_standards() {
    let cases = [
        (Algorithm::Gs1, "0034043429213510012", '4'),
        (Algorithm::Gs1, "00614141123456789", '0'),
        (Algorithm::Luhn, "7992739871", '3'),
        (Algorithm::S10, "47312482", '9'),
        (Algorithm::Mod7, "331881002", '5'),
        (Algorithm::Iso6346, "CSQU305438", '3'),
        (Algorithm::Mod3736, "A12425GABC1234002", 'M'),
        (Algorithm::FourNine, "56310243031", '3'),
    ];
    for (by, payload, expected) in cases {
        assert_eq!(by.expected(payload), Some(expected), "{by:?} {payload}");
    }
    assert_eq!(Algorithm::Gs1.expected("12A"), None);
}
