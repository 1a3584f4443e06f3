//! One level of a parameter, typed.

use std::fmt;

use num_bigint::BigInt;

/// A typed level. Its `Display` is the text that replaces a placeholder and enters the identity
/// of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An integer of any size.
    Integer(BigInt),
    /// A finite floating-point number.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// Text.
    Text(String),
    /// A list, for kernel parameters that are lists themselves, such as `powers = [1, 2, 3]`.
    List(Vec<Value>),
}

impl Value {
    /// The word for the type in messages, in the data dictionary and in identities.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::Boolean(_) => "boolean",
            Self::Text(_) => "text",
            Self::List(_) => "list",
        }
    }

    /// The value as a non-negative machine integer, if it is one.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Integer(integer) => u64::try_from(integer).ok(),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => write!(f, "{integer}"),
            // `{:?}` is the shortest text that reads back as the same number and keeps `1.0` a float.
            Self::Float(float) => write!(f, "{float:?}"),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
            Self::Text(text) => f.write_str(text),
            Self::List(list) => {
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{value}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_the_text_of_a_placeholder() {
        let big: BigInt = "499999666667166666000000".parse().expect("digits");
        assert_eq!(Value::Integer(big).to_string(), "499999666667166666000000");
        assert_eq!(Value::Float(1.0).to_string(), "1.0");
        assert_eq!(Value::Float(0.1).to_string(), "0.1");
        let list = Value::List(vec![Value::Integer(1.into()), Value::Integer(2.into())]);
        assert_eq!(list.to_string(), "1,2");
    }
}
