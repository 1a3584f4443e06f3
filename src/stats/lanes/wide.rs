//! Draws and lookups in the widest registers that the processor has.

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

use super::registers::{Plain, Registers};
use super::{Column, Draw, Lanes, Place};

/// Up to this bound, at most one draw in 4096 needs the lower half of its word.
const SELDOM: u32 = 1 << 20;

/// Draws numbers below `bound` of each lane, as many as there is room for in one step.
pub(super) fn fill<D: Draw>(lanes: &mut Lanes, drawn: &mut [D], step: usize, bound: u32) {
    #[cfg(target_arch = "x86_64")]
    if fill_with::<V4, D>(lanes, drawn, step, bound)
        || fill_with::<V3, D>(lanes, drawn, step, bound)
    {
        return;
    }
    fill_with::<Plain, D>(lanes, drawn, step, bound);
}

/// What the table has at each place.
pub(in super::super) fn translate(table: &[u8; 32], drawn: &[Column], found: &mut [Column]) {
    #[cfg(target_arch = "x86_64")]
    if translate_with::<V4>(table, drawn, found) || translate_with::<V3>(table, drawn, found) {
        return;
    }
    translate_with::<Plain>(table, drawn, found);
}

/// The same with one kind of registers; whether this processor has it.
pub(super) fn fill_with<R: Registers, D: Draw>(
    lanes: &mut Lanes,
    drawn: &mut [D],
    step: usize,
    bound: u32,
) -> bool {
    let Some(registers) = R::of_this_machine() else { return false };
    let before = lanes.clone();
    let is_done = bound <= SELDOM
        && registers.run(Fill::<R, D, false> { registers, lanes, drawn: &mut *drawn, step, bound });
    if !is_done {
        *lanes = before;
        registers.run(Fill::<R, D, true> { registers, lanes, drawn, step, bound });
    }
    true
}

/// The same with one kind of registers; whether this processor has it.
pub(super) fn translate_with<R: Registers>(
    table: &[u8; 32],
    drawn: &[Column],
    found: &mut [Column],
) -> bool {
    let Some(registers) = R::of_this_machine() else { return false };
    registers.run(Translate { registers, table, drawn, found });
    true
}

/// Multiplies all 64 bits of a word, or, which is less work, only the upper 32: what the lower ones
/// would carry is less than the bound, and seldom matters.
struct Fill<'a, R, D, const WHOLE: bool> {
    registers: R,
    lanes: &'a mut Lanes,
    drawn: &'a mut [D],
    step: usize,
    bound: u32,
}

impl<R: Registers, D: Draw, const WHOLE: bool> pulp::NullaryFnOnce for Fill<'_, R, D, WHOLE> {
    /// Whether nothing that was left out matters.
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        let Self { registers: r, lanes, drawn, step, bound } = self;
        let bounds = r.splat(bound);
        let [a, b, c, d] = lanes.0;
        let (mut a, mut b, mut c, mut d) = (r.load(a), r.load(b), r.load(c), r.load(d));
        // The upper halves of products are less than the bound, and say nothing.
        let mut largest = r.splat(0);
        for draw in drawn {
            d = r.rotate::<45, 19>(d);
            let word = r.add(r.rotate::<23, 41>(r.add(a, d)), a);
            let mut product = r.multiply(r.upper(word), bounds);
            if WHOLE {
                product = r.add(product, r.upper(r.multiply(word, bounds)));
            } else {
                largest = r.larger_halves(largest, product);
            }
            *draw.step(step) = D::Place::of_upper(r, product);
            let t = r.up_17(b);
            [a, b, c, d] = [r.xor_3(a, b, d), r.xor_3(a, b, c), r.xor_3(a, c, t), r.xor(b, d)];
        }
        lanes.0 = [r.store(a), r.store(b), r.store(c), r.store(d)];
        r.largest_half(largest).checked_add(bound).is_some()
    }
}

struct Translate<'a, R> {
    registers: R,
    table: &'a [u8; 32],
    drawn: &'a [Column],
    found: &'a mut [Column],
}

impl<R: Registers> pulp::NullaryFnOnce for Translate<'_, R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.registers.look_up(*self.table, self.drawn, self.found);
    }
}
