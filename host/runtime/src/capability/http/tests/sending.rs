//! How it travels: lost replies, strangers, crashes, proxies.

use super::*;

#[tokio::test]
async fn a_lost_reply_and_a_closed_port_are_told_apart() {
    let (server, base, cut) = plain_bench("", Operation::Create, HttpLimits::default()).await;
    let lost = cut.send(Half::Write, make(&base, &json!({"name": "maps"}))).await.unwrap_err();
    assert_eq!((lost.class, lost.code.as_str()), (Class::Timeout, "reply-lost"));
    assert_eq!(server.asked().len(), 1, "a mutation is never sent twice by itself");
    assert_eq!(cut.transport.counts().get(), (0, 1));

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base = format!("http://inside.example:{}", closed.port());
    let unreachable = bench(&base, inside(vec![vec!["127.0.0.1"]]), Operation::Read, HttpLimits::default());
    let problem = unreachable.send(Half::Read, get(&format!("{base}/list"))).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Unavailable, "not-connected"));
    assert_eq!(unreachable.transport.counts().get(), (0, 0));
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_is_refused() {
    let (server, _) = Server::tls(ok("{}")).await;
    let (_, other_ca) = Server::tls(ok("{}")).await;
    let transport =
        Transport::rehearsal([("api.example.com".to_owned(), server.at)], other_ca, Faults::default()).unwrap();
    let bench = bench("https://api.example.com", transport, Operation::Read, HttpLimits::default());
    bench.denied(Half::Read, list_with_credential(), "tls-refused").await;
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_rehearsal_refuses_hosts_that_it_does_not_know() {
    let (server, ca) = Server::tls(ok("{}")).await;
    let transport = Transport::rehearsal([("api.example.com".to_owned(), server.at)], ca, Faults::default()).unwrap();
    for base in ["https://other.example.com", "https://api.example.com:8443", "http://127.0.0.1"] {
        let bench = bench(base, Arc::clone(&transport), Operation::Read, HttpLimits::default());
        bench.denied(Half::Read, get(&format!("{base}/list")), "egress-unrehearsed").await;
    }
}

/// Set in the child process of the test below: `FAULT ADDRESS`.
const CRASH: &str = "MAPS_TEST_CRASH";

/// The next test by its path, which runs itself in a process of its own.
fn the_crashing_test() -> String {
    let (_, path) = module_path!().split_once("::").unwrap();
    format!("{path}::a_crash_comes_before_at_or_after_the_call_that_it_names")
}

#[tokio::test]
async fn a_crash_comes_before_at_or_after_the_call_that_it_names() {
    if let Ok(told) = std::env::var(CRASH) {
        // The child: three calls, of which the second is never told about.
        let (fault, at) = told.split_once(' ').unwrap();
        let ca = std::fs::read(std::env::var("MAPS_TEST_CA").unwrap()).unwrap();
        let faults = Faults::new(vec![fault.parse().unwrap()]);
        let transport =
            Transport::rehearsal([("api.example.com".to_owned(), at.parse().unwrap())], ca, faults).unwrap();
        let bench = bench("https://api.example.com", transport, Operation::Read, HttpLimits::default());
        for _ in 0..3 {
            bench.send(Half::Read, list_with_credential()).await.unwrap();
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    for (fault, served) in [("crash-before@2", 1), ("crash-sent@2", 2), ("crash-replied@2", 2), ("crash-sent@4", 3)] {
        let (server, ca) = Server::tls(ok("{}")).await;
        std::fs::write(&ca_file, ca).unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &the_crashing_test()]);
        child.env(CRASH, format!("{fault} {}", server.at)).env("MAPS_TEST_CA", &ca_file);
        let ended = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap().status;
        let killed = std::os::unix::process::ExitStatusExt::signal(&ended) == Some(9);
        assert_eq!((killed, server.asked().len()), (fault != "crash-sent@4", served), "{fault}: {ended}");
    }
}

#[tokio::test]
async fn a_stop_at_each_call_shows_what_a_crash_there_would_leave() {
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
    let (server, ca) = Server::tls(ok("{}")).await;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, ca).unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &the_crashing_test()]);
    child.env(CRASH, format!("stop-sent@1-9 {}", server.at)).env("MAPS_TEST_CA", &ca_file);
    let mut child = child.stdout(std::process::Stdio::null()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let mut served = Vec::new();
    loop {
        let seen = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = tokio::task::spawn_blocking(move || waitid(WaitId::Pid(pid), seen)).await.unwrap().unwrap();
        if !status.is_some_and(|status| status.stopped()) {
            break;
        }
        served.push(server.asked().len());
        kill_process(pid, Signal::CONT).unwrap();
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(served, [1, 2, 3]);
}

#[tokio::test]
async fn rt12_a_proxy_of_the_environment_is_not_used() {
    let proxy = Server::plain(ok("{}")).await;
    let (server, ca) = Server::tls(ok("{}")).await;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, ca).unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &the_crashing_test()]);
    child.env(CRASH, format!("crash-before@99 {}", server.at)).env("MAPS_TEST_CA", &ca_file);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"] {
        child.env(name, format!("http://{}", proxy.at));
    }
    let ended = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap().status;
    assert!(ended.success(), "{ended}");
    assert_eq!((server.asked().len(), proxy.connections.load(std::sync::atomic::Ordering::SeqCst)), (3, 0));
}
