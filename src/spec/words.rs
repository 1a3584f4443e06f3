//! Commands that are written as one text: words as a shell would read them, without a shell.

use std::ops::Range;

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unsplit {
    /// Only a shell understands it.
    Shell {
        /// Bytes of the text.
        at: Range<usize>,
        /// What is special there.
        title: String,
    },
    /// A quote is never closed.
    OpenQuote,
    /// There is no program.
    Empty,
    /// It begins with a variable.
    Assignment {
        /// Of the variable.
        name: String,
        /// Of the variable.
        value: String,
    },
}

/// Splits like a shell, expands nothing, and refuses what only a shell understands.
pub(super) fn split(text: &str) -> Result<Vec<String>, Unsplit> {
    if let Some((at, title)) = shell_syntax(text) {
        return Err(Unsplit::Shell { at, title });
    }
    let words = shell_words::split(text).map_err(|_| Unsplit::OpenQuote)?;
    let Some(first) = words.first().filter(|first| !first.is_empty()) else {
        return Err(Unsplit::Empty);
    };
    if is_assignment(first) {
        let (name, value) = first.split_once('=').unwrap_or((first, ""));
        return Err(Unsplit::Assignment { name: name.to_owned(), value: value.to_owned() });
    }
    Ok(words)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The first place that a shell would treat specially, quoting taken into account.
fn shell_syntax(text: &str) -> Option<(Range<usize>, String)> {
    let mut chars = text.char_indices().peekable();
    let mut quote: Option<char> = None;
    let mut is_word_start = true;
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        let expands = c == '`'
            || (c == '$'
                && next.is_some_and(|n| {
                    n.is_ascii_alphanumeric()
                        || matches!(n, '_' | '{' | '(' | '@' | '*' | '?' | '$' | '!' | '#')
                }));
        let special = match quote {
            Some('\'') => false,
            Some(_) => expands,
            None => {
                expands
                    || matches!(c, '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '\n')
                    || (is_word_start && matches!(c, '~' | '#'))
            }
        };
        if special {
            let shown = if c == '\n' { "a line break".to_owned() } else { format!("`{c}`") };
            let title =
                format!("{shown} has a meaning in a shell, and no shell reads this command");
            return Some((at..at + c.len_utf8(), title));
        }
        match (quote, c) {
            (None | Some('"'), '\\') => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        is_word_start = quote.is_none() && c.is_whitespace();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_syntax_is_found_where_it_is_not_quoted() {
        let at = |text| shell_syntax(text).map(|(at, _)| at.start);
        assert_eq!(at("sort a.txt | uniq"), Some(11));
        assert_eq!(at("echo $HOME"), Some(5));
        assert_eq!(at("echo \"$HOME\""), Some(6));
        assert_eq!(at("ls ~/x"), Some(3));
        assert_eq!(at("echo #1"), Some(5));
        assert_eq!(at("awk '{{print $1}}' a|b"), Some(20));
        for plain in ["awk '{{print $1}}' x", "grep 'a|b' f", "echo a\\|b", "x a#b ~", "p 5$"] {
            let found = shell_syntax(plain);
            assert_eq!(found.is_some(), plain == "x a#b ~", "{plain}");
        }
    }

    #[test]
    fn variables_before_the_program_are_recognised() {
        assert!(is_assignment("OMP_NUM_THREADS=2"));
        assert!(!is_assignment("--n=2"));
        assert!(!is_assignment("./a=b"));
    }
}
