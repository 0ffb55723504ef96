//! The methods of Helm's `common.Values`, which hide entries of the same name: `.Values.Table`, `.Values.YAML`.

use std::any::Any;
use std::rc::Rc;

use super::access::Bound;
use crate::function::{Failure, Method, Parameter};
use crate::value::{Map, Member, Object, Str, Type, Value};
use crate::yaml;

/// The map that a method is called on.
#[derive(Debug)]
struct Receiver(Map);

impl Object for Receiver {
    fn go_type(&self) -> Type {
        self.0.go_type().clone()
    }

    fn member(&self, _: &str) -> Option<Member> {
        None
    }

    fn print(&self) -> Str {
        Str::from("")
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const WRITER: Parameter = Parameter::Named { name: "io.Writer", kind: "interface" };

static METHODS: &[Method] = &[
    Method {
        name: "AsMap",
        parameters: &[],
        variadic: None,
        call: |receiver, _, _| Ok(map(receiver).map_or(Value::Nil, |map| Value::Map(as_map(&map)))),
    },
    Method {
        name: "Encode",
        parameters: &[WRITER],
        variadic: None,
        // There are no writers among values but nil.
        call: |_, _, _| Err("runtime error: invalid memory address or nil pointer dereference".into()),
    },
    Method {
        name: "PathValue",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |receiver, _, arguments| {
            let path = text(arguments);
            map(receiver).ok_or_else(|| no_value(&path)).and_then(|map| path_value(&map, &path))
        },
    },
    Method {
        name: "Table",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |receiver, _, arguments| {
            let mut table = map(receiver).unwrap_or_default();
            for name in text(arguments).split('.') {
                table = sub_table(&table, name).ok_or_else(|| Failure::Error(format!("\"{name}\" is not a table")))?;
            }
            Ok(Value::Map(table))
        },
    },
    Method {
        name: "YAML",
        parameters: &[],
        variadic: None,
        call: |receiver, context, _| {
            let text = yaml::emit(&map(receiver).map_or(Value::Nil, Value::Map))?;
            context.spend(text.len())?;
            Ok(Str::from(text).into())
        },
    },
];

/// The method of this name, if the map is one that has methods.
pub(super) fn bind(map: &Map, name: &Str) -> Option<Bound> {
    if !matches!(map.go_type(), Type::Named { name: "common.Values", .. }) {
        return None;
    }
    let method = METHODS.iter().find(|method| method.name.as_bytes() == &***name)?;
    Some(Bound { receiver: Rc::new(Receiver(map.clone())), method })
}

fn map(receiver: &dyn Object) -> Option<Map> {
    receiver.as_any().downcast_ref::<Receiver>().map(|receiver| receiver.0.clone())
}

fn text(arguments: &[Value]) -> String {
    match arguments.first() {
        Some(Value::Str(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn as_map(map: &Map) -> Map {
    map.converted(Type::Map(Box::new(Type::Any)))
}

fn sub_table(map: &Map, name: &str) -> Option<Map> {
    match map.get(name.as_bytes()) {
        Some(Value::Map(table)) => Some(table.converted(Type::Named { name: "common.Values", kind: "map" })),
        _ => None,
    }
}

fn no_value(path: &str) -> Failure {
    Failure::Error(format!("\"{path}\" is not a value"))
}

/// The value at a dotted path, which must not be a table.
fn path_value(map: &Map, path: &str) -> Result<Value, Failure> {
    if path.is_empty() {
        return Err("YAML path cannot be empty".into());
    }
    let (tables, key) = path.rsplit_once('.').map_or((None, path), |(tables, key)| (Some(tables), key));
    let mut table = map.clone();
    for name in tables.into_iter().flat_map(|tables| tables.split('.')) {
        table = sub_table(&table, name).ok_or_else(|| no_value(key))?;
    }
    match table.get(key.as_bytes()) {
        Some(Value::Map(_)) | None => Err(no_value(key)),
        Some(value) => Ok(value),
    }
}
