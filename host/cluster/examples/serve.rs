//! Serves one cluster over TLS on loopback and writes its kubeconfig: `serve DIR`.
//!
//! State is forgotten when it ends; the local cloud keeps it.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use maps_cluster::{Change, Cluster, Moment, Options, Persist};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Keeps nothing.
struct Nowhere;

impl Persist for Nowhere {
    fn commit(&mut self, _: Vec<Change>) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    std::fs::create_dir_all(&dir)?;
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    let key = rustls_pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?.to_string();
    let began = Instant::now();
    let clock = move || Moment {
        unix_ms: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64),
        virtual_ms: began.elapsed().as_millis() as u64,
    };
    let token = "admin-of-the-example";
    let options = Options {
        clock: Arc::new(clock),
        admin_token: token.to_owned(),
        signing: [7; 32],
        authority: certified.cert.pem(),
        address: address.clone(),
        objects: Vec::new(),
        outside: None,
    };
    let cluster = Cluster::open(options, Vec::new(), Box::new(Nowhere))?;
    let authority = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, certified.cert.pem());
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: \"https://{address}\", certificate-authority-data: {authority}}}}}]\n\
         users: [{{name: u, user: {{token: {token}}}}}]\n"
    );
    let path = dir.join("kubeconfig");
    std::fs::write(&path, kubeconfig)?;
    println!("{}", path.display());
    let ticking = cluster.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(Duration::from_millis(200));
        loop {
            every.tick().await;
            let cluster = ticking.clone();
            let _ = tokio::task::spawn_blocking(move || cluster.tick()).await;
        }
    });
    loop {
        let (stream, _) = listener.accept().await?;
        let (acceptor, cluster) = (acceptor.clone(), cluster.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request: http::Request<Incoming>| {
                let cluster = cluster.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                    let request = http::Request::from_parts(head, body);
                    // A request that panics ends its connection.
                    tokio::task::spawn_blocking(move || cluster.handle(&request)).await
                }
            });
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
