//! A table of routes: templates like `/v2/things/{id}` against request paths.

use http::Method;

/// Whether a route changes anything; by this the counts are split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing is changed.
    Read,
    /// Something may be.
    Write,
}

impl Effect {
    /// As the counts name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// What a method does where no route says otherwise.
    pub(crate) fn of(method: &Method) -> Self {
        if method.is_safe() { Self::Read } else { Self::Write }
    }
}

/// One line of a service's table.
#[derive(Debug)]
pub(crate) struct Route<H: 'static> {
    /// The method.
    pub(crate) method: Method,
    /// Literal segments and `{name}` placeholders.
    pub(crate) template: &'static str,
    /// What answers.
    pub(crate) handler: H,
}

/// What a path and method lead to.
#[derive(Debug)]
pub(crate) enum Found<'t, H: 'static> {
    /// A route, with the values of its placeholders in order.
    Route(&'t Route<H>, Vec<String>),
    /// The path exists with other methods.
    OtherMethods,
    /// No such path.
    Nothing,
}

/// Looks a request up.
pub(crate) fn find<'t, H>(table: &'t [Route<H>], method: &Method, path: &str) -> Found<'t, H> {
    let mut found = Found::Nothing;
    for route in table {
        if let Some(values) = matches(route.template, path) {
            if route.method == *method {
                return Found::Route(route, values);
            }
            found = Found::OtherMethods;
        }
    }
    found
}

/// The values of a template's placeholders when it fits the path.
fn matches(template: &str, path: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(name), Some(value)) if name.starts_with('{') => {
                if value.is_empty() {
                    return None;
                }
                values.push(value.to_owned());
            }
            (Some(name), Some(value)) if name == value => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> [Route<u8>; 3] {
        [
            Route { method: Method::GET, template: "/a", handler: 1 },
            Route { method: Method::GET, template: "/a/{x}", handler: 2 },
            Route { method: Method::PUT, template: "/a/{x}/b/{y}", handler: 3 },
        ]
    }

    #[test]
    fn placeholders_take_one_whole_segment() {
        let table = table();
        assert!(matches!(find(&table, &Method::GET, "/a/7"), Found::Route(r, v) if r.handler == 2 && v == ["7"]));
        assert!(
            matches!(find(&table, &Method::PUT, "/a/7/b/8"), Found::Route(r, v) if r.handler == 3 && v == ["7", "8"])
        );
        assert!(matches!(find(&table, &Method::GET, "/a/"), Found::Nothing));
        assert!(matches!(find(&table, &Method::GET, "/a/7/"), Found::Nothing));
    }

    #[test]
    fn a_known_path_with_another_method_says_so() {
        assert!(matches!(find(&table(), &Method::DELETE, "/a"), Found::OtherMethods));
    }
}
