use super::*;
use crate::design::value::Value;

fn value(text: &str) -> Result<String, String> {
    let look_up = |name: &str| match name {
        "n" => Ok(Value::Integer(1_000_003.into())),
        "workers" => Ok(Value::Integer(4.into())),
        "x" => Ok(Value::Float(0.1)),
        "cc" => Ok(Value::Text("gcc-12".into())),
        "big" => Ok(Value::Integer("123456789012345678901234567890".parse().expect("digits"))),
        _ => Err(format!("nothing is called {name}")),
    };
    let expression = parse(text, 0).map_err(|mistake| mistake.title)?;
    evaluate(&expression, &look_up).map(|value| value.to_string()).map_err(|mistake| mistake.title)
}

#[track_caller]
fn is(text: &str, expected: &str) {
    assert_eq!(value(text), Ok(expected.to_owned()), "{text}");
}

#[test]
fn integers_are_exact_at_any_size_and_divided_down() {
    is("n / workers", "250000");
    is("-7 / 2", "-4");
    is("-7 % 2", "1");
    is("big * big", "15241578753238836750495351562536198787501905199875019052100");
    is("big / 1_000_000_000_000_000_000", "123456789012");
    is("2 + 3 * 4 - 1", "13");
    is("(2 + 3) * 4", "20");
    is("7 - 2 - 1", "4");
}

#[test]
fn decimals_do_not_drift() {
    is("x + 0.2", "0.3");
    is("0.1 * 3 == 0.3", "true");
    is("1 / 3.0 * 3", "1.0");
    is("n / 2.0", "500001.5");
    is("7.5 % 2", "1.5");
    is("1e3", "1000.0");
}

#[test]
fn functions_do_what_they_say() {
    is("min(3, n, 2)", "2");
    is("max(0.5, 1)", "1");
    is("floor(7 / 2.0)", "3");
    is("ceil(-7 / 2.0)", "-3");
    is("floor(log2(n))", "19");
    is("log2(8)", "3.0");
    is("log2(0.125)", "-3.0");
    is("ceil(log2(pow(2, 100) + 1))", "101");
    is("floor(log2(pow(2, 100) - 1))", "99");
    is("pow(10, 20)", "100000000000000000000");
    is("pow(2, -2)", "0.25");
    is("pow(-1, 10000000000001)", "-1");
    is("pow(0, 0)", "1");
    is("if(n > 1e6, 'large', 'small')", "large");
    is("if(workers == 4, 1, 1 / 0)", "1");
}

#[test]
fn conditions_have_the_usual_precedence() {
    is("1 < 2 and not 2 < 1 or false", "true");
    is("not true or true", "true");
    is("not (true or true)", "false");
    is("cc == 'gcc-12' and workers != 1", "true");
    is("\"lib\" + cc", "libgcc-12");
}

#[test]
fn what_has_no_value_says_why() {
    for (text, reason) in [
        ("n / (workers - 4)", "this is 0, and nothing can be divided by 0"),
        ("n % 0", "this is 0, and nothing can be divided by 0"),
        ("pow(10, 10010)", "this number has more than 10 000 digits"),
        ("pow(pow(10, 5000), 3)", "this number has more than 10 000 digits"),
        ("pow(2, 0.5)", "an exponent is a whole number"),
        ("pow(0, -1)", "0 has no power below 0"),
        ("log2(0)", "a logarithm is only known of numbers above 0"),
        ("cc + 1", "a text can only be joined to a text"),
        ("1 + cc", "expected a number, found a text"),
        ("cc < 1", "a text cannot be compared with an integer"),
        ("if(1, 2, 3)", "expected a condition, found an integer"),
        ("m + 1", "nothing is called m"),
        ("pow(10, 5000) * 1.5", "this decimal is beyond the range of floating-point numbers"),
    ] {
        assert_eq!(value(text), Err(reason.to_owned()), "{text}");
    }
}

#[test]
fn what_cannot_be_read_has_a_place() {
    for (text, place) in [
        ("n +", 3..3),
        ("n / / 2", 4..5),
        ("n workers", 2..9),
        ("(n + 1", 6..6),
        ("mni(1)", 0..3),
        ("pow(1)", 0..6),
        ("n ^ 2", 2..3),
        ("é", 0..2),
        ("'open", 0..1),
        ("1 < n < 3", 6..7),
        ("1.", 0..2),
        ("and", 0..3),
        ("", 0..0),
    ] {
        assert_eq!(parse(text, 0).expect_err(text).at, place, "{text}");
    }
    assert!(parse(&"(".repeat(1000), 0).is_err());
    assert!(parse(&"-".repeat(1000), 0).is_err());
    assert!(parse(&"not ".repeat(400), 0).is_err());
    assert!(parse(&"1+".repeat(1000), 0).is_err());
    assert!(parse(&format!("1{}", "+1".repeat(900)), 0).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_language_panic(text in "[-+*/%()<>=!,.0-9a-z '\"e_]{0,40}") {
        if let Ok(expression) = parse(&text, 0) {
            drop(evaluate(&expression, &|_| Ok(Value::Integer(7.into()))));
        }
    }
}
