//! Which servers are reached, as whom, and with whose trust.

use maps_engine::Class;

use super::*;
use crate::egress::SystemResolver;

fn settings() -> Reference {
    reference(kind("v1", "ConfigMap"), Some("maps"), "settings")
}

/// The kubeconfig is denied with this code, and the audit log says under which rule.
#[track_caller]
fn denied(bench: &Bench, problem: &Problem, code: &str) {
    assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, code), "{problem:?}");
    assert!(problem.message.contains("`read`") && problem.message.contains("kube"), "{}", problem.message);
    assert!(!problem.message.contains(bench.handle.as_str()));
}

#[tokio::test]
async fn rt40_a_hostile_kubeconfig_is_refused_and_logged_with_plugin_and_rule() {
    let server = Server::start(echoing).await;
    let token = format!("token: {TOKEN}");
    let safe = format!("server: https://{HOST}");
    for (cluster, user, code) in [
        (safe.clone(), "exec: {command: sh}".to_owned(), "kubeconfig-exec"),
        (safe.clone(), "auth-provider: {name: oidc}".to_owned(), "kubeconfig-auth-provider"),
        (safe.clone(), "tokenFile: /etc/shadow".to_owned(), "kubeconfig-file"),
        (safe.clone(), format!("{token}, as: 'system:admin'"), "kubeconfig-impersonate"),
        (format!("{safe}, proxy-url: 'http://127.0.0.1:1'"), token.clone(), "kubeconfig-proxy"),
        (format!("{safe}, insecure-skip-tls-verify: true"), token.clone(), "kubeconfig-insecure"),
        (format!("{safe}, certificate-authority: /etc/ssl/cert.pem"), token.clone(), "kubeconfig-file"),
        ("server: 'http://one.k8s.example.com'".to_owned(), token.clone(), "kubeconfig-server"),
    ] {
        let bench = bench_with(transport(&server), &kubeconfig(&cluster, &user), Operation::Read, None);
        denied(&bench, &bench.get(settings()).await.unwrap_err(), code);
        let line = bench.logged(code, Some("read")).await;
        assert_eq!(
            (line["interface"].as_str(), line["summary"].as_str()),
            (Some("kube-read"), Some("opening a kubeconfig"))
        );
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn rt40_a_server_inside_is_not_reached_unless_the_operator_names_it() {
    let server = Server::start(|_| not_found("configmaps", "settings")).await;
    let inside =
        |host: &str| kubeconfig(&format!("server: 'https://{host}:{}'", server.at.port()), &format!("token: {TOKEN}"));
    let live = || Transport::live(Arc::new(SystemResolver), []);
    for host in ["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "localhost"] {
        let bench = bench_with(live(), &inside(host), Operation::Read, None);
        let problem = bench.get(settings()).await.unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, "egress-address"), "{host}: {problem:?}");
    }
    // A metadata service stays refused even then.
    let named = |host: &str| json!({"kube": [{"id": "read", "servers": [host]}]});
    let metadata = bench_with(live(), &inside("169.254.169.254"), Operation::Read, Some(named("169.254.169.254")));
    assert_eq!(metadata.get(settings()).await.unwrap_err().code, "egress-address");
    // Named, it is reached, and fails for its certificate alone.
    let near = bench_with(live(), &inside("127.0.0.1"), Operation::Read, Some(named("127.0.0.1")));
    assert_eq!(near.get(settings()).await.unwrap_err().code, "tls-refused");
    // Another one than was named is not.
    let other = bench_with(live(), &inside("127.0.0.1"), Operation::Read, Some(named("*.k8s.example.com")));
    assert_eq!(other.get(settings()).await.unwrap_err().code, "egress-address");
}

#[tokio::test]
async fn servers_that_a_grant_does_not_name_are_denied() {
    let server = Server::start(|_| not_found("configmaps", "settings")).await;
    let grant = |host: &str| Some(json!({"kube": [{"id": "read", "servers": [host]}]}));
    let here = bench_with(transport(&server), &server.kubeconfig(), Operation::Read, grant("*.k8s.example.com"));
    assert_eq!(here.get(settings()).await.unwrap(), None);
    let elsewhere = bench_with(transport(&server), &server.kubeconfig(), Operation::Read, grant("*.example.org"));
    assert_eq!(elsewhere.get(settings()).await.unwrap_err().code, "kube-no-rule");
    let unknown = kubeconfig("server: https://other.k8s.example.com", &format!("token: {TOKEN}"));
    let bench = bench_with(transport(&server), &unknown, Operation::Read, None);
    assert_eq!(bench.get(settings()).await.unwrap_err().code, "egress-unrehearsed");
}

#[tokio::test]
async fn only_the_kubeconfig_s_own_ca_is_trusted() {
    let server = Server::start(|_| not_found("configmaps", "settings")).await;
    let other = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
    let ca = STANDARD.encode(other.cert.pem());
    let wrong =
        kubeconfig(&format!("server: https://{HOST}, certificate-authority-data: {ca}"), &format!("token: {TOKEN}"));
    // The rehearsal itself trusts the server: what the kubeconfig says counts.
    let trusting =
        Transport::rehearsal([(HOST.to_owned(), server.at)], server.ca.clone().into_bytes(), Faults::default());
    let bench = bench_with(trusting.unwrap(), &wrong, Operation::Read, None);
    assert_eq!(bench.get(settings()).await.unwrap_err().code, "tls-refused");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_no_token_is_sent() {
    let server = Server::start(|_| not_found("configmaps", "settings")).await;
    let made = rcgen::generate_simple_self_signed(["me".to_owned()]).unwrap();
    let (certificate, key) = (STANDARD.encode(made.cert.pem()), STANDARD.encode(made.signing_key.serialize_pem()));
    let ca = STANDARD.encode(&server.ca);
    let cluster = format!("server: https://{HOST}, certificate-authority-data: {ca}");
    let user = format!("client-certificate-data: {certificate}, client-key-data: {key}");
    let bench = bench_with(transport(&server), &kubeconfig(&cluster, &user), Operation::Read, None);
    assert_eq!(bench.get(settings()).await.unwrap(), None);
    assert!(server.asked().iter().all(|asked| !asked.head.contains("authorization")));
    let swapped = format!("client-certificate-data: {certificate}, client-key-data: {certificate}");
    let bench = bench_with(transport(&server), &kubeconfig(&cluster, &swapped), Operation::Read, None);
    assert_eq!(bench.get(settings()).await.unwrap_err().code, "egress-client");
}

#[tokio::test]
async fn rt11_rt19_each_plugin_use_has_connections_of_its_own_and_opens_its_own_handles() {
    let server = Server::start(|_| not_found("configmaps", "settings")).await;
    let transport = transport(&server);
    let one = bench_with(Arc::clone(&transport), &server.kubeconfig(), Operation::Read, None);
    let two = bench_with(transport, &server.kubeconfig(), Operation::Read, None);
    for _ in 0..3 {
        one.get(settings()).await.unwrap();
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1, "kept for the run");
    two.get(settings()).await.unwrap();
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
    let foreign = one.http.kube_get(&one.scope, &two.handle, vec![settings()]).await.remove(0).unwrap_err();
    assert_eq!((foreign.class, foreign.code.as_str()), (Class::Denied, "foreign-handle"));
    one.logged("foreign-handle", Some("read")).await;
    let forged = one.http.kube_get(&one.scope, &server.kubeconfig(), vec![settings()]).await.remove(0).unwrap_err();
    assert_eq!(forged.code, "foreign-handle");
}
