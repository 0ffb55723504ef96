//! `.Files`: what a chart carries besides its templates.

use std::any::Any;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bstr::ByteSlice;

use super::glob::{Glob, Malformed, Stop};
use crate::context::Context;
use crate::function::{Answer, Failure, Method, Parameter};
use crate::json;
use crate::value::{Bytes, List, Map, Member, Object, Str, Type, Value};
use crate::yaml;

const TYPE: Type = Type::Named { name: "engine.files", kind: "map" };

/// What matching a name takes, for each of its bytes: patterns of charts stay below it.
const STEPS_A_BYTE: usize = 16;

/// Helm's `engine.files`: a map from path to bytes, with methods.
#[derive(Debug)]
pub struct Files {
    files: BTreeMap<Str, Str>,
    /// The map that `range` sees, made when one looks.
    map: OnceCell<Map>,
}

impl Files {
    /// The files of these paths; of two under one path the later.
    pub fn new(files: impl IntoIterator<Item = (Str, Str)>) -> Self {
        Self { files: files.into_iter().collect(), map: OnceCell::new() }
    }

    fn map(&self) -> &Map {
        self.map.get_or_init(|| {
            let entries = self.files.iter().map(|(name, bytes)| (name.clone(), Bytes::new(bytes.clone()).into()));
            Map::typed(TYPE, entries.collect())
        })
    }

    fn glob(&self, pattern: &Str, context: &mut dyn Context) -> Result<Self, Failure> {
        context.spend(pattern.len())?;
        // Helm takes every file where a pattern is none.
        let glob = match Glob::new(pattern) {
            Ok(glob) => glob,
            Err(Malformed::Syntax) => return Ok(Self::new(self.files.clone())),
            Err(Malformed::TooComplex) => return Err(format!("the pattern {pattern:?} is too complex").into()),
        };
        let mut matched = BTreeMap::new();
        for (name, bytes) in &self.files {
            context.spend(STEPS_A_BYTE.saturating_mul(name.len()))?;
            let found = glob.matches(name).map_err(|stop| match stop {
                Stop::TooComplex => format!("the pattern {pattern:?} is too complex for the name {name:?}"),
                Stop::OutOfRange { end, length } => {
                    format!("runtime error: slice bounds out of range [:{end}] with length {length}")
                }
            });
            if found? {
                matched.insert(name.clone(), bytes.clone());
            }
        }
        Ok(Self::new(matched))
    }

    /// A YAML map from the last part of each path to what `text` makes of the bytes.
    fn yaml(&self, context: &mut dyn Context, text: impl Fn(&Str) -> Str) -> Answer {
        context.spend(self.files.values().map(|bytes| bytes.len()).sum())?;
        let entries = self.files.iter().map(|(name, bytes)| (base(name), text(bytes).into())).collect();
        let map = Map::typed(Type::Map(Box::new(Type::Str)), entries);
        // Helm answers nothing where it cannot write YAML, and takes the last line's end off.
        let mut text = yaml::emit(&map.into()).unwrap_or_default();
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        Ok(Str::from(text).into())
    }
}

/// Go's `path.Base`.
fn base(path: &Str) -> Str {
    let trimmed = path.trim_end_with(|c| c == '/');
    let base = trimmed.rsplit_str("/").next().unwrap_or_default();
    match (base.is_empty(), path.is_empty()) {
        (false, _) => base.into(),
        (true, true) => ".".into(),
        (true, false) => "/".into(),
    }
}

/// The object a method was called on; the evaluator found the method there.
fn this(object: &dyn Object) -> Result<&Files, Failure> {
    object.as_any().downcast_ref().ok_or_else(|| Failure::from("a method of files on something else"))
}

/// The one string that a method takes; its signature says so.
fn name(arguments: &[Value]) -> Result<&Str, Failure> {
    match arguments {
        [Value::Str(name)] => Ok(name),
        _ => Err("a string is needed".into()),
    }
}

const fn method(
    name: &'static str,
    parameters: &'static [Parameter],
    call: fn(&dyn Object, &mut dyn Context, &[Value]) -> Answer,
) -> Method {
    Method { name, parameters, variadic: None, call }
}

static METHODS: [Method; 6] = [
    method("Get", &[Parameter::Str], |object, _, arguments| {
        Ok(this(object)?.files.get(name(arguments)?).cloned().unwrap_or_else(|| "".into()).into())
    }),
    method("GetBytes", &[Parameter::Str], |object, _, arguments| {
        Ok(Bytes::new(this(object)?.files.get(name(arguments)?).cloned().unwrap_or_else(|| "".into())).into())
    }),
    method("Glob", &[Parameter::Str], |object, context, arguments| {
        Ok(Value::Object(Rc::new(this(object)?.glob(name(arguments)?, context)?)))
    }),
    method("Lines", &[Parameter::Str], |object, context, arguments| {
        let Some(bytes) = this(object)?.files.get(name(arguments)?) else {
            return Ok(List::strings::<Str>([]).into());
        };
        context.spend(bytes.len())?;
        if bytes.is_empty() {
            // Helm 4.1.4 looks at the last byte of what has none.
            return Err("runtime error: index out of range [-1]".into());
        }
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        Ok(List::strings(text.split_str("\n")).into())
    }),
    method("AsConfig", &[], |object, context, _| this(object)?.yaml(context, Clone::clone)),
    method("AsSecrets", &[], |object, context, _| this(object)?.yaml(context, |bytes| json::base64(bytes).into())),
];

impl Object for Files {
    fn go_type(&self) -> Type {
        TYPE
    }

    fn member(&self, name: &str) -> Option<Member> {
        METHODS.iter().find(|method| method.name == name).map(Member::Method)
    }

    fn print(&self) -> Str {
        let mut text = b"map[".to_vec();
        for (index, (name, bytes)) in self.files.iter().enumerate() {
            if index > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(name);
            text.push(b':');
            text.extend_from_slice(&Bytes::new(bytes.clone()).print());
        }
        text.push(b']');
        text.into()
    }

    fn underlying(&self) -> Option<Value> {
        Some(self.map().clone().into())
    }

    fn truth(&self) -> bool {
        !self.files.is_empty()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
