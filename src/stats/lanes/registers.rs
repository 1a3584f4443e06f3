//! What draws need of a processor's registers: eight words of 64 bits, side by side.

use super::{Column, Drawn, LANES, vectorized};

#[cfg(target_arch = "x86_64")]
mod x86;

/// The lower half of a word.
const LOWER: u64 = 0xffff_ffff;

/// A kind of processor.
pub(in super::super) trait Registers: Copy {
    /// A word of each lane.
    type Words: Copy;

    /// The processor, if this is one.
    fn of_this_machine() -> Option<Self>;

    /// Does work that is compiled for it.
    fn run<W: pulp::NullaryFnOnce>(self, work: W) -> W::Output;

    /// Puts words into registers.
    fn load(self, words: [u64; LANES]) -> Self::Words;

    /// A number in every lane, seen to have 32 bits: products of it are those of 32 bits.
    fn splat(self, number: u32) -> Self::Words;

    /// Takes words out of registers.
    fn store(self, words: Self::Words) -> [u64; LANES];

    /// Of each lane, as all that follow: the sum.
    fn add(self, a: Self::Words, b: Self::Words) -> Self::Words;

    /// a ^ b.
    fn xor(self, a: Self::Words, b: Self::Words) -> Self::Words;

    /// a ^ b ^ c.
    fn xor_3(self, a: Self::Words, b: Self::Words, c: Self::Words) -> Self::Words;

    /// Bits moved up by 17.
    fn up_17(self, a: Self::Words) -> Self::Words;

    /// The upper half alone.
    fn upper(self, a: Self::Words) -> Self::Words;

    /// Bits moved up by `BITS`, and those above the top down to the `REST` lowest places.
    fn rotate<const BITS: i32, const REST: i32>(self, a: Self::Words) -> Self::Words;

    /// The product of the lower halves.
    fn multiply(self, a: Self::Words, b: Self::Words) -> Self::Words;

    /// The larger lower and the larger upper half.
    fn larger_halves(self, a: Self::Words, b: Self::Words) -> Self::Words;

    /// The largest half of all.
    fn largest_half(self, a: Self::Words) -> u32;

    /// The upper halves, which fit 8 bits.
    fn upper_as_u8(self, a: Self::Words) -> Drawn<u8>;

    /// The upper halves.
    fn upper_as_u32(self, a: Self::Words) -> Drawn<u32>;

    /// What the table has at each place, for each column.
    fn look_up(self, table: [u8; 32], places: &[Column], found: &mut [Column]);
}

/// Eight words in memory, as every processor has them: what becomes of them is the compiler's.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Registers for Plain {
    type Words = [u64; LANES];

    fn of_this_machine() -> Option<Self> {
        Some(Self)
    }

    #[inline(always)]
    fn run<W: pulp::NullaryFnOnce>(self, work: W) -> W::Output {
        vectorized(work)
    }

    #[inline(always)]
    fn load(self, words: [u64; LANES]) -> [u64; LANES] {
        words
    }

    #[inline(always)]
    fn splat(self, number: u32) -> [u64; LANES] {
        [u64::from(number); LANES]
    }

    #[inline(always)]
    fn store(self, words: [u64; LANES]) -> [u64; LANES] {
        words
    }

    #[inline(always)]
    fn add(self, a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] = a[lane].wrapping_add(b[lane]);
        }
        found
    }

    #[inline(always)]
    fn xor(self, a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] = a[lane] ^ b[lane];
        }
        found
    }

    #[inline(always)]
    fn xor_3(self, a: [u64; LANES], b: [u64; LANES], c: [u64; LANES]) -> [u64; LANES] {
        self.xor(self.xor(a, b), c)
    }

    #[inline(always)]
    fn up_17(self, a: [u64; LANES]) -> [u64; LANES] {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] = a[lane] << 17;
        }
        found
    }

    #[inline(always)]
    fn upper(self, a: [u64; LANES]) -> [u64; LANES] {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] = a[lane] >> 32;
        }
        found
    }

    #[inline(always)]
    fn rotate<const BITS: i32, const REST: i32>(self, a: [u64; LANES]) -> [u64; LANES] {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] = a[lane] << BITS | a[lane] >> REST;
        }
        found
    }

    #[inline(always)]
    fn multiply(self, a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] = (a[lane] & LOWER).wrapping_mul(b[lane] & LOWER);
        }
        found
    }

    #[inline(always)]
    fn larger_halves(self, a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] =
                (a[lane] & LOWER).max(b[lane] & LOWER) | (a[lane] & !LOWER).max(b[lane] & !LOWER);
        }
        found
    }

    #[inline(always)]
    fn largest_half(self, a: [u64; LANES]) -> u32 {
        let mut largest = 0;
        for word in a {
            largest = largest.max(word as u32).max((word >> 32) as u32);
        }
        largest
    }

    #[inline(always)]
    fn upper_as_u8(self, a: [u64; LANES]) -> Drawn<u8> {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] = (a[lane] >> 32) as u8;
        }
        found
    }

    #[inline(always)]
    fn upper_as_u32(self, a: [u64; LANES]) -> Drawn<u32> {
        let mut found = [0; LANES];
        for lane in 0..LANES {
            found[lane] = (a[lane] >> 32) as u32;
        }
        found
    }

    #[inline(always)]
    fn look_up(self, table: [u8; 32], places: &[Column], found: &mut [Column]) {
        let found = found.as_flattened_mut().as_flattened_mut();
        for (place, found) in places.as_flattened().as_flattened().iter().zip(found) {
            *found = table[usize::from(*place) % 32];
        }
    }
}
