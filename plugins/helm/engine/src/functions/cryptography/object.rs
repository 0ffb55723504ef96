//! The `certificate` of templates: `.Cert` and `.Key`.

use std::any::Any;
use std::rc::Rc;

use crate::value::{Member, Object, Str, Type, Value};

pub(super) const TYPE: &str = "sprig.certificate";

/// A certificate and its key, both as PEM.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) certificate: Str,
    pub(super) key: Str,
}

impl Certificate {
    pub(super) fn value(certificate: impl Into<Str>, key: impl Into<Str>) -> Value {
        Value::Object(Rc::new(Self { certificate: certificate.into(), key: key.into() }))
    }
}

impl Object for Certificate {
    fn go_type(&self) -> Type {
        Type::Named { name: TYPE, kind: "struct" }
    }

    fn member(&self, name: &str) -> Option<Member> {
        match name {
            "Cert" => Some(Member::Field(self.certificate.clone().into())),
            "Key" => Some(Member::Field(self.key.clone().into())),
            _ => None,
        }
    }

    fn print(&self) -> Str {
        [b"{", &**self.certificate, b" ", &**self.key, b"}"].concat().into()
    }

    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![("Cert", self.certificate.clone().into()), ("Key", self.key.clone().into())])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
