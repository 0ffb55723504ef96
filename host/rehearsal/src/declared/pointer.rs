//! JSON pointers into an object's members, without lists: `/title`, `/settings/colour`.

use serde_json::{Map, Value};

/// Members on the way.
const LEVELS: usize = 8;

/// A way through objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else { return Err(format!("`{text}` does not begin with `/`")) };
        let steps: Vec<String> = rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        if steps.len() > LEVELS {
            return Err(format!("`{text}` is more than {LEVELS} levels deep"));
        }
        if steps.iter().any(String::is_empty) {
            return Err(format!("`{text}` has an empty step"));
        }
        Ok(Self(steps))
    }

    /// The one member at the top of an object.
    pub(super) fn member(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// What is there; null is the same as nothing.
    pub(super) fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| value.get(step)).filter(|value| !value.is_null())
    }

    /// Puts a value there; whatever is no object on the way is replaced by one.
    pub(super) fn set(&self, root: &mut Value, new: Value) {
        let mut place = root;
        for step in &self.0 {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(fields) = place else { return };
            place = fields.entry(step.clone()).or_insert(Value::Null);
        }
        *place = new;
    }

    /// Takes away what is there.
    pub(super) fn remove(&self, root: &mut Value) {
        let Some((last, way)) = self.0.split_last() else { return };
        let parent = way.iter().try_fold(root, |value, step| value.get_mut(step));
        if let Some(Value::Object(fields)) = parent {
            fields.remove(last);
        }
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_gets_sets_and_removes() {
        let mut value = json!({"a": {"b/c": 1}, "list": [1]});
        let deep = Pointer::parse("/a/b~1c").unwrap();
        assert_eq!(deep.get(&value), Some(&json!(1)));
        assert_eq!(deep.to_string(), "/a/b~1c");
        Pointer::parse("/list/x").unwrap().set(&mut value, json!(2));
        deep.remove(&mut value);
        Pointer::parse("/none/at/all").unwrap().remove(&mut value);
        assert_eq!(value, json!({"a": {}, "list": {"x": 2}}));
    }

    #[test]
    fn what_is_no_pointer_says_why() {
        for wrong in ["", "title", "/", "/a//b", "/1/2/3/4/5/6/7/8/9"] {
            assert!(Pointer::parse(wrong).is_err(), "{wrong}");
        }
    }
}
