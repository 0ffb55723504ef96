//! Domain names as Route53 keeps them: lower case, a dot at the end, and octal escapes for the unusual.

/// The longest name, in its written form on the wire.
const LONGEST: usize = 255;
const LONGEST_LABEL: usize = 63;

/// A name in its one form, or why it is none.
pub(super) fn normal(name: &str) -> Result<String, String> {
    let trimmed = name.strip_suffix('.').unwrap_or(name);
    let fatal = |what: &str| format!("FATAL problem: {what} encountered with '{name}'");
    if trimmed.is_empty() {
        return Err(fatal("DomainLabelEmpty (Domain label is empty)"));
    }
    let mut labels = Vec::new();
    let mut octets = 1;
    for label in trimmed.split('.') {
        let bytes = unescape(label).ok_or_else(|| fatal("InvalidEscape (Escape is not three octal digits)"))?;
        if bytes.is_empty() {
            return Err(fatal("DomainLabelEmpty (Domain label is empty)"));
        }
        if bytes.len() > LONGEST_LABEL {
            return Err(fatal("DomainLabelTooLong (Domain label is too long)"));
        }
        octets += bytes.len() + 1;
        labels.push(escape(&bytes));
    }
    if octets > LONGEST {
        return Err(fatal("DomainNameTooLong (Domain name is too long)"));
    }
    Ok(labels.join(".") + ".")
}

/// The labels in reverse, with the dot at the end: the order of listings.
pub(super) fn reversed(normal: &str) -> String {
    let labels: Vec<&str> = normal.trim_end_matches('.').rsplit('.').collect();
    labels.join(".") + "."
}

/// Whether a name is a zone's own or below it.
pub(super) fn within(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

fn unescape(label: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(label.len());
    let mut rest = label.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first != b'\\' {
            bytes.push(*first);
            rest = behind;
            continue;
        }
        let digits = behind.get(..3).filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)))?;
        let value = digits.iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
        bytes.push(u8::try_from(value).ok()?);
        rest = &behind[3..];
    }
    Some(bytes)
}

fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte.to_ascii_lowercase() {
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => text.push(char::from(plain)),
            other => text.push_str(&format!("\\{other:03o}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn names_have_one_form() {
        for (given, kept) in [
            ("WWW.Example.com", "www.example.com."),
            ("*.example.com.", "\\052.example.com."),
            ("\\052.example.com.", "\\052.example.com."),
            ("_acme-challenge.x", "_acme-challenge.x."),
            ("a b.x", "a\\040b.x."),
            ("\\101.x", "a.x."),
        ] {
            assert_eq!(normal(given).unwrap(), kept);
        }
        let long = "a".repeat(64);
        for wrong in ["", ".", "a..b", "\\09.x", "\\999.x", &long, &["a".repeat(60).as_str(); 5].join(".")] {
            assert!(normal(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_order_is_by_reversed_labels_with_the_dot() {
        assert_eq!(reversed("www.example.com."), "com.example.www.");
        assert!(reversed("b.example.com.") > reversed("z.a.example.com."));
        // The documented oddity: what stands before the dot in ASCII comes first.
        assert!(reversed("a-b.com.") < reversed("z.a.com."));
    }

    #[test]
    fn a_zone_holds_what_ends_in_it_at_a_label() {
        assert!(within("example.com.", "example.com.") && within("a.b.example.com.", "example.com."));
        assert!(!within("notexample.com.", "example.com.") && !within("com.", "example.com."));
    }
}
