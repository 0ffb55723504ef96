//! Chart repositories over HTTP: an index, and archives beside it or elsewhere.

use maps_sdk::{Class, Problem};

use crate::index::{self, Missing};
use crate::source::Archive;
use crate::{address, fetch, registry};

/// Fetches the version of a chart that is meant, and holds it against what the index says of it.
pub(crate) fn chart(
    repository: &str,
    name: &str,
    version: Option<&str>,
    private: &[String],
    plain_http: bool,
) -> Result<Archive, Problem> {
    let wrong = |code, message: String| Problem::invalid(code, message);
    if !address::is_absolute(repository) {
        return Err(wrong("no-repository", "could not find protocol handler for: ".to_owned()).at("repo"));
    }
    let scheme = repository.split_once("://").map_or("", |(scheme, _)| scheme);
    if !matches!(scheme, "http" | "https" | "oci") {
        return Err(wrong("no-repository", format!("could not find protocol handler for: {scheme}")).at("repo"));
    }
    let location = address::index(repository)
        .ok_or_else(|| wrong("no-repository", format!("{repository} is no URL of a repository")).at("repo"))?;
    let unreached = |mut problem: Problem| {
        let why = format!("looks like \"{repository}\" is not a valid chart repository or cannot be reached: ");
        problem.message.insert_str(0, &why);
        problem.at("repo")
    };
    if scheme == "oci" {
        // Helm asks the registry for the index, by a reference that cannot be one.
        let why = "failed to perform \"FetchReference\" on source: invalid reference";
        let help = "a registry has no index: the chart is `oci://…/NAME`, without `repo`";
        return Err(unreached(Problem::invalid("no-repository", why)).help(help));
    }
    let response = fetch::get(&location, &[], private).map_err(unreached)?;
    let index = fetch::body(&location, response).map_err(unreached)?;
    let entry = index::find(&index, name, version).map_err(|missing| match missing {
        Missing::NoIndex(why) => unreached(Problem::new(Class::Internal, "no-index", why)),
        Missing::NotFound => {
            let version = version.map_or_else(String::new, |version| format!(" version \"{version}\""));
            let message = format!("chart \"{name}\"{version} not found in {repository} repository");
            Problem::invalid("no-chart", message).at("chart")
        }
    })?;
    drop(index);
    let Some(url) = entry.url.as_deref().and_then(|url| address::resolve(repository, url)) else {
        let version = version.map_or_else(String::new, |version| format!(" version \"{version}\""));
        return Err(wrong("no-url", format!("chart \"{name}\"{version} has no downloadable URLs")).at("chart"));
    };
    let archive = match url.strip_prefix("oci://") {
        Some(_) => registry::chart(&url, Some(&entry.version), private, plain_http)?,
        None => archive(&url, private)?,
    };
    if let Some(told) = entry.digest.filter(|told| format!("sha256:{told}") != archive.digest) {
        let message =
            format!("the archive at {url} has the digest {}, and the index says sha256:{told}", archive.digest);
        let help =
            "the archive was exchanged after the index was made, or on its way: ask whoever keeps the repository";
        return Err(Problem::new(Class::Conflict, "chart-digest", message).at("chart").help(help));
    }
    Ok(archive)
}

/// Fetches an archive.
pub(crate) fn archive(url: &str, private: &[String]) -> Result<Archive, Problem> {
    let response = fetch::get(url, &[], private).map_err(|problem| problem.at("chart"))?;
    let content = fetch::body(url, response).map_err(|problem| problem.at("chart"))?;
    Ok(Archive::new(url.to_owned(), content))
}
