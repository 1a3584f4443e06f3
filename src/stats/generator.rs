//! The generator: the same stream on every machine and with every version of a library.

/// xoshiro256++ seeded by SplitMix64 (Blackman and Vigna 2021, doi:10.1145/3460772), with our own
/// bounding and shuffle, so that the values never change with a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator([u64; 4]);

/// Without its leading term, the characteristic polynomial of the step over GF(2), lowest bit
/// first. Its test derives the published jump of 2¹²⁸ draws from it.
const POLYNOMIAL: [u64; 4] =
    [0x9d11_6f2b_b0f0_f001, 0x0280_002b_cefd_1a5e, 0x04b4_edcf_2625_9f85, 0x0003_c03c_3f3e_cb19];

impl Generator {
    /// A generator at the start of its stream.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        let [a, _, _, d] = self.0;
        self.step();
        a.wrapping_add(d).rotate_left(23).wrapping_add(a)
    }

    fn step(&mut self) {
        let s = &mut self.0;
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
    }

    /// A number below `bound` by multiply-high: one draw, no rejection.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.draw()) * u128::from(bound);
        u64::try_from(product >> 64).expect("the high half of a 128-bit product fits 64 bits")
    }

    /// Fisher-Yates, from the end down.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).expect("an index");
            items.swap(last, other);
        }
    }

    /// The four words of the state.
    pub(super) fn words(&self) -> [u64; 4] {
        self.0
    }
}

/// A number of draws that can be passed over in the time of 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jump([u64; 4]);

impl Jump {
    /// xᵈ modulo the characteristic polynomial, whose value at the step is that many steps.
    pub(super) fn of(draws: u64) -> Self {
        // Below 256, a power is a single term.
        let rest = (u64::BITS - draws.leading_zeros()).saturating_sub(8);
        let top = (draws >> rest) as usize;
        let mut power = [0; 4];
        power[top / 64] = 1 << (top % 64);
        for bit in (0..rest).rev() {
            power = square(power);
            if draws >> bit & 1 == 1 {
                power = times_x(power);
            }
        }
        Self(power)
    }

    /// The generator after those draws.
    pub(super) fn from(self, generator: &Generator) -> Generator {
        let mut at = generator.clone();
        let mut sum = [0; 4];
        for word in self.0 {
            for bit in 0..u64::BITS {
                if word >> bit & 1 == 1 {
                    sum.iter_mut().zip(at.0).for_each(|(sum, word)| *sum ^= word);
                }
                at.step();
            }
        }
        Generator(sum)
    }
}

fn times_x(p: [u64; 4]) -> [u64; 4] {
    let mut shifted: [u64; 4] =
        std::array::from_fn(|at| p[at] << 1 | at.checked_sub(1).map_or(0, |low| p[low] >> 63));
    if p[3] >> 63 == 1 {
        shifted.iter_mut().zip(POLYNOMIAL).for_each(|(word, term)| *word ^= term);
    }
    shifted
}

/// The square: over GF(2), every bit moves to twice its place. From the top, by Horner's rule.
fn square(p: [u64; 4]) -> [u64; 4] {
    let bit = |at: usize| p[at / 64] >> (at % 64) & 1;
    (0..256).rev().fold([0; 4], |sum, at| {
        let mut sum = times_x(times_x(sum));
        sum[0] ^= bit(at);
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn the_stream_is_that_of_the_reference() {
        for seed in [0, 1, 42, u64::MAX] {
            let mut theirs = Xoshiro256PlusPlus::seed_from_u64(seed);
            let mut ours = Generator::new(seed);
            for _ in 0..1_000 {
                assert_eq!(ours.draw(), theirs.next_u64(), "{seed}");
            }
        }
    }

    /// The constants of `jump` in the authors' <https://prng.di.unimi.it/xoshiro256plusplus.c>.
    #[test]
    fn the_polynomial_gives_the_published_jump() {
        let far = (0..128).fold([2, 0, 0, 0], |power, _| square(power));
        let published = [
            0x180e_c6d3_3cfd_0aba,
            0xd5a6_1266_f0c9_392c,
            0xa958_2618_e03f_c9aa,
            0x39ab_dc45_29b1_661c,
        ];
        assert_eq!(far, published);
        let mut theirs = Xoshiro256PlusPlus::seed_from_u64(3);
        theirs.jump();
        assert_eq!(Jump(far).from(&Generator::new(3)).draw(), theirs.next_u64());
    }

    #[test]
    fn a_jump_is_as_many_draws() {
        for draws in [0, 1, 2, 63, 64, 65, 300, 4_097] {
            let mut one = Generator::new(9);
            let jumped = Jump::of(draws).from(&one);
            (0..draws).for_each(|_| {
                one.draw();
            });
            assert_eq!(jumped, one, "{draws}");
        }
    }
}
