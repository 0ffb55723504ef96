//! The meet is a meet: it allows what both sides allow, and nothing else. (Red team 20, 22.)

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::super::{HttpScope, Manifest, RequestUrl, UrlPattern};
use super::{effective, manifest, step};

pub(super) fn pattern() -> impl Strategy<Value = UrlPattern> {
    let scheme = prop_oneof![4 => Just("https"), 1 => Just("http")];
    let host = prop_oneof![
        Just("h.example.com"),
        Just("*.example.com"),
        Just("example.com"),
        Just("g.example.com"),
        Just("*.com.example")
    ];
    let port = prop_oneof![4 => Just(""), 1 => Just(":8443"), 1 => Just(":443")];
    let segment = prop_oneof![Just("a"), Just("b"), Just("*"), Just("{id}"), Just("{inputs.name}"), Just("a%26b")];
    let end = prop_oneof![2 => Just(""), 1 => Just("/**"), 1 => Just("/")];
    (scheme, host, port, prop::collection::vec(segment, 0..4), end).prop_map(|(scheme, host, port, segments, end)| {
        let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
        format!("{scheme}://{host}{port}{path}{end}").parse().unwrap()
    })
}

fn url() -> impl Strategy<Value = RequestUrl> {
    let scheme = prop_oneof![4 => Just("https"), 1 => Just("http")];
    let host = prop_oneof![Just("h.example.com"), Just("g.example.com"), Just("example.com"), Just("x.h.example.com")];
    let port = prop_oneof![4 => Just(""), 1 => Just(":8443")];
    let end = prop_oneof![3 => Just(""), 1 => Just("/")];
    (scheme, host, port, prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("c")], 0..4), end).prop_map(
        |(scheme, host, port, segments, end)| {
            let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
            let end = if segments.is_empty() { "" } else { end };
            RequestUrl::parse(&format!("{scheme}://{host}{port}{path}{end}")).unwrap()
        },
    )
}

fn allows(pattern: Option<&UrlPattern>, url: &RequestUrl) -> bool {
    let step = step("a", Some("b"));
    pattern.is_some_and(|pattern| pattern.matches(url, &step).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rt20_the_meet_of_patterns_allows_exactly_what_both_do(a in pattern(), b in pattern(), urls in prop::collection::vec(url(), 1..20)) {
        let met = a.meet(&b);
        for url in urls {
            prop_assert_eq!(allows(met.as_ref(), &url), allows(Some(&a), &url) && allows(Some(&b), &url), "{} ∧ {} at {}", a, b, url);
        }
        if let Some(met) = &met {
            prop_assert!(met.subset_of(&a) && met.subset_of(&b), "{} ∧ {} = {}", a, b, met);
        }
    }

    #[test]
    fn rt20_the_meet_of_patterns_is_commutative_idempotent_and_associative(a in pattern(), b in pattern(), c in pattern()) {
        prop_assert_eq!(a.meet(&b), b.meet(&a));
        prop_assert_eq!(a.meet(&a), Some(a.clone()));
        let left = a.meet(&b).and_then(|met| met.meet(&c));
        let right = b.meet(&c).and_then(|met| a.meet(&met));
        prop_assert_eq!(left, right);
    }

    #[test]
    fn rt20_a_subset_allows_nothing_that_the_whole_does_not(a in pattern(), b in pattern(), urls in prop::collection::vec(url(), 1..20)) {
        prop_assert!(a.subset_of(&a));
        prop_assert_eq!(a.subset_of(&b), a.meet(&b) == Some(a.clone()), "{} and {}", a, b);
        if a.subset_of(&b) {
            prop_assert_eq!(a.meet(&b), Some(a.clone()), "{} ⊆ {}", a, b);
            for url in urls {
                prop_assert!(!allows(Some(&a), &url) || allows(Some(&b), &url), "{} ⊆ {} at {}", a, b, url);
            }
        }
    }

    #[test]
    fn a_pattern_reads_as_it_is_written_whatever_it_came_of(a in pattern(), b in pattern()) {
        for pattern in [Some(a.clone()), a.meet(&b)].into_iter().flatten() {
            prop_assert_eq!(pattern.to_string().parse(), Ok(pattern));
        }
    }

    #[test]
    fn rt20_the_meet_of_scopes_is_no_wider_than_either(a in scope(), b in scope()) {
        prop_assert_eq!(a.meet(&a), Some(a.clone()));
        prop_assert_eq!(a.meet(&b), b.meet(&a));
        if let Some(met) = a.meet(&b) {
            for side in [&a, &b] {
                prop_assert!(met.methods.is_subset(&side.methods) && met.operations.is_subset(&side.operations));
                prop_assert!(met.query.is_subset(&side.query) && met.sinks.is_subset(&side.sinks));
                prop_assert!(met.url.subset_of(&side.url));
                prop_assert!(side.bind.body.keys().all(|pointer| met.bind.body.contains_key(pointer)));
            }
        }
    }
}

pub(super) fn scope() -> impl Strategy<Value = HttpScope> {
    let some = |words: &'static [&'static str]| prop::collection::btree_set(prop::sample::select(words), 0..3);
    let methods = prop::collection::btree_set(prop::sample::select(&["POST", "PUT", "DELETE"][..]), 1..3);
    (pattern(), methods, some(&["page", "tag"]), some(&["/a", "/b/*"]), some(&["/name", "/region"])).prop_map(
        |(url, methods, query, sinks, bound)| {
            let bind: BTreeSet<_> = bound.into_iter().collect();
            let bind = bind.into_iter().map(|pointer| (pointer.to_owned(), json!("{inputs.name}")));
            let mut rule = json!({
                "id": "r", "effect": "write", "methods": methods, "url": url.to_string(), "reason": "writes",
                "bind": {"body": bind.collect::<serde_json::Map<_, _>>()},
            });
            for (name, set) in [("query", query), ("sinks", sinks)] {
                if !set.is_empty() {
                    rule[name] = json!(set);
                }
            }
            Manifest::parse(&manifest(json!([rule]))).unwrap().rules.remove(0).http().unwrap().clone()
        },
    )
}

#[test]
fn rt07_a_wildcard_is_one_label_and_never_the_apex() {
    let pattern: UrlPattern = "https://*.example.com/x".parse().unwrap();
    let covers = |url: &str| pattern.covers(&RequestUrl::parse(url).unwrap());
    assert!(covers("https://a.example.com/x"));
    for outside in [
        "https://example.com/x",
        "https://a.b.example.com/x",
        "https://aexample.com/x",
        "https://a.example.com.evil.com/x",
    ] {
        assert!(!covers(outside), "{outside}");
    }
}

#[test]
fn rt08_scheme_and_port_are_part_of_the_pattern() {
    let covers =
        |pattern: &str, url: &str| pattern.parse::<UrlPattern>().unwrap().covers(&RequestUrl::parse(url).unwrap());
    assert!(covers("https://h.example/x", "https://h.example:443/x"));
    assert!(!covers("https://h.example/x", "http://h.example/x"));
    assert!(!covers("https://h.example/x", "http://h.example:443/x"));
    assert!(!covers("https://h.example/x", "https://h.example:8443/x"));
    assert!(covers("https://h.example:8443/x", "https://h.example:8443/x"));
    assert!(!covers("https://h.example:8443/x", "https://h.example/x"));
}

#[test]
fn rt20_absent_is_not_any_and_overlap_is_not_subset() {
    let rule = json!([{
        "id": "make", "effect": "write", "methods": ["POST"], "url": "https://api.example.com/v2/{id}/*",
        "query": ["page"], "reason": "makes",
    }]);
    // What the grant leaves out stays as declared, what it widens stays as declared, and is told.
    let granted = json!({"http": [{"id": "make", "url": "https://*.example.com/**", "methods": ["POST", "DELETE"], "query": ["page", "all"]}]});
    let met = effective(rule.clone(), Some(granted));
    let surplus: Vec<_> = met.surplus.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(surplus, ["grant.http[0].methods", "grant.http[0].url", "grant.http[0].query"]);
    assert_eq!(met.rules, effective(rule.clone(), None).rules);
    assert!(met.plain.is_empty(), "`log` is declared and not in the grant");
    // Where both ask for something, both are held.
    let both =
        effective(rule, Some(json!({"http": [{"id": "make", "url": "https://api.example.com/*/maps/{inputs.name}"}]})));
    assert_eq!(both.rules[0].http().unwrap().url.to_string(), "https://api.example.com/v2/maps&{id}/{inputs.name}");
}

#[test]
fn rt22_a_manifest_cannot_bring_its_own_grant() {
    let mut bundled = manifest(json!([]));
    bundled["grant"] = json!({"http": []});
    assert_eq!(Manifest::parse(&bundled).unwrap_err().0[0].path, "grant");
}
