//! Colours by what they mean. Plotters writes each ink as a colour of its own that nothing
//! else uses; [`dress`] then turns it into a class, so that the page's theme decides.

use plotters::style::RGBColor;

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Grid lines.
    Grid,
    /// The base line of a plot.
    Base,
    /// Labels of axes.
    Label,
    /// Labels that should be seen first.
    Strong,
    /// Weekends.
    Weekend,
    Ec2,
    Fargate,
    /// A tint below Fargate's line.
    FargateTint,
    /// A tint below EC2's line.
    Ec2Tint,
    /// What lies between EC2's lowest and highest values.
    Ec2Band,
    FargateBand,
    /// The share worked towards.
    Wanted,
    /// The share that request counts say.
    Measured,
    /// The latency SLO.
    Slo,
    Harm,
    HarmTint,
    Safe,
    SafeTint,
    /// A threshold of evidence.
    Threshold,
    /// A step's vertical line.
    StepLine,
    Step,
    RollBack,
    RollBackLine,
    Fault,
    FaultLine,
    End,
    VerdictAdvance,
    VerdictHold,
    VerdictRollBack,
}

impl Ink {
    /// Every ink; its place here is its number.
    pub(crate) const ALL: [Self; 29] = [
        Self::Grid,
        Self::Base,
        Self::Label,
        Self::Strong,
        Self::Weekend,
        Self::Ec2,
        Self::Fargate,
        Self::FargateTint,
        Self::Ec2Tint,
        Self::Ec2Band,
        Self::FargateBand,
        Self::Wanted,
        Self::Measured,
        Self::Slo,
        Self::Harm,
        Self::HarmTint,
        Self::Safe,
        Self::SafeTint,
        Self::Threshold,
        Self::StepLine,
        Self::Step,
        Self::RollBack,
        Self::RollBackLine,
        Self::Fault,
        Self::FaultLine,
        Self::End,
        Self::VerdictAdvance,
        Self::VerdictHold,
        Self::VerdictRollBack,
    ];

    /// The colour that stands for this ink until [`dress`].
    pub(crate) const fn colour(self) -> RGBColor {
        RGBColor(0xFE, 0x01, self as u8)
    }

    /// Its name in classes and custom properties.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Base => "base",
            Self::Label => "label",
            Self::Strong => "strong",
            Self::Weekend => "weekend",
            Self::Ec2 => "ec2",
            Self::Fargate => "fargate",
            Self::FargateTint => "fargate-tint",
            Self::Ec2Tint => "ec2-tint",
            Self::Ec2Band => "ec2-band",
            Self::FargateBand => "fargate-band",
            Self::Wanted => "wanted",
            Self::Measured => "measured",
            Self::Slo => "slo",
            Self::Harm => "harm",
            Self::HarmTint => "harm-tint",
            Self::Safe => "safe",
            Self::SafeTint => "safe-tint",
            Self::Threshold => "threshold",
            Self::StepLine => "step-line",
            Self::Step => "step",
            Self::RollBack => "rollback",
            Self::RollBackLine => "rollback-line",
            Self::Fault => "fault",
            Self::FaultLine => "fault-line",
            Self::End => "end",
            Self::VerdictAdvance => "verdict-advance",
            Self::VerdictHold => "verdict-hold",
            Self::VerdictRollBack => "verdict-rollback",
        }
    }
}

/// The rules that give every ink its stroke and fill from the page's custom properties.
pub(crate) fn styles() -> String {
    Ink::ALL
        .iter()
        .map(|ink| ink.name())
        .map(|name| format!(".s-{name}{{stroke:var(--{name})}}.f-{name}{{fill:var(--{name})}}\n"))
        .collect()
}

/// Replaces colours by classes and drops what only repeats a default.
///
/// Text in the SVG cannot be hit: it has no bare quotation mark, plotters escapes them.
pub(crate) fn dress(svg: &str) -> String {
    let mut dressed = svg.replace(" opacity=\"1\"", "").replace(" stroke-width=\"1\"", "");
    dressed = dressed.replace(" stroke=\"none\"", "").replace(" font-family=\"sans-serif\"", "");
    for ink in Ink::ALL {
        let RGBColor(red, green, blue) = ink.colour();
        let colour = format!("#{red:02X}{green:02X}{blue:02X}");
        for (attribute, prefix) in [("stroke", "s"), ("fill", "f")] {
            let class = format!("class=\"{prefix}-{}\"", ink.name());
            dressed = dressed.replace(&format!("{attribute}=\"{colour}\""), &class);
        }
    }
    dressed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ink_has_a_colour_and_a_name_of_its_own() {
        for (place, ink) in Ink::ALL.into_iter().enumerate() {
            assert_eq!(ink as usize, place, "{}", ink.name());
            let same = Ink::ALL.into_iter().filter(|other| other.name() == ink.name());
            assert_eq!(same.count(), 1, "{}", ink.name());
        }
    }

    #[test]
    fn attributes_are_dressed_and_text_is_not() {
        let svg =
            "<line stroke=\"#FE0105\"/><text fill=\"#FE0102\">fill=&quot;#FE0102&quot;</text>";
        let dressed =
            "<line class=\"s-ec2\"/><text class=\"f-label\">fill=&quot;#FE0102&quot;</text>";
        assert_eq!(dress(svg), dressed);
    }
}
