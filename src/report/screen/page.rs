//! Lines that are never wider than the terminal, coloured or not.

use anstyle::{AnsiColor, Style as Ansi};

use super::words::{fit, width};

/// What a piece of text means; how it looks follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Text.
    Plain,
    /// A heading.
    Heading,
    /// Column heads and remarks.
    Faint,
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// A caution.
    Caution,
}

impl Tone {
    fn ansi(self) -> Ansi {
        let colour = |colour: AnsiColor| Ansi::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Ansi::new(),
            Self::Heading => Ansi::new().bold(),
            Self::Faint => Ansi::new().dimmed(),
            Self::Good => colour(AnsiColor::Green),
            Self::Bad => colour(AnsiColor::Red),
            Self::Caution => colour(AnsiColor::Yellow),
        }
    }
}

/// How the screen is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether escape sequences may be written.
    pub colour: bool,
}

/// What is drawn besides words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// What the trials of a cell are drawn with.
    pub plots: Plots,
    /// Lines of the terminal, if it is one: what is drawn must not push the headline out of it.
    pub lines: Option<usize>,
}

impl Drawing {
    /// Nothing.
    pub const NONE: Self = Self { plots: Plots::None, lines: None };
}

/// Characters for drawings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plots {
    /// Nothing is drawn.
    None,
    /// Those that every terminal has.
    Ascii,
    /// Dots and lines of Unicode.
    Unicode,
}

/// A text under construction.
#[derive(Debug)]
pub struct Page {
    style: Style,
    text: String,
}

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    /// Columns of the terminal.
    #[must_use]
    pub fn width(&self) -> usize {
        self.style.width
    }

    /// The finished text, without blank lines at the end.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end_matches('\n').len());
        self.text.push('\n');
        self.text
    }

    /// One line from pieces, cut at the edge.
    pub fn line(&mut self, pieces: &[(Tone, &str)]) {
        let mut left = self.style.width;
        for &(tone, piece) in pieces {
            let piece = fit(piece, left);
            left -= width(&piece);
            self.push(tone, &piece);
        }
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// A mark and a text that is broken between words, its further lines indented.
    pub fn paragraph(&mut self, tone: Tone, mark: &str, text: &str) {
        let indent = width(mark) + 1;
        let room = self.style.width.saturating_sub(indent).max(1);
        let mut lines: Vec<String> = vec![String::new()];
        for word in text.split(' ') {
            let last = lines.last_mut().expect("there is always a line");
            if last.is_empty() {
                last.push_str(word);
            } else if width(last) + 1 + width(word) <= room {
                last.push(' ');
                last.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
        let blank = " ".repeat(width(mark));
        for (at, line) in lines.iter().enumerate() {
            let mark = if at == 0 { mark } else { &blank };
            self.line(&[(tone, mark), (Tone::Plain, " "), (Tone::Plain, line)]);
        }
    }

    fn push(&mut self, tone: Tone, piece: &str) {
        if !self.style.colour || tone == Tone::Plain || piece.is_empty() {
            self.text.push_str(piece);
            return;
        }
        let ansi = tone.ansi();
        self.text.push_str(&format!("{ansi}{piece}{ansi:#}"));
    }
}
