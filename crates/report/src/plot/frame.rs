//! Where a drawing's parts stand, in CSS pixels.

/// The coordinates of an SVG are this much finer than CSS pixels, since plotters draws at
/// whole coordinates only and lines at whole pixels look like stairs.
pub(crate) const FINE: u32 = 4;

/// Where a drawing's parts stand, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Room for labels of values.
    pub(crate) left: u32,
    pub(crate) right: u32,
    /// Room for markers and the unit.
    pub(crate) top: u32,
    /// Room for labels of times.
    pub(crate) bottom: u32,
    /// The size of text.
    pub(crate) text: u32,
    /// Points closer together than this are drawn as one.
    pub(crate) column: u32,
    /// The least distance between labels of days.
    pub(crate) label_distance_min: u32,
}

impl Frame {
    /// For screens and paper.
    pub(crate) const fn wide(height: u32, top: u32) -> Self {
        Self {
            width: 1080,
            height: height + top + 44,
            left: 46,
            right: 22,
            top,
            bottom: 44,
            text: 12,
            column: 2,
            label_distance_min: 44,
        }
    }

    /// For phones.
    pub(crate) const fn narrow(height: u32, top: u32) -> Self {
        Self {
            width: 372,
            height: height + top + 42,
            left: 38,
            right: 20,
            top,
            bottom: 42,
            text: 11,
            column: 1,
            label_distance_min: 42,
        }
    }

    /// The width of what is plotted.
    pub(crate) const fn plot_width(&self) -> u32 {
        self.width - self.left - self.right
    }
}
