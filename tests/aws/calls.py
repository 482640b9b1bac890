"""The calls: of each service every operation that the region has, and what it must refuse."""

from datetime import timedelta

CLUSTER = "prd"
ECS = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
ZONE = "Z0EXAMPLE"


def all_services(region):
    region.advance(1800)
    sts(region)
    ecs(region)
    balancing(region)
    autoscaling(region)
    cloudwatch(region)
    records(region)
    traffic_flow(region)
    dynamodb(region)
    events(region)


def sts(region):
    client = region.client("sts")
    client.get_caller_identity()
    role = "arn:aws:iam::123456789012:role/ferry"
    answer = client.assume_role(RoleArn=role, RoleSessionName="ferry", DurationSeconds=900)
    key = answer["Credentials"]
    assumed = region.client(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    arn = assumed.get_caller_identity()["Arn"]
    if arn != "arn:aws:sts::123456789012:assumed-role/ferry/ferry":
        region.findings.append(f"an assumed role is told as {arn}")
    region.advance(901)
    region.refused("ExpiredToken", assumed.get_caller_identity)
    region.refused("ValidationError", client.assume_role, RoleArn="x", RoleSessionName="ferry")


def ecs(region):
    client = region.client("ecs")
    client.describe_clusters(clusters=[CLUSTER, "nobody"])
    arns = client.list_clusters()["clusterArns"]
    assert len(arns) == 1, arns
    pages = client.get_paginator("list_services").paginate(cluster=CLUSTER, maxResults=4)
    services = [arn for page in pages for arn in page["serviceArns"]]
    assert len(services) == 6, services
    described = client.describe_services(
        cluster=CLUSTER, services=[*services, "nobody"], include=["TAGS"]
    )
    assert len(described["services"]) == 6 and len(described["failures"]) == 1
    client.update_service(cluster=CLUSTER, service="web-fargate", desiredCount=5)
    # Tasks of every kind, those on their way included.
    for wait in (0, 30, 120):
        region.advance(wait)
        client.describe_services(cluster=CLUSTER, services=services)
        tasks = client.list_tasks(cluster=CLUSTER, serviceName="web-fargate")["taskArns"]
        tasks += client.list_tasks(cluster=CLUSTER, serviceName="api")["taskArns"][:50]
        answer = client.describe_tasks(cluster=CLUSTER, tasks=tasks, include=["TAGS"])
        assert len(answer["tasks"]) == len(tasks)
    for service in described["services"]:
        definition = service["taskDefinition"]
        client.describe_task_definition(taskDefinition=definition, include=["TAGS"])
    mark = {"key": "ferry:owner", "value": "ferry/api"}
    client.tag_resource(resourceArn=services[0], tags=[mark])
    assert mark in client.list_tags_for_resource(resourceArn=services[0])["tags"]
    described = client.describe_services(cluster=CLUSTER, services=services, include=["TAGS"])
    assert [mark in service["tags"] for service in described["services"]] == [True] + [False] * 5
    client.untag_resource(resourceArn=services[0], tagKeys=["ferry:owner"])
    assert mark not in client.list_tags_for_resource(resourceArn=services[0])["tags"]
    refused = region.refused
    eleven = ["api"] * 11
    refused("InvalidParameterException", client.describe_services, cluster=CLUSTER, services=eleven)
    refused("ClusterNotFoundException", client.describe_services, cluster="x", services=["api"])
    refused("ServiceNotFoundException", client.update_service, cluster=CLUSTER, service="x")
    refused("ClientException", client.describe_task_definition, taskDefinition="x:1")
    refused("SerializationException", client.describe_services, cluster=CLUSTER, services=[1])


def balancing(region):
    client = region.client("elbv2")
    groups = client.describe_target_groups()["TargetGroups"]
    assert len(groups) == 6, groups
    for group in groups:
        arn = group["TargetGroupArn"]
        targets = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        client.describe_target_health(TargetGroupArn=arn, Targets=[targets[0]["Target"]])
        client.describe_target_group_attributes(TargetGroupArn=arn)
    stranger = [{"Id": "i-00000000000000000", "Port": 80}]
    client.describe_target_health(TargetGroupArn=groups[0]["TargetGroupArn"], Targets=stranger)
    balancers = client.describe_load_balancers(PageSize=2)
    assert balancers["NextMarker"]
    pages = client.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": 2})
    balancers = [balancer for page in pages for balancer in page["LoadBalancers"]]
    assert len(balancers) == 5, balancers
    weighted = default = None
    for balancer in balancers:
        arn = balancer["LoadBalancerArn"]
        client.describe_load_balancer_attributes(LoadBalancerArn=arn)
        for listener in client.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            rules = client.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
            if len(listener["DefaultActions"][0].get("ForwardConfig", {}).get("TargetGroups", [])) == 2:
                default = listener
            weighted = next((it for it in rules if not it["IsDefault"]), weighted)
            tagged = [arn, listener["ListenerArn"], *(rule["RuleArn"] for rule in rules)]
            client.describe_tags(ResourceArns=tagged)
    forward = weighted["Actions"][0]["ForwardConfig"]
    forward["TargetGroups"][0]["Weight"] = 989
    forward["TargetGroups"][1]["Weight"] = 10
    forward["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 60}
    arn = weighted["RuleArn"]
    # The action as it was read, with other weights: what a careful client writes.
    client.modify_rule(RuleArn=arn, Actions=weighted["Actions"])
    read = client.describe_rules(RuleArns=[arn])["Rules"][0]["Actions"][0]["ForwardConfig"]
    assert read == forward, (read, forward)
    # What a listener does by default is changed through the listener.
    actions, listener = default["DefaultActions"], default["ListenerArn"]
    actions[0]["ForwardConfig"]["TargetGroups"][1]["Weight"] = 7
    client.modify_listener(ListenerArn=listener, DefaultActions=actions)
    read = client.describe_listeners(ListenerArns=[listener])["Listeners"][0]["DefaultActions"]
    assert read == actions, (read, actions)
    mark = {"Key": "ferry:owner", "Value": "ferry/web"}
    for tagged in (arn, listener):
        client.add_tags(ResourceArns=[tagged], Tags=[mark])
        tags = client.describe_tags(ResourceArns=[tagged])["TagDescriptions"][0]["Tags"]
        assert mark in tags, tags
        client.remove_tags(ResourceArns=[tagged], TagKeys=["ferry:owner"])
        tags = client.describe_tags(ResourceArns=[tagged])["TagDescriptions"][0]["Tags"]
        assert mark not in tags, tags
    refused = region.refused
    refused("ListenerNotFound", client.modify_listener, ListenerArn="arn:aws:x", DefaultActions=actions)
    refused("RuleNotFound", client.modify_rule, RuleArn="arn:aws:x", Actions=actions)
    refused("ResourceNotFoundException", region.client("ecs").tag_resource, resourceArn="arn:x", tags=[])
    forward["TargetGroups"][0]["Weight"] = 1000
    refused("ValidationError", client.modify_rule, RuleArn=arn, Actions=weighted["Actions"])
    refused("RuleNotFound", client.describe_rules, RuleArns=["arn:aws:x"])
    refused("TargetGroupNotFound", client.describe_target_health, TargetGroupArn="arn:aws:x")
    refused("LoadBalancerNotFound", client.describe_load_balancers, Names=["x"])
    refused("ListenerNotFound", client.describe_listeners, ListenerArns=["arn:aws:x"])


def autoscaling(region):
    client = region.client("application-autoscaling")
    resource = {**ECS, "ResourceId": "service/prd/api"}
    pages = client.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="ecs", PaginationConfig={"PageSize": 4}
    )
    targets = [target for page in pages for target in page["ScalableTargets"]]
    assert len(targets) == 6, targets
    client.describe_scaling_policies(ServiceNamespace="ecs")
    client.register_scalable_target(**resource, MinCapacity=4, MaxCapacity=40)
    client.register_scalable_target(
        **resource, SuspendedState={"DynamicScalingInSuspended": True}
    )
    client.register_scalable_target(
        **resource, SuspendedState={"DynamicScalingInSuspended": False}
    )
    at = (region.clock() + timedelta(minutes=30)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    action = {"MinCapacity": 6, "MaxCapacity": 60}
    for name in ("ferry-one", "ferry-two"):
        client.put_scheduled_action(
            **resource, ScheduledActionName=name, Schedule=at, ScalableTargetAction=action
        )
    client.describe_scheduled_actions(ServiceNamespace="ecs")
    client.delete_scheduled_action(**resource, ScheduledActionName="ferry-two")
    region.advance(3600)
    activities = client.describe_scaling_activities(
        ServiceNamespace="ecs", IncludeNotScaledActivities=True
    )
    assert any("ferry-one" in it["Cause"] for it in activities["ScalingActivities"])
    refused = region.refused
    refused(
        "ObjectNotFoundException",
        client.delete_scheduled_action,
        **resource,
        ScheduledActionName="ferry-two",
    )
    refused("ValidationException", client.register_scalable_target, **resource, MinCapacity=999)
    token = {"NextToken": "x"}
    refused(
        "InvalidNextTokenException",
        client.describe_scalable_targets,
        ServiceNamespace="ecs",
        **token,
    )


def cloudwatch(region):
    client = region.client("cloudwatch")
    metrics = []
    for page in client.get_paginator("list_metrics").paginate():
        metrics.extend(page["Metrics"])
    assert len(metrics) > 50, metrics
    end = region.clock().replace(second=0, microsecond=0)
    span = {"StartTime": end - timedelta(minutes=20), "EndTime": end}
    statistics = {
        "TargetResponseTime": ["Average", "SampleCount", "Sum", "p50", "p99.9", "TC(0.3:)", "PR(:0.3)"],
        "HealthyHostCount": ["Minimum", "Maximum", "Average"],
        "UnHealthyHostCount": ["Minimum", "Maximum", "Average"],
        "CPUUtilization": ["Average", "Minimum", "Maximum"],
    }
    queries = []
    for metric in metrics:
        for stat in statistics.get(metric["MetricName"], ["Sum"]):
            queries.append(
                {
                    "Id": f"q{len(queries)}",
                    "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat},
                }
            )
    answer = client.get_metric_data(MetricDataQueries=queries, **span)
    assert len(answer["MetricDataResults"]) == len(queries)
    filled = [it for it in answer["MetricDataResults"] if it["Values"]]
    assert len(filled) > len(queries) // 2, len(filled)
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries[:20], ScanBy="TimestampAscending", MaxDatapoints=50, **span
    )
    paged = sum(len(it["Values"]) for page in pages for it in page["MetricDataResults"])
    assert paged == sum(len(it["Values"]) for it in answer["MetricDataResults"][:20])
    latency = next(it for it in metrics if it["MetricName"] == "TargetResponseTime")
    plain = {**latency, **span, "Period": 300}
    client.get_metric_statistics(**plain, Statistics=["Average", "SampleCount"])
    client.get_metric_statistics(**plain, ExtendedStatistics=["p90", "p99"])
    for state in ({}, {"StateValue": "OK"}, {"AlarmNamePrefix": "prd-api"}, {"MaxRecords": 3}):
        client.describe_alarms(**state)
    refused = region.refused
    many = [{**queries[0], "Id": f"q{number}"} for number in range(501)]
    data = client.get_metric_data
    refused("InvalidParameterValue", data, MetricDataQueries=many, **span)
    refused("MissingParameter", data, MetricDataQueries=queries[:1], StartTime=end)
    refused("InvalidNextToken", data, MetricDataQueries=queries[:1], NextToken="x", **span)
    math = [{"Id": "a", "Expression": "SUM(METRICS())"}]
    refused("ValidationError", data, MetricDataQueries=math, **span)
    refused(
        "InvalidParameterCombination",
        client.get_metric_statistics,
        **{**plain, "Period": 60, "StartTime": end - timedelta(days=3)},
        Statistics=["Average"],
    ) if end.day > 8 else None


def records(region):
    client = region.client("route53")
    zones = client.list_hosted_zones()["HostedZones"]
    assert len(zones) == 2, zones
    client.list_hosted_zones(MaxItems="1")
    client.list_hosted_zones_by_name(DNSName="example.com", MaxItems="1")
    client.get_hosted_zone(Id=ZONE)
    for zone in zones:
        client.list_resource_record_sets(HostedZoneId=zone["Id"])
    pages = client.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=ZONE, PaginationConfig={"PageSize": 1}
    )
    sets = [it for page in pages for it in page["ResourceRecordSets"] if "Weight" in it]
    assert len(sets) == 2, sets
    changes = [{"Action": "DELETE", "ResourceRecordSet": it} for it in sets]
    for it, weight in zip(sets, (98, 2)):
        changed = {**it, "Weight": weight}
        changes.append({"Action": "CREATE", "ResourceRecordSet": changed})
    batch = {"Comment": "ferry", "Changes": changes}
    change = client.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch=batch)["ChangeInfo"]
    assert client.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "PENDING"
    region.advance(60)
    assert client.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    refused = region.refused
    write = client.change_resource_record_sets
    refused("InvalidChangeBatch", write, HostedZoneId=ZONE, ChangeBatch=batch)
    refused("NoSuchHostedZone", write, HostedZoneId="Z9", ChangeBatch=batch)
    heavy = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {**sets[0], "Weight": 256}}]}
    refused("InvalidInput", write, HostedZoneId=ZONE, ChangeBatch=heavy)
    refused("NoSuchChange", client.get_change, Id="C1")


def traffic_flow(region):
    client = region.client("route53")
    policies = client.list_traffic_policies()["TrafficPolicySummaries"]
    assert len(policies) == 1, policies
    policy = policies[0]["Id"]
    instance = client.list_traffic_policy_instances()["TrafficPolicyInstances"][0]
    first = client.get_traffic_policy(Id=policy, Version=1)["TrafficPolicy"]
    document = first["Document"].replace('"Weight": "0"', '"Weight": "5"')
    made = client.create_traffic_policy_version(Id=policy, Document=document, Comment="ferry: 5")
    version = made["TrafficPolicy"]["Version"]
    update = {
        "Id": instance["Id"],
        "TTL": instance["TTL"],
        "TrafficPolicyId": policy,
        "TrafficPolicyVersion": version,
    }
    client.update_traffic_policy_instance(**update)
    client.get_traffic_policy_instance(Id=instance["Id"])
    refused = region.refused
    refused("PriorRequestNotComplete", client.update_traffic_policy_instance, **update)
    region.advance(300)
    state = client.get_traffic_policy_instance(Id=instance["Id"])["TrafficPolicyInstance"]["State"]
    assert state == "Applied", state
    by_policy = client.list_traffic_policy_instances_by_policy
    assert by_policy(TrafficPolicyId=policy, TrafficPolicyVersion=version)["TrafficPolicyInstances"]
    zone = instance["HostedZoneId"]
    client.list_traffic_policy_instances_by_hosted_zone(HostedZoneId=zone)
    client.list_traffic_policy_versions(Id=policy, MaxItems="1")
    in_use = {"Id": policy, "Version": version}
    refused("TrafficPolicyInUse", client.delete_traffic_policy, **in_use)
    client.delete_traffic_policy(Id=policy, Version=1)
    refused("NoSuchTrafficPolicy", client.get_traffic_policy, Id=policy, Version=1)
    refused("NoSuchTrafficPolicyInstance", client.get_traffic_policy_instance, Id="x")
    create = client.create_traffic_policy_version
    refused("InvalidTrafficPolicyDocument", create, Id=policy, Document="{")


def dynamodb(region):
    client = region.client("dynamodb")
    table = {"TableName": "ferry"}
    client.create_table(
        **table,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.describe_table(**table)
    key = {"Key": {"pk": {"S": "lease"}}}
    item = {
        "pk": {"S": "lease"},
        "token": {"N": "1"},
        "list": {"L": [{"BOOL": True}, {"NULL": True}, {"M": {"set": {"SS": ["a", "b"]}}}]},
        "bytes": {"B": b"abc"},
    }
    client.put_item(**table, Item=item, ReturnValues="ALL_OLD")
    read = client.get_item(**table, **key, ConsistentRead=True)["Item"]
    assert read == item, read
    condition = {
        "ConditionExpression": "#token = :token",
        "ExpressionAttributeNames": {"#token": "token"},
    }

    def fenced(token):
        return {**condition, "ExpressionAttributeValues": {":token": {"N": token}}}

    update = {
        **fenced("1"),
        "UpdateExpression": "ADD #token :one",
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    update["ExpressionAttributeValues"][":one"] = {"N": "1"}
    after = client.update_item(**table, **key, **update)["Attributes"]
    assert after["token"] == {"N": "2"}, after
    refused = region.refused
    refused("ConditionalCheckFailedException", client.update_item, **table, **key, **update)
    other = {"Put": {**table, "Item": {"pk": {"S": "record"}}}}
    for token, code in (("2", None), ("1", "TransactionCanceledException")):
        items = [{"ConditionCheck": {**table, **key, **fenced(token)}}, other]
        if code is None:
            client.transact_write_items(TransactItems=items)
        else:
            refused(code, client.transact_write_items, TransactItems=items)
    client.delete_item(**table, **key, ReturnValues="ALL_OLD")
    refused("ResourceNotFoundException", client.get_item, TableName="nothing", **key)
    refused("ResourceInUseException", client.create_table, **table, **{
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    })


def events(region):
    client = region.client("events")
    of_the_file = client.list_targets_by_rule(Rule="monthly-report")["Targets"]
    assert of_the_file[0]["EcsParameters"]["LaunchType"] == "EC2", of_the_file
    managed = client.describe_rule(Name="AutoScalingManagedRule")
    assert managed["ManagedBy"] == "autoscaling.amazonaws.com", managed
    region.refused("ManagedRuleException", client.disable_rule, Name=managed["Name"])
    rule = {"Name": "nightly-report", "ScheduleExpression": "cron(0 3 * * ? *)", "State": "ENABLED"}
    client.put_rule(**rule, Description="a job")
    ecs_task = {"TaskDefinitionArn": "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/r:1"}
    target = {
        "Id": "one",
        "Arn": "arn:aws:ecs:ap-northeast-1:123456789012:cluster/prd",
        "RoleArn": "arn:aws:iam::123456789012:role/events",
        "EcsParameters": {**ecs_task, "TaskCount": 1, "LaunchType": "EC2"},
    }
    assert client.put_targets(Rule="nightly-report", Targets=[target])["FailedEntryCount"] == 0
    assert client.list_targets_by_rule(Rule="nightly-report")["Targets"] == [target]
    client.disable_rule(Name="nightly-report")
    assert client.describe_rule(Name="nightly-report")["State"] == "DISABLED"
    client.enable_rule(Name="nightly-report")
    assert len(client.list_rules(NamePrefix="nightly", EventBusName="default")["Rules"]) == 1
    removed = client.remove_targets(Rule="nightly-report", Ids=["one", "two"])
    assert removed["FailedEntryCount"] == 1, removed
    refused = region.refused
    refused("ResourceNotFoundException", client.describe_rule, Name="nothing")
    refused("ResourceNotFoundException", client.list_rules, EventBusName="other")
    refused("ValidationException", client.put_rule, Name="x", ScheduleExpression="at(now)")
    pattern = {"Name": "x", "EventPattern": "{"}
    refused("InvalidEventPatternException", client.put_rule, **pattern)
    many = [{**target, "Id": f"t{number}"} for number in range(6)]
    refused("LimitExceededException", client.put_targets, Rule="nightly-report", Targets=many)
