//! Seeds against the reference vectors; orders as permutations.

use proptest::prelude::*;
use serde_json::Value;

use super::order::{self, Slot};
use super::seed::{Purpose, derive_seed};
use super::trials::Phase;
use crate::design::{CellIx, Order};
use crate::stats::Generator;

fn vectors() -> Value {
    let vectors: Value =
        serde_json::from_str(include_str!("../../tests/fixtures/stat_vectors.json")).unwrap();
    vectors["rng"].clone()
}

fn integer(value: &Value) -> u64 {
    match value.as_str() {
        Some(text) => match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).unwrap(),
            None => text.parse().unwrap(),
        },
        None => value.as_u64().unwrap(),
    }
}

fn integers(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(integer).collect()
}

fn purpose(word: &str) -> Purpose {
    match word {
        "schedule" => Purpose::Schedule,
        "env_pad" => Purpose::EnvPad,
        "workload" => Purpose::Workload,
        "ratio" => Purpose::Ratio,
        other => panic!("the vectors name a purpose that is not covered: {other}"),
    }
}

#[test]
fn the_generator_reproduces_the_reference_stream() {
    for (seed, want) in vectors()["xoshiro256pp_seed_from_u64"].as_object().unwrap() {
        let want = integers(want);
        let mut generator = Generator::new(seed.parse().unwrap());
        let got: Vec<u64> = want.iter().map(|_| generator.draw()).collect();
        assert_eq!(got, want, "seed {seed}");
    }
}

#[test]
fn bounded_numbers_and_shuffles_reproduce_the_vectors() {
    let vectors = vectors();
    let below = &vectors["below"];
    let mut generator = Generator::new(integer(&below["seed"]));
    let want = integers(&below["first20"]);
    let bound = integer(&below["n"]);
    let got: Vec<u64> = want.iter().map(|_| generator.below(bound)).collect();
    assert_eq!(got, want);

    let shuffle = &vectors["shuffle"];
    let mut items = integers(&shuffle["input"]);
    Generator::new(integer(&shuffle["seed"])).shuffle(&mut items);
    assert_eq!(items, integers(&shuffle["output"]));
}

#[test]
fn seeds_are_derived_as_the_vectors_say() {
    for case in vectors()["derive_seed"].as_array().unwrap() {
        let purpose = purpose(case["purpose"].as_str().unwrap());
        let got = derive_seed(integer(&case["master"]), purpose, case["key"].as_str().unwrap());
        assert_eq!(got, integer(&case["seed"]), "{case}");
    }
}

#[test]
fn blocks_are_shuffled_as_the_vectors_say() {
    let vectors = vectors();
    let schedule = &vectors["schedule_randomised_complete_blocks"];
    let want: Vec<Vec<String>> = serde_json::from_value(schedule["blocks"].clone()).unwrap();
    let repeats = vec![u32::try_from(want.len()).unwrap(); want[0].len()];
    let slots = order::measured(Order::Blocks, &repeats, integer(&schedule["master"]));
    let got: Vec<Vec<String>> = slots
        .chunks(want[0].len())
        .map(|block| block.iter().map(|slot| slot.cell.id()).collect())
        .collect();
    assert_eq!(got, want);
}

#[test]
fn the_padding_of_the_environment_follows_the_vectors() {
    let vectors = vectors();
    let master = integer(&vectors["schedule_randomised_complete_blocks"]["master"]);
    for case in vectors["env_pad_bytes"].as_array().unwrap() {
        let seed = derive_seed(master, Purpose::EnvPad, case["trial_id"].as_str().unwrap());
        let got = Generator::new(seed).below(4096);
        assert_eq!(got, integer(&case["bytes"]), "{case}");
    }
}

const ORDERS: [Order; 3] = [Order::Blocks, Order::Shuffled, Order::Sequential];

fn key(slot: &Slot) -> (CellIx, u32) {
    (slot.cell, slot.repeat)
}

fn longest_gap(slots: &[Slot], cell: CellIx) -> usize {
    let at: Vec<usize> = (0..slots.len()).filter(|&at| slots[at].cell == cell).collect();
    at.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn every_order_is_a_permutation_of_the_same_trials(
        repeats in prop::collection::vec(0_u32..8, 1..12),
        seed in any::<u64>(),
    ) {
        let mut want: Vec<_> = order::measured(Order::Sequential, &repeats, seed).iter().map(key).collect();
        want.sort_unstable();
        prop_assert_eq!(want.len(), repeats.iter().sum::<u32>() as usize);
        for order in ORDERS {
            let slots = order::measured(order, &repeats, seed);
            prop_assert!(slots.iter().all(|slot| slot.phase == Phase::Measure));
            prop_assert_eq!(&slots, &order::measured(order, &repeats, seed), "a function of the seed");
            let mut got: Vec<_> = slots.iter().map(key).collect();
            got.sort_unstable();
            got.dedup();
            prop_assert_eq!(&got, &want);
        }
    }

    #[test]
    fn blocks_run_each_cell_once_and_never_far_apart(
        cells in 1_usize..12,
        blocks in 1_u32..10,
        seed in any::<u64>(),
    ) {
        let slots = order::measured(Order::Blocks, &vec![blocks; cells], seed);
        for (block, chunk) in slots.chunks(cells).enumerate() {
            prop_assert!(chunk.iter().all(|slot| slot.repeat as usize == block + 1));
        }
        for cell in 0..cells {
            // From the start of one block to the end of the next one.
            prop_assert!(longest_gap(&slots, CellIx::new(cell)) < 2 * cells);
        }
    }

    #[test]
    fn positions_count_from_zero_inside_each_block(
        repeats in prop::collection::vec(1_u32..6, 1..8),
        seed in any::<u64>(),
    ) {
        for order in ORDERS {
            let slots = order::measured(order, &repeats, seed);
            let positions = order::positions(&slots, 0);
            for block in 1..=6 {
                let of_block: Vec<u32> = (0..slots.len())
                    .filter(|&at| slots[at].repeat == block)
                    .map(|at| positions[at])
                    .collect();
                prop_assert!(of_block.iter().copied().eq(0..of_block.len() as u32));
            }
        }
    }
}

#[test]
fn warm_up_trials_run_cell_by_cell() {
    let slots = order::warmup(&[2, 0, 1]);
    let got: Vec<(u32, u32)> = slots.iter().map(|slot| (slot.cell.0, slot.repeat)).collect();
    assert_eq!(got, [(0, 1), (0, 2), (2, 1)]);
    assert!(slots.iter().all(|slot| slot.phase == Phase::Warmup));
}
