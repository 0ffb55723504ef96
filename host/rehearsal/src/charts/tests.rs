//! Whether clients find what real repositories have.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::chart::CHARTS;
use super::*;
use http::HeaderMap;

fn call(method: Method, host: &str, path: &str, known: Option<&str>) -> Call {
    let mut headers = HeaderMap::new();
    if let Some(known) = known {
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(known).unwrap());
    }
    let (host, path) = (host.to_owned(), path.to_owned());
    Call { method, host, path, raw_query: String::new(), query: Vec::new(), headers, body: Bytes::new() }
}

fn get(host: &str, path: &str) -> Answer {
    let call = call(Method::GET, host, path, None);
    Charts::default().respond(&call, &Charts::asked(&call))
}

fn header_of<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn body(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

/// Follows an index's URL as a client does; the hosts it came by.
fn fetched(host: &str, folder: &str) -> (Vec<String>, Answer) {
    let index = get(host, &format!("{folder}/index.yaml"));
    let url = body(&index).lines().find_map(|line| line.strip_prefix("    - ")).unwrap().to_owned();
    let mut url = if url.starts_with(HTTPS) { url } else { format!("{HTTPS}{host}{folder}/{url}") };
    let mut hosts = Vec::new();
    loop {
        let rest = url.strip_prefix(HTTPS).unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        hosts.push(host.to_owned());
        let answer = get(host, path.split('?').next().unwrap());
        match answer.status {
            StatusCode::FOUND => url = header_of(&answer, "location").to_owned(),
            _ => return (hosts, answer),
        }
    }
}

#[test]
fn each_repository_has_its_chart_where_its_index_says_under_the_digest_that_it_says() {
    let github = ["github.com", "release-assets.githubusercontent.com"];
    for (host, folder, archive, by) in [
        ("kubernetes-sigs.github.io", "/metrics-server", "metrics-server-3.13.1", &github[..]),
        ("charts.jetstack.io", "", "cert-manager-v1.20.0", &["charts.jetstack.io"]),
        ("kubernetes.github.io", "/ingress-nginx", "ingress-nginx-4.15.1", &github),
        ("kubernetes-sigs.github.io", "/external-dns", "external-dns-1.21.1", &github),
        ("charts.external-secrets.io", "", "external-secrets-2.9.0", &github),
        ("cloudnative-pg.github.io", "/charts", "cloudnative-pg-0.29.0", &github),
    ] {
        let index = get(host, &format!("{folder}/index.yaml"));
        assert_eq!((index.status, header_of(&index, "content-type")), (StatusCode::OK, "text/yaml"), "{host}{folder}");
        assert!(body(&index).contains(&format!("/{archive}.tgz\n")), "{}", body(&index));
        let (hosts, archive) = fetched(host, folder);
        assert_eq!(hosts, by);
        assert_eq!(archive.status, StatusCode::OK);
        let digest = header_of(&archive, "etag").trim_matches('"');
        assert!(body(&index).contains(&format!("    digest: {digest}\n")), "{}", body(&index));
    }
}

#[test]
fn what_is_not_there_is_not_found_and_nothing_is_changed() {
    for (host, path, status) in [
        ("charts.jetstack.io", "/", 404),
        ("charts.jetstack.io", "/charts/cert-manager-v9.0.0.tgz", 404),
        ("charts.jetstack.io", "/metrics-server/index.yaml", 404),
        ("kubernetes.github.io", "/index.yaml", 404),
        ("kubernetes.github.io", "/ingress-nginx", 301),
        ("kubernetes.github.io:443", "/ingress-nginx/index.yaml", 200),
        ("kubernetes.github.io", "/ingress-nginxindex.yaml", 404),
        ("github.com", "/kubernetes/kubernetes", 404),
        ("github.com", "/charts/cert-manager-v1.20.0.tgz", 404),
    ] {
        assert_eq!(get(host, path).status.as_u16(), status, "{host}{path}");
    }
    let post = call(Method::POST, "charts.jetstack.io", "/index.yaml", None);
    let answer = Charts::default().respond(&post, &Charts::asked(&post));
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(Charts::default().classify(&post), (Effect::Read, "OTHER /index.yaml".to_owned()));
}

#[test]
fn who_has_it_already_is_not_sent_it_again() {
    let charts = Charts::default();
    let index = get("charts.jetstack.io", "/index.yaml");
    let tag = header_of(&index, "etag").to_owned();
    for (known, status) in [(tag.as_str(), 304), (&format!("\"other\", W/{tag}"), 304), ("*", 304), ("\"other\"", 200)]
    {
        let call = call(Method::GET, "charts.jetstack.io", "/index.yaml", Some(known));
        let answer = charts.respond(&call, &Charts::asked(&call));
        assert_eq!((answer.status.as_u16(), answer.body.is_empty()), (status, status == 304), "{known}");
    }
}

#[test]
fn the_endpoint_has_all_of_it_below_one_address() {
    let (_, endpoint) = Charts::services();
    let asked = |path: &str| {
        let call = call(Method::GET, "127.0.0.1:7", path, None);
        let store = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(&store.path().join("state")).unwrap();
        endpoint.answer(&call, Now::read(crate::clock::Offset::default()), &mut store.begin())
    };
    let index = asked("/kubernetes.github.io/ingress-nginx/index.yaml");
    let url = "http://127.0.0.1:7/github.com/kubernetes/ingress-nginx/releases/download/helm-chart-4.15.1/\
               ingress-nginx-4.15.1.tgz";
    assert!(body(&index).contains(&format!("    - {url}\n")), "{}", body(&index));
    let release = asked(url.strip_prefix("http://127.0.0.1:7").unwrap());
    let location = header_of(&release, "location");
    assert!(location.starts_with("http://127.0.0.1:7/release-assets.githubusercontent.com/"), "{location}");
    let path = location.strip_prefix("http://127.0.0.1:7").unwrap();
    assert_eq!(asked(path.split('?').next().unwrap()).status, StatusCode::OK);
    assert_eq!(asked("/").status, StatusCode::NOT_FOUND);
    assert!(body(&asked("/charts.jetstack.io/index.yaml")).contains("    - charts/cert-manager-v1.20.0.tgz\n"));
}

#[test]
fn the_charts_that_are_carried_are_whole() {
    for chart in CHARTS {
        let metadata = chart.metadata();
        assert!(metadata.lines().any(|line| line == format!("name: {}", chart.name)), "{}", chart.name);
        assert!(!chart.version().is_empty(), "{}", chart.name);
        assert!(chart.files.iter().all(|file| chart.name.len() + file.path.len() < 99), "{}", chart.name);
    }
}
