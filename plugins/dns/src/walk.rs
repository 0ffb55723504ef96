//! Looks records up in as few pages as it takes.
//!
//! Route 53 lists a zone's records in an order of its own, 300 to a page. A page is asked for only
//! where a wanted record can be, so that there are never more than the zone has, and never more than
//! records are wanted, but for the first.

use std::collections::{BTreeMap, BTreeSet};

use maps_sdk::{Problem, only};

use crate::api::{self, Start};
use crate::content::Key;
use crate::name::{Name, ZoneId};
use crate::wire::RecordSet;

/// Those of the records that are there. In a zone that is not there, there are none.
///
/// # Errors
/// When it cannot be told.
pub(crate) fn look(zone: &ZoneId, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, RecordSet>, Problem> {
    match walk(zone, keys) {
        Err(problem) if problem.code == api::NO_ZONE => Ok(BTreeMap::new()),
        found => found,
    }
}

fn walk(zone: &ZoneId, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, RecordSet>, Problem> {
    let mut found = BTreeMap::new();
    let mut open: BTreeSet<Key> = keys.clone();
    if keys.len() > 1 {
        let (mut start, mut gap) = (Some(Start::default()), false);
        while let Some(from) = start.take() {
            let page = only(api::pages(zone, std::iter::once(&from)))?;
            let next = page.next();
            take(&mut open, &mut found, page.resource_record_sets);
            let Some(next) = next else {
                // Behind a gap, only what is sure to come behind it is known not to be there.
                open.retain(|key| gap && key.name.has_codes());
                break;
            };
            if next == from {
                return Err(Problem::internal("endless-list", format!("the records of {zone} are listed in a ring")));
            }
            let reached = next.name.as_deref().map(|name| Name::new(name).place()).unwrap_or_default();
            open.retain(|key| key.name.has_codes() || key.name.place() >= reached);
            let plain = open.iter().filter(|key| !key.name.has_codes());
            start = plain.min_by_key(|key| key.name.place()).map(|first| match first.name.place() > reached {
                true => Start { name: Some(first.name.as_str().to_owned()), ..Start::default() },
                false => next.clone(),
            });
            gap |= start.as_ref().is_some_and(|start| *start != next);
        }
    }
    // Each by itself: a listing that begins at a record begins with it, if it is there.
    let single: Vec<Key> = open.iter().cloned().collect();
    let starts: Vec<Start> = single
        .iter()
        .map(|key| Start {
            name: Some(key.name.as_str().to_owned()),
            kind: Some(key.kind.to_string()),
            set: key.set.clone(),
        })
        .collect();
    for page in api::pages(zone, starts.iter()) {
        take(&mut open, &mut found, page?.resource_record_sets);
    }
    Ok(found)
}

fn take(open: &mut BTreeSet<Key>, found: &mut BTreeMap<Key, RecordSet>, sets: Vec<RecordSet>) {
    for set in sets {
        if let Some(key) = Key::told(&set)
            && open.remove(&key)
        {
            found.insert(key, set);
        }
    }
}
