use proptest::prelude::*;

use super::*;
use crate::design::ParamName;

fn integer(value: impl Into<BigInt>) -> Value {
    Value::Integer(value.into())
}

fn binding(name: &str, value: Value) -> Binding {
    Binding { name: ParamName::new(name).unwrap(), value }
}

fn naive(range: Range<u64>, powers: &[u32]) -> BigUint {
    range
        .map(|i| {
            let terms = powers.iter().map(|&power| BigUint::from(i).pow(power));
            terms.sum::<BigUint>()
        })
        .sum()
}

fn sum(answer: Option<Answer>) -> BigInt {
    match answer {
        Some(Answer::Sum(sum)) => sum,
        other => panic!("no sum: {other:?}"),
    }
}

/// Faulhaber for the powers 1, 2 and 3, over 0..n.
fn closed_form(n: u64) -> BigInt {
    let n = BigInt::from(n);
    let m: BigInt = &n - 1;
    let linear: BigInt = &n * &m / 2;
    let square: BigInt = &n * &m * (2 * &n - 1) / 6;
    let cube: BigInt = &linear * &linear;
    linear + square + cube
}

#[test]
fn the_answer_of_the_exercise_comes_out() {
    let params = [binding("n", integer(1_000_000))];
    let task = PowerSum.prepare(&params).unwrap();
    let one = task.run(Share::WHOLE, &Cancel::new()).unwrap();
    let both = sum(Some(one.clone().combine(one)));
    assert_eq!(both.to_string(), "499999666667166666000000");
    assert_eq!(task.work_units(Share::WHOLE), 1_000_000);
}

#[test]
fn answers_equal_the_closed_form_across_chunk_and_width_bounds() {
    for n in [0, 1, 2, 3, 65_535, 65_536, 65_537, 131_072, 2_700_000, 3_000_001] {
        let task = Walk::new(n, vec![3, 1, 2]);
        let answer = sum(task.run(Share::WHOLE, &Cancel::new()));
        assert_eq!(answer, closed_form(n), "n = {n}");
    }
}

#[test]
fn chunks_around_every_bound_equal_the_naive_sum() {
    let bounds = [
        2_642_245,                  // i³ leaves 64 bits
        u64::from(u32::MAX),        // i² leaves 64 bits
        (1 << 37) + 34_000_000_000, // 2^16 terms leave 128 bits
        6_981_463_658_331,          // i³ leaves 128 bits
        u64::MAX - 40,
    ];
    for powers in [vec![1, 2, 3], vec![0, 3], vec![2], vec![5, 1], vec![]] {
        for bound in bounds {
            let range = bound - 40..bound + 40;
            let walk = Walk::new(u64::MAX, powers.clone());
            let found = walk.chunk(range.clone(), &Cancel::new()).unwrap();
            assert_eq!(found, naive(range, &powers), "{powers:?} near {bound}");
        }
    }
}

#[test]
fn the_width_is_the_narrowest_that_is_proved_for_the_default_powers() {
    let powers = [1, 2, 3];
    let term = |last: u64| naive(last..last + 1, &powers);
    let first_not = |limit: BigUint| {
        let (mut below, mut above) = (0_u64, u64::MAX - 1);
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            if term(middle) < limit {
                below = middle;
            } else {
                above = middle;
            }
        }
        above
    };
    let leaves_64 = first_not(BigUint::from(1_u8) << 64_u32);
    assert_eq!(Width::of(&powers, leaves_64 - 1), Width::Term64);
    assert_eq!(Width::of(&powers, leaves_64), Width::Sum128);
    let leaves_128 = first_not(BigUint::from(1_u8) << 112_u32);
    assert_eq!(Width::of(&powers, leaves_128 - 1), Width::Sum128);
    assert_eq!(Width::of(&powers, leaves_128), Width::Big);
}

#[test]
fn a_power_of_any_height_is_exact() {
    let task = Walk::new(20, vec![500, 0]);
    let answer = sum(task.run(Share::WHOLE, &Cancel::new()));
    assert_eq!(answer, BigInt::from(naive(0..20, &[500, 0])));
    assert_eq!(Width::of(&[u32::MAX], 1), Width::Term64);
    assert_eq!(Width::of(&[u32::MAX], 2), Width::Big);
}

#[test]
fn cancelling_stops_a_walk_that_would_take_centuries() {
    let cancel = Cancel::new();
    cancel.set();
    assert_eq!(Walk::new(u64::MAX, vec![1]).run(Share::WHOLE, &cancel), None);
    let far = u64::MAX - 9..u64::MAX;
    assert_eq!(terms_in_big(far, &[9], &cancel), None);
}

#[test]
fn what_is_not_accepted_is_named() {
    let refused = |params: &[Binding]| PowerSum.prepare(params).err().unwrap();
    assert!(refused(&[]).contains("`n`"));
    let beyond = BigInt::from(u64::MAX) + 1;
    assert!(refused(&[binding("n", integer(beyond))]).contains("18446744073709551615"));
    assert!(refused(&[binding("n", integer(-1))]).contains("`n`"));
    let n = || binding("n", integer(1));
    for bad in [integer(3), Value::List(vec![integer(-1)]), Value::List(vec![integer(1_u64 << 32)])]
    {
        assert!(refused(&[n(), binding("powers", bad)]).contains("`powers`"));
    }
}

proptest! {
    #[test]
    fn any_small_walk_equals_the_naive_sum(n in 0_u64..300, powers in prop::collection::vec(0_u32..40, 0..5)) {
        let task = Walk::new(n, powers.clone());
        let answer = sum(task.run(Share::WHOLE, &Cancel::new()));
        prop_assert_eq!(answer, BigInt::from(naive(0..n, &powers)));
    }

    #[test]
    fn shares_add_up_to_the_whole(n in 0_u64..200_000, parts in 1_u32..9) {
        let task = Walk::new(n, vec![1, 2, 3]);
        let shares = (0..parts).map(|index| Share { index, parts });
        let total: BigInt = shares.clone().map(|share| sum(task.run(share, &Cancel::new()))).sum();
        prop_assert_eq!(total, closed_form(n));
        prop_assert_eq!(shares.map(|share| task.work_units(share)).sum::<u64>(), n);
    }

    #[test]
    fn no_chosen_width_can_overflow(powers in prop::collection::vec(0_u32..12, 0..4), shift in 0_u32..64, low in any::<u64>()) {
        let last = (low >> shift).min(u64::MAX - 1);
        let bound = naive(last..last + 1, &powers);
        match Width::of(&powers, last) {
            Width::Term64 => prop_assert!(bound.bits() <= 64),
            Width::Sum128 => prop_assert!(bound.bits() > 64 && (bound * CHUNK).bits() <= 128),
            Width::Big => prop_assert!((bound * CHUNK).bits() > 128),
        }
    }
}
