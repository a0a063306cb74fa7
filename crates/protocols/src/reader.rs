//! Reading and writing of binary messages, and their check sums.

use crate::DecodeError;

/// Reads numbers in network order from the front of a message; what is not there is an error that names the field.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left, without taking it.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn bytes(&mut self, field: &str, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, left) = self.0.split_at_checked(count).ok_or_else(|| DecodeError::field(field, "is cut short"))?;
        self.0 = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], DecodeError> {
        let (taken, left) = self.0.split_first_chunk::<N>().ok_or_else(|| DecodeError::field(field, "is cut short"))?;
        self.0 = left;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self, field: &str) -> Result<u8, DecodeError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self, field: &str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn i16(&mut self, field: &str) -> Result<i16, DecodeError> {
        self.array(field).map(i16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, field: &str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self, field: &str) -> Result<i32, DecodeError> {
        self.array(field).map(i32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, field: &str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_be_bytes)
    }

    /// A number of up to eight bytes.
    pub(crate) fn uint(&mut self, field: &str, width: usize) -> Result<u64, DecodeError> {
        Ok(self.bytes(field, width)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// A line of hex digits, which may be spaced.
pub(crate) fn unhex(line: &str) -> Result<Vec<u8>, DecodeError> {
    let digits: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    hex::decode(digits).map_err(|error| DecodeError::Syntax { detail: format!("not hex: {error}") })
}

/// Text that a device sends: printable ASCII without the blanks around it; none when it is anything else.
pub(crate) fn printable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
    let fits = |byte: u8| (b' '..=b'~').contains(&byte) || matches!(byte, b'\r' | b'\n' | b'\t');
    text.bytes().all(fits).then_some(text)
}

/// Text when it is printable, hex when not.
pub(crate) fn text_or_hex(bytes: &[u8]) -> String {
    printable(bytes).map_or_else(|| hex(bytes), str::to_owned)
}

/// CRC-16/ARC.
pub(crate) fn crc_arc(bytes: &[u8]) -> u16 {
    reflected_crc(bytes, 0, &ARC)
}

/// CRC-16/X-25.
pub(crate) fn crc_x25(bytes: &[u8]) -> u16 {
    !reflected_crc(bytes, 0xFFFF, &X25)
}

/// What each byte adds, by polynomial.
const ARC: [u16; 256] = reflected_table(0xA001);
const X25: [u16; 256] = reflected_table(0x8408);

const fn reflected_table(polynomial: u16) -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u16, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ polynomial } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

fn reflected_crc(bytes: &[u8], start: u16, table: &[u16; 256]) -> u16 {
    bytes.iter().fold(start, |crc, byte| (crc >> 8) ^ table[usize::from(crc.to_le_bytes()[0] ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_sums_have_their_published_values() {
        assert_eq!(crc_arc(b"123456789"), 0xBB3D);
        assert_eq!(crc_x25(b"123456789"), 0x906E);
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_is_taken() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32("speed").unwrap_err().to_string(), "speed is cut short");
        assert_eq!(reader.uint("three", 3), Ok(0x01_02_03));
        assert!(reader.is_empty());
    }
}
