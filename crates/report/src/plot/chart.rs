//! A drawing under way: plotters' SVG backend with our axes, inks and text.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{Cartesian2d, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, ShapeStyle, TextStyle};

use crate::story::{Segment, TimeAxis};
use crate::text::escape;

use super::axis::{Axis, time_ticks, weekends};
use super::frame::{FINE, Frame};
use super::ink::{Ink, dress};
use super::series::{Band, between, down_to, stairs, thinned};

/// What drawing gives: plotters' own error, which a drawing into a string never has.
pub(crate) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Plotters divides a font's size by this on its way into SVG.
const FONT_SIZE_DIVISOR: f64 = 1.24;
/// The mean width of a character as a part of the text's size, for labels that must not meet.
const CHARACTER_WIDTH: f64 = 0.58;

/// A band needs wider columns than a line: its median should rest.
const BAND_COLUMNS: f64 = 1.5;

type Plane<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A drawing under way.
pub(crate) struct Chart<'a> {
    pub(crate) frame: Frame,
    pub(crate) axis: Axis,
    /// The time axis' length in hours.
    pub(crate) hours: f64,
    root: DrawingArea<SVGBackend<'a>, Shift>,
    plane: Plane<'a>,
}

/// Draws a chart: weekends and grid, then what `of` draws, then the axes' labels.
/// `name` is what a screen reader says.
pub(crate) fn draw(
    time: &TimeAxis,
    frame: Frame,
    axis: Axis,
    name: &str,
    of: impl FnOnce(&Chart<'_>) -> Drawn,
) -> String {
    let mut svg = String::new();
    let drawn = {
        let chart = Chart::new(&mut svg, frame, axis, time.hours);
        chart.backdrop(time).and_then(|()| of(&chart)).and_then(|()| chart.root.present())
    };
    if let Err(error) = drawn {
        return format!("<p>This plot could not be drawn: {}.</p>", escape(&error.to_string()));
    }
    // The first line is plotters' own opening tag, with a size in place of a name.
    let body = svg.split_once('\n').map_or("", |(_, body)| body);
    let (width, height) = (frame.width * FINE, frame.height * FINE);
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n{}",
        escape(name),
        dress(body)
    )
}

impl<'a> Chart<'a> {
    fn new(svg: &'a mut String, frame: Frame, axis: Axis, hours: f64) -> Self {
        let size = (frame.width * FINE, frame.height * FINE);
        let root = SVGBackend::with_string(svg, size).into_drawing_area();
        let pixels = |position: u32| i32::try_from(position * FINE).unwrap_or(i32::MAX);
        let actual = (
            pixels(frame.left)..pixels(frame.width - frame.right),
            pixels(frame.height - frame.bottom)..pixels(frame.top),
        );
        let plane = root.apply_coord_spec(Cartesian2d::new(0.0..hours, axis.range(), actual));
        Self { frame, axis, hours, root, plane }
    }

    /// A line through each segment; a segment of one point is a dot.
    pub(crate) fn lines(&self, ink: Ink, segments: &[Segment]) -> Drawn {
        for segment in segments {
            self.line(ink, &self.thin(segment))?;
        }
        Ok(())
    }

    /// A segment with no more points than the drawing can show.
    pub(crate) fn thin(&self, segment: &[(f64, f64)]) -> Segment {
        thinned(segment, self.column())
    }

    /// The medians of noisy segments as lines, with bands from the lowest to the highest value.
    pub(crate) fn bands(&self, line: Ink, tint: Ink, segments: &[Segment]) -> Drawn {
        let bands: Vec<Band> =
            segments.iter().map(|segment| Band::of(segment, self.band_column())).collect();
        for band in &bands {
            self.area(tint, &between(&band.highest, &band.lowest))?;
        }
        for band in &bands {
            self.line(line, &band.median)?;
        }
        Ok(())
    }

    /// Segments as stairs, with a tint down to zero below them.
    pub(crate) fn tinted_stairs(&self, tint: Ink, segments: &[Segment]) -> Drawn {
        for segment in segments {
            self.area(tint, &down_to(&stairs(&self.thin(segment)), 0.0))?;
        }
        Ok(())
    }

    /// Segments as stairs.
    pub(crate) fn stairs(&self, ink: Ink, segments: &[Segment]) -> Drawn {
        for segment in segments {
            self.line(ink, &stairs(&self.thin(segment)))?;
        }
        Ok(())
    }

    /// A line through points as they are.
    pub(crate) fn line(&self, ink: Ink, points: &[(f64, f64)]) -> Drawn {
        if let [only] = points {
            return self.plane.draw(&Circle::new(self.at(*only), FINE * 3 / 2, filled(ink)));
        }
        let points: Vec<_> = points.iter().map(|point| self.at(*point)).collect();
        self.plane.draw(&PathElement::new(points, stroked(ink)))
    }

    /// A filled outline.
    pub(crate) fn area(&self, ink: Ink, outline: &[(f64, f64)]) -> Drawn {
        if outline.len() < 3 {
            return Ok(());
        }
        let outline: Vec<_> = outline.iter().map(|point| self.at(*point)).collect();
        self.plane.draw(&Polygon::new(outline, filled(ink)))
    }

    /// A horizontal line over the whole width, with its name above its right end.
    pub(crate) fn threshold(&self, ink: Ink, value: f64, name: &str) -> Drawn {
        self.line(ink, &[(0.0, value), (self.hours, value)])?;
        let (x, y) = self.pixel((self.hours, value));
        self.text(Ink::Strong, (x - 4, y - 4), HPos::Right, VPos::Bottom, name)
    }

    /// Says so where none of the tracks holds anything: an empty plot could be a zero.
    pub(crate) fn note_if_empty(&self, tracks: &[&[Segment]]) -> Drawn {
        if tracks.iter().any(|segments| !segments.is_empty()) {
            return Ok(());
        }
        let (_, low) = self.pixel((0.0, self.axis.low()));
        let (x, high) = self.pixel((self.hours / 2.0, self.axis.high()));
        let middle = (x, i32::midpoint(low, high));
        self.text(Ink::Strong, middle, HPos::Center, VPos::Center, "not measured")
    }

    /// A vertical line over the whole height.
    pub(crate) fn upright(&self, ink: Ink, hour: f64) -> Drawn {
        self.line(ink, &[(hour, self.axis.low()), (hour, self.axis.high())])
    }

    /// A shape in CSS pixels.
    pub(crate) fn shape(&self, ink: Ink, corners: &[(i32, i32)]) -> Drawn {
        let corners: Vec<_> = corners.iter().map(|corner| fine(*corner)).collect();
        self.root.draw(&Polygon::new(corners, filled(ink)))
    }

    /// A filled rectangle from one hour to another, in CSS pixels vertically.
    pub(crate) fn block(&self, ink: Ink, hours: (f64, f64), top: i32, bottom: i32) -> Drawn {
        let (left, _) = self.fine_pixel((hours.0, self.axis.low()));
        let (right, _) = self.fine_pixel((hours.1, self.axis.low()));
        let (_, top) = fine((0, top));
        let (_, bottom) = fine((0, bottom));
        self.root.draw(&Rectangle::new([(left, top), (right, bottom)], filled(ink)))
    }

    /// Text at a place in CSS pixels.
    pub(crate) fn text(
        &self,
        ink: Ink,
        place: (i32, i32),
        horizontal: HPos,
        vertical: VPos,
        text: &str,
    ) -> Drawn {
        let size = f64::from(self.frame.text * FINE) * FONT_SIZE_DIVISOR;
        let colour = ink.colour();
        let style = TextStyle::from(("sans-serif", size).into_font())
            .pos(Pos::new(horizontal, vertical))
            .color(&colour);
        self.root.draw(&Text::new(text.to_owned(), fine(place), style))
    }

    /// About how wide a text is, in CSS pixels.
    #[expect(clippy::cast_precision_loss, reason = "labels are short")]
    pub(crate) fn text_width(&self, text: &str) -> f64 {
        text.chars().count() as f64 * f64::from(self.frame.text) * CHARACTER_WIDTH
    }

    /// A point in CSS pixels.
    pub(crate) fn pixel(&self, point: (f64, f64)) -> (i32, i32) {
        let (x, y) = self.fine_pixel(point);
        let fine = i32::try_from(FINE).unwrap_or(1);
        (x / fine, y / fine)
    }

    /// The first pixel below the plot.
    pub(crate) fn bottom(&self) -> i32 {
        i32::try_from(self.frame.height - self.frame.bottom).unwrap_or(i32::MAX)
    }

    /// Hours in which all points are drawn as one.
    fn column(&self) -> f64 {
        self.hours * f64::from(self.frame.column) / f64::from(self.frame.plot_width())
    }

    /// Hours that a band draws as one point.
    pub(crate) fn band_column(&self) -> f64 {
        self.column() * BAND_COLUMNS
    }

    fn at(&self, (hour, value): (f64, f64)) -> (f64, f64) {
        (hour.clamp(0.0, self.hours), self.axis.place(value))
    }

    fn fine_pixel(&self, point: (f64, f64)) -> (i32, i32) {
        self.plane.map_coordinate(&self.at(point))
    }

    fn backdrop(&self, time: &TimeAxis) -> Drawn {
        let top = i32::try_from(self.frame.top).unwrap_or(0);
        for band in weekends(time) {
            self.block(Ink::Weekend, band, top, self.bottom())?;
        }
        for tick in time_ticks(time, &self.frame) {
            self.upright(Ink::Grid, tick.hour)?;
            let (x, _) = self.pixel((tick.hour, self.axis.low()));
            let Some(lines) = tick.label else { continue };
            let line_height = i32::try_from(self.frame.text + 3).unwrap_or(0);
            for (line, place) in
                lines.iter().zip([self.bottom() + 14, self.bottom() + 14 + line_height])
            {
                // A label may hang over the ends, but not out of the drawing.
                let half = self.text_width(line) / 2.0;
                let anchor = if f64::from(x) + half > f64::from(self.frame.width) {
                    HPos::Right
                } else {
                    HPos::Center
                };
                self.text(Ink::Label, (x, place), anchor, VPos::Top, line)?;
            }
        }
        let unit_above = top - i32::try_from(self.frame.text).unwrap_or(0);
        self.text(Ink::Label, (0, unit_above), HPos::Left, VPos::Bottom, self.axis.unit)?;
        for (value, label) in &self.axis.ticks {
            let is_base = (value - self.axis.low()).abs() < f64::EPSILON;
            let ink = if is_base { Ink::Base } else { Ink::Grid };
            self.line(ink, &[(0.0, *value), (self.hours, *value)])?;
            let (x, y) = self.pixel((0.0, *value));
            self.text(Ink::Label, (x - 6, y), HPos::Right, VPos::Center, label)?;
        }
        Ok(())
    }
}

fn stroked(ink: Ink) -> ShapeStyle {
    ink.colour().stroke_width(1)
}

fn filled(ink: Ink) -> ShapeStyle {
    ink.colour().filled()
}

fn fine((x, y): (i32, i32)) -> (i32, i32) {
    let fine = i32::try_from(FINE).unwrap_or(1);
    (x.saturating_mul(fine), y.saturating_mul(fine))
}
