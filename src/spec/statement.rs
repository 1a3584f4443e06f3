//! The syntax of a claim: `multicore < normal < "multi thread"` or `speedup(multicore) >= 1.8`.
//!
//! Owns the grammar and where each word stands. Knows no name of the file.

use std::ops::Range;

use crate::design::Operator;

#[cfg(test)]
mod tests;

/// What was read, names not yet looked up.
#[derive(Debug, PartialEq)]
pub(super) enum Parsed {
    /// From the smallest to the largest.
    Order(Vec<Word>),
    /// Of the first, over the second if there is one.
    Speedup { words: Vec<Word>, operator: Operator, bound: f64 },
}

/// What a cell is called: `normal`, `'two words' ×4` or `cc=gcc`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    /// A factor that is named before a `=`.
    pub(super) factor: Option<(String, Range<usize>)>,
    pub(super) name: String,
    /// Bytes of the name in the statement.
    pub(super) at: Range<usize>,
    pub(super) workers: Option<(u32, Range<usize>)>,
}

impl Word {
    /// As it is shown.
    pub(super) fn written(&self) -> String {
        let factor = self.factor.as_ref().map_or_else(String::new, |(name, _)| format!("{name}="));
        let workers = self.workers.as_ref().map_or_else(String::new, |(n, _)| format!(" ×{n}"));
        format!("{factor}{}{workers}", self.name)
    }
}

/// What cannot be read.
#[derive(Debug, PartialEq)]
pub(super) struct Mistake {
    pub(super) at: Range<usize>,
    pub(super) title: String,
    pub(super) help: &'static str,
}

/// What a statement looks like.
pub(super) const EXAMPLE: &str =
    "write an order such as \"multicore < normal\", or \"speedup(multicore) >= 1.8\"";

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Bare(String),
    Quoted(String),
    Sign(&'static str),
}

/// Signs, the longer ones first.
const SIGNS: [&str; 9] = ["<=", ">=", "==", "!=", "<", ">", "=", "(", ")"];

/// Reads a statement.
pub(super) fn parse(text: &str) -> Result<Parsed, Mistake> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0, end: text.len() };
    let is_speedup = matches!(
        &tokens[..],
        [(Token::Bare(word), _), (Token::Sign("("), _), ..] if word == "speedup"
    );
    if is_speedup { reader.speedup() } else { reader.order() }
}

fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, Mistake> {
    let mut found: Vec<(Token, Range<usize>)> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let sign = SIGNS.iter().chain(&[","]).find(|sign| rest.starts_with(**sign));
        let (token, length) = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if matches!(c, '"' | '\'') {
            let Some(length) = rest[1..].find(c) else {
                let title = format!("the quote {c} is not closed");
                return Err(Mistake { at: at..text.len(), title, help: "" });
            };
            (Token::Quoted(rest[1..=length].to_owned()), length + 2)
        } else if let Some(sign) = sign {
            (Token::Sign(sign), sign.len())
        } else {
            let ends = |(place, c): (usize, char)| {
                let is_end = c.is_whitespace() || "<>=!(),\"'".contains(c) || c == '×';
                (place > 0 && is_end).then_some(place)
            };
            let length = rest.char_indices().find_map(ends).unwrap_or(rest.len());
            (Token::Bare(rest[..length].to_owned()), length)
        };
        found.push((token, at..at + length));
        at += length;
    }
    Ok(found)
}

struct Reader<'t> {
    tokens: &'t [(Token, Range<usize>)],
    at: usize,
    end: usize,
}

impl Reader<'_> {
    fn mistake<T>(&self, title: impl Into<String>, help: &'static str) -> Result<T, Mistake> {
        let at = self.tokens.get(self.at).map_or(self.end..self.end, |(_, at)| at.clone());
        Err(Mistake { at, title: title.into(), help })
    }

    fn sign(&mut self) -> Option<&'static str> {
        let sign = match self.tokens.get(self.at) {
            Some((Token::Sign(sign), _)) => Some(*sign),
            _ => None,
        };
        self.at += usize::from(sign.is_some());
        sign
    }

    fn expect(&mut self, sign: &str) -> Result<(), Mistake> {
        match self.tokens.get(self.at) {
            Some((Token::Sign(found), _)) if *found == sign => {
                self.at += 1;
                Ok(())
            }
            _ => self.mistake(format!("expected `{sign}` here"), EXAMPLE),
        }
    }

    fn order(&mut self) -> Result<Parsed, Mistake> {
        let mut words = vec![self.word()?];
        let mut direction = None;
        while self.at < self.tokens.len() {
            let sign = match self.sign() {
                Some(sign @ ("<" | ">")) => sign,
                found => {
                    self.at -= usize::from(found.is_some());
                    let help = "a chain has `<` between its names: \"a < b < c\"; names with such \
                                signs stand in single quotes";
                    return self.mistake("expected `<` here", help);
                }
            };
            if *direction.get_or_insert(sign) != sign {
                self.at -= 1;
                return self.mistake("a chain goes one way", "write two claims");
            }
            words.push(self.word()?);
        }
        if words.len() < 2 {
            return self.mistake("this claims nothing", EXAMPLE);
        }
        if direction == Some(">") {
            words.reverse();
        }
        Ok(Parsed::Order(words))
    }

    fn speedup(&mut self) -> Result<Parsed, Mistake> {
        self.at = 2;
        let mut words = vec![self.word()?];
        if matches!(self.tokens.get(self.at), Some((Token::Sign(","), _))) {
            self.at += 1;
            words.push(self.word()?);
        }
        self.expect(")")?;
        let operator = match self.sign() {
            Some(">=") => Operator::AtLeast,
            Some(">") => Operator::Greater,
            Some("<=") => Operator::AtMost,
            Some("<") => Operator::Less,
            found => {
                self.at -= usize::from(found.is_some());
                return self.mistake("expected `>=`, `>`, `<=` or `<` here", EXAMPLE);
            }
        };
        let bound = self.bound()?;
        if self.at < self.tokens.len() {
            return self.mistake("nothing is expected here", EXAMPLE);
        }
        Ok(Parsed::Speedup { words, operator, bound })
    }

    fn bound(&mut self) -> Result<f64, Mistake> {
        let number = match self.tokens.get(self.at) {
            Some((Token::Bare(word), _)) => word.replace('_', "").parse::<f64>().ok(),
            _ => None,
        };
        let Some(bound) = number.filter(|bound| bound.is_finite() && *bound > 0.0) else {
            return self.mistake("expected a speed-up here, such as 1.8", "1 is no change");
        };
        self.at += 1;
        if matches!(self.tokens.get(self.at), Some((Token::Bare(word), _)) if word == "×") {
            self.at += 1;
        }
        Ok(bound)
    }

    /// Words up to the next sign: a name, and perhaps a number of workers behind it.
    fn word(&mut self) -> Result<Word, Mistake> {
        let (first, at) = self.name()?;
        if !matches!(self.tokens.get(self.at), Some((Token::Sign("="), _))) {
            return Ok(self.with_workers(None, first, at));
        }
        self.at += 1;
        let factor = Some((first.join(" "), at));
        let (level, at) = self.name()?;
        Ok(self.with_workers(factor, level, at))
    }

    fn name(&mut self) -> Result<(Vec<String>, Range<usize>), Mistake> {
        let (mut words, mut span) = (Vec::new(), self.end..self.end);
        while let Some((Token::Bare(word) | Token::Quoted(word), at)) = self.tokens.get(self.at) {
            span = if words.is_empty() { at.clone() } else { span.start..at.end };
            words.push(word.clone());
            self.at += 1;
        }
        if words.is_empty() {
            return self.mistake("expected a name here", EXAMPLE);
        }
        Ok((words, span))
    }

    /// Takes `×4`, `x4`, `× 4` or `x 4` off the end.
    fn with_workers(
        &self,
        factor: Option<(String, Range<usize>)>,
        mut words: Vec<String>,
        mut at: Range<usize>,
    ) -> Word {
        let place = |back: usize| self.tokens[self.at - back].1.clone();
        let count = |text: &str| text.parse::<u32>().ok();
        let is_times = |text: &str| matches!(text, "×" | "x");
        let mut workers = None;
        match &words[..] {
            [_, .., times, digits] if is_times(times) && count(digits).is_some() => {
                workers = count(digits).map(|count| (count, place(2).start..place(1).end));
                words.truncate(words.len() - 2);
                at.end = place(3).end;
            }
            [_, .., last] => {
                let digits = last.strip_prefix('×').or_else(|| last.strip_prefix('x'));
                if let Some(found) = digits.and_then(count) {
                    workers = Some((found, place(1)));
                    words.pop();
                    at.end = place(2).end;
                }
            }
            _ => {}
        }
        Word { factor, name: words.join(" "), at, workers }
    }
}
