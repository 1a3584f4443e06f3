//! `report.html`: one page that brings everything and asks the network for nothing.
//!
//! Owns the page, its looks, its policy and what of an author's Markdown becomes HTML. Refuses to
//! let text of an experiment be markup: the template escapes, and the policy allows exactly the
//! style and the script that the page brings, by their digests.

mod notes;

#[cfg(test)]
mod tests;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use crate::report::content::Content;
use crate::report::figure::Named;
use crate::report::figure::svg::{STYLE, escape};

/// The page that is used unless the user brings one.
pub const TEMPLATE: &str = include_str!("report.html.jinja");
const PAGE_STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Steps that a template may take: many times those of a page with thousands of rows, and few
/// enough that an endless loop ends within seconds.
const FUEL: u64 = 50_000_000;

/// A template that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[error("the template cannot be carried out: {message}")]
pub struct TemplateError {
    /// Where and why, for people.
    pub message: String,
}

/// The page; with the user's own template where there is one.
///
/// # Errors
/// The template is not valid or does not end.
pub fn render(content: &Content, template: Option<&str>) -> Result<String, TemplateError> {
    let values = context! {
        notes => Value::from_safe_string(notes::html(&content.notes)),
        ..Value::from(Serde(content))
    };
    carry_out(template.unwrap_or(TEMPLATE), &content.figures, &values)
}

/// Carries a template out with these values, the figures, and style, script and policy of the page.
///
/// # Errors
/// The template is not valid or does not end.
pub(super) fn carry_out(
    template: &str,
    figures: &[Named],
    values: &Value,
) -> Result<String, TemplateError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
    environment.set_fuel(Some(FUEL));
    environment.add_filter("code", |text: &str| Value::from_safe_string(code(text)));
    let style = format!("{PAGE_STYLE}{STYLE}");
    let figures: Vec<Value> = figures
        .iter()
        .map(|one| {
            context! {
                name => one.name.clone(),
                kind => one.figure.kind.as_str(),
                title => one.figure.title.clone(),
                caption => one.figure.caption.clone(),
                svg => Value::from_safe_string(one.figure.drawing.inline()),
            }
        })
        .collect();
    let values = context! {
        policy => policy(&style, SCRIPT),
        style => Value::from_safe_string(style),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        figures => figures,
        ..values.clone()
    };
    environment.render_named_str("report.html", template, values).map_err(|error| {
        let line = error.line().map_or_else(String::new, |line| format!(" (line {line})"));
        TemplateError { message: format!("{error}{line}") }
    })
}

/// Text as HTML in which `words between backticks` are code. Nothing else of it is markup.
fn code(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(escape).collect();
    // The last backtick of an odd number closes nothing.
    let pairs = (parts.len() - 1) / 2;
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        match at {
            0 => out.push_str(part),
            _ if at > 2 * pairs => out.push_str(&format!("`{part}")),
            _ if at % 2 == 1 => out.push_str(&format!("<code>{part}</code>")),
            _ => out.push_str(part),
        }
    }
    out
}

/// What the page may load: nothing but the style and the script that it brings.
fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(style),
        digest(script)
    )
}

/// SHA-256 as a policy of the kind CSP names it.
fn digest(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, &byte| (group << 8) | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = LETTERS[(group >> (18 - 6 * at)) as usize & 63];
            out.push(if at <= chunk.len() { letter as char } else { '=' });
        }
    }
    out
}
