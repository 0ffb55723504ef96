//! Which objects a resource may say are its own: those that its step planned, or that it had.

use maps_engine::Value;
use maps_engine::capability::ObjectKey;

/// What a resource records as its objects gives it the right to delete them later: only what its step planned,
/// or what was recorded before, may be among them.
pub(crate) fn owns<'k>(
    previews: bool,
    outputs: &Value,
    known: impl IntoIterator<Item = &'k ObjectKey>,
) -> Result<(), String> {
    if !previews {
        return Ok(());
    }
    let known: Vec<&ObjectKey> = known.into_iter().collect();
    // A kind without namespaces may be named with one or without.
    let is_it = |one: &ObjectKey, other: &ObjectKey| {
        let places = one.namespace.is_none() || other.namespace.is_none() || one.namespace == other.namespace;
        (&one.group, &one.kind, &one.name) == (&other.group, &other.kind, &other.name) && places
    };
    let stray = ObjectKey::recorded(outputs).into_iter().find(|named| !known.iter().any(|other| is_it(named, other)));
    match stray {
        None => Ok(()),
        Some(stray) => Err(format!(
            "the outputs name the {} {} under `objects`, which the step neither planned nor had",
            stray.kind, stray.name
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn rt18_a_resource_cannot_take_objects_that_no_plan_showed() {
        let object = |name: &str| json!({"api_version": "v1", "kind": "ConfigMap", "namespace": "maps", "name": name});
        let known = [ObjectKey::of(&Value::from(object("one"))).unwrap()];
        let outputs =
            |names: &[&str]| Value::from(json!({"objects": names.iter().map(|name| object(name)).collect::<Vec<_>>()}));
        assert_eq!(owns(true, &outputs(&["one"]), &known), Ok(()));
        assert_eq!(owns(true, &outputs(&[]), &known), Ok(()));
        assert!(owns(true, &outputs(&["one", "two"]), &known).unwrap_err().contains("ConfigMap two"));
        assert!(owns(true, &outputs(&["one"]), []).is_err());
        // Of a kind that plans no objects they mean nothing, and open nothing.
        assert_eq!(owns(false, &outputs(&["two"]), &known), Ok(()));
        let elsewhere =
            json!({"objects": [{"api_version": "v1", "kind": "ConfigMap", "namespace": "kube-system", "name": "one"}]});
        assert!(owns(true, &Value::from(elsewhere), &known).is_err());
    }
}
