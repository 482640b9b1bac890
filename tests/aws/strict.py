"""Calls every operation of a region with boto3 and holds each raw response to botocore's models.

    strict.py URL

The region must be one of config/examples/region.yaml whose clock stands still (--speed 0).
"""

import json
import sys
import urllib.request
from datetime import timedelta

import boto3
import botocore.args
import botocore.model
import botocore.utils
from botocore.config import Config
from botocore.exceptions import ClientError

import calls
import model

# What a service's clients are called in boto3, by the name that the region gives it.
SERVICES = {
    "ecs": "ecs",
    "elasticloadbalancing": "elbv2",
    "application-autoscaling": "application-autoscaling",
    "cloudwatch": "cloudwatch",
    "route53": "route53",
    "sts": "sts",
    "events": "events",
    "dynamodb": "dynamodb",
}
# An operation that no service here has, to be told which there are.
ABSENT = {
    "ecs": ("delete_cluster", {"cluster": "x"}),
    "elasticloadbalancing": ("delete_rule", {"RuleArn": "x"}),
    "application-autoscaling": (
        "delete_scaling_policy",
        {
            "PolicyName": "x",
            "ServiceNamespace": "ecs",
            "ResourceId": "x",
            "ScalableDimension": "ecs:service:DesiredCount",
        },
    ),
    "cloudwatch": ("delete_alarms", {"AlarmNames": ["x"]}),
    "route53": ("get_hosted_zone_count", {}),
    "sts": ("get_session_token", {}),
    "events": ("delete_rule", {"Name": "x"}),
    "dynamodb": ("delete_table", {"TableName": "xxx"}),
}


class Region:
    """A region behind boto3's clients, each of whose responses is checked."""

    def __init__(self, url):
        self.url = url
        self.findings = []
        self.succeeded = set()
        self.responses = 0
        self.samples = {}

    def client(self, service, **more):
        more.setdefault("aws_access_key_id", "AKIAEXAMPLE")
        more.setdefault("aws_secret_access_key", "secret")
        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name="ap-northeast-1",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            **more,
        )
        events = client.meta.events
        events.register("before-send", lambda **_: self.advance(1))
        name = client.meta.service_model.service_name

        def received(response_dict, parsed_response, exception, context, **_):
            operation = context["operation"]
            self.check(client, name, operation, response_dict)

        def before(model, params, context, **_):
            context["operation"] = model

        events.register("before-call", before)
        events.register("response-received", received)
        return client

    def check(self, client, service, operation, response):
        self.responses += 1
        headers = {key.lower(): value for key, value in response["headers"].items()}
        status = response["status_code"]
        protocol = {
            "json": "json",
            "query": "xml",
            "rest-xml": "xml",
            "smithy-rpc-v2-cbor": "cbor",
        }[client.meta.service_model.resolved_protocol]
        place = f"{service}.{operation.name} ({protocol}, {status})"
        body = response["body"]
        found = model.check(operation, protocol, status, headers, body, place)
        self.findings.extend(found)
        if status < 300:
            self.succeeded.add((service, operation.name))
            sample = (operation, protocol, status, headers, body, place)
            self.samples[(operation.name, protocol)] = sample

    def clock(self):
        with urllib.request.urlopen(f"{self.url}/_region/clock") as answer:
            return botocore.utils.parse_timestamp(json.load(answer)["now"])

    def advance(self, seconds):
        until = (self.clock() + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
        body = json.dumps({"until": until}).encode()
        request = urllib.request.Request(f"{self.url}/_region/advance", body, method="POST")
        urllib.request.urlopen(request).close()

    def refused(self, code, call, **arguments):
        """A call that must be refused with a code."""
        try:
            call(**arguments)
        except ClientError as error:
            found = error.response["Error"]["Code"]
            if found != code:
                self.findings.append(f"{error}: the code is not {code}")
            return
        self.findings.append(f"{call.__name__}({arguments}) was not refused with {code}")

    def served(self, service):
        """The operations that the region says it has of a service."""
        call, arguments = ABSENT[service]
        try:
            getattr(self.client(SERVICES[service]), call)(**arguments)
        except ClientError as error:
            text = error.response["Error"]["Message"]
            marker = f"of {service} this region has "
            if marker in text:
                return text.split(marker)[1].rstrip(".").split(", ")
            if "serves" in text:
                return []
        self.findings.append(f"{service}: {call} is not refused as an operation that is not served")
        return []


# Spoilt responses: what is replaced in one, and what must be found then. A checker that finds
# nothing in these would find nothing anywhere.
CONTROLS = [
    ("DescribeServices", "json", b'"launchType":"EC2"', b'"launchType":"MOON"', "is none of"),
    ("DescribeServices", "json", b'"desiredCount"', b'"wantedCount"', "is no member"),
    ("DescribeServices", "json", b'"runningCount":', b'"runningCount":0.5,"x":', "whole number"),
    ("DescribeScalableTargets", "json", b'"RoleARN"', b'"RoleArn"', "is missing"),
    ("DescribeRules", "xml", b"IsDefault>", b"Default>", "is no member"),
    ("DescribeRules", "xml", b"<Weight>", b"<Weight>a", "is no integer"),
    ("ListHostedZones", "xml", b"MaxItems>", b"MaxItem>", "is missing"),
    ("ListResourceRecordSets", "xml", b"<Weight>", b"<Weight>1000", "more than 255"),
    ("ListResourceRecordSets", "xml", b"ResourceRecordSet>", b"Set>", "is called Set"),
    ("GetMetricData", "cbor", b"StatusCode", b"StatusCude", "is no member"),
    ("GetMetricData", "cbor", b"Complete", b"Completd", "is none of"),
]


def spoil(region):
    """Holds the checker against responses that it must object to."""
    for name, protocol, there, instead, finding in CONTROLS:
        operation, _, status, headers, body, place = region.samples[(name, protocol)]
        spoilt = body.replace(there, instead)
        found = model.check(operation, protocol, status, headers, spoilt, place)
        if spoilt == body or not any(finding in text for text in found):
            problem = f"the checker does not see {instead!r} in place of {there!r}: {found}"
            region.findings.append(f"{place}: {problem}")


def speak_cbor():
    """Makes botocore choose CBOR where a service speaks it, as the SDK for Rust does."""
    for module in (botocore.args, botocore.model, botocore.utils):
        order = list(getattr(module, "PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", ()))
        if order:
            order.sort(key=lambda name: name != "smithy-rpc-v2-cbor")
            module.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = tuple(order)


def main():
    region = Region(sys.argv[1])
    calls.all_services(region)
    speak_cbor()
    if region.client("cloudwatch").meta.service_model.resolved_protocol != "smithy-rpc-v2-cbor":
        region.findings.append("botocore does not speak CBOR to CloudWatch")
    calls.cloudwatch(region)
    spoil(region)
    served = 0
    for service in SERVICES:
        for operation in region.served(service):
            served += 1
            if (SERVICES[service], operation) not in region.succeeded:
                region.findings.append(f"{service}.{operation} is served and was never called")
    for finding in dict.fromkeys(region.findings):
        print(finding)
    print(f"{served} operations, {region.responses} responses, {len(region.findings)} findings")
    sys.exit(1 if region.findings or served < 40 else 0)


if __name__ == "__main__":
    main()
