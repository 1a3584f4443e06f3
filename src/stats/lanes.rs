//! Several stretches of one stream of draws, drawn side by side: a step of the generator waits for
//! the one before it, and those of different stretches do not wait for one another.
//!
//! What is drawn is what one generator draws, in another order of time.

use super::generator::{Generator, Jump};

#[cfg(target_arch = "x86_64")]
mod registers;
#[cfg(target_arch = "x86_64")]
mod wide;

#[cfg(target_arch = "x86_64")]
use registers::Registers;

/// Stretches that are drawn at once: eight words are one vector register, or two.
pub(super) const LANES: usize = 8;

/// Draws of each stretch that are made together: they stay in the nearest cache.
pub(super) const CHUNK: usize = 64;

/// One draw of each stretch.
pub(super) type Drawn<T> = [T; LANES];

/// The same draw of eight resamples of each stretch, as many as a vector register has bytes.
pub(super) type Column = [Drawn<u8>; 8];

/// The same draw of several resamples of each stretch.
pub(super) trait Draw: Copy {
    /// Of how many.
    const STEPS: usize;

    /// Before anything is drawn.
    const NONE: Self;

    /// What holds one place.
    type Place: Place;

    /// That of one of the resamples.
    fn step(&mut self, step: usize) -> &mut Drawn<Self::Place>;
}

impl<T: Place, const STEPS: usize> Draw for [Drawn<T>; STEPS] {
    const STEPS: usize = STEPS;

    const NONE: Self = [[T::ZERO; LANES]; STEPS];

    type Place = T;

    #[inline(always)]
    fn step(&mut self, step: usize) -> &mut Drawn<T> {
        &mut self[step % STEPS]
    }
}

/// A number that holds what is drawn below a bound.
pub(super) trait Place: Copy + Into<u32> {
    /// The first place.
    const ZERO: Self;

    /// The lower bits.
    fn of(drawn: u64) -> Self;

    /// The upper halves of words in registers.
    #[cfg(target_arch = "x86_64")]
    fn of_upper<R: Registers>(registers: R, words: R::Words) -> Drawn<Self>;
}

impl Place for u32 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn of(drawn: u64) -> Self {
        drawn as Self
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn of_upper<R: Registers>(registers: R, words: R::Words) -> Drawn<Self> {
        registers.upper_as_u32(words)
    }
}

impl Place for u8 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn of(drawn: u64) -> Self {
        drawn as Self
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn of_upper<R: Registers>(registers: R, words: R::Words) -> Drawn<Self> {
        registers.upper_as_u8(words)
    }
}

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
            if lane > 0 {
                generator = jump.from(&generator);
            }
            let [a, b, c, d] = generator.words();
            for (word, all) in [a, b, c, d.rotate_right(45)].into_iter().zip(&mut words) {
                all[lane] = word;
            }
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
    fn below<T: Place>(&mut self, bounds: &Drawn<u32>) -> Drawn<T> {
        let drawn = self.draw();
        let mut below = [T::ZERO; LANES];
        for lane in 0..LANES {
            let bound = u64::from(bounds[lane]);
            let (high, low) = (drawn[lane] >> 32, drawn[lane] & 0xffff_ffff);
            let carried = low.wrapping_mul(bound) >> 32;
            below[lane] = T::of(high.wrapping_mul(bound).wrapping_add(carried) >> 32);
        }
        below
    }

    /// Draws numbers below `bound` of each, as many as there is room for in one step.
    pub(super) fn fill<D: Draw>(&mut self, drawn: &mut [D], step: usize, bound: u32) {
        #[cfg(target_arch = "x86_64")]
        if wide::fill(self, drawn, step, bound) {
            return;
        }
        self.fill_anywhere(drawn, step, bound);
    }

    fn fill_anywhere<D: Draw>(&mut self, drawn: &mut [D], step: usize, bound: u32) {
        vectorized(Fill { lanes: self, drawn, step, bounds: [bound; LANES] });
    }
}

struct Fill<'a, D> {
    lanes: &'a mut Lanes,
    drawn: &'a mut [D],
    step: usize,
    /// As a vector, whose elements are seen to have 32 bits.
    bounds: Drawn<u32>,
}

impl<D: Draw> pulp::NullaryFnOnce for Fill<'_, D> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        // A copy stays in registers.
        let mut lanes = self.lanes.clone();
        for draw in self.drawn {
            *draw.step(self.step) = lanes.below(&self.bounds);
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

/// What the table has at each place.
pub(super) fn translate(table: &[u8; 32], drawn: &[Column], found: &mut [Column]) {
    #[cfg(target_arch = "x86_64")]
    if wide::translate(table, drawn, found) {
        return;
    }
    translate_anywhere(table, drawn, found);
}

fn translate_anywhere(table: &[u8; 32], drawn: &[Column], found: &mut [Column]) {
    let found = found.as_flattened_mut().as_flattened_mut();
    for (place, found) in drawn.as_flattened().as_flattened().iter().zip(found) {
        *found = table[usize::from(*place) % 32];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type FillBy<D> = fn(&mut Lanes, &mut [D], usize, u32);
    type Translation = fn(&[u8; 32], &[Column], &mut [Column]) -> bool;

    /// By each kind of registers that such processors may have.
    #[cfg(target_arch = "x86_64")]
    mod by_registers {
        use pulp::x86::{V3, V4};

        use super::*;

        pub(super) fn fill<D: Draw>() -> Vec<FillBy<D>> {
            vec![fill_by::<V3, D>, fill_by::<V4, D>]
        }

        fn fill_by<R: Registers, D: Draw>(l: &mut Lanes, drawn: &mut [D], step: usize, bound: u32) {
            if !wide::fill_with::<R, D>(l, drawn, step, bound) {
                l.fill(drawn, step, bound);
            }
        }

        pub(super) fn translate() -> Vec<Translation> {
            vec![wide::translate_with::<V3>, wide::translate_with::<V4>]
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    mod by_registers {
        use super::*;

        pub(super) fn fill<D: Draw>() -> Vec<FillBy<D>> {
            Vec::new()
        }

        pub(super) fn translate() -> Vec<Translation> {
            Vec::new()
        }
    }

    fn assert_parts<D: Draw>(apart: usize, bound: u32) {
        let mut one = Generator::new(5);
        let whole: Vec<u64> = (0..apart * LANES).map(|_| one.below(u64::from(bound))).collect();
        let ways = [vec![Lanes::fill, Lanes::fill_anywhere], by_registers::fill::<D>()].concat();
        for (fill, step) in ways.into_iter().zip([0, 3, 5, 7]) {
            let (mut lanes, mut drawn) = (Lanes::new(5, apart as u64), vec![D::NONE; apart]);
            let (first, rest) = drawn.split_at_mut(apart / 2);
            fill(&mut lanes, first, step, bound);
            fill(&mut lanes, rest, step, bound);
            let mut found = Vec::new();
            for lane in 0..LANES {
                found.extend(
                    drawn.iter_mut().map(|draw| draw.step(step)[lane].into()).map(u64::from),
                );
            }
            assert!(found == whole, "{apart} below {bound}");
        }
    }

    #[test]
    fn stretches_are_parts_of_one_stream() {
        // Of the last but one, ten need the lower halves of their words.
        for (apart, bound) in [(1, 7), (65, 1_000), (10_000, 1_000_003), (130, u32::MAX)] {
            assert_parts::<[Drawn<u32>; 1]>(apart, bound);
        }
        for (apart, bound) in [(1, 7), (65, 32), (130, 256)] {
            assert_parts::<Column>(apart, bound);
        }
    }

    #[test]
    fn every_kind_of_register_looks_up_the_same() {
        let table: [u8; 32] = std::array::from_fn(|at| (at * 7 % 32) as u8 + 100);
        let mut drawn = [Column::NONE; 3];
        for (at, place) in drawn.as_flattened_mut().as_flattened_mut().iter_mut().enumerate() {
            *place = (at * 5 % 32) as u8;
        }
        let anywhere: Translation = |table, drawn, found| {
            translate_anywhere(table, drawn, found);
            true
        };
        for translate in [vec![anywhere], by_registers::translate()].concat() {
            let mut found = [Column::NONE; 3];
            if translate(&table, &drawn, &mut found) {
                for (place, found) in drawn
                    .as_flattened()
                    .as_flattened()
                    .iter()
                    .zip(found.as_flattened().as_flattened())
                {
                    assert_eq!(*found, table[usize::from(*place)]);
                }
            }
        }
    }
}
