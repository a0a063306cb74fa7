//! Positions over HTTP: one as JSON, many as a JSON array or as lines, one as OsmAnd says it. Requests are made of parts
//! of fixed width, so that a position costs the load little.

use anyhow::{Context as _, bail};

use super::Speaker;
use super::fleet::Mover;
use super::text::{Positions, put_degrees, put_digits};

/// In which form positions are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One position per request.
    Single,
    /// So many in a JSON array.
    Array(usize),
    /// So many, one per line.
    Lines(usize),
    /// One as OsmAnd and Traccar Client send it: a query string, the device named and its secret given.
    OsmAnd,
}

impl Form {
    /// How many positions a request holds.
    pub fn rows(self) -> usize {
        match self {
            Self::Single | Self::OsmAnd => 1,
            Self::Array(rows) | Self::Lines(rows) => rows,
        }
    }

    /// Its name in figures.
    pub fn name(self) -> String {
        match self {
            Self::Single => "single".to_owned(),
            Self::Array(rows) => format!("batch {rows}"),
            Self::Lines(rows) => format!("lines {rows}"),
            Self::OsmAnd => "osmand".to_owned(),
        }
    }
}

/// A connection that sends positions over HTTP.
pub struct HttpSpeaker {
    form: Form,
    /// An API key. With OsmAnd each device shows its own credential.
    token: String,
    positions: Positions,
    body: Vec<u8>,
    message: Vec<u8>,
}

impl HttpSpeaker {
    /// One that shows this API key.
    pub fn new(form: Form, token: &str) -> Self {
        Self { form, token: token.to_owned(), positions: Positions::default(), body: Vec::new(), message: Vec::new() }
    }

    fn put_position(&mut self, mover: &Mover) {
        let body = &mut self.body;
        body.extend_from_slice(br#"{"device":""#);
        body.extend_from_slice(mover.id.as_bytes());
        body.extend_from_slice(br#"","#);
        self.positions.put_fix(body, mover);
    }

    fn post(&mut self, path: &str, media_type: &str) {
        self.message.clear();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\ncontent-type: {media_type}\r\n\
             content-length: {}\r\n\r\n",
            self.token,
            self.body.len()
        );
        self.message.extend_from_slice(head.as_bytes());
        self.message.append(&mut self.body);
    }

    fn get(&mut self, mover: &Mover) {
        let message = &mut self.message;
        message.clear();
        message.extend_from_slice(b"GET /osmand?id=");
        message.extend_from_slice(mover.sender.identifier.as_bytes());
        message.extend_from_slice(b"&key=");
        message.extend_from_slice(mover.sender.secret.as_bytes());
        message.extend_from_slice(b"&timestamp=");
        put_digits(message, mover.time_ms.unsigned_abs(), 13);
        message.extend_from_slice(b"&lat=");
        put_degrees(message, mover.at.lat);
        message.extend_from_slice(b"&lon=");
        put_degrees(message, mover.at.lon);
        message.extend_from_slice(
            b"&speed=29.2&bearing=90.0&altitude=80.0&accuracy=5.0 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        );
    }
}

impl Speaker for HttpSpeaker {
    fn positions(&self, _: usize) -> usize {
        match self.form {
            Form::Single | Form::OsmAnd => 1,
            Form::Array(rows) | Form::Lines(rows) => rows.max(1),
        }
    }

    fn message<'a>(&mut self, movers: impl ExactSizeIterator<Item = &'a mut Mover>) -> &[u8] {
        let array = matches!(self.form, Form::Array(_));
        for (index, mover) in movers.enumerate() {
            mover.go();
            match self.form {
                Form::OsmAnd => {
                    self.get(mover);
                    return &self.message;
                }
                Form::Array(_) => self.body.push(if index == 0 { b'[' } else { b',' }),
                Form::Lines(_) if index > 0 => self.body.push(b'\n'),
                Form::Lines(_) | Form::Single => {}
            }
            self.put_position(mover);
        }
        if array {
            self.body.push(b']');
        }
        match self.form {
            Form::Array(_) => self.post("/v1/positions/batch", "application/json"),
            Form::Lines(_) => self.post("/v1/positions/batch", "application/x-ndjson"),
            Form::Single | Form::OsmAnd => self.post("/v1/positions", "application/json"),
        }
        &self.message
    }

    fn is_answered(&self, answer: &[u8], positions: usize) -> anyhow::Result<bool> {
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
        let text = std::str::from_utf8(&answer[..head]).context("the head of the answer is not text")?;
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let length = length.context("the answer has no length")?;
        let Some(body) = answer.get(head + 4..head + 4 + length) else { return Ok(false) };
        let (status, accepted) = match self.form {
            Form::Single => ("HTTP/1.1 202", format!(r#"{{"accepted":{positions},"#)),
            Form::Array(_) | Form::Lines(_) => ("HTTP/1.1 200", format!(r#"{{"accepted":{positions},"#)),
            Form::OsmAnd => ("HTTP/1.1 200", String::new()),
        };
        if !text.starts_with(status) || !body.starts_with(accepted.as_bytes()) {
            bail!("expected {status} and {accepted:?}, got {}", String::from_utf8_lossy(answer));
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use tracklane_api_types::PositionInput;
    use tracklane_core::Timestamp;
    use tracklane_core::id::{DeviceId, Id as _};
    use tracklane_protocols::osmand;

    use super::super::fleet::{Fleet, Sender};
    use super::*;

    fn movers(count: usize) -> Vec<Mover> {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let sender = |number| Sender {
            id: DeviceId::from_uuid(Default::default()),
            identifier: format!("van-{number}"),
            secret: "secret".to_owned(),
        };
        let devices: Vec<_> = (0..count).map(sender).collect();
        Fleet::new(&devices, 1, start).deal(1).remove(0)
    }

    fn check(position: &PositionInput<'_>, mover: &Mover) {
        assert_eq!(position.fix_time.as_millisecond(), mover.time_ms);
        assert!((position.lat - mover.at.lat).abs() < 1e-6 && (position.lon - mover.at.lon).abs() < 1e-6);
        assert_eq!(position.device.as_deref(), Some(mover.id.as_str()));
    }

    #[test]
    fn what_is_sent_is_what_the_api_takes() {
        let mut movers = movers(3);
        for form in [Form::Single, Form::Array(3), Form::Lines(3)] {
            let mut speaker = HttpSpeaker::new(form, "secret");
            let rows = speaker.positions(3);
            let text = String::from_utf8(speaker.message(movers[..rows].iter_mut()).to_vec()).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())));
            let read: Vec<PositionInput<'_>> = match form {
                Form::Array(_) => serde_json::from_str(body).unwrap(),
                _ => body.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            };
            assert_eq!(read.len(), rows);
            read.iter().zip(&movers).for_each(|(position, mover)| check(position, mover));
        }
    }

    #[test]
    fn what_is_sent_is_what_osmand_sends() {
        let mut movers = movers(1);
        let text = HttpSpeaker::new(Form::OsmAnd, "secret").message(movers.iter_mut()).to_vec();
        let text = String::from_utf8(text).unwrap();
        let query = text.split_once('?').unwrap().1.split_once(' ').unwrap().0;
        let report = osmand::decode(Some(query), None, &[]).unwrap().remove(0);
        assert_eq!(report.device, "van-0");
        assert_eq!(report.time.unwrap().as_millisecond(), movers[0].time_ms);
        assert!((report.fix.unwrap().point.lat - movers[0].at.lat).abs() < 1e-6);
    }

    #[test]
    fn an_answer_counts_once_it_is_whole_and_only_if_all_was_accepted() {
        let speaker = HttpSpeaker::new(Form::Array(2), "secret");
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"accepted\":2,}";
        for end in 0..whole.len() {
            assert!(!speaker.is_answered(&whole[..end], 2).unwrap());
        }
        assert!(speaker.is_answered(whole, 2).unwrap());
        assert!(speaker.is_answered(whole, 3).is_err());
    }
}
