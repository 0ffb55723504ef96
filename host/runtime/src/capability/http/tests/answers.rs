//! What comes back: echoed secrets, sealed places, bombs and endless pages.

use super::*;

#[tokio::test]
async fn a_challenge_is_shown_unless_its_scheme_carries_tokens() {
    for (challenge, shown) in [
        ("Bearer realm=\"https://auth.example.com/token\",service=\"charts\"", true),
        ("basic realm=\"charts\"", true),
        ("Negotiate YII=", false),
        ("Digest realm=\"x\", nonce=\"y\"", false),
    ] {
        let headers = format!("www-authenticate: {challenge}\r\n");
        let (_server, bench) = tls_bench(answer("401 Unauthorized", &headers, b"{}")).await;
        let response = bench.send(Half::Read, list_with_credential()).await.unwrap();
        let seen = response.headers.iter().any(|(name, value)| name == "www-authenticate" && value == challenge);
        assert_eq!((response.status, seen), (401, shown), "{challenge}");
    }
}

#[tokio::test]
async fn rt24_a_credential_that_is_echoed_does_not_reach_the_guest() {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("x{TOKEN}yz"));
    let json =
        json!({"plain": TOKEN, "inside": format!("Bearer {TOKEN}!"), "base64": base64, TOKEN: 1, "list": [TOKEN]})
            .to_string();
    let escaped = format!("{{\"a\":\"\\u0064{}\"}}", &TOKEN[1..]);
    let doubled = format!("{{\"a\":\"{TOKEN}\",\"a\":1}}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(json.as_bytes()).unwrap();
    let headers = format!("x-echo: {TOKEN}\r\nset-cookie: s={TOKEN}\r\n");
    for reply in [
        answer("200 OK", &headers, json.as_bytes()),
        answer("500 Oh", &headers, format!("you sent {TOKEN}").as_bytes()),
        answer("200 OK", "", escaped.as_bytes()),
        answer("200 OK", "", doubled.as_bytes()),
        answer("200 OK", "", &[TOKEN.as_bytes(), &[0xff]].concat()),
        answer("200 OK", "content-encoding: gzip\r\n", &gzip.finish().unwrap()),
    ] {
        let (_server, bench) = tls_bench(reply).await;
        let response = bench.send(Half::Read, list_with_credential()).await.unwrap();
        let seen = format!("{:?} {}", response.headers, String::from_utf8_lossy(&response.body));
        assert!(
            !seen.contains("0123456789abcdef") && !seen.contains("set-cookie") && !seen.contains(&base64[8..40]),
            "{seen}"
        );
        let _ = serde_json::from_slice::<Json>(&response.body).map(|json| assert!(!json.to_string().contains(TOKEN)));
        bench.audit().await;
    }
}

#[tokio::test]
async fn rt24_a_sealed_value_that_is_echoed_is_sealed_again() {
    let (_server, base, bench) = plain_bench(
        ok("{\"password\":\"hunter-2-hunter-2\",\"name\":\"maps\"}"),
        Operation::Create,
        HttpLimits::default(),
    )
    .await;
    let handle = bench.scope.seals().mint(Value::from("hunter-2-hunter-2"));
    let response =
        bench.send(Half::Write, make(&base, &json!({"name": "maps", "password": {"$sealed": handle}}))).await.unwrap();
    let json: Json = serde_json::from_slice(&response.body).unwrap();
    let again = json["password"]["$sealed"].as_str().unwrap();
    assert_eq!(bench.scope.seals().open(again), Some(&Value::from("hunter-2-hunter-2")));
    assert_eq!(json["name"], "maps");
}

#[tokio::test]
async fn what_a_rule_seals_is_a_handle() {
    let (_server, base, bench) = plain_bench(ok("apiVersion: v1"), Operation::Read, HttpLimits::default()).await;
    let response = bench.send(Half::Read, get(&format!("{base}/config"))).await.unwrap();
    let json: Json = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(bench.scope.seals().open(json["$sealed"].as_str().unwrap()), Some(&Value::from("apiVersion: v1")));

    let (_server, base, bench) = plain_bench(
        ok("{\"keys\":[{\"id\":1,\"secret\":\"first-key\"},{\"id\":2,\"secret\":\"def\"}]}"),
        Operation::Read,
        HttpLimits::default(),
    )
    .await;
    let response = bench.send(Half::Read, get(&format!("{base}/keys"))).await.unwrap();
    let json: Json = serde_json::from_slice(&response.body).unwrap();
    let handle = json["keys"][1]["secret"]["$sealed"].as_str().unwrap();
    assert_eq!(bench.scope.seals().open(handle), Some(&Value::from("def")));
    assert_eq!(json["keys"][0]["id"], 1);
    assert!(!body(&response).contains("first-key"));

    let (_server, base, bench) = plain_bench(ok("not JSON: abc"), Operation::Read, HttpLimits::default()).await;
    let response = bench.send(Half::Read, get(&format!("{base}/keys"))).await.unwrap();
    assert!(body(&response).starts_with("{\"$sealed\""), "{}", body(&response));
}

#[tokio::test]
async fn a_sealed_place_is_sealed_whatever_is_asked_for_and_answered() {
    let looks_sealed = ok("{\"keys\":[{\"secret\":{\"$sealed\":\"abc-in-clear\"}}]}");
    let (_server, base, bench) = plain_bench(looks_sealed, Operation::Read, HttpLimits::default()).await;
    let response = bench.send(Half::Read, get(&format!("{base}/keys"))).await.unwrap();
    assert!(!body(&response).contains("abc-in-clear"), "{}", body(&response));

    let mut other_form = get(&format!("{base}/keys"));
    other_form.request.headers = vec![("accept".to_owned(), "application/json;as=Table".to_owned())];
    bench.denied(Half::Read, other_form, "http-accept").await;
}

#[tokio::test]
async fn rt18_a_body_that_was_judged_as_json_is_not_sent_as_a_form() {
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Create, HttpLimits::default()).await;
    for kind in ["application/x-www-form-urlencoded", "text/json", "application/json; charset=utf-16", "x+json"] {
        let mut item = make(&base, &json!({"name": "maps", "&name=other&x": 1}));
        item.request.headers = vec![("content-type".to_owned(), kind.to_owned())];
        bench.denied(Half::Write, item, "http-content-type").await;
    }
    assert!(server.asked().is_empty());
    for kind in ["application/json; charset=UTF-8", "application/merge-patch+json"] {
        let mut item = make(&base, &json!({"name": "maps"}));
        item.request.headers = vec![("content-type".to_owned(), kind.to_owned())];
        bench.send(Half::Write, item).await.unwrap();
    }
}

#[tokio::test]
async fn rt25_what_is_no_url_is_recorded_without_its_query_and_user() {
    let (_server, bench) = tls_bench(ok("{}")).await;
    let item = get("https://user:word@api.example.com/list?token=abc def#frag");
    bench.denied(Half::Read, item, "http-url").await;
    let line = bench.audit().await.pop().unwrap();
    assert_eq!(line["summary"], "GET api.example.com/list");
}

#[tokio::test]
async fn rt26_a_handle_is_opened_at_a_sink_and_nowhere_else() {
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Create, HttpLimits::default()).await;
    let handle = bench.scope.seals().mint(Value::from("hunter-2-hunter-2"));
    for (body, code) in [
        (json!({"name": "maps", "other": {"$sealed": handle}}), "sealed-elsewhere"),
        (json!({"name": "maps", "password": [{"$sealed": handle}]}), "sealed-elsewhere"),
        (json!({"name": "maps", "password": format!("x{handle}")}), "sealed-handle"),
        (json!({"name": "maps", "password": {"$sealed": "00112233445566778899aabbccddeeff"}}), "sealed-handle"),
        (json!({"name": "maps", "password": {"$sealed": handle, "x": 1}}), "sealed-handle"),
        (json!({"name": "maps", "other": "hunter-2-hunter-2"}), "sealed-elsewhere"),
    ] {
        bench.denied(Half::Write, make(&base, &body), code).await;
    }
    let mut header = make(&base, &json!({"name": "maps"}));
    header.request.headers = vec![("x-a".to_owned(), "hunter-2-hunter-2".to_owned())];
    bench.denied(Half::Write, header, "secret-in-clear").await;
    assert!(server.asked().is_empty());
    bench.send(Half::Write, make(&base, &json!({"name": "maps", "password": {"$sealed": handle}}))).await.unwrap();
    assert!(server.asked()[0].ends_with("{\"name\":\"maps\",\"password\":\"hunter-2-hunter-2\"}"));
}

#[tokio::test]
async fn rt30_bombs_drips_and_endless_pages_end() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 4 << 20]).unwrap();
    let bomb = answer("200 OK", "content-encoding: gzip\r\n", &gzip.finish().unwrap());
    let code = |problem: Result<HttpResponse, maps_engine::Problem>| problem.unwrap_err().code;

    let (_server, base, bench) = plain_bench(bomb.clone(), Operation::Read, HttpLimits::default()).await;
    assert_eq!(code(bench.send(Half::Read, get(&format!("{base}/list"))).await), "answer-expands");
    let small = HttpLimits { response_bytes: 1 << 20, response_ratio: usize::MAX, ..HttpLimits::default() };
    let (_server, base, bench) = plain_bench(bomb, Operation::Read, small.clone()).await;
    assert_eq!(code(bench.send(Half::Read, get(&format!("{base}/list"))).await), "answer-size");
    let (_server, base, bench) = plain_bench(answer("200 OK", "", &vec![b'x'; 2 << 20]), Operation::Read, small).await;
    assert_eq!(code(bench.send(Half::Read, get(&format!("{base}/list"))).await), "answer-size");

    // A promise of more bytes than ever come.
    let drip = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx";
    let quick = HttpLimits { call_time: Duration::from_millis(50), ..HttpLimits::default() };
    let (_server, base, bench) = plain_bench(drip, Operation::Read, quick).await;
    let problem = bench.send(Half::Read, get(&format!("{base}/list"))).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Timeout, "no-answer"));
    assert_eq!(bench.audit().await[0]["outcome"], "failed");

    let few = HttpLimits { calls: 3, ..HttpLimits::default() };
    let (server, base, bench) = plain_bench(ok("{}"), Operation::Read, few).await;
    let pages = vec![get(&format!("{base}/list")); 5];
    let results = bench.http.send(&bench.scope, Half::Read, pages).await;
    let sent: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(sent, [true, true, true, false, false]);
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn rt30_many_large_answers_do_not_pile_up_in_the_host() {
    let limits = HttpLimits { answers_bytes: 1000, concurrency: 1, ..HttpLimits::default() };
    let large = format!("\"{}\"", "x".repeat(600));
    let (server, base, bench) = plain_bench(ok(&large), Operation::Read, limits).await;
    let items = (0..5).map(|_| get(&format!("{base}/list"))).collect();
    let answers = bench.http.send(&bench.scope, Half::Read, items).await;
    let codes: Vec<_> = answers.iter().map(|answer| answer.as_ref().map_err(|p| p.code.as_str()).map(|_| ())).collect();
    assert_eq!(codes, [Ok(()), Ok(()), Err("answers-size"), Err("answers-size"), Err("answers-size")]);
    assert_eq!(server.asked().len(), 2);
    bench.send(Half::Read, get(&format!("{base}/list"))).await.unwrap();
}

#[tokio::test]
async fn a_packing_that_was_not_asked_for_is_refused() {
    let (_server, base, bench) =
        plain_bench(answer("200 OK", "content-encoding: br\r\n", b"xx"), Operation::Read, HttpLimits::default()).await;
    assert_eq!(bench.send(Half::Read, get(&format!("{base}/list"))).await.unwrap_err().code, "answer-encoding");
}
