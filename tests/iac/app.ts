// An app with a service, its scaling, a rule and records in two stacks, as teams write one. Says in
// JSON what its templates hold before and after Ferry's part is left out, and the stack policies.
import {
  App, Stack, aws_ec2 as ec2, aws_ecs as ecs, aws_elasticloadbalancingv2 as elb,
  aws_route53 as route53,
} from "aws-cdk-lib";
import { leaveToFerry } from "./ferry";

const app = new App();
const api = new Stack(app, "Api");
const dns = new Stack(app, "Dns");
const vpc = new ec2.Vpc(api, "Vpc");
const taskDefinition = new ecs.FargateTaskDefinition(api, "Task");
taskDefinition.addContainer("app", {
  image: ecs.ContainerImage.fromRegistry("app"),
  portMappings: [{ containerPort: 80 }],
});
const cluster = new ecs.Cluster(api, "Cluster", { vpc });
const service = new ecs.FargateService(api, "Service", { cluster, taskDefinition, desiredCount: 3 });
const scaling = service.autoScaleTaskCount({ minCapacity: 1, maxCapacity: 9 });
const group = new elb.ApplicationTargetGroup(api, "Group", { vpc, port: 80 });
const balancer = new elb.ApplicationLoadBalancer(api, "Balancer", { vpc });
const listener = balancer.addListener("Listener", {
  port: 80,
  defaultAction: elb.ListenerAction.fixedResponse(404),
});
const rule = new elb.ApplicationListenerRule(api, "Rule", {
  listener,
  priority: 1,
  conditions: [elb.ListenerCondition.pathPatterns(["/api"])],
  action: elb.ListenerAction.weightedForward([{ targetGroup: group, weight: 1 }]),
});
const record = new route53.ARecord(dns, "Record", {
  zone: new route53.HostedZone(dns, "Zone", { zoneName: "example.com" }),
  target: route53.RecordTarget.fromIpAddresses("192.0.2.1"),
  weight: 10,
  setIdentifier: "ec2",
});

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;
const resources = (): Record<string, Resources> => {
  const assembly = app.synth({ force: true });
  const of = (name: string) => assembly.getStackByName(name).template.Resources as Resources;
  return { Api: of("Api"), Dns: of("Dns") };
};

const before = resources();
const policies = leaveToFerry({
  "tapple-api": { fargateService: service, fargateTarget: scaling, record1Ec2: record },
  "tapple-api-alb": { rule1: rule },
});
console.log(JSON.stringify({ before, after: resources(), policies }));
