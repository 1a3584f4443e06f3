//! Statements as they are read.

use super::*;

fn order(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(Parsed::Order(words)) => words.iter().map(Word::written).collect(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_chain_goes_from_small_to_large() {
    assert_eq!(order("multicore < normal<multithread"), ["multicore", "normal", "multithread"]);
    assert_eq!(order("a > b > c"), ["c", "b", "a"]);
    assert_eq!(order("two words < 'a < b' < \"x, y\""), ["two words", "a < b", "x, y"]);
    assert_eq!(order("-O2 < c++ ×2"), ["-O2", "c++ ×2"]);
    assert_eq!(order("cc=gcc < cc = 'clang 18'"), ["cc=gcc", "cc=clang 18"]);
}

#[test]
fn workers_stand_behind_a_name() {
    for text in ["a ×4 < b", "a×4 < b", "a x4 < b", "a × 4 < b", "a x 4 < b", "'a' ×4 < b"] {
        let Ok(Parsed::Order(words)) = parse(text) else { panic!("{text}") };
        assert_eq!((words[0].name.as_str(), words[0].at.end <= 3), ("a", true), "{text}");
        assert_eq!(words[0].workers.as_ref().map(|(count, _)| *count), Some(4), "{text}");
    }
    assert_eq!(order("x4 < box 4"), ["x4", "box 4"], "a name of its own");
}

#[test]
fn a_speedup_has_a_bound() {
    let Ok(Parsed::Speedup { words, operator, bound }) = parse("speedup(a ×2, b)>=1.8×") else {
        panic!("a speed-up");
    };
    let words: Vec<String> = words.iter().map(Word::written).collect();
    assert_eq!(words, ["a ×2", "b"]);
    assert_eq!((operator, bound), (Operator::AtLeast, 1.8));
    assert_eq!(order("speedup < b"), ["speedup", "b"], "a name without brackets");
}

#[test]
fn what_cannot_be_read_has_a_place() {
    for (text, at, title) in [
        ("", 0..0, "expected a name here"),
        ("a", 1..1, "this claims nothing"),
        ("a <", 3..3, "expected a name here"),
        ("a <= b", 2..4, "expected `<` here"),
        ("a < b > c", 6..7, "a chain goes one way"),
        ("a, b", 1..2, "expected `<` here"),
        ("'a < b", 0..6, "the quote ' is not closed"),
        ("speedup(a >= 2", 10..12, "expected `)` here"),
        ("speedup(a) = 2", 11..12, "expected `>=`, `>`, `<=` or `<` here"),
        ("speedup(a) >= fast", 14..18, "expected a speed-up here, such as 1.8"),
        ("speedup(a) >= 0", 14..15, "expected a speed-up here, such as 1.8"),
        ("speedup(a) >= 2 or so", 16..18, "nothing is expected here"),
    ] {
        let mistake = parse(text).expect_err(text);
        assert_eq!((mistake.at, mistake.title.as_str()), (at, title), "{text}");
    }
}
