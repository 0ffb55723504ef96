//! What of a database that is there cannot be changed: told at the plan, since the operator would refuse it, or take
//! it and do nothing.

use maps_sdk::{Known, Problem};
use serde_json::Value;

use super::begin::Bootstrap;
use super::image;
use super::model::{Inputs, Storage, UpdateMethod};
use crate::quantity::quantity;

/// Why the change from `old` to `new` cannot be made, if it cannot.
pub(super) fn refusal(old: &Inputs, new: &Inputs, known: &Known) -> Option<Problem> {
    let all = [
        bootstrap(old, new, known),
        volume("storage", Some(&old.storage), Some(&new.storage), known),
        volume("wal_storage", old.wal_storage.as_ref(), new.wal_storage.as_ref(), known),
        version(old, new, known),
        log_level(old, new, known),
    ];
    all.into_iter().flatten().next()
}

fn refused(path: &str, code: &str, message: String, help: &str) -> Problem {
    Problem::invalid(code, message).at(path).help(help)
}

/// Is anything that is there now, and known, another than it was?
fn differs(old: &Value, new: &Value, path: &str, known: &Known) -> bool {
    match (old, new) {
        (_, Value::Null) => false,
        (_, Value::Object(members)) => members.iter().any(|(name, value)| {
            let before = old.get(name).unwrap_or(&Value::Null);
            differs(before, value, &format!("{path}.{name}"), known)
        }),
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let mut pairs = before.iter().zip(after).enumerate();
            pairs.any(|(index, (before, after))| differs(before, after, &format!("{path}[{index}]"), known))
        }
        _ => known.at(path) && old != new,
    }
}

fn bootstrap(old: &Inputs, new: &Inputs, known: &Known) -> Option<Problem> {
    let shape = |inputs: &Inputs| {
        let mut bootstrap = inputs.bootstrap.clone();
        bootstrap.iter_mut().for_each(Bootstrap::forget_secrets);
        serde_json::to_value(bootstrap).unwrap_or_default()
    };
    // What is left out now has had its effect; what is there now and was not then would have none.
    differs(&shape(old), &shape(new), "bootstrap", known).then(|| {
        let message = "a database looks at `bootstrap` once, when it is made: this change would do nothing".to_owned();
        let help = "put it back; for a database that begins otherwise, add another resource under another name";
        refused("bootstrap", "bootstrap-is-over", message, help)
    })
}

fn volume(at: &str, old: Option<&Storage>, new: Option<&Storage>, known: &Known) -> Option<Problem> {
    let old = old?;
    if !known.at(at) {
        return None;
    }
    let Some(new) = new else {
        let message = "the volume of the write-ahead log cannot be taken away from a database that has one".to_owned();
        return Some(refused(at, "volume-stays", message, "put it back"));
    };
    let size = format!("{at}.size");
    if known.at(&size) && quantity(&new.size.0) < quantity(&old.size.0) {
        let message = format!("a volume cannot shrink, here from {} to {}", old.size.0, new.size.0);
        let help = "a smaller database is another one, which is recovered from a backup of this one";
        return Some(refused(&size, "volume-shrinks", message, help));
    }
    let class = format!("{at}.class");
    (known.at(&class) && new.class.is_some() && old.class.is_some() && new.class != old.class).then(|| {
        let message = "volumes keep the StorageClass that they were made with".to_owned();
        let help = "a database on another class is another one, which is recovered from a backup of this one";
        refused(&class, "class-stays", message, help)
    })
}

fn version(old: &Inputs, new: &Inputs, known: &Known) -> Option<Problem> {
    let (before, after) = (old.image.as_deref()?, new.image.as_deref()?);
    if !known.at("image") || before == after {
        return None;
    }
    if image::major(before).zip(image::major(after)).is_some_and(|(before, after)| after < before) {
        let message = format!("PostgreSQL cannot go back from {before} to {after}");
        return Some(refused("image", "version-goes-back", message, "keep the version, or take a newer one"));
    }
    // A standby that takes over has to run with the parameters that the primary has.
    if new.primary_update_method != Some(UpdateMethod::Switchover) || !known.at("primary_update_method") {
        return None;
    }
    let parameters = |inputs: &Inputs| serde_json::to_value(&inputs.parameters).unwrap_or_default();
    let gone = old.parameters.keys().any(|name| !new.parameters.contains_key(name)) && known.at("parameters");
    (gone || differs(&parameters(old), &parameters(new), "parameters", known)).then(|| {
        let message = "with `primary_update_method: switchover` CloudNativePG takes a new image and new parameters one after the other".to_owned();
        refused("image", "image-and-parameters", message, "run with one of the changes, then with the other")
    })
}

fn log_level(old: &Inputs, new: &Inputs, known: &Known) -> Option<Problem> {
    const NAME: &str = "wal_level";
    let (before, after) = (old.parameters.get(NAME)?, new.parameters.get(NAME)?);
    (known.at("parameters.wal_level") && before != after && after.0 == "minimal").then(|| {
        let message = format!("`wal_level` cannot go from {} to minimal in a database that is there", before.0);
        refused("parameters.wal_level", "log-level-falls", message, "keep it")
    })
}
