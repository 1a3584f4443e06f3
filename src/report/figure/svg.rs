//! Writes SVG: text as text, coordinates with one decimal, looks by class only.
//!
//! Owns escaping and the order of bytes. Refuses to know what is drawn, and to measure text: the
//! reader's fonts are not known here.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// Looks of the classes, light and dark.
pub const STYLE: &str = include_str!("figure.css");

/// Width of every figure, in its own units; at the usual size they are CSS pixels.
pub const WIDTH: f64 = 400.0;

/// About how wide a column of 12 units high text is.
const COLUMN: f64 = 6.5;

/// Colours that are told apart; more categories than these share them and differ in the mark.
const HUES: usize = 7;

/// A point of the drawing.
pub type At = (f64, f64);

/// A finished drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    width: String,
    height: String,
    title: String,
    about: String,
    body: String,
}

impl Drawing {
    /// A file of its own, which brings its looks.
    #[must_use]
    pub fn file(&self) -> String {
        self.with_style(STYLE)
    }

    /// The same with the light colours alone, for what knows no conditions in styles.
    #[cfg(feature = "png")]
    pub(super) fn light(&self) -> String {
        self.with_style(STYLE.split("@media").next().unwrap_or(STYLE))
    }

    fn with_style(&self, style: &str) -> String {
        let Self { width, height, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fig\" role=\"img\" \
             viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
             <title>{}</title>\n<desc>{}</desc>\n<style>\n{style}</style>\n\
             <rect class=\"bg\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            self.title, self.about, self.body
        )
    }

    /// A part of a page that brings the looks.
    #[must_use]
    pub fn inline(&self) -> String {
        let Self { width, height, .. } = self;
        format!(
            "<svg class=\"fig\" role=\"img\" viewBox=\"0 0 {width} {height}\">\n\
             <title>{}</title>\n<desc>{}</desc>\n{}</svg>\n",
            self.title, self.about, self.body
        )
    }
}

/// The drawing as it grows.
#[derive(Debug, Default)]
pub struct Svg {
    body: String,
}

impl Svg {
    /// A straight line.
    pub fn line(&mut self, class: &str, from: At, to: At) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(coordinate);
        self.put(&format!(
            "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>\n"
        ));
    }

    /// A rectangle from its upper left corner.
    pub fn rect(&mut self, class: &str, at: At, (width, height): At, title: &str) {
        let [x, y, width, height] = [at.0, at.1, width, height].map(coordinate);
        let end = match title {
            "" => "/>".to_owned(),
            title => format!("><title>{}</title></rect>", escape(title)),
        };
        self.put(&format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{end}\n"
        ));
    }

    /// A text; `e` among the classes ends it there, `m` puts its middle there.
    pub fn text(&mut self, class: &str, at: At, text: &str) {
        let [x, y] = [at.0, at.1].map(coordinate);
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.put(&format!("<text{class} x=\"{x}\" y=\"{y}\">{}</text>\n", escape(text)));
    }

    /// Values that were measured along an ordered axis, joined.
    pub fn polyline(&mut self, class: &str, points: &[At]) {
        if points.len() < 2 {
            return;
        }
        let points: Vec<String> =
            points.iter().map(|at| format!("{},{}", coordinate(at.0), coordinate(at.1))).collect();
        self.put(&format!("<polyline class=\"{class}\" points=\"{}\"/>\n", points.join(" ")));
    }

    /// The mark of a category; `title` is shown by browsers where the pointer rests.
    pub fn mark(&mut self, category: usize, class: &str, at: At, radius: f64, title: &str) {
        let hue = category % HUES;
        let [x, y, r] = [at.0, at.1, radius].map(coordinate);
        let (name, place) = match category % 4 {
            0 => ("circle", format!("cx=\"{x}\" cy=\"{y}\" r=\"{r}\"")),
            1 => {
                let side = coordinate(radius * 1.8);
                let [x, y] = [at.0 - radius * 0.9, at.1 - radius * 0.9].map(coordinate);
                ("rect", format!("x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\""))
            }
            2 => ("polygon", polygon(at, radius, &[(0.0, -1.2), (1.15, 0.9), (-1.15, 0.9)])),
            _ => (
                "polygon",
                polygon(at, radius, &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
            ),
        };
        let title = escape(title);
        self.put(&format!(
            "<{name} class=\"h{hue} {class}\" {place}><title>{title}</title></{name}>\n"
        ));
    }

    /// Bold lines at the top that say what is seen; gives the height that they take.
    pub fn heading(&mut self, text: &str) -> f64 {
        const COLUMNS: usize = 47;
        let lines = wrapped(text, COLUMNS);
        for (at, line) in lines.iter().enumerate() {
            self.text("t", (10.0, 20.0 + 17.0 * at as f64), line);
        }
        10.0 + 17.0 * lines.len() as f64
    }

    /// What each category's mark is, in as many lines as it takes; gives the height.
    pub fn legend(&mut self, top: f64, entries: &[(usize, String)]) -> f64 {
        let (mut x, mut y) = (16.0, top + 12.0);
        for (category, label) in entries {
            let label = fit(label, 44);
            let needed = 26.0 + width(&label);
            if x > 16.0 && x + needed > WIDTH - 6.0 {
                (x, y) = (16.0, y + 18.0);
            }
            self.mark(*category, "big", (x, y), 4.0, &label);
            self.text("", (x + 8.0, y + 4.0), &label);
            x += needed;
        }
        y + 18.0 - top
    }

    /// The drawing, with what a reader who does not see it is told.
    #[must_use]
    pub fn finish(self, height: f64, title: &str, about: &str) -> Drawing {
        Drawing {
            width: coordinate(WIDTH),
            height: coordinate(height),
            title: escape(title),
            about: escape(about),
            body: self.body,
        }
    }

    fn put(&mut self, text: &str) {
        self.body.push_str(text);
    }
}

/// The class of a category's colour.
#[must_use]
pub fn hue(category: usize) -> String {
    format!("h{}", category % HUES)
}

fn polygon(at: At, radius: f64, corners: &[At]) -> String {
    let corners = corners.iter().map(|(x, y)| {
        format!("{},{}", coordinate(at.0 + radius * x), coordinate(at.1 + radius * y))
    });
    format!("points=\"{}\"", corners.collect::<Vec<_>>().join(" "))
}

/// About how wide a text is.
#[must_use]
pub fn width(text: &str) -> f64 {
    COLUMN * text.width() as f64
}

/// At most so many columns of a text.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    crate::report::screen::words::fit(text, columns)
}

/// One decimal, none where it is 0; never `-0`.
fn coordinate(value: f64) -> String {
    let mut text = format!("{value:.1}");
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    if text == "-0" { "0".to_owned() } else { text }
}

/// Text for an element or an attribute of XML. Control characters, which XML forbids, become
/// spaces.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The text in lines of at most so many columns, broken between words, a longer word within.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= columns => {
                write!(line, " {word}").expect("writing to a String cannot fail");
            }
            _ => lines.push(fit(word, columns)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_have_one_decimal_at_most() {
        assert_eq!([1.0, 0.04, -0.04, 12.34].map(coordinate), ["1", "0", "0", "12.3"]);
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        let text = escape("<b>\"&' ]]>\u{1}\n");
        assert_eq!(text, "&lt;b&gt;&quot;&amp;&#39; ]]&gt;  ");
    }

    #[test]
    fn headings_are_broken_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("12345678 9", 4), ["123…", "9"]);
    }
}
