//! The reference vectors, every entry of them, and what must hold for any sample.

mod one_sample;
mod scaling;
mod series;
mod two_samples;

use serde_json::Value;

use super::Resampling;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/stat_vectors.json")).unwrap()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) if text == "Infinity" => Some(f64::INFINITY),
        other => other.as_f64(),
    }
}

fn floats(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| number(value).unwrap()).collect()
}

fn resampling(seed: &str) -> Resampling {
    let digits = seed.strip_prefix("0x").unwrap();
    let seed = u64::from_str_radix(digits, 16).unwrap();
    Resampling { replicates: 9999, seed, conf: 0.95 }
}

#[track_caller]
fn assert_close(what: &str, got: Option<f64>, want: &Value) {
    assert_within(what, got, want, 1e-9);
}

#[track_caller]
fn assert_within(what: &str, got: Option<f64>, want: &Value, tolerance: f64) {
    match (got, number(want)) {
        (None, None) => {}
        (Some(got), Some(want)) => {
            let close = got == want || (got - want).abs() <= tolerance * want.abs();
            assert!(close, "{what}: {got} instead of {want}");
        }
        (got, want) => panic!("{what}: {got:?} instead of {want:?}"),
    }
}
