//! Kubernetes versions as DigitalOcean names them: `1.33.1-do.3`.

/// Does a version slug satisfy what the user wrote: all of it, its beginning, or `latest`?
pub(crate) fn fits(wanted: &str, slug: &str) -> bool {
    wanted == "latest" || slug.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// The newest slug that satisfies what the user wrote.
pub(crate) fn newest<'a>(wanted: &str, slugs: &'a [String]) -> Option<&'a str> {
    slugs.iter().filter(|slug| fits(wanted, slug)).max_by_key(|slug| numbers(slug)).map(String::as_str)
}

/// The slug to upgrade to next: one that satisfies what the user wrote if it is offered, else the
/// newest offered one on the way to the newest of `all` that does.
pub(crate) fn next<'a>(wanted: &str, live: &str, offered: &'a [String], all: &[String]) -> Option<&'a str> {
    if let Some(direct) = newest(wanted, offered) {
        return Some(direct);
    }
    let goal = newest(wanted, all)?;
    let on_the_way = |slug: &&String| older(live, slug) && older(slug, goal);
    offered.iter().filter(on_the_way).max_by_key(|slug| numbers(slug)).map(String::as_str)
}

/// Does it name one release and no other?
pub(crate) fn is_exact(wanted: &str) -> bool {
    wanted.contains('-')
}

/// Is what the user wrote older than a slug?
pub(crate) fn older(wanted: &str, slug: &str) -> bool {
    let (wanted, live) = (numbers(wanted), numbers(slug));
    wanted.iter().zip(&live).find(|(a, b)| a != b).is_some_and(|(a, b)| a < b)
}

/// Is it of a form that a version can have?
pub(crate) fn is_valid(wanted: &str) -> bool {
    let (upstream, build) = match wanted.split_once('-') {
        Some((upstream, build)) => (upstream, Some(build)),
        None => (wanted, None),
    };
    let parts: Vec<&str> = upstream.split('.').collect();
    let numeric = |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = match build {
        None => (2..=3).contains(&parts.len()),
        Some(build) => parts.len() == 3 && build.strip_prefix("do.").is_some_and(numeric),
    };
    wanted == "latest" || whole && parts.into_iter().all(numeric)
}

/// What a version is compared by.
fn numbers(slug: &str) -> Vec<u32> {
    slug.split(|character: char| !character.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}
