//! What may leave: rules, addresses, headers, credentials, and what is written down before.

use super::*;

#[tokio::test]
async fn a_call_is_sent_answered_counted_and_recorded() {
    let (server, bench) = tls_bench(ok("{\"a\":1}")).await;
    let response = bench.send(Half::Read, list_with_credential()).await.unwrap();
    assert_eq!((response.status, body(&response)), (200, "{\"a\":1}".to_owned()));
    let asked = server.asked().remove(0);
    assert!(
        asked.contains(&format!("authorization: Bearer {TOKEN}")) && asked.contains("host: api.example.com\r\n"),
        "{asked}"
    );
    assert_eq!(bench.transport.counts().get(), (1, 0));
    let line = bench.audit().await.remove(0);
    assert_eq!(line["rule"], "list");
    assert_eq!(line["addresses"], json!(["maps"]));
    assert_eq!(line["summary"], "GET https://api.example.com/list");
    assert_eq!(line["status"], 200);
}

#[tokio::test]
async fn rt01_rt02_a_redirect_is_answered_and_never_followed() {
    let other = Server::plain(ok("{}")).await;
    let location = format!("location: http://{}/steal\r\n", other.at);
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (server, bench) = tls_bench(answer(status, &location, b"")).await;
        let response = bench.send(Half::Read, list_with_credential()).await.unwrap();
        assert_eq!(response.status.to_string(), status[..3]);
        assert_eq!(server.asked().len(), 1);
    }
    assert!(other.asked().is_empty(), "the credential went along: {:?}", other.asked());
}

#[tokio::test]
async fn rt03_the_address_that_was_checked_is_the_one_connected() {
    let server = Server::plain(ok("{}")).await;
    let port = server.at.port();
    // Were the name resolved once to check and once to connect, the second answer would be used.
    let base = format!("http://inside.example:{port}");
    let rebinding = inside(vec![vec!["127.0.0.1"], vec!["203.0.113.1"]]);
    let once = bench(&base, rebinding, Operation::Read, HttpLimits::default());
    once.send(Half::Read, get(&format!("{base}/list"))).await.unwrap();
    assert_eq!(server.asked().len(), 1);
    // One address inside spoils the public one beside it.
    let base = format!("http://rebound.example:{port}");
    let mixed = bench(&base, inside(vec![vec!["93.184.215.14", "127.0.0.1"]]), Operation::Read, HttpLimits::default());
    mixed.denied(Half::Read, get(&format!("{base}/list")), "egress-address").await;
    assert_eq!(server.asked().len(), 1);
    assert_eq!(mixed.transport.counts().get(), (0, 0));
}

#[tokio::test]
async fn rt04_rt05_addresses_inside_are_refused_by_name_and_by_number() {
    for address in ["169.254.169.254", "127.0.0.1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
        let bench =
            bench("https://outside.example", inside(vec![vec![address]]), Operation::Read, HttpLimits::default());
        bench.denied(Half::Read, get("https://outside.example/list"), "egress-address").await;
    }
    for host in ["http://127.0.0.1:1", "http://[::1]:1", "http://[::ffff:7f00:1]:1", "http://169.254.169.254"] {
        let bench = bench(host, inside(vec![vec!["8.8.8.8"]]), Operation::Read, HttpLimits::default());
        bench.denied(Half::Read, get(&format!("{host}/list")), "egress-address").await;
    }
}

#[tokio::test]
async fn rt06_a_host_that_looks_like_another_is_refused() {
    let (server, bench) = tls_bench(ok("{}")).await;
    for (url, code) in [
        ("https://api.example.com@evil.com/list", "http-url"),
        ("https://api.example.com./list", "http-url"),
        ("https://api.example.com.evil.com/list", "http-no-rule"),
        ("https://xn--pi-6kc.example.com/list", "http-no-rule"),
        ("https://api.example.com/%2e%2e/list", "http-url"),
        ("https://api.example.com//list", "http-url"),
    ] {
        bench.denied(Half::Read, get(url), code).await;
    }
    assert!(server.asked().is_empty());
    bench.send(Half::Read, get("https://API.example.com/list")).await.unwrap();
}

#[tokio::test]
async fn rt09_rt10_headers_that_frame_route_or_authorise_are_refused() {
    let (server, bench) = tls_bench(ok("{}")).await;
    let long = "x".repeat(5000);
    for (name, value) in [
        ("Host", "evil.com"),
        ("authorization", "Bearer x"),
        ("Cookie", "a=b"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "x"),
        ("TE", "trailers"),
        ("upgrade", "h2c"),
        ("proxy-authorization", "x"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("x_http_method_override", "DELETE"),
        ("x-forwarded-for", "10.0.0.1"),
        ("Range", "bytes=10-20"),
        ("if-range", "x"),
        ("x-a", "a\r\nhost: evil.com"),
        ("x-a", "a\0"),
        ("x-a\r\nb", "c"),
        ("", "x"),
        ("x-long", &long),
    ] {
        let mut item = get("https://api.example.com/list");
        item.request.headers = vec![(name.to_owned(), value.to_owned())];
        bench.denied(Half::Read, item, "http-header").await;
    }
    let mut twice = get("https://api.example.com/list");
    twice.request.headers = vec![("x-a".to_owned(), "1".to_owned()), ("X-A".to_owned(), "2".to_owned())];
    bench.denied(Half::Read, twice, "http-header").await;
    let mut lower = get("https://api.example.com/list");
    lower.request.method = "get".to_owned();
    bench.denied(Half::Read, lower, "http-method").await;
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn rt11_two_plugins_never_share_a_connection() {
    let (server, first) = tls_bench(ok("{}")).await;
    let second = bench("https://api.example.com", Arc::clone(&first.transport), Operation::Read, HttpLimits::default());
    for bench in [&first, &first, &second] {
        bench.send(Half::Read, get("https://api.example.com/list")).await.unwrap();
    }
    assert_eq!(server.connections.load(std::sync::atomic::Ordering::SeqCst), 2, "one each, the first one's used twice");
}

#[tokio::test]
async fn rt14_a_write_outside_of_an_apply_is_refused() {
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Read, HttpLimits::default()).await;
    bench.denied(Half::Write, make(&base, &json!({"name": "maps"})), "write-outside-apply").await;
    bench.denied(Half::Read, make(&base, &json!({"name": "maps"})), "http-effect").await;
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn rt18_a_write_about_another_object_is_refused() {
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Create, HttpLimits::default()).await;
    bench.denied(Half::Write, make(&base, &json!({"name": "theirs"})), "http-binding").await;
    let mut surplus = make(&base, &json!({"name": "maps"}));
    surplus.items = vec![0, 7];
    bench.denied(Half::Write, surplus, "write-unknown-item").await;
    // Of a doubled key the service gets the one that was decided on.
    let mut doubled = make(&base, &json!({}));
    doubled.request.body = HttpBody::Json("{\"name\":\"theirs\",\"name\":\"maps\"}".to_owned());
    bench.send(Half::Write, doubled).await.unwrap();
    assert!(server.asked()[0].ends_with("{\"name\":\"maps\"}"), "{:?}", server.asked());
}

#[tokio::test]
async fn a_write_is_journalled_and_recorded_before_it_leaves() {
    let (_server, base, bench) = plain_bench(ok("{}"), Operation::Create, HttpLimits::default()).await;
    bench.send(Half::Write, make(&base, &json!({"name": "maps"}))).await.unwrap();
    let entries = bench.journal.entries.lock().unwrap().clone();
    assert!(
        matches!(&entries[..], [Entry::Call { ops, rule, at: 42, .. }] if ops[0].as_str() == "op-1" && rule.as_str() == "make"),
        "{entries:?}"
    );
    let lines = bench.audit().await;
    assert_eq!((&lines[0]["outcome"], &lines[1]["outcome"]), (&json!("sent"), &json!("answered")));
    assert_eq!(lines[0]["call"], lines[1]["call"]);
    assert_eq!(bench.transport.counts().get(), (0, 1));
}

#[tokio::test]
async fn rt37_without_an_audit_log_or_a_journal_nothing_is_changed() {
    let server = Server::plain(ok("{}")).await;
    let base = format!("http://inside.example:{}", server.at.port());
    let transport = inside(vec![vec!["127.0.0.1"]]);
    let full = Path::new("/dev/full");
    let unaudited = bench_with(
        &base,
        Arc::clone(&transport),
        Operation::Create,
        HttpLimits::default(),
        Some(full),
        Entries::default(),
    );
    let broken = Entries { broken: true, ..Entries::default() };
    let unjournalled = bench_with(&base, transport, Operation::Create, HttpLimits::default(), None, broken);
    for bench in [unaudited, unjournalled] {
        let problem = bench.send(Half::Write, make(&base, &json!({"name": "maps"}))).await.unwrap_err();
        assert_eq!(problem.code, "not-recorded");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_credential_goes_only_where_all_three_sides_say() {
    let (server, bench) = tls_bench(ok("{}")).await;
    let mut elsewhere = get("https://api.example.com/config");
    elsewhere.request.credential = Some("api".to_owned());
    bench.denied(Half::Read, elsewhere, "http-credential").await;
    let (_plain, base, clear) = plain_bench(ok("{}"), Operation::Read, HttpLimits::default()).await;
    let mut item = get(&format!("{base}/list"));
    item.request.credential = Some("api".to_owned());
    clear.denied(Half::Read, item, "credential-host").await;
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_credential_is_never_sent_in_clear() {
    let nowhere = inside(vec![vec!["203.0.113.1"]]);
    let bench = bench("http://api.example.com", nowhere, Operation::Read, HttpLimits::default());
    let mut item = get("http://api.example.com/list");
    item.request.credential = Some("api".to_owned());
    bench.denied(Half::Read, item, "credential-in-clear").await;
}
