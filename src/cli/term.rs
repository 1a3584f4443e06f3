//! What is known of the terminal: decided once, handed down as values.

use std::io::IsTerminal;

use super::args::When;
use crate::report::screen::Plots;
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
    /// Lines, if standard output is a terminal.
    pub lines: Option<usize>,
    /// Characters that its locale has.
    pub plots: Plots,
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
            lines: rustix::termios::tcgetwinsize(std::io::stdout())
                .ok()
                .map(|size| usize::from(size.ws_row))
                .filter(|&lines| lines > 0),
            plots: plots(|name| std::env::var(name).ok()),
        }
    }

    /// How a screen is written to standard output.
    #[must_use]
    pub fn style(self) -> Style {
        Style { width: self.width, colour: self.stdout_colour }
    }
}

/// The first of these variables that is set names the locale, and its encoding after a point.
fn plots(variable: impl Fn(&str) -> Option<String>) -> Plots {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).unwrap_or_default();
    let encoding = locale.to_lowercase();
    match encoding.contains("utf-8") || encoding.contains("utf8") {
        true => Plots::Unicode,
        false => Plots::Ascii,
    }
}

fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(std::io::stderr()))
        .ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let with = |set: &[(&str, &str)]| {
            plots(|name| {
                set.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(with(&[("LANG", "de_DE.UTF-8")]), Plots::Unicode);
        assert_eq!(with(&[("LC_ALL", "C"), ("LANG", "C.utf8")]), Plots::Ascii);
        assert_eq!(with(&[("LC_ALL", ""), ("LANG", "C.utf8")]), Plots::Unicode);
        assert_eq!(with(&[]), Plots::Ascii);
    }
}
