//! `ChangeResourceRecordSets`: a batch of changes, whole or not at all.

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::check::{Action, Working, apply};
use super::record::{RecordSet, Unreadable};
use super::{answer, body, find, health, invalid, zone_arn};
use crate::aws::context::Context;
use crate::aws::refusal::Refusal;
use crate::aws::xml::Element;
use crate::clock::date;
use crate::service::Answer;

/// Where the store keeps changes, by their id.
pub(super) const CHANGES: &str = "aws.route53.changes";
/// How long a change takes to reach every name server.
const SPREAD_MS: u64 = 60_000;
/// What a batch may hold; an UPSERT counts twice.
const RECORDS: usize = 1000;
const CHARACTERS: usize = 32_000;

/// A change that was accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Change {
    id: String,
    submitted_ms: u64,
    insync_at: u64,
    comment: Option<String>,
}

impl Change {
    /// As the API shows it.
    pub(super) fn view(&self, virtual_ms: u64) -> Element {
        Element::new("ChangeInfo")
            .with_text("Id", format!("/change/{}", self.id))
            .with_text("Status", if virtual_ms < self.insync_at { "PENDING" } else { "INSYNC" })
            .with_text("SubmittedAt", date(self.submitted_ms))
            .with_some("Comment", self.comment.as_ref())
    }
}

/// Accepts a change, as it is shown.
pub(super) fn pending(context: &mut Context<'_, '_>, comment: Option<&str>) -> Result<Element, Refusal> {
    let change = Change {
        id: super::zone::identifier('C')?,
        submitted_ms: context.now.real_ms,
        insync_at: context.now.virtual_ms.saturating_add(SPREAD_MS),
        comment: comment.map(str::to_owned),
    };
    context.transaction.put(CHANGES, &change.id, &change)?;
    Ok(change.view(context.now.virtual_ms))
}

pub(super) fn change(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let request = body(context, "ChangeResourceRecordSetsRequest")?;
    let batch =
        request.child("ChangeBatch").ok_or_else(|| invalid("Invalid XML ; The ChangeBatch element is missing"))?;
    let changes = batch.child("Changes").map_or(&[][..], Element::children);
    if changes.is_empty() {
        return Err(invalid("Invalid XML ; The Changes element must have at least one Change"));
    }
    let mut mistakes = Vec::new();
    let mut wanted = Vec::new();
    for change in changes {
        match read(change) {
            Ok(change) => wanted.push(change),
            Err(Unreadable::Change(why)) => mistakes.push(why),
            Err(Unreadable::Input(why)) => return Err(invalid(why)),
            Err(Unreadable::NotPlayed(what)) => return Err(Refusal::not_played(what)),
        }
    }
    let id = context.parameter(0).to_owned();
    allow(context, &id, &wanted)?;
    let zone = find(context, &id)?;
    for (action, record) in &wanted {
        if let Some(id) = record.health_check.as_ref().filter(|_| *action != Action::Delete)
            && !health::exists(context, id)?
        {
            return Err(health::none(id));
        }
    }
    check_size(&wanted)?;
    let records: Vec<RecordSet> = context.transaction.list(&zone.records())?;
    let mut working: Working = records.into_iter().map(|record| (record.key(), record)).collect();
    for (action, record) in &wanted {
        mistakes.extend(apply(&zone, &mut working, *action, record).err());
    }
    if !mistakes.is_empty() {
        return Err(Refusal::bad("InvalidChangeBatch", format!("[{}]", mistakes.join(", "))));
    }
    for (_, record) in &wanted {
        let key = record.key();
        match working.get(&key) {
            Some(record) => context.transaction.put(&zone.records(), &key, record)?,
            None => context.transaction.remove(&zone.records(), &key),
        }
    }
    let parts = vec![pending(context, batch.child_text("Comment"))?];
    Ok(answer(StatusCode::OK, "ChangeResourceRecordSetsResponse", parts))
}

fn read(change: &Element) -> Result<(Action, RecordSet), Unreadable> {
    let text = change.child_text("Action").unwrap_or_default();
    let action = Action::read(text).ok_or_else(|| {
        Unreadable::Input(format!(
            "Invalid XML ; Value '{text}' is not facet-valid with respect to enumeration '[CREATE, DELETE, UPSERT]'. \
             It must be a value from the enumeration."
        ))
    })?;
    let set = change.child("ResourceRecordSet").filter(|_| change.name() == "Change");
    let set =
        set.ok_or_else(|| Unreadable::Input("Invalid XML ; The ResourceRecordSet element is missing".to_owned()))?;
    Ok((action, RecordSet::read(set, action.as_str())?))
}

/// The policies may narrow a caller to names, types and actions.
fn allow(context: &Context<'_, '_>, zone: &str, wanted: &[(Action, RecordSet)]) -> Result<(), Refusal> {
    let each = |part: fn(&(Action, RecordSet)) -> String| {
        let mut values: Vec<String> = wanted.iter().map(part).collect();
        values.sort();
        values.dedup();
        values
    };
    let names = each(|(_, record)| record.name.trim_end_matches('.').to_owned());
    let keys = vec![
        ("route53:ChangeResourceRecordSetsNormalizedRecordNames", names),
        ("route53:ChangeResourceRecordSetsRecordTypes", each(|(_, record)| record.kind.clone())),
        ("route53:ChangeResourceRecordSetsActions", each(|(action, _)| action.as_str().to_owned())),
    ];
    context.allow_with("route53:ChangeResourceRecordSets", Some(&zone_arn(zone)), keys)
}

fn check_size(wanted: &[(Action, RecordSet)]) -> Result<(), Refusal> {
    let weighed = |measure: fn(&RecordSet) -> usize| -> usize {
        let each =
            wanted.iter().map(|(action, record)| measure(record) * if *action == Action::Upsert { 2 } else { 1 });
        each.sum()
    };
    // An alias is one record, with no value to count.
    let records = weighed(|record| record.values.len().max(1));
    let characters = weighed(|record| record.values.iter().map(|value| value.chars().count()).sum());
    let exceeded = |what: &str, limit: usize| {
        Err(Refusal::bad("InvalidChangeBatch", format!("[Number of {what} limit of {limit} exceeded.]")))
    };
    if records > RECORDS {
        return exceeded("records", RECORDS);
    }
    if characters > CHARACTERS {
        return exceeded("characters", CHARACTERS);
    }
    Ok(())
}
