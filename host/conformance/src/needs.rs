//! What a fixture needs is made before its trial begins, and given back to a fake after it.

use std::collections::BTreeMap;

use maps_engine::provider::{CheckRequest, CreateRequest, DeleteRequest, Mutation, Object, Outcome, Pending};
use maps_engine::{Address, KindName, OpId, Token, Value};

use crate::bench::{Bench, MOST_ROUNDS, answered, only};
use crate::fixture::Need;
use crate::verdict::{Kept, broken};

/// Something that was made for a trial.
pub(crate) struct Needed {
    kind: KindName,
    address: Address,
    object: Object,
}

/// Makes all of it, by the fixture's names.
pub(crate) async fn meet(bench: &Bench) -> Kept<BTreeMap<String, Needed>> {
    let mut met = BTreeMap::new();
    for (index, (name, need)) in bench.fixture().needs.iter().enumerate() {
        met.insert(name.clone(), make(bench, index, name, need).await?);
    }
    Ok(met)
}

/// Their ids.
pub(crate) fn ids(met: &BTreeMap<String, Needed>) -> BTreeMap<String, String> {
    met.iter().map(|(name, needed)| (name.clone(), needed.object.id.clone())).collect()
}

/// Removes it.
pub(crate) async fn give_back(bench: &Bench, needed: &Needed) -> Kept {
    let Needed { kind, address, object } = needed;
    let mut from: Option<Pending> = None;
    for _ in 0..MOST_ROUNDS {
        let checkpoint = from.take().map(|pending| pending.checkpoint);
        let op = OpId::new(format!("delete-{address}"));
        let planned = Vec::new();
        let mutation = Mutation { op, kind: kind.clone(), address: address.clone(), checkpoint, planned };
        let request = DeleteRequest { mutation, prior: object.clone() };
        let outcomes = bench.provider.delete(&bench.call(), &bench.journal(), vec![request]).await;
        match only(answered("delete", outcomes)?)? {
            Outcome::Done(()) => return Ok(()),
            Outcome::Pending(pending) => from = Some(bench.waited(pending).await?),
            Outcome::Failed(problem) => return Err(broken!("what the fixture needs cannot be deleted: {problem}")),
        }
    }
    Err(broken!("what the fixture needs never ends being deleted"))
}

async fn make(bench: &Bench, index: usize, name: &str, need: &Need) -> Kept<Needed> {
    let (kind, address) = (need.kind.clone(), Address::new(format!("need-{name}")));
    let inputs = Value::from(serde_json::Value::Object(need.inputs.clone()));
    let request = CheckRequest { kind: kind.clone(), address: address.clone(), inputs };
    let checked = only(answered("check", bench.provider.check(&bench.call(), vec![request]).await)?)?;
    let inputs = checked.map_err(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        broken!("what the fixture needs does not pass a check: {name}: {}", told.join("; "))
    })?;
    let planned = bench.planned(&kind, &address, &inputs, None).await?;
    let token = bench.token(0x0BEEF + index);
    let mut from: Option<Pending> = None;
    for _ in 0..MOST_ROUNDS {
        let checkpoint = from.as_ref().map(|pending| pending.checkpoint.clone());
        let op = OpId::new(format!("create-{address}"));
        let request = CreateRequest {
            mutation: Mutation {
                op,
                kind: kind.clone(),
                address: address.clone(),
                checkpoint,
                planned: planned.clone(),
            },
            inputs: inputs.clone(),
            token: Token::clone(&token),
            id: from.and_then(|pending| pending.id),
        };
        let outcomes = bench.provider.create(&bench.call(), &bench.journal(), vec![request]).await;
        match only(answered("create", outcomes)?)? {
            Outcome::Done(object) => return Ok(Needed { kind, address, object }),
            Outcome::Pending(pending) => from = Some(bench.waited(pending).await?),
            Outcome::Failed(problem) => return Err(broken!("what the fixture needs cannot be made: {problem}")),
        }
    }
    Err(broken!("what the fixture needs never ends being made"))
}
