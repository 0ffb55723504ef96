//! All repositories at one plain address, the host as the first part of the path: what `helm repo add` takes.

use std::sync::Arc;

use super::{Asked, Charts, NAME, refusal};
use crate::clock::Now;
use crate::routes::Effect;
use crate::service::{Answer, Call, Service, Trouble};
use crate::store::Transaction;

/// What `charts_url` of `cloud.json` points at: `URL/charts.jetstack.io` is that repository, and the URLs of its
/// index lead here too.
#[derive(Debug)]
pub(crate) struct Endpoint {
    charts: Arc<Charts>,
}

impl Endpoint {
    /// An endpoint of repositories.
    pub(super) fn new(charts: Arc<Charts>) -> Self {
        Self { charts }
    }
}

/// The logical host of a path, and what is below it.
fn split(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.find('/').map_or((path, ""), |at| path.split_at(at))
}

impl Service for Endpoint {
    fn name(&self) -> &str {
        NAME
    }

    fn hosts(&self) -> Vec<&str> {
        Vec::new()
    }

    fn classify(&self, call: &Call) -> (Effect, String) {
        let (host, path) = split(&call.path);
        Charts::route(&call.method, &Asked { host, path, base: "" })
    }

    fn answer(&self, call: &Call, _: Now, _: &mut Transaction<'_>) -> Answer {
        let (host, path) = split(&call.path);
        let base = format!("http://{}/", call.host);
        self.charts.respond(call, &Asked { host, path, base: &base })
    }

    fn refuse(&self, trouble: Trouble, _: Now) -> Answer {
        refusal(trouble)
    }
}
