//! Paths: `base`, `dir`, `clean`, `ext`, `isAbs`, and the same by the names of the operating system's.

use bstr::ByteSlice;

use super::arguments;
use crate::context::Context;
use crate::function::{Answer, Function, Parameter};
use crate::value::Value;

/// What takes paths apart. A cluster's paths are Unix's, and so are those of Helm's operating system.
pub const TABLE: &[Function] = &[
    path("base", |_, arguments| Ok(Value::str(base(arguments::text(arguments, 0)?)))),
    path("clean", |_, arguments| Ok(Value::str(clean(arguments::text(arguments, 0)?)))),
    path("dir", |_, arguments| Ok(Value::str(directory(arguments::text(arguments, 0)?)))),
    path("ext", |_, arguments| Ok(Value::str(extension(arguments::text(arguments, 0)?)))),
    path("isAbs", |_, arguments| Ok(Value::Bool(arguments::text(arguments, 0)?.starts_with(b"/")))),
    path("osBase", |_, arguments| Ok(Value::str(base(arguments::text(arguments, 0)?)))),
    path("osClean", |_, arguments| Ok(Value::str(clean(arguments::text(arguments, 0)?)))),
    path("osDir", |_, arguments| Ok(Value::str(directory(arguments::text(arguments, 0)?)))),
    path("osExt", |_, arguments| Ok(Value::str(extension(arguments::text(arguments, 0)?)))),
    path("osIsAbs", |_, arguments| Ok(Value::Bool(arguments::text(arguments, 0)?.starts_with(b"/")))),
];

const fn path(name: &'static str, call: fn(&mut dyn Context, &[Value]) -> Answer) -> Function {
    Function { name, parameters: &[Parameter::Str], variadic: None, call }
}

/// The last element, without slashes at the end.
fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let trimmed = path.trim_end_with(|character| character == '/');
    match trimmed.rsplit(|byte| *byte == b'/').next() {
        Some(last) if !last.is_empty() => last,
        _ => b"/",
    }
}

/// All but the last element, cleaned.
fn directory(path: &[u8]) -> Vec<u8> {
    let end = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    clean(path.get(..end).unwrap_or_default())
}

/// From the last dot of the last element.
fn extension(path: &[u8]) -> &[u8] {
    let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    let last = path.get(start..).unwrap_or_default();
    last.rfind_byte(b'.').and_then(|dot| last.get(dot..)).unwrap_or_default()
}

/// The shortest path that means the same, by its text alone.
pub(super) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut elements: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." => match elements.last() {
                Some(last) if *last != b".." => {
                    elements.pop();
                }
                _ if rooted => {}
                _ => elements.push(element),
            },
            _ => elements.push(element),
        }
    }
    let mut cleaned = if rooted { vec![b'/'] } else { Vec::new() };
    cleaned.extend_from_slice(&elements.join(&b'/'));
    if cleaned.is_empty() {
        cleaned.push(b'.');
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_paths_apart_as_go_does() {
        // Path, base, directory, extension, cleaned.
        let cases: &[(&str, [&str; 4])] = &[
            ("", [".", ".", "", "."]),
            ("/", ["/", "/", "", "/"]),
            ("a", ["a", ".", "", "a"]),
            ("a/b.tar.gz", ["b.tar.gz", "a", ".gz", "a/b.tar.gz"]),
            ("/a//b/", ["b", "/a/b", "", "/a/b"]),
            ("../../a/./b/..", ["..", "../../a/b", ".", "../../a"]),
            ("/../a", ["a", "/", "", "/a"]),
            ("a/../..", ["..", ".", ".", ".."]),
            ("//", ["/", "/", "", "/"]),
            (".bashrc", [".bashrc", ".", ".bashrc", ".bashrc"]),
        ];
        for (path, expected) in cases {
            let path = path.as_bytes();
            let found = [base(path).to_vec(), directory(path), extension(path).to_vec(), clean(path)];
            let found = found.map(|bytes| bytes.to_str_lossy().into_owned());
            assert_eq!(&found.each_ref().map(String::as_str), expected, "{:?}", path.to_str_lossy());
        }
    }
}
