//! Numbers and strings of a frame, in the order in which they are written.
//!
//! Refuses to know what they mean.

use std::ffi::CStr;
use std::io;

/// Bytes before the content of a frame: its length.
pub(super) const HEADER: usize = 4;

/// Writes one frame into a buffer.
pub(super) struct Encoder<'a>(pub &'a mut Vec<u8>);

impl<'a> Encoder<'a> {
    pub fn new(buffer: &'a mut Vec<u8>, tag: u8) -> Self {
        buffer.clear();
        buffer.extend_from_slice(&[0; HEADER]);
        buffer.push(tag);
        Self(buffer)
    }

    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub fn count(&mut self, count: usize) -> io::Result<()> {
        self.u32(u32::try_from(count).map_err(|_| refused("more than 4 GiB in one message"))?);
        Ok(())
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.count(bytes.len())?;
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// The parts joined, with a NUL at the end.
    pub fn string(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        if parts.iter().any(|part| part.contains(&0)) {
            return Err(refused("a NUL character inside an argument, variable or path"));
        }
        self.count(parts.iter().map(|part| part.len()).sum::<usize>() + 1)?;
        for part in parts {
            self.0.extend_from_slice(part);
        }
        self.0.push(0);
        Ok(())
    }

    pub fn finish(self) -> io::Result<()> {
        let length = u32::try_from(self.0.len() - HEADER)
            .map_err(|_| refused("more than 4 GiB in one message"))?;
        self.0[..HEADER].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }
}

/// A message that cannot be sent.
pub(super) fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Reads one frame.
pub(super) struct Decoder<'a>(pub &'a [u8]);

impl<'a> Decoder<'a> {
    pub fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(front)
    }

    pub fn u8(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub fn u32(&mut self) -> io::Result<u32> {
        let bytes = self.take(4)?.first_chunk().ok_or_else(malformed)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    pub fn i32(&mut self) -> io::Result<i32> {
        Ok(self.u32()?.cast_signed())
    }

    pub fn u64(&mut self) -> io::Result<u64> {
        let bytes = self.take(8)?.first_chunk().ok_or_else(malformed)?;
        Ok(u64::from_le_bytes(*bytes))
    }

    pub fn bytes(&mut self) -> io::Result<&'a [u8]> {
        let count = self.u32()? as usize;
        self.take(count)
    }

    pub fn string(&mut self) -> io::Result<&'a CStr> {
        CStr::from_bytes_with_nul(self.bytes()?).map_err(|_| malformed())
    }

    pub fn strings(&mut self) -> io::Result<Vec<&'a CStr>> {
        (0..self.u32()?).map(|_| self.string()).collect()
    }
}

/// A message that cannot be understood.
pub(super) fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a malformed message between runner and launcher")
}
