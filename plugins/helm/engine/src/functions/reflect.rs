//! Types: `typeOf`, `kindOf`, `kindIs`, `deepEqual`, `deepCopy`.

use crate::context::Context;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::{List, Map, Value};

/// How deeply values may be nested in what is copied: beyond is a map that contains itself.
const MAX_DEPTH: usize = 500;

/// What asks for types.
pub const TABLE: &[Function] = &[
    Function { name: "typeOf", parameters: &[Parameter::Any], variadic: None, call: type_of },
    Function { name: "typeIs", parameters: &[Parameter::Str, Parameter::Any], variadic: None, call: type_is },
    Function { name: "typeIsLike", parameters: &[Parameter::Str, Parameter::Any], variadic: None, call: type_is_like },
    Function { name: "kindOf", parameters: &[Parameter::Any], variadic: None, call: kind_of },
    Function { name: "kindIs", parameters: &[Parameter::Str, Parameter::Any], variadic: None, call: kind_is },
    Function { name: "deepEqual", parameters: &[Parameter::Any, Parameter::Any], variadic: None, call: is_deep_equal },
    Function { name: "deepCopy", parameters: &[Parameter::Any], variadic: None, call: copy },
    Function { name: "mustDeepCopy", parameters: &[Parameter::Any], variadic: None, call: copy },
];

/// The kind of a value, as Go's reflection names it; `invalid` for nil.
pub(crate) fn kind(value: &Value) -> &'static str {
    value.go_type().map_or("invalid", |of| of.kind())
}

/// The name of a value's type, as `%T` says it.
pub(crate) fn type_name(value: &Value) -> String {
    value.go_type().map_or_else(|| "<nil>".to_owned(), |kind| kind.to_string())
}

/// A copy that shares no map and no list with the original. Objects are shared, since nothing changes them.
///
/// # Errors
/// What is nested without end, or larger than the budget.
pub(crate) fn deep_copy(context: &mut dyn Context, value: &Value) -> Answer {
    copied(context, value, 0)
}

fn copied(context: &mut dyn Context, value: &Value, depth: usize) -> Answer {
    if depth > MAX_DEPTH {
        return Err(Failure::from("the value is nested too deeply to be copied, or contains itself"));
    }
    match value {
        Value::List(list) => {
            // What a list takes besides its items, and with them.
            context.spend(128 + list.len() * size_of::<Value>())?;
            if list.is_nil() {
                return Ok(Value::List(List::nil(list.element().clone())));
            }
            let items = list.borrow();
            let items: Result<_, _> = items.iter().map(|item| copied(context, item, depth + 1)).collect();
            Ok(Value::List(List::new(list.element().clone(), items?)))
        }
        Value::Map(map) => {
            // A tree has room for some entries from the first one on.
            context.spend(512 + map.len() * 64)?;
            if map.is_nil() {
                return Ok(Value::Map(Map::nil(map.go_type().clone())));
            }
            let entries = map.borrow();
            let entries: Result<_, Failure> =
                entries.iter().map(|(key, item)| Ok((key.clone(), copied(context, item, depth + 1)?))).collect();
            Ok(Value::Map(Map::typed(map.go_type().clone(), entries?)))
        }
        other => Ok(other.clone()),
    }
}

/// The name that the first argument gives, and the value that the second is.
fn named(arguments: &[Value]) -> (&[u8], &Value) {
    match arguments {
        [Value::Str(name), value, ..] => (name, value),
        _ => (b"", &Value::Nil),
    }
}

fn type_of(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::from(type_name(arguments.first().unwrap_or(&Value::Nil))))
}

fn type_is(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (name, value) = named(arguments);
    Ok(Value::Bool(type_name(value).as_bytes() == name))
}

/// A pointer is like what it points to.
fn type_is_like(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (name, value) = named(arguments);
    let of = type_name(value);
    let of = of.as_bytes();
    Ok(Value::Bool(of == name || of.strip_prefix(b"*") == Some(name)))
}

fn kind_of(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    Ok(Value::from(kind(arguments.first().unwrap_or(&Value::Nil))))
}

fn kind_is(_: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (name, value) = named(arguments);
    Ok(Value::Bool(kind(value).as_bytes() == name))
}

fn is_deep_equal(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    match arguments {
        [left, right, ..] => {
            let mut steps: usize = 0;
            let equal = left.deeply_equals_counted(right, &mut steps);
            context.spend(steps.saturating_mul(16))?;
            Ok(Value::Bool(equal?))
        }
        _ => Ok(Value::Bool(false)),
    }
}

fn copy(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    match arguments.first() {
        None | Some(Value::Nil) => Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Some(value) => deep_copy(context, value),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::evaluated;

    /// Expressions with what the real Helm prints for them.
    #[test]
    fn reflects() {
        let rows = [
            ("typeOf (int 1)", "int"),
            ("typeOf (int64 1)", "int64"),
            ("typeOf (toDecimal 1)", "int64"),
            (r#"typeOf (atoi "1")"#, "int"),
            ("typeOf (float64 1)", "float64"),
            ("typeOf nil", "<nil>"),
            (r#"typeOf (index "a" 0)"#, "uint8"),
            ("kindOf nil", "invalid"),
            ("kindOf 1", "int"),
            ("kindOf 1.5", "float64"),
            (r#"kindOf "a""#, "string"),
            ("kindOf true", "bool"),
            ("kindOf (list)", "slice"),
            ("kindOf (dict)", "map"),
            (r#"kindOf (index "a" 0)"#, "uint8"),
            (r#"kindOf (splitList "," "a,b")"#, "slice"),
            (r#"kindIs "invalid" nil"#, "true"),
            (r#"typeIs "string" "a""#, "true"),
            (r#"typeIsLike "int" 1"#, "true"),
            (r#"typeIs "map[string]interface {}" (dict)"#, "true"),
            (r#"typeIs "nil" nil"#, "false"),
            ("deepEqual 1 1", "true"),
            ("deepEqual 1 1.0", "false"),
            ("deepEqual (int64 1) 1", "false"),
            ("deepEqual (list 1 2) (list 1 2)", "true"),
            ("deepEqual (list 1) (until 1)", "false"),
            ("deepEqual (list) (list)", "true"),
            ("deepEqual nil nil", "true"),
            ("deepEqual nil (list)", "false"),
            (r#"deepEqual (dict "a" (list 1)) (dict "a" (list 1))"#, "true"),
            (r#"deepEqual (dict "a" 1) (dict "b" 1)"#, "false"),
            (r#"deepEqual (list (float64 "nan")) (list (float64 "nan"))"#, "false"),
            (r#"deepEqual (float64 "nan") (float64 "nan")"#, "false"),
            ("deepEqual (list) nil", "false"),
            (r#"deepEqual (splitList "," "a") (list "a")"#, "false"),
            (r#"deepEqual "a" "a""#, "true"),
            (r#"deepCopy (dict "a" (list 1 (dict "b" nil)))"#, "map[a:[1 map[b:<nil>]]]"),
            ("deepCopy nil", "error: reflect: call of reflect.Value.Type on zero Value"),
            (r#"deepCopy "a""#, "a"),
            ("deepCopy 5", "5"),
            ("mustDeepCopy nil", "error: reflect: call of reflect.Value.Type on zero Value"),
            (r#"mustDeepCopy (dict "x" nil)"#, "map[x:<nil>]"),
            ("deepCopy (list nil)", "[<nil>]"),
            (r#"mustDeepCopy (list 1 "a" 2.5 true)"#, "[1 a 2.5 true]"),
        ];
        for (expression, wanted) in rows {
            assert_eq!(evaluated(expression), wanted, "{expression}");
        }
    }
}
