//! What a misspelt word was probably meant to be.

/// The candidate nearest to `word`, where one is near enough to be meant.
///
/// Near is a third of the longer word's letters, changed, moved, left out or added (optimal string
/// alignment), case aside: more suggests words of another meaning, less misses swapped endings.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Long junk is not a misspelling of anything, and distance costs the product of lengths.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let lower = candidate.to_lowercase();
        let distance = strsim::osa_distance(&word, &lower);
        let longer = word.chars().count().max(lower.chars().count());
        if distance * 3 <= longer.max(3) && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.to_owned())
}
