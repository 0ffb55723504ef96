//! Calls that the host must refuse.

use maps_sdk::bindings::maps::platform::http_types::{Body, Header, Request, Response};
use maps_sdk::bindings::maps::platform::types::Problem;
use maps_sdk::bindings::maps::platform::{files_read, http_read, http_write};
use serde_json::{Value, json};

use crate::act::{Act, Call, Orders};
use crate::{Subject, not_refused, problem};

/// Where things are.
pub(crate) const BASE: &str = "https://api.red.example/things";

/// Makes the ordered calls. A refusal is passed on as it came; an answer is `not-refused`.
pub(crate) fn act<R: Subject>(orders: &Orders, requests: &[R]) -> Result<(), Problem> {
    let own = requests.first().map(own_url).unwrap_or_default();
    let body = || Some(json!({"name": requests.first().map(name).unwrap_or_default(), "size": 666}));
    let write = |call: Call| Call { write: true, method: "PUT".to_owned(), ..call };
    let call = orders.call.clone();
    let forbidden = match orders.act {
        Act::Call => call,
        Act::CallAllowed => return send(&call, &own).map(|_| ()),
        Act::WriteInRead => write(Call { body: body(), ..call }),
        Act::PostByRead => Call { method: "POST".to_owned(), body: body(), ..call },
        Act::ForeignIndex => {
            let beyond = u32::try_from(requests.len()).unwrap_or(u32::MAX);
            write(Call { body: body(), items: Some(vec![beyond]), ..call })
        }
        Act::NoIndex => write(Call { body: body(), items: Some(Vec::new()), ..call }),
        Act::ForeignObject => {
            write(Call { body: Some(json!({"name": "other"})), url: format!("{BASE}/other"), ..call })
        }
        Act::OutsideRules => Call { url: "https://evil.example/things".to_owned(), ..call },
        Act::FollowRedirect => {
            let answer = send(&call, &own)?;
            let location = answer.headers.iter().find(|header| header.name == "location");
            let Some(location) = location else { return Err(problem("no-redirect", "the server sent no redirect")) };
            Call { url: location.value.clone(), ..call }
        }
        Act::EndlessPages => return endless_pages(),
        Act::ReadFile => return read(&orders.text),
        Act::ListFiles => return list(&orders.text),
        _ => return Ok(()),
    };
    let answer = send(&forbidden, &own)?;
    Err(not_refused(&format!("{:?} was answered with {}", orders.act, answer.status)))
}

/// Reads a file, and says what it holds.
fn read(path: &str) -> Result<(), Problem> {
    match files_read::read(&[path.to_owned()]).pop() {
        Some(Ok(content)) => Err(not_refused(&String::from_utf8_lossy(&content))),
        Some(Err(problem)) => Err(problem),
        None => Err(problem("no-answer", "the host answered for no file")),
    }
}

/// Lists files, and says which there are.
fn list(pattern: &str) -> Result<(), Problem> {
    match files_read::list(&[pattern.to_owned()]).pop() {
        Some(Ok(paths)) => Err(not_refused(&paths.join(" "))),
        Some(Err(problem)) => Err(problem),
        None => Err(problem("no-answer", "the host answered for no pattern")),
    }
}

/// Asks for pages until the host says no.
fn endless_pages() -> Result<(), Problem> {
    for page in 1_u64.. {
        send(&Call { url: format!("{BASE}?page={page}"), ..Call::default() }, "")?;
    }
    Ok(())
}

/// Makes a call, `times` times in one list; the first refusal counts.
pub(crate) fn send(call: &Call, own: &str) -> Result<Response, Problem> {
    let method = if call.method.is_empty() { "GET" } else { &call.method };
    let credential = call.credential.clone().unwrap_or_else(|| "api".to_owned());
    let request = Request {
        method: method.to_owned(),
        url: if call.url.is_empty() { own.to_owned() } else { call.url.clone() },
        headers: call.headers.iter().map(|(name, value)| Header { name: name.clone(), value: value.clone() }).collect(),
        body: call.body.as_ref().map_or(Body::None, |body| Body::Json(body.to_string())),
        credential: Some(credential).filter(|name| !name.is_empty()),
    };
    let times = usize::try_from(call.times.max(1)).unwrap_or(1);
    let answers = if call.write {
        let items = call.items.clone().unwrap_or_else(|| vec![0]);
        http_write::send(&vec![http_write::Write { items, request }; times])
    } else {
        http_read::send(&vec![request; times])
    };
    let mut last = Err(problem("no-answer", "the host answered nothing"));
    for answer in answers {
        last = Ok(answer?);
    }
    last
}

/// The thing that a request is about: its id, or the name in its inputs.
pub(crate) fn name<R: Subject>(request: &R) -> String {
    if !request.id().is_empty() {
        return request.id().to_owned();
    }
    let inputs: Value = serde_json::from_str(request.inputs()).unwrap_or_default();
    inputs["name"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn own_url<R: Subject>(request: &R) -> String {
    format!("{BASE}/{}", name(request))
}
