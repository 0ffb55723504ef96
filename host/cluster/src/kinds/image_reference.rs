//! References to container images: `registry.example:5000/a/b:tag@sha256:…`.

/// The tag of an image: `latest` if neither tag nor digest is said, empty if there is a digest alone or the
/// reference is none.
pub(super) fn tag(image: &str) -> &str {
    let (rest, digest) = match image.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (image, None),
    };
    let name_at = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (repository, tag) = match rest[name_at..].find(':') {
        Some(colon) => (&rest[..name_at + colon], Some(&rest[name_at + colon + 1..])),
        None => (rest, None),
    };
    if !is_repository(repository) || tag.is_some_and(|tag| !is_tag(tag)) || digest.is_some_and(|it| !is_digest(it)) {
        return "";
    }
    match (tag, digest) {
        (Some(tag), _) => tag,
        (None, Some(_)) => "",
        (None, None) => "latest",
    }
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && algorithm.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-' | '_'))
            && hex.len() >= 32
            && hex.chars().all(|c| c.is_ascii_hexdigit())
    })
}

/// A domain, where the first part looks like one, and a path of lower-case parts.
fn is_repository(repository: &str) -> bool {
    if repository.len() == 64 && repository.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        return false; // An identifier of an image, not a name.
    }
    let path = match repository.split_once('/') {
        Some((domain, path))
            if domain.contains(['.', ':']) || domain == "localhost" || domain.to_lowercase() != domain =>
        {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '[' | ']' | '_');
            if !domain.chars().all(fits) {
                return false;
            }
            path
        }
        _ => repository,
    };
    path.split('/').all(is_path_component)
}

/// Lower-case letters and digits, with one `.`, up to two `_` or any number of `-` between them.
fn is_path_component(component: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    component.starts_with(letter)
        && component.ends_with(letter)
        && component
            .split(letter)
            .all(|between| matches!(between, "" | "." | "_" | "__") || between.chars().all(|c| c == '-'))
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn tags_are_found() {
        let cases = [
            ("nginx", "latest"),
            ("nginx:latest", "latest"),
            ("nginx:1.25", "1.25"),
            ("localhost:5000/nginx", "latest"),
            ("localhost:5000/nginx:v1", "v1"),
            ("ghcr.io/a/b__c-d:1", "1"),
            ("nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", ""),
            ("nginx:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "1"),
            ("", ""),
            ("Nginx", ""),
            ("a b", ""),
            ("nginx:", ""),
        ];
        for (image, expect) in cases {
            assert_eq!(tag(image), expect, "{image:?}");
        }
    }
}
