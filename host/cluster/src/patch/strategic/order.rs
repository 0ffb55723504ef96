//! In which order the items of a merged list stand: the patch's own order, and between its items those that
//! only the server had, where they stood.

use serde_json::Value;

use super::{DIRECTIVE, ELEMENT_ORDER, Outcome, as_item, failed, no_merge_key};
use crate::patch::printed::printed_list;

/// Whether a list of changes has the order that `$setElementOrder` gives (deletions do not count).
pub(super) fn check(changes: &[Value], wanted: &[Value], key: &str) -> Outcome<()> {
    if changes.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let mut left = Vec::new();
    for change in changes {
        let special = match key {
            "" => change.get(DIRECTIVE).is_some(),
            _ => as_item(change)?.contains_key(DIRECTIVE),
        };
        if !special {
            left.push(change);
        }
    }
    let mut left = left.into_iter().peekable();
    for wanted in wanted {
        let Some(change) = left.peek() else { break };
        if identity(change, key)? == identity(wanted, key)? {
            left.next();
        }
    }
    match left.peek() {
        None => Ok(()),
        Some(_) => Err(failed(format!(
            "the order in patch list:\n{}\n doesn't match {ELEMENT_ORDER} list:\n{}",
            printed_list(changes),
            printed_list(wanted)
        ))),
    }
}

/// By what an item is told apart: the value of its merge key, or itself where there is no key.
fn identity<'a>(item: &'a Value, key: &str) -> Outcome<&'a Value> {
    match key {
        "" => Ok(item),
        key => {
            let item = as_item(item)?;
            item.get(key).ok_or_else(|| no_merge_key(item, key))
        }
    }
}

/// Where the item with this value of the merge key is.
pub(super) fn position(items: &[Value], key: &str, value: &Value) -> Outcome<Option<usize>> {
    for (index, item) in items.iter().enumerate() {
        let Some(item) = item.as_object() else { return Err(failed(format!("value for key {index} is not a map"))) };
        if item.get(key) == Some(value) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Puts items into order: those among `chosen` as `patch_order` has them, the others as `server_order` has them,
/// each as near to its old place as that allows.
pub(super) fn arrange(
    items: Vec<Value>,
    chosen: &[Value],
    patch_order: &[Value],
    server_order: &[Value],
    key: &str,
    objects: bool,
) -> Outcome<Vec<Value>> {
    let (mut patched, mut kept) = (Vec::new(), Vec::new());
    for item in items {
        let among = match key {
            "" => chosen.contains(&item),
            key => position(chosen, key, identity(&item, key)?)?.is_some(),
        };
        if among { patched.push(item) } else { kept.push(item) }
    }
    sort(&mut patched, patch_order, key, objects)?;
    sort(&mut kept, server_order, key, objects)?;
    Ok(interleave(kept, patched, server_order, key, objects))
}

fn sort(items: &mut [Value], order: &[Value], key: &str, objects: bool) -> Outcome<()> {
    if objects {
        for item in items.iter().chain(order) {
            let item = as_item(item)?;
            item.get(key).ok_or_else(|| no_merge_key(item, key))?;
        }
    }
    items.sort_by_key(|item| index(order, item, key, objects).unwrap_or(usize::MAX));
    Ok(())
}

fn interleave(kept: Vec<Value>, patched: Vec<Value>, order: &[Value], key: &str, objects: bool) -> Vec<Value> {
    let mut merged = Vec::with_capacity(kept.len() + patched.len());
    let mut kept = kept.into_iter().peekable();
    for item in patched {
        let place = index(order, &item, key, objects);
        let before =
            |kept: &Value| index(order, kept, key, objects).zip(place).is_some_and(|(kept, place)| kept < place);
        while let Some(kept) = kept.next_if(before) {
            merged.push(kept);
        }
        merged.push(item);
    }
    merged.extend(kept);
    merged
}

fn index(order: &[Value], item: &Value, key: &str, objects: bool) -> Option<usize> {
    match objects {
        true => order.iter().position(|other| other.get(key) == item.get(key)),
        false => order.iter().position(|other| other == item),
    }
}
