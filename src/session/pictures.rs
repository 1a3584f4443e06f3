//! The figures of a run as PNG, on request: they depend on the fonts of the machine and are no part
//! of what is verified.

use std::path::Path;

use super::Error;
use super::recorded::Recorded;

/// Figures that were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    /// How many.
    pub count: usize,
    /// The font of their texts.
    pub font: String,
}

/// Writes every figure of a run as PNG into a folder.
///
/// # Errors
/// There is no font, or a file cannot be written.
#[cfg(feature = "png")]
pub fn write(recorded: &Recorded, folder: &Path) -> Result<Pictures, Error> {
    use crate::report::figure::{self, png::Painter};
    use crate::store::{StoreError, write_atomic};

    let refuse = |reason: String| Error::Run { path: recorded.run_dir.clone(), reason };
    let painter = Painter::of_system().ok_or_else(|| {
        refuse("no font is installed, and figures have text: install fonts-liberation or fonts-dejavu-core".to_owned())
    })?;
    let figures = figure::all(&recorded.findings());
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::Store(StoreError::new("create", folder, error)))?;
    for one in &figures {
        let drawn = painter.draw(&one.figure.drawing);
        let bytes = drawn.map_err(|reason| refuse(format!("{} as PNG: {reason}", one.name)))?;
        write_atomic(folder, &format!("{}.png", one.name), &bytes)?;
    }
    Ok(Pictures { count: figures.len(), font: painter.font().to_owned() })
}

/// Without the feature `png` there is nothing that draws them.
///
/// # Errors
/// Always.
#[cfg(not(feature = "png"))]
pub fn write(recorded: &Recorded, _folder: &Path) -> Result<Pictures, Error> {
    let reason = "this runner was built without PNG: `cargo install --path . --features png` in its sources builds it in; or convert the SVG, `rsvg-convert -z 3 figures/trials-1.svg -o trials-1.png`".to_owned();
    Err(Error::Run { path: recorded.run_dir.clone(), reason })
}
