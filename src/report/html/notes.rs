//! The author's Markdown as HTML that loads nothing and runs nothing.

use pulldown_cmark::{
    CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html as writer,
};

use crate::report::figure::svg::escape;

/// Addresses that a link may have.
const SCHEMES: [&str; 3] = ["https:", "http:", "mailto:"];

/// The Markdown as HTML: raw HTML is text, images are links to them, and links lead only to places
/// on the web, to letters and to files beside the report.
pub(super) fn html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES;
    let events = Parser::new_ext(markdown, options).map(harmless);
    let mut out = String::new();
    writer::push_html(&mut out, events);
    // The writer sets the sides of columns by an attribute that the policy forbids.
    for side in ["left", "center", "right"] {
        out = out.replace(&format!(" style=\"text-align: {side}\""), &format!(" class=\"{side}\""));
    }
    out
}

fn harmless(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(
            Tag::Image { dest_url, title, id, .. } | Tag::Link { dest_url, title, id, .. },
        ) => {
            let link_type = LinkType::Inline;
            Event::Start(Tag::Link { link_type, dest_url: address(dest_url), title, id })
        }
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
            level: lower(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        // What has a class of its own is text, not a language that somebody highlights.
        Event::Start(Tag::CodeBlock(_)) => {
            Event::Start(Tag::CodeBlock(pulldown_cmark::CodeBlockKind::Indented))
        }
        Event::InlineMath(text) | Event::DisplayMath(text) => Event::Text(escape(&text).into()),
        other => other,
    }
}

/// Headings of the author lie below those of the report.
fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

/// The address, or none where it is of a kind that could run something.
fn address(address: CowStr<'_>) -> CowStr<'_> {
    // Browsers leave control characters and white space out before they read the scheme.
    let plain: String = address
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace())
        .collect::<String>()
        .to_lowercase();
    let scheme = plain.split(['/', '?', '#']).next().is_some_and(|head| head.contains(':'));
    let allowed = SCHEMES.iter().any(|scheme| plain.starts_with(scheme));
    if scheme && !allowed { "".into() } else { address }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_html_is_text() {
        let text = html("<script>alert(1)</script>\n\nA <img src=x onerror=alert(1)> b & **c**");
        assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
        assert!(text.contains("&lt;script&gt;") && text.contains("<strong>c</strong>"), "{text}");
    }

    #[test]
    fn links_lead_to_the_web_and_run_nothing() {
        for bad in
            ["javascript:alert(1)", "JaVa\tScript:alert(1)", "data:text/html,x", "vbscript:x"]
        {
            let text = html(&format!("[a](<{bad}>)"));
            assert!(text.contains("<a href=\"\">a</a>"), "{bad}: {text}");
        }
        let good = html("[a](https://example.org/?a=b) [b](figures/trials-1.svg)");
        assert!(good.contains("href=\"https://example.org/?a=b\""), "{good}");
        assert!(good.contains("href=\"figures/trials-1.svg\""), "{good}");
    }

    #[test]
    fn images_are_links() {
        let text = html("![a plot](https://example.org/a.png)");
        assert!(!text.contains("<img") && text.contains(">a plot</a>"), "{text}");
    }

    #[test]
    fn sides_of_columns_are_classes() {
        let text = html("| a |\n| ---: |\n| 1 |\n");
        assert!(text.contains("class=\"right\"") && !text.contains("style="), "{text}");
    }
}
