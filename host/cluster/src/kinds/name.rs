//! Names, labels and the like: what characters may be in them. Each function returns what is wrong with a
//! text in upstream's words, nothing if it is right.

/// A text that is not of a form, with examples and the regular expression of the form.
pub(crate) fn regex_error(message: &str, regex: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{message} (regex used for validation is '{regex}')");
    }
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{regex}')", examples.join(" or "))
}

/// A text that is too long; upstream counts labels in bytes and all else, as it says, in characters.
pub(crate) fn max_length_error(most: usize) -> String {
    format!("must be no more than {most} characters")
}

/// A number outside of a range.
pub(crate) fn range_error(least: i64, most: i64) -> String {
    format!("must be between {least} and {most}, inclusive")
}

fn is_label(text: &str) -> bool {
    is_framed(text, |c| c.is_ascii_lowercase() || c.is_ascii_digit(), |c| c == '-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// Whether a text has only these characters, and none of `inner` at its ends. Empty texts have no ends.
fn is_framed(text: &str, outer: impl Fn(char) -> bool, inner: impl Fn(char) -> bool) -> bool {
    text.starts_with(&outer) && text.ends_with(&outer) && text.chars().all(|c| outer(c) || inner(c))
}

fn is_name_part(text: &str) -> bool {
    is_framed(text, |c| c.is_ascii_alphanumeric(), |c| matches!(c, '-' | '_' | '.'))
}

/// A DNS-1123 subdomain: the names of most objects.
pub(crate) fn subdomain(name: &str) -> Vec<String> {
    const MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
        '-' or '.', and must start and end with an alphanumeric character";
    const REGEX: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
    let mut wrong = Vec::new();
    if name.len() > 253 {
        wrong.push(max_length_error(253));
    }
    if !is_subdomain(name) {
        wrong.push(regex_error(MESSAGE, REGEX, &["example.com"]));
    }
    wrong
}

/// A DNS-1123 subdomain in which labels may begin with an underscore and have more of them.
pub(crate) fn subdomain_with_underscore(name: &str) -> Vec<String> {
    const MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
        '_', '-' or '.', and must start and end with an alphanumeric character";
    const REGEX: &str = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
    let fits = |label: &str| {
        let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        is_framed(label.strip_prefix('_').unwrap_or(label), outer, |c| matches!(c, '-' | '_'))
    };
    let mut wrong = Vec::new();
    if name.len() > 253 {
        wrong.push(max_length_error(253));
    }
    if !name.split('.').all(fits) {
        wrong.push(regex_error(MESSAGE, REGEX, &["example.com"]));
    }
    wrong
}

/// A DNS-1123 label: the names of namespaces, containers, volumes.
pub(crate) fn label(name: &str) -> Vec<String> {
    const MESSAGE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
        and must start and end with an alphanumeric character";
    let mut wrong = Vec::new();
    if name.len() > 63 {
        wrong.push(max_length_error(63));
    }
    if !is_label(name) {
        wrong.push(match is_subdomain(name) {
            true => "must not contain dots".to_owned(),
            false => regex_error(MESSAGE, "[a-z0-9]([-a-z0-9]*[a-z0-9])?", &["my-name", "123-abc"]),
        });
    }
    wrong
}

/// A DNS-1035 label: the names of Services.
pub(crate) fn dns1035(name: &str) -> Vec<String> {
    const MESSAGE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with \
        an alphabetic character, and end with an alphanumeric character";
    let mut wrong = Vec::new();
    if name.len() > 63 {
        wrong.push(max_length_error(63));
    }
    if !is_label(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        wrong.push(regex_error(MESSAGE, "[a-z]([-a-z0-9]*[a-z0-9])?", &["my-name", "abc-123"]));
    }
    wrong
}

/// A qualified name: the keys of labels and annotations, types of conditions.
pub(crate) fn qualified_name(name: &str) -> Vec<String> {
    const MESSAGE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
        alphanumeric character";
    let form = || regex_error(MESSAGE, "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", &["MyName", "my.name", "123-abc"]);
    let mut wrong = Vec::new();
    let part = match name.split('/').collect::<Vec<_>>().as_slice() {
        [part] => *part,
        [prefix, part] => {
            match prefix.is_empty() {
                true => wrong.push("prefix part must be non-empty".to_owned()),
                false => wrong.extend(subdomain(prefix).into_iter().map(|said| format!("prefix part {said}"))),
            }
            *part
        }
        _ => {
            let form = form();
            let tail = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {form} {tail}")];
        }
    };
    if part.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if part.len() > 63 {
        wrong.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_name_part(part) {
        wrong.push(format!("name part {}", form()));
    }
    wrong
}

/// The value of a label.
pub(crate) fn label_value(value: &str) -> Vec<String> {
    const MESSAGE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
        '.', and must start and end with an alphanumeric character";
    let mut wrong = Vec::new();
    if value.len() > 63 {
        wrong.push("must be no more than 63 bytes".to_owned());
    }
    if !value.is_empty() && !is_name_part(value) {
        let regex = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
        wrong.push(regex_error(MESSAGE, regex, &["MyValue", "my_value", "12345"]));
    }
    wrong
}

/// The name of an environment variable.
pub(crate) fn environment_variable(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.is_empty() {
        wrong.push("environment variable name must be non-empty".to_owned());
    }
    if name.chars().any(|c| !(c.is_ascii_graphic() || c == ' ') || c == '=') {
        let message =
            "a valid environment variable name must consist only of printable ASCII characters other than '='";
        wrong.push(message.to_owned());
    }
    wrong
}

/// A key of a ConfigMap or a Secret.
pub(crate) fn config_map_key(key: &str) -> Vec<String> {
    const MESSAGE: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    let mut wrong = Vec::new();
    if key.len() > 253 {
        wrong.push(max_length_error(253));
    }
    if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        wrong.push(regex_error(MESSAGE, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    match key {
        "." => wrong.push("must not be '.'".to_owned()),
        ".." => wrong.push("must not be '..'".to_owned()),
        key if key.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}

/// The name of a port (IANA_SVC_NAME).
pub(crate) fn port_name(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |is_wrong: bool, what: &str| {
        if is_wrong {
            wrong.push(what.to_owned());
        }
    };
    say(name.len() > 15, &max_length_error(15));
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let charset = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
    say(name.is_empty() || !name.chars().all(fits), charset);
    say(!name.contains(|c: char| c.is_ascii_lowercase()), "must contain at least one letter (a-z)");
    say(name.contains("--"), "must not contain consecutive hyphens");
    say(name.starts_with('-') || name.ends_with('-'), "must not begin or end with a hyphen");
    wrong
}

/// The number of a port.
pub(crate) fn port_number(port: i64) -> Vec<String> {
    match (1..=65535).contains(&port) {
        true => Vec::new(),
        false => vec![range_error(1, 65535)],
    }
}

/// A user or group of Unix.
pub(crate) fn unix_id(id: i64) -> Vec<String> {
    match (0..=0xffff_ffff).contains(&id) {
        true => Vec::new(),
        false => vec![range_error(0, 0xffff_ffff)],
    }
}

/// A percentage: `25%`.
pub(crate) fn percent(text: &str) -> Vec<String> {
    const MESSAGE: &str = "a valid percent string must be a numeric string followed by an ending '%'";
    match text.strip_suffix('%').is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
    {
        true => Vec::new(),
        false => vec![regex_error(MESSAGE, "[0-9]+%", &["1%", "93%"])],
    }
}

/// The name of an HTTP header.
pub(crate) fn http_header(name: &str) -> Vec<String> {
    const MESSAGE: &str = "a valid HTTP header must consist of alphanumeric characters or '-'";
    match !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        true => Vec::new(),
        false => vec![regex_error(MESSAGE, "[-A-Za-z0-9]+", &["X-Header-Name"])],
    }
}

/// A wildcard DNS-1123 subdomain: `*.example.com`.
pub(crate) fn wildcard_subdomain(name: &str) -> Vec<String> {
    const MESSAGE: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, \
        which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
    const REGEX: &str = r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
    let mut wrong = Vec::new();
    if name.len() > 253 {
        wrong.push(max_length_error(253));
    }
    if !name.strip_prefix("*.").is_some_and(is_subdomain) {
        wrong.push(regex_error(MESSAGE, REGEX, &["*.example.com"]));
    }
    wrong
}

/// A segment of a URL's path, which is all that some names (those of RBAC, for one) have to be.
pub(crate) fn path_segment(name: &str) -> Vec<String> {
    match name {
        "." | ".." => vec![format!("may not be '{name}'")],
        name => {
            ['/', '%'].into_iter().filter(|c| name.contains(*c)).map(|c| format!("may not contain '{c}'")).collect()
        }
    }
}

/// An identifier of C: `my_name`.
pub(crate) fn c_identifier(name: &str) -> Vec<String> {
    const MESSAGE: &str = "a valid C identifier must start with alphabetic character or '_', followed by a string of \
        alphanumeric characters or '_'";
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => Vec::new(),
        false => vec![regex_error(MESSAGE, "[A-Za-z_][A-Za-z0-9_]*", &["my_name", "MY_NAME", "MyName"])],
    }
}

/// A domain and a path of HTTP: `acme.io/foo`. Returns the parts that are wrong, each with what is wrong with it.
pub(crate) fn domain_prefixed_path(text: &str) -> Vec<(String, String)> {
    let Some((host, path)) = text.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty()) else {
        return vec![(text.to_owned(), "must be a domain-prefixed path (such as \"acme.io/foo\")".to_owned())];
    };
    let mut wrong: Vec<_> = subdomain(host).into_iter().map(|said| (host.to_owned(), said)).collect();
    if !path.chars().all(|c| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c)) {
        wrong.push((path.to_owned(), regex_error("Invalid path", r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", &[])));
    }
    wrong
}

/// What a prefix of names (`generateName`) is checked as: a dash at its end stands for what will follow.
pub(crate) fn masked(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(rest) => {
            let mut rest = rest.to_owned();
            rest.pop();
            rest + "a"
        }
        None => prefix.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        type Case = (fn(&str) -> Vec<String>, &'static [&'static str], &'static [&'static str]);
        let cases: &[Case] = &[
            (subdomain, &["a", "a.b-c.0", "0"], &["", "A", "a.", "-a", "a..b", "a_b"]),
            (subdomain_with_underscore, &["_a.b_c"], &["", "a_", "__a"]),
            (label, &["a", "a-b", "0a"], &["", "a.b", "a-", "A"]),
            (dns1035, &["a1"], &["1a", "", "a-"]),
            (qualified_name, &["a", "A.b_c", "x.io/A"], &["", "/a", "X/a", "a/", "a/b/c", "-a"]),
            (label_value, &["", "a", "A_b.c"], &["-", "a b", "a."]),
            (environment_variable, &["A", "1 b", "a.b"], &["", "a=b", "é", "a\t"]),
            (config_map_key, &["a.b", ".a"], &["", ".", "..", "..a", "a b"]),
            (port_name, &["http", "h2-x"], &["", "HTTP", "a--b", "-a", "80", "abcdefghijklmnop"]),
            (percent, &["0%", "250%"], &["%", "1", "a%", "-1%"]),
            (http_header, &["X-A"], &["", "X:A"]),
            (wildcard_subdomain, &["*.a.b"], &["*", "a.b", "*.*.b", "a*.b"]),
            (path_segment, &["a:b", "A b"], &[".", "..", "a/b", "a%b"]),
            (c_identifier, &["a", "_1"], &["", "1", "a-b"]),
        ];
        for (check, right, wrong) in cases {
            for text in *right {
                assert_eq!(check(text), Vec::<String>::new(), "{text:?}");
            }
            for text in *wrong {
                assert!(!check(text).is_empty(), "{text:?}");
            }
        }
    }

    #[test]
    fn words_are_upstreams() {
        assert_eq!(label("a.b"), ["must not contain dots"]);
        assert_eq!(label(&"a".repeat(64)), ["must be no more than 63 characters"]);
        assert_eq!(label_value(&"a".repeat(64)), ["must be no more than 63 bytes"]);
        assert_eq!((masked("abc-"), masked("-")), ("aba".to_owned(), "a".to_owned()));
        let key = qualified_name("Not ok/x y");
        assert_eq!(key.len(), 2);
        assert_eq!(
            key[1],
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
             alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
             '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        );
        assert_eq!(port_number(70000), ["must be between 1 and 65535, inclusive"]);
    }
}
