//! The slow part of requests as it rises with load, without any model: pool adjacent violators.

use super::robust;

/// Groups of minutes, by load, in which the model is held against what was seen.
const GROUPS: usize = 6;

/// The model may differ by this part: it is an approximation, and a tenth of the slow part is a
/// hundredth of the load.
const TOLERANCE: f64 = 0.3;

/// Below this part of the objective's budget a difference changes no answer.
const FLOOR: f64 = 0.3;

/// Where both say that this many times the budget is slow, both say the same.
const FAR: f64 = 2.0;

/// The slow part of requests at a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    pub rate: f64,
    pub slow: f64,
    pub weight: f64,
}

/// The closest rising curve to `shares`, which are sorted by load (Ayer et al. 1955).
pub(super) fn rising(shares: impl Iterator<Item = Share>) -> Vec<Share> {
    let mut blocks: Vec<Share> = Vec::new();
    for share in shares.filter(|share| share.weight > 0.0) {
        let mut block = share;
        while let Some(last) = blocks.last().filter(|last| last.slow >= block.slow) {
            block = pool(last, &block);
            blocks.pop();
        }
        blocks.push(block);
    }
    blocks
}

fn pool(a: &Share, b: &Share) -> Share {
    let weight = a.weight + b.weight;
    let mean = |x: f64, y: f64| (x * a.weight + y * b.weight) / weight;
    Share { rate: mean(a.rate, b.rate), slow: mean(a.slow, b.slow), weight }
}

/// The load at which a rising curve comes to `allowed`; its end where it never does, `None` where
/// it begins above.
pub(super) fn crossing(curve: &[Share], allowed: f64, end: f64) -> Option<f64> {
    let above = curve.partition_point(|share| share.slow <= allowed);
    let below = curve.get(above.checked_sub(1)?)?;
    let Some(next) = curve.get(above) else { return Some(end) };
    let part = (allowed - below.slow) / (next.slow - below.slow);
    Some(below.rate + part * (next.rate - below.rate))
}

/// Where the model leaves what was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Disagreement {
    pub rate: f64,
    pub seen: f64,
    pub modelled: f64,
}

/// The first load at which `shares`, sorted by load, lie outside the 95 % band of the model.
///
/// `band` gives the model's 2.5 %, 50 % and 97.5 % at a load. Both the noise of the minutes and a
/// tolerance widen it: with enough minutes every model is wrong.
pub(super) fn disagreement(
    shares: &[Share],
    allowed: f64,
    band: impl Fn(f64) -> Option<[f64; 3]>,
) -> Option<Disagreement> {
    let size = shares.len().div_ceil(GROUPS).max(1);
    let groups: Vec<(Share, f64)> = shares.chunks(size).filter_map(group).collect();
    let curve = rising(groups.iter().map(|(share, _)| *share));
    groups.iter().find_map(|(group, error)| {
        let [low, middle, high] = band(group.rate)?;
        let seen = curve.iter().rev().find(|block| block.rate <= group.rate).unwrap_or(group).slow;
        if seen.min(middle) > FAR * allowed {
            return None;
        }
        let floor = FLOOR * allowed;
        let is_above = seen - 2.0 * error > high.max(floor) * (1.0 + TOLERANCE);
        let is_below = (seen + 2.0 * error).max(floor) < low / (1.0 + TOLERANCE);
        (is_above || is_below).then_some(Disagreement { rate: group.rate, seen, modelled: middle })
    })
}

/// The mean of a group of minutes, and its standard error; a few wild minutes are left out.
fn group(minutes: &[Share]) -> Option<(Share, f64)> {
    let mut slow: Vec<f64> = minutes.iter().map(|share| share.slow).collect();
    let high = robust::quantile(&mut slow, 0.95)?;
    let kept: Vec<&Share> = minutes.iter().filter(|share| share.slow <= high).collect();
    #[expect(clippy::cast_precision_loss, reason = "a number of minutes")]
    let count = kept.len() as f64;
    let mean = |of: fn(&Share) -> f64| kept.iter().map(|share| of(share)).sum::<f64>() / count;
    let (rate, slow) = (mean(|s| s.rate), mean(|s| s.slow));
    let squares: f64 = kept.iter().map(|s| (s.slow - slow) * (s.slow - slow)).sum();
    let error = libm::sqrt(squares / (count - 1.0).max(1.0) / count);
    Some((Share { rate, slow, weight: count }, error))
}
