//! Semantic versions: `semver` and `semverCompare`.

use bstr::ByteSlice;

use crate::function::{Function, Parameter};
use crate::semver::{Constraints, Handle, Version};
use crate::value::Value;

/// The functions of this family.
pub const TABLE: &[Function] = &[
    Function {
        name: "semver",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |context, arguments| {
            let [Value::Str(version)] = arguments else { return Ok(Value::Nil) };
            context.spend(version.len())?;
            Ok(Handle::pointer(Version::parse(&version.to_str_lossy())?))
        },
    },
    Function {
        name: "semverCompare",
        parameters: &[Parameter::Str, Parameter::Str],
        variadic: None,
        call: |context, arguments| {
            let [Value::Str(constraint), Value::Str(version)] = arguments else { return Ok(Value::Nil) };
            // Looking for hyphen ranges in a constraint of any length takes time with the square of it.
            context.spend(version.len() + constraint.len() * (1 + constraint.len() / 1024))?;
            let constraints = Constraints::parse(&constraint.to_str_lossy())?;
            Ok(constraints.check(&Version::parse(&version.to_str_lossy())?).into())
        },
    },
];
