"""Ferry's adapters and octodns, each shifting as many names of a zone of its own on one moto server.

    compare.py BENCH OCTODNS_SYNC NAMES

Each is a process from its start to its end, so that what it takes to begin is in it: processor
time and memory are the kernel's (wait4), requests are what the server was asked. Every weight is
looked at in the end. Why moto: octodns writes records of its own kinds around each weighted pair
(a pool that is an alias, a rule by geography), and `ferry region` has weighted pairs alone.
"""

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import boto3
from moto.core.responses import ActionResult
from moto.route53.responses import Route53
from moto.server import ThreadedMotoServer

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s"}
BEFORE = (90, 10)
# octodns has no weight of zero.
OCTODNS_AFTER = (99, 1)
FERRY_AFTER = (100, 0)

# Route 53 counts the values of an UPSERT twice, and octodns once: by its own 1,000 a batch of 200
# names is refused.
CONFIG = """\
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: zones, enforce_order: false}
  route53: {class: octodns_route53.Route53Provider, client_max_attempts: 1, max_changes: 500}
zones:
  octodns.test.: {sources: [config], targets: [route53]}
"""
RECORD = """\
n{number:04}:
  type: A
  ttl: 60
  value: 192.0.2.1
  dynamic:
    pools:
      split:
        values:
        - {{value: 192.0.2.1, weight: {ec2}, status: up}}
        - {{value: 192.0.2.2, weight: {fargate}, status: up}}
    rules: [{{pool: split}}]
"""


class Requests(logging.Handler):
    """Counts requests by method and the kind of thing, from the server's own log."""

    def __init__(self):
        super().__init__()
        self.counted = Counter()

    def emit(self, record):
        line = record.getMessage()
        if '"' in line:
            method, path = line.split('"')[1].split()[:2]
            kind = "records" if "/rrset" in path else path.split("?")[0].split("/")[-1]
            self.counted[f"{method} {kind}"] += 1


# A process has at least the memory that its parent had when it was forked, as the kernel counts:
# so a small one stands between. It writes seconds and KiB to its first argument.
LAUNCHER = """
import os, sys
child = os.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "w") as told:
    told.write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measured(command, folder, url, requests):
    """Runs a command; what it took."""
    requests.counted.clear()
    began = time.monotonic()
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}
    told = folder / "told"
    launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(told), *command]
    ran = subprocess.run(launch, cwd=folder, env=environment, capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{(ran.stdout + ran.stderr)[-2000:]}")
    cpu, memory = told.read_text().split()
    return {
        "wall": time.monotonic() - began,
        "cpu": float(cpu),
        "memory": float(memory) / 1024,
        "requests": dict(sorted(requests.counted.items())),
    }


def weights(dns, zone):
    """All weights of a zone, by name."""
    found = {}
    pages = dns.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    for page in pages:
        for it in page["ResourceRecordSets"]:
            if "Weight" in it and "default" not in it["Name"]:
                found.setdefault(it["Name"], []).append((it["SetIdentifier"], it["Weight"]))
    return {name: tuple(weight for _, weight in sorted(pair)) for name, pair in found.items()}


def put_pairs(dns, zone, names):
    for number in range(names):
        sides = (("ec2", BEFORE[0], "192.0.2.1"), ("fargate", BEFORE[1], "192.0.2.2"))
        changes = [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": f"n{number:04}.ferry.test.",
                    "Type": "A",
                    "TTL": 60,
                    # moto's DELETE takes the records of an identifier out of all names.
                    "SetIdentifier": f"{side}-{number:04}",
                    "Weight": weight,
                    "ResourceRecords": [{"Value": value}],
                },
            }
            for side, weight, value in sides
        ]
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def write_zone(folder, names, pair):
    records = [
        RECORD.format(number=number, ec2=pair[0], fargate=pair[1]) for number in range(names)
    ]
    (folder / "zones").mkdir(exist_ok=True)
    (folder / "zones" / "octodns.test.yaml").write_text("---\n" + "".join(records))
    (folder / "config.yaml").write_text(CONFIG)


def list_health_checks(answers):
    """moto leaves out whether its list is whole, which octodns asks for."""
    found = answers.backend.list_health_checks()
    return ActionResult({"HealthChecks": found, "IsTruncated": False})


def main():
    Route53.list_health_checks = list_health_checks
    bench, sync, names = sys.argv[1], sys.argv[2], int(sys.argv[3])
    requests = Requests()
    log = logging.getLogger("werkzeug")
    log.setLevel(logging.INFO)
    log.addHandler(requests)
    log.propagate = False
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    session = boto3.Session("AKIAEXAMPLE", "s", region_name="us-east-1")
    dns = session.client("route53", endpoint_url=url)
    zone = {
        owner: dns.create_hosted_zone(Name=f"{owner}.test.", CallerReference=owner)["HostedZone"]
        for owner in ("ferry", "octodns")
    }
    ids = {owner: it["Id"].rsplit("/", 1)[-1] for owner, it in zone.items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        put_pairs(dns, ids["ferry"], names)
        octodns = [sync, "--config-file", "config.yaml", "--doit", "--force"]
        write_zone(folder, names, BEFORE)
        measured(octodns, folder, url, requests)
        assert set(weights(dns, ids["octodns"]).values()) == {BEFORE}, "octodns has made its own"
        write_zone(folder, names, OCTODNS_AFTER)
        took = {"octodns": measured(octodns, folder, url, requests)}
        ferry = [bench, "shift", url, ids["ferry"], str(names)]
        took["Ferry's adapters"] = measured(ferry, folder, url, requests)
        for owner, after in (("ferry", FERRY_AFTER), ("octodns", OCTODNS_AFTER)):
            found = weights(dns, ids[owner])
            assert len(found) == names and set(found.values()) == {after}, (owner, found)
    server.stop()
    print(f"| {names} names | Requests | Processor time | Memory | Wall |\n|---|---|---|---|---|")
    for who, it in took.items():
        counts = ", ".join(f"{count} {what}" for what, count in it["requests"].items())
        print(
            f"| {who} | {counts} | {it['cpu']:.2f} s | {it['memory']:.0f} MiB | {it['wall']:.1f} s |"
        )
    print()


if __name__ == "__main__":
    main()
