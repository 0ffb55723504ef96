//! What calls cost at most, by the sizes of what they are given.

use std::sync::Arc;

use super::types::{Type, UNBOUNDED};

/// A tenth a character that is gone through.
const TRAVERSAL: f64 = 0.1;
/// A quarter a character of a regular expression.
const REGEX: f64 = 0.25;

fn times(size: u64, factor: f64) -> u64 {
    match size {
        UNBOUNDED => UNBOUNDED,
        size => (size as f64 * factor).ceil() as u64,
    }
}

/// What a call costs beside its arguments, and its result's type with what its size can be.
pub(crate) fn of_call(name: &str, target: Option<&Type>, args: &[Type], result: Type) -> (u64, Type) {
    let size = |index: usize| args.get(index).map_or(1, Type::most);
    let own = target.map_or_else(|| size(0), Type::most);
    let other = if target.is_some() { size(0) } else { size(1) };
    let sized = |result: Type, most: u64| match result {
        Type::String(_) => Type::String(most),
        Type::Bytes(_) => Type::Bytes(most),
        Type::List(item, _) => Type::List(item, most),
        other => other,
    };
    let items = |is: &Type| match is {
        Type::List(item, _) => (**item).clone(),
        _ => Type::DYN,
    };
    let item_cost = |is: &Type| match items(is) {
        Type::String(most) | Type::Bytes(most) => times(most, TRAVERSAL),
        Type::Dyn(_) => UNBOUNDED,
        _ => 1,
    };
    let listed = target.map_or(1, item_cost);
    match name {
        "_+_" => match result {
            Type::String(_) | Type::Bytes(_) => {
                let sum = own.saturating_add(other);
                (times(sum, TRAVERSAL), sized(result, sum))
            }
            Type::List(..) => (1, sized(result, own.saturating_add(other))),
            result => (1, result),
        },
        "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" => {
            let compared = matches!(
                args.first(),
                Some(Type::String(_) | Type::Bytes(_) | Type::List(..) | Type::Map(..) | Type::Dyn(_))
            ) && !matches!(args.get(1), Some(Type::Null | Type::Bool | Type::Int | Type::Double));
            (if compared { times(own.min(other), TRAVERSAL) } else { 1 }, result)
        }
        "@in" => (
            match args.get(1) {
                Some(Type::List(_, most)) => *most,
                _ => 1,
            },
            result,
        ),
        "startsWith" | "endsWith" => (times(other, TRAVERSAL), result),
        "contains" => (times(own, TRAVERSAL).saturating_mul(times(other, TRAVERSAL)), result),
        "matches" => (times(own.saturating_add(1), TRAVERSAL).saturating_mul(times(other, REGEX)), result),
        "find" => (times(own, TRAVERSAL).saturating_mul(times(other, REGEX)), sized(result, own)),
        "findAll" => {
            let item = Type::String(own);
            (times(own, TRAVERSAL).saturating_mul(times(other, REGEX)), Type::List(Arc::new(item), own))
        }
        "lowerAscii" | "upperAscii" | "substring" | "trim" | "reverse" if matches!(target, Some(Type::String(_))) => {
            (times(own, TRAVERSAL), sized(result, own))
        }
        "charAt" => (1, sized(result, 4)),
        "replace" => {
            let grown = own.saturating_mul(size(1).max(1));
            (times(own, TRAVERSAL), sized(result, grown))
        }
        "split" => (times(own, TRAVERSAL), Type::List(Arc::new(Type::String(own)), own)),
        "join" => {
            let each = target.map_or(UNBOUNDED, |target| items(target).most()).saturating_add(size(0));
            let all = own.saturating_mul(each);
            (times(all, TRAVERSAL), sized(result, all))
        }
        "strings.quote" => (times(own, TRAVERSAL), sized(result, own.saturating_mul(2))),
        "isSorted" | "sum" | "min" | "max" | "indexOf" | "lastIndexOf" if matches!(target, Some(Type::List(..))) => {
            (own.saturating_mul(listed), result)
        }
        "indexOf" | "lastIndexOf" => (times(own, TRAVERSAL).saturating_mul(times(other, TRAVERSAL)), result),
        "sort" | "distinct" => (own.saturating_mul(own).saturating_mul(listed), sized(result, own)),
        "slice" | "reverse" => (own, sized(result, own)),
        "flatten" => (own, result),
        "first" | "last" => (1, result),
        "lists.range" => (UNBOUNDED, result),
        "sets.contains" | "sets.equivalent" | "sets.intersects" => {
            let both = own.saturating_mul(other);
            (if name == "sets.equivalent" { both.saturating_mul(2) } else { both }, result)
        }
        "url" | "isURL" | "quantity" | "isQuantity" | "ip" | "isIP" | "ip.isCanonical" | "cidr" | "isCIDR"
        | "semver" | "isSemver" | "containsIP" | "containsCIDR"
            if matches!(args.first(), Some(Type::String(_))) =>
        {
            (times(size(0), TRAVERSAL).max(1), result)
        }
        "getScheme" | "getHost" | "getHostname" | "getPort" | "getEscapedPath" | "getQuery" => (1, result),
        "validate" => (times(size(0), TRAVERSAL).saturating_mul(times(256, REGEX)), result),
        "string" | "bytes" => match args.first() {
            Some(Type::String(most) | Type::Bytes(most)) => (times(*most, TRAVERSAL), sized(result, *most)),
            _ => (1, result),
        },
        _ => (1, result),
    }
}

/// How much an estimate passes its limit, in upstream's words.
pub(crate) fn exceeds(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = match factor {
        factor if factor > 100.0 => "more than 100x".to_owned(),
        factor if factor < 1.5 => format!("{factor:.6}x"),
        factor => format!("{factor:.1}x"),
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and \
         maxLength where arrays, maps, and strings are declared)"
    )
}
