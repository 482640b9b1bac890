//! Text broken into lines.

/// Lines of at most `width` characters, broken between words; a longer word is cut.
/// Never empty.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        for (index, piece) in pieces(word, width).into_iter().enumerate() {
            let length = piece.chars().count();
            // Pieces of one word are as long as a line, so only a word's first one is joined.
            let joined = used > 0 && index == 0 && used + 1 + length <= width;
            if used > 0 && !joined {
                lines.push(String::new());
                used = 0;
            }
            let line = lines.last_mut().expect("lines start with one and only grow");
            if joined {
                line.push(' ');
                used += 1;
            }
            line.push_str(&piece);
            used += length;
        }
    }
    lines
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    characters.chunks(width).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_fit_share_a_line_and_longer_ones_are_cut() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
