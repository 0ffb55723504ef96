//! What is decided of calls whose actions the host knows. (Red team 14, 17, 18.)

use serde_json::{Value as Json, json};

use super::super::{
    Allowance, ApiFacts, Decision, Effective, Facts, Family, Half, Interface, Manifest, Operation, StepScope, decide,
};
use super::step;
use crate::name::{Address, KindName, OpId};
use crate::value::Value;

fn manifest() -> Json {
    let rule = |id: &str, effect: &str, rest: Json| {
        let mut rule = json!({"id": id, "effect": effect, "credential": "aws", "reason": "so that it works"});
        rule.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        rule
    };
    json!({
        "maps": "v1", "plugin": "dns", "version": "0.1.0", "description": "Names.",
        "credentials": {"aws": {"type": "aws", "reason": "it signs"}},
        "capabilities": {
            "route53": [
                rule("list", "read", json!({"actions": ["ListResourceRecordSets"], "zones": ["*"], "bind": {"/HostedZoneId": "{inputs.zone}"}})),
                rule("change", "write", json!({
                    "actions": ["ChangeResourceRecordSets"], "zones": ["*"], "names": ["**.example.com"], "types": ["A", "CNAME"], "changes": ["CREATE"],
                    "bind": {"/HostedZoneId": "{inputs.zone}", "/ChangeBatch/Changes/*/ResourceRecordSet/Name": "{inputs.name}"},
                })),
            ],
            "ssm": [
                rule("describe", "read", json!({"actions": ["DescribeParameters", "GetParameters"], "names": ["/maps/**"]})),
                rule("put", "write", json!({
                    "actions": ["PutParameter"], "operations": ["create"], "names": ["/maps/**"],
                    "bind": {"/Name": "{inputs.name}"}, "sinks": ["/Value"],
                })),
                rule("drop", "write", json!({"actions": ["DeleteParameters"], "names": ["**"], "bind": {"/Names/*": "{inputs.name}"}})),
            ],
            "iam": [rule("policy", "write", json!({
                "actions": ["PutUserPolicy"], "users": ["maps-*"], "policies": ["*"],
                "allows": ["ssm:GetParameter*"], "on": ["arn:aws:ssm:*:*:parameter/maps/*"],
                "bind": {"/UserName": "{inputs.name}", "/PolicyDocument": "{inputs.policy}"},
            }))],
        },
    })
}

fn effective(grant: Option<Json>) -> Effective {
    Effective::meet(&Manifest::parse(&manifest()).unwrap(), grant.as_ref()).unwrap()
}

fn of(name: &str) -> StepScope {
    StepScope {
        op: Some(OpId::new(format!("op-{name}"))),
        address: Address::new("one"),
        kind: KindName::new("dns/record"),
        id: None,
        inputs: Value::from(
            json!({"zone": "Z1", "name": name, "policy": allowing("ssm:GetParameter", "arn:aws:ssm:eu-west-1:1:parameter/maps/x")}),
        ),
        outputs: Value::Null,
        planned: Vec::new(),
    }
}

fn allowing(action: &str, resource: &str) -> Json {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": [resource]}]})
}

fn change(names: &[&str]) -> Json {
    let each = |name: &&str| json!({"Action": "CREATE", "ResourceRecordSet": {"Name": name, "Type": "A", "TTL": 60}});
    json!({"HostedZoneId": "Z1", "ChangeBatch": {"Changes": names.iter().map(each).collect::<Vec<_>>()}})
}

/// The rule that allows a call with the steps it is about, or the code that denies it.
fn answer(
    effective: &Effective,
    (family, half, action): (Family, Half, &str),
    input: &Json,
    items: &[u32],
    steps: &[StepScope],
) -> Result<(String, Vec<usize>), (&'static str, String)> {
    let operation = (half == Half::Write).then_some(Operation::Create);
    let input = Value::from(input.clone());
    let facts = Facts::Api(ApiFacts { family, half, operation, action, input: &input, items });
    match decide(effective, &facts, steps) {
        Decision::Allow { rule, steps } => Ok((rule.unwrap().id.to_string(), steps)),
        Decision::Deny(denial) => Err((denial.code, format!("{}\n{}", denial.message, denial.help))),
    }
}

const CHANGE: (Family, Half, &str) = (Family::Route53, Half::Write, "ChangeResourceRecordSets");
const PUT: (Family, Half, &str) = (Family::Ssm, Half::Write, "PutParameter");
const POLICY: (Family, Half, &str) = (Family::Iam, Half::Write, "PutUserPolicy");

#[track_caller]
fn denied(call: (Family, Half, &str), input: &Json, items: &[u32], steps: &[StepScope], code: &str) -> String {
    let (found, text) = answer(&effective(None), call, input, items, steps).unwrap_err();
    assert_eq!(found, code, "{text}");
    text
}

#[test]
fn a_list_of_changes_serves_one_request_each() {
    let steps = [of("a.example.com"), of("b.example.com")];
    let both = change(&["b.example.com", "a.example.com"]);
    assert_eq!(answer(&effective(None), CHANGE, &both, &[1, 0], &steps), Ok(("change".to_owned(), vec![1, 0])));
    denied(CHANGE, &both, &[0, 1], &steps, "api-binding");
    denied(CHANGE, &both, &[0], &steps, "write-items");
    denied(CHANGE, &both, &[0, 0], &steps, "write-repeated-item");
    denied(CHANGE, &change(&["a.example.com"]), &[7], &steps, "write-unknown-item");
    denied(CHANGE, &json!({"HostedZoneId": "Z1", "ChangeBatch": {"Changes": []}}), &[0], &steps, "api-input");
}

#[test]
fn rt18_a_call_beyond_its_step_or_its_names_is_denied() {
    let steps = [of("a.example.com")];
    let mut elsewhere = change(&["a.example.com"]);
    elsewhere["HostedZoneId"] = json!("Z2");
    let text = denied(CHANGE, &elsewhere, &[0], &steps, "api-binding");
    assert!(text.contains("/HostedZoneId") && text.contains("so that it works"), "{text}");
    denied(CHANGE, &change(&["b.example.com"]), &[0], &steps, "api-binding");
    for name in ["a.example.com.evil.org", "example.com", "a\\056example.com", "a..example.com"] {
        let text = denied(CHANGE, &change(&[name]), &[0], &[of(name)], "api-name");
        assert!(!text.contains(name) || name == "example.com", "{text}");
    }
    let mut other = change(&["a.example.com"]);
    other["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]["Type"] = json!("NS");
    denied(CHANGE, &other, &[0], &steps, "api-name");
    let mut over = change(&["a.example.com"]);
    over["ChangeBatch"]["Changes"][0]["Action"] = json!("UPSERT");
    denied(CHANGE, &over, &[0], &steps, "api-name");
    other["ChangeBatch"]["Changes"][0]["Beside"] = json!({"Name": "x"});
    denied(CHANGE, &other, &[0], &steps, "api-input");
    for name in ["/other/x", "arn:aws:ssm:eu-west-1:1:parameter/maps/x", "/maps/x:3", "/maps//x"] {
        denied(PUT, &json!({"Name": name, "Value": "v"}), &[0], &[of(name)], "api-name");
    }
    denied(PUT, &json!({"Name": "/maps/y", "Value": "v"}), &[0], &[of("/maps/x")], "api-binding");
    denied(PUT, &json!({"Name": "/maps/x", "Policies": "p"}), &[0], &[of("/maps/x")], "api-parameter");
    denied(PUT, &json!({"Value": "v"}), &[0], &[of("/maps/x")], "api-name");
    denied(PUT, &json!({"Name": "/maps/x", "name": "/maps/x"}), &[0], &[of("/maps/x")], "api-parameter");
}

#[test]
fn rt14_nothing_changes_through_the_read_half_or_outside_of_an_apply() {
    let steps = [of("/maps/x")];
    let input = json!({"Name": "/maps/x", "Value": "v"});
    denied((Family::Ssm, Half::Read, "PutParameter"), &input, &[], &steps, "api-effect");
    denied((Family::Ssm, Half::Write, "GetParameters"), &json!({"Names": ["/maps/x"]}), &[0], &steps, "api-effect");
    denied((Family::Ssm, Half::Write, "DeleteParameter"), &json!({"Name": "/maps/x"}), &[0], &steps, "api-action");
    let value = Value::from(input);
    let facts = ApiFacts {
        family: Family::Ssm,
        half: Half::Write,
        operation: None,
        action: "PutParameter",
        input: &value,
        items: &[0],
    };
    let Decision::Deny(denial) = decide(&effective(None), &Facts::Api(facts.clone()), &steps) else {
        panic!("allowed")
    };
    assert_eq!(denial.code, "write-outside-apply");
    let update = ApiFacts { operation: Some(Operation::Update), ..facts };
    let effective = effective(None);
    let Decision::Deny(denial) = decide(&effective, &Facts::Api(update), &steps) else { panic!("allowed") };
    assert_eq!(denial.code, "api-operation");
}

#[test]
fn rt17_a_policy_wider_than_the_step_or_the_bound_is_denied() {
    let steps = [of("maps-ckan")];
    let call = |policy: Json| json!({"UserName": "maps-ckan", "PolicyName": "read", "PolicyDocument": policy});
    let own = allowing("ssm:GetParameter", "arn:aws:ssm:eu-west-1:1:parameter/maps/x");
    assert!(answer(&effective(None), POLICY, &call(own.clone()), &[0], &steps).is_ok());
    for wider in [
        allowing("*", "arn:aws:ssm:eu-west-1:1:parameter/maps/x"),
        allowing("ssm:*", "arn:aws:ssm:eu-west-1:1:parameter/maps/x"),
        allowing("ssm:GetParameter", "*"),
        allowing("ssm:GetParameter", "arn:aws:ssm:eu-west-1:1:parameter/*"),
        json!({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:ssm:a:1:parameter/maps/x"}}),
        json!({"Statement": [{"Effect": "Allow", "Action": "ssm:GetParameter", "NotResource": "arn:x"}]}),
        json!({"Statement": [{"effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:a:1:parameter/maps/x"}]}),
        json!({"Statement": []  , "statement": []}),
        json!("{\"Statement\": []}"),
    ] {
        denied(POLICY, &call(wider), &[0], &steps, "api-name");
    }
    // Within the bound, and still not what the step says.
    denied(
        POLICY,
        &call(allowing("ssm:GetParameters", "arn:aws:ssm:eu-west-1:1:parameter/maps/x")),
        &[0],
        &steps,
        "api-binding",
    );
    denied(
        POLICY,
        &json!({"UserName": "root", "PolicyName": "read", "PolicyDocument": own}),
        &[0],
        &[of("root")],
        "api-name",
    );
}

#[test]
fn every_item_of_a_read_s_list_is_judged() {
    let steps = [of("/maps/x"), of("/maps/y")];
    let read = |action, input: Json| answer(&effective(None), (Family::Ssm, Half::Read, action), &input, &[], &steps);
    let filter = |values: Json| json!({"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": values}]});
    assert_eq!(
        read("DescribeParameters", filter(json!(["/maps/x", "/maps/y"]))),
        Ok(("describe".to_owned(), vec![0, 1]))
    );
    assert_eq!(read("GetParameters", json!({"Names": ["/maps/x", "/other"]})).unwrap_err().0, "api-name");
    assert_eq!(read("DescribeParameters", json!({})).unwrap_err().0, "api-input");
    let mut beginning = filter(json!(["/maps/x"]));
    beginning["ParameterFilters"][0]["Option"] = json!("BeginsWith");
    assert_eq!(read("DescribeParameters", beginning).unwrap_err().0, "api-input");
    let list = |zone: &str| {
        let of_zone = (Family::Route53, Half::Read, "ListResourceRecordSets");
        answer(&effective(None), of_zone, &json!({"HostedZoneId": zone}), &[], &[of("a"), step("b", None)])
    };
    assert_eq!(list("Z1"), Ok(("list".to_owned(), vec![0])), "it serves the one step that it is about");
    assert_eq!(list("Z2").unwrap_err().0, "api-binding");
}

#[test]
fn rt20_a_grant_narrows_names_and_never_widens_them() {
    let granted = |rule: Json| effective(Some(json!({"ssm": [rule]})));
    let put = |effective: &Effective, name: &str| {
        answer(effective, PUT, &json!({"Name": name, "Value": "v"}), &[0], &[of(name)]).map_err(|(code, _)| code)
    };
    let narrow = granted(json!({"id": "put", "names": ["/maps/ckan/*"]}));
    assert!(put(&narrow, "/maps/ckan/key").is_ok());
    assert_eq!(put(&narrow, "/maps/postgres/key"), Err("api-not-granted"));
    let wide = granted(json!({"id": "put", "names": ["/**"], "sinks": []}));
    assert_eq!(put(&wide, "/other/x"), Err("api-name"));
    assert_eq!(wide.surplus.len(), 1, "{:?}", wide.surplus);
    let text = answer(
        &narrow,
        (Family::Ssm, Half::Read, "GetParameters"),
        &json!({"Names": ["/maps/x"]}),
        &[],
        &[of("/maps/x")],
    );
    assert_eq!(text.unwrap_err().0, "api-not-granted", "a rule that the grant leaves out");
    let within = |one: &Effective, other: &Effective| {
        let of = |effective: &Effective| Allowance {
            interfaces: effective.plain.clone(),
            rules: effective
                .rules
                .iter()
                .map(|rule| {
                    (
                        rule.id.clone(),
                        super::super::AllowedRule { effect: rule.effect, scope: rule.scope.clone(), credential: None },
                    )
                })
                .collect(),
            ..Allowance::default()
        };
        of(one).within(&of(other))
    };
    assert!(within(&narrow, &effective(None)) && !within(&effective(None), &narrow));
}

#[test]
fn a_rule_says_what_each_of_its_actions_is_about() {
    let faults = |rule: Json| {
        let mut manifest = manifest();
        manifest["capabilities"]["ssm"] = json!([rule]);
        Manifest::parse(&manifest).unwrap_err().to_string()
    };
    let plain = json!({"id": "a", "effect": "write", "credential": "aws", "reason": "r", "actions": ["PutParameter"], "names": ["**"]});
    let with = |key: &str, value: Json| {
        let mut rule = plain.clone();
        rule[key] = value;
        rule
    };
    let without = |key: &str| {
        let mut rule = plain.clone();
        rule.as_object_mut().unwrap().remove(key);
        rule
    };
    assert!(faults(without("names")).contains("`names` is missing"));
    assert!(faults(without("actions")).contains("`actions` is missing"));
    assert!(faults(without("credential")).contains("`credential` is missing"));
    assert!(faults(with("actions", json!(["PutParametre"]))).contains("PutParameter"));
    assert!(faults(with("actions", json!(["PutParameter", "GetParameters"]))).contains("`GetParameters` is a read"));
    assert!(faults(with("sinks", json!(["/Name"]))).contains("takes a secret at `/Name`"));
    assert!(faults(with("zones", json!(["*"]))).contains("unknown field `zones`"));
    assert!(faults(with("names", json!(["/a/***"]))).contains("three mean nothing"));
    let interfaces = Manifest::parse(&manifest()).unwrap().interfaces();
    assert!(interfaces.contains(&Interface::Ruled(Family::Iam, Half::Read)), "who writes may read");
    assert!(!interfaces.contains(&Interface::Ruled(Family::S3, Half::Read)));
}
