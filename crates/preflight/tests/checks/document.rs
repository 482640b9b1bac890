//! The reference of all checks says what the code does.

use preflight::Severity;

/// The lines of the table, as the code would write them.
fn table() -> String {
    let of = |severity| preflight::checks().filter(move |check| check.severity == severity);
    Severity::ALL
        .into_iter()
        .flat_map(of)
        .map(|it| format!("| `{}` | {} | {} | {} |\n", it.id, it.severity, it.finds, it.remedy))
        .collect()
}

#[test]
fn the_reference_lists_every_check_in_its_own_words() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/preflight.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: String = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| format!("{line}\n"))
        .collect();
    // To write it anew, take the right side of this comparison.
    assert_eq!(rows, table(), "docs/reference/preflight.md differs from the code");
}
