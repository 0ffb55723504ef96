//! URLs: `urlParse` and `urlJoin`.

mod address;
mod escape;
mod url;

#[cfg(test)]
mod tests;

use super::arguments;
use crate::context::Context;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::{Map, Str, Value};

pub use url::{Url, parse};

/// What takes URLs apart and puts them together.
pub const TABLE: &[Function] = &[
    Function { name: "urlJoin", parameters: &[Parameter::Map], variadic: None, call: join },
    Function { name: "urlParse", parameters: &[Parameter::Str], variadic: None, call: take_apart },
];

fn take_apart(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let text = arguments::text(arguments, 0)?;
    context.spend(text.len().saturating_mul(2))?;
    let url = parse(&***text).map_err(|message| format!("unable to parse url: {message}"))?;
    let map = Map::new();
    map.set("hostname", Value::str(url.hostname()));
    map.set("userinfo", Value::str(url.user.map(|user| user.text()).unwrap_or_default()));
    map.set("scheme", Value::str(url.scheme));
    map.set("host", Value::str(url.host));
    map.set("path", Value::str(url.path));
    map.set("query", Value::str(url.query));
    map.set("opaque", Value::str(url.opaque));
    map.set("fragment", Value::str(url.fragment));
    Ok(map.into())
}

/// The string under a key; empty where there is none.
fn part(map: &Map, key: &str) -> Result<Vec<u8>, Failure> {
    let Some(value) = map.get(key.as_bytes()) else { return Ok(Vec::new()) };
    match (&value, value.go_type()) {
        (Value::Str(text), _) => Ok(text.to_vec()),
        (_, None) => Err(arguments::NIL_DEREFERENCE.into()),
        (_, Some(found)) => {
            let found = found.kind();
            Err(format!("unable to parse {key} key, must be of type string, but {found} found").into())
        }
    }
}

fn join(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let map = arguments::map(arguments, 0)?;
    let mut url = Url {
        scheme: part(&map, "scheme")?,
        host: part(&map, "host")?,
        path: part(&map, "path")?,
        query: part(&map, "query")?,
        opaque: part(&map, "opaque")?,
        fragment: part(&map, "fragment")?,
        user: None,
    };
    let user = part(&map, "userinfo")?;
    let parts = [&url.scheme, &url.host, &url.path, &url.query, &url.opaque, &url.fragment, &user];
    context.spend(parts.iter().map(|part| part.len()).sum::<usize>().saturating_mul(4))?;
    if !user.is_empty() {
        let whole = [b"proto://".as_slice(), &user, b"@host"].concat();
        let parsed = parse(&whole).map_err(|message| format!("unable to parse userinfo in dict: {message}"))?;
        url.user = parsed.user;
    }
    Ok(Value::Str(Str::from(url.text())))
}
