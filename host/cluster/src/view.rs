//! What authentication, authorization, admission and controllers read of the cluster.

use std::sync::Arc;

use serde_json::Value;

/// The objects as they stand, in their stored versions; the store implements it.
///
/// A resource is named by its key: `apps/deployments`, or `/pods` in the core.
pub(crate) trait View {
    /// One object; `namespace` is empty for a resource that lives in none.
    fn get(&self, key: &str, namespace: &str, name: &str) -> Option<Arc<Value>>;

    /// All objects of a resource, sorted by namespace and name; an empty `namespace` means all of them.
    fn list(&self, key: &str, namespace: &str) -> Vec<Arc<Value>>;

    /// Seconds since 1970, as timestamps in objects say it.
    fn now(&self) -> i64;

    /// Whether the call of a webhook that is about to be made finds nobody: a fault on request.
    fn loses_webhook(&self) -> bool {
        false
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{Arc, Value, View};
    use crate::object::{at, text};

    /// A view of objects given as JSON, each with the key of its resource, in the year 2027.
    #[derive(Debug, Default)]
    pub(crate) struct Objects(Vec<(&'static str, Arc<Value>)>);

    impl Objects {
        /// The moment.
        pub(crate) const NOW: i64 = 1_800_000_000;

        /// Adds an object.
        pub(crate) fn add(&mut self, key: &'static str, object: Value) -> &mut Self {
            self.0.push((key, Arc::new(object)));
            self
        }
    }

    impl View for Objects {
        fn get(&self, key: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
            let mut all = self.list(key, namespace).into_iter();
            all.find(|object| text(at(object, "metadata"), "name") == name)
        }

        fn list(&self, key: &str, namespace: &str) -> Vec<Arc<Value>> {
            let found = self.0.iter().filter(|(of, object)| {
                *of == key && (namespace.is_empty() || text(at(object, "metadata"), "namespace") == namespace)
            });
            found.map(|(_, object)| object.clone()).collect()
        }

        fn now(&self) -> i64 {
            Self::NOW
        }
    }
}
