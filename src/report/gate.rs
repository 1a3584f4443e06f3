//! What a gate says, for people and for services of continuous integration: annotations and JUnit XML.

use super::screen::naming::Naming;
use super::screen::page::{Page, Style, Tone};
use super::sentence;
use crate::analysis::Findings;
use crate::analysis::gate::{Answer, Gated};
use crate::design::gate::Gate;

/// One comparison that a gate has judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The cell, for people.
    pub name: String,
    /// The comparison in one sentence.
    pub sentence: String,
    /// What the gate says.
    pub answer: Answer,
    /// What that counts as.
    pub counted: Answer,
}

/// The last line where what is judged has been shown before.
#[must_use]
pub fn last(judged: &[Judged], whole: Answer) -> String {
    let counts =
        if judged.is_empty() { "nothing is compared".to_owned() } else { tally(judged, "") };
    format!("gate      {}: {counts}\n", whole.as_str())
}

/// `0 of 2 pass`, by which rule, and what undecided ones count as where the gate says so.
fn tally(judged: &[Judged], rule: &str) -> String {
    let passed = judged.iter().filter(|one| one.answer == Answer::Pass).count();
    let mut text = format!("{passed} of {} pass{rule}", judged.len());
    let as_said: Vec<&Judged> = judged.iter().filter(|one| one.answer != one.counted).collect();
    if let Some(first) = as_said.first() {
        let count = as_said.len();
        text.push_str(&format!(", {count} undecided counted as {}", first.counted.as_str()));
    }
    text
}

/// What a gate says of the comparisons of a run.
#[must_use]
pub fn judged(findings: &Findings<'_>, gated: &Gated) -> Vec<Judged> {
    let evidence = findings.evidence;
    let naming = Naming::new(evidence);
    let rows = findings.comparisons.rows.iter().zip(&gated.rows);
    rows.filter_map(|(row, answer)| {
        let cell = row.candidate.cell;
        let name = format!("{} {}", naming.heading(cell), naming.label(cell));
        let sentence = sentence::of(evidence, &findings.comparisons, row);
        let answer = (*answer)?;
        let counted = answer.counted(gated.undecided);
        Some(Judged { name: name.trim().to_owned(), sentence, answer, counted })
    })
    .collect()
}

/// For a terminal: what does not pass, and the answer for all.
#[must_use]
pub fn text(gate: &Gate, judged: &[Judged], whole: Answer, style: Style) -> String {
    let mut page = Page::new(style);
    for one in judged {
        let (tone, mark) = match one.answer {
            Answer::Fail => (Tone::Bad, "✘"),
            Answer::Inconclusive => (Tone::Caution, "?"),
            Answer::Pass => continue,
        };
        let text = match one.name.as_str() {
            "" => one.sentence.clone(),
            name => format!("{name}: {}", one.sentence),
        };
        page.paragraph(tone, mark, &text);
    }
    let answer = match (whole.as_str(), judged) {
        (answer, []) => format!("gate      {answer}: nothing is compared"),
        (answer, judged) => {
            let rule = format!(" `fail if {}`", gate.text());
            format!("gate      {answer}: {}", tally(judged, &rule))
        }
    };
    let tone = match whole {
        Answer::Fail => Tone::Bad,
        Answer::Inconclusive => Tone::Caution,
        Answer::Pass => Tone::Good,
    };
    page.line(&[(tone, &answer)]);
    page.finish()
}

/// Workflow commands of GitHub Actions: an error for what fails, a warning for what is not
/// decided, a notice for the rest in one line. Without a gate every comparison is a notice.
/// Source: "Workflow commands for GitHub Actions", docs.github.com.
#[must_use]
pub fn github(judged: &[Judged], whole: Option<Answer>) -> String {
    let mut out = String::new();
    for one in judged {
        let (level, title) = match (whole, one.counted) {
            (None, _) => ("notice", one.name.clone()),
            (_, Answer::Pass) => continue,
            (_, Answer::Fail) => ("error", format!("{}: {}", one.name, one.answer.as_str())),
            (_, Answer::Inconclusive) => ("warning", format!("{}: inconclusive", one.name)),
        };
        let title = property(&title);
        out.push_str(&format!("::{level} title={title}::{}\n", command(&one.sentence)));
    }
    if let Some(whole) = whole {
        let counts = tally(judged, "");
        out.push_str(&format!("::notice title=gate::{}: {counts}\n", whole.as_str()));
    }
    out
}

fn command(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    command(text).replace(':', "%3A").replace(',', "%2C")
}

/// JUnit XML: what fails is a failure, what is not decided is skipped.
#[must_use]
pub fn junit(suite: &str, judged: &[Judged]) -> String {
    let count = |answer| judged.iter().filter(|one| one.counted == answer).count();
    let (failures, skipped) = (count(Answer::Fail), count(Answer::Inconclusive));
    let tests = judged.len();
    let suite = xml(suite);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{suite}\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">\n"
    );
    for one in judged {
        let (name, sentence) = (xml(&one.name), xml(&one.sentence));
        let inner = match one.counted {
            Answer::Pass => format!("<system-out>{sentence}</system-out>"),
            Answer::Inconclusive => format!("<skipped message=\"{sentence}\"/>"),
            Answer::Fail => format!("<failure message=\"{sentence}\"/>"),
        };
        out.push_str(&format!(
            "    <testcase classname=\"{suite}\" name=\"{name}\">{inner}</testcase>\n"
        ));
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Text in XML 1.0, which knows no control characters but tab and line ends.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged() -> Vec<Judged> {
        let one = |name: &str, answer| Judged {
            name: name.to_owned(),
            sentence: "a is 100 % <b> & \"c\"\nd".to_owned(),
            answer,
            counted: answer,
        };
        vec![one("x: 1, y", Answer::Fail), one("z", Answer::Inconclusive), one("w", Answer::Pass)]
    }

    #[test]
    fn annotations_are_one_line_each_whatever_the_text() {
        let want = "\
::error title=x%3A 1%2C y%3A fail::a is 100 %25 <b> & \"c\"%0Ad
::warning title=z%3A inconclusive::a is 100 %25 <b> & \"c\"%0Ad
::notice title=gate::fail: 1 of 3 pass
";
        assert_eq!(github(&judged(), Some(Answer::Fail)), want);
        let told = github(&judged(), None);
        assert!(told.starts_with("::notice title=x%3A 1%2C y::a is") && told.lines().count() == 3);
    }

    #[test]
    fn what_undecided_ones_count_as_is_said_to_people_and_services() {
        let mut judged = judged();
        judged[1].counted = Answer::Fail;
        let failed = github(&judged, Some(Answer::Fail));
        assert!(failed.contains("::error title=z%3A inconclusive::"), "{failed}");
        let last = "::notice title=gate::fail: 1 of 3 pass, 1 undecided counted as fail\n";
        assert!(failed.ends_with(last), "{failed}");
        assert!(junit("a", &judged).contains("failures=\"2\" skipped=\"0\""));
    }

    #[test]
    fn junit_counts_failures_and_what_is_not_decided() {
        let text = junit("a<b", &judged());
        assert!(
            text.contains("<testsuite name=\"a&lt;b\" tests=\"3\" failures=\"1\" skipped=\"1\">")
        );
        assert!(text.contains(
            "name=\"x: 1, y\"><failure message=\"a is 100 % &lt;b&gt; &amp; &quot;c&quot; d\"/></testcase>"
        ));
    }
}
