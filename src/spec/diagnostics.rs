//! What is wrong with an experiment file, where, and what to write instead.
//!
//! Owns the rendering: rustc's look, the same bytes on every terminal. Refuses to decide what is
//! wrong; that is the binder's.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::sources::Sources;

/// More problems than this are counted, not shown: nobody reads them, and garbage has thousands.
pub(super) const SHOWN: usize = 25;

/// More problems than this are not even collected.
pub(super) const COLLECTED: usize = 1000;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used; the author should know.
    Caution,
}

/// One problem at one place of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or caution.
    pub severity: Severity,
    /// Bytes of the file that are at fault.
    pub at: Range<usize>,
    /// What is wrong, as one line.
    pub title: String,
    /// A few words under the caret.
    pub label: String,
    /// What to do, one line each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at these bytes.
    #[must_use]
    pub fn error(at: Range<usize>, title: impl AsRef<str>) -> Self {
        Self {
            severity: Severity::Error,
            at,
            title: one_line(title.as_ref()),
            label: String::new(),
            help: Vec::new(),
        }
    }

    /// A caution at these bytes.
    #[must_use]
    pub fn caution(at: Range<usize>, title: impl AsRef<str>) -> Self {
        Self { severity: Severity::Caution, ..Self::error(at, title) }
    }

    /// The same with words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl AsRef<str>) -> Self {
        self.label = one_line(label.as_ref());
        self
    }

    /// The same with one more line of advice; an empty line adds nothing.
    #[must_use]
    pub fn help(mut self, help: impl AsRef<str>) -> Self {
        if !help.as_ref().is_empty() {
            self.help.push(one_line(help.as_ref()));
        }
        self
    }
}

/// Text of a user may hold line breaks and escape sequences; a message holds neither.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// All problems of one experiment, sorted by place: the file first, then those that it extends,
/// then the command line.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    sources: Arc<Sources>,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Sorts and removes repetitions. `path` is the file as the user named it.
    #[must_use]
    pub fn new(path: &str, text: &str, list: Vec<Diagnostic>) -> Self {
        Self::of(Arc::new(Sources::new(path, text)), list)
    }

    /// Problems whose places are those of all the texts.
    #[must_use]
    pub fn of(sources: Arc<Sources>, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(|diagnostic| (diagnostic.at.start, diagnostic.at.end));
        let mut seen = HashSet::new();
        list.retain(|problem| seen.insert((problem.at.clone(), problem.title.clone())));
        Self { sources, list }
    }

    /// Other problems of the same texts.
    pub(super) fn instead(&self, list: Vec<Diagnostic>) -> Self {
        Self::of(Arc::clone(&self.sources), list)
    }

    /// The texts.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The problems, sorted by place.
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text for people, ending in a line break; empty when there is no problem.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        // The width is the renderer's fixed default, so that the text never depends on a terminal.
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in self.list.iter().take(SHOWN) {
            text.push_str(&self.render_one(&renderer, diagnostic));
            text.push_str("\n\n");
        }
        if self.list.len() > SHOWN {
            let more = self.list.len() - SHOWN;
            text.push_str(&format!("… and {more} more\n\n"));
        }
        let errors =
            self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
        match errors {
            0 => {}
            COLLECTED.. => text.push_str(&format!(
                "{COLLECTED} errors or more in {}; nothing was run\n",
                self.sources.main_name()
            )),
            1 => text
                .push_str(&format!("1 error in {}; nothing was run\n", self.sources.main_name())),
            _ => text.push_str(&format!(
                "{errors} errors in {}; nothing was run\n",
                self.sources.main_name()
            )),
        }
        text
    }

    fn render_one(&self, renderer: &Renderer, diagnostic: &Diagnostic) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Caution => Level::WARNING,
        };
        let (path, text, at) = self.sources.locate(&diagnostic.at);
        let window = Window::around(text, &at);
        let mut annotation = AnnotationKind::Primary.span(window.at);
        if !diagnostic.label.is_empty() {
            annotation = annotation.label(diagnostic.label.as_str());
        }
        let snippet = Snippet::source(window.line)
            .line_start(window.number)
            .path(path)
            .annotation(annotation);
        let mut group: Group<'_> = level.primary_title(diagnostic.title.as_str()).element(snippet);
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// The line in which a problem begins. Only this is handed to the renderer, which would walk the
/// whole file for each problem otherwise.
struct Window<'a> {
    line: &'a str,
    number: usize,
    at: Range<usize>,
}

impl<'a> Window<'a> {
    fn around(text: &'a str, at: &Range<usize>) -> Self {
        let start = floor(text, at.start);
        let end = floor(text, at.end.max(at.start));
        let begin = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let stop = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line = &text[begin..stop];
        let line = line.strip_suffix('\r').unwrap_or(line);
        let last = line.len();
        Self {
            line,
            number: text[..begin].matches('\n').count() + 1,
            at: (start - begin).min(last)..(end - begin).clamp((start - begin).min(last), last),
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
