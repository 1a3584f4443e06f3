//! The beginning and the end of one output stream, in bounded memory.
//!
//! It refuses to read: bytes are given to it. Its buffers are kept from child to child.

/// Keeps the first and the last `limit` bytes of what it is given.
#[derive(Debug, Default)]
pub(super) struct Capture {
    limit: usize,
    head: Vec<u8>,
    /// A ring once it is `limit` long; `oldest` is where it begins.
    tail: Vec<u8>,
    oldest: usize,
    omitted: u64,
}

impl Capture {
    /// Forgets everything and keeps at most `limit` bytes of either end from now on.
    pub fn reset(&mut self, limit: usize) {
        self.limit = limit;
        self.head.clear();
        self.tail.clear();
        self.oldest = 0;
        self.omitted = 0;
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = (self.limit - self.head.len()).min(bytes.len());
        let (front, rest) = bytes.split_at(room);
        self.head.extend_from_slice(front);
        self.push_tail(rest);
    }

    fn push_tail(&mut self, bytes: &[u8]) {
        let room = (self.limit - self.tail.len()).min(bytes.len());
        let (front, rest) = bytes.split_at(room);
        self.tail.extend_from_slice(front);
        if rest.is_empty() {
            return;
        }
        // From here on every byte that comes pushes one out.
        self.omitted += rest.len() as u64;
        let kept = &rest[rest.len().saturating_sub(self.limit)..];
        let skipped = rest.len() - kept.len();
        if self.limit == 0 {
            return;
        }
        self.oldest = (self.oldest + skipped) % self.limit;
        let until_end = (self.limit - self.oldest).min(kept.len());
        let (first, second) = kept.split_at(until_end);
        self.tail[self.oldest..self.oldest + until_end].copy_from_slice(first);
        self.tail[..second.len()].copy_from_slice(second);
        self.oldest = (self.oldest + kept.len()) % self.limit;
    }

    /// The beginning.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The end, in two pieces: the older one first.
    pub fn tail(&self) -> (&[u8], &[u8]) {
        let (newer, older) = self.tail.split_at(self.oldest);
        (older, newer)
    }

    /// Bytes between beginning and end that were dropped.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Length of the whole stream so far in bytes.
    pub fn total_bytes(&self) -> u64 {
        (self.head.len() + self.tail.len()) as u64 + self.omitted
    }

    /// Gives memory back above `limit` bytes; says whether there was any.
    pub fn trim(&mut self, limit: usize) -> bool {
        self.reset(self.limit);
        let head = super::wire::trim(&mut self.head, limit);
        let tail = super::wire::trim(&mut self.tail, limit);
        head || tail
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Capture;

    fn capture(limit: usize, chunks: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>, u64) {
        let mut capture = Capture::default();
        capture.reset(limit);
        for chunk in chunks {
            capture.push(chunk);
        }
        let (older, newer) = capture.tail();
        (capture.head().to_vec(), [older, newer].concat(), capture.omitted())
    }

    #[test]
    fn a_limit_of_zero_only_counts() {
        assert_eq!(capture(0, &[b"abc".to_vec(), b"d".to_vec()]), (vec![], vec![], 4));
    }

    proptest! {
        #[test]
        fn head_and_tail_are_the_ends_of_the_stream_however_it_is_cut(
            limit in 0_usize..12,
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..8),
        ) {
            let whole = chunks.concat();
            let head = &whole[..limit.min(whole.len())];
            let rest = &whole[head.len()..];
            let tail = &rest[rest.len().saturating_sub(limit)..];
            let omitted = (rest.len() - tail.len()) as u64;
            prop_assert_eq!(
                capture(limit, &chunks),
                (head.to_vec(), tail.to_vec(), omitted)
            );
        }
    }
}
