//! Tags: those that say who made a cluster, those of the user, and those that DigitalOcean sets.

/// The longest tag that DigitalOcean takes.
const LONGEST: usize = 255;

/// The tag that a cluster made with this token carries.
pub(crate) fn token(token: &str) -> String {
    tag("maps-token:", token)
}

/// The tags that every made cluster carries.
pub(crate) fn marks(stack: &str, address: &str, token: &str) -> Vec<String> {
    vec![tag("maps-stack:", stack), tag("maps-address:", address), self::token(token)]
}

/// Is this one of the tags that say who made a cluster?
pub(crate) fn is_mark(tag: &str) -> bool {
    ["maps-stack:", "maps-address:", "maps-token:"].iter().any(|prefix| tag.starts_with(prefix))
}

/// Is this a tag that DigitalOcean sets itself on clusters and their Droplets?
pub(crate) fn is_automatic(tag: &str) -> bool {
    tag == "k8s" || tag == "k8s-worker" || tag.starts_with("k8s:")
}

/// The user's tags among live ones.
pub(crate) fn users(live: Option<&Vec<String>>) -> Vec<String> {
    live.into_iter().flatten().filter(|tag| !is_mark(tag) && !is_automatic(tag)).cloned().collect()
}

/// Can DigitalOcean have this as a tag?
pub(crate) fn is_valid(tag: &str) -> bool {
    !tag.is_empty() && tag.len() <= LONGEST && tag.chars().all(allowed)
}

fn allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, ':' | '-' | '_')
}

/// A tag of any text: what a tag cannot hold becomes a dash. Tells people where a cluster comes from;
/// only the token, which needs no such change, is ever searched for.
fn tag(prefix: &str, text: &str) -> String {
    let mut tag = prefix.to_owned();
    tag.extend(text.chars().map(|character| if allowed(character) { character } else { '-' }));
    tag.truncate(LONGEST);
    tag
}
