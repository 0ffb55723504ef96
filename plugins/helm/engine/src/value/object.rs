//! Values with fields and methods: what in Go is a struct or a pointer to one.

use std::any::Any;
use std::fmt;

use super::{Str, Type, Value};
use crate::function::Method;

/// What a name behind a dot is on an object.
pub enum Member {
    /// A field: the value it holds.
    Field(Value),
    /// A method, which takes the arguments that follow.
    Method(&'static Method),
}

/// A struct as Go's fmt takes it apart.
pub struct Structure {
    /// Its fields by their names in Go, hidden ones too.
    pub fields: Vec<(&'static str, Value)>,
    /// Whether it has a method `String`, whose text (what [`Object::print`] says) goes to `%v %s %q %x`.
    pub has_text: bool,
}

/// A struct of Go, or a pointer to one, as templates see it.
pub trait Object: fmt::Debug {
    /// Its type, as `typeOf` says it: `*semver.Version`.
    fn go_type(&self) -> Type;

    /// The field or method of this name; `None` where Go has none.
    fn member(&self, name: &str) -> Option<Member>;

    /// What `%v`, `print`, `quote` and `toString` make of it.
    fn print(&self) -> Str;

    /// What `{{ . }}` prints, where that differs: Go's templates find a method `String` of the pointer to a value,
    /// which its fmt does not.
    fn show(&self) -> Str {
        self.print()
    }

    /// The fields of a struct in their order, under the names that JSON has for them: what JSON and YAML make of it.
    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }

    /// The same under their names in Go: what `toToml` goes by, and `toYamlPretty` in small letters.
    fn named_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        self.fields()
    }

    /// What JSON and YAML make of it where there are no [`Object::fields`]. `None`: what [`Object::print`] says, as a string.
    fn data(&self) -> Option<Value> {
        None
    }

    /// What Go's fmt finds in a struct, for the verbs that take it apart. `None`: it prints as [`Object::print`] says.
    fn structure(&self) -> Option<Structure> {
        None
    }

    /// The list or map that `range`, `index`, `len`, `has` and the like take this for: a named type of Go over a
    /// slice or a map that has methods of its own (`engine.files`, `common.VersionSet`), and `[]uint8`.
    /// A missing `member` is looked for in such a map. `None` for structs and pointers.
    fn underlying(&self) -> Option<Value> {
        None
    }

    /// Go's truth: a struct is always true; a pointer is true unless nil.
    fn truth(&self) -> bool {
        true
    }

    /// For a method or function that needs the real thing.
    fn as_any(&self) -> &dyn Any;
}
