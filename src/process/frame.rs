//! Messages on a pipe: a magic, a length, that many bytes.
//!
//! Owns the framing and its limits. Refuses to know what a message means.

use std::io::{self, Read, Write};

/// The first bytes of every message: what a stray `print` writes is not mistaken for a length.
const MAGIC: [u8; 4] = *b"rnr1";

/// Magic and length.
const HEADER: usize = 8;

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The stream ended before the first byte.
    #[error("sent nothing")]
    Empty,
    /// The stream ended inside a message.
    #[error("its message was cut off")]
    Truncated,
    /// The message is longer than accepted.
    #[error("its message of {bytes} bytes is longer than the limit of {limit}")]
    TooLarge {
        /// Length that the message claims.
        bytes: u64,
        /// Length that is accepted.
        limit: usize,
    },
    /// What came is not a message.
    #[error("sent something that is not a message")]
    Garbage,
    /// The pipe could not be read.
    #[error("could not be read: {0}")]
    Io(#[from] io::Error),
}

/// Writes one message with a single `write`, so that a message is never interleaved with itself.
pub fn write_frame(out: &mut dyn Write, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a message has at most 4 GiB"))?;
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(payload);
    out.write_all(&frame)?;
    out.flush()
}

/// Reads one message of at most `limit` bytes. Nothing is allocated before the length is accepted.
pub fn read_frame(input: &mut dyn Read, limit: usize) -> Result<Vec<u8>, FrameError> {
    let header = read_up_to(input, HEADER)?;
    if header.is_empty() {
        return Err(FrameError::Empty);
    }
    let seen = header.len().min(MAGIC.len());
    if header[..seen] != MAGIC[..seen] {
        return Err(FrameError::Garbage);
    }
    let Some(&length) = header[MAGIC.len().min(seen)..].first_chunk::<4>() else {
        return Err(FrameError::Truncated);
    };
    let length = u32::from_le_bytes(length) as usize;
    if length > limit {
        let bytes = length as u64;
        return Err(FrameError::TooLarge { bytes, limit });
    }
    let payload = read_up_to(input, length)?;
    if payload.len() < length {
        return Err(FrameError::Truncated);
    }
    Ok(payload)
}

fn read_up_to(input: &mut dyn Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    input.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, payload).unwrap();
        bytes
    }

    #[test]
    fn every_way_to_be_no_message_has_its_own_error() {
        let read = |mut bytes: &[u8]| read_frame(&mut bytes, 10).unwrap_err();
        assert!(matches!(read(b""), FrameError::Empty));
        assert!(matches!(read(b"hello, world"), FrameError::Garbage));
        assert!(matches!(read(b"h"), FrameError::Garbage));
        assert!(matches!(read(b"rn"), FrameError::Truncated));
        assert!(matches!(read(&frame(b"abc")[..10]), FrameError::Truncated));
        let large = read(&frame(&[0; 11]));
        assert!(matches!(large, FrameError::TooLarge { bytes: 11, limit: 10 }));
        let claims_all = [&MAGIC[..], &[0xff; 4]].concat();
        assert!(matches!(read(&claims_all), FrameError::TooLarge { .. }));
    }

    #[test]
    fn messages_follow_one_another() {
        let stream = [frame(b"one"), frame(b""), frame(b"three")].concat();
        let mut stream = stream.as_slice();
        let mut next = || read_frame(&mut stream, 5);
        assert_eq!(next().unwrap(), b"one");
        assert_eq!(next().unwrap(), b"");
        assert_eq!(next().unwrap(), b"three");
        assert!(matches!(next(), Err(FrameError::Empty)));
    }

    proptest! {
        #[test]
        fn a_message_cut_anywhere_is_never_read_as_whole(payload in prop::collection::vec(any::<u8>(), 0..50), cut in 0_usize..58) {
            let bytes = frame(&payload);
            let cut = cut.min(bytes.len());
            match read_frame(&mut &bytes[..cut], 100) {
                Ok(read) => prop_assert!(cut == bytes.len() && read == payload),
                Err(FrameError::Empty) => prop_assert_eq!(cut, 0),
                Err(error) => prop_assert!(matches!(error, FrameError::Truncated)),
            }
        }
    }
}
