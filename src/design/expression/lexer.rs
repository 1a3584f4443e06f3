//! Text to tokens.

use std::ops::Range;

use super::Mistake;
use crate::design::number::Number;

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(Number),
    Text(String),
    Word(String),
    Symbol(&'static str),
}

/// Symbols, the longer ones first.
const SYMBOLS: [&str; 14] =
    ["<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "(", ")", ",", "<", ">"];

/// The tokens of `text` from `start` on, with their places.
pub(super) fn tokens(text: &str, start: usize) -> Result<Vec<(Token, Range<usize>)>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = start;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = token(text, at, c)?;
        tokens.push((token, at..at + length));
        at += length;
    }
    Ok(tokens)
}

fn token(text: &str, at: usize, c: char) -> Result<(Token, usize), Mistake> {
    let rest = &text[at..];
    if c.is_ascii_digit() {
        return number(rest, at);
    }
    if c.is_ascii_alphabetic() || c == '_' {
        let length = span(rest, |c| c.is_ascii_alphanumeric() || c == '_');
        return Ok((Token::Word(rest[..length].to_owned()), length));
    }
    if matches!(c, '\'' | '"') {
        let Some(length) = rest[1..].find(c) else {
            return Err(Mistake::new(at..at + 1, "this quote is never closed", ""));
        };
        return Ok((Token::Text(rest[1..=length].to_owned()), length + 2));
    }
    if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        return Ok((Token::Symbol(symbol), symbol.len()));
    }
    let help = match c {
        '^' => "for a power write pow(x, y)",
        '&' | '|' | '!' => "write `and`, `or`, `not`",
        '=' => "two values are compared with ==",
        '{' | '}' => "parameters stand in expressions without braces: n / workers",
        '?' => "write if(condition, then, otherwise)",
        _ => "",
    };
    let end = at + c.len_utf8();
    Err(Mistake::new(at..end, format!("`{c}` means nothing in an expression"), help))
}

fn span(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let digits = |text: &str| span(text, |c| c.is_ascii_digit() || c == '_');
    let mut length = digits(rest);
    if rest[length..].starts_with('.') {
        length += 1 + digits(&rest[length + 1..]);
    }
    if rest[length..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
        length += 1 + sign + digits(&rest[length + 1 + sign..]);
    }
    let Some(number) = Number::parse(&rest[..length]) else {
        let title = format!("`{}` is not a number", &rest[..length]);
        return Err(Mistake::new(at..at + length, title, "such as 12, 0.5, 1e6 or 1_000_000"));
    };
    Ok((Token::Number(number), length))
}
