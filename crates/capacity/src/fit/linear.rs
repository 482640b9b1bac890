//! Small systems of linear equations.

/// Solves `matrix x = right` by elimination with the greatest pivot; `None` where it is singular.
pub(super) fn solve<const N: usize>(
    mut matrix: [[f64; N]; N],
    mut right: [f64; N],
) -> Option<[f64; N]> {
    for column in 0..N {
        let pivot = (column..N)
            .max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()))?;
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let size = matrix[column][column];
        if size.is_nan() || size.abs() < f64::MIN_POSITIVE {
            return None;
        }
        for row in column + 1..N {
            let factor = matrix[row][column] / size;
            let above = matrix[column];
            for (value, above) in matrix[row].iter_mut().zip(above).skip(column) {
                *value -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    let mut x = [0.0; N];
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|k| matrix[row][k] * x[k]).sum();
        x[row] = (right[row] - known) / matrix[row][row];
    }
    x.iter().all(|value| value.is_finite()).then_some(x)
}

/// Sums of a least-squares problem of `N` unknowns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normal<const N: usize> {
    matrix: [[f64; N]; N],
    right: [f64; N],
}

impl<const N: usize> Default for Normal<N> {
    fn default() -> Self {
        Self { matrix: [[0.0; N]; N], right: [0.0; N] }
    }
}

impl<const N: usize> Normal<N> {
    /// Adds the equation `row x = value`, counted `weight` times.
    pub(super) fn add(&mut self, row: &[f64; N], value: f64, weight: f64) {
        for i in 0..N {
            for j in 0..N {
                self.matrix[i][j] += weight * row[i] * row[j];
            }
            self.right[i] += weight * row[i] * value;
        }
    }

    /// The step of Levenberg and Marquardt: the diagonal made greater by a part `damping`.
    pub(super) fn damped(&self, damping: f64) -> Option<[f64; N]> {
        let mut matrix = self.matrix;
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] *= 1.0 + damping;
            // A parameter that nothing depends on stays where it is.
            row[i] = row[i].max(1e-12);
        }
        solve(matrix, self.right)
    }

    /// The solution without negative unknowns.
    ///
    /// All sets of unknowns that may be zero are tried, which for three is quicker than the active
    /// sets of Lawson and Hanson (1974) and gives the same answer.
    pub(super) fn not_negative(&self) -> Option<[f64; N]> {
        let mut best: Option<(f64, [f64; N])> = None;
        for free in 0..1_u32 << N {
            let Some(x) = self.with_free(free) else { continue };
            if x.iter().any(|value| *value < 0.0) {
                continue;
            }
            let loss = self.loss(&x);
            if best.is_none_or(|(least, _)| loss < least) {
                best = Some((loss, x));
            }
        }
        best.map(|(_, x)| x)
    }

    /// The solution in which unknowns whose bit is not set are zero.
    fn with_free(&self, free: u32) -> Option<[f64; N]> {
        let (mut matrix, mut right) = (self.matrix, self.right);
        for i in 0..N {
            if free & (1 << i) == 0 {
                matrix.iter_mut().for_each(|row| row[i] = 0.0);
                matrix[i] = [0.0; N];
                matrix[i][i] = 1.0;
                right[i] = 0.0;
            }
        }
        solve(matrix, right)
    }

    /// The sum of squares at `x`, less a constant.
    fn loss(&self, x: &[f64; N]) -> f64 {
        let mut sum = 0.0;
        for i in 0..N {
            sum -= 2.0 * self.right[i] * x[i];
            for j in 0..N {
                sum += self.matrix[i][j] * x[i] * x[j];
            }
        }
        sum
    }
}
