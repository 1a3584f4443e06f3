//! A text that is written from arguments, and which argument each line comes from.
//!
//! Owns the way back: what is wrong with the text is told of the argument that was typed.

use std::ops::Range;
use std::sync::Arc;

use super::diagnostics::{Diagnostic, Diagnostics};

/// An argument as it was typed: its option, with a space behind it, and its value.
pub(super) type Argument<'a> = (&'static str, &'a str);

/// The text of a file, written line by line.
#[derive(Clone, Debug, Default)]
pub struct Written {
    text: String,
    /// Bytes of the text, option, value.
    lines: Vec<(Range<usize>, &'static str, String)>,
}

impl Written {
    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A line that stands for itself.
    pub(super) fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A line that says what an argument says.
    pub(super) fn push_for(&mut self, (option, value): Argument<'_>, line: &str) {
        let start = self.text.len();
        self.push(line);
        self.lines.push((start..self.text.len() - 1, option, value.to_owned()));
    }

    /// The problems of the text as problems of the command line.
    #[must_use]
    pub fn of_the_line(&self, problems: &Diagnostics) -> Diagnostics {
        let mut sources = problems.sources().clone();
        sources.rename_main("the command line");
        let list = problems.list().iter().cloned();
        let list: Vec<Diagnostic> = list
            .map(|mut problem| {
                let of = |(line, ..): &&(Range<usize>, _, _)| {
                    line.start <= problem.at.start && problem.at.start <= line.end
                };
                if let Some((line, option, value)) = self.lines.iter().find(of) {
                    let local = place(&self.text, line, &problem.at, value);
                    let index = sources.add_argument(&format!("{option}{value}"));
                    let start = sources.range(index).start + option.len();
                    problem.at = start + local.start..start + local.end;
                }
                problem
            })
            .collect();
        Diagnostics::of(Arc::new(sources), list)
    }
}

/// Where in the value lies what lies there in the text; all of the value when that is not clear.
fn place(text: &str, line: &Range<usize>, at: &Range<usize>, value: &str) -> Range<usize> {
    let wrong = text.get(at.start..at.end.min(line.end)).unwrap_or_default();
    let wrong = wrong.trim_matches('"');
    let is_clear = at.start == line.start || value.matches(wrong).count() == 1;
    match value.find(wrong) {
        Some(start) if is_clear && !wrong.is_empty() => start..start + wrong.len(),
        _ => 0..value.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_a_line_is_one_of_its_argument() {
        let mut written = Written::default();
        written.push("[params]");
        written.push_for(("-L ", "n=1,x"), "n = [1, \"x\"]");
        let at = written.text().find("\"x\"").expect("the level");
        let problem = Diagnostic::error(at..at + 3, "no number");
        let problems = Diagnostics::new("quick.toml", written.text(), vec![problem]);
        let told = written.of_the_line(&problems).render(false);
        let expected = "error: no number
 --> the command line:1:8
  |
1 | -L n=1,x
  |        ^

1 error in the command line; nothing was run
";
        assert_eq!(told, expected);
    }

    #[test]
    fn what_occurs_twice_is_not_guessed() {
        let text = "n = [1, 1]";
        assert_eq!(place(text, &(0..10), &(8..9), "n=1,1"), 0..5);
        assert_eq!(place(text, &(0..10), &(0..1), "n=1,1"), 0..1);
        assert_eq!(place(text, &(0..10), &(3..3), "n=1,1"), 0..5);
    }
}
