//! The texts behind one experiment: its file, the files that it extends, and `--set`.
//!
//! All texts stand one after the other in one buffer, so that a place is one range of bytes
//! wherever it lies. Owns which place belongs to which text; refuses to know what they mean.

use std::ops::Range;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file, with lines.
    File,
    /// An argument of the command line.
    Argument,
}

/// Where a `--set` is said to stand.
const COMMAND_LINE: &str = "the command line";

/// What stands before the path of a `--set` in messages, as it was typed.
pub(super) const SET_PREFIX: &str = "--set ";

#[derive(Clone, Debug)]
struct Part {
    name: String,
    kind: Kind,
    range: Range<usize>,
}

/// Every text of one experiment; the file itself is the first.
#[derive(Clone, Debug)]
pub struct Sources {
    text: String,
    parts: Vec<Part>,
}

impl Sources {
    /// The experiment file alone. `name` is the file as the user named it.
    pub(super) fn new(name: &str, text: &str) -> Self {
        let part = Part { name: name.to_owned(), kind: Kind::File, range: 0..text.len() };
        Self { text: text.to_owned(), parts: vec![part] }
    }

    /// One more file; its index.
    pub(super) fn add_file(&mut self, name: &str, text: &str) -> usize {
        self.add(Part { name: name.to_owned(), kind: Kind::File, range: 0..0 }, text)
    }

    /// One `path=value`; its index.
    pub(super) fn add_set(&mut self, text: &str) -> usize {
        self.add_argument(&format!("{SET_PREFIX}{text}"))
    }

    /// One argument of the command line as it was typed; its index.
    pub(super) fn add_argument(&mut self, text: &str) -> usize {
        let part = Part { name: COMMAND_LINE.to_owned(), kind: Kind::Argument, range: 0..0 };
        self.add(part, text)
    }

    fn add(&mut self, mut part: Part, text: &str) -> usize {
        // The end of one text must not be the beginning of the next.
        self.text.push('\n');
        part.range = self.text.len()..self.text.len() + text.len();
        self.text.push_str(text);
        self.parts.push(part);
        self.parts.len() - 1
    }

    /// All texts, one after the other.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where one text stands among all.
    pub(super) fn range(&self, index: usize) -> Range<usize> {
        self.parts[index].range.clone()
    }

    /// The name of the experiment file.
    pub(super) fn main_name(&self) -> &str {
        &self.parts[0].name
    }

    /// Calls the experiment file something else.
    pub(super) fn rename_main(&mut self, name: &str) {
        name.clone_into(&mut self.parts[0].name);
    }

    fn part(&self, at: usize) -> &Part {
        let found = self.parts.iter().find(|part| at <= part.range.end);
        found.unwrap_or(&self.parts[0])
    }

    /// Whether the place is in a file, not on the command line.
    pub(super) fn is_file(&self, at: usize) -> bool {
        self.part(at).kind == Kind::File
    }

    /// The text in which `at` lies, its name, and the place within it.
    pub(super) fn locate(&self, at: &Range<usize>) -> (&str, &str, Range<usize>) {
        let part = self.part(at.start);
        let local = |byte: usize| byte.clamp(part.range.start, part.range.end) - part.range.start;
        (&part.name, &self.text[part.range.clone()], local(at.start)..local(at.end))
    }

    /// The place in a few characters: `basic.toml:12`, `--set`.
    pub(super) fn origin(&self, at: usize) -> String {
        let part = self.part(at);
        match part.kind {
            Kind::Argument => SET_PREFIX.trim_end().to_owned(),
            Kind::File => {
                let before = &self.text[part.range.start..at.max(part.range.start)];
                let file = part.name.rsplit('/').next().unwrap_or(&part.name);
                format!("{file}:{}", before.matches('\n').count() + 1)
            }
        }
    }
}
