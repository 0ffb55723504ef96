//! Live records of all zones of a batch, each zone looked through once.

use std::collections::{BTreeMap, BTreeSet};

use maps_sdk::{Class, Problem};

use crate::batch::Answer;
use crate::content::Key;
use crate::name::{Name, ZoneId};
use crate::walk;
use crate::wire::RecordSet;
use crate::zone;

/// The records that are there, of those that were asked for.
pub(crate) struct Live(BTreeMap<ZoneId, Answer<BTreeMap<Key, RecordSet>>>);

impl Live {
    /// Looks for records at these places.
    pub(crate) fn of<'z>(places: impl Iterator<Item = (&'z ZoneId, Key)>) -> Self {
        let mut wanted: BTreeMap<ZoneId, BTreeSet<Key>> = BTreeMap::new();
        for (zone, key) in places {
            wanted.entry(zone.clone()).or_default().insert(key);
        }
        let look = |(zone, keys): (ZoneId, BTreeSet<Key>)| {
            let found = walk::look(&zone, &keys);
            (zone, found)
        };
        Self(wanted.into_iter().map(look).collect())
    }

    /// The record; none if there is none, or if nobody asked for it.
    pub(crate) fn get(&self, zone: &ZoneId, key: &Key) -> Answer<Option<&RecordSet>> {
        match self.0.get(zone) {
            Some(Ok(found)) => Ok(found.get(key)),
            Some(Err(problem)) => Err(problem.clone()),
            None => Ok(None),
        }
    }
}

/// The record that an import means; none where its zone is not there.
pub(crate) fn imported(id: &str) -> Answer<Option<(ZoneId, Key)>> {
    let Some((zone, key)) = Key::parse(id) else {
        let message = format!("`{id}` does not name a record");
        let help = "write ZONE/NAME/TYPE, or ZONE/NAME/TYPE/SET-IDENTIFIER: example.com/www.example.com/A";
        return Err(Problem::invalid("bad-import", message).help(help));
    };
    let by_id = ZoneId::new(zone);
    if by_id.is_valid() {
        return Ok(Some((by_id, key)));
    }
    match zone::named(&Name::new(zone), false) {
        Ok(zone) => Ok(Some((zone, key))),
        Err(problem) if problem.class == Class::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}
