//! Images of PostgreSQL: their tags have to tell which version it is.

/// The oldest version that CloudNativePG works with.
const OLDEST: u32 = 12;

/// The tag of an image, without which its version is not known.
fn tag(image: &str) -> Option<&str> {
    let named = image.split('@').next()?;
    let last = named.rsplit('/').next()?;
    last.split_once(':').map(|(_, tag)| tag)
}

/// The major version that an image's tag names.
pub(super) fn major(image: &str) -> Option<u32> {
    let tag = tag(image)?;
    let end = tag.find(|c: char| !c.is_ascii_digit()).unwrap_or(tag.len());
    tag.get(..end)?.parse().ok()
}

/// What is wrong with an image, in words.
pub(super) fn fault(image: &str) -> Option<String> {
    match tag(image) {
        None => Some(
            "an image is named with a tag, by which upgrades are told: `ghcr.io/cloudnative-pg/postgresql:17.6`".into(),
        ),
        Some("latest") => Some("the tag `latest` does not tell which version it is".into()),
        Some(tag) => match major(image) {
            None => Some(format!("the tag `{tag}` does not begin with PostgreSQL's version")),
            Some(version) if version < OLDEST => {
                Some(format!("PostgreSQL {version} is older than {OLDEST}, the oldest that CloudNativePG runs"))
            }
            Some(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_tells_the_version() {
        for (image, version) in [
            ("ghcr.io/cloudnative-pg/postgis:17", Some(17)),
            ("ghcr.io/cloudnative-pg/postgresql:16.4-bookworm", Some(16)),
            ("localhost:5000/pg:17-3.5@sha256:abc", Some(17)),
            ("localhost:5000/pg", None),
            ("pg@sha256:abc", None),
            ("pg:latest", None),
            ("pg:v17", None),
        ] {
            assert_eq!(major(image), version, "{image}");
            assert_eq!(fault(image).is_none(), version.is_some(), "{image}");
        }
        assert!(fault("postgres:9.6").is_some_and(|fault| fault.contains("older")));
    }
}
