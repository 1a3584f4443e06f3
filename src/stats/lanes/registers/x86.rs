//! The vector registers of x86-64 processors: eight words of 64 bits in one, or in two. Left to
//! itself, the compiler takes such words apart and puts them together again in every step.

use std::arch::x86_64::{__m128i, __m256i, __m512i};

use pulp::cast;
use pulp::x86::{V3, V4};

use super::super::{Column, Drawn, LANES};
use super::Registers;

/// The truth table of a ^ b ^ c.
const XOR: i32 = 0x96;

impl Registers for V4 {
    type Words = __m512i;

    fn of_this_machine() -> Option<Self> {
        Self::try_new()
    }

    #[inline(always)]
    fn run<W: pulp::NullaryFnOnce>(self, work: W) -> W::Output {
        self.vectorize(work)
    }

    #[inline(always)]
    fn load(self, words: [u64; LANES]) -> __m512i {
        cast(words)
    }

    #[inline(always)]
    fn splat(self, number: u32) -> __m512i {
        self.avx512f._mm512_cvtepu32_epi64(cast([number; LANES]))
    }

    #[inline(always)]
    fn store(self, words: __m512i) -> [u64; LANES] {
        cast(words)
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        self.avx512f._mm512_add_epi64(a, b)
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        self.avx512f._mm512_xor_si512(a, b)
    }

    #[inline(always)]
    fn xor_3(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        self.avx512f._mm512_ternarylogic_epi64::<XOR>(a, b, c)
    }

    #[inline(always)]
    fn up_17(self, a: __m512i) -> __m512i {
        self.avx512f._mm512_slli_epi64::<17>(a)
    }

    #[inline(always)]
    fn upper(self, a: __m512i) -> __m512i {
        self.avx512f._mm512_srli_epi64::<32>(a)
    }

    #[inline(always)]
    fn rotate<const BITS: i32, const REST: i32>(self, a: __m512i) -> __m512i {
        self.avx512f._mm512_rol_epi64::<BITS>(a)
    }

    #[inline(always)]
    fn multiply(self, a: __m512i, b: __m512i) -> __m512i {
        self.avx512f._mm512_mul_epu32(a, b)
    }

    #[inline(always)]
    fn larger_halves(self, a: __m512i, b: __m512i) -> __m512i {
        self.avx512f._mm512_max_epu32(a, b)
    }

    #[inline(always)]
    fn largest_half(self, a: __m512i) -> u32 {
        self.avx512f._mm512_reduce_max_epu32(a)
    }

    #[inline(always)]
    fn upper_as_u8(self, a: __m512i) -> Drawn<u8> {
        let [bytes, _]: [Drawn<u8>; 2] = cast(self.avx512f._mm512_cvtepi64_epi8(self.upper(a)));
        bytes
    }

    #[inline(always)]
    fn upper_as_u32(self, a: __m512i) -> Drawn<u32> {
        cast(self.avx512f._mm512_cvtepi64_epi32(self.upper(a)))
    }

    #[inline(always)]
    fn look_up(self, table: [u8; 32], places: &[Column], found: &mut [Column]) {
        let (simd, bytes) = (self.avx512f, self.avx512bw);
        let [lower, upper]: [__m128i; 2] = cast(table);
        let lower = simd._mm512_broadcast_i32x4(lower);
        let upper = simd._mm512_broadcast_i32x4(upper);
        for (places, found) in places.iter().zip(found) {
            let at = cast(*places);
            let is_upper = bytes._mm512_test_epi8_mask(at, cast([16_u8; 64]));
            let low = bytes._mm512_shuffle_epi8(lower, at);
            let high = bytes._mm512_shuffle_epi8(upper, at);
            *found = cast(bytes._mm512_mask_blend_epi8(is_upper, low, high));
        }
    }
}

/// Four lanes in each.
type Pair = [__m256i; 2];

impl Registers for V3 {
    type Words = Pair;

    fn of_this_machine() -> Option<Self> {
        Self::try_new()
    }

    #[inline(always)]
    fn run<W: pulp::NullaryFnOnce>(self, work: W) -> W::Output {
        self.vectorize(work)
    }

    #[inline(always)]
    fn load(self, words: [u64; LANES]) -> Pair {
        cast(words)
    }

    #[inline(always)]
    fn splat(self, number: u32) -> Pair {
        [self.avx2._mm256_cvtepu32_epi64(cast([number; 4])); 2]
    }

    #[inline(always)]
    fn store(self, words: Pair) -> [u64; LANES] {
        cast(words)
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        [self.avx2._mm256_add_epi64(a[0], b[0]), self.avx2._mm256_add_epi64(a[1], b[1])]
    }

    #[inline(always)]
    fn xor(self, a: Pair, b: Pair) -> Pair {
        [self.avx2._mm256_xor_si256(a[0], b[0]), self.avx2._mm256_xor_si256(a[1], b[1])]
    }

    #[inline(always)]
    fn xor_3(self, a: Pair, b: Pair, c: Pair) -> Pair {
        self.xor(self.xor(a, b), c)
    }

    #[inline(always)]
    fn up_17(self, a: Pair) -> Pair {
        [self.avx2._mm256_slli_epi64::<17>(a[0]), self.avx2._mm256_slli_epi64::<17>(a[1])]
    }

    #[inline(always)]
    fn upper(self, a: Pair) -> Pair {
        [self.avx2._mm256_srli_epi64::<32>(a[0]), self.avx2._mm256_srli_epi64::<32>(a[1])]
    }

    #[inline(always)]
    fn rotate<const BITS: i32, const REST: i32>(self, a: Pair) -> Pair {
        let simd = self.avx2;
        let up = [simd._mm256_slli_epi64::<BITS>(a[0]), simd._mm256_slli_epi64::<BITS>(a[1])];
        let down = [simd._mm256_srli_epi64::<REST>(a[0]), simd._mm256_srli_epi64::<REST>(a[1])];
        [simd._mm256_or_si256(up[0], down[0]), simd._mm256_or_si256(up[1], down[1])]
    }

    #[inline(always)]
    fn multiply(self, a: Pair, b: Pair) -> Pair {
        [self.avx2._mm256_mul_epu32(a[0], b[0]), self.avx2._mm256_mul_epu32(a[1], b[1])]
    }

    #[inline(always)]
    fn larger_halves(self, a: Pair, b: Pair) -> Pair {
        [self.avx2._mm256_max_epu32(a[0], b[0]), self.avx2._mm256_max_epu32(a[1], b[1])]
    }

    #[inline(always)]
    fn largest_half(self, a: Pair) -> u32 {
        let halves: [u32; 8] = cast(self.avx2._mm256_max_epu32(a[0], a[1]));
        let mut largest = 0;
        for half in halves {
            largest = largest.max(half);
        }
        largest
    }

    #[inline(always)]
    fn upper_as_u8(self, a: Pair) -> Drawn<u8> {
        let words = self.upper_in_order(a);
        // Bytes of four lanes come together at the beginning of each half.
        let places: __m256i = cast([[0x0c08_0400_u32, !0, !0, !0]; 2]);
        let bytes: [[u8; 16]; 2] = cast(self.avx2._mm256_shuffle_epi8(words, places));
        let [[a, b, c, d, ..], [e, f, g, h, ..]] = bytes;
        [a, b, c, d, e, f, g, h]
    }

    #[inline(always)]
    fn upper_as_u32(self, a: Pair) -> Drawn<u32> {
        cast(self.upper_in_order(a))
    }

    #[inline(always)]
    fn look_up(self, table: [u8; 32], places: &[Column], found: &mut [Column]) {
        let simd = self.avx2;
        let [lower, upper]: [__m128i; 2] = cast(table);
        let lower = simd._mm256_broadcastsi128_si256(lower);
        let upper = simd._mm256_broadcastsi128_si256(upper);
        for (places, found) in places.iter().zip(found) {
            let places: Pair = cast(*places);
            let mut pair = places;
            for half in 0..2 {
                let low = simd._mm256_shuffle_epi8(lower, places[half]);
                let high = simd._mm256_shuffle_epi8(upper, places[half]);
                // The bit that is worth 16 becomes the highest, which chooses.
                let choice = simd._mm256_slli_epi16::<3>(places[half]);
                pair[half] = simd._mm256_blendv_epi8(low, high, choice);
            }
            *found = cast(pair);
        }
    }
}

/// What only pairs of registers need.
trait Halves {
    /// The upper halves of all words.
    fn upper_in_order(self, a: Pair) -> __m256i;
}

impl Halves for V3 {
    #[inline(always)]
    fn upper_in_order(self, a: Pair) -> __m256i {
        // Lanes 0, 1, 4, 5 and 2, 3, 6, 7.
        let mixed = self.avx._mm256_shuffle_ps::<0b11_01_11_01>(cast(a[0]), cast(a[1]));
        self.avx2._mm256_permute4x64_epi64::<0b11_01_10_00>(cast(mixed))
    }
}
