"""Lints the IAM policy on standard input with parliament and its community auditors."""

import sys

import parliament
import parliament.community_auditors
from pathlib import Path

# Balancers of these kinds split no traffic by weighted target groups. The linter wants an action
# to be allowed on something of each kind that it could be used on.
OTHER_BALANCERS = ("listener/net/", "listener-rule/net/", "listener/gwy/")


def is_meant(finding):
    """Findings of what is so on purpose."""
    if finding.issue == "CREDENTIALS_EXPOSURE":
        # Roles in other accounts are assumed, each by its name.
        return finding.location["actions"] == ["sts:assumerole"]
    if finding.issue == "RESOURCE_MISMATCH":
        return all(
            any(kind in each["required_format"] for kind in OTHER_BALANCERS)
            for each in finding.detail
        )
    return False


def main():
    auditors = Path(parliament.community_auditors.__path__[0])
    parliament.override_config(auditors / "config_override.yaml")
    policy = parliament.analyze_policy_string(
        sys.stdin.read(), include_community_auditors=True
    )
    findings = [finding for finding in policy.findings if not is_meant(finding)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
