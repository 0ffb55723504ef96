//! What stands between `maps` and ministack: it counts the calls, and at one of them kills the caller.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

/// When the caller dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the call reaches the service.
    Before,
    /// When the service has carried it out, and nobody has heard of it.
    Sent,
    /// When the answer has been handed over.
    Replied,
}

/// Where and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// At which call, from 1; 0 is never.
    pub(crate) call: usize,
    /// When of it.
    pub(crate) moment: Moment,
    /// Is a change in sync when it is first asked after? Ministack tells that of a second question, before which ten
    /// seconds go by that nobody is killed in.
    pub(crate) hurries: bool,
}

/// A proxy of one caller.
pub(crate) struct Proxy {
    at: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    state: Mutex<State>,
    /// The victim is known.
    known: Condvar,
}

struct State {
    plan: Plan,
    calls: usize,
    victim: Option<Pid>,
}

impl Proxy {
    /// In front of a service at `http://127.0.0.1:PORT`.
    pub(crate) fn before(endpoint: &str) -> Self {
        let upstream = endpoint.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let plan = Plan { call: 0, moment: Moment::Before, hurries: false };
        let state = Mutex::new(State { plan, calls: 0, victim: None });
        let shared = Arc::new(Shared { upstream, state, known: Condvar::new() });
        let (at, served) = (listener.local_addr().unwrap(), Arc::clone(&shared));
        // It ends with the process: nobody connects once the test is over.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&served);
                // A caller that is killed leaves its connections broken.
                thread::spawn(move || shared.serve(stream));
            }
        });
        Self { at, shared }
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Begins to count anew, with nobody to kill yet.
    pub(crate) fn begin(&self, plan: Plan) {
        *self.shared.state.lock().unwrap() = State { plan, calls: 0, victim: None };
    }

    /// Whom to kill. Calls wait until this is known.
    pub(crate) fn aim(&self, process: u32) {
        let pid = Pid::from_raw(i32::try_from(process).unwrap());
        self.shared.state.lock().unwrap().victim = pid;
        self.shared.known.notify_all();
    }

    /// How many calls came.
    pub(crate) fn calls(&self) -> usize {
        self.shared.state.lock().unwrap().calls
    }
}

impl Shared {
    fn serve(&self, client: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let Some((head, body)) = request(&mut reader)? else { return Ok(()) };
        let (dies, hurries) = {
            let mut state = self.known.wait_while(self.state.lock().unwrap(), |state| state.victim.is_none()).unwrap();
            state.calls += 1;
            ((state.calls == state.plan.call).then_some((state.plan.moment, state.victim)), state.plan.hurries)
        };
        let kill = |moment: Moment| match dies {
            Some((at, Some(victim))) if at == moment => {
                kill_process(victim, Signal::KILL).unwrap();
                true
            }
            _ => false,
        };
        if kill(Moment::Before) {
            return Ok(());
        }
        let mut answer = self.ask(&head, &body)?;
        let is_pending = answer.windows(7).any(|part| part == b"PENDING");
        if hurries && is_pending && head.starts_with("GET ") && head.contains("/change/") {
            answer = self.ask(&head, &body)?;
        }
        if kill(Moment::Sent) {
            return Ok(());
        }
        let mut client = client;
        client.write_all(&answer)?;
        client.shutdown(Shutdown::Write)?;
        if dies.is_some_and(|(moment, _)| moment == Moment::Replied) {
            // Until it has read all: then it closes its end, or asks for more on another connection.
            let _ = kill(Moment::Replied);
        }
        Ok(())
    }

    fn ask(&self, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut upstream = TcpStream::connect(self.upstream)?;
        // No header of it is signed, and the answer ends with the connection.
        upstream.write_all(head.trim_end().as_bytes())?;
        upstream.write_all(b"\r\nconnection: close\r\n\r\n")?;
        upstream.write_all(body)?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// One request: its head without a `connection` header, and its body.
fn request(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((head, body)))
}
