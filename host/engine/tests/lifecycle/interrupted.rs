//! An update whose run died after its call: that the object reads as it should does not end it.

use super::{Life, actions, text};
use maps_engine::journal::OpKind;
use maps_engine::name::RuleId;
use maps_engine::{Address, Entry, Journal as _, OpId, Value};

fn stack(a: &str) -> String {
    format!(
        "plugins: {{tiny: {{source: tiny}}}}\nresources:\n{a}  b: {{type: tiny/thing, with: {{name: \"${{a.id}}\", in: \"${{a.value}}\"}}}}\n"
    )
}

fn thing(size: i64, zone: i64) -> String {
    stack(&format!("  a: {{type: tiny/thing, with: {{name: a, size: {size}, zone: {zone}}}}}\n"))
}

fn sized(inputs: &Value, size: i64) -> Value {
    let mut inputs = inputs.as_map().unwrap().clone();
    inputs.insert("size".to_owned(), Value::from(size));
    Value::Map(inputs)
}

/// A thing of size 1, and a run that died over changing it to size 2: after its call, and perhaps after the reply.
fn interrupted(landed: bool, waits: bool) -> Life {
    let life = Life::new();
    let _ = life.apply(&thing(1, 1));
    let address = Address::new("a");
    let mut object = life.state().current(&address).unwrap().clone();
    object.inputs = sized(&object.inputs, 2);
    if landed {
        life.cloud.lock().objects.get_mut(&object.id).unwrap().1 = object.inputs.clone();
    }
    let op = OpId::new("dead");
    let call = Entry::Call { ops: vec![op.clone()], rule: RuleId::new("r"), summary: String::new(), at: 2 };
    let begin =
        Entry::Begin { op: op.clone(), does: OpKind::Update, address, object, deposed: false, planned: None, at: 1 };
    let mut entries = vec![begin, call];
    entries.extend(waits.then(|| Entry::Checkpoint { op, checkpoint: text("dead"), id: None }));
    life.world.run(async { life.world.append(entries).await }).unwrap().unwrap();
    let _ = life.cloud.done();
    life
}

#[test]
fn it_is_finished_whatever_the_object_says() {
    // Whether it landed, whether it said that it waits, what is wanted by now, and what becomes of it.
    for (landed, waits, size, checkpoint) in [
        (true, false, 2, None),
        (true, true, 2, Some("dead")),
        (false, false, 2, None),
        (false, true, 2, Some("dead")),
        // Somebody thought better of it: what was begun is not carried out first.
        (true, false, 3, None),
        (true, true, 3, None),
        (false, false, 1, None),
        (false, true, 1, None),
    ] {
        let life = interrupted(landed, waits);
        let (plan, report) = life.apply(&thing(size, 1));
        let case = format!("{landed} {waits} {size}: {plan:#?}");
        assert_eq!(actions(&plan), ["resume a"], "{case}");
        assert_eq!((report.updated, report.adopted), (1, 0), "{case}");
        let told = checkpoint.map_or("update a".to_owned(), |from| format!("update a from {from}"));
        assert_eq!(life.cloud.done(), [told], "{case}");
        assert_eq!(life.cloud.lock().objects["o1"].1.get("size"), Some(&Value::from(size)), "{case}");
        assert!(life.state().operations.is_empty(), "{case}");
        life.rests(&thing(size, 1));
    }
}

#[test]
fn what_is_replaced_or_leaves_is_not_finished_first() {
    let life = interrupted(true, true);
    let (plan, _) = life.apply(&thing(2, 9));
    assert_eq!(actions(&plan), ["replace a", "update b"], "{plan:#?}");
    assert_eq!(life.cloud.done(), ["create a", "update b", "delete a"]);
    assert!(life.state().operations.is_empty());
    life.rests(&thing(2, 9));

    let life = interrupted(true, false);
    let _ = life.run(&thing(2, 1), true);
    assert_eq!(life.cloud.done(), ["delete b", "delete a"]);
    assert!(life.state().operations.is_empty() && life.ids().is_empty());
}

#[test]
fn what_somebody_deleted_meanwhile_is_made_anew() {
    let life = interrupted(true, true);
    life.cloud.lock().objects.remove("o1");
    let (plan, _) = life.apply(&thing(2, 1));
    assert_eq!(actions(&plan), ["create a", "update b"], "{plan:#?}");
    assert!(life.state().operations.is_empty());
    life.rests(&thing(2, 1));
}
