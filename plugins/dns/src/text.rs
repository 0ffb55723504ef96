//! The strings of TXT records: as a user writes a text, and as Route 53 wants it, in quotes and parts.

/// The longest of the strings that a text is made of, in bytes.
const PART: usize = 255;

/// A text as Route 53 wants it: in strings of 255 bytes between quotes, octal codes for what is not ASCII.
pub(crate) fn quoted(text: &[u8]) -> String {
    let part = |bytes: &[u8]| {
        let mut part = String::with_capacity(bytes.len() + 2);
        part.push('"');
        for byte in bytes {
            match byte {
                b'"' | b'\\' => part.extend(['\\', char::from(*byte)]),
                b' '..=b'~' => part.push(char::from(*byte)),
                other => part.push_str(&format!("\\{other:03o}")),
            }
        }
        part.push('"');
        part
    };
    match text {
        [] => part(text),
        text => text.chunks(PART).map(part).collect::<Vec<_>>().join(" "),
    }
}

/// The strings of a value in quotes, or what is wrong with them.
pub(crate) fn strings(value: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    const OPEN: &str = "a quote is not closed";
    let mut strings = Vec::new();
    let mut rest = value.as_bytes();
    loop {
        rest = rest.trim_ascii_start();
        rest = match rest {
            [] if strings.is_empty() => return Err("there is no text"),
            [] => return Ok(strings),
            [b'"', behind @ ..] => behind,
            _ => return Err("there is something between or behind the quotes"),
        };
        let mut string = Vec::new();
        rest = loop {
            match rest {
                [] => return Err(OPEN),
                [b'"', behind @ ..] => break behind,
                [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', behind @ ..] => {
                    string.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                    rest = behind;
                }
                [b'\\', byte, behind @ ..] | [byte, behind @ ..] => {
                    string.push(*byte);
                    rest = behind;
                }
            }
        };
        if string.len() > PART {
            return Err("a text in quotes has 255 bytes at most; without quotes it is parted by itself");
        }
        strings.push(string);
    }
}

/// Is it in quotes already? Whoever begins a text with a quote and ends it with one has read AWS's documentation.
pub(crate) fn is_quoted(value: &str) -> bool {
    value.len() > 1 && value.starts_with('"') && value.ends_with('"')
}

/// What a value says, however it is parted; of a user's, which needs no quotes.
pub(crate) fn content(value: &str) -> Vec<u8> {
    match strings(value) {
        Ok(strings) if is_quoted(value) => strings.concat(),
        _ => value.as_bytes().to_vec(),
    }
}

/// A value of Route 53 as a user would write it; as it is, where that would say something else.
pub(crate) fn plain(value: &str) -> String {
    let text = strings(value).ok().and_then(|strings| String::from_utf8(strings.concat()).ok());
    let fits = |text: &String| !text.is_empty() && !text.chars().any(char::is_control) && !is_quoted(text);
    text.filter(fits).unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_text_is_quoted_parted_and_read_back() {
        for (text, wanted) in [
            ("", "\"\""),
            ("v=spf1 -all", "\"v=spf1 -all\""),
            ("say \"hi\" \\ there", "\"say \\\"hi\\\" \\\\ there\""),
            ("\u{e9}", "\"\\303\\251\""),
            ("a\tb", "\"a\\011b\""),
        ] {
            let value = quoted(text.as_bytes());
            assert_eq!(value, wanted);
            assert_eq!(strings(&value).unwrap().concat(), text.as_bytes());
        }
        let long = "x".repeat(600);
        let value = quoted(long.as_bytes());
        let lengths: Vec<usize> = strings(&value).unwrap().iter().map(Vec::len).collect();
        assert_eq!(lengths, [255, 255, 90]);
        assert_eq!(content(&value), long.as_bytes());
        assert_eq!(plain(&value), long);
    }

    #[test]
    fn quotes_of_the_user_are_taken_as_they_are() {
        assert_eq!(content("\"a\" \"b\""), b"ab");
        assert_eq!(content("a \"b\""), b"a \"b\"", "these are part of the text");
        assert_eq!(plain("\"\\\"a\\\"\""), "\"\\\"a\\\"\"", "a text in quotes stays in quotes of its own");
        assert_eq!(plain("\"\\377\""), "\"\\377\"", "what is no UTF-8 stays as it is");
        for wrong in ["", "a", "\"a", "\"a\" b", "\"a\\\"", &format!("\"{}\"", "x".repeat(256))] {
            assert!(strings(wrong).is_err(), "{wrong}");
        }
    }
}
