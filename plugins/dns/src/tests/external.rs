//! Names that another program keeps.

use super::cloud::{self, Cloud};
use super::*;

const EXTERNAL: &str = "dns/external-records";

fn inputs() -> Value {
    let names = ["Prefect.example.com.", "ckan.example.com"];
    check(EXTERNAL, &json!({"zone": cloud::ID, "names": names})).unwrap()
}

fn delete(prior: &types::Resource, checkpoint: Option<&str>) -> wire::DeleteOutcome {
    let request = wire::DeleteRequest {
        kind: EXTERNAL.into(),
        address: "it".into(),
        prior: prior.clone(),
        checkpoint: checkpoint.map(str::to_owned),
    };
    MapsPlugin::delete(context(), vec![request]).remove(0)
}

#[test]
fn its_end_waits_for_the_end_of_the_records() {
    let cloud = Cloud::start();
    let made = done(create_all(EXTERNAL, &[(inputs(), None)]).remove(0));
    assert_eq!(parsed(&made.inputs)["names"], json!(["prefect.example.com", "ckan.example.com"]));
    let again = read(EXTERNAL, std::slice::from_ref(&made)).remove(0).unwrap().unwrap();
    assert_eq!(parsed(&again.inputs), parsed(&made.inputs));
    assert!(testing::aws_calls().is_empty(), "what another program keeps is asked for at the end only");
    // One that comes after it in the listing is another one's.
    cloud.foreign("prefect-too", "192.0.2.1");
    cloud.foreign("ckan", "192.0.2.2");
    let wire::DeleteOutcome::Pending(first) = delete(&made, None) else { panic!("there still is a record") };
    assert_eq!(first.note.as_deref(), Some("ckan.example.com to go"));
    let wire::DeleteOutcome::Pending(second) = delete(&made, Some(&first.checkpoint)) else { panic!("still") };
    assert_eq!(parsed(&second.checkpoint), json!({"waited_ms": 20_000}));
    let wire::DeleteOutcome::Failed(late) = delete(&made, Some(r#"{"waited_ms": 600000}"#)) else { panic!("late") };
    assert_eq!(late.code, "records-stay");
    assert!(late.message.contains("ckan.example.com") && late.help.is_some(), "{late:?}");
    drop(cloud);
    let _without = Cloud::start();
    assert!(gone(&delete(&made, Some(&first.checkpoint))));
    assert!(writes().is_empty());
}

#[test]
fn what_is_wrong_with_it_is_told() {
    let told = check(EXTERNAL, &json!({"zone": "not an id", "names": ["a b"]})).unwrap_err();
    assert_eq!(told.iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>(), ["zone", "names[0]"]);
    let told = check(EXTERNAL, &json!({"zone": cloud::ID, "names": []})).unwrap_err();
    assert_eq!(told, [("no-names".to_owned(), "names".to_owned())]);
    let bare = types::Resource { id: "x".into(), inputs: "{}".into(), outputs: "{}".into() };
    assert_eq!(read(EXTERNAL, &[bare]).remove(0).unwrap_err().code, "no-import");
}
