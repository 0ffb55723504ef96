//! What exists in declared services, by host and collection.

use serde_json::{Map, Value};

use super::item::{Item, PREFIX};
use crate::store::Documents;

/// Adds every declared service in which there is something. The store alone tells it, so that the
/// inventory of a cloud can be taken where its plugins are not at hand.
pub(crate) fn inventory(documents: &Documents, services: &mut Map<String, Value>) -> Result<(), serde_json::Error> {
    for shelf in documents.collections_under(PREFIX) {
        let Some((host, path)) = shelf.strip_prefix(PREFIX).and_then(|rest| rest.split_once(' ')) else { continue };
        let items: Vec<Item> = documents.list(shelf)?;
        let shown: Vec<Value> = items.into_iter().filter(|item| !item.is_going()).map(|item| item.shown).collect();
        if shown.is_empty() {
            continue;
        }
        let service = services.entry(host.to_owned()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(collections) = service {
            collections.insert(path.to_owned(), Value::Array(shown));
        }
    }
    Ok(())
}
