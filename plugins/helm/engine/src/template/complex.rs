//! Go's complex constants. No function takes one as a number, but all print it.

use std::any::Any;
use std::rc::Rc;

use crate::format;
use crate::value::{Member, Object, Str, Type, Value};

#[derive(Debug)]
struct Complex {
    real: f64,
    imaginary: f64,
}

/// A constant such as `1+2i`.
pub(super) fn value(real: f64, imaginary: f64) -> Value {
    Value::Object(Rc::new(Complex { real, imaginary }))
}

impl Object for Complex {
    fn go_type(&self) -> Type {
        Type::Named { name: "complex128", kind: "complex128" }
    }

    fn member(&self, _: &str) -> Option<Member> {
        None
    }

    fn print(&self) -> Str {
        // A float is never too large to be printed.
        let float = |value| format::print(&Value::Float(value)).unwrap_or_default();
        let mut text = b"(".to_vec();
        text.extend(float(self.real));
        let imaginary = float(self.imaginary);
        if !imaginary.starts_with(b"-") && !imaginary.starts_with(b"+") {
            text.push(b'+');
        }
        text.extend(imaginary);
        text.extend_from_slice(b"i)");
        Str::from(text)
    }

    fn truth(&self) -> bool {
        self.real != 0.0 || self.imaginary != 0.0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
