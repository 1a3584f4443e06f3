//! Exact numbers: a fraction of two integers of any size, and whether it counts as an integer.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use super::value::Value;

/// Most bits of a number, about ten thousand decimal digits.
pub const MAX_BITS: u64 = 33_220;

/// A number in lowest terms, the denominator above 0.
#[derive(Clone, Debug)]
pub struct Number {
    numerator: BigInt,
    denominator: BigInt,
    /// Of the type integer; a decimal may be whole too.
    pub is_integer: bool,
}

impl Number {
    /// An integer.
    #[must_use]
    pub fn integer(value: BigInt) -> Self {
        Self { numerator: value, denominator: BigInt::one(), is_integer: true }
    }

    /// A decimal, exactly; `None` when the denominator is 0.
    #[must_use]
    pub fn fraction(numerator: BigInt, denominator: BigInt) -> Option<Self> {
        if denominator.is_zero() {
            return None;
        }
        let mut number = Self { numerator, denominator, is_integer: false };
        if number.denominator.is_negative() {
            number.numerator = -number.numerator;
            number.denominator = -number.denominator;
        }
        let divisor = gcd(number.numerator.abs(), number.denominator.clone());
        if !divisor.is_one() {
            number.numerator /= &divisor;
            number.denominator /= divisor;
        }
        Some(number)
    }

    /// The number of a level; a float is the decimal that it is written as. `None` for other types.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(integer) => Some(Self::integer(integer.clone())),
            Value::Float(float) => Self::parse(&format!("{float:e}")),
            Value::Boolean(_) | Value::Text(_) | Value::List(_) => None,
        }
    }

    /// Reads `12`, `-0.5`, `1e3`, `1_000`; with a point or an exponent it is a decimal.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replace('_', "");
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.trim_start_matches(['-', '+']).is_empty()
            || (mantissa.contains('.') && fraction.is_empty())
        {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        if digits.len() > 10_000 {
            return None;
        }
        let numerator: BigInt = digits.parse().ok()?;
        if !text.contains(['.', 'e', 'E']) {
            return Some(Self::integer(numerator));
        }
        let exponent: i32 = exponent.parse().ok().filter(|e: &i32| e.abs() <= 5_000)?;
        let shift = exponent - i32::try_from(fraction.len()).ok()?;
        let power = BigInt::from(10).pow(shift.unsigned_abs());
        if shift >= 0 {
            Self::fraction(numerator * power, BigInt::one())
        } else {
            Self::fraction(numerator, power)
        }
    }

    /// The numerator, in lowest terms.
    #[must_use]
    pub fn numerator(&self) -> &BigInt {
        &self.numerator
    }

    /// The denominator, in lowest terms; above 0.
    #[must_use]
    pub fn denominator(&self) -> &BigInt {
        &self.denominator
    }

    /// Whether it is small enough to go on with.
    #[must_use]
    pub fn is_reasonable(&self) -> bool {
        self.numerator.bits() <= MAX_BITS && self.denominator.bits() <= MAX_BITS
    }

    /// The largest integer that is not above it.
    #[must_use]
    pub fn floor(&self) -> BigInt {
        floor_div(&self.numerator, &self.denominator)
    }

    /// As a level: integers stay exact, a decimal becomes the nearest float. `None` when it is
    /// beyond the range of floats.
    #[must_use]
    pub fn to_value(&self) -> Option<Value> {
        if self.is_integer {
            return Some(Value::Integer(self.numerator.clone()));
        }
        // Forty digits and a sticky one: enough for the nearest float, whatever follows.
        let excess = decimal_len(&self.numerator) - decimal_len(&self.denominator);
        let shift = 40 - excess;
        let power = BigInt::from(10).pow(u32::try_from(shift.unsigned_abs()).ok()?);
        let (over, under) = if shift >= 0 {
            (self.numerator.abs() * power, self.denominator.clone())
        } else {
            (self.numerator.abs(), &self.denominator * power)
        };
        let sticky = if (&over % &under).is_zero() { "" } else { "1" };
        let exponent = -shift - i64::try_from(sticky.len()).ok()?;
        let sign = if self.numerator.is_negative() { "-" } else { "" };
        let text = format!("{sign}{}{sticky}e{exponent}", over / under);
        text.parse().ok().filter(|float: &f64| float.is_finite()).map(Value::Float)
    }
}

/// About how many decimal digits; at most one off.
fn decimal_len(value: &BigInt) -> i64 {
    i64::try_from(value.bits()).unwrap_or(i64::MAX / 2) * 30_103 / 100_000
}

/// The quotient rounded down; the divisor is not 0.
#[must_use]
pub fn floor_div(one: &BigInt, other: &BigInt) -> BigInt {
    let (quotient, rest) = (one / other, one % other);
    if !rest.is_zero() && rest.is_negative() != other.is_negative() {
        quotient - 1
    } else {
        quotient
    }
}

fn gcd(mut one: BigInt, mut other: BigInt) -> BigInt {
    while !other.is_zero() {
        (one, other) = (other.clone(), one % other);
    }
    one
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.numerator * &other.denominator).cmp(&(&other.numerator * &self.denominator))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_is_the_decimal_that_it_is_written_as() {
        let tenth = Number::of(&Value::Float(0.1)).expect("a number");
        assert_eq!(tenth.denominator(), &BigInt::from(10));
        assert_eq!(tenth.to_value(), Some(Value::Float(0.1)));
        for float in [1.0, -2.5e-300, 1.797e308, 123_456.789, 5e-324] {
            let number = Number::of(&Value::Float(float)).expect("a number");
            assert_eq!(number.to_value(), Some(Value::Float(float)), "{float}");
        }
    }

    #[test]
    fn quotients_are_rounded_down() {
        let floor = |one: i64, other: i64| floor_div(&one.into(), &other.into());
        assert_eq!(floor(7, 2), 3.into());
        assert_eq!(floor(-7, 2), (-4).into());
        assert_eq!(floor(7, -2), (-4).into());
        assert_eq!(floor(-8, 2), (-4).into());
    }
}
