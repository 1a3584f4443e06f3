//! Panics of kernels: caught, turned into their message, and kept off the screen.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// Whether this thread is inside [`caught`].
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `body`; a panic becomes its message.
pub fn caught<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CAUGHT.replace(true);
    // Nothing that the body has touched is looked at after a panic: the trial has failed.
    let ended = panic::catch_unwind(AssertUnwindSafe(body));
    CAUGHT.set(outer);
    ended.map_err(|payload| message(payload.as_ref()))
}

/// The text that a panic was raised with.
#[must_use]
pub fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is not text")
        .to_owned()
}

/// Keeps panics that are caught off standard error: they become rows. All others are reported as
/// before. The panic hook belongs to the whole process: call this once, at its start.
pub fn hush_caught() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !CAUGHT.get() {
            loud(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(caught(|| 3), Ok(3));
        let literal: Result<(), String> = caught(|| panic!("plain"));
        assert_eq!(literal, Err("plain".to_owned()));
        let composed: Result<(), String> = caught(|| panic!("n = {}", 7));
        assert_eq!(composed, Err("n = 7".to_owned()));
        let odd: Result<(), String> = caught(|| panic::panic_any(7));
        assert_eq!(odd, Err("a value that is not text".to_owned()));
    }

    #[test]
    fn the_mark_is_taken_back_after_a_panic() {
        let _ = caught(|| -> () { panic!("inside") });
        assert!(!CAUGHT.get());
    }
}
