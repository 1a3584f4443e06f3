//! `sleep`: waits, as a program does that is bound by input and output.
//!
//! The only kernel that looks at a clock: it sleeps towards a point in time, so that the slices in
//! which it looks at the cancel flag do not add up to a longer sleep.

use std::time::Duration;

use super::{Answer, Cancel, Kernel, Share, Task, level};
use crate::clock;
use crate::design::{Binding, KernelSignature, ParameterSignature, Value, ValueKind, duration};

/// Longest time between two looks at the cancel flag: short for a person who waits for the end,
/// and 20 wake-ups a second do not disturb what is measured beside it.
const SLICE: Duration = Duration::from_millis(50);

/// The kernel.
pub struct Sleep;

static SIGNATURE: KernelSignature = KernelSignature {
    name: "sleep",
    version: 1,
    about: "waits without using the CPU: a stand-in for input and output",
    parameters: &[ParameterSignature {
        name: "time",
        kind: ValueKind::Duration,
        required: true,
        default: "",
        about: "how long each task waits, with a unit",
    }],
    size: None,
    example: "[workloads.sleep]\ntasks  = 4\nparams = { time = \"10ms\" }\n",
};

impl Kernel for Sleep {
    fn signature(&self) -> &'static KernelSignature {
        &SIGNATURE
    }

    fn prepare(&self, params: &[Binding]) -> Result<Box<dyn Task>, String> {
        match level(params, "time") {
            Some(Value::Text(text)) => {
                let time = duration::parse(text).map_err(|error| format!("`time`: {error}"))?;
                Ok(Box::new(Wait { time }))
            }
            _ => Err("`time` must be given as a duration, such as \"10ms\"".to_owned()),
        }
    }
}

/// The kernel with its parameter fixed.
struct Wait {
    time: Duration,
}

impl Task for Wait {
    fn run(&self, _share: Share, cancel: &Cancel) -> Option<Answer> {
        let end = clock::now().after(self.time);
        loop {
            if cancel.is_set() {
                return None;
            }
            let left = Duration::from_nanos(end.since_ns(clock::now()));
            if left.is_zero() {
                return Some(Answer::None);
            }
            std::thread::sleep(left.min(SLICE));
        }
    }

    fn work_units(&self, _share: Share) -> u64 {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::ParamName;

    fn prepare(value: Value) -> Result<Box<dyn Task>, String> {
        let name = ParamName::new("time").unwrap();
        Sleep.prepare(&[Binding { name, value }])
    }

    #[test]
    fn it_sleeps_at_least_as_long_as_asked() {
        let task = prepare(Value::Text("3ms".into())).unwrap();
        let before = clock::now();
        assert_eq!(task.run(Share::WHOLE, &Cancel::new()), Some(Answer::None));
        assert!(clock::now().since_ns(before) >= 3_000_000);
    }

    #[test]
    fn a_set_flag_ends_a_sleep_of_hours() {
        let task = prepare(Value::Text("9h".into())).unwrap();
        let cancel = Cancel::new();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| task.run(Share::WHOLE, &cancel));
            cancel.set();
            assert_eq!(sleeper.join().unwrap(), None);
        });
    }

    #[test]
    fn a_time_without_a_unit_is_refused() {
        assert!(prepare(Value::Text("30".into())).is_err());
        assert!(prepare(Value::Integer(30.into())).is_err());
        assert!(Sleep.prepare(&[]).is_err());
    }
}
