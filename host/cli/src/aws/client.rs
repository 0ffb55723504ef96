//! How the chain speaks HTTP: with the client that everything else here has, so that no second TLS comes in.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A client for each time that a connection may take.
#[derive(Debug, Default)]
pub(super) struct Client {
    made: Mutex<BTreeMap<Option<Duration>, reqwest::Client>>,
}

impl Client {
    fn of(&self, connect: Option<Duration>) -> Result<reqwest::Client, reqwest::Error> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(&connect) {
            return Ok(client.clone());
        }
        // A second install is refused and changes nothing: the first one was the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        if let Some(connect) = connect {
            builder = builder.connect_timeout(connect);
        }
        let client = builder.build()?;
        made.insert(connect, client.clone());
        Ok(client)
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let client = self.of(settings.connect_timeout()).map_err(|error| error.to_string());
        SharedHttpConnector::new(Connector { client, read: settings.read_timeout() })
    }
}

#[derive(Debug)]
struct Connector {
    client: Result<reqwest::Client, String>,
    read: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, read) = (self.client.clone(), self.read);
        HttpConnectorFuture::new(async move { send(client, read, request).await })
    }
}

async fn send(
    client: Result<reqwest::Client, String>,
    read: Option<Duration>,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let client = client.map_err(|error| ConnectorError::user(error.into()))?;
    let user = |error: &dyn std::error::Error| ConnectorError::user(error.to_string().into());
    let method = reqwest::Method::from_bytes(request.method().as_bytes()).map_err(|error| user(&error))?;
    let mut sent = client.request(method, request.uri());
    for (name, value) in request.headers() {
        sent = sent.header(name, value);
    }
    if let Some(read) = read {
        sent = sent.timeout(read);
    }
    let Some(body) = request.body().bytes() else {
        return Err(ConnectorError::user("the body is not in memory".into()));
    };
    let answer = sent.body(body.to_vec()).send().await.map_err(failed)?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes().await.map_err(failed)?;
    let status = status.try_into().map_err(|error| user(&error))?;
    let mut response = HttpResponse::new(status, body.into());
    for (name, value) in &headers {
        let Ok(value) = value.to_str() else { continue };
        // What came as a header can be one.
        let _ = response.headers_mut().try_append(name.as_str().to_owned(), value.to_owned());
    }
    Ok(response)
}

fn failed(error: reqwest::Error) -> ConnectorError {
    match (error.is_timeout(), error.is_connect()) {
        (true, true) => ConnectorError::timeout(error.into()).never_connected(),
        (true, false) => ConnectorError::timeout(error.into()),
        (false, true) => ConnectorError::io(error.into()).never_connected(),
        (false, false) => ConnectorError::io(error.into()),
    }
}
