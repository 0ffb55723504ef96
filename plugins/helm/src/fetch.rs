//! Fetching from repositories and registries. The host follows no redirect: each is asked for anew, so that the
//! rules are held against where it leads.

use maps_sdk::http::{Request, Response};
use maps_sdk::{Class, Problem};
use serde_json::Value;

use crate::address;

/// The manifest's credential for private repositories.
const CREDENTIAL: &str = "repository";
/// Redirects of one fetch: as many as Go's client follows.
const REDIRECTS: usize = 10;

/// A token that a registry handed out.
pub(crate) struct Bearer(String);

impl Bearer {
    /// Of the answer in which it is: in clear, or as the handle of a sealed one.
    pub(crate) fn of(answer: &Response) -> Option<Self> {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        let token =
            [body.get("token"), body.get("access_token")].into_iter().flatten().find(|token| !token.is_null())?;
        let sealed = token.get("$sealed").unwrap_or(token);
        sealed.as_str().filter(|token| !token.is_empty()).map(|token| Self(token.to_owned()))
    }
}

/// Asks for `url`, and for what it leads to. Hosts that are `private` are sent the credential.
pub(crate) fn get(url: &str, accept: &[&str], private: &[String]) -> Result<Response, Problem> {
    with(url, accept, private, None)
}

/// Asks for a token; a private registry wants the credential for it.
pub(crate) fn token(realm: &str, query: &[(&str, &str)], private: bool) -> Result<Response, Problem> {
    let mut request = Request::get(realm);
    for (name, value) in query {
        request = request.query(name, value);
    }
    if private {
        request = request.credential(CREDENTIAL);
    }
    request.read().map_err(|problem| told(problem, realm, realm, 0))
}

/// As [`get`], with a token for the host that handed it out, and for no other that it redirects to.
pub(crate) fn with(
    url: &str,
    accept: &[&str],
    private: &[String],
    bearer: Option<&Bearer>,
) -> Result<Response, Problem> {
    let mut at = url.to_owned();
    for step in 0..=REDIRECTS {
        let mut request = Request::get(&at);
        if !accept.is_empty() {
            request = request.header("accept", &accept.join(", "));
        }
        match bearer {
            Some(Bearer(token)) if address::origin(&at) == address::origin(url) => {
                request = request.header("authorization", &format!("Bearer {token}"));
            }
            None if private.iter().any(|host| host == address::host(&at)) => request = request.credential(CREDENTIAL),
            _ => {}
        }
        let response = request.read().map_err(|problem| told(problem, url, &at, step))?;
        if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(response);
        }
        let location = response.header("location").and_then(|location| address::redirected(&at, location));
        at = location.ok_or_else(|| Problem::internal("redirect", format!("{at} redirects to nowhere")))?;
    }
    Err(Problem::internal("redirect", format!("{url} redirects more than {REDIRECTS} times")))
}

/// What could not be fetched, and on the way to what.
fn told(mut problem: Problem, url: &str, at: &str, step: usize) -> Problem {
    if step > 0 {
        problem.message = format!("{url} redirects to {}: {}", address::host(at), problem.message);
        if problem.class == Class::Denied {
            let grant = format!(
                "the rules are held against where a redirect leads: let the plugin's `grant:` in the stack have {} too",
                address::host(at)
            );
            problem.help = Some(problem.help.map_or_else(|| grant.clone(), |help| format!("{grant}\n{help}")));
        }
    } else {
        problem.message = format!("{url}: {}", problem.message);
    }
    problem
}

/// The body of an answer that is one, in Helm's words otherwise.
pub(crate) fn body(url: &str, response: Response) -> Result<Vec<u8>, Problem> {
    if response.status == 200 {
        return Ok(response.body);
    }
    let class = response.problem().class;
    let message = format!("failed to fetch {url} : {}", status(response.status));
    Err(Problem::new(class, format!("http-{}", response.status), message))
}

/// `404 Not Found`.
pub(crate) fn status(code: u16) -> String {
    let reason = match code {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return code.to_string(),
    };
    format!("{code} {reason}")
}
