//! The service that the red guest talks to: HTTPS on this machine, with things to make and change.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

/// The hosts that lead to it. No rule of the guest allows the second one.
pub(crate) const HOSTS: [&str; 2] = ["api.red.example", "evil.example"];
/// What it gives out as a thing's key.
pub(crate) const KEY: &str = "the-key-that-no-plugin-sees";

/// How it answers.
#[derive(Clone, Default)]
pub(crate) enum Manner {
    /// As the guest's README says.
    #[default]
    Honest,
    /// With this status, to this place.
    Redirect(u16, &'static str),
    /// With all that it was sent, headers included.
    Echo,
    /// As an API server of Kubernetes, which keeps whatever is applied.
    Cluster,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `PUT api.red.example/things/one`.
    pub(crate) line: String,
    /// Of all that came, headers and body.
    pub(crate) text: String,
}

#[derive(Default)]
struct State {
    asked: Mutex<Vec<Asked>>,
    things: Mutex<BTreeMap<String, Json>>,
    manner: Mutex<Manner>,
    ended: AtomicBool,
}

/// The service; it ends when it is dropped.
pub(crate) struct Service {
    pub(crate) at: SocketAddr,
    /// Its certificate, which is its own authority, as PEM.
    pub(crate) ca: Vec<u8>,
    state: Arc<State>,
}

impl Service {
    pub(crate) fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(HOSTS.map(str::to_owned)).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let (config, state) = (Arc::new(config), Arc::new(State::default()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service =
            Self { at: listener.local_addr().unwrap(), ca: made.cert.pem().into_bytes(), state: Arc::clone(&state) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if state.ended.load(Ordering::SeqCst) {
                    return;
                }
                let (config, state) = (Arc::clone(&config), Arc::clone(&state));
                std::thread::spawn(move || {
                    let connection = rustls::ServerConnection::new(config).ok();
                    if let (Some(connection), Ok(stream)) = (connection, stream) {
                        state.serve(rustls::StreamOwned::new(connection, stream));
                    }
                });
            }
        });
        service
    }

    pub(crate) fn answers(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    /// All that it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// The lines of what it was asked that could have changed something.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).filter(|line| !line.starts_with("GET ")).collect()
    }

    pub(crate) fn has(&self, thing: &str) -> bool {
        self.state.things.lock().unwrap().contains_key(thing)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.at);
    }
}

impl State {
    fn serve(&self, mut stream: impl Read + Write) {
        let (mut buffer, mut chunk) = (Vec::new(), [0; 16 << 10]);
        loop {
            if let Some((head, body, length)) = whole(&buffer) {
                let answer = self.answer(&head, &body);
                buffer.drain(..length);
                if stream.write_all(&answer).and_then(|()| stream.flush()).is_err() {
                    return;
                }
                continue;
            }
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(read) => buffer.extend_from_slice(&chunk[..read]),
            }
        }
    }

    fn answer(&self, head: &str, body: &str) -> Vec<u8> {
        let mut words = head.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let host = header(head, "host").unwrap_or_default();
        let text = format!("{head}\r\n\r\n{body}");
        self.asked.lock().unwrap().push(Asked { line: format!("{method} {host}{path}"), text: text.clone() });
        match self.manner.lock().unwrap().clone() {
            Manner::Redirect(status, location) => reply(status, &format!("location: {location}\r\n"), &Json::Null),
            Manner::Echo => {
                let mut told: Json = serde_json::from_str(body).unwrap_or_else(|_| json!({"name": "one"}));
                told["heard"] = text.into();
                reply(200, "", &told)
            }
            Manner::Cluster => {
                let (status, told) = crate::kube::answer(method, path, body);
                if let ("PATCH", Some(name)) = (method, path.split(['/', '?']).nth(6)) {
                    self.things.lock().unwrap().insert(name.to_owned(), Json::Null);
                }
                reply(status, "", &told)
            }
            Manner::Honest => self.honest(method, path, body),
        }
    }

    fn honest(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let mut things = self.things.lock().unwrap();
        let name = path.strip_prefix("/things/").unwrap_or_default();
        match (method, name) {
            ("GET", "") => reply(200, "", &json!({"things": [], "next": true})),
            ("GET", name) if name.ends_with("/key") => reply(200, "", &json!({"key": KEY})),
            ("GET", name) => {
                things.get(name).map_or_else(|| reply(404, "", &Json::Null), |thing| reply(200, "", thing))
            }
            ("PUT", name) => {
                let mut thing: Json = serde_json::from_str(body).unwrap_or_default();
                thing.as_object_mut().map(|thing| thing.remove("secret"));
                things.insert(name.to_owned(), thing.clone());
                reply(200, "", &thing)
            }
            ("DELETE", name) => reply(if things.remove(name).is_some() { 204 } else { 404 }, "", &Json::Null),
            _ => reply(405, "", &Json::Null),
        }
    }
}

/// The first whole request of what came so far, and how long it is.
fn whole(buffer: &[u8]) -> Option<(String, String, usize)> {
    let end = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = buffer.get(end + 4..end + 4 + length)?;
    Some((head, String::from_utf8_lossy(body).into_owned(), end + 4 + length))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn reply(status: u16, headers: &str, body: &Json) -> Vec<u8> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!("HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n{length}{headers}\r\n{body}").into_bytes()
}
