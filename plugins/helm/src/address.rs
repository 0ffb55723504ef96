//! URLs as repositories write them: absolute, or relative to the repository's own.

/// A URL without its query and fragment, in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts<'a> {
    /// `https://charts.example.com:8443`.
    origin: &'a str,
    /// With its first slash; may be empty.
    path: &'a str,
    query: Option<&'a str>,
}

/// Has it a scheme?
pub(crate) fn is_absolute(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn parts(url: &str) -> Option<Parts<'_>> {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let (url, query) = url.split_once('?').map_or((url, None), |(url, query)| (url, Some(query)));
    let after = url.find("://")? + 3;
    let end = url.get(after..)?.find('/').map_or(url.len(), |at| after + at);
    Some(Parts { origin: url.get(..end)?, path: url.get(end..)?, query })
}

/// What a repository at `base` calls `reference`, as a whole URL. The repository's own query is kept, as Helm does.
pub(crate) fn resolve(base: &str, reference: &str) -> Option<String> {
    if is_absolute(reference) {
        return Some(reference.to_owned());
    }
    let base = parts(base)?;
    let reference = reference.split_once('#').map_or(reference, |(reference, _)| reference);
    let reference = reference.split_once('?').map_or(reference, |(reference, _)| reference);
    let path = match reference.strip_prefix("//") {
        // Another host by the same scheme.
        Some(_) => {
            let scheme = base.origin.split_once("://")?.0;
            return Some(format!("{scheme}:{reference}"));
        }
        None if reference.starts_with('/') => reference.to_owned(),
        None => format!("{}/{reference}", base.path.trim_end_matches('/')),
    };
    let query = base.query.map_or_else(String::new, |query| format!("?{query}"));
    Some(format!("{}{}{query}", base.origin, clean(&path)))
}

/// What a redirect from `from` leads to.
pub(crate) fn redirected(from: &str, location: &str) -> Option<String> {
    if is_absolute(location) {
        return Some(location.to_owned());
    }
    let base = parts(from)?;
    let (location, query) = location.split_once('?').map_or((location, None), |(path, query)| (path, Some(query)));
    let path = if location.starts_with('/') {
        location.to_owned()
    } else {
        let folder = base.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/{location}")
    };
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Some(format!("{}{}{query}", base.origin, clean(&path)))
}

/// The index of a repository, whose URL may have a query.
pub(crate) fn index(repository: &str) -> Option<String> {
    let base = parts(repository)?;
    let query = base.query.map_or_else(String::new, |query| format!("?{query}"));
    Some(format!("{}{}/index.yaml{query}", base.origin, base.path.trim_end_matches('/')))
}

/// `https://host:port` of a URL.
pub(crate) fn origin(url: &str) -> &str {
    parts(url).map_or("", |parts| parts.origin)
}

/// `host:port` of a URL.
pub(crate) fn host(url: &str) -> &str {
    parts(url).and_then(|parts| parts.origin.split_once("://")).map_or("", |(_, host)| host)
}

/// Without the parts `.` and `..`.
fn clean(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_taken_from_the_repository() {
        for (base, reference, whole) in [
            ("https://h/charts", "web-1.tgz", "https://h/charts/web-1.tgz"),
            ("https://h/charts/", "a/../web-1.tgz", "https://h/charts/web-1.tgz"),
            ("https://h", "web-1.tgz", "https://h/web-1.tgz"),
            ("https://h:8/charts", "/web-1.tgz", "https://h:8/web-1.tgz"),
            ("https://h/charts?key=1", "web-1.tgz", "https://h/charts/web-1.tgz?key=1"),
            ("https://h/charts", "http://other/web-1.tgz?x=1", "http://other/web-1.tgz?x=1"),
            ("https://h/charts", "oci://other/web:1", "oci://other/web:1"),
            ("https://h/charts", "//other/web.tgz", "https://other/web.tgz"),
            ("https://h/charts", "../../../../etc", "https://h/etc"),
        ] {
            assert_eq!(resolve(base, reference).as_deref(), Some(whole), "{base} {reference}");
        }
        assert_eq!(resolve("nowhere", "web.tgz"), None);
    }

    #[test]
    fn a_redirect_is_taken_from_where_it_was_sent() {
        for (from, location, whole) in [
            ("https://h/a/b?x=1", "c?y=2", "https://h/a/c?y=2"),
            ("https://h/a/b", "/c", "https://h/c"),
            ("https://h", "c", "https://h/c"),
            ("https://h/a", "https://o/c", "https://o/c"),
        ] {
            assert_eq!(redirected(from, location).as_deref(), Some(whole), "{from} {location}");
        }
    }

    #[test]
    fn the_index_keeps_the_query() {
        assert_eq!(index("https://h/charts/?token=1").as_deref(), Some("https://h/charts/index.yaml?token=1"));
        assert_eq!(host("https://h:5000/v2/x"), "h:5000");
    }
}
