//! One fact: a value, or the reason why there is none.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value, or the reason why there is none (unreadable, absent on this machine, not set).
///
/// Written as `{"value": 3}` or `{"value": null, "reason": "…"}`, so that a reader finds the value
/// at the same place on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// The value.
    Known(T),
    /// Why there is no value, as a lower-case fragment.
    Unknown(String),
}

impl<T> Fact<T> {
    /// No value, for this reason.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(reason.into())
    }

    /// The value if there is one, otherwise no value for this reason.
    pub fn from_option(value: Option<T>, reason: &str) -> Self {
        value.map_or_else(|| Self::unknown(reason), Self::Known)
    }

    /// The value, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The reason, if there is no value.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(reason) => Some(reason),
        }
    }

    /// The value changed, the reason kept.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(change(value)),
            Self::Unknown(reason) => Fact::Unknown(reason),
        }
    }

    /// The value read further; the first reason wins.
    pub fn and_then<U>(self, read: impl FnOnce(T) -> Fact<U>) -> Fact<U> {
        match self {
            Self::Known(value) => read(value),
            Self::Unknown(reason) => Fact::Unknown(reason),
        }
    }

    /// This fact, or the other one if this is not known.
    #[must_use]
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Known(_) => self,
            Self::Unknown(_) => other(),
        }
    }
}

impl<T> From<Result<T, String>> for Fact<T> {
    fn from(result: Result<T, String>) -> Self {
        result.map_or_else(Self::Unknown, Self::Known)
    }
}

#[derive(Serialize, Deserialize)]
struct WireFact<T> {
    value: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reason: Option<String>,
}

impl<T: Serialize> Serialize for Fact<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = WireFact { value: self.known(), reason: self.reason().map(str::to_owned) };
        wire.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireFact::deserialize(deserializer)?;
        Ok(wire.value.map_or_else(
            || Self::Unknown(wire.reason.unwrap_or_else(|| "no reason recorded".to_owned())),
            Self::Known,
        ))
    }
}

#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Fact<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Fact({})", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let value = generator.subschema_for::<T>();
        schemars::json_schema!({
            "type": "object",
            "oneOf": [
                { "properties": { "value": value }, "required": ["value"], "additionalProperties": false },
                {
                    "properties": { "value": { "type": "null" }, "reason": { "type": "string" } },
                    "required": ["value", "reason"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_a_value_or_null_with_a_reason() {
        let known = serde_json::to_string(&Fact::Known(3_u32)).expect("serialisable");
        assert_eq!(known, r#"{"value":3}"#);
        let unknown = serde_json::to_string(&Fact::<u32>::unknown("not here")).expect("text");
        assert_eq!(unknown, r#"{"value":null,"reason":"not here"}"#);
    }

    #[test]
    fn facts_survive_a_round_trip() {
        for fact in [Fact::Known("x".to_owned()), Fact::unknown("no file")] {
            let text = serde_json::to_string(&fact).expect("serialisable");
            let back: Fact<String> = serde_json::from_str(&text).expect("readable");
            assert_eq!(back, fact);
        }
    }
}
