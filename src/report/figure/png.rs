//! Figures as PNG, for what does not take SVG. Compiled with the feature `png`.
//!
//! Owns the size and the font. The pictures depend on the fonts of the machine, so that they are
//! made on request only and never verified.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Family, Query, Weight};
use resvg::usvg::{FontResolver, Options, Tree};

use super::svg::Drawing;

/// Pixels in one unit of a figure: 1200 pixels across, 300 dots per inch at 10 cm.
const SCALE: f32 = 3.0;

/// Fonts that figures look well in, the best first.
const FONTS: [&str; 6] =
    ["Liberation Sans", "DejaVu Sans", "Noto Sans", "Roboto", "Arial", "Helvetica"];

/// What figures are drawn with.
#[derive(Debug)]
pub struct Painter {
    options: Options<'static>,
    font: String,
}

impl Painter {
    /// Looks for a font among those of the machine; `None` if there is none at all.
    #[must_use]
    pub fn of_system() -> Option<Self> {
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        Self::with(fonts)
    }

    fn with(fonts: Database) -> Option<Self> {
        let has = |name: &&str| {
            fonts.query(&Query { families: &[Family::Name(name)], ..Query::default() }).is_some()
        };
        let any = || fonts.faces().find_map(|face| Some(face.families.first()?.0.clone()));
        let font = FONTS.iter().find(|name| has(name)).map(ToString::to_string).or_else(any)?;
        let family = font.clone();
        // The names in the style are those of browsers; another font is taken for single letters
        // that this one has not got.
        let font_resolver = FontResolver {
            select_font: Box::new(move |font, fonts| {
                let families = [Family::Name(&family)];
                let weight = Weight(font.weight());
                fonts.query(&Query { families: &families, weight, ..Query::default() })
            }),
            select_fallback: FontResolver::default_fallback_selector(),
        };
        let options = Options { font_resolver, fontdb: Arc::new(fonts), ..Options::default() };
        Some(Self { options, font })
    }

    /// The font that texts are set in.
    #[must_use]
    pub fn font(&self) -> &str {
        &self.font
    }

    /// The bytes of the file, light on white.
    ///
    /// # Errors
    /// In words: it is too large, or not to be drawn.
    pub fn draw(&self, drawing: &Drawing) -> Result<Vec<u8>, String> {
        let tree =
            Tree::from_str(&drawing.light(), &self.options).map_err(|error| error.to_string())?;
        let size = tree.size().to_int_size().scale_by(SCALE).ok_or("it has no size")?;
        let mut pixmap =
            Pixmap::new(size.width(), size.height()).ok_or("it is larger than a picture may be")?;
        resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
        pixmap.encode_png().map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figure::svg::Svg;

    fn drawing(text: &str) -> Drawing {
        let mut svg = Svg::default();
        svg.text("t", (10.0, 20.0), text);
        svg.rect("h0", (100.0, 40.0), (50.0, 20.0), "");
        svg.finish(100.0, "T", "")
    }

    fn pixels(bytes: &[u8]) -> Pixmap {
        Pixmap::decode_png(bytes).expect("a picture")
    }

    fn dark(picture: &Pixmap, (from, to): (u32, u32)) -> usize {
        let rows = from * 3..to * 3;
        let at = |x, y| picture.pixel(x, y).expect("a pixel");
        let is_dark = |(x, y): &(u32, u32)| at(*x, *y).red() < 100;
        let all = rows.flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
        all.filter(is_dark).count()
    }

    #[test]
    fn a_picture_has_three_pixels_a_unit_a_light_ground_and_the_colours_of_the_figure() {
        let Some(painter) = Painter::with(system()) else { return };
        let picture = pixels(&painter.draw(&drawing("")).expect("drawn"));
        assert_eq!((picture.width(), picture.height()), (1200, 300));
        let colour = |x: u32, y: u32| {
            let pixel = picture.pixel(x * 3, y * 3).expect("a pixel");
            (pixel.red(), pixel.green(), pixel.blue())
        };
        assert_eq!(colour(300, 80), (255, 255, 255));
        assert_eq!(colour(125, 50), (0, 0x72, 0xb2));
    }

    fn system() -> Database {
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        fonts
    }

    #[test]
    fn text_is_set_in_a_font_of_the_machine_and_without_one_there_is_no_picture() {
        assert!(Painter::with(Database::new()).is_none());
        let Some(painter) = Painter::with(system()) else { return };
        let with = pixels(&painter.draw(&drawing("median 812 ms")).expect("drawn"));
        let without = pixels(&painter.draw(&drawing("")).expect("drawn"));
        assert_eq!(dark(&without, (0, 30)), 0);
        // A stroke of bold text is several pixels wide at this size.
        assert!(dark(&with, (0, 30)) > 500, "{} in {}", dark(&with, (0, 30)), painter.font());
    }
}
