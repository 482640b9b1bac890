//! Text from the record made safe for where it goes, and broken into lines.

pub use model::text::wrap;

/// Text for HTML, in elements and in quoted attributes alike.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // HTML forbids them even as references.
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

/// Text for a terminal: no control character from the record reaches it, so that no name
/// can move the cursor or set a colour.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A sentence's end, where it has none.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let ended = text.is_empty() || text.ends_with(['.', '!', '?', '…']);
    format!("{text}{}", if ended { "" } else { "." })
}

/// [`wrap`], with all after `lines_max` lines left out behind an ellipsis.
pub(crate) fn wrap_at_most(text: &str, width: usize, lines_max: usize) -> Vec<String> {
    let mut lines = wrap(text, width);
    let lines_max = lines_max.max(1);
    if lines.len() <= lines_max {
        return lines;
    }
    lines.truncate(lines_max);
    let last = lines.last_mut().expect("at least one line was kept");
    while last.chars().count() + 1 > width.max(1) {
        // Back to a word's end where there is one.
        match last.rfind(' ') {
            Some(space) => last.truncate(space),
            None => {
                last.pop();
            }
        }
    }
    last.push('…');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_do_not_survive() {
        assert_eq!(escape("<a href='x'>\"&\u{1b}\0"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;  ");
        assert_eq!(plain("a\u{1b}[31mb\n"), "a [31mb ");
    }

    #[test]
    fn no_line_is_longer_than_its_width() {
        let texts = ["", "one", "one two three four", "averyveryverylongword and more", "ä ö ü éé"];
        for text in texts {
            for width in 0..12 {
                for lines_max in 0..4 {
                    for line in wrap_at_most(text, width, lines_max) {
                        assert!(line.chars().count() <= width.max(1), "{line:?} at {width}");
                    }
                }
                let joined: String = wrap(text, width).concat().split(' ').collect();
                let letters: String = text.split(' ').collect();
                assert_eq!(joined, letters, "a letter was lost at {width}");
            }
        }
    }

    #[test]
    fn a_cut_is_shown() {
        assert_eq!(wrap_at_most("one two three four", 9, 1), ["one two…"]);
        assert_eq!(wrap_at_most("one two", 9, 1), ["one two"]);
    }
}
