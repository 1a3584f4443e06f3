//! A tree to a value. Every step checks types and sizes.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::{Expression, Kind, Mistake};
use crate::design::number::{MAX_BITS, Number, floor_div};
use crate::design::value::Value;

/// Longest text, in bytes.
const MAX_TEXT: usize = 10_000;

/// Binary digits after the point of a logarithm.
const LOG_BITS: u64 = 64;

/// A value on the way.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Number(Number),
    Text(String),
    Boolean(bool),
}

impl Item {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Number(number) if number.is_integer => "an integer",
            Self::Number(_) => "a decimal",
            Self::Text(_) => "a text",
            Self::Boolean(_) => "a boolean",
        }
    }
}

/// The value of an expression; `look_up` knows the names, and says why where one has no value.
pub fn evaluate(
    expression: &Expression,
    look_up: &dyn Fn(&str) -> Result<Value, String>,
) -> Result<Value, Mistake> {
    let evaluator = Evaluator { look_up };
    match evaluator.item(expression)? {
        Item::Text(text) => Ok(Value::Text(text)),
        Item::Boolean(boolean) => Ok(Value::Boolean(boolean)),
        Item::Number(number) => number.to_value().ok_or_else(|| {
            fault(expression, "this decimal is beyond the range of floating-point numbers", "")
        }),
    }
}

fn fault(expression: &Expression, title: impl Into<String>, help: &str) -> Mistake {
    Mistake::new(expression.at.clone(), title, help)
}

struct Evaluator<'a> {
    look_up: &'a dyn Fn(&str) -> Result<Value, String>,
}

impl Evaluator<'_> {
    fn item(&self, expression: &Expression) -> Result<Item, Mistake> {
        match &expression.kind {
            Kind::Number(number) => Ok(Item::Number(number.clone())),
            Kind::Text(text) => Ok(Item::Text(text.clone())),
            Kind::Boolean(boolean) => Ok(Item::Boolean(*boolean)),
            Kind::Name(name) => self.name(expression, name),
            Kind::Unary("not", inner) => Ok(Item::Boolean(!self.boolean(inner)?)),
            Kind::Unary(_, inner) => {
                let number = self.number(inner)?;
                let zero = Number::integer(BigInt::zero());
                reasonable(expression, combine("-", &zero, &number))
            }
            Kind::Binary(operator, sides) => self.binary(expression, operator, sides),
            Kind::Call(function, arguments) => self.call(expression, function, arguments),
        }
    }

    fn name(&self, expression: &Expression, name: &str) -> Result<Item, Mistake> {
        let value = (self.look_up)(name).map_err(|reason| fault(expression, reason, ""))?;
        match &value {
            Value::Integer(_) | Value::Float(_) => match Number::of(&value) {
                Some(number) if number.is_reasonable() => Ok(Item::Number(number)),
                _ => Err(fault(expression, format!("`{name}` is too large to calculate with"), "")),
            },
            Value::Boolean(boolean) => Ok(Item::Boolean(*boolean)),
            Value::Text(text) => Ok(Item::Text(text.clone())),
            Value::List(_) => Err(fault(expression, format!("`{name}` is a list"), "")),
        }
    }

    fn number(&self, expression: &Expression) -> Result<Number, Mistake> {
        match self.item(expression)? {
            Item::Number(number) => Ok(number),
            other => {
                let title = format!("expected a number, found {}", other.type_name());
                Err(fault(expression, title, ""))
            }
        }
    }

    fn boolean(&self, expression: &Expression) -> Result<bool, Mistake> {
        match self.item(expression)? {
            Item::Boolean(boolean) => Ok(boolean),
            other => {
                let title = format!("expected a condition, found {}", other.type_name());
                Err(fault(expression, title, "such as n > 10"))
            }
        }
    }

    fn binary(
        &self,
        expression: &Expression,
        operator: &'static str,
        [left, right]: &[Expression; 2],
    ) -> Result<Item, Mistake> {
        match operator {
            "and" => Ok(Item::Boolean(self.boolean(left)? && self.boolean(right)?)),
            "or" => Ok(Item::Boolean(self.boolean(left)? || self.boolean(right)?)),
            "+" | "-" | "*" | "/" | "%" => self.arithmetic(expression, operator, [left, right]),
            _ => self.compare(expression, operator, [left, right]).map(Item::Boolean),
        }
    }

    fn arithmetic(
        &self,
        expression: &Expression,
        operator: &str,
        [left, right]: [&Expression; 2],
    ) -> Result<Item, Mistake> {
        let first = self.item(left)?;
        if let (Item::Text(one), "+") = (&first, operator) {
            let Item::Text(other) = self.item(right)? else {
                return Err(fault(right, "a text can only be joined to a text", ""));
            };
            if one.len() + other.len() > MAX_TEXT {
                return Err(fault(expression, format!("a text has at most {MAX_TEXT} bytes"), ""));
            }
            return Ok(Item::Text(format!("{one}{other}")));
        }
        let Item::Number(one) = first else {
            let title = format!("expected a number, found {}", first.type_name());
            return Err(fault(left, title, ""));
        };
        let other = self.number(right)?;
        if matches!(operator, "/" | "%") && other.numerator().is_zero() {
            return Err(fault(right, "this is 0, and nothing can be divided by 0", ""));
        }
        reasonable(expression, combine(operator, &one, &other))
    }

    fn compare(
        &self,
        expression: &Expression,
        operator: &str,
        [left, right]: [&Expression; 2],
    ) -> Result<bool, Mistake> {
        let (one, other) = (self.item(left)?, self.item(right)?);
        let order = match (&one, &other) {
            (Item::Number(one), Item::Number(other)) => one.cmp(other),
            (Item::Text(one), Item::Text(other)) => one.cmp(other),
            (Item::Boolean(one), Item::Boolean(other)) => one.cmp(other),
            _ => {
                let title =
                    format!("{} cannot be compared with {}", one.type_name(), other.type_name());
                return Err(fault(expression, title, "text stands in quotes: cc == 'gcc'"));
            }
        };
        Ok(match operator {
            "==" => order == Ordering::Equal,
            "!=" => order != Ordering::Equal,
            "<" => order == Ordering::Less,
            "<=" => order != Ordering::Greater,
            ">" => order == Ordering::Greater,
            _ => order != Ordering::Less,
        })
    }

    fn call(
        &self,
        expression: &Expression,
        function: &str,
        arguments: &[Expression],
    ) -> Result<Item, Mistake> {
        if function == "if" {
            let chosen = if self.boolean(&arguments[0])? { 1 } else { 2 };
            return self.item(&arguments[chosen]);
        }
        let numbers = arguments
            .iter()
            .map(|argument| self.number(argument))
            .collect::<Result<Vec<_>, _>>()?;
        let first = &numbers[0];
        let found = match function {
            "min" => numbers.iter().min().cloned(),
            "max" => numbers.iter().max().cloned(),
            "floor" => Some(Number::integer(first.floor())),
            "ceil" => Some(Number::integer(ceil(first))),
            "log2" => Some(log2(first).ok_or_else(|| {
                fault(&arguments[0], "a logarithm is only known of numbers above 0", "")
            })?),
            _ => return power(expression, arguments, [first, &numbers[1]]),
        };
        Ok(Item::Number(found.expect("every function has an argument")))
    }
}

fn reasonable(expression: &Expression, number: Number) -> Result<Item, Mistake> {
    if number.is_reasonable() {
        return Ok(Item::Number(number));
    }
    Err(fault(expression, "this number has more than 10 000 digits", ""))
}

/// The divisor is not 0.
fn combine(operator: &str, one: &Number, other: &Number) -> Number {
    let (a, b) = (one.numerator(), one.denominator());
    let (c, d) = (other.numerator(), other.denominator());
    if one.is_integer && other.is_integer {
        return Number::integer(match operator {
            "+" => a + c,
            "-" => a - c,
            "*" => a * c,
            "/" => floor_div(a, c),
            _ => a - floor_div(a, c) * c,
        });
    }
    let (numerator, denominator) = match operator {
        "+" => (a * d + c * b, b * d),
        "-" => (a * d - c * b, b * d),
        "*" => (a * c, b * d),
        "/" => (a * d, b * c),
        _ => (a * d - floor_div(&(a * d), &(b * c)) * c * b, b * d),
    };
    Number::fraction(numerator, denominator).expect("the divisor is not 0")
}

fn ceil(number: &Number) -> BigInt {
    -floor_div(&-number.numerator(), number.denominator())
}

fn power(
    expression: &Expression,
    arguments: &[Expression],
    [base, exponent]: [&Number; 2],
) -> Result<Item, Mistake> {
    if !exponent.denominator().is_one() {
        return Err(fault(&arguments[1], "an exponent is a whole number", ""));
    }
    let too_large = || fault(expression, "this number has more than 10 000 digits", "");
    let is_unit = base.denominator().is_one() && base.numerator().magnitude().bits() <= 1;
    let size = base.numerator().bits().max(base.denominator().bits());
    let times = exponent.numerator().magnitude();
    let times = if is_unit {
        // Powers of 0, 1 and -1 depend on no more than this.
        let odd = u32::from(times.bit(0));
        if times.is_zero() { 0 } else { 2 - odd }
    } else {
        times
            .to_u32()
            .filter(|times| u64::from(*times) * (size - 1) <= MAX_BITS)
            .ok_or_else(too_large)?
    };
    let (over, under) = (base.numerator().pow(times), base.denominator().pow(times));
    if exponent.numerator().is_negative() {
        let inverse = Number::fraction(under, over);
        let zero = || fault(&arguments[0], "0 has no power below 0", "");
        return reasonable(expression, inverse.ok_or_else(zero)?);
    }
    let result = if base.is_integer && exponent.is_integer {
        Number::integer(over)
    } else {
        Number::fraction(over, under).expect("a power of what is not 0")
    };
    reasonable(expression, result)
}

/// The logarithm to base 2, rounded down to 64 binary digits; exact for powers of 2, and never
/// whole for anything else. `None` for numbers that are not above 0.
fn log2(number: &Number) -> Option<Number> {
    if !number.numerator().is_positive() {
        return None;
    }
    let (over, under) = (number.numerator().clone(), number.denominator().clone());
    let bits = |value: &BigInt| i64::try_from(value.bits()).expect("sizes are limited");
    let mut whole = bits(&over) - bits(&under);
    let shifted = |whole: i64| {
        let shift = usize::try_from(whole.unsigned_abs()).expect("sizes are limited");
        if whole >= 0 { (over.clone(), &under << shift) } else { (&over << shift, under.clone()) }
    };
    let (mut above, mut below) = shifted(whole);
    if above < below {
        whole -= 1;
        (above, below) = shifted(whole);
    }
    // From here on above / below is in 1 .. 2; its logarithm is found bit by bit.
    let precision = 2 * LOG_BITS;
    let mut mantissa = (&above << precision) / &below;
    let mut fraction = BigInt::zero();
    for _ in 0..LOG_BITS {
        mantissa = (&mantissa * &mantissa) >> precision;
        fraction <<= 1;
        if mantissa.bits() > precision + 1 {
            mantissa >>= 1;
            fraction += 1;
        }
    }
    if fraction.is_zero() && above != below {
        fraction = BigInt::one();
    }
    let scale = BigInt::one() << LOG_BITS;
    Number::fraction(BigInt::from(whole) * &scale + fraction, scale)
}
