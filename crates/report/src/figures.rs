//! Numbers as people read them. A number that is not finite is a dash.

/// What stands where nothing was measured.
pub(crate) const DASH: &str = "–";

/// `1,234,567`.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `41.2 M`: three digits and the unit's prefix.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn short(count: u64) -> String {
    if count < 10_000 {
        return thousands(count);
    }
    let count = count as f64;
    let (scaled, prefix) = [(1e9, "G"), (1e6, "M"), (1e3, "k")]
        .into_iter()
        .find(|(unit, _)| count >= *unit)
        .map_or((count, ""), |(unit, prefix)| (count / unit, prefix));
    let decimals = if scaled < 9.995 {
        2
    } else if scaled < 99.95 {
        1
    } else {
        0
    };
    format!("{scaled:.decimals$} {prefix}")
}

/// `0.42 %` of a whole; a dash when the whole is nothing, `< 0.01 %` when it would round away.
#[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
pub(crate) fn percent_of(part: u64, whole: u64) -> String {
    if whole == 0 {
        return DASH.to_owned();
    }
    let percent = part as f64 / whole as f64 * 100.0;
    if part > 0 && percent < 0.01 {
        return "< 0.01 %".to_owned();
    }
    format!("{percent:.2} %")
}

/// A whole number with separators; a dash when it is not known.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is finite and not negative, and a cast saturates"
)]
pub(crate) fn whole(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() && value >= 0.0 => thousands((value + 0.5) as u64),
        Some(_) | None => DASH.to_owned(),
    }
}

/// A value's text; a dash when it is not known.
pub(crate) fn known(value: Option<impl ToString>) -> String {
    value.map_or_else(|| DASH.to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_keep_three_digits() {
        for (count, text) in [
            (0, "0"),
            (9_999, "9,999"),
            (10_000, "10.0 k"),
            (41_234_567, "41.2 M"),
            (412_345_678, "412 M"),
            (1_000_000_000, "1.00 G"),
        ] {
            assert_eq!(short(count), text);
        }
    }

    #[test]
    fn a_small_part_is_never_shown_as_none() {
        assert_eq!(percent_of(0, 10), "0.00 %");
        assert_eq!(percent_of(1, 1_000_000), "< 0.01 %");
        assert_eq!(percent_of(1, 3), "33.33 %");
        assert_eq!(percent_of(0, 0), DASH);
    }

    #[test]
    fn what_is_not_a_number_is_a_dash() {
        for value in [None, Some(f64::NAN), Some(f64::INFINITY), Some(-1.0)] {
            assert_eq!(whole(value), DASH);
        }
        assert_eq!(whole(Some(1_234.5)), "1,235");
    }
}
