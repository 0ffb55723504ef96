//! What a fold makes of entries, and what a snapshot is refused for.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::Class;
use crate::name::{KindName, RuleId, Token};

fn object(id: &str) -> Recorded {
    Recorded {
        kind: KindName::new("fake/thing"),
        id: id.to_owned(),
        token: Some(Token::new("t")),
        inputs: Value::Null,
        outputs: Value::Null,
        depends_on: Vec::new(),
        lives_in: Vec::new(),
        config: Value::Null,
        protect: false,
        retain: false,
        unusable: false,
    }
}

fn begin(op: &str, does: OpKind, id: &str) -> Entry {
    Entry::Begin {
        op: OpId::new(op),
        does,
        address: Address::new("a"),
        object: object(id),
        deposed: false,
        planned: None,
        at: 1,
    }
}

fn call(op: &str) -> Entry {
    Entry::Call { ops: vec![OpId::new(op)], rule: RuleId::new("r"), summary: String::new(), at: 2 }
}

fn end(op: &str, ended: Ended) -> Entry {
    Entry::End { op: OpId::new(op), ended }
}

fn failed(class: Class) -> Ended {
    Ended::Failed { problem: Problem::new(class, "x", "x") }
}

fn folded(entries: &[Entry]) -> State {
    let mut state = State::default();
    state.fold(entries).unwrap();
    state
}

#[test]
fn a_replacement_deposes_the_old_object_until_it_is_deleted() {
    let made = [begin("1", OpKind::Create, ""), end("1", Ended::Applied { object: object("old") })];
    let replaced = [begin("2", OpKind::Create, ""), end("2", Ended::Applied { object: object("new") })];
    let deleted = [begin("3", OpKind::Delete, "old"), end("3", Ended::Removed)];
    let mut state = folded(&made);
    state.fold(&replaced).unwrap();
    let tracked = &state.resources[&Address::new("a")];
    assert_eq!(tracked.current.as_ref().unwrap().id, "new");
    assert_eq!(tracked.deposed.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["old"]);
    state.fold(&deleted).unwrap();
    let tracked = &state.resources[&Address::new("a")];
    assert_eq!((tracked.current.as_ref().unwrap().id.as_str(), tracked.deposed.len()), ("new", 0));
}

#[test]
fn a_failed_create_stays_open_while_it_may_have_made_something() {
    let open = |entries: &[Entry]| !folded(entries).operations.is_empty();
    let b = || begin("1", OpKind::Create, "");
    assert!(!open(&[b(), end("1", failed(Class::Timeout))]), "nothing was called");
    assert!(open(&[b(), call("1"), end("1", failed(Class::Timeout))]));
    assert!(open(&[b(), call("1"), end("1", failed(Class::Internal))]));
    assert!(!open(&[b(), call("1"), end("1", failed(Class::Denied))]), "the one call was refused");
    assert!(open(&[b(), call("1"), call("1"), end("1", failed(Class::Denied))]), "the first call was not");
}

#[test]
fn a_failed_update_stays_open_while_it_may_be_under_way_and_begins_again() {
    let b = || begin("1", OpKind::Update, "i");
    let waits = || Entry::Checkpoint { op: OpId::new("1"), checkpoint: Value::Bool(true), id: None };
    for (entries, expected) in [
        (vec![b(), end("1", failed(Class::Timeout))], false),
        (vec![b(), call("1"), end("1", failed(Class::Timeout))], true),
        (vec![b(), call("1"), waits(), end("1", failed(Class::Timeout))], true),
        (vec![b(), call("1"), end("1", failed(Class::Invalid))], false),
    ] {
        let open = folded(&entries).operations;
        assert_eq!(open.len(), usize::from(expected), "{entries:?}");
        assert!(open.values().all(|operation| operation.checkpoint.is_none()), "its time counts anew");
    }
}

#[test]
fn entries_about_what_did_not_begin_are_refused() {
    let mut state = State::default();
    assert_eq!(state.fold(&[call("9")]), Err(StateError::Stray { op: OpId::new("9") }));
}

#[test]
fn a_snapshot_is_refused_for_what_is_wrong_with_it() {
    let good = || {
        let mut snapshot = Snapshot::new("s", None);
        let tracked = Tracked { current: Some(object("i")), deposed: Vec::new() };
        snapshot.state.resources.insert(Address::new("a"), tracked);
        snapshot
    };
    let check = |change: &dyn Fn(&mut Snapshot, &Address), expected: Result<(), StateError>| {
        let mut snapshot = good();
        change(&mut snapshot, &Address::new("a"));
        assert_eq!(snapshot.verify("s", None), expected);
    };
    let address = Address::new("a");
    check(&|_, _| (), Ok(()));
    check(&|s, _| s.version = 9, Err(StateError::Version { found: 9 }));
    check(&|s, _| s.stack = "t".into(), Err(StateError::Stack { found: "t".into(), wanted: "s".into() }));
    check(
        &|s, _| s.environment = Some("prod".into()),
        Err(StateError::Environment { found: Some("prod".into()), wanted: None }),
    );
    check(
        &|s, a| s.state.resources.get_mut(a).unwrap().current = Some(object("")),
        Err(StateError::NoId { address: address.clone() }),
    );
    check(
        &|s, a| s.state.resources.get_mut(a).unwrap().deposed.push(object("i")),
        Err(StateError::Twice { address: address.clone(), id: "i".into() }),
    );
    check(
        &|s, a| s.state.resources.get_mut(a).unwrap().current.as_mut().unwrap().depends_on.push(Address::new("b")),
        Err(StateError::Dangling { address, missing: Address::new("b") }),
    );
}

#[test]
fn a_snapshot_survives_its_own_format() {
    let mut snapshot = Snapshot::new("s", Some("prod".into()));
    snapshot.state = folded(&[
        begin("1", OpKind::Create, ""),
        end("1", Ended::Applied { object: object("i") }),
        begin("2", OpKind::Update, "i"),
        call("2"),
    ]);
    let text = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap(), snapshot);
}
