//! Amazon Route 53.

use bytes::Bytes;
use http::Request;
use model::Span;
use model::route::WeightPair;
use region::request::Request as Ask;
use wire::Wire;

use crate::world::{pass, record, send, spec, texts, wire, wire_of};

fn call(wire: &Wire, method: &str, path: &str, body: &str) -> (u16, String) {
    let scope = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260105/us-east-1/route53/aws4_request";
    let request = Request::builder()
        .method(method)
        .uri(format!("/2013-04-01/{path}"))
        .header("authorization", scope)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let response = send(wire, &request);
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    (response.status().as_u16(), text)
}

fn get(wire: &Wire, path: &str) -> String {
    let (status, xml) = call(wire, "GET", path, "");
    assert_eq!(status, 200, "{xml}");
    xml
}

/// A change of one of the pair's records, as it stands in a list.
fn change(wire: &Wire, action: &str, set: &str, weight: u32) -> String {
    let names = crate::world::elb(
        wire,
        "DescribeLoadBalancers",
        &[("Names.member.1", &format!("api-{set}"))],
    );
    let dns = texts(&names, "DNSName").remove(0);
    format!(
        "<Change><Action>{action}</Action><ResourceRecordSet><Name>api.example.com</Name>\
         <Type>A</Type><SetIdentifier>{set}</SetIdentifier><Weight>{weight}</Weight>\
         <AliasTarget><HostedZoneId>Z14GRHDCWA56QT</HostedZoneId>\
         <DNSName>dualstack.{dns}</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth>\
         </AliasTarget></ResourceRecordSet></Change>"
    )
}

fn batch(wire: &Wire, changes: &[String]) -> (u16, String) {
    let body = format!(
        "<?xml version=\"1.0\"?><ChangeResourceRecordSetsRequest \
         xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>{}\
         </Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        changes.concat()
    );
    call(wire, "POST", "hostedzone/Z1/rrset/", &body)
}

/// From what the records are to these weights.
fn shift(wire: &Wire, from: (u32, u32), to: (u32, u32)) -> (u16, String) {
    let changes = [
        change(wire, "DELETE", "ec2", from.0),
        change(wire, "DELETE", "fargate", from.1),
        change(wire, "CREATE", "ec2", to.0),
        change(wire, "CREATE", "fargate", to.1),
    ];
    batch(wire, &changes)
}

fn live(wire: &Wire) -> WeightPair {
    let route = record();
    let answer = wire.region().with(|region| region.handle(&Ask::DescribeRoute { route: &route }));
    answer.route().unwrap().0
}

#[test]
fn a_zone_lists_its_pairs_as_aliases_of_the_balancers() {
    let wire = wire();
    let xml = get(&wire, "hostedzone/Z1/rrset");
    assert_eq!(texts(&xml, "SetIdentifier"), ["ec2", "fargate"]);
    assert_eq!(texts(&xml, "Weight"), ["100", "0"]);
    let names = texts(&xml, "DNSName");
    assert!(names[0].starts_with("dualstack.api-ec2-"), "{names:?}");
    assert_eq!(texts(&get(&wire, "hostedzone/Z1"), "Id"), ["/hostedzone/Z1"]);
}

#[test]
fn records_come_in_pages_by_name_type_and_identifier() {
    let wire = wire();
    let (mut seen, mut query) = (Vec::new(), String::new());
    for _ in 0..4 {
        let xml = get(&wire, &format!("hostedzone/Z1/rrset?maxitems=1{query}"));
        seen.push((texts(&xml, "Type"), texts(&xml, "SetIdentifier")));
        if texts(&xml, "IsTruncated") == ["false"] {
            break;
        }
        query = format!(
            "&name={}&type={}",
            texts(&xml, "NextRecordName")[0],
            texts(&xml, "NextRecordType")[0]
        );
        for set in texts(&xml, "NextRecordIdentifier") {
            query = format!("{query}&identifier={set}");
        }
    }
    let kinds: Vec<&str> = seen.iter().map(|(kind, _)| kind[0].as_str()).collect();
    assert_eq!(kinds, ["NS", "SOA", "A", "A"]);
    assert_eq!(seen[3].1, ["fargate"]);
}

#[test]
fn a_batch_moves_weights_and_is_everywhere_after_a_while() {
    let wire = wire();
    let (status, xml) = shift(&wire, (100, 0), (75, 25));
    assert_eq!(status, 200, "{xml}");
    assert_eq!(texts(&xml, "Status"), ["PENDING"]);
    assert_eq!(live(&wire), WeightPair { ec2: 75, fargate: 25 });
    let id = texts(&xml, "Id").remove(0);
    let status = || texts(&get(&wire, id.trim_start_matches('/')), "Status").remove(0);
    assert_eq!(status(), "PENDING");
    pass(&wire, Span::from_secs(60));
    assert_eq!(status(), "INSYNC");
    let (status, xml) = call(&wire, "GET", "change/C0", "");
    assert_eq!((status, texts(&xml, "Code")), (404, vec!["NoSuchChange".to_owned()]));
}

#[test]
fn a_stale_delete_fails_the_whole_batch() {
    let wire = wire();
    let (status, xml) = shift(&wire, (100, 1), (75, 25));
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["InvalidChangeBatch".to_owned()]));
    assert!(xml.contains("do not match the current values"), "{xml}");
    assert_eq!(live(&wire), WeightPair { ec2: 100, fargate: 0 });
}

#[test]
fn a_record_that_is_there_cannot_be_created_and_none_may_be_missing() {
    let wire = wire();
    let (_, xml) = batch(&wire, &[change(&wire, "CREATE", "ec2", 5)]);
    assert!(xml.contains("but it already exists"), "{xml}");
    let (_, xml) = batch(&wire, &[change(&wire, "DELETE", "ec2", 100)]);
    assert_eq!(texts(&xml, "Code"), ["InvalidChangeBatch"]);
    let (status, _) = batch(&wire, &[change(&wire, "UPSERT", "ec2", 255)]);
    assert_eq!(status, 200);
    assert_eq!(live(&wire), WeightPair { ec2: 255, fargate: 0 });
}

#[test]
fn weights_end_at_255() {
    let wire = wire();
    let (status, xml) = shift(&wire, (100, 0), (256, 0));
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["InvalidInput".to_owned()]));
}

#[test]
fn upserts_count_twice_towards_a_thousand() {
    let mut spec = spec();
    spec.rate_limits = false;
    let wire = wire_of(&spec, 1);
    let upsert = change(&wire, "UPSERT", "ec2", 100);
    let (status, _) = batch(&wire, &vec![upsert.clone(); 500]);
    assert_eq!(status, 200);
    pass(&wire, Span::from_secs(10));
    let (status, xml) = batch(&wire, &vec![upsert; 501]);
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["InvalidChangeBatch".to_owned()]));
    assert!(xml.contains("limit of 1000"), "{xml}");
}

#[test]
fn a_zone_takes_no_change_while_it_processes_another() {
    let wire = wire();
    assert_eq!(shift(&wire, (100, 0), (99, 1)).0, 200);
    let (status, xml) = shift(&wire, (99, 1), (98, 2));
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["PriorRequestNotComplete".to_owned()]));
    pass(&wire, Span::from_secs(2));
    assert_eq!(shift(&wire, (99, 1), (98, 2)).0, 200);
}

#[test]
fn five_calls_a_second_is_all_that_an_account_has() {
    let wire = wire();
    let paths = ["hostedzone", "hostedzone/Z1", "trafficpolicies", "hostedzone/Z1/rrset"];
    let codes: Vec<u16> =
        paths.iter().cycle().take(7).map(|path| call(&wire, "GET", path, "").0).collect();
    assert_eq!(codes, [200, 200, 200, 200, 200, 400, 400]);
    let (_, xml) = call(&wire, "GET", "hostedzone", "");
    assert_eq!(texts(&xml, "Code"), ["Throttling"]);
    assert_eq!(texts(&xml, "Message"), ["Rate exceeded"]);
    pass(&wire, Span::from_secs(1));
    assert_eq!(call(&wire, "GET", "hostedzone", "").0, 200);
}

/// The document with 10 of 100 on Fargate, as text in XML.
fn document(wire: &Wire) -> String {
    let xml = get(wire, "trafficpolicy/policy-1/1");
    let document = texts(&xml, "Document").remove(0);
    let document = document.replace("\"Weight\":\"0\"", "\"Weight\":\"10\"");
    document.replace("\"Weight\":\"100\"", "\"Weight\":\"90\"").replace('"', "&quot;")
}

fn create(wire: &Wire, policy: &str, document: &str) -> (u16, String) {
    let body = format!(
        "<CreateTrafficPolicyVersionRequest><Document>{document}</Document>\
         <Comment>ferry: 90/10</Comment></CreateTrafficPolicyVersionRequest>"
    );
    call(wire, "POST", &format!("trafficpolicy/{policy}"), &body)
}

#[test]
fn an_instance_follows_a_new_version_of_its_policy() {
    let mut spec = spec();
    spec.rate_limits = false;
    let wire = wire_of(&spec, 1);
    let (status, xml) = create(&wire, "policy-1", &document(&wire));
    assert_eq!((status, texts(&xml, "Version")), (201, vec!["2".to_owned()]));
    let update = "<UpdateTrafficPolicyInstanceRequest><TTL>60</TTL>\
                  <TrafficPolicyId>policy-1</TrafficPolicyId>\
                  <TrafficPolicyVersion>2</TrafficPolicyVersion>\
                  </UpdateTrafficPolicyInstanceRequest>";
    let path = "trafficpolicyinstance/instance-1";
    let (status, xml) = call(&wire, "POST", path, update);
    assert_eq!((status, texts(&xml, "State")), (200, vec!["Updating".to_owned()]));
    let (status, xml) = call(&wire, "POST", path, update);
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["PriorRequestNotComplete".to_owned()]));
    pass(&wire, Span::from_mins(3));
    let xml = get(&wire, path);
    assert_eq!(texts(&xml, "State"), ["Applied"]);
    assert_eq!(texts(&xml, "TrafficPolicyVersion"), ["2"]);
    let by_policy = "trafficpolicyinstances/trafficpolicy?id=policy-1&version=2";
    assert_eq!(texts(&get(&wire, by_policy), "Id"), ["instance-1"]);
    let by_policy = "trafficpolicyinstances/trafficpolicy?id=policy-1&version=1";
    assert_eq!(texts(&get(&wire, by_policy), "Id").len(), 0);
    let (status, xml) = call(&wire, "DELETE", "trafficpolicy/policy-1/2", "");
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["TrafficPolicyInUse".to_owned()]));
    assert_eq!(call(&wire, "DELETE", "trafficpolicy/policy-1/1", "").0, 200);
    let xml = get(&wire, "trafficpolicies/policy-1/versions");
    assert_eq!(texts(&xml, "Version"), ["2"]);
}

#[test]
fn what_traffic_flow_has_not_is_said_by_its_code() {
    let mut spec = spec();
    spec.rate_limits = false;
    let wire = wire_of(&spec, 1);
    for (method, path, code) in [
        ("GET", "trafficpolicyinstance/nobody", "NoSuchTrafficPolicyInstance"),
        ("GET", "trafficpolicy/nothing/1", "NoSuchTrafficPolicy"),
        ("GET", "trafficpolicies/nothing/versions", "NoSuchTrafficPolicy"),
        ("GET", "trafficpolicyinstances/trafficpolicy?id=p&version=1", "NoSuchTrafficPolicy"),
        ("GET", "hostedzone/Z9", "NoSuchHostedZone"),
        ("GET", "hostedzone/Z9/rrset", "NoSuchHostedZone"),
    ] {
        let (status, xml) = call(&wire, method, path, "");
        assert_eq!((status, texts(&xml, "Code")), (404, vec![code.to_owned()]), "{path}");
    }
    let (status, xml) = create(&wire, "policy-1", "{");
    let code = "InvalidTrafficPolicyDocument";
    assert_eq!((status, texts(&xml, "Code")), (400, vec![code.to_owned()]));
}

#[test]
fn versions_come_in_pages() {
    let mut spec = spec();
    spec.rate_limits = false;
    let wire = wire_of(&spec, 1);
    let document = document(&wire);
    for _ in 0..4 {
        assert_eq!(create(&wire, "policy-1", &document).0, 201);
    }
    let first = get(&wire, "trafficpolicies/policy-1/versions?maxitems=3");
    assert_eq!(texts(&first, "Version"), ["1", "2", "3"]);
    assert_eq!(texts(&first, "TrafficPolicyVersionMarker"), ["4"]);
    let rest = get(&wire, "trafficpolicies/policy-1/versions?maxitems=3&trafficpolicyversion=4");
    assert_eq!(texts(&rest, "Version"), ["4", "5"]);
    assert_eq!(texts(&rest, "IsTruncated"), ["false"]);
}

#[test]
fn what_is_not_xml_is_malformed() {
    let (status, xml) = call(&wire(), "POST", "hostedzone/Z1/rrset/", "<a><b></a>");
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["MalformedInput".to_owned()]));
}
