//! Strategic merge patches: objects are merged by field, lists by what their type says of them.

mod order;

use http::StatusCode;
use serde_json::{Map, Value};

use super::printed::{go_type, json_kind, printed, printed_list};
use super::unprocessable;
use crate::schema::{ListPatch, Node, Shape};
use crate::status::Refusal;

/// What is to become of the object that it stands in: `delete`, `replace`, `merge`.
const DIRECTIVE: &str = "$patch";
/// The only fields that the object may keep.
const RETAIN_KEYS: &str = "$retainKeys";
/// Scalars to be taken out of the list that is named after the slash.
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
/// In which order the items of the list that is named after the slash are to stand.
const ELEMENT_ORDER: &str = "$setElementOrder";

type Object = Map<String, Value>;
type Outcome<T> = Result<T, Refusal>;

pub(super) fn apply(target: &Value, patch: &Value, node: &Node) -> Outcome<Value> {
    let Value::Object(patch) = patch else {
        let kind = json_kind(patch);
        let message = format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}");
        return Err(Refusal::bad_request(message));
    };
    let target = target.as_object().cloned().unwrap_or_default();
    merge_objects(target, patch.clone(), node).map(Value::Object)
}

/// A refusal that upstream does not foresee: 500, without a reason.
fn failed(message: String) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
}

fn bad_element_order() -> Refusal {
    Refusal::bad_request("invalid patch format of setElementOrder list")
}

fn bad_retain_keys() -> Refusal {
    Refusal::bad_request("invalid patch format of retainKeys")
}

fn no_merge_key(item: &Object, key: &str) -> Refusal {
    failed(format!("map: {} does not contain declared merge key: {key}", printed(&Value::Object(item.clone()))))
}

fn wrong_type(expected: &Value, found: &Value) -> Refusal {
    failed(format!("expected a {}, but received a {}", go_type(expected), go_type(found)))
}

fn unknown_directive(directive: &Value, item: &Object) -> Refusal {
    failed(format!("unknown patch type: {} in map: {}", printed(directive), printed(&Value::Object(item.clone()))))
}

fn as_list(value: &Value) -> Outcome<&Vec<Value>> {
    value.as_array().ok_or_else(|| wrong_type(&Value::Array(Vec::new()), value))
}

fn as_item(value: &Value) -> Outcome<&Object> {
    value.as_object().ok_or_else(|| wrong_type(&Value::Object(Object::new()), value))
}

/// What a field is, by the type that it stands in.
fn field<'a>(node: &'a Node, key: &str) -> Outcome<&'a Node> {
    let unknown = |name: &str| failed(format!("unable to find api field in struct {name} for the json field {key:?}"));
    match &node.shape {
        Shape::Map { values, .. } => Ok(values.get()),
        Shape::Object(fields) => {
            let folded =
                || fields.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, field)| field);
            let field = fields.fields.get(key).or_else(folded);
            field.map(|field| field.node.get()).ok_or_else(|| unknown(&fields.name))
        }
        Shape::Any => Err(unknown("RawExtension")),
        Shape::Scalar(_) | Shape::List { .. } => {
            let message = "merging an object in json but data type is not map or struct, instead is: slice";
            Err(failed(message.to_owned()))
        }
    }
}

/// What the items of a list are and how they are merged, by the type that the list stands in.
fn list<'a>(node: &'a Node, key: &str) -> Outcome<(&'a Node, &'a ListPatch)> {
    let Shape::List { items, patch, .. } = &field(node, key)?.shape else {
        return Err(failed("expected slice or array type, but got: struct".to_owned()));
    };
    match items.get() {
        Node { shape: Shape::List { .. }, .. } => Err(failed("unexpected slice of slice".to_owned())),
        items => Ok((items, patch)),
    }
}

fn merge_objects(mut target: Object, mut patch: Object, node: &Node) -> Outcome<Object> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(Value::String(directive)) if directive == "replace" => {
            patch.remove(DIRECTIVE);
            return Ok(patch);
        }
        Some(Value::String(directive)) if directive == "delete" => return Ok(Object::new()),
        Some(directive) => return Err(unknown_directive(directive, &patch)),
    }
    retain_keys(&mut target, &mut patch)?;
    merge_ordered_lists(&mut target, &mut patch, node)?;
    for (key, value) in patch {
        if key.starts_with(DELETE_FROM_LIST) {
            delete_from_list(&mut target, &key, &value, node)?;
            continue;
        }
        if value.is_null() {
            target.remove(&key);
            continue;
        }
        let merged = match (target.remove(&key), value) {
            (Some(Value::Object(current)), Value::Object(value)) => {
                Some(Value::Object(merge_objects(current, value, field(node, &key)?)?))
            }
            (Some(Value::Array(current)), Value::Array(value)) => {
                let (items, how) = list(node, &key)?;
                Some(Value::Array(merge_lists(current, value, items, how)?))
            }
            (_, value) => without_directives(without_nulls(value)),
        };
        if let Some(merged) = merged {
            target.insert(key, merged);
        }
    }
    Ok(target)
}

/// Takes away what `$retainKeys` does not name, which has to name whatever the patch sets.
fn retain_keys(target: &mut Object, patch: &mut Object) -> Outcome<()> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(retained) = retained else { return Err(bad_retain_keys()) };
    let retains = |key: &String| retained.iter().any(|retained| retained.as_str() == Some(key));
    let directive = |key: &str| key.starts_with(DELETE_FROM_LIST) || key.starts_with(ELEMENT_ORDER);
    if patch.iter().any(|(key, value)| !value.is_null() && !directive(key) && !retains(key)) {
        return Err(bad_retain_keys());
    }
    target.retain(|key, _| retains(key));
    Ok(())
}

/// Merges the lists that a `$setElementOrder` belongs to, and takes both out of the patch.
fn merge_ordered_lists(target: &mut Object, patch: &mut Object, node: &Node) -> Outcome<()> {
    let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(ELEMENT_ORDER)).cloned().collect();
    for directive in directives {
        let Some(wanted) = patch.remove(&directive) else { continue };
        let wanted = as_list(&wanted)?;
        let key = match directive.split_once('/') {
            Some((ELEMENT_ORDER, key)) => key,
            _ => return Err(bad_element_order()),
        };
        let current = target.get(key).map(as_list).transpose()?.cloned();
        let changes = patch.get(key).map(as_list).transpose()?.cloned();
        let (items, how) = list(node, key)?;
        order::check(changes.as_deref().unwrap_or_default(), wanted, merge_key(how))?;
        let merged = match (&current, &changes) {
            (None, None) => continue,
            (Some(current), None) => current.clone(),
            (None, Some(changes)) => changes.iter().cloned().filter_map(without_directives).collect(),
            (Some(current), Some(changes)) => merge_lists(current.clone(), changes.clone(), items, how)?,
        };
        let current = current.unwrap_or_default();
        let objects = element_kind(&[&current, &changes.unwrap_or_default()])?;
        let sorted = order::arrange(merged, wanted, wanted, &current, merge_key(how), objects)?;
        target.insert(key.to_owned(), Value::Array(sorted));
        patch.remove(key);
    }
    Ok(())
}

fn delete_from_list(target: &mut Object, directive: &str, value: &Value, node: &Node) -> Outcome<()> {
    let key = match directive.split_once('/') {
        Some((DELETE_FROM_LIST, key)) => key,
        _ => return Err(Refusal::bad_request("invalid patch format of primitive list")),
    };
    if value.is_null() {
        target.remove(key);
        return Ok(());
    }
    if let (Some(Value::Array(current)), Value::Array(gone)) = (target.get(key), value) {
        let (items, how) = list(node, key)?;
        let left = match current.is_empty() && gone.is_empty() {
            true => Vec::new(),
            false if element_kind(&[current, gone])? => merge_lists(current.clone(), gone.clone(), items, how)?,
            false => current.iter().filter(|item| !gone.contains(item)).cloned().collect(),
        };
        target.insert(key.to_owned(), Value::Array(left));
    }
    Ok(())
}

/// The field by which items are told apart, empty for scalars.
fn merge_key(how: &ListPatch) -> &str {
    match how {
        ListPatch::MergeBy(key) => key,
        ListPatch::Replace | ListPatch::Merge => "",
    }
}

fn merge_lists(target: Vec<Value>, patch: Vec<Value>, items: &Node, how: &ListPatch) -> Outcome<Vec<Value>> {
    if *how == ListPatch::Replace {
        return Ok(patch);
    }
    if target.is_empty() && patch.is_empty() {
        return Ok(target);
    }
    let objects = element_kind(&[&target, &patch])?;
    if !objects {
        let mut merged: Vec<Value> = Vec::new();
        for item in target.iter().chain(&patch) {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return order::arrange(merged, &patch, &patch, &target, merge_key(how), objects);
    }
    let key = match merge_key(how) {
        "" => return Err(failed("cannot merge lists without merge key for struct".to_owned())),
        key => key,
    };
    let (target, patch) = special_items(target, patch, key)?;
    let mut merged = target.clone();
    for change in &patch {
        let change = as_item(change)?;
        let value = change.get(key).ok_or_else(|| no_merge_key(change, key))?;
        match order::position(&merged, key, value)? {
            Some(position) => {
                if let Some(place) = merged.get_mut(position) {
                    let current = as_item(place)?.clone();
                    *place = Value::Object(merge_objects(current, change.clone(), items)?);
                }
            }
            None => merged.push(Value::Object(change.clone())),
        }
    }
    // Where an item was merged, the place of its old self counts.
    order::arrange(merged, &patch, &patch, &target, key, objects)
}

/// Carries out `$patch` items; what is left of the list and of its patch.
fn special_items(mut target: Vec<Value>, patch: Vec<Value>, key: &str) -> Outcome<(Vec<Value>, Vec<Value>)> {
    let mut plain = Vec::new();
    let mut replaced = false;
    for change in patch {
        let item = as_item(&change)?;
        match item.get(DIRECTIVE) {
            None => plain.push(change),
            Some(Value::String(directive)) if directive == "delete" => {
                let value = item.get(key).ok_or_else(|| no_merge_key(item, key))?;
                while let Some(position) = order::position(&target, key, value)? {
                    target.remove(position);
                }
            }
            Some(Value::String(directive)) if directive == "replace" => replaced = true,
            Some(Value::String(directive)) if directive == "merge" => {
                return Err(failed("merging lists cannot yet be specified in the patch".to_owned()));
            }
            Some(directive) => return Err(unknown_directive(directive, item)),
        }
    }
    Ok(match replaced {
        true => (plain, Vec::new()),
        false => (target, plain),
    })
}

/// Whether the items are objects; all of them have to be of one type, and none a list.
fn element_kind(lists: &[&[Value]]) -> Outcome<bool> {
    let mut items = lists.iter().flat_map(|list| list.iter());
    let Some(first) = items.next() else {
        return Err(failed("no elements in any of the given slices".to_owned()));
    };
    if first.is_array() {
        return Err(unprocessable());
    }
    if items.any(|item| go_type(item) != go_type(first)) {
        let lists: Vec<String> = lists.iter().map(|list| printed_list(list)).collect();
        return Err(failed(format!("list element types are not identical: [{}]", lists.join(" "))));
    }
    Ok(first.is_object())
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// What a new value is without the objects that have a `$patch`; `None` where it is one.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let kept = fields.into_iter().filter_map(|(key, value)| Some((key, without_directives(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_directives).collect())),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests;
