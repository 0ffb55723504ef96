//! One address for all services, told apart by what a request is signed for.

use std::sync::Arc;

use super::api::Api;
use super::sigv4::Signature;
use crate::clock::Now;
use crate::routes::Effect;
use crate::service::{Answer, Call, Service, Trouble};
use crate::store::Transaction;

/// What `AWS_ENDPOINT_URL` may point at.
#[derive(Debug)]
pub(crate) struct Endpoint {
    apis: Vec<Arc<Api>>,
    /// Takes what names no service, as nothing but S3 is asked without a signature.
    other: Arc<Api>,
}

impl Endpoint {
    /// An endpoint of services, and of the one that takes what names none.
    pub(super) fn new(apis: Vec<Arc<Api>>, other: Arc<Api>) -> Self {
        Self { apis, other }
    }

    fn of(&self, call: &Call) -> &Arc<Api> {
        let service = Signature::read(call).map(|signature| signature.service).unwrap_or_default();
        self.apis.iter().find(|api| api.signing_name() == service).unwrap_or(&self.other)
    }
}

impl Service for Endpoint {
    fn name(&self) -> &str {
        super::NAME
    }

    fn hosts(&self) -> Vec<&str> {
        Vec::new()
    }

    fn max_body(&self) -> usize {
        self.other.max_body()
    }

    fn delegate(&self, call: &Call) -> Option<Arc<dyn Service>> {
        Some(Arc::clone(self.of(call)) as Arc<dyn Service>)
    }

    fn classify(&self, call: &Call) -> (Effect, String) {
        self.of(call).classify(call)
    }

    fn answer(&self, call: &Call, now: Now, transaction: &mut Transaction<'_>) -> Answer {
        self.of(call).answer(call, now, transaction)
    }

    fn refuse(&self, trouble: Trouble, now: Now) -> Answer {
        self.other.refuse(trouble, now)
    }
}
