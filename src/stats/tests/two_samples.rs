//! Two samples: the reference vectors, tables, and what must hold for any pair of samples.

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use proptest::prelude::*;
use serde_json::Value;

use super::super::bootstrap::replicates;
use super::super::hodges_lehmann::{rank_of_pairs, rank_of_shift};
use super::super::normal;
use super::super::permutation::{
    mann_whitney_asymptotic, mann_whitney_exact, min_p_mann_whitney, min_p_signed_rank,
    signed_rank_asymptotic, signed_rank_exact,
};
use super::super::*;
use super::{assert_close, assert_within, floats, number, resampling, vectors};

/// The tolerance of p-values.
const P: f64 = 1e-8;

fn assert_ratio(name: &str, x: &[f64], y: &[f64], pairing: Pairing, want: &Value) {
    let got = ratio_of_medians(x, y, pairing, &resampling(want["seed"].as_str().unwrap()));
    assert_eq!(got.status.as_str(), want["status"], "{name}");
    assert_close(name, got.estimate, &want["est"]);
    assert_close(name, got.interval.map(|(lo, _)| lo), &want["lo"]);
    assert_close(name, got.interval.map(|(_, hi)| hi), &want["hi"]);
}

fn assert_shift(name: &str, got: Shift, want: &Value) {
    assert_eq!(got.status.as_str(), want["status"], "{name}");
    assert_close(name, got.estimate, &want["est"]);
    assert_close(name, got.lo, &want["lo"]);
    assert_close(name, got.hi, &want["hi"]);
    assert_close(name, got.achieved, &want["achieved"]);
}

fn assert_signed_rank(name: &str, x: &[f64], y: &[f64], want: &Value) {
    let got = signed_rank(x, y).unwrap();
    assert_eq!(got.nonzero as u64, want["n_nonzero"].as_u64().unwrap(), "{name}");
    assert_eq!(got.nonzero == 0, want["status"] == "degenerate", "{name}");
    assert_close(name, Some(got.t_plus), &want["t_plus"]);
    assert_within(name, Some(got.p), &want["p"], P);
    assert_eq!(got.test, Test::SignedRankExact, "{name}");
}

#[test]
fn every_two_sample_vector_is_reproduced() {
    let vectors = vectors();
    let pairs = vectors["two_sample"].as_array().unwrap();
    assert_eq!(pairs.len(), 19);
    for pair in pairs {
        let (name, want) = (pair["pair"].as_str().unwrap(), &pair["expected"]);
        let (x, y) = (floats(&pair["baseline_x"]), floats(&pair["candidate_y"]));
        let ranks = JointRanks::new(&x, &y);
        assert_eq!((ranks.n1 as u64, ranks.n2() as u64), {
            (want["n1"].as_u64().unwrap(), want["n2"].as_u64().unwrap())
        });
        assert_close(name, Some(ranks.u()), &want["U1"]);
        assert_close(name, ranks.a12(), &want["a12"]);
        assert_close(name, ranks.cliffs_delta(), &want["cliffs_delta"]);
        let (p, test) = mann_whitney(&ranks).unwrap();
        assert_within(name, Some(p), &want["mwu_p"], P);
        assert_within(name, Some(mann_whitney_asymptotic(&ranks)), &want["mwu_p_asymptotic"], P);
        assert_eq!(test == Test::MwuExact, want.get("mwu_p_exact").is_some(), "{name}");
        if let Some(exact) = want.get("mwu_p_exact") {
            assert_within(name, Some(mann_whitney_exact(&ranks)), exact, P);
        }
        assert_ratio(name, &x, &y, Pairing::Independent, &want["ratio_medians95_indep"]);
        let found = shift(&x, &y, 0.95);
        match want.get("hl_shift95") {
            Some(want) => assert_shift(name, found, want),
            None => assert_eq!(found.status, ShiftStatus::Censored, "{name}"),
        }
        if let Some(want) = want.get("ratio_medians95_block") {
            assert_ratio(name, &x, &y, Pairing::Block, want);
        }
        if let Some(want) = want.get("signed_rank") {
            assert_signed_rank(name, &x, &y, want);
        }
        if let Some(want) = want.get("paired_ratio95") {
            assert_shift(name, paired_ratio(&x, &y, 0.95), want);
        }
    }
}

#[test]
fn every_family_of_p_values_is_adjusted_as_published() {
    let vectors = vectors();
    let families = vectors["multiplicity"].as_array().unwrap();
    assert_eq!(families.len(), 8);
    for family in families {
        let p: Vec<Option<f64>> =
            family["p"].as_array().unwrap().iter().map(Value::as_f64).collect();
        for (how, key) in [(Adjust::Holm, "holm"), (Adjust::BenjaminiHochberg, "bh")] {
            let (got, want) = (adjust(&p, how), family[key].as_array().unwrap());
            assert_eq!(got.len(), want.len(), "{}", family["id"]);
            for (got, want) in got.iter().zip(want) {
                assert_within(&format!("{} {key}", family["id"]), *got, want, P);
            }
        }
        assert_eq!(adjust(&p, Adjust::None), p);
    }
}

#[test]
fn every_verdict_of_the_table_is_reproduced() {
    let vectors = vectors();
    let cases = vectors["verdicts"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let interval = number(&case["lo"]).zip(number(&case["hi"]));
        let evidence = Evidence { interval, p_adjusted: number(&case["p_adj"]), min_p: None };
        let got = verdict(&evidence, number(&case["margin"]).unwrap(), 0.05);
        assert_eq!(got.as_str(), case["verdict"], "{case}");
    }
}

#[test]
fn a_test_that_cannot_reach_the_level_decides_nothing() {
    let mut evidence =
        Evidence { interval: Some((1.5, 2.0)), p_adjusted: Some(0.01), min_p: Some(0.1) };
    assert_eq!(verdict(&evidence, 0.02, 0.05), Verdict::Insufficient);
    evidence.min_p = Some(0.05);
    assert_eq!(verdict(&evidence, 0.02, 0.05), Verdict::Faster);
}

#[test]
fn the_tables_of_quantiles_and_least_p_values_are_reproduced() {
    let tables = &vectors()["tables"];
    for (n, want) in tables["mwu_min_two_sided_p"].as_object().unwrap() {
        let n = n.parse().unwrap();
        assert_close("least p", Some(min_p_mann_whitney(n, n)), want);
    }
    for (sizes, want) in tables["qwilcox_0p025"].as_object().unwrap() {
        let (n1, n2) = sizes.split_once(',').unwrap();
        let got = rank_of_shift(n1.parse().unwrap(), n2.parse().unwrap(), 0.025);
        assert_eq!(got.rank, want.as_u64().unwrap(), "{sizes}");
    }
    for (p, want) in tables["normal_quantile"].as_object().unwrap() {
        let z = normal::quantile(p.parse().unwrap());
        assert_close(p, Some(z), want);
        assert!((normal::cdf(z) - p.parse::<f64>().unwrap()).abs() < 1e-15, "{p}");
    }
    for (degrees, want) in tables["t_quantile_0p975"].as_object().unwrap() {
        assert_close(degrees, Some(normal::t_quantile(0.975, degrees.parse().unwrap())), want);
    }
    assert_eq!(min_p_signed_rank(6), 0.03125);
}

/// The smallest q with P(U ≤ q) ≥ tail, and P(U < q), in exact integers.
fn exact_rank(counts: &[BigInt], tail: f64) -> (u64, f64) {
    let (scale, total) = (BigInt::from(10).pow(15), counts.iter().sum::<BigInt>());
    let share = |part: &BigInt| (part * &scale / &total).to_f64().unwrap() / 1e15;
    let mut below = BigInt::ZERO;
    for (rank, count) in (0..).zip(counts) {
        let next = &below + count;
        if share(&next) >= tail {
            return (rank, share(&below));
        }
        below = next;
    }
    unreachable!("the shares sum to 1")
}

#[test]
fn ranks_from_floats_are_those_from_integers_of_any_size() {
    for (n1, n2) in [(60, 60), (9, 190), (80, 120), (200, 200)] {
        let mut counts = vec![BigInt::ZERO; n1 * n2 / 2 + 1];
        counts[0] = BigInt::from(1);
        for i in 1..=n1 {
            for k in (n2 + i..counts.len()).rev() {
                let less = counts[k - n2 - i].clone();
                counts[k] -= less;
            }
            for k in i..counts.len() {
                let more = counts[k - i].clone();
                counts[k] += more;
            }
        }
        // The distribution is symmetric about n1·n2/2, which is a value of its own here.
        assert!((n1 * n2).is_multiple_of(2));
        let mirrored: Vec<BigInt> = counts.iter().rev().skip(1).cloned().collect();
        counts.extend(mirrored);
        let (rank, below) = exact_rank(&counts, 0.025);
        let got = rank_of_shift(n1, n2, 0.025);
        assert_eq!(got.rank, rank, "{n1}, {n2}");
        assert!((got.below - below).abs() < 1e-10, "{n1}, {n2}: {} {below}", got.below);
    }
}

#[test]
fn the_normal_limit_of_ranks_meets_the_exact_ones() {
    // At the last sizes that are exact, the limit may be off by one rank in a thousand.
    let exact = rank_of_shift(200, 200, 0.025);
    let limit = rank_of_shift(200, 201, 0.025);
    let expected = exact.rank as f64 * 201.0 / 200.0;
    assert!((limit.rank as f64 / expected - 1.0).abs() < 2e-3, "{limit:?} {exact:?}");
    let (exact, limit) = (rank_of_pairs(300, 0.025), rank_of_pairs(301, 0.025));
    assert!((limit.rank as f64 / exact.rank as f64 - 1.0).abs() < 1e-2, "{limit:?} {exact:?}");
    assert!(limit.below < 0.025 && limit.below > 0.0248, "{limit:?}");
}

#[test]
fn the_normal_limit_of_the_signed_rank_test_meets_the_exact_one() {
    let untied: Vec<u64> = (1..=100).map(|rank| 2 * rank).collect();
    let tied: Vec<u64> = (0..100).map(|at| 8 * (at / 4) + 5).collect();
    for ranks in [untied, tied] {
        for plus in [2700, 3700, 4700, 5000, 5050, 5200, 6000] {
            let (exact, limit) =
                (signed_rank_exact(&ranks, plus), signed_rank_asymptotic(&ranks, plus));
            assert!((exact - limit).abs() < 2e-3, "{plus}: {exact} {limit}");
        }
    }
    let (x, y): (Vec<f64>, Vec<f64>) = (0..101_u32).map(|i| (f64::from(i + 2), 1.0)).unzip();
    let test = signed_rank(&x, &y).unwrap();
    assert_eq!((test.nonzero, test.test), (101, Test::SignedRankAsymptotic));
    assert!(test.p < 1e-17, "{test:?}");
}

#[test]
fn censored_and_zero_values_keep_their_rank_in_pairs() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let y = [2.0, 3.0, 4.0, 5.0, f64::INFINITY, f64::INFINITY];
    let test = signed_rank(&x, &y).unwrap();
    assert_eq!((test.nonzero, test.t_plus, test.p), (6, 0.0, 0.03125));
    assert_eq!(signed_rank(&[0.0, f64::INFINITY], &[0.0, f64::INFINITY]).unwrap().nonzero, 0);
    assert_eq!(signed_rank(&[-1.0], &[1.0]), None);
    assert_eq!(paired_ratio(&[-1.0], &[1.0], 0.95).status, ShiftStatus::Undefined);
    let found = paired_ratio(&x, &y, 0.95);
    assert_eq!((found.status, found.lo, found.hi), (ShiftStatus::Censored, None, Some(0.8)));
}

#[test]
fn no_p_value_is_zero_however_large_the_samples() {
    let x: Vec<f64> = (0..2_000_u32).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|value| value + 5_000.0).collect();
    let (rank_sum, test) = mann_whitney(&JointRanks::new(&x, &y)).unwrap();
    assert_eq!(test, Test::MwuAsymptotic);
    let least = [min_p_mann_whitney(2_000, 2_000), min_p_signed_rank(2_000)];
    assert!(rank_sum > 0.0 && least.iter().all(|p| *p > 0.0), "{rank_sum} {least:?}");
}

#[test]
fn negative_values_have_no_ratio() {
    // Of two losses the larger one would be the smaller ratio's winner.
    let (x, y) = ([-1.5, -1.4, -1.5, -1.6, -1.5, -1.4], [-1.2, -1.1, -1.2, -1.3, -1.2, 0.5]);
    for (x, y) in [(&x, &y), (&y, &x)] {
        let found = ratio_of_medians(x, y, Pairing::Independent, &quick(1));
        assert_eq!(
            (found.status, found.estimate, found.interval),
            (RatioStatus::Negative, None, None)
        );
    }
}

#[test]
fn large_samples_have_fewer_replicates_and_still_an_interval() {
    assert_eq!(replicates(30, 1_000), 9_999);
    assert_eq!(replicates(1_001, 30), 999);
    assert_eq!(replicates(100_001, 30), 999);
    assert_eq!(bootstrap::fewer_replicates(1_000, 30), 999);
    assert_eq!(bootstrap::fewer_replicates(30, 1_001), 199);
    let x: Vec<f64> = (0..5_000_u32).map(|at| f64::from(1_000 + at % 97)).collect();
    let y: Vec<f64> = x.iter().map(|x| x / 2.0).collect();
    let how = Resampling { replicates: 199, seed: 3, conf: 0.95 };
    let (lo, hi) = ratio_of_medians(&x, &y, Pairing::Independent, &how).interval.unwrap();
    assert!(lo <= 2.0 && 2.0 <= hi && hi - lo < 0.02, "{lo} {hi}");
}

fn sample(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((1_u32..5000).prop_map(f64::from), sizes)
}

fn quick(seed: u64) -> Resampling {
    Resampling { replicates: 199, seed, conf: 0.95 }
}

proptest! {
    #[test]
    fn swapping_the_samples_mirrors_every_result(x in sample(6..30), y in sample(6..30)) {
        let (there, back) = (JointRanks::new(&x, &y), JointRanks::new(&y, &x));
        prop_assert_eq!(there.u() + back.u(), (x.len() * y.len()) as f64);
        prop_assert_eq!(there.cliffs_delta(), back.cliffs_delta().map(|delta| -delta + 0.0));
        let (p, q) = (mann_whitney(&there).unwrap().0, mann_whitney(&back).unwrap().0);
        prop_assert!((p - q).abs() <= 1e-12 * p, "{p} {q}");
        let pairing = Pairing::Independent;
        let ratio = ratio_of_medians(&x, &y, pairing, &quick(1)).estimate.unwrap();
        let inverse = ratio_of_medians(&y, &x, pairing, &quick(1)).estimate.unwrap();
        prop_assert!((ratio * inverse - 1.0).abs() < 1e-12);
        let (there, back) = (shift(&x, &y, 0.95), shift(&y, &x, 0.95));
        prop_assert_eq!(there.estimate, back.estimate.map(|shift| -shift + 0.0));
        prop_assert_eq!(there.lo, back.hi.map(|shift| -shift + 0.0));
    }

    #[test]
    fn p_values_lie_between_the_least_and_one(x in sample(1..40), y in sample(1..40)) {
        let p = mann_whitney(&JointRanks::new(&x, &y)).unwrap().0;
        prop_assert!(p <= 1.0 + 1e-12);
        prop_assert!(p >= min_p_mann_whitney(x.len(), y.len()) * (1.0 - 1e-12));
        let n = x.len().min(y.len());
        let paired = signed_rank(&x[..n], &y[..n]).unwrap();
        prop_assert!(paired.p <= 1.0 && paired.p >= min_p_signed_rank(paired.nonzero));
    }

    #[test]
    fn scaling_both_samples_changes_no_ratio(
        x in sample(6..20), y in sample(6..20), power in -30_i32..30, seed: u64,
    ) {
        let scale = 2.0_f64.powi(power);
        let scaled = |values: &[f64]| values.iter().map(|v| v * scale).collect::<Vec<f64>>();
        let (sx, sy) = (scaled(&x), scaled(&y));
        for pairing in [Pairing::Independent, Pairing::Block] {
            let n = x.len().min(y.len());
            let cut = |values: &[f64]| values[..n].to_vec();
            prop_assert_eq!(
                ratio_of_medians(&cut(&sx), &cut(&sy), pairing, &quick(seed)),
                ratio_of_medians(&cut(&x), &cut(&y), pairing, &quick(seed))
            );
        }
        prop_assert_eq!(JointRanks::new(&sx, &sy), JointRanks::new(&x, &y));
        prop_assert_eq!(shift(&sx, &sy, 0.9).lo, shift(&x, &y, 0.9).lo.map(|lo| lo * scale));
    }

    #[test]
    fn selected_differences_are_those_of_the_sorted_list(
        x in sample(6..25), y in sample(6..25), whole: bool, scale in 1.0_f64..1e6,
    ) {
        // Whole numbers, such as times in ns, are searched in another way.
        let round = |value: &f64| if whole { (value * scale).round() } else { value * scale };
        let [x, y] = [x, y].map(|values| values.iter().map(round).collect::<Vec<f64>>());
        let mut all: Vec<f64> = x.iter().flat_map(|x| y.iter().map(move |y| y - x)).collect();
        all.sort_by(f64::total_cmp);
        let found = shift(&x, &y, 0.95);
        let rank = rank_of_shift(x.len(), y.len(), 0.025).rank as usize;
        prop_assert_eq!(found.estimate, Sorted::new(&all).median());
        prop_assert_eq!(found.lo, Some(all[rank - 1]));
        prop_assert_eq!(found.hi, Some(all[all.len() - rank]));
        prop_assume!(x.iter().chain(&y).all(|value| *value > 0.0));
        let n = x.len().min(y.len());
        let logs: Vec<f64> = (0..n).map(|i| libm::log(x[i]) - libm::log(y[i])).collect();
        let means: Vec<f64> =
            (0..n).flat_map(|i| (i..n).map(move |j| (i, j))).map(|(i, j)| (logs[i] + logs[j]) / 2.0).collect();
        let median = Sorted::new(&means).median().map(libm::exp);
        prop_assert_eq!(paired_ratio(&x[..n], &y[..n], 0.95).estimate, median);
    }

    #[test]
    fn intervals_contain_their_estimates(x in sample(6..40), y in sample(6..40), seed: u64) {
        let found = shift(&x, &y, 0.95);
        let estimate = found.estimate.unwrap();
        prop_assert!(found.lo.unwrap() <= estimate && estimate <= found.hi.unwrap());
        prop_assert!(found.achieved.unwrap() >= 0.95 - 1e-9);
        let ratio = ratio_of_medians(&x, &y, Pairing::Independent, &quick(seed));
        let (lo, hi) = ratio.interval.unwrap();
        prop_assert!(lo <= ratio.estimate.unwrap() && ratio.estimate.unwrap() <= hi);
    }

    #[test]
    fn adjusted_p_values_are_ordered(p in prop::collection::vec(0.0_f64..=1.0, 1..30)) {
        let p: Vec<Option<f64>> = p.into_iter().map(Some).collect();
        let (holm, bh) = (adjust(&p, Adjust::Holm), adjust(&p, Adjust::BenjaminiHochberg));
        for at in 0..p.len() {
            prop_assert!(holm[at] >= bh[at], "{holm:?} {bh:?}");
            prop_assert!(bh[at] >= p[at], "{bh:?} {p:?}");
        }
    }

    #[test]
    fn the_trend_is_that_of_all_pairs(series in sample(4..60)) {
        let pairs = (0..series.len()).flat_map(|i| (i + 1..series.len()).map(move |j| (i, j)));
        let sign = |(i, j): (usize, usize)| match series[j].total_cmp(&series[i]) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        };
        prop_assert_eq!(mann_kendall(&series).unwrap().s, pairs.map(sign).sum::<i64>());
    }
}
