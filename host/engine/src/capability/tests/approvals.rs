//! What is in effect lies within what was approved, or what was widened is named. (Red team 20, 34.)

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::super::{
    Allowance, AllowedRule, ApiScope, Approval, CredentialKind, CredentialUse, Effect, Effective, HttpScope, Interface,
    Lock, Manifest, Scope, Seal, Template,
};
use super::lattice::scope;
use crate::name::{PluginName, RuleId};

fn credential() -> impl Strategy<Value = Option<CredentialUse>> {
    let hosts = prop::collection::btree_set(prop::sample::select(&["a.example", "b.example"][..]), 1..3);
    let kind = prop_oneof![
        3 => Just(CredentialKind::Bearer),
        1 => Just(CredentialKind::Header { name: "x-key".to_owned() }),
    ];
    let from = prop_oneof![3 => Just("cloud"), 1 => Just("other")];
    let given = (kind, from, hosts).prop_map(|(kind, from, hosts)| CredentialUse {
        name: "api".to_owned(),
        kind,
        from: from.to_owned(),
        hosts: hosts.into_iter().map(str::to_owned).collect(),
    });
    prop::option::weighted(0.7, given)
}

fn seal() -> impl Strategy<Value = Seal> {
    let places = prop::collection::btree_set(prop::sample::select(&["/key", "/token/*"][..]), 0..3);
    let at = places.prop_map(|places| Seal::At(places.into_iter().map(|place| place.parse().unwrap()).collect()));
    prop_oneof![3 => at, 1 => Just(Seal::Body)]
}

/// A scope of a service whose actions are known.
fn api() -> impl Strategy<Value = ApiScope> {
    let actions = prop::collection::btree_set(prop::sample::select(&["PutParameter", "AddTagsToResource"][..]), 1..3);
    let names = prop::sample::select(&["**", "/maps/**", "/maps/*", "/maps/a", "/*/a", "/b/**"][..]);
    let names = prop::collection::btree_set(names, 1..4);
    let bound = prop::option::of(prop::sample::select(&["{inputs.name}", "{id}"][..]));
    (actions, names, bound, any::<bool>()).prop_map(|(actions, names, bound, sink)| {
        let mut rule = json!({
            "id": "one", "effect": "write", "credential": "aws", "reason": "writes", "actions": actions, "names": names,
        });
        if let Some(bound) = bound {
            rule["bind"] = json!({"/Tags": bound});
        }
        if sink && actions.contains("PutParameter") {
            rule["sinks"] = json!(["/Value"]);
        }
        let manifest = json!({
            "maps": "v1", "plugin": "p", "version": "1", "description": "d",
            "credentials": {"aws": {"type": "aws", "reason": "it signs"}}, "capabilities": {"ssm": [rule]},
        });
        match Manifest::parse(&manifest).unwrap().rules.remove(0).scope {
            Scope::Api(scope) => scope,
            Scope::Http(_) | Scope::Kube(_) | Scope::Files(_) => unreachable!("a rule of ssm"),
        }
    })
}

fn rule() -> impl Strategy<Value = AllowedRule> {
    let http = (scope(), seal()).prop_map(|(scope, seal)| Scope::Http(HttpScope { seal, ..scope }));
    let scope = prop_oneof![http, api().prop_map(Scope::Api), super::kube::scope().prop_map(Scope::Kube)];
    (scope, credential()).prop_map(|(scope, credential)| AllowedRule { effect: Effect::Write, scope, credential })
}

fn allowance() -> impl Strategy<Value = Allowance> {
    let interfaces = prop::collection::btree_set(prop::sample::select(&Interface::PLAIN[..]), 0..3);
    let id = prop::sample::select(&["one", "two"][..]).prop_map(RuleId::new);
    (interfaces, prop::collection::btree_map(id, rule(), 0..3)).prop_map(|(interfaces, rules)| Allowance {
        interfaces,
        rules,
        ..Allowance::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rt34_the_order_of_approvals_is_that_of_their_meet(a in allowance(), b in allowance(), c in allowance()) {
        prop_assert!(a.within(&a) && a.changes(&a).is_empty());
        prop_assert_eq!(a.within(&b), a.meet(&b) == a, "{:?}", a.changes(&b));
        prop_assert_eq!(a.meet(&b), b.meet(&a));
        let met = a.meet(&b);
        prop_assert!(met.within(&a) && met.within(&b));
        prop_assert!(met.meet(&c).within(&c));
        prop_assert_eq!(a.within(&b) && b.within(&a), a == b, "two that lie within each other are the same");
        prop_assert!(!(a.within(&met) && met.within(&c)) || a.within(&c));
    }

    #[test]
    fn rt34_the_grant_that_is_offered_leaves_no_more_than_was_approved(now in scope(), then in scope(), seal in seal()) {
        let rule = |scope: &HttpScope| json!([{
            "id": "one", "effect": "write", "operations": scope.operations, "methods": scope.methods, "url": scope.url,
            "query": scope.query, "bind": scope.bind, "sinks": scope.sinks, "reason": "writes",
        }]);
        let declared = Manifest::parse(&super::manifest(rule(&now))).unwrap();
        let allowed = |scope| AllowedRule { effect: Effect::Write, scope, credential: None };
        let allowance = |effective: &Effective| Allowance {
            interfaces: effective.plain.clone(),
            rules: effective.rules.iter().map(|rule| (rule.id.clone(), allowed(rule.scope.clone()))).collect(),
            ..Allowance::default()
        };
        let approved = Allowance {
            rules: BTreeMap::from([(RuleId::new("one"), allowed(Scope::Http(HttpScope { seal, ..then })))]),
            ..Allowance::default()
        };
        let wanted = allowance(&Effective::meet(&declared, None).unwrap());
        let kept = wanted.meet(&approved);
        let grant = kept.grant(&declared);
        let granted = Effective::meet(&declared, Some(&grant)).map_err(|faults| TestCaseError::fail(faults.to_string()))?;
        prop_assert_eq!(allowance(&granted), kept, "{}", grant);
        prop_assert!(granted.surplus.is_empty(), "{:?}", granted.surplus);
    }

    #[test]
    fn a_lock_reads_as_it_is_written(a in allowance(), b in allowance(), source in "\\PC{1,12}", version in "[ -~\u{430}\u{202e}\u{1f600}]{1,9}") {
        let approval = |allowance: &Allowance| Approval {
            source: format!("./{source}.wasm"),
            version: format!("v{version}"),
            digest: "0f".repeat(32),
            allowance: allowance.clone(),
        };
        let mut lock = Lock::default();
        lock.approve("maps", PluginName::new("doks"), approval(&a));
        lock.approve("maps", PluginName::new("helm"), approval(&b));
        lock.approve("maps@prod", PluginName::new("doks"), approval(&b));
        let text = lock.render();
        prop_assert!(text.is_ascii());
        match Lock::parse("maps.lock", text.as_bytes()) {
            Ok(read) => prop_assert_eq!(read, lock),
            Err(diagnostics) => prop_assert!(false, "{:?}\n{}", diagnostics, text),
        }
    }
}

fn approved() -> Allowance {
    let rule = json!([{
        "id": "make", "effect": "write", "operations": ["create"], "methods": ["POST"],
        "url": "https://api.example.com/v2/{inputs.name}", "query": ["page"], "bind": {"body": {"/name": "{inputs.name}"}},
        "sinks": ["/token"], "seal": ["/key"], "credential": "api", "reason": "makes",
    }]);
    let effective = super::effective(rule, None);
    let credential = CredentialUse {
        name: "api".to_owned(),
        kind: CredentialKind::Bearer,
        from: "cloud".to_owned(),
        hosts: BTreeSet::from(["api.example.com".to_owned()]),
    };
    let rules = effective.rules.into_iter().map(|rule| {
        let credential = Some(credential.clone());
        (rule.id, AllowedRule { effect: rule.effect, scope: rule.scope, credential })
    });
    Allowance { interfaces: effective.plain, rules: rules.collect(), ..Allowance::default() }
}

/// What is said when one thing alone is wider, and that nothing is when the same is narrower.
#[track_caller]
fn alone(widen: impl FnOnce(&mut Allowance), expected: &str) {
    let before = approved();
    let mut now = approved();
    widen(&mut now);
    let told: Vec<_> = now.changes(&before).into_iter().map(|change| (change.widened, change.message)).collect();
    assert_eq!(told, [(true, expected.to_owned())]);
    assert!(!now.within(&before));
    assert!(before.within(&now) || expected.contains("instead") || expected.contains("is sent with"));
}

fn make(allowance: &mut Allowance) -> &mut AllowedRule {
    allowance.rules.get_mut("make").unwrap()
}

fn http(allowance: &mut Allowance) -> &mut HttpScope {
    scope_of(make(allowance))
}

fn scope_of(rule: &mut AllowedRule) -> &mut HttpScope {
    match &mut rule.scope {
        Scope::Http(scope) => scope,
        Scope::Api(_) | Scope::Kube(_) | Scope::Files(_) => unreachable!("a rule of http"),
    }
}

#[test]
fn rt34_whatever_is_widened_alone_is_named() {
    alone(|now| _ = now.interfaces.insert(Interface::Reveal), "may use `reveal`");
    alone(|now| _ = http(now).methods.insert("DELETE".into()), "may send `DELETE`");
    alone(
        |now| http(now).url = "https://api.example.com/v2/*".parse().unwrap(),
        "reaches https://api.example.com/v2/* instead of https://api.example.com/v2/{inputs.name}",
    );
    alone(
        |now| http(now).url = "https://*.example.com/v2/{inputs.name}".parse().unwrap(),
        "reaches https://*.example.com/v2/{inputs.name} instead of https://api.example.com/v2/{inputs.name}",
    );
    alone(|now| _ = http(now).operations.insert(super::super::Operation::Delete), "may serve `delete`");
    alone(|now| _ = http(now).query.insert("all".into()), "may set the query parameter `all`");
    alone(|now| http(now).bind.body.clear(), "is no longer bound to have {inputs.name} at `/name`");
    alone(|now| _ = http(now).sinks.insert("/other".parse().unwrap()), "may send secrets at `/other`");
    alone(|now| http(now).seal = Seal::At(BTreeSet::new()), "sees in clear what was sealed of its answers");
    alone(
        |now| _ = make(now).credential.as_mut().unwrap().hosts.insert("evil.example".into()),
        "may send `cloud` to `evil.example`",
    );
    alone(
        |now| make(now).credential.as_mut().unwrap().from = "bank".into(),
        "is sent with the credential `bank`, which goes to api.example.com",
    );
    alone(
        |now| {
            let mut more = make(now).clone();
            scope_of(&mut more).url = "https://api.example.com/v3".parse().unwrap();
            now.rules.insert(RuleId::new("more"), more);
        },
        "may write POST https://api.example.com/v3",
    );
}

#[test]
fn rt34_another_effect_is_never_the_same_rule() {
    let mut now = approved();
    make(&mut now).effect = Effect::Read;
    assert!(!now.within(&approved()) && !approved().within(&now));
    assert!(now.meet(&approved()).rules.is_empty());
}

#[test]
fn what_is_narrowed_needs_nobody() {
    let mut now = approved();
    let rule = make(&mut now);
    rule.credential = None;
    scope_of(rule).sinks.clear();
    scope_of(rule).seal = Seal::Body;
    scope_of(rule).query.clear();
    let more: Template = "{id}".parse().unwrap();
    scope_of(rule).bind.body.get_mut(&"/name".parse().unwrap()).unwrap().insert(more);
    now.interfaces.clear();
    assert!(now.within(&approved()));
    assert_eq!(now.changes(&approved()).len(), 6);
    assert!(Allowance::default().within(&approved()));
}

#[track_caller]
fn faults(text: &str, expected: &[&str]) {
    let found = Lock::parse("maps.lock", text.as_bytes()).unwrap_err();
    let told: Vec<_> = found
        .iter()
        .map(|found| {
            let span = found.span.as_ref().unwrap();
            let help = found.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
            format!("{}:{} {}{help}", span.line, span.column, found.message)
        })
        .collect();
    assert_eq!(told, expected, "{text}");
}

#[test]
fn a_lock_that_somebody_edited_wrongly_is_told_line_by_line() {
    faults("maps: v1\nstaks: {}\n", &["1:1 `stacks` is missing", "2:1 unknown field `staks` (did you mean `stacks`?)"]);
    faults(
        "maps: v2\nstacks: {}\n",
        &["1:7 version `v2` is not known (a newer maps wrote it; this one writes `maps: v1`)"],
    );
    let doks =
        |more: &str| format!("maps: v1\nstacks:\n  s:\n    doks:\n      source: doks\n      version: '1'\n{more}");
    faults(&doks("      digest: sha256:00\n"), &["7:15 must be `sha256:` and 64 hex digits"]);
    let digest = format!("      digest: sha256:{}\n", "0f".repeat(32));
    faults(
        &doks(&format!("{digest}      approved: all\n")),
        &[
            "8:7 unknown field `approved` (there is: digest, files, http, iam, interfaces, kube, private, reveal, route53, s3, source, ssm, version)",
        ],
    );
    faults(
        &doks(&format!(
            "{digest}      interfaces: [lok]\n      http:\n        - id: a\n          effect: write\n          methods: [POST]\n          url: https://x.example/**/a\n"
        )),
        &[
            "8:20 `lok` is none of log, clock, random, secrets, reveal (did you mean `log`?)",
            "13:16 in a path, `*` is a whole segment and `**` the last one",
        ],
    );
    assert!(Lock::parse("maps.lock", b"maps: v1\nstacks: {}\n").unwrap() == Lock::default());
}

#[test]
fn what_the_stack_no_longer_has_is_forgotten() {
    let approval = || Approval {
        source: "doks".into(),
        version: "1".into(),
        digest: "0f".repeat(32),
        allowance: Allowance::default(),
    };
    let mut lock = Lock::default();
    lock.approve("a", PluginName::new("doks"), approval());
    lock.approve("a", PluginName::new("helm"), approval());
    lock.approve("b", PluginName::new("helm"), approval());
    lock.keep("a", |name| name.as_str() == "doks");
    assert!(
        lock.approval("a", &PluginName::new("doks")).is_some()
            && lock.approval("b", &PluginName::new("helm")).is_some()
    );
    assert!(lock.approval("a", &PluginName::new("helm")).is_none());
    lock.keep("a", |_| false);
    assert_eq!(lock.render().matches("  a:").count(), 0);
}
