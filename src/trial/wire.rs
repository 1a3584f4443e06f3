//! A kernel trial as one argument of a child: JSON, integers of any size as text.

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};

use super::kernel::KernelTrial;
use crate::design::{Binding, NameError, ParamName, StrategyKind, Value};

/// Why an argument is not a trial.
#[derive(Debug, thiserror::Error)]
pub enum WireTrialError {
    /// Not JSON, or other fields.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A parameter's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A number that is out of its range.
    #[error("`{0}` is not valid")]
    Field(&'static str),
}

/// The wire form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireTrial {
    kernel: String,
    bindings: Vec<(String, WireValue)>,
    strategy: String,
    workers: u32,
    tasks: u32,
    split: bool,
    iterations: u32,
    seed: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireValue {
    Integer(String),
    Float(f64),
    Boolean(bool),
    Text(String),
    List(Vec<WireValue>),
}

impl WireTrial {
    pub(super) fn encode(trial: &KernelTrial) -> String {
        let bindings = trial.bindings.iter();
        let wire = Self {
            kernel: trial.kernel.clone(),
            bindings: bindings
                .map(|it| (it.name.as_str().to_owned(), WireValue::from(&it.value)))
                .collect(),
            strategy: trial.strategy.as_str().to_owned(),
            workers: trial.workers,
            tasks: trial.tasks,
            split: trial.split,
            iterations: trial.iterations,
            seed: trial.seed,
        };
        serde_json::to_string(&wire).expect("text, numbers and lists are always JSON")
    }

    pub(super) fn decode(spec: &str) -> Result<KernelTrial, WireTrialError> {
        let wire: Self = serde_json::from_str(spec)?;
        let strategy = StrategyKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == wire.strategy)
            .ok_or(WireTrialError::Field("strategy"))?;
        let at_least_one =
            [("workers", wire.workers), ("tasks", wire.tasks), ("iterations", wire.iterations)];
        if let Some((field, _)) = at_least_one.into_iter().find(|(_, count)| *count == 0) {
            return Err(WireTrialError::Field(field));
        }
        let bindings = wire.bindings.into_iter().map(|(name, value)| {
            Ok(Binding { name: ParamName::new(&name)?, value: value.decode()? })
        });
        Ok(KernelTrial {
            kernel: wire.kernel,
            bindings: bindings.collect::<Result<_, WireTrialError>>()?,
            strategy,
            workers: wire.workers,
            tasks: wire.tasks,
            split: wire.split,
            iterations: wire.iterations,
            seed: wire.seed,
        })
    }
}

impl From<&Value> for WireValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Integer(integer) => Self::Integer(integer.to_string()),
            Value::Float(float) => Self::Float(*float),
            Value::Boolean(boolean) => Self::Boolean(*boolean),
            Value::Text(text) => Self::Text(text.clone()),
            Value::List(list) => Self::List(list.iter().map(Self::from).collect()),
        }
    }
}

impl WireValue {
    fn decode(self) -> Result<Value, WireTrialError> {
        Ok(match self {
            Self::Integer(digits) => {
                let integer: Option<BigInt> = digits.parse().ok();
                Value::Integer(integer.ok_or(WireTrialError::Field("integer"))?)
            }
            Self::Float(float) => Value::Float(float),
            Self::Boolean(boolean) => Value::Boolean(boolean),
            Self::Text(text) => Value::Text(text),
            Self::List(list) => {
                let list: Result<_, _> = list.into_iter().map(Self::decode).collect();
                Value::List(list?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(name: &str, value: Value) -> Binding {
        Binding { name: ParamName::new(name).unwrap(), value }
    }

    fn trial() -> KernelTrial {
        let digits: BigInt = "123456789012345678901234567890".parse().unwrap();
        KernelTrial {
            kernel: "power-sum".to_owned(),
            bindings: vec![
                binding("n", Value::Integer(digits)),
                binding("x", Value::Float(0.1)),
                binding("flag", Value::Boolean(true)),
                binding("text", Value::Text("a \"b\" \u{0} ü".to_owned())),
                binding("powers", Value::List(vec![Value::Integer(1.into())])),
            ],
            strategy: StrategyKind::Processes,
            workers: 2,
            tasks: 3,
            split: true,
            iterations: 4,
            seed: u64::MAX,
        }
    }

    #[test]
    fn a_trial_survives_the_way_through_an_argument() {
        let spec = WireTrial::encode(&trial());
        assert!(!spec.contains('\0'), "an argument ends at a zero byte");
        assert_eq!(KernelTrial::decode(&spec).unwrap(), trial());
    }

    #[test]
    fn what_is_not_a_trial_is_refused() {
        let spec = WireTrial::encode(&trial());
        let without = |from: &str, to: &str| {
            assert!(spec.contains(from), "{from}");
            KernelTrial::decode(&spec.replace(from, to)).unwrap_err().to_string()
        };
        assert_eq!(without("\"workers\":2", "\"workers\":0"), "`workers` is not valid");
        assert_eq!(without("processes", "external2"), "`strategy` is not valid");
        assert_eq!(without("12345678901234567890", "x"), "`integer` is not valid");
        assert!(without("\"flag\"", "\"Flag\"").contains("small letters"));
        assert!(without("\"seed\"", "\"sead\"").contains("sead"));
        for (cut, _) in spec.char_indices() {
            assert!(KernelTrial::decode(&spec[..cut]).is_err(), "cut at {cut}");
        }
    }
}
