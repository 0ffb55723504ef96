//! Macros that are more than calls: those with two variables, those of optional values, and orders by a key.

use cel::common::ast::{CallExpr, Expr, IdedExpr};

/// A macro's call, taken apart.
#[derive(Debug)]
pub(crate) struct Special<'a> {
    pub(crate) name: &'a str,
    pub(crate) target: &'a IdedExpr,
    /// The variable of the index or key, or the only one.
    pub(crate) first: &'a str,
    /// The variable of the item or value.
    pub(crate) second: Option<&'a str>,
    pub(crate) filter: Option<&'a IdedExpr>,
    pub(crate) body: &'a IdedExpr,
}

impl Special<'_> {
    /// For macros of optional values: whether the body is itself an optional value.
    pub(crate) fn of_optional(&self) -> Option<bool> {
        match self.name {
            "optMap" => Some(false),
            "optFlatMap" => Some(true),
            _ => None,
        }
    }

    /// Whether the body says yes or no of each item.
    pub(crate) fn is_test(&self) -> bool {
        ["all", "exists", "existsOne"].contains(&self.name)
    }
}

/// Takes a call apart, if it is of such a macro.
pub(crate) fn special(call: &CallExpr) -> Option<Special<'_>> {
    let target = call.target.as_deref()?;
    let name = match call.func_name.as_str() {
        "exists_one" => "existsOne",
        name => name,
    };
    let variable = |node: &'_ IdedExpr| matches!(node.expr, Expr::Ident(_));
    let text = |index: usize| match &call.args.get(index)?.expr {
        Expr::Ident(name) => Some(name.as_str()),
        _ => None,
    };
    let args = call.args.as_slice();
    let (second, filter, body) = match (name, args) {
        ("optMap" | "optFlatMap" | "existsOne" | "sortBy", [first, body]) if variable(first) => (None, None, body),
        ("all" | "exists" | "existsOne" | "transformList" | "transformMap", [first, second, body])
            if variable(first) && variable(second) =>
        {
            (text(1), None, body)
        }
        ("transformList" | "transformMap", [first, second, filter, body]) if variable(first) && variable(second) => {
            (text(1), Some(filter), body)
        }
        _ => return None,
    };
    Some(Special { name, target, first: text(0)?, second, filter, body })
}
