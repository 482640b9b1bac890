//! Which series a PromQL expression asks for.
//!
//! Prometheus itself says elsewhere whether an expression is right; this finds what it names
//! (Prometheus, "Querying: basics" and "Operators").

use std::iter::Peekable;
use std::str::Chars;

/// A metric and what its labels must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) name: String,
    /// Label, operator, value.
    pub(crate) matchers: Vec<(String, String, String)>,
}

/// Words that a list of labels follows.
const GROUPINGS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Words that stand where a metric could.
const WORDS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];
/// Functions that may stand before `by` and `without` instead of a parenthesis.
const AGGREGATIONS: [&str; 8] = ["sum", "min", "max", "avg", "count", "group", "topk", "bottomk"];

type Letters<'a> = Peekable<Chars<'a>>;

/// Every selector of an expression, in its order.
pub(crate) fn selectors(expression: &str) -> Vec<Selector> {
    let mut rest = expression.chars().peekable();
    let mut found = Vec::new();
    while let Some(&letter) = rest.peek() {
        match letter {
            '"' | '\'' => drop(string(&mut rest)),
            '[' => drop(through(&mut rest, ']')),
            '0'..='9' => drop(word(&mut rest)),
            '{' => panic!("a selector without a name: {expression}"),
            _ if is_of_name(letter) => {
                let name = word(&mut rest);
                found.extend(selector(name, &mut rest));
            }
            _ => drop(rest.next()),
        }
    }
    found
}

fn selector(name: String, rest: &mut Letters<'_>) -> Option<Selector> {
    spaces(rest);
    if GROUPINGS.contains(&name.as_str()) {
        through(rest, ')');
        return None;
    }
    let is_word = [&WORDS[..], &AGGREGATIONS[..]].concat().contains(&name.as_str());
    match rest.peek() {
        Some('(') => None,
        _ if is_word => None,
        Some('{') => Some(Selector { name, matchers: matchers(rest) }),
        Some(_) | None => Some(Selector { name, matchers: Vec::new() }),
    }
}

fn matchers(rest: &mut Letters<'_>) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    rest.next();
    loop {
        while rest.next_if(|letter| letter.is_whitespace() || *letter == ',').is_some() {}
        if rest.next_if_eq(&'}').is_some() {
            return found;
        }
        let label = word(rest);
        assert!(!label.is_empty(), "a label, an operator, a value in quotation marks");
        spaces(rest);
        let mut operator = String::new();
        while let Some(letter) = rest.next_if(|letter| "=!~".contains(*letter)) {
            operator.push(letter);
        }
        spaces(rest);
        found.push((label, operator, string(rest)));
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

/// A name, or a number with its unit.
fn word(rest: &mut Letters<'_>) -> String {
    let mut word = String::new();
    let is_number = rest.peek().is_some_and(char::is_ascii_digit);
    let is_of_word = |letter: &char| is_of_name(*letter) || (is_number && *letter == '.');
    while let Some(letter) = rest.next_if(is_of_word) {
        word.push(letter);
    }
    word
}

fn spaces(rest: &mut Letters<'_>) {
    while rest.next_if(|letter| letter.is_whitespace()).is_some() {}
}

/// What stands between two quotation marks.
fn string(rest: &mut Letters<'_>) -> String {
    let Some(mark) = rest.next() else { return String::new() };
    through(rest, mark)
}

/// What stands before `end`, which is read too.
fn through(rest: &mut Letters<'_>, end: char) -> String {
    rest.by_ref().take_while(|letter| *letter != end).collect()
}

#[test]
fn selectors_are_told_from_words_functions_and_labels() {
    let selector = |name: &str, matchers: &[(&str, &str, &str)]| Selector {
        name: name.to_owned(),
        matchers: matchers
            .iter()
            .map(|(label, is, value)| ((*label).to_owned(), (*is).to_owned(), (*value).to_owned()))
            .collect(),
    };
    for (expression, found) in [
        ("up", vec![selector("up", &[])]),
        ("up{job=\"a}b\", x!~'c'} == 1", {
            vec![selector("up", &[("job", "=", "a}b"), ("x", "!~", "c")])]
        }),
        ("sum without (instance) (rate(a_total[5m])) * 600 > 14.4e3", {
            vec![selector("a_total", &[])]
        }),
        ("sum(a) by (b) unless on (c) max by (d) (e:f:g)", {
            vec![selector("a", &[]), selector("e:f:g", &[])]
        }),
        ("time() - (a * on (b) group_left (c) d offset 5m)", {
            vec![selector("a", &[]), selector("d", &[])]
        }),
        ("absent(up{}) or a == bool b", {
            vec![selector("up", &[]), selector("a", &[]), selector("b", &[])]
        }),
    ] {
        assert_eq!(selectors(expression), found, "{expression}");
    }
}
