//! Several stretches of one stream of draws, drawn side by side: a step of the generator waits for
//! the one before it, and those of different stretches do not wait for one another.
//!
//! What is drawn is what one generator draws, in another order of time.

use super::generator::{Generator, Jump};

#[cfg(target_arch = "x86_64")]
mod wide;

/// Stretches that are drawn at once: eight words are one vector register, or two.
pub(super) const LANES: usize = 8;

/// Draws of each stretch that are made together: they stay in the nearest cache.
pub(super) const CHUNK: usize = 64;

/// One draw of each stretch.
pub(super) type Drawn = [u32; LANES];

/// A generator for each stretch, word by word. The rotation that ends a step is left to the next
/// one, where it is part of what is drawn: compilers make vectors of that alone.
#[derive(Clone, Debug)]
pub(super) struct Lanes([[u64; LANES]; 4]);

impl Lanes {
    /// Stretches that begin this many draws apart, the first where the stream does.
    pub(super) fn new(seed: u64, apart: u64) -> Self {
        let jump = Jump::of(apart);
        let mut generator = Generator::new(seed);
        let mut words = [[0; LANES]; 4];
        for lane in 0..LANES {
            let [a, b, c, d] = generator.words();
            for (word, all) in [a, b, c, d.rotate_right(45)].into_iter().zip(&mut words) {
                all[lane] = word;
            }
            generator = jump.from(&generator);
        }
        Self(words)
    }

    /// The next 64 bits of each: `Generator::draw`.
    #[inline(always)]
    fn draw(&mut self) -> [u64; LANES] {
        let [a, b, c, d] = &mut self.0;
        let mut drawn = [0; LANES];
        for lane in 0..LANES {
            d[lane] = d[lane].rotate_left(45);
            drawn[lane] = a[lane].wrapping_add(d[lane]).rotate_left(23).wrapping_add(a[lane]);
        }
        for lane in 0..LANES {
            let t = b[lane] << 17;
            c[lane] ^= a[lane];
            d[lane] ^= b[lane];
            b[lane] ^= c[lane];
            a[lane] ^= d[lane];
            c[lane] ^= t;
        }
        drawn
    }

    /// A number below the bound of each: `Generator::below`. The high half of the product in two
    /// halves, since vectors multiply 32 bits.
    #[inline(always)]
    fn below(&mut self, bounds: &Drawn) -> Drawn {
        let drawn = self.draw();
        let mut below = [0; LANES];
        for lane in 0..LANES {
            let bound = u64::from(bounds[lane]);
            let (high, low) = (drawn[lane] >> 32, drawn[lane] & 0xffff_ffff);
            let carried = low.wrapping_mul(bound) >> 32;
            below[lane] = (high.wrapping_mul(bound).wrapping_add(carried) >> 32) as u32;
        }
        below
    }

    /// Draws numbers below `bound` of each, as many as there is room for.
    pub(super) fn fill(&mut self, drawn: &mut [Drawn], bound: u32) {
        #[cfg(target_arch = "x86_64")]
        if wide::fill(self, drawn, bound) {
            return;
        }
        self.fill_anywhere(drawn, bound);
    }

    fn fill_anywhere(&mut self, drawn: &mut [Drawn], bound: u32) {
        vectorized(Fill { lanes: self, drawn, bounds: [bound; LANES] });
    }
}

struct Fill<'a> {
    lanes: &'a mut Lanes,
    drawn: &'a mut [Drawn],
    /// As a vector, whose elements are seen to have 32 bits.
    bounds: Drawn,
}

impl pulp::NullaryFnOnce for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        // A copy stays in registers.
        let mut lanes = self.lanes.clone();
        for one in self.drawn {
            *one = lanes.below(&self.bounds);
        }
        *self.lanes = lanes;
    }
}

/// Work that is compiled for the vectors of every kind of processor, and done with the widest that
/// this one has. Its result is the same with each. All that it calls must be `inline(always)`, and
/// closures, which cannot be, stay out of it: a function of its own is compiled for the least.
pub(super) fn vectorized<W: pulp::NullaryFnOnce>(work: W) -> W::Output {
    pulp::Arch::new().dispatch(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_parts_of_one_stream() {
        for (apart, bound) in [(1, 7), (65, 1_000), (130, u32::MAX)] {
            let mut one = Generator::new(5);
            let whole: Vec<u64> = (0..apart * LANES).map(|_| one.below(u64::from(bound))).collect();
            // With what this processor has, and as every processor does it.
            for fill in [Lanes::fill, Lanes::fill_anywhere] {
                let (mut lanes, mut drawn) = (Lanes::new(5, apart as u64), vec![[0; LANES]; apart]);
                let (first, rest) = drawn.split_at_mut(apart / 2);
                fill(&mut lanes, first, bound);
                fill(&mut lanes, rest, bound);
                let found: Vec<Vec<u64>> = (0..LANES)
                    .map(|lane| drawn.iter().map(|one| u64::from(one[lane])).collect())
                    .collect();
                assert_eq!(found.concat(), whole, "{apart} below {bound}");
            }
        }
    }
}
