//! Tokens to a tree, by precedence: `or`, `and`, `not`, comparisons, `+ -`, `* / %`, minus.

use std::ops::Range;

use super::lexer::{Token, tokens};
use super::{Expression, Kind, Mistake};

/// Every function, and how many arguments it takes at least and at most.
pub const FUNCTIONS: [(&str, usize, usize); 7] = [
    ("min", 1, 100),
    ("max", 1, 100),
    ("floor", 1, 1),
    ("ceil", 1, 1),
    ("log2", 1, 1),
    ("pow", 2, 2),
    ("if", 3, 3),
];

/// Words that are no names.
const RESERVED: [&str; 5] = ["and", "or", "not", "true", "false"];

/// Longest expression, in bytes: a longer one is a slip, and every tree stays shallow.
const MAX_BYTES: usize = 2_000;

/// Deepest nesting.
const MAX_DEPTH: usize = 50;

/// Binary operators by precedence, the weakest first.
const LEVELS: [&[&str]; 5] =
    [&["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

const COMPARISONS: usize = 2;

/// Reads the expression in `text` from byte `start` on.
pub fn parse(text: &str, start: usize) -> Result<Expression, Mistake> {
    if text.len() > MAX_BYTES {
        let title = format!("an expression has at most {MAX_BYTES} bytes");
        return Err(Mistake::new(0..text.len(), title, "split it into several parameters"));
    }
    let tokens = tokens(text, start)?;
    let mut parser = Parser { tokens, next: 0, end: text.len(), depth: 0 };
    let expression = parser.binary(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.unexpected("an operator such as + or <")),
    }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn at(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.end..self.end, |(_, at)| at.clone())
    }

    fn unexpected(&self, expected: &str) -> Mistake {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Number(_)) => "a number".to_owned(),
            Some(Token::Text(_)) => "a text".to_owned(),
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Symbol(symbol)) => format!("`{symbol}`"),
        };
        Mistake::new(self.at(), format!("expected {expected}, found {found}"), "")
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(found)) if *found == symbol);
        self.next += usize::from(found);
        found
    }

    /// The operator of this precedence that comes next.
    fn operator(&mut self, level: usize) -> Option<&'static str> {
        let word = match self.peek()? {
            Token::Symbol(symbol) => *symbol,
            Token::Word(word) => word.as_str(),
            Token::Number(_) | Token::Text(_) => return None,
        };
        let found = LEVELS[level].iter().copied().find(|operator| *operator == word)?;
        self.next += 1;
        Some(found)
    }

    fn binary(&mut self, level: usize) -> Result<Expression, Mistake> {
        if level == LEVELS.len() {
            return self.unary();
        }
        let is_not =
            level == COMPARISONS && matches!(self.peek(), Some(Token::Word(word)) if word == "not");
        if is_not {
            return self.negated("not", COMPARISONS);
        }
        let mut left = self.binary(level + 1)?;
        let mut compared = false;
        loop {
            let before = self.next;
            let Some(operator) = self.operator(level) else {
                return Ok(left);
            };
            if level == COMPARISONS && compared {
                self.next = before;
                let title = "comparisons do not chain";
                return Err(Mistake::new(self.at(), title, "write 1 < n and n < 10"));
            }
            compared = true;
            let right = self.binary(level + 1)?;
            let at = left.at.start..right.at.end;
            left = Expression { kind: Kind::Binary(operator, Box::new([left, right])), at };
        }
    }

    fn negated(&mut self, sign: &'static str, level: usize) -> Result<Expression, Mistake> {
        let start = self.at().start;
        self.next += 1;
        self.deeper()?;
        let inner = if sign == "not" { self.binary(level)? } else { self.unary()? };
        self.depth -= 1;
        let at = start..inner.at.end;
        Ok(Expression { kind: Kind::Unary(sign, Box::new(inner)), at })
    }

    fn deeper(&mut self) -> Result<(), Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let title = format!("an expression is nested at most {MAX_DEPTH} deep");
            return Err(Mistake::new(self.at(), title, "split it into several parameters"));
        }
        Ok(())
    }

    fn unary(&mut self) -> Result<Expression, Mistake> {
        if self.peek() == Some(&Token::Symbol("-")) {
            return self.negated("-", LEVELS.len());
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expression, Mistake> {
        let at = self.at();
        let kind = match self.peek().cloned() {
            Some(Token::Number(number)) => Kind::Number(number),
            Some(Token::Text(text)) => Kind::Text(text),
            Some(Token::Word(word)) => return self.word(&word),
            Some(Token::Symbol("(")) => {
                self.next += 1;
                self.deeper()?;
                let inner = self.binary(0)?;
                self.depth -= 1;
                if !self.takes(")") {
                    return Err(self.unexpected("`)`"));
                }
                return Ok(inner);
            }
            _ => return Err(self.unexpected("a number, a text, a parameter or `(`")),
        };
        self.next += 1;
        Ok(Expression { kind, at })
    }

    fn word(&mut self, word: &str) -> Result<Expression, Mistake> {
        let at = self.at();
        let calls = matches!(self.tokens.get(self.next + 1), Some((Token::Symbol("("), _)));
        if calls {
            return self.call(word);
        }
        let kind = match word {
            "true" => Kind::Boolean(true),
            "false" => Kind::Boolean(false),
            _ if RESERVED.contains(&word) => {
                return Err(self.unexpected("a number, a text, a parameter or `(`"));
            }
            name => Kind::Name(name.to_owned()),
        };
        self.next += 1;
        Ok(Expression { kind, at })
    }

    fn call(&mut self, word: &str) -> Result<Expression, Mistake> {
        let at = self.at();
        let Some(&(name, least, most)) = FUNCTIONS.iter().find(|(name, ..)| *name == word) else {
            let names: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            let help = format!("functions: {}", names.join(", "));
            return Err(Mistake::new(at, format!("there is no function `{word}`"), help));
        };
        self.next += 2;
        self.deeper()?;
        let mut arguments = Vec::new();
        if self.peek() != Some(&Token::Symbol(")")) {
            arguments.push(self.binary(0)?);
            while self.takes(",") {
                arguments.push(self.binary(0)?);
            }
        }
        self.depth -= 1;
        let end = self.at().end;
        if !self.takes(")") {
            return Err(self.unexpected("`,` or `)`"));
        }
        if !(least..=most).contains(&arguments.len()) {
            let example = match name {
                "pow" => "write pow(base, exponent)",
                "if" => "write if(condition, then, otherwise)",
                _ => "",
            };
            let title = format!("`{name}` takes {least} arguments, found {}", arguments.len());
            return Err(Mistake::new(at.start..end, title, example));
        }
        Ok(Expression { kind: Kind::Call(name, arguments), at: at.start..end })
    }
}
