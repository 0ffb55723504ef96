//! What authentication, authorization, admission and controllers read of the cluster.

use std::sync::Arc;

use serde_json::Value;

/// The objects as they stand, in their stored versions; the store implements it.
pub(crate) trait View {
    /// One object; `namespace` is empty for a resource that lives in none.
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>>;

    /// All objects of a resource, sorted by namespace and name; an empty `namespace` means all of them.
    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Arc<Value>>;
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{Arc, Value, View};

    /// A view of objects given as JSON: each with the resource it belongs to (`roles.rbac.authorization.k8s.io`).
    #[derive(Debug, Default)]
    pub(crate) struct Objects(pub(crate) Vec<(String, Arc<Value>)>);

    impl Objects {
        /// Adds an object.
        pub(crate) fn add(&mut self, resource: &str, object: Value) -> &mut Self {
            self.0.push((resource.to_owned(), Arc::new(object)));
            self
        }
    }

    fn qualified(group: &str, resource: &str) -> String {
        if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
    }

    fn text<'a>(object: &'a Value, path: &str) -> &'a str {
        object.pointer(path).and_then(Value::as_str).unwrap_or_default()
    }

    impl View for Objects {
        fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
            self.list(group, resource, namespace).into_iter().find(|object| text(object, "/metadata/name") == name)
        }

        fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Arc<Value>> {
            let wanted = qualified(group, resource);
            let found = self.0.iter().filter(|(of, object)| {
                *of == wanted && (namespace.is_empty() || text(object, "/metadata/namespace") == namespace)
            });
            found.map(|(_, object)| object.clone()).collect()
        }
    }
}
