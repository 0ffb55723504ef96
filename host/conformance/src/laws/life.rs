//! One object's life: made, read, changed, deleted, and deleted again.

use maps_engine::Value;
use maps_engine::provider::{Object, Outcome, Pending, ReadOutcome};

use crate::bench::{Being, Bench, only, shown};
use crate::verdict::{Kept, Stop, broken, ensure};

/// Why a law about updates is not tried.
const NO_UPDATE: Stop = Stop::Skipped("the fixture has no `update`");

/// Two accounts of one object, and that it is as it should be.
fn agree(bench: &Bench, being: &Being, told: &Object, read: &Object) -> Kept {
    ensure!(told.id == read.id, "read tells another id: {}, not {}", read.id, told.id);
    let both = |told: &Value, read: &Value| format!("{}, not {}", shown(read), shown(told));
    let inputs = both(&told.inputs, &read.inputs);
    ensure!(told.inputs == read.inputs, "read tells other inputs than the operation: {inputs}");
    let outputs = both(&told.outputs, &read.outputs);
    ensure!(told.outputs == read.outputs, "read tells other outputs than the operation: {outputs}");
    let differs = maps_engine::diff::diff(&bench.schema()?.inputs, &read.inputs, &being.inputs, None);
    ensure!(differs.is_empty(), "it is not as it should be: {differs:?}");
    Ok(())
}

/// Does an import tell the same outputs, all but a secret that is told once?
fn imports(bench: &Bench, imported: &Object, read: &Object) -> bool {
    let lacks = |name: &String| imported.outputs.get(name).is_none_or(|value| matches!(value, Value::Null));
    let Value::Map(outputs) = &read.outputs else { return imported.outputs == read.outputs };
    let told = outputs.iter().filter(|(name, value)| {
        let once = bench.fixture().told_once && matches!(value, Value::Secret(_)) && lacks(name);
        !once
    });
    imported.outputs == Value::Map(told.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// What `create` answers is what `read` sees, for every set of inputs.
pub(super) async fn read_agrees_with_create(bench: &Bench) -> Kept {
    for inputs in bench.fixture().all() {
        let being = bench.being(1, inputs).await?;
        let made = bench.make(&being, None).await?;
        let read = bench.here(&being, &made).await?;
        agree(bench, &being, &made, &read)?;
        if bench.fixture().nameless {
            bench.remove(&being, &made, None).await?;
            continue;
        }
        // An import knows the id alone.
        let nothing = || Value::Map(Default::default());
        let bare = Object { inputs: nothing(), outputs: nothing(), ..made.clone() };
        let imported = bench.here(&being, &bare).await?;
        let same = imports(bench, &imported, &read);
        ensure!(same, "an import tells other outputs: {}", shown(&imported.outputs));
        bench.remove(&being, &made, None).await?;
    }
    Ok(())
}

/// What `update` answers is what `read` sees; a second one right after it writes nothing.
pub(super) async fn read_agrees_with_update(bench: &Bench) -> Kept {
    let update = bench.fixture().update.as_ref().ok_or(NO_UPDATE)?;
    let being = bench.being(1, bench.fixture().with(None)).await?;
    let made = bench.make(&being, None).await?;
    let wanted = bench.changed(&being, 1, bench.fixture().with(Some(update)), Some(&made)).await?;
    let changes = maps_engine::diff::diff(&bench.schema()?.inputs, &made.inputs, &wanted.inputs, None);
    let in_place = !changes.is_empty() && changes.iter().all(|field| !field.replaces);
    ensure!(in_place, "the fixture's `update` is no update in place: {changes:?}");
    let changed = bench.change(&wanted, &made, None).await?;
    let read = bench.here(&wanted, &changed).await?;
    agree(bench, &wanted, &changed, &read)?;
    let calls = bench.ledger.calls();
    let again = bench.change(&wanted, &made, None).await?;
    ensure!(again == changed, "the same update again ends elsewhere: {again:?}, not {changed:?}");
    ensure!(bench.ledger.calls() == calls, "the same update again writes");
    bench.remove(&wanted, &changed, None).await
}

/// An update that is cut off after any round ends the same way from its last checkpoint; when that was lost too, from
/// its beginning, with what there is to be read by then: even where that is what was wanted.
pub(super) async fn updates_go_on_and_begin_again_from_every_point(bench: &Bench) -> Kept {
    let update = bench.fixture().update.as_ref().ok_or(NO_UPDATE)?;
    let being = bench.being(1, bench.fixture().with(None)).await?;
    let wanted = bench.changed(&being, 1, bench.fixture().with(Some(update)), None).await?;
    let made = bench.make(&being, None).await?;
    let undisturbed = bench.change(&wanted, &made, None).await?;
    let inventory = bench.inventory()?;
    bench.remove(&wanted, &undisturbed, None).await?;
    for (cut, forgets) in (1..).flat_map(|cut| [(cut, false), (cut, true)]) {
        let made = bench.make(&being, None).await?;
        let (mut from, mut whole): (Option<Pending>, bool) = (None, false);
        for _ in 0..cut {
            match bench.update(&wanted, &made, from.as_ref()).await? {
                Outcome::Done(_) => whole = true,
                Outcome::Pending(pending) => from = Some(bench.waited(pending).await?),
                Outcome::Failed(problem) => return Err(broken!("update fails: {problem}")),
            }
            if whole {
                break;
            }
        }
        let prior = if forgets { bench.here(&wanted, &made).await? } else { made };
        let changed = match bench.change(&wanted, &prior, from.filter(|_| !forgets)).await {
            Err(Stop::Broken(what)) => return Err(broken!("cut off after {cut} rounds and begun again: {what}")),
            changed => changed?,
        };
        let differs = maps_engine::diff::diff(&bench.schema()?.inputs, &changed.inputs, &wanted.inputs, None);
        ensure!(differs.is_empty(), "cut off after {cut} rounds, it ends as something else: {differs:?}");
        bench.is_still(&inventory, &format!("cut off after {cut} rounds, something else exists"))?;
        bench.remove(&wanted, &changed, None).await?;
        if whole && forgets {
            break;
        }
    }
    Ok(())
}

/// A delete of what is gone is done; after the first, nothing is left of the object.
pub(super) async fn deleting_twice_succeeds(bench: &Bench) -> Kept {
    let before = bench.inventory()?;
    let being = bench.being(1, bench.fixture().with(None)).await?;
    let made = bench.make(&being, None).await?;
    if !bench.fixture().lookup {
        bench.is_no_longer(&before, "a create makes nothing")?;
    }
    bench.remove(&being, &made, None).await?;
    bench.is_still(&before, "a delete leaves something")?;
    let read = bench.read(&being, &made, &[]).await?;
    let gone = matches!(read, ReadOutcome::Absent) || bench.fixture().lookup;
    ensure!(gone, "it was deleted, and read answers {read:?}");
    bench.remove(&being, &made, None).await.map_err(|stop| match stop {
        Stop::Broken(what) => broken!("deleted a second time: {what}"),
        other => other,
    })?;
    // A delete whose first round was cut off begins again.
    let made = bench.make(&being, None).await?;
    let first = only(bench.delete(vec![bench.delete_request(&being, &made, None)]).await?)?;
    ensure!(!matches!(first, Outcome::Failed(_)), "delete fails: {first:?}");
    bench.remove(&being, &made, None).await?;
    bench.is_still(&before, "a delete that began again leaves something")
}

/// Nothing ephemeral comes unasked, and each output comes when it is asked for by name.
pub(super) async fn ephemeral_outputs_come_only_when_asked_for(bench: &Bench) -> Kept {
    let names: Vec<String> = bench.schema()?.ephemeral_outputs().map(str::to_owned).collect();
    let being = bench.being(1, bench.fixture().with(None)).await?;
    let made = bench.make(&being, None).await?;
    for name in &names {
        match bench.read(&being, &made, std::slice::from_ref(name)).await? {
            ReadOutcome::Found(object) => {
                let value = object.outputs.get(name).filter(|value| !matches!(value, Value::Null));
                let value = value.ok_or_else(|| broken!("{name} was asked for and does not come"))?;
                ensure!(value.has_secret(), "{name} is ephemeral and comes in clear");
                bench.learn_secret(value);
            }
            other => return Err(broken!("{name} was asked for, and read answers {other:?}")),
        }
    }
    // With the secrets known, neither this nor the logs hold them.
    let _ = bench.here(&being, &made).await?;
    bench.remove(&being, &made, None).await
}
