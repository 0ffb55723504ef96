//! Parameters, and how few calls they take.

use super::*;

const IT: Of = Of("parameter");

fn inputs() -> Value {
    checked("parameter", &json!({"name": "/maps/db", "value": sealed("given"), "tags": {"team": "a"}}))
}

fn described(name: &Value, version: u64) -> Value {
    let arn = format!("arn:aws:ssm:eu-central-1:1:parameter{}", name.as_str().unwrap());
    json!({"Name": name, "ARN": arn, "Type": "SecureString", "KeyId": "alias/aws/ssm", "Tier": "Standard",
           "Version": version, "LastModifiedDate": 1.5, "DataType": "text"})
}

/// A store that has every parameter that is asked for, in this version.
fn store(version: u64) {
    answering(move |call| {
        let of = |names: &Value, each: &dyn Fn(&Value) -> Value| -> Value {
            names.as_array().unwrap().iter().map(each).collect()
        };
        Some(Ok(match call.action.as_str() {
            "DescribeParameters" => {
                let names = &call.input["ParameterFilters"][0]["Values"];
                json!({"Parameters": of(names, &|name| described(name, version))})
            }
            "GetParameters" => {
                let value = |name: &Value| json!({"Name": name, "Value": sealed("fetched"), "Version": version});
                json!({"Parameters": of(&call.input["Names"], &value), "InvalidParameters": []})
            }
            "ListTagsForResource" => json!({"TagList": marks()}),
            "PutParameter" => json!({"Version": version, "Tier": "Standard"}),
            _ => json!({}),
        }))
    });
}

fn made() -> types::Resource {
    store(1);
    done(IT.create(&inputs(), None))
}

#[test]
fn a_parameter_is_written_once_and_reads_back_as_it_was_given() {
    let made = made();
    assert_eq!(actions(), ["PutParameter", "DescribeParameters"]);
    let (_, put) = writes().remove(0);
    assert_eq!(
        (&put["Overwrite"], &put["Value"], &put["Type"]),
        (&json!(false), &sealed("given"), &json!("SecureString"))
    );
    let tags = put["Tags"].as_array().unwrap();
    assert_eq!(tags.len(), 4);
    let expected =
        marks().as_array().unwrap().iter().chain([&json!({"Key": "team", "Value": "a"})]).all(|tag| tags.contains(tag));
    assert!(expected, "{tags:?}");
    assert_eq!(parsed(&made.inputs), inputs());
    assert_eq!(parsed(&made.outputs)["value"], sealed("given"));
    let read = found(IT.read(&made));
    assert_eq!((parsed(&read.inputs), parsed(&read.outputs)), (inputs(), parsed(&made.outputs)));
}

#[test]
fn five_hundred_parameters_that_are_as_they_were_take_ten_calls_and_decrypt_nothing() {
    let made = made();
    let requests = (0..500).map(|number| {
        let mut request = IT.read_request(&made);
        request.id = format!("/maps/{number}");
        request
    });
    store(1);
    let read = MapsPlugin::read(context(), requests.collect());
    assert!(read.iter().all(|outcome| matches!(outcome, wire::ReadOutcome::Found(_))));
    assert_eq!(actions(), vec!["DescribeParameters"; 10]);
}

#[test]
fn a_hundred_are_made_in_a_hundred_and_two_calls_and_removed_in_ten() {
    let requests = (0..100).map(|number| {
        let inputs = checked("parameter", &json!({"name": format!("/maps/{number}"), "generate": {}}));
        IT.create_request(&inputs, None)
    });
    store(1);
    let made = MapsPlugin::create(context(), requests.collect());
    assert_eq!(actions().len(), 102);
    let values: std::collections::BTreeSet<String> =
        made.into_iter().map(done).map(|made| parsed(&made.outputs)["value"].to_string()).collect();
    assert_eq!(values.len(), 100, "each has a value of its own");
    let deletes = (0..100).map(|number| {
        let prior = resource(&format!("/maps/{number}"), &json!({}), &json!({}));
        wire::DeleteRequest { kind: IT.kind(), address: "it".into(), prior, checkpoint: None }
    });
    store(1);
    let gone = MapsPlugin::delete(context(), deletes.collect());
    assert!(gone.iter().all(|outcome| matches!(outcome, wire::DeleteOutcome::Done)));
    let calls = testing::aws_calls();
    assert_eq!(calls.len(), 10);
    let items: Vec<u32> = calls.iter().flat_map(|call| call.items.clone()).collect();
    assert_eq!(items, (0..100).collect::<Vec<_>>(), "each name in the name of its own step");
}

#[test]
fn what_somebody_else_wrote_is_fetched_and_is_a_difference() {
    let made = made();
    store(2);
    let read = found(IT.read(&made));
    assert_eq!(actions(), ["DescribeParameters", "GetParameters"]);
    assert_eq!(parsed(&read.inputs)["value"], sealed("fetched"));
    assert_eq!((&parsed(&read.outputs)["value"], &parsed(&read.outputs)["version"]), (&sealed("fetched"), &json!(2)));
    let import = IT.import("/maps/db");
    assert_eq!(parsed(&import.inputs)["value"], sealed("fetched"));
    assert_eq!(parsed(&import.inputs)["tags"], json!({}), "the marks are not the user's");
}

#[test]
fn one_that_is_there_already_is_never_overwritten() {
    answering(|call| match call.action.as_str() {
        "PutParameter" => Some(Err(refusal(Class::Conflict, "parameter-already-exists"))),
        _ => None,
    });
    let problem = failed(IT.create(&inputs(), None));
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("parameter-exists", Some("name")));
    assert!(problem.help.unwrap().contains("import: /maps/db"));
}

#[test]
fn a_lost_reply_is_found_by_the_token_and_a_made_value_comes_back() {
    store(1);
    let generated = checked("parameter", &json!({"name": "/maps/db", "generate": {}}));
    let wire::FindOutcome::Found(object) = IT.find(&generated, None) else { panic!("it is there") };
    assert_eq!(parsed(&object.outputs)["value"], sealed("fetched"));
    store(1);
    let wire::FindOutcome::Found(object) = IT.find(&inputs(), None) else { panic!("it is there") };
    assert_eq!(parsed(&object.outputs)["value"], sealed("given"));
    assert_eq!(actions(), ["DescribeParameters", "ListTagsForResource"]);
    answering(|call| match call.action.as_str() {
        "DescribeParameters" => Some(Ok(json!({"Parameters": [described(&json!("/maps/db"), 1)]}))),
        "ListTagsForResource" => Some(Ok(json!({"TagList": [{"Key": "maps:token", "Value": "another"}]}))),
        _ => None,
    });
    assert!(matches!(IT.find(&inputs(), None), wire::FindOutcome::Absent), "it is somebody else's");
}

#[test]
fn a_list_that_lags_is_waited_for_without_a_second_write() {
    answering(|call| match call.action.as_str() {
        "PutParameter" => Some(Ok(json!({"Version": 1}))),
        "DescribeParameters" => Some(Ok(json!({"Parameters": []}))),
        _ => None,
    });
    let generated = checked("parameter", &json!({"name": "/maps/db", "generate": {}}));
    let waits = pending(IT.create(&generated, None));
    let written = writes()[0].1["Value"].clone();
    store(1);
    let made = done(IT.create(&generated, Some(&waits.checkpoint)));
    assert_eq!(actions(), ["DescribeParameters"]);
    assert_eq!(parsed(&made.outputs)["value"], written);
}

#[test]
fn pages_of_a_list_are_followed() {
    let made = made();
    answering(|call| match (call.action.as_str(), call.input.get("NextToken")) {
        ("DescribeParameters", None) => Some(Ok(json!({"Parameters": [], "NextToken": "more"}))),
        ("DescribeParameters", Some(_)) => Some(Ok(json!({"Parameters": [described(&json!("/maps/db"), 1)]}))),
        _ => None,
    });
    assert!(matches!(IT.read(&made), wire::ReadOutcome::Found(_)));
}

#[test]
fn an_update_writes_what_changed_and_keeps_a_made_value() {
    store(1);
    let generated = json!({"name": "/maps/db", "generate": {}});
    let made = done(IT.create(&checked("parameter", &generated), None));
    let value = parsed(&made.outputs)["value"].clone();
    let mut wanted = generated;
    wanted["description"] = "for people".into();
    store(2);
    let changed = done(IT.update(&made, &checked("parameter", &wanted.clone()), &["description"]));
    let (_, put) = writes().remove(0);
    assert_eq!((&put["Overwrite"], &put["Value"], &put["AllowedPattern"]), (&json!(true), &value, &json!("")));
    assert_eq!(parsed(&changed.outputs)["value"], value);
    wanted["generate"]["rotate"] = "2".into();
    store(3);
    let rotated = done(IT.update(&changed, &checked("parameter", &wanted), &["generate.rotate"]));
    assert_ne!(parsed(&rotated.outputs)["value"], value);
    assert_eq!(parsed(&rotated.outputs)["version"], 3);
}

#[test]
fn tags_change_without_another_version() {
    let made = made();
    let mut wanted = inputs();
    wanted["tags"] = json!({"owner": "b"});
    answering(|call| {
        Some(Ok(match call.action.as_str() {
            "DescribeParameters" => json!({"Parameters": [described(&json!("/maps/db"), 1)]}),
            "ListTagsForResource" => {
                json!({"TagList": [{"Key": "team", "Value": "a"}, {"Key": "maps:stack", "Value": "shop"}]})
            }
            "AddTagsToResource" | "RemoveTagsFromResource" => json!({}),
            _ => return None,
        }))
    });
    let changed = done(IT.update(&made, &wanted, &["tags.owner", "tags.team"]));
    let named = json!({"ResourceType": "Parameter", "ResourceId": "/maps/db"});
    let with = |key: &str, value: Value| {
        let mut input = named.clone();
        input[key] = value;
        input
    };
    assert_eq!(
        writes(),
        [
            ("AddTagsToResource".to_owned(), with("Tags", json!([{"Key": "owner", "Value": "b"}]))),
            ("RemoveTagsFromResource".to_owned(), with("TagKeys", json!(["team"]))),
        ]
    );
    assert_eq!(parsed(&changed.outputs)["version"], 1);
}

#[test]
fn there_is_no_way_back_from_the_advanced_tier() {
    let made = made();
    answering(|call| {
        let mut live = described(&json!("/maps/db"), 1);
        live["Tier"] = "Advanced".into();
        (call.action == "DescribeParameters").then(|| Ok(json!({"Parameters": [live]})))
    });
    let problem = failed(IT.update(&made, &inputs(), &["tier"]));
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("tier-downgrade", Some("tier")));
}

#[test]
fn a_plan_tells_a_value_that_is_given_and_not_one_that_will_be_made() {
    let preview = |inputs: Value, prior: Option<types::Resource>| {
        let request = wire::PreviewRequest { kind: IT.kind(), address: "it".into(), inputs: inputs.to_string(), prior };
        let outcome = MapsPlugin::preview(context(), vec![request]).pop().unwrap();
        parsed(&outcome.unwrap().outputs)
    };
    let unknown = json!({"value": {"$unknown": true}});
    let generated = |rotate: &str| checked("parameter", &json!({"name": "/a", "generate": {"rotate": rotate}}));
    let prior = || Some(resource("/a", &generated("1"), &json!({"arn": "a", "version": 1, "value": sealed("x")})));
    assert_eq!(preview(inputs(), None), json!({"value": sealed("given")}));
    assert_eq!(preview(generated("1"), None), unknown);
    assert_eq!(preview(generated("1"), prior()), json!({}));
    assert_eq!(preview(generated("2"), prior()), unknown);
    let not_known = json!({"name": "/a", "type": "SecureString", "tier": "Standard", "value": {"$unknown": true}});
    assert_eq!(preview(not_known, None), unknown);
}
