//! What a fixture needs is made before its trial begins.

use std::collections::BTreeMap;

use maps_engine::journal::OpKind;
use maps_engine::provider::{CheckRequest, CreateRequest, Mutation, Object, Outcome, Pending};
use maps_engine::{Address, OpId, Token, Value};

use super::bench::{Bench, MOST_ROUNDS};
use super::fixture::Need;

/// Makes all of it; answers the ids by name.
pub(crate) async fn meet(bench: &Bench) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for (index, (name, need)) in bench.subject().fixture.needs.iter().enumerate() {
        ids.insert(name.clone(), make(bench, index, name, need).await.id);
    }
    ids
}

async fn make(bench: &Bench, index: usize, name: &str, need: &Need) -> Object {
    let (kind, address) = (need.kind.clone(), Address::new(format!("need-{name}")));
    let inputs = Value::from(need.inputs.clone());
    let request = CheckRequest { kind: kind.clone(), address: address.clone(), inputs };
    let checked = bench.provider.check(&bench.call(), vec![request]).await.expect("an answer to check");
    let inputs = checked.into_iter().next().expect("an outcome").unwrap_or_else(|problems| panic!("{problems:?}"));
    let token = Token::new(format!("{:032x}", 0x0BEEF + index));
    let mut from: Option<Pending> = None;
    for _ in 0..MOST_ROUNDS {
        let checkpoint = from.as_ref().map(|pending| pending.checkpoint.clone());
        let op = OpId::new(format!("{:?}-{address}", OpKind::Create).to_lowercase());
        let request = CreateRequest {
            mutation: Mutation { op, kind: kind.clone(), address: address.clone(), checkpoint },
            inputs: inputs.clone(),
            token: token.clone(),
            id: from.and_then(|pending| pending.id),
        };
        let outcomes = bench.provider.create(&bench.call(), &bench.journal(), vec![request]).await;
        match outcomes.expect("an answer to create").remove(0) {
            Outcome::Done(object) => return object,
            Outcome::Pending(pending) => from = Some(bench.waited(pending).await),
            Outcome::Failed(problem) => panic!("what the fixture needs cannot be made: {problem}"),
        }
    }
    panic!("what the fixture needs never ends being made");
}
