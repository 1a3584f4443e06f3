//! Signals by name.

use std::borrow::Cow;

/// The name of a signal as `kill -l` has it, `SIGKILL`; `SIG64` for one without a name.
#[must_use]
pub fn signal_name(signal: i32) -> Cow<'static, str> {
    signal_hook::low_level::signal_name(signal)
        .map_or_else(|| Cow::Owned(format!("SIG{signal}")), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_has_a_name() {
        assert_eq!(signal_name(libc::SIGSEGV), "SIGSEGV");
        assert_eq!(signal_name(64), "SIG64");
    }
}
