//! The draws of eight lanes in registers of 512 bits, written out: left to itself, the compiler
//! takes some of these words apart and puts them together again in every step.

use pulp::cast;
use pulp::x86::V4;

use super::{Drawn, LANES, Lanes};

/// Draws as [`Lanes::fill_anywhere`] does where the processor has AVX-512; whether it has.
pub(super) fn fill(lanes: &mut Lanes, drawn: &mut [Drawn], bound: u32) -> bool {
    let Some(simd) = V4::try_new() else { return false };
    simd.vectorize(Wide { simd, lanes, drawn, bounds: [bound; LANES] });
    true
}

struct Wide<'a> {
    simd: V4,
    lanes: &'a mut Lanes,
    drawn: &'a mut [Drawn],
    bounds: Drawn,
}

impl pulp::NullaryFnOnce for Wide<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, lanes, drawn, bounds } = self;
        let simd = simd.avx512f;
        // Seen to have 32 bits, so that products are those of 32 bits.
        let bound = simd._mm512_cvtepu32_epi64(cast(bounds));
        let [mut a, mut b, mut c, mut d] = lanes.0.map(cast);
        for one in drawn {
            d = simd._mm512_rol_epi64::<45>(d);
            let sum = simd._mm512_rol_epi64::<23>(simd._mm512_add_epi64(a, d));
            let word = simd._mm512_add_epi64(sum, a);
            let low = simd._mm512_srli_epi64::<32>(simd._mm512_mul_epu32(word, bound));
            let high = simd._mm512_mul_epu32(simd._mm512_srli_epi64::<32>(word), bound);
            let product = simd._mm512_srli_epi64::<32>(simd._mm512_add_epi64(high, low));
            *one = cast(simd._mm512_cvtepi64_epi32(product));
            let t = simd._mm512_slli_epi64::<17>(b);
            c = simd._mm512_xor_si512(c, a);
            d = simd._mm512_xor_si512(d, b);
            b = simd._mm512_xor_si512(b, c);
            a = simd._mm512_xor_si512(a, d);
            c = simd._mm512_xor_si512(c, t);
        }
        lanes.0 = [cast(a), cast(b), cast(c), cast(d)];
    }
}
