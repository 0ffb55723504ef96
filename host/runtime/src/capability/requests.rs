//! `http-read` and `http-write` as the contract spells them, handed to [`HttpCapability`].

use maps_engine::Problem;
use maps_engine::capability::{Family, Interface};

use crate::bindings::maps::platform::http_types::{Body, Header, Request, Response};
use crate::bindings::maps::platform::{http_read, http_write, types};
use crate::capability::http::{Half, HttpBody, HttpItem, HttpRequest, HttpResponse};
use crate::capability::refused::refuse;
use crate::guest::Guest;
use crate::limits::{Exceeded, LIST_ITEMS};

type Answers = Vec<Result<Response, types::Problem>>;

impl http_read::Host for Guest {
    async fn send(&mut self, requests: Vec<Request>) -> wasmtime::Result<Answers> {
        let items = requests.into_iter().map(|request| HttpItem { items: Vec::new(), request: request.into() });
        self.send_all(Half::Read, items.collect()).await
    }
}

impl http_write::Host for Guest {
    async fn send(&mut self, writes: Vec<http_write::Write>) -> wasmtime::Result<Answers> {
        let items = writes.into_iter().map(|write| HttpItem { items: write.items, request: write.request.into() });
        self.send_all(Half::Write, items.collect()).await
    }
}

impl Guest {
    async fn send_all(&self, half: Half, items: Vec<HttpItem>) -> wasmtime::Result<Answers> {
        if items.len() > LIST_ITEMS {
            return Err(Exceeded::List(LIST_ITEMS).into());
        }
        let (Some(scope), Some(http)) = (&self.scope, &self.http) else {
            let interface = Interface::Ruled(Family::Http, half);
            return Ok(refuse(self.scope.as_deref(), interface.name(), items.len(), &self.not_granted(interface)));
        };
        let answers = http.send(scope, half, items).await;
        Ok(answers
            .into_iter()
            .map(|answer| answer.map(Into::into).map_err(|problem: Problem| problem.into()))
            .collect())
    }
}

impl From<Request> for HttpRequest {
    fn from(request: Request) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers.into_iter().map(|Header { name, value }| (name, value)).collect(),
            body: match request.body {
                Body::None => HttpBody::None,
                Body::Json(text) => HttpBody::Json(text),
                Body::Bytes(bytes) => HttpBody::Bytes(bytes),
            },
            credential: request.credential,
        }
    }
}

impl From<HttpResponse> for Response {
    fn from(response: HttpResponse) -> Self {
        Self {
            status: response.status,
            headers: response.headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
            body: response.body,
        }
    }
}
