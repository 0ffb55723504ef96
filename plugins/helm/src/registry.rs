//! Charts in OCI registries: `oci://host/repository:tag`.
//!
//! Source: the OCI distribution specification, and Docker's "Token Authentication Specification".

use maps_helm_engine::semver::{Constraints, Version};
use maps_helm_engine::value::Value;
use maps_helm_engine::{format, json};
use maps_sdk::http::Response;
use maps_sdk::{Class, Problem};
use serde::Deserialize;

use crate::fetch::{self, Bearer};
use crate::source::{Archive, digest};

/// The layer that is a chart's archive; the second was written before it had a name of Helm's.
const ARCHIVES: [&str; 2] = ["application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"];
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Pages of tags: a registry that goes on is broken or hostile.
const PAGES: usize = 50;

/// A reference in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference {
    /// `registry.example.com:5000`.
    host: String,
    /// `charts/web`.
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// The parts of `oci://…`, or why it has none, in the words of the library that Helm has for registries.
    fn parse(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("oci://").unwrap_or(url);
        let (host, path) = rest.split_once('/').ok_or("invalid reference: missing registry or repository")?;
        let (path, digest) = path.split_once('@').map_or((path, None), |(path, digest)| (path, Some(digest)));
        let (repository, tag) = path.split_once(':').map_or((path, None), |(path, tag)| (path, Some(tag)));
        let tag = tag.filter(|tag| !tag.is_empty());
        if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)) {
            return Err(format!("invalid reference: invalid registry {host:?}"));
        }
        let part = |part: &str| {
            let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
            let outer = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
            let bytes = part.as_bytes();
            bytes.iter().copied().all(inner) && outer(bytes.first()) && outer(bytes.last()) && !part.contains("..")
        };
        if !repository.split('/').all(part) {
            return Err(format!("invalid reference: invalid repository {repository:?}"));
        }
        match (digest, tag) {
            (Some(digest), _) => {
                checked_digest(digest).map_err(|why| format!("invalid reference: invalid digest {digest:?}: {why}"))?;
            }
            (None, Some(tag)) if !is_tag(tag) => return Err(format!("invalid reference: invalid tag {tag:?}")),
            (None, _) => {}
        }
        Ok(Self {
            host: host.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// `host/repository:tag`, or with `@` and a digest.
    fn named(&self, named: &str) -> String {
        let mark = if is_digest(named) { '@' } else { ':' };
        format!("{}/{}{mark}{named}", self.host, self.repository)
    }
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || b".-".contains(&byte))
}

fn is_digest(text: &str) -> bool {
    checked_digest(text).is_ok()
}

fn checked_digest(text: &str) -> Result<(), &'static str> {
    let (algorithm, hex) = text.split_once(':').ok_or("invalid checksum digest format")?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match algorithm {
        "" => Err("invalid checksum digest format"),
        "sha256" if hex.is_empty() => Err("invalid checksum digest format"),
        "sha256" if hex.len() != 64 => Err("invalid checksum digest length"),
        "sha256" if !hex.bytes().all(is_hex) => Err("invalid checksum digest format"),
        "sha256" => Ok(()),
        _ => Err("unsupported digest algorithm"),
    }
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
}

/// A registry that is being asked, with the token that it wants.
struct Registry<'a> {
    reference: Reference,
    private: &'a [String],
    scheme: &'static str,
    bearer: Option<Bearer>,
}

/// Fetches the chart of a reference in the version that is meant.
pub(crate) fn chart(
    url: &str,
    version: Option<&str>,
    private: &[String],
    plain_http: bool,
) -> Result<Archive, Problem> {
    let wrong = |message: String| Problem::invalid("no-reference", message).at("chart");
    let reference = Reference::parse(url).map_err(wrong)?;
    if let (Some(tag), Some(version)) = (&reference.tag, version)
        && tag != version
    {
        return Err(wrong(format!("chart reference and version mismatch: {version} is not {tag}")));
    }
    let scheme = if plain_http { "http" } else { "https" };
    let mut registry = Registry { reference, private, scheme, bearer: None };
    let named = match registry.reference.digest.clone() {
        Some(digest) => {
            registry.agrees(version, &digest)?;
            digest
        }
        None => registry.tag(version)?,
    };
    let location = registry.location(&format!("manifests/{named}"));
    let answer = registry.ask(&location, &[MANIFEST]).map_err(|mut problem| {
        let of = "failed to perform \"FetchReference\" on source:";
        problem.message = match problem.class {
            Class::NotFound => format!("{of} {}: not found", registry.reference.named(&named)),
            _ => format!("{of} {}", problem.message),
        };
        problem
    })?;
    if is_digest(&named) && digest(&answer.body) != named {
        return Err(exchanged(&location, &digest(&answer.body), &named));
    }
    let manifest: Manifest = answer.json()?;
    let layer = manifest.layers.iter().find(|layer| ARCHIVES.contains(&layer.media_type.as_str()));
    let layer = layer.filter(|layer| is_digest(&layer.digest)).ok_or_else(|| {
        let message = format!("manifest does not contain a layer with mediatype {}", ARCHIVES[0]);
        Problem::invalid("no-chart", message).at("chart").help("the reference is of something else than a chart")
    })?;
    let location = registry.location(&format!("blobs/{}", layer.digest));
    let answer = registry.ask(&location, &[])?;
    let Reference { host, repository, .. } = &registry.reference;
    let archive = Archive::new(format!("oci://{host}/{repository}@{}", layer.digest), answer.body);
    if archive.digest != layer.digest {
        return Err(exchanged(&location, &archive.digest, &layer.digest));
    }
    Ok(archive)
}

fn exchanged(location: &str, is: &str, told: &str) -> Problem {
    let message = format!("what is at {location} has the digest {is}, and the registry says {told}");
    Problem::new(Class::Conflict, "chart-digest", message).at("chart")
}

impl Registry<'_> {
    fn location(&self, rest: &str) -> String {
        let Reference { host, repository, .. } = &self.reference;
        format!("{}://{host}/v2/{repository}/{rest}", self.scheme)
    }

    /// Where a reference has a digest and a version too, the version's tag must not be of something else. There
    /// need not be such a tag.
    fn agrees(&mut self, version: Option<&str>, digest: &str) -> Result<(), Problem> {
        let version = version.or(self.reference.tag.as_deref()).map(|version| version.replace('+', "_"));
        let Some(tag) = version.filter(|version| is_tag(version)) else { return Ok(()) };
        let location = self.location(&format!("manifests/{tag}"));
        let Ok(answer) = self.ask(&location, &[MANIFEST]) else { return Ok(()) };
        let is = crate::source::digest(&answer.body);
        if is == digest {
            return Ok(());
        }
        let message = format!("chart reference digest mismatch: {is} is not {digest}");
        Err(Problem::new(Class::Conflict, "chart-digest", message).at("chart"))
    }

    /// The tag of the version that is meant: itself if it is one, else the newest that fits.
    fn tag(&mut self, version: Option<&str>) -> Result<String, Problem> {
        let wanted = version.or(self.reference.tag.as_deref()).unwrap_or_default().to_owned();
        if Version::parse(&wanted).is_ok() {
            return Ok(wanted.replace('+', "_"));
        }
        let mut tags: Vec<(Version, String)> = Vec::new();
        let mut location = self.location("tags/list");
        for _ in 0..PAGES {
            let answer = self.ask(&location, &[])?;
            let page: Tags = answer.json()?;
            let versions = page.tags.unwrap_or_default().into_iter().filter_map(|tag| {
                let version = Version::parse_strict(&tag.replace('_', "+")).ok()?;
                Some((version, tag))
            });
            tags.extend(versions);
            let next = answer.header("link").and_then(next_page);
            match next.and_then(|next| crate::address::redirected(&location, &next)) {
                Some(next) => location = next,
                None => return self.chosen(tags, &wanted),
            }
        }
        Err(Problem::internal("endless-list", format!("{} has more than {PAGES} pages of tags", self.reference.host)))
    }

    fn chosen(&self, mut tags: Vec<(Version, String)>, wanted: &str) -> Result<String, Problem> {
        let Reference { host, repository, .. } = &self.reference;
        let missing = |message: String| Problem::invalid("no-chart", message).at("version");
        if tags.is_empty() {
            return Err(missing(format!(
                "unable to locate any tags in provided repository: oci://{host}/{repository}"
            )));
        }
        tags.sort_by(|(one, _), (other, _)| other.precedence(one));
        if let Some((_, tag)) = tags.iter().find(|(_, tag)| tag.replace('_', "+") == wanted) {
            return Ok(tag.clone());
        }
        let constraint = Constraints::parse(if wanted.is_empty() { "*" } else { wanted }).map_err(missing)?;
        let found = tags.into_iter().find(|(version, _)| constraint.check(version));
        found
            .map(|(_, tag)| tag)
            .ok_or_else(|| missing(format!("could not locate a version matching provided version string {wanted}")))
    }

    /// Asks the registry; where it wants a token, asks for that first.
    fn ask(&mut self, location: &str, accept: &[&str]) -> Result<Response, Problem> {
        let mut answer = fetch::with(location, accept, self.private, self.bearer.as_ref())?;
        if answer.status == 401
            && self.bearer.is_none()
            && let Some(challenge) = answer.header("www-authenticate").and_then(Challenge::parse)
        {
            self.bearer = Some(self.token(&challenge)?);
            answer = fetch::with(location, accept, self.private, self.bearer.as_ref())?;
        }
        if answer.status == 200 {
            return Ok(answer);
        }
        let why = match answer.header("www-authenticate") {
            Some(challenge) if answer.status == 401 && !self.is_known() && is_basic(challenge) => {
                "basic credential not found".to_owned()
            }
            _ => {
                let reason = fetch::status(answer.status);
                let why = faults(&answer.body);
                let reason = || reason.split_once(' ').map_or(String::new(), |(_, reason)| reason.to_owned());
                format!("response status code {}: {}", answer.status, why.unwrap_or_else(reason))
            }
        };
        let message = format!("GET \"{location}\": {why}");
        let problem = answer.problem();
        let mut problem = Problem::new(problem.class, format!("http-{}", answer.status), message).at("chart");
        if matches!(answer.status, 401 | 403) {
            let host = &self.reference.host;
            problem = problem.help(format!(
                "give the plugin the credential `repository` in the stack, and list {host} under its config's `private`"
            ));
        }
        Err(problem)
    }

    /// Is it sent the credential?
    fn is_known(&self) -> bool {
        self.private.contains(&self.reference.host)
    }

    fn token(&self, challenge: &Challenge) -> Result<Bearer, Problem> {
        let Reference { repository, .. } = &self.reference;
        let scope = challenge.scope.clone().unwrap_or_else(|| format!("repository:{repository}:pull"));
        let mut query = vec![("scope", scope.as_str())];
        query.extend(challenge.service.as_deref().map(|service| ("service", service)));
        let answer = fetch::token(&challenge.realm, &query, self.is_known())?;
        Bearer::of(&answer).ok_or_else(|| {
            let message = format!("{} hands out no token: it answered {}", challenge.realm, answer.status);
            Problem::new(answer.problem().class, "no-token", message).at("chart")
        })
    }
}

fn is_basic(challenge: &str) -> bool {
    challenge.split_whitespace().next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// The errors that an answer tells of, as Go prints them: `name unknown: no such repository: map[name:web]`.
fn faults(body: &[u8]) -> Option<String> {
    let Ok(Value::Map(told)) = json::parse(body) else { return None };
    let Some(Value::List(list)) = told.get(b"errors") else { return None };
    let fault = |fault: &Value| {
        let Value::Map(fault) = fault else { return None };
        let text = |key: &[u8]| match fault.get(key) {
            Some(Value::Str(text)) => String::from_utf8_lossy(&text).into_owned(),
            _ => String::new(),
        };
        let (code, message) = (text(b"code").to_lowercase().replace('_', " "), text(b"message"));
        Some(match fault.get(b"detail") {
            _ if message.is_empty() => code,
            None | Some(Value::Nil) => format!("{code}: {message}"),
            Some(detail) => {
                let detail = format::print(&detail).unwrap_or_default();
                format!("{code}: {message}: {}", String::from_utf8_lossy(&detail))
            }
        })
    };
    let faults: Vec<String> = list.to_vec().iter().filter_map(fault).collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// `</v2/web/tags/list?last=x&n=1>; rel="next"`.
fn next_page(link: &str) -> Option<String> {
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    rest.contains("rel=\"next\"").then(|| target.to_owned())
}

/// What a registry says of how to be let in.
#[derive(Debug, Default, PartialEq, Eq)]
struct Challenge {
    realm: String,
    service: Option<String>,
    scope: Option<String>,
}

impl Challenge {
    /// `Bearer realm="https://auth.example.com/token",service="registry",scope="repository:web:pull"`.
    fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        loop {
            rest = rest.trim_start_matches([' ', ',']);
            let Some((name, after)) = rest.split_once('=') else { break };
            let value;
            match after.strip_prefix('"') {
                Some(quoted) => (value, rest) = quoted.split_once('"')?,
                None => (value, rest) = after.split_once(',').unwrap_or((after, "")),
            }
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value.to_owned(),
                "service" => challenge.service = Some(value.to_owned()),
                "scope" => challenge.scope = Some(value.to_owned()),
                _ => {}
            }
        }
        crate::address::is_absolute(&challenge.realm).then_some(challenge)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reference_has_its_parts() {
        let parse = |text: &str| {
            let found = Reference::parse(text).ok()?;
            Some((found.host, found.repository, found.tag, found.digest))
        };
        let some = |text: &str| Some(text.to_owned());
        let of = |tag, digest| Some(("h:5000".to_owned(), "charts/web".to_owned(), tag, digest));
        assert_eq!(parse("oci://h:5000/charts/web"), of(None, None));
        assert_eq!(parse("oci://h:5000/charts/web:1.2.3+b"), None);
        assert_eq!(parse("oci://h:5000/charts/web:1.2.3_b"), of(some("1.2.3_b"), None));
        assert_eq!(parse("oci://h:5000/charts/web:"), of(None, None));
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(parse(&format!("oci://h:5000/charts/web@{digest}")), of(None, Some(digest)));
        for bad in [
            "oci://h",
            "oci://h/",
            "oci:///web",
            "oci://h/a//b",
            "oci://h/Web",
            "oci://h/../x",
            "oci://h/web@sha256:1",
            "oci://h/web:a/b",
            "oci://u@h/web",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_challenge_says_where_tokens_are() {
        let said = "Bearer realm=\"https://auth.example.com/token\",service=\"registry, inc\",scope=\"repository:a:pull,push\"";
        let challenge = Challenge::parse(said).unwrap();
        assert_eq!(challenge.realm, "https://auth.example.com/token");
        assert_eq!(challenge.service.as_deref(), Some("registry, inc"));
        assert_eq!(challenge.scope.as_deref(), Some("repository:a:pull,push"));
        for none in ["Basic realm=\"x\"", "Bearer", "Bearer realm=\"nowhere\"", "Bearer realm=\"open", ""] {
            assert_eq!(Challenge::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_page_names_the_next() {
        assert_eq!(
            next_page("</v2/a/tags/list?last=1&n=2>; rel=\"next\"").as_deref(),
            Some("/v2/a/tags/list?last=1&n=2")
        );
        assert_eq!(next_page("</a>; rel=\"prev\""), None);
        assert_eq!(next_page("nothing"), None);
    }
}
