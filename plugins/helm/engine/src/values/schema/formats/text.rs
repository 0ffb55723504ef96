//! Formats of names and numbers: pointers, UUIDs, semantic versions.

use super::{fail, leading_digits, quoted};

pub(super) fn json_pointer(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let Some(rest) = text.strip_prefix('/') else { return fail("not starting with /") };
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        if character == '~' && !matches!(characters.next(), Some('0' | '1')) {
            return fail("~ must be followed by 0 or 1");
        }
    }
    Ok(())
}

pub(super) fn relative_json_pointer(text: &str) -> Result<(), String> {
    let digits = leading_digits(text);
    if digits == 0 {
        return fail("must start with non-negative integer");
    }
    if digits > 1 && text.starts_with('0') {
        return fail("starts with zero");
    }
    let (_, rest) = text.split_at(digits);
    if rest == "#" { Ok(()) } else { json_pointer(rest) }
}

pub(super) fn uuid(text: &str) -> Result<(), String> {
    let groups: Vec<&str> = text.split('-').collect();
    if groups.len() != 5 {
        return fail("must have 5 elements");
    }
    for ((index, group), length) in groups.into_iter().enumerate().zip([8, 4, 4, 4, 12]) {
        if group.len() != length {
            return Err(format!("element {} must be {length} characters long", index + 1));
        }
        if let Some(character) = group.chars().find(|character| !character.is_ascii_hexdigit()) {
            return Err(format!("non-hex character {}", quoted(character)));
        }
    }
    Ok(())
}

pub(super) fn semver(text: &str) -> Result<(), String> {
    let identifiers = |text: &str, kind: &str| {
        for identifier in text.split('.') {
            if identifier.is_empty() {
                return Err(format!("{kind} identifier is empty"));
            }
            if let Some(character) = identifier.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
                return Err(format!("invalid character {} in {kind} identifier", quoted(character)));
            }
            let is_number = identifier.bytes().all(|byte| byte.is_ascii_digit());
            if kind == "pre-release" && is_number && identifier.len() > 1 && identifier.starts_with('0') {
                return Err(format!("{kind} numeric identifier starts with zero"));
            }
        }
        Ok(())
    };
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    match build {
        Some("") => return fail("build is empty"),
        Some(build) => identifiers(build, "build")?,
        None => {}
    }
    let (text, release) = text.split_once('-').map_or((text, None), |(text, release)| (text, Some(release)));
    if let Some(release) = release {
        identifiers(release, "pre-release")?;
    }
    let numbers: Vec<&str> = text.split('.').collect();
    if numbers.len() != 3 {
        return fail("versionCore must have 3 numbers separated by dot");
    }
    for (number, name) in numbers.into_iter().zip(["major", "minor", "patch"]) {
        let wrong = if number.is_empty() {
            "is empty"
        } else if number.len() > 1 && number.starts_with('0') {
            "starts with zero"
        } else if leading_digits(number) < number.len() {
            "contains non-digit"
        } else {
            continue;
        };
        return Err(format!("{name} {wrong}"));
    }
    Ok(())
}
