//! Names of things as IAM writes them.

/// The partition that a region is in ("Amazon Resource Names", AWS General Reference).
pub(crate) fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// The listener of a rule: `..:listener-rule/app/NAME/ID/LISTENER/RULE` is of
/// `..:listener/app/NAME/ID/LISTENER`; a listener is its own.
pub(crate) fn listener(rule: &str) -> Option<String> {
    if rule.contains(":listener/") {
        return Some(rule.to_owned());
    }
    let (listener, _) = rule.rsplit_once('/')?;
    let (before, after) = listener.split_once(":listener-rule/")?;
    Some(format!("{before}:listener/{after}"))
}

/// The region in an ARN.
pub(crate) fn region(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

/// A record's name as `route53:ChangeResourceRecordSetsNormalizedRecordNames` has it: lower case,
/// no dot at the end, and `\` with three octal digits for all but letters, digits, `-`, `_` and
/// `.` (Route 53 Developer Guide, "Using IAM policy conditions for fine-grained access control").
pub(crate) fn normalized(name: &str) -> String {
    let letters = name.trim_end_matches('.').bytes().map(|byte| match byte.to_ascii_lowercase() {
        plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.') => char::from(plain).to_string(),
        other => format!("\\{other:03o}"),
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalized_as_route_53_does() {
        for (name, wanted) in [
            ("API.Example.com.", "api.example.com"),
            ("*.example.com", "\\052.example.com"),
            ("_dmarc.a-b.example.com", "_dmarc.a-b.example.com"),
            ("a b.example.com", "a\\040b.example.com"),
        ] {
            assert_eq!(normalized(name), wanted);
        }
    }

    #[test]
    fn a_rule_has_the_listener_that_its_arn_begins_with() {
        let rule = "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/web/4/5/6";
        let of = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/web/4/5";
        assert_eq!(listener(rule).as_deref(), Some(of));
        assert_eq!(listener(of).as_deref(), Some(of));
        assert_eq!(listener("rule"), None);
    }

    #[test]
    fn china_and_the_us_government_have_partitions_of_their_own() {
        let regions = ["eu-west-1", "cn-north-1", "us-gov-west-1"];
        assert_eq!(regions.map(partition), ["aws", "aws-cn", "aws-us-gov"]);
    }
}
