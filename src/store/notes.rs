//! `notes.md`: the author's own words, begun from a template and never written again.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::error::StoreError;

/// Name of the file.
pub const NOTES: &str = "notes.md";

/// The text that a new file begins with.
#[must_use]
pub fn template(title: &str, question: Option<&str>) -> String {
    let question = question.map_or_else(String::new, |question| format!("{}\n\n", line(question)));
    format!(
        "# {}\n\n{question}- Name:\n- Course:\n\n## Hypothesis\n\n\n## Conclusion\n\n",
        line(title)
    )
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes the file unless it is there. Returns whether it was written.
pub fn begin(dir: &Path, text: &str) -> Result<bool, StoreError> {
    let path = dir.join(NOTES);
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(StoreError::new("create", &path, error)),
    };
    file.write_all(text.as_bytes()).map_err(StoreError::at("write", &path))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_title_question_and_places_to_write() {
        let text = template("Threads or\nprocesses?", Some("Which is faster?"));
        assert_eq!(
            text,
            "# Threads or processes?\n\nWhich is faster?\n\n- Name:\n- Course:\n\n## Hypothesis\n\n\n## Conclusion\n\n"
        );
    }

    #[test]
    fn what_the_author_wrote_is_never_overwritten() {
        let dir = tempfile::tempdir().expect("a temp dir");
        assert!(begin(dir.path(), "template").expect("written"));
        std::fs::write(dir.path().join(NOTES), "mine").expect("written");
        assert!(!begin(dir.path(), "template").expect("left alone"));
        let text = std::fs::read_to_string(dir.path().join(NOTES)).expect("there");
        assert_eq!(text, "mine");
    }
}
