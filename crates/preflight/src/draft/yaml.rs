//! YAML text with comments.

use model::spec::{AlbWeighted, Route53TrafficPolicy, Route53Weighted, Router};
use model::text::wrap;

/// Columns of a draft: those of the examples.
const WIDTH: usize = 100;
/// The most letters of a DNS label (RFC 1123).
const LABEL_MAX: usize = 63;
/// The most letters of a name in ECS (CreateService).
const ECS_NAME_MAX: usize = 255;

/// Lines of a file.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<String>);

impl Lines {
    /// A line at a level of two columns each.
    pub(super) fn put(&mut self, level: usize, line: &str) {
        self.0.push(format!("{}{line}", "  ".repeat(level)));
    }

    /// A comment, broken into lines.
    pub(super) fn comment(&mut self, level: usize, text: &str) {
        for line in wrap(&plain(text), WIDTH.saturating_sub(2 * level + 2)) {
            self.put(level, format!("# {line}").trim_end());
        }
    }

    pub(super) fn blank(&mut self) {
        self.0.push(String::new());
    }

    pub(super) fn text(&self) -> String {
        self.0.join("\n") + "\n"
    }
}

/// Text without control characters: none of it may end a comment.
pub(super) fn plain(text: &str) -> String {
    // YAML ends a line at these two as well.
    let is_break = |it: char| it.is_control() || it == '\u{2028}' || it == '\u{2029}';
    text.chars().map(|it| if is_break(it) { ' ' } else { it }).collect()
}

/// A text as a YAML scalar: in quotes unless it can be nothing but a string.
pub(super) fn scalar(text: &str) -> String {
    let is_word = text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '/'));
    let lower = text.to_ascii_lowercase();
    let is_other = matches!(
        lower.as_str(),
        "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if is_word && !is_other { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes; JSON's escapes are YAML's.
fn quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            ' '..='~' => quoted.push(letter),
            // Writing to a string cannot fail.
            other => write!(quoted, "\\U{:08x}", u32::from(other)).unwrap_or(()),
        }
    }
    quoted.push('"');
    quoted
}

/// A name made from another, as a DNS label.
pub(super) fn label(name: &str) -> String {
    let letter = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' };
    let label: String = name.chars().map(letter).take(LABEL_MAX).collect();
    let label = label.trim_matches('-');
    if label.is_empty() { "migration".to_owned() } else { scalar(label) }
}

/// A name with an ending, within what ECS allows.
pub(super) fn shortened(name: &str, ending: &str) -> String {
    let room = ECS_NAME_MAX.saturating_sub(ending.len());
    name.chars().take(room).chain(ending.chars()).collect()
}

/// A router at its place in a file.
pub(super) fn router(router: &Router, lines: &mut Lines) {
    lines.put(2, "router:");
    lines.put(3, &format!("type: {}", router.name()));
    match router {
        Router::Route53Weighted(Route53Weighted {
            aws: _,
            hosted_zone_id,
            records,
            ec2_set_identifier,
            fargate_set_identifier,
        }) => {
            lines.put(3, &format!("hostedZoneId: {}", scalar(hosted_zone_id)));
            lines.put(3, "records:");
            for record in records {
                let (name, kind) = (scalar(&record.name), record.record_type);
                lines.put(4, &format!("- {{name: {name}, type: {kind}}}"));
            }
            lines.put(3, &format!("ec2SetIdentifier: {}", scalar(ec2_set_identifier)));
            lines.put(3, &format!("fargateSetIdentifier: {}", scalar(fargate_set_identifier)));
        }
        Router::Route53TrafficPolicy(Route53TrafficPolicy {
            aws: _,
            instances,
            ec2_endpoint,
            fargate_endpoint,
        }) => {
            lines.put(3, "instances:");
            for instance in instances {
                lines.put(4, &format!("- {{id: {}}}", scalar(&instance.id)));
            }
            lines.put(3, &format!("ec2Endpoint: {}", scalar(ec2_endpoint)));
            lines.put(3, &format!("fargateEndpoint: {}", scalar(fargate_endpoint)));
        }
        Router::AlbWeighted(AlbWeighted {
            aws: _,
            rule_arns,
            ec2_target_group_arn,
            fargate_target_group_arn,
        }) => {
            lines.put(3, "ruleArns:");
            for arn in rule_arns {
                lines.put(4, &format!("- {}", scalar(arn)));
            }
            lines.put(3, &format!("ec2TargetGroupArn: {}", scalar(ec2_target_group_arn)));
            lines.put(3, &format!("fargateTargetGroupArn: {}", scalar(fargate_target_group_arn)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_something_else_than_a_string_is_quoted() {
        for (text, written) in [
            ("api", "api"),
            ("api-1.example.com", "api-1.example.com"),
            ("no", "\"no\""),
            ("1e5", "\"1e5\""),
            ("a: b", "\"a: b\""),
            ("*.example.com", "\"*.example.com\""),
            ("say \"hi\"\n", "\"say \\\"hi\\\"\\U0000000a\""),
            ("", "\"\""),
        ] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn labels_are_dns_labels() {
        assert_eq!(label("Prd_API"), "prd-api");
        assert_eq!(label("__"), "migration");
        assert_eq!(label("1"), "\"1\"");
        assert_eq!(label(&"a".repeat(80)).len(), 63);
    }
}
