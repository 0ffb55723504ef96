//! One object's life: made, read, changed, deleted, and deleted again.

use maps_engine::Value;
use maps_engine::provider::{Object, Outcome, Pending, ReadOutcome};

use crate::conformance::{Being, Bench, Subject};

/// Two accounts of one object, and that it is as it should be.
fn agree(bench: &Bench, being: &Being, told: &Object, read: &Object) {
    assert_eq!(told.id, read.id, "read tells another id");
    assert_eq!(told.inputs, read.inputs, "read tells other inputs than the operation");
    assert_eq!(told.outputs, read.outputs, "read tells other outputs than the operation");
    let differs = maps_engine::diff::diff(&bench.schema().inputs, &read.inputs, &being.inputs, None);
    assert!(differs.is_empty(), "it is not as it should be: {differs:?}");
}

/// What `create` answers is what `read` sees, for every set of inputs.
pub async fn read_agrees_with_create(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    for inputs in subject.fixture.all() {
        let being = bench.being(1, inputs).await;
        let made = bench.make(&being, None).await;
        let read = bench.here(&being, &made).await;
        agree(&bench, &being, &made, &read);
        // An import knows the id alone.
        let bare =
            Object { inputs: Value::Map(Default::default()), outputs: Value::Map(Default::default()), ..made.clone() };
        let imported = bench.here(&being, &bare).await;
        assert_eq!(imported.outputs, read.outputs, "an import tells other outputs");
        bench.remove(&being, &made, None).await;
    }
    bench.close().await;
}

/// What `update` answers is what `read` sees; a second one right after it writes nothing.
pub async fn read_agrees_with_update(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = bench.subject().clone();
    let Some(update) = &subject.fixture.update else { return bench.close().await };
    let being = bench.being(1, subject.fixture.with(None)).await;
    let made = bench.make(&being, None).await;
    let wanted = bench.changed(&being, 1, subject.fixture.with(Some(update))).await;
    let changes = maps_engine::diff::diff(&bench.schema().inputs, &made.inputs, &wanted.inputs, None);
    assert!(!changes.is_empty() && changes.iter().all(|field| !field.replaces), "no update: {changes:?}");
    let changed = bench.change(&wanted, &made, None).await;
    let read = bench.here(&wanted, &changed).await;
    agree(&bench, &wanted, &changed, &read);
    let calls = bench.ledger.calls();
    assert_eq!(bench.change(&wanted, &made, None).await, changed, "the same update again ends elsewhere");
    assert_eq!(bench.ledger.calls(), calls, "the same update again writes");
    bench.close().await;
}

/// An update that is cut off after any round ends the same way from its last checkpoint, and from
/// its beginning when that was lost too.
pub async fn updates_go_on_and_begin_again_from_every_point(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = bench.subject().clone();
    let Some(update) = &subject.fixture.update else { return bench.close().await };
    let being = bench.being(1, subject.fixture.with(None)).await;
    let wanted = bench.changed(&being, 1, subject.fixture.with(Some(update))).await;
    let made = bench.make(&being, None).await;
    let undisturbed = bench.change(&wanted, &made, None).await;
    let inventory = bench.inventory();
    bench.remove(&wanted, &undisturbed, None).await;
    for (cut, forgets) in (1..).flat_map(|cut| [(cut, false), (cut, true)]) {
        let made = bench.make(&being, None).await;
        let (mut from, mut whole): (Option<Pending>, bool) = (None, false);
        for _ in 0..cut {
            match bench.update(&wanted, &made, from.as_ref()).await {
                Outcome::Done(_) => whole = true,
                Outcome::Pending(pending) => from = Some(bench.waited(pending).await),
                Outcome::Failed(problem) => panic!("update fails: {problem}"),
            }
            if whole {
                break;
            }
        }
        let changed = bench.change(&wanted, &made, from.filter(|_| !forgets)).await;
        let differs = maps_engine::diff::diff(&bench.schema().inputs, &changed.inputs, &wanted.inputs, None);
        assert!(differs.is_empty(), "cut off after {cut} rounds, it ends as something else: {differs:?}");
        assert_eq!(bench.inventory(), inventory, "cut off after {cut} rounds, the inventory differs");
        bench.remove(&wanted, &changed, None).await;
        if whole && forgets {
            break;
        }
    }
    bench.close().await;
}

/// A delete of what is gone is done; after the first, nothing is left of the object.
pub async fn deleting_twice_succeeds(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    let before = bench.inventory();
    let being = bench.being(1, subject.fixture.with(None)).await;
    let made = bench.make(&being, None).await;
    assert_ne!(bench.inventory(), before, "a create makes something");
    bench.remove(&being, &made, None).await;
    assert_eq!(bench.inventory(), before, "a delete leaves something");
    let read = bench.read_all(&[(&being, &made)], &[]).await.remove(0);
    assert!(matches!(read, ReadOutcome::Absent), "read after the delete: {read:?}");
    bench.remove(&being, &made, None).await;
    // A delete whose first round was cut off begins again.
    let made = bench.make(&being, None).await;
    let first = bench.delete(vec![bench.delete_request(&being, &made, None)]).await.remove(0);
    assert!(!matches!(first, Outcome::Failed(_)), "{first:?}");
    bench.remove(&being, &made, None).await;
    assert_eq!(bench.inventory(), before, "a delete that began again leaves something");
    bench.close().await;
}

/// Nothing ephemeral comes unasked, and each output comes when it is asked for by name.
pub async fn ephemeral_outputs_come_only_when_asked_for(subject: &Subject) {
    let bench = Bench::set_up(subject).await;
    let subject = &bench.subject().clone();
    let being = bench.being(1, subject.fixture.with(None)).await;
    let made = bench.make(&being, None).await;
    let names: Vec<String> = bench.schema().ephemeral_outputs().map(str::to_owned).collect();
    for name in &names {
        match bench.read_all(&[(&being, &made)], std::slice::from_ref(name)).await.remove(0) {
            ReadOutcome::Found(object) => {
                let value = object.outputs.get(name).unwrap_or_else(|| panic!("{name} was asked for"));
                assert!(value.has_secret(), "{name} is ephemeral and comes in clear");
                bench.learn_secret(value);
            }
            other => panic!("{other:?}"),
        }
    }
    // With the secrets known, neither this nor the logs hold them.
    let _ = bench.here(&being, &made).await;
    bench.close().await;
}
