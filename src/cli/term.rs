//! What is known of the terminal: decided once, handed down as values.

use std::io::IsTerminal;

use super::args::When;
use crate::report::screen::Style;

/// Columns assumed where there is no terminal.
const DEFAULT_WIDTH: usize = 100;

/// Standard output and standard error as a person sees them.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// Colour on standard output.
    pub stdout_colour: bool,
    /// Colour on standard error.
    pub stderr_colour: bool,
    /// Standard error is a terminal that understands cursor movement.
    pub stderr_is_terminal: bool,
    /// Columns.
    pub width: usize,
}

impl Term {
    /// Looks at the process's own streams and environment.
    #[must_use]
    pub fn look(when: When) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let choice = |auto: anstream::ColorChoice| match when {
            When::Always => true,
            When::Never => false,
            When::Auto => auto != anstream::ColorChoice::Never,
        };
        Self {
            stdout_colour: choice(anstream::AutoStream::choice(&std::io::stdout())),
            stderr_colour: choice(anstream::AutoStream::choice(&std::io::stderr())),
            stderr_is_terminal: std::io::stderr().is_terminal() && !dumb,
            width: width().unwrap_or(DEFAULT_WIDTH),
        }
    }

    /// How a screen is written to standard output.
    #[must_use]
    pub fn style(self) -> Style {
        Style { width: self.width, colour: self.stdout_colour }
    }
}

fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(std::io::stderr()))
        .ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
