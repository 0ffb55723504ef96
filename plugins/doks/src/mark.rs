//! Tags: those that say who made something, those of the user, and those that DigitalOcean sets.

/// The longest tag that DigitalOcean takes.
const LONGEST: usize = 255;
/// What every tag of maps begins with.
const PREFIXES: [&str; 4] = ["maps-stack:", "maps-address:", "maps-token:", "maps-pool:"];
/// The tag of a pool that a cluster made among its own.
const OWN: &str = "maps-pool:own";
/// The tag of a pool that is a resource of its own, which its cluster leaves alone.
const APART: &str = "maps-pool:apart";

/// The tag that a thing made with this token carries.
pub(crate) fn token(token: &str) -> String {
    tag("maps-token:", token)
}

/// The tags that every made cluster carries.
pub(crate) fn marks(stack: &str, address: &str, token: &str) -> Vec<String> {
    vec![tag("maps-stack:", stack), tag("maps-address:", address), self::token(token)]
}

/// Is this one of the tags that maps sets?
pub(crate) fn is_mark(tag: &str) -> bool {
    PREFIXES.iter().any(|prefix| tag.starts_with(prefix))
}

/// Does a pool say that it is one of its cluster's own?
pub(crate) fn is_own(tags: &[String]) -> bool {
    tags.iter().any(|tag| tag == OWN)
}

/// Does a pool say that it is a resource of its own?
pub(crate) fn is_apart(tags: &[String]) -> bool {
    tags.iter().any(|tag| tag == APART)
}

/// The tags of a pool among a cluster's own.
pub(crate) fn own(users: &[String]) -> Vec<String> {
    users.iter().cloned().chain([OWN.to_owned()]).collect()
}

/// The tags of a pool that is a resource of its own: the user's, and the marks it has or is to get.
pub(crate) fn apart(users: &[String], marks: impl IntoIterator<Item = String>) -> Vec<String> {
    let marks = marks.into_iter().filter(|mark| is_mark(mark) && mark != OWN && mark != APART);
    users.iter().cloned().chain(marks).chain([APART.to_owned()]).collect()
}

/// Is this a tag that DigitalOcean sets itself on clusters and their Droplets?
pub(crate) fn is_automatic(tag: &str) -> bool {
    tag == "k8s" || tag == "k8s-worker" || tag.starts_with("k8s:")
}

/// The user's tags among live ones.
pub(crate) fn users(live: &[String]) -> Vec<String> {
    live.iter().filter(|tag| !is_mark(tag) && !is_automatic(tag)).cloned().collect()
}

/// Can DigitalOcean have this as a tag?
pub(crate) fn is_valid(tag: &str) -> bool {
    !tag.is_empty() && tag.len() <= LONGEST && tag.chars().all(allowed)
}

fn allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, ':' | '-' | '_')
}

/// A tag of any text: what a tag cannot hold becomes a dash. Tells people where a thing comes from;
/// only the token, which needs no such change, is ever searched for.
fn tag(prefix: &str, text: &str) -> String {
    let mut tag = prefix.to_owned();
    tag.extend(text.chars().map(|character| if allowed(character) { character } else { '-' }));
    tag.truncate(LONGEST);
    tag
}
