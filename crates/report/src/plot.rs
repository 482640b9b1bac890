//! Plots: each figure is drawn twice, for wide pages and for phones, on one time axis.

mod axis;
mod burn;
mod chart;
mod evidence;
mod frame;
mod ink;
mod latency;
mod load;
mod marks;
mod series;
mod share;
mod week;

use crate::story::Story;

pub(crate) use ink::{Ink, styles};
pub(crate) use marks::fault_name;
pub(crate) use week::figures as week_figures;

/// A figure: its drawings and the words around them.
pub(crate) struct Figure {
    /// Its anchor on the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// How to read it.
    pub(crate) caption: String,
    pub(crate) legend: Vec<Key>,
    /// SVG for screens and paper.
    pub(crate) wide: String,
    /// SVG for phones.
    pub(crate) narrow: String,
}

/// One entry of a legend.
pub(crate) struct Key {
    pub(crate) ink: Ink,
    pub(crate) shape: Shape,
    pub(crate) label: String,
}

/// How a legend shows its ink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Line,
    Area,
    Up,
    Down,
    Diamond,
    Square,
}

impl Key {
    fn new(ink: Ink, shape: Shape, label: impl Into<String>) -> Self {
        Self { ink, shape, label: label.into() }
    }
}

/// All figures, in the order of the page.
pub(crate) fn figures(story: &Story<'_>) -> Vec<Figure> {
    vec![
        share::figure(story),
        latency::figure(story),
        burn::figure(story),
        load::requests(story),
        load::tasks(story),
        evidence::harm(story),
        evidence::safe(story),
    ]
}
