//! Labels in each language, and text that stays within its quotes and comments.

use model::spec::Aws;

use crate::held::Held;

/// `tapple_api_ec2_service`: letters, digits and underscores, no digit first (Terraform, "Resource
/// names").
pub(crate) fn snake(words: &[String]) -> String {
    let word = |word: &String| -> String {
        word.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect()
    };
    let label = words.iter().map(word).collect::<Vec<_>>().join("_").to_ascii_lowercase();
    if label.starts_with(|first: char| first.is_ascii_digit()) {
        format!("_{label}")
    } else {
        label
    }
}

/// `TappleApiEc2Service`: letters and digits (CloudFormation, "Resources": logical ids).
pub(crate) fn camel(words: &[String]) -> String {
    let parts = words.iter().flat_map(|word| word.split(|it: char| !it.is_ascii_alphanumeric()));
    parts
        .filter_map(|part| {
            let first = part.chars().next()?;
            Some(format!("{}{}", first.to_ascii_uppercase(), &part[first.len_utf8()..]))
        })
        .collect()
}

/// `ec2Service`: a member of TypeScript, from the words after the migration's.
pub(crate) fn member(words: &[String]) -> String {
    let name = camel(words);
    let first = name.chars().take(1).map(|it| it.to_ascii_lowercase());
    let name: String = first.chain(name.chars().skip(1)).collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// A label that none before it has: `ab-c` and `a-bc` are told apart by case alone in some
/// languages, and two rules may differ in a hyphen.
pub(crate) fn unique(label: String, before: &[String]) -> String {
    let is_free = |label: &String| !before.iter().any(|it| it.eq_ignore_ascii_case(label));
    if is_free(&label) {
        return label;
    }
    let numbered = (2..).map(|number| format!("{label}{number}"));
    numbered.into_iter().find(is_free).unwrap_or(label)
}

/// A label for each thing, in turn.
pub(crate) fn labels(held: &[Held], of: impl Fn(&Held) -> String) -> Vec<String> {
    let mut labels: Vec<String> = Vec::with_capacity(held.len());
    for it in held {
        let label = unique(of(it), &labels);
        labels.push(label);
    }
    labels
}

/// Text within a comment of one line.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// A string of JSON, which one of YAML and of TypeScript is as well.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Account and region, as an operator knows them.
pub(crate) fn place(place: &Aws) -> String {
    match &place.assume_role_arn {
        Some(role) => format!("{}, by {}", plain(&place.region), plain(role)),
        None => plain(&place.region),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn labels_are_names_in_every_language() {
        let api = words(&["tapple-api", "ec2", "service"]);
        assert_eq!(snake(&api), "tapple_api_ec2_service");
        assert_eq!(camel(&api), "TappleApiEc2Service");
        assert_eq!(member(&api[1..]), "ec2Service");
        let digits = words(&["2048", "rule", "1"]);
        assert_eq!(snake(&digits), "_2048_rule_1");
        assert_eq!(camel(&digits), "2048Rule1");
        assert_eq!(member(&digits), "_2048Rule1");
    }

    #[test]
    fn no_two_things_have_one_label() {
        let before = words(&["AbC", "AbC2"]);
        assert_eq!(unique("abc".to_owned(), &before), "abc3");
        assert_eq!(unique("abd".to_owned(), &before), "abd");
    }
}
