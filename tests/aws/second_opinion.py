"""A moto server with a world that boto3 made, for others to read.

    second_opinion.py whole|small

`small` has what can be moved, `whole` more to be read: instances, further services, policies, rules
of EventBridge, an account behind a role.

Prints a line of JSON: where the server is, and all that was put there, as boto3 was told it. Then
answers each line of its input with one of JSON: `fresh` makes the world anew, `look` says what is
there now, as boto3 reads it, and `allow POLICY` gives keys of a user with that policy and no other:
from then on moto checks who asks for what, until `look` or `fresh`. Ends with its input.
"""

import json
import logging
import sys
import urllib.request

import boto3
from botocore.config import Config
from moto.iam.access_control import IAMRequest
from moto.server import ThreadedMotoServer

REGION = "ap-northeast-1"
# moto's own account, and one that only a role leads into.
ELSEWHERE = "111122223333"
ROLE = f"arn:aws:iam::{ELSEWHERE}:role/ferry"
ECS = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


check_signature = IAMRequest.check_signature


def check_signature_of_body(request):
    """moto takes the query of a GET for its body, so that no such signature is right."""
    if request._method != "GET":
        check_signature(request)


class World:
    def __init__(self, url, is_whole):
        self.url = url
        self.is_whole = is_whole
        self.session = boto3.Session(
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="secret",
            region_name=REGION,
        )
        self.clients = {}

    def client(self, service):
        if service not in self.clients:
            config = Config(retries={"total_max_attempts": 1})
            self.clients[service] = self.session.client(
                service, endpoint_url=self.url, config=config
            )
        return self.clients[service]

    def tell(self, what, body=b""):
        text = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{self.url}/moto-api/{what}", body, text, method="POST")
        urllib.request.urlopen(request).close()

    def allow(self, policy):
        # Unchecked are so many requests, all or none.
        self.tell("reset-auth", b"inf")
        iam = self.client("iam")
        if self.key is None:
            iam.create_user(UserName="ferry")
            self.key = iam.create_access_key(UserName="ferry")["AccessKey"]
        iam.put_user_policy(UserName="ferry", PolicyName="ferry", PolicyDocument=policy)
        self.tell("reset-auth", b"0")
        return {"id": self.key["AccessKeyId"], "secret": self.key["SecretAccessKey"]}

    def fresh(self):
        self.tell("reset-auth", b"inf")
        self.tell("reset")
        self.key = None
        put = {"url": self.url, "region": REGION}
        self.balancing(put)
        self.services(put)
        self.target(put)
        self.records(put)
        if self.is_whole:
            self.further_services(put)
            self.policies(put)
            self.events(put)
            self.elsewhere(put)
        self.put = put
        return put

    def balancing(self, put):
        elb, ec2 = self.client("elbv2"), self.client("ec2")
        subnets = ec2.describe_subnets()["Subnets"]
        put["subnets"] = sorted(subnet["SubnetId"] for subnet in subnets)[:2]
        put["zones"] = sorted(
            subnet["AvailabilityZone"]
            for subnet in subnets
            if subnet["SubnetId"] in put["subnets"]
        )
        vpc = subnets[0]["VpcId"]
        put["securityGroup"] = ec2.create_security_group(
            GroupName="balancer", Description="balancer", VpcId=vpc
        )["GroupId"]
        put["groups"] = {}
        put["targets"] = {"ec2": 3, "fargate": 2}
        put["targetTypes"] = {"ec2": "instance" if self.is_whole else "ip", "fargate": "ip"}
        for side, kind in put["targetTypes"].items():
            group = elb.create_target_group(
                Name=f"api-{side}",
                TargetType=kind,
                Protocol="HTTP",
                Port=3000,
                VpcId=vpc,
                HealthCheckPath="/healthz",
                HealthCheckIntervalSeconds=15,
                HealthCheckTimeoutSeconds=4,
                HealthyThresholdCount=2,
                UnhealthyThresholdCount=3,
                Matcher={"HttpCode": "200-204"},
            )["TargetGroups"][0]["TargetGroupArn"]
            put["groups"][side] = group
            delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "45"}
            elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
        ids = {
            side: [f"10.0.{len(side)}.{number}" for number in range(count)]
            for side, count in put["targets"].items()
        }
        if self.is_whole:
            count = put["targets"]["ec2"]
            some = {"ImageId": "ami-12c6146b", "MinCount": count, "MaxCount": count}
            ids["ec2"] = [it["InstanceId"] for it in ec2.run_instances(**some)["Instances"]]
        for side, all_of_side in ids.items():
            targets = [{"Id": name, "Port": 3000} for name in all_of_side]
            elb.register_targets(TargetGroupArn=put["groups"][side], Targets=targets)
        balancer = elb.create_load_balancer(
            Name="api",
            Subnets=put["subnets"],
            SecurityGroups=[put["securityGroup"]],
            Scheme="internet-facing",
            Type="application",
        )["LoadBalancers"][0]
        put["balancer"] = balancer["LoadBalancerArn"]
        put["dnsName"] = balancer["DNSName"]
        idle = {"Key": "idle_timeout.timeout_seconds", "Value": "75"}
        elb.modify_load_balancer_attributes(LoadBalancerArn=put["balancer"], Attributes=[idle])
        listener = elb.create_listener(
            LoadBalancerArn=put["balancer"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[
                {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
            ],
        )["Listeners"][0]["ListenerArn"]
        put["weights"] = {"ec2": 100, "fargate": 0}
        pair = [
            {"TargetGroupArn": put["groups"][side], "Weight": weight}
            for side, weight in put["weights"].items()
        ]
        forward = {
            "TargetGroups": pair,
            "TargetGroupStickinessConfig": {"Enabled": False},
        }
        put["rule"] = elb.create_rule(
            ListenerArn=listener,
            Priority=10,
            Conditions=[{"Field": "path-pattern", "Values": ["/api/*"]}],
            Actions=[{"Type": "forward", "ForwardConfig": forward}],
        )["Rules"][0]["RuleArn"]

    def services(self, put):
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName="prd")
        put["definitions"], put["services"] = {}, {}
        put["images"] = {"ec2": "repo/api:v41", "fargate": "repo/api:v42"}
        network = {
            "subnets": put["subnets"],
            "securityGroups": [put["securityGroup"]],
            "assignPublicIp": "DISABLED",
        }
        for side, desired in (("ec2", 4), ("fargate", 2)):
            on_fargate = side == "fargate"
            app = {
                "name": "app",
                "image": put["images"][side],
                "essential": True,
                "cpu": 900,
                "memory": 1500,
                "portMappings": [{"containerPort": 3000}],
                "environment": [{"name": "PLATFORM", "value": side}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "/ecs/api"},
                },
            }
            agent = {"name": "agent", "image": "agent:7", "essential": False, "memory": 256}
            definition = ecs.register_task_definition(
                family=f"api-{side}",
                networkMode="awsvpc" if on_fargate else "bridge",
                requiresCompatibilities=["FARGATE"] if on_fargate else ["EC2"],
                cpu="1024",
                memory="2048",
                taskRoleArn="arn:aws:iam::123456789012:role/api",
                executionRoleArn="arn:aws:iam::123456789012:role/api-execution",
                containerDefinitions=[app, agent],
            )["taskDefinition"]["taskDefinitionArn"]
            put["definitions"][side] = definition
            more = {"launchType": "EC2"}
            if on_fargate:
                more = {
                    "launchType": "FARGATE",
                    "networkConfiguration": {"awsvpcConfiguration": network},
                }
            name = "api-fargate" if on_fargate else "api"
            ecs.create_service(
                cluster="prd",
                serviceName=name,
                taskDefinition=definition,
                desiredCount=desired,
                loadBalancers=[
                    {
                        "targetGroupArn": put["groups"][side],
                        "containerName": "app",
                        "containerPort": 3000,
                    }
                ],
                **more,
            )
            put["services"][side] = {"name": name, "desired": desired}

    def further_services(self, put):
        ecs = self.client("ecs")
        ecs.create_service(
            cluster="prd",
            serviceName="agent",
            taskDefinition=put["definitions"]["ec2"],
            launchType="EC2",
            schedulingStrategy="DAEMON",
        )
        # More than a page of ten.
        put["others"] = [f"other-{number:02}" for number in range(12)]
        for name in put["others"]:
            ecs.create_service(
                cluster="prd",
                serviceName=name,
                taskDefinition=put["definitions"]["ec2"],
                launchType="EC2",
                desiredCount=1,
            )

    def target(self, put):
        scaling = self.client("application-autoscaling")
        resource = {**ECS, "ResourceId": "service/prd/api"}
        put["bounds"] = {"min": 2, "max": 40}
        scaling.register_scalable_target(
            **resource,
            MinCapacity=put["bounds"]["min"],
            MaxCapacity=put["bounds"]["max"],
            SuspendedState={"DynamicScalingInSuspended": False},
        )

    def policies(self, put):
        scaling = self.client("application-autoscaling")
        resource = {**ECS, "ResourceId": "service/prd/api"}
        steps = [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 3}]
        put["cooldown"] = 90
        scaling.put_scaling_policy(
            **resource,
            PolicyName="by-hand",
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={
                "AdjustmentType": "ChangeInCapacity",
                "Cooldown": put["cooldown"],
                "StepAdjustments": steps,
            },
        )
        put["scheduled"] = {"schedule": "cron(0 18 * * ? *)", "min": 5, "max": 50}
        scaling.put_scheduled_action(
            **resource,
            ScheduledActionName="evening",
            Schedule=put["scheduled"]["schedule"],
            ScalableTargetAction={"MinCapacity": 5, "MaxCapacity": 50},
        )
        other = {**ECS, "ResourceId": "service/prd/other-00"}
        scaling.register_scalable_target(**other, MinCapacity=1, MaxCapacity=9)
        cpu = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
        scaling.put_scaling_policy(
            **other,
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 55.0,
                "PredefinedMetricSpecification": cpu,
            },
        )

    def records(self, put):
        dns = self.client("route53")
        zone = dns.create_hosted_zone(Name="example.com.", CallerReference="one")["HostedZone"]
        put["zone"] = zone["Id"].rsplit("/", 1)[-1]
        balancer = self.client("elbv2").describe_load_balancers()["LoadBalancers"][0]
        sets = []
        put["sets"] = {
            "A": {"ec2": "ec2", "fargate": "fargate"},
            # moto's DELETE takes the records of an identifier out of all names and types.
            "AAAA": {"ec2": "ec2-v6", "fargate": "fargate-v6"},
        }
        for kind, identifiers in put["sets"].items():
            for side, weight in put["weights"].items():
                alias = {
                    "HostedZoneId": balancer["CanonicalHostedZoneId"],
                    "DNSName": f"{side}.{put['dnsName']}",
                    "EvaluateTargetHealth": side == "fargate",
                }
                sets.append(
                    {
                        "Name": "api.example.com.",
                        "Type": kind,
                        "SetIdentifier": identifiers[side],
                        "Weight": weight,
                        "AliasTarget": alias,
                    }
                )
        plain = {"Name": "www.example.com.", "Type": "CNAME", "TTL": 60}
        sets.append({**plain, "ResourceRecords": [{"Value": "api.example.com"}]})
        # More than a page of 300.
        put["hosts"] = 310 if self.is_whole else 0
        for number in range(put["hosts"]):
            host = {"Name": f"h{number:03}.example.com.", "Type": "TXT", "TTL": 300}
            sets.append({**host, "ResourceRecords": [{"Value": f'"{number}"'}]})
        changes = [{"Action": "CREATE", "ResourceRecordSet": it} for it in sets]
        dns.change_resource_record_sets(
            HostedZoneId=put["zone"], ChangeBatch={"Changes": changes}
        )

    def events(self, put):
        events = self.client("events")
        put["schedule"] = "cron(0 3 * * ? *)"
        put["eventRule"] = events.put_rule(
            Name="nightly", ScheduleExpression=put["schedule"], State="DISABLED"
        )["RuleArn"]
        events.put_rule(Name="on-upload", EventPattern='{"source":["aws.s3"]}')
        # More than a page of 100.
        put["hourly"] = [f"hourly-{number:03}" for number in range(110)]
        for name in put["hourly"]:
            events.put_rule(Name=name, ScheduleExpression="rate(1 hour)")
        put["target"] = {
            "Id": "report",
            "Arn": "arn:aws:ecs:ap-northeast-1:123456789012:cluster/prd",
            "RoleArn": "arn:aws:iam::123456789012:role/events",
            "Input": '{"day":1}',
            "DeadLetterConfig": {"Arn": "arn:aws:sqs:ap-northeast-1:123456789012:lost"},
            "EcsParameters": {
                "TaskDefinitionArn": put["definitions"]["ec2"],
                "TaskCount": 2,
                "LaunchType": "EC2",
                "NetworkConfiguration": {
                    "awsvpcConfiguration": {
                        "Subnets": put["subnets"],
                        "SecurityGroups": [put["securityGroup"]],
                    }
                },
                "PlacementStrategy": [{"type": "binpack", "field": "memory"}],
            },
        }
        events.put_targets(Rule="nightly", Targets=[put["target"]])

    def elsewhere(self, put):
        """A service of the same name in an account that only a role leads into."""
        put["role"] = ROLE
        put["elsewhereDesired"] = 7
        sts = self.client("sts")
        key = sts.assume_role(RoleArn=ROLE, RoleSessionName="boto3")["Credentials"]
        ecs = boto3.client(
            "ecs",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key["SessionToken"],
        )
        ecs.create_cluster(clusterName="prd")
        app = {"name": "app", "image": "repo/api:v40", "memory": 512}
        ecs.register_task_definition(family="api", containerDefinitions=[app])
        ecs.create_service(
            cluster="prd",
            serviceName="api",
            taskDefinition="api:1",
            launchType="EC2",
            desiredCount=put["elsewhereDesired"],
        )

    def look(self):
        """The weights there are, and how many tasks are wanted."""
        self.tell("reset-auth", b"inf")
        dns, elb, ecs = self.client("route53"), self.client("elbv2"), self.client("ecs")
        sets = dns.list_resource_record_sets(HostedZoneId=self.put["zone"])["ResourceRecordSets"]
        records = {
            f"{it['Type']} {it['SetIdentifier']}": it["Weight"] for it in sets if "Weight" in it
        }
        action = elb.describe_rules(RuleArns=[self.put["rule"]])["Rules"][0]["Actions"][0]
        by_group = {
            it["TargetGroupArn"]: it["Weight"] for it in action["ForwardConfig"]["TargetGroups"]
        }
        rule = {side: by_group[arn] for side, arn in self.put["groups"].items()}
        services = ecs.describe_services(cluster="prd", services=["api", "api-fargate"])["services"]
        desired = {it["serviceName"]: it["desiredCount"] for it in services}
        return {"records": records, "rule": rule, "desired": desired, "sets": len(sets)}


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    IAMRequest.check_signature = check_signature_of_body
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address, port = server.get_host_and_port()
    world = World(f"http://{address}:{port}", is_whole={"whole": True, "small": False}[sys.argv[1]])

    def say(what):
        print(json.dumps(what), flush=True)

    say(world.fresh())
    for line in sys.stdin:
        what, _, rest = line.strip().partition(" ")
        say(world.allow(rest) if what == "allow" else {"fresh": world.fresh, "look": world.look}[what]())
    server.stop()


if __name__ == "__main__":
    main()
