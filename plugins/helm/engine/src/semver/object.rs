//! A version as templates hold it: with the methods that Go finds on it and on a pointer to it.

use std::any::Any;
use std::cmp::Ordering;
use std::rc::Rc;

use super::Version;
use crate::function::{Failure, Method, Parameter};
use crate::value::{Bytes, Member, Object, Str, Structure, Type, Value};

const POINTER: &str = "*semver.Version";
const NIL: &str = "runtime error: invalid memory address or nil pointer dereference";

/// A `*semver.Version` or a `semver.Version`.
#[derive(Clone, Debug)]
pub struct Handle {
    version: Version,
    pointer: bool,
}

impl Handle {
    /// What `semver` answers: a pointer.
    pub fn pointer(version: Version) -> Value {
        Value::Object(Rc::new(Self { version, pointer: true }))
    }

    /// What `IncMajor` and its like answer: the struct itself, on which not all methods are found.
    pub fn plain(version: Version) -> Value {
        Value::Object(Rc::new(Self { version, pointer: false }))
    }

    /// The version.
    pub fn version(&self) -> &Version {
        &self.version
    }
}

impl Object for Handle {
    fn go_type(&self) -> Type {
        if self.pointer {
            Type::Named { name: POINTER, kind: "ptr" }
        } else {
            Type::Named { name: "semver.Version", kind: "struct" }
        }
    }

    fn member(&self, name: &str) -> Option<Member> {
        let pointers = if self.pointer { POINTER_METHODS } else { &[] };
        METHODS.iter().chain(pointers).find(|method| method.name == name).map(Member::Method)
    }

    fn print(&self) -> Str {
        self.version.to_string().into()
    }

    fn structure(&self) -> Option<Structure> {
        let Version { major, minor, patch, prerelease, metadata, original } = &self.version;
        let fields = vec![
            ("major", Value::Uint(*major)),
            ("minor", Value::Uint(*minor)),
            ("patch", Value::Uint(*patch)),
            ("pre", prerelease.as_str().into()),
            ("metadata", metadata.as_str().into()),
            ("original", original.as_str().into()),
        ];
        Some(Structure { fields, has_text: true })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const OTHER: &[Parameter] = &[Parameter::Named { name: POINTER, kind: "ptr" }];

/// A method without arguments. Macros, since a method is a function pointer in a table.
macro_rules! own {
    ($name:literal, $version:ident => $answer:expr) => {
        Method {
            name: $name,
            parameters: &[],
            variadic: None,
            call: |object, _, _| {
                let $version = this(object)?;
                Ok($answer)
            },
        }
    };
}

/// A method that compares with another version.
macro_rules! other {
    ($name:literal, $order:ident => $answer:expr) => {
        Method {
            name: $name,
            parameters: OTHER,
            variadic: None,
            call: |object, _, arguments| {
                let $order = order(object, arguments)?;
                Ok($answer)
            },
        }
    };
}

/// Methods of the struct, and so of a pointer to it.
static METHODS: &[Method] = &[
    own!("Major", version => Value::Uint(version.major)),
    own!("Minor", version => Value::Uint(version.minor)),
    own!("Patch", version => Value::Uint(version.patch)),
    own!("Prerelease", version => version.prerelease.as_str().into()),
    own!("Metadata", version => version.metadata.as_str().into()),
    own!("String", version => version.to_string().into()),
    own!("Value", version => version.to_string().into()),
    own!("IncMajor", version => Handle::plain(version.next_major())),
    own!("IncMinor", version => Handle::plain(version.next_minor())),
    own!("IncPatch", version => Handle::plain(version.next_patch())),
    own!("MarshalText", version => bytes(version.to_string())),
    own!("MarshalJSON", version => bytes(format!("\"{version}\""))),
    Method {
        name: "SetPrerelease",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |object, _, arguments| Ok(Handle::plain(this(object)?.with_prerelease(&text(arguments))?)),
    },
    Method {
        name: "SetMetadata",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |object, _, arguments| Ok(Handle::plain(this(object)?.with_metadata(&text(arguments))?)),
    },
];

/// Methods that only a pointer has.
static POINTER_METHODS: &[Method] = &[
    own!("Original", version => version.original.as_str().into()),
    other!("Compare", order => Value::int(order as i64)),
    other!("LessThan", order => order.is_lt().into()),
    other!("LessThanEqual", order => order.is_le().into()),
    other!("GreaterThan", order => order.is_gt().into()),
    other!("GreaterThanEqual", order => order.is_ge().into()),
    Method {
        name: "Equal",
        parameters: OTHER,
        variadic: None,
        call: |object, _, arguments| match arguments.first() {
            Some(Value::Nil) => Ok(false.into()),
            _ => Ok(order(object, arguments)?.is_eq().into()),
        },
    },
];

/// The version that a method is called on.
fn this(object: &dyn Object) -> Result<&Version, Failure> {
    let handle = object.as_any().downcast_ref::<Handle>();
    handle.map(|handle| &handle.version).ok_or_else(|| NIL.into())
}

/// How the version compares to the one that a method is given. A nil pointer is Go's panic, which templates report.
fn order(object: &dyn Object, arguments: &[Value]) -> Result<Ordering, Failure> {
    match arguments.first() {
        Some(Value::Object(other)) => Ok(this(object)?.precedence(this(&**other)?)),
        _ => Err(NIL.into()),
    }
}

fn text(arguments: &[Value]) -> String {
    match arguments.first() {
        Some(Value::Str(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn bytes(text: String) -> Value {
    Value::Object(Rc::new(Bytes::new(text.into())))
}
