//! Node pools beside a cluster's own.

use maps_sdk::testing;
use serde_json::json;

use super::cloud::Cloud;
use super::*;

const KIND: &str = "doks/node-pool";

/// A cloud with a running cluster, and inputs of a pool for it.
fn start() -> (Cloud, types::Resource, Value) {
    let cloud = Cloud::start();
    let cluster = made(&cloud, &checked(&inputs()));
    let inputs = json!({"cluster": cluster.id, "name": "batch", "size": "s-4vcpu-8gb", "count": 2, "tags": ["team"]});
    (cloud, cluster, checked_pool(&inputs).unwrap())
}

fn checked_pool(inputs: &Value) -> Result<Value, Vec<(String, String)>> {
    let request = wire::CheckRequest { kind: KIND.into(), address: "batch".into(), inputs: inputs.to_string() };
    match MapsPlugin::check(context(), vec![request]).pop().unwrap() {
        wire::CheckOutcome::Ok(inputs) => Ok(parsed(&inputs)),
        wire::CheckOutcome::Invalid(problems) => {
            Err(problems.into_iter().map(|problem| (problem.code, problem.path.unwrap_or_default())).collect())
        }
    }
}

fn add(inputs: &Value, checkpoint: Option<String>) -> wire::MutationOutcome {
    let (kind, address, token) = (KIND.to_owned(), "batch".to_owned(), TOKEN.to_owned());
    let request = wire::CreateRequest { kind, address, inputs: inputs.to_string(), token, checkpoint };
    MapsPlugin::create(context(), vec![request]).pop().unwrap()
}

fn added(cloud: &Cloud, inputs: &Value) -> types::Resource {
    let begun = pending(add(inputs, None));
    cloud.settle();
    done(add(inputs, Some(begun.checkpoint)))
}

fn look(inputs: &Value, token: &str) -> wire::FindOutcome {
    let (kind, address, token) = (KIND.to_owned(), "batch".to_owned(), token.to_owned());
    let request = wire::FindRequest { kind, address, inputs: inputs.to_string(), token, checkpoint: None };
    MapsPlugin::find(context(), vec![request]).pop().unwrap()
}

fn there(prior: &types::Resource) -> Option<types::Resource> {
    let (kind, address, id) = (KIND.to_owned(), "batch".to_owned(), prior.id.clone());
    let request = wire::ReadRequest { kind, address, id, prior: prior.clone(), ephemeral: Vec::new() };
    match MapsPlugin::read(context(), vec![request]).pop().unwrap() {
        wire::ReadOutcome::Absent => None,
        wire::ReadOutcome::Found(object) => Some(object),
        wire::ReadOutcome::Failed(problem) => panic!("{problem:?}"),
    }
}

fn change(prior: &types::Resource, inputs: &Value, checkpoint: Option<String>) -> wire::MutationOutcome {
    let (kind, address, prior) = (KIND.to_owned(), "batch".to_owned(), prior.clone());
    let inputs = inputs.to_string();
    let request = wire::UpdateRequest { kind, address, inputs, prior, changed: Vec::new(), checkpoint };
    MapsPlugin::update(context(), vec![request]).pop().unwrap()
}

fn remove(prior: &types::Resource, checkpoint: Option<String>) -> wire::DeleteOutcome {
    let (kind, address, prior) = (KIND.to_owned(), "batch".to_owned(), prior.clone());
    MapsPlugin::delete(context(), vec![wire::DeleteRequest { kind, address, prior, checkpoint }]).pop().unwrap()
}

#[test]
fn a_pool_lives_beside_its_clusters_own_and_each_leaves_the_other_alone() {
    let (cloud, cluster, inputs) = start();
    let pool = added(&cloud, &inputs);
    assert_eq!(parsed(&pool.inputs), inputs);
    assert_eq!(parsed(&read(&cluster, &[]).unwrap().inputs), parsed(&cluster.inputs), "the cluster sees no drift");
    let settled = parsed(&done(update(&cluster, &parsed(&cluster.inputs), None)).inputs);
    assert_eq!(settled, parsed(&cluster.inputs));
    assert_eq!(writes(), ["POST clusters", "POST clusters/cluster-0001/node_pools"]);

    let mut labelled = inputs.clone();
    (labelled["labels"], labelled["name"]) = (json!({"a": "b"}), "renamed".into());
    let changing = pending(change(&pool, &labelled, None));
    cloud.settle();
    let changed = done(change(&pool, &labelled, Some(changing.checkpoint)));
    assert_eq!((parsed(&changed.inputs), &changed.id), (labelled, &pool.id));
    assert_eq!(parsed(&there(&changed).unwrap().inputs), parsed(&changed.inputs));
    assert!(matches!(look(&inputs, TOKEN), wire::FindOutcome::Found(_)), "a change keeps the marks");

    let wire::DeleteOutcome::Pending(leaving) = remove(&changed, None) else { panic!("nodes take a while") };
    assert!(matches!(remove(&changed, None), wire::DeleteOutcome::Pending(_)), "its nodes are on their way out");
    assert!(matches!(look(&inputs, TOKEN), wire::FindOutcome::Unusable(_)));
    cloud.settle();
    assert!(matches!(remove(&changed, Some(leaving.checkpoint)), wire::DeleteOutcome::Done));
    assert!(matches!(remove(&changed, None), wire::DeleteOutcome::Done));
    assert!(there(&changed).is_none());
    assert_eq!(cloud.cluster()["node_pools"].as_array().unwrap().len(), 1);
}

#[test]
fn a_lost_reply_is_found_by_the_token_and_a_taken_name_is_told() {
    let (cloud, _, inputs) = start();
    assert!(matches!(look(&inputs, TOKEN), wire::FindOutcome::Absent));
    pending(add(&inputs, None));
    let wire::FindOutcome::Unfinished(unfinished) = look(&inputs, TOKEN) else { panic!("it is being made") };
    cloud.settle();
    done(add(&inputs, Some(unfinished.checkpoint)));
    assert!(matches!(look(&inputs, TOKEN), wire::FindOutcome::Found(_)));
    assert!(matches!(look(&inputs, "5".repeat(32).as_str()), wire::FindOutcome::Absent));
    let problem = failed(add(&inputs, None));
    assert_eq!((problem.code.as_str(), problem.path.as_deref()), ("node-pool-name-taken", Some("name")));
    assert!(problem.help.unwrap().contains("import"));
}

#[test]
fn a_pool_waits_while_its_cluster_takes_none() {
    let (cloud, _, inputs) = start();
    cloud.meddle(|cluster| cluster["status"]["state"] = "upgrading".into());
    let waits = pending(add(&inputs, None));
    assert!(waits.note.unwrap().contains("upgrading"));
    assert_eq!((writes().len(), waits.id), (1, None));
    cloud.settle();
    let begun = pending(add(&inputs, Some(waits.checkpoint)));
    cloud.settle();
    done(add(&inputs, Some(begun.checkpoint)));
    cloud.meddle(|cluster| cluster["status"]["state"] = "deleting".into());
    assert_eq!(failed(add(&inputs, None)).code, "cluster-deleting");
    cloud.settle();
    assert_eq!(failed(add(&inputs, None)).code, "cluster-gone");
}

#[test]
fn an_import_takes_an_id_or_a_cluster_and_a_pool() {
    let (cloud, cluster, inputs) = start();
    let pool = added(&cloud, &inputs);
    let bare = |id: &str| types::Resource { id: id.to_owned(), inputs: "{}".to_owned(), outputs: "{}".to_owned() };
    for id in [pool.id.clone(), "maps/batch".to_owned(), format!("{}/{}", cluster.id, pool.id)] {
        let imported = there(&bare(&id)).unwrap();
        assert_eq!((imported.id, parsed(&imported.inputs)), (pool.id.clone(), inputs.clone()), "{id}");
    }
    for id in ["batch", "other/batch", "maps/other", "maps/"] {
        assert!(there(&bare(id)).is_none(), "{id}");
    }
}

#[test]
fn what_the_autoscaler_does_is_no_drift() {
    let (cloud, _, mut inputs) = start();
    (inputs["count"], inputs["autoscale"]) = (2.into(), json!({"min": 1, "max": 6}));
    let pool = added(&cloud, &inputs);
    cloud.meddle(|cluster| cluster["node_pools"][1]["count"] = 5.into());
    cloud.settle();
    let now = there(&pool).unwrap();
    assert_eq!((parsed(&now.inputs), parsed(&now.outputs)["nodes"].as_u64()), (inputs, Some(5)));
}

#[test]
fn each_mistake_is_told_at_its_place() {
    let good = json!({"cluster": "c", "name": "batch", "size": "s", "count": 1});
    for (field, value, code) in [
        ("cluster", json!(""), "no-cluster"),
        ("name", json!("Upper"), "bad-name"),
        ("size", json!(""), "no-size"),
        ("count", json!(0), "no-nodes"),
    ] {
        let mut wanted = good.clone();
        wanted[field] = value;
        assert_eq!(checked_pool(&wanted), Err(vec![(code.to_owned(), field.to_owned())]));
    }
    assert_eq!(testing::calls(), [], "a check calls nobody");
}
