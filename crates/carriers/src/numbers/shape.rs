//! The shape of a number: parts of fixed kinds and lengths, written as text in the list of formats.
//!
//! A shape is a row of parts with blanks between. A part is `name=pieces` or just `pieces`; a piece is `d` (digit), `a`
//! (letter), `x` (digit or letter) or `<AHK>` (one of these), each once or `{n}` times or `{n,m}` times, or a character
//! that stands for itself. Only one piece of a shape may vary in length, so a number has at most one reading.

/// A shape that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
struct Piece {
    part: &'static str,
    one: One,
    least: usize,
    most: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum One {
    Digit,
    Letter,
    Either,
    Of(&'static str),
}

impl One {
    fn takes(self, c: char) -> bool {
        match self {
            Self::Digit => c.is_ascii_digit(),
            Self::Letter => c.is_ascii_uppercase(),
            Self::Either => c.is_ascii_digit() || c.is_ascii_uppercase(),
            Self::Of(set) => set.contains(c),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Digit => "a digit".to_owned(),
            Self::Letter => "a letter".to_owned(),
            Self::Either => "a digit or letter".to_owned(),
            Self::Of(set) if set.len() == 1 => set.to_owned(),
            Self::Of(set) => format!("one of {set}"),
        }
    }
}

/// A number that has the shape: its parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    parts: Vec<(&'static str, String)>,
    /// How many times likelier the number is under this shape than any text of as many digits and letters. A shape of
    /// several lengths is that much less likely to have this one.
    pub(super) gain: f64,
}

impl Parts {
    /// The part with this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(part, _)| *part == name).map(|(_, text)| text.as_str())
    }

    /// The named parts, joined.
    pub(super) fn join(&self, names: &str) -> String {
        names.split(' ').filter_map(|name| self.get(name)).collect()
    }
}

/// Where a number leaves the shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mismatch {
    /// How many characters agreed before, counting from the left.
    pub(super) agreed: usize,
    /// How many characters of those stand for themselves in the shape.
    pub(super) fixed: usize,
    broken: Broken,
}

/// The rule that a number breaks; its words are made when somebody asks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Broken {
    Length { least: usize, most: usize, given: usize },
    Character { place: usize, wanted: One, given: char },
}

impl Mismatch {
    /// The rule that the number breaks.
    pub(super) fn rule(&self) -> String {
        match self.broken {
            Broken::Length { least, most, given } if least == most => {
                format!("must have {least} characters, not {given}")
            }
            Broken::Length { least, most, given } => format!("must have {least} to {most} characters, not {given}"),
            Broken::Character { place, wanted, given } => {
                format!("character {place} must be {}, not {given:?}", wanted.words())
            }
        }
    }
}

impl Shape {
    /// Reads a shape. None when the text is no shape; a test reads every one of the list.
    pub(super) fn parse(text: &'static str) -> Option<Self> {
        let mut pieces = Vec::new();
        for part in text.split(' ') {
            let (name, mut rest) = part.split_once('=').unwrap_or(("", part));
            while let Some(c) = rest.chars().next() {
                let (one, after) = match c {
                    'd' => (One::Digit, rest.get(1..)?),
                    'a' => (One::Letter, rest.get(1..)?),
                    'x' => (One::Either, rest.get(1..)?),
                    '<' => {
                        let end = rest.find('>')?;
                        (One::Of(rest.get(1..end)?), rest.get(end + 1..)?)
                    }
                    _ => (One::Of(rest.get(..1)?), rest.get(1..)?),
                };
                let (least, most, after) = match after.strip_prefix('{') {
                    None => (1, 1, after),
                    Some(count) => {
                        let (count, after) = count.split_once('}')?;
                        let (least, most) = count.split_once(',').unwrap_or((count, count));
                        (least.parse().ok()?, most.parse().ok()?, after)
                    }
                };
                pieces.push(Piece { part: name, one, least, most });
                rest = after;
            }
        }
        let varying = pieces.iter().filter(|piece| piece.least != piece.most).count();
        (varying <= 1).then_some(Self { pieces })
    }

    /// Reads a number (upper case, no blanks) by this shape.
    pub(super) fn read(&self, number: &str) -> Result<Parts, Mismatch> {
        let least: usize = self.pieces.iter().map(|piece| piece.least).sum();
        let most: usize = self.pieces.iter().map(|piece| piece.most).sum();
        let length = number.chars().count();
        let spare = length.saturating_sub(least);
        let mut chars = number.chars();
        let lengths = f64::from(u32::try_from(most - least + 1).unwrap_or(1));
        let (mut parts, mut gain, mut agreed, mut fixed) = (Vec::<(&'static str, String)>::new(), 1.0 / lengths, 0, 0);
        for piece in &self.pieces {
            let count = (piece.least + spare).min(piece.most);
            for _ in 0..count {
                let place = agreed + 1;
                let Some(c) = chars.next() else {
                    return Err(Mismatch { agreed, fixed, broken: Broken::Length { least, most, given: length } });
                };
                if !piece.one.takes(c) {
                    let broken = Broken::Character { place, wanted: piece.one, given: c };
                    return Err(Mismatch { agreed, fixed, broken });
                }
                if let One::Of(set) = piece.one {
                    let alike = set.chars().filter(|other| other.is_ascii_digit() == c.is_ascii_digit()).count();
                    gain *= choices(c) / f64::from(u32::try_from(alike).unwrap_or(1));
                    fixed += usize::from(set.len() == 1);
                }
                agreed = place;
                match parts.last_mut() {
                    Some((part, text)) if *part == piece.part => text.push(c),
                    _ => parts.push((piece.part, c.to_string())),
                }
            }
        }
        if chars.next().is_some() {
            return Err(Mismatch { agreed, fixed, broken: Broken::Length { least, most, given: length } });
        }
        Ok(Parts { parts, gain })
    }
}

/// How many characters there are of this one's kind.
pub(super) fn choices(c: char) -> f64 {
    if c.is_ascii_digit() { 10.0 } else { 26.0 }
}
