//! Several stretches of one stream of draws, drawn side by side: a step of the generator waits for
//! the one before it, and those of different stretches do not wait for one another.
//!
//! What is drawn is what one generator draws, in another order of time.

use super::generator::{Generator, Jump};

mod registers;
mod wide;

use registers::Registers;
pub(super) use wide::translate;

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
pub(super) trait Place: Copy + Into<u32> + TryFrom<u64> {
    /// The first place.
    const ZERO: Self;

    /// The upper halves of words in registers.
    fn of_upper<R: Registers>(registers: R, words: R::Words) -> Drawn<Self>;
}

impl Place for u32 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn of_upper<R: Registers>(registers: R, words: R::Words) -> Drawn<Self> {
        registers.upper_as_u32(words)
    }
}

impl Place for u8 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn of_upper<R: Registers>(registers: R, words: R::Words) -> Drawn<Self> {
        registers.upper_as_u8(words)
    }
}

/// A generator for each stretch, word by word. The rotation that ends a step is left to the next
/// one, which begins with it.
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

    /// Draws numbers below `bound` of each, as many as there is room for in one step:
    /// `Generator::below`.
    pub(super) fn fill<D: Draw>(&mut self, drawn: &mut [D], step: usize, bound: u32) {
        wide::fill(self, drawn, step, bound);
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
    use super::registers::Plain;
    use super::*;

    type FillBy<D> = fn(&mut Lanes, &mut [D], usize, u32) -> bool;
    type Translation = fn(&[u8; 32], &[Column], &mut [Column]) -> bool;

    /// By each kind of registers that processors may have.
    fn ways_to_fill<D: Draw>() -> Vec<FillBy<D>> {
        vec![
            wide::fill_with::<Plain, D>,
            #[cfg(target_arch = "x86_64")]
            wide::fill_with::<pulp::x86::V3, D>,
            #[cfg(target_arch = "x86_64")]
            wide::fill_with::<pulp::x86::V4, D>,
        ]
    }

    fn ways_to_translate() -> Vec<Translation> {
        vec![
            wide::translate_with::<Plain>,
            #[cfg(target_arch = "x86_64")]
            wide::translate_with::<pulp::x86::V3>,
            #[cfg(target_arch = "x86_64")]
            wide::translate_with::<pulp::x86::V4>,
        ]
    }

    fn assert_parts<D: Draw>(apart: usize, bound: u32) {
        let mut one = Generator::new(5);
        let whole: Vec<u64> = (0..apart * LANES).map(|_| one.below(u64::from(bound))).collect();
        for (fill, step) in ways_to_fill::<D>().into_iter().zip([0, 3, 7]) {
            let (mut lanes, mut drawn) = (Lanes::new(5, apart as u64), vec![D::NONE; apart]);
            let (first, rest) = drawn.split_at_mut(apart / 2);
            if !fill(&mut lanes, first, step, bound) {
                continue;
            }
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
        for translate in ways_to_translate() {
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
