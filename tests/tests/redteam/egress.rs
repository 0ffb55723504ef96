//! Where a guest's calls may go.

use maps_engine::Class;
use serde_json::json;

use crate::service::Manner;
use crate::world::World;

#[tokio::test]
async fn rt08_a_url_outside_of_the_rules_is_refused_with_the_line_to_add() {
    let world = World::new();
    let act = json!({"act": "outside-rules"});
    for operation in ["read", "create"] {
        let problem = world.refused(operation, &act, &["one"], "http-no-rule", None).await;
        let help = problem.help.unwrap();
        assert!(help.contains("plugin.yaml") && help.contains("https://evil.example/things"), "{help}");
    }
    for (url, code) in [
        ("http://api.red.example/things/one", "http-no-rule"),
        ("https://api.red.example:8443/things/one", "http-no-rule"),
        ("https://api.red.example/things/one/other", "http-no-rule"),
        ("https://api.red.example/", "http-no-rule"),
        ("https://api.red.example.evil.example/things/one", "http-no-rule"),
        ("https://api.red.example@evil.example/things/one", "http-url"),
        ("https://api.red.example/things/%2e%2e/one", "http-url"),
        ("https://api.red.example/things/one%2Fkey", "http-url"),
        ("file:///etc/passwd", "http-url"),
    ] {
        let call = json!({"act": "call", "call": {"url": url}});
        world.refused("read", &call, &["one"], code, None).await;
    }
    assert!(world.service.asked().iter().all(|asked| asked.line.contains(" api.red.example/things/")));
}

#[tokio::test]
async fn rt18_a_read_about_another_object_or_with_another_query_is_refused() {
    let world = World::new();
    let other = json!({"act": "call", "call": {"url": "https://api.red.example/things/other"}});
    world.refused("read", &other, &["one"], "http-binding", Some("find-thing")).await;
    let query = json!({"act": "call", "call": {"url": "https://api.red.example/things?owner=me"}});
    world.refused("read", &query, &["one"], "http-query", Some("list-things")).await;
}

#[tokio::test]
async fn rt01_rt02_a_redirect_is_not_followed_by_the_host_nor_by_the_guest() {
    let world = World::new();
    for status in [301, 302, 303, 307, 308] {
        world.service.answers(Manner::Redirect(status, "https://evil.example/steal"));
        // The guest sees the redirect, and goes there by itself: another place, and no rule for it.
        let act = json!({"act": "follow-redirect"});
        let problem = world.call("read", &act, &["one"]).await.unwrap().remove(0).unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, "http-no-rule"), "{problem:?}");
        let log = world.log().await;
        let [.., redirected, denied] = &log[..] else { panic!("{log:?}") };
        assert_eq!((&redirected["outcome"], &redirected["status"]), (&json!("answered"), &json!(status)));
        assert_eq!(
            (&denied["code"], &denied["summary"]),
            (&json!("http-no-rule"), &json!("GET https://evil.example/steal"))
        );
        // A write with a body and a secret is answered with the redirect as it is.
        let problem = world.call("create", &json!({"act": "call-allowed"}), &["one"]).await.unwrap().remove(0);
        assert!(problem.unwrap_err().message.contains(&format!("answered {status}")));
    }
    let strayed: Vec<_> = world.service.asked().into_iter().filter(|asked| asked.line.contains("evil")).collect();
    assert!(strayed.is_empty(), "{strayed:?}");
    world.service.answers(Manner::Honest);
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt09_rt10_headers_that_frame_or_authorise_are_refused() {
    let world = World::new();
    for header in ["host", "authorization", "content-length", "x-http-method-override", "cookie"] {
        let act = json!({"act": "call", "call": {"headers": [[header, "evil.example"]]}});
        let problem = world.refused("read", &act, &["one"], "http-header", None).await;
        assert!(problem.message.contains(header), "{problem:?}");
    }
}

#[tokio::test]
async fn rt02_a_credential_goes_only_with_a_rule_that_names_it() {
    let world = World::new();
    let act = json!({"act": "call", "call": {"credential": "admin"}});
    world.refused("read", &act, &["one"], "http-credential", Some("find-thing")).await;
}

#[tokio::test]
async fn rt30_a_list_that_never_ends_does() {
    let world = World::new();
    let problem = world.refused("find", &json!({"act": "endless-pages"}), &["one"], "too-many-calls", None).await;
    assert!(problem.message.contains("more than 20 outside calls"), "{problem:?}");
    let pages = world.service.asked().into_iter().filter(|asked| asked.line.contains("?page=")).count();
    assert_eq!(pages, 20);
}
