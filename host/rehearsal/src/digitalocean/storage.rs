//! `/v2/load_balancers` and `/v2/volumes`: what the controllers of clusters made is listed, told and deleted. Neither is
//! made by these paths here.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::Refusal;
use super::kubernetes::{Resource, droplets};
use super::{Context, Handler, catalogue, page};
use crate::clock::date;
use crate::routes::Route;
use crate::service::Answer;

/// The routes of both.
pub(super) fn routes() -> Vec<Route<Handler>> {
    const BALANCER: &str = "/v2/load_balancers/{lb_id}";
    const VOLUME: &str = "/v2/volumes/{volume_id}";
    let table: [(Method, &'static str, Handler); 7] = [
        (Method::GET, "/v2/load_balancers", |context| list(context, &BALANCERS)),
        (Method::GET, BALANCER, |context| get(context, &BALANCERS)),
        (Method::DELETE, BALANCER, |context| delete(context, &BALANCERS)),
        (Method::GET, "/v2/volumes", |context| list(context, &VOLUMES)),
        (Method::DELETE, "/v2/volumes", delete_named),
        (Method::GET, VOLUME, |context| get(context, &VOLUMES)),
        (Method::DELETE, VOLUME, |context| delete(context, &VOLUMES)),
    ];
    table.into_iter().map(|(method, template, handler)| Route { method, template, handler }).collect()
}

/// One of the two kinds.
struct Sort {
    /// As the API names several.
    plural: &'static str,
    /// As it names one.
    singular: &'static str,
    show: fn(&Context<'_, '_>, &Resource) -> Result<Value, Refusal>,
}

const BALANCERS: Sort = Sort { plural: "load_balancers", singular: "load_balancer", show: balancer };
const VOLUMES: Sort = Sort { plural: "volumes", singular: "volume", show: volume };

fn list(context: &mut Context<'_, '_>, sort: &Sort) -> Result<Answer, Refusal> {
    let mut all = Resource::all(context.transaction, sort.plural)?;
    for (name, of) in
        [("name", (|one: &Resource| &one.name) as fn(&Resource) -> &String), ("region", |one| &one.region)]
    {
        if let Some(wanted) = context.call.query(name).filter(|_| sort.plural == "volumes") {
            all.retain(|one| of(one) == wanted);
        }
    }
    all.sort_by(|a, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id)));
    let shown = all.iter().map(|one| (sort.show)(context, one)).collect::<Result<_, _>>()?;
    Ok(Answer::json(StatusCode::OK, &page::cut(context.call, sort.plural, shown)?))
}

fn named(context: &Context<'_, '_>, sort: &Sort) -> Result<Resource, Refusal> {
    Resource::find(context.transaction, sort.plural, context.parameter(0))?.ok_or_else(Refusal::not_found)
}

fn get(context: &mut Context<'_, '_>, sort: &Sort) -> Result<Answer, Refusal> {
    let one = named(context, sort)?;
    Ok(Answer::json(StatusCode::OK, &json!({ sort.singular: (sort.show)(context, &one)? })))
}

fn delete(context: &mut Context<'_, '_>, sort: &Sort) -> Result<Answer, Refusal> {
    let one = named(context, sort)?;
    one.remove(context.transaction, sort.plural);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// A volume by its name and region, which are no two volumes'.
fn delete_named(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let asked = |name| context.call.query(name).filter(|value: &&str| !value.is_empty());
    let (Some(name), Some(region)) = (asked("name"), asked("region")) else {
        return Err(Refusal::bad_request("name and region are required."));
    };
    let all = Resource::all(context.transaction, VOLUMES.plural)?;
    let volume = all.into_iter().find(|one| one.name == name && one.region == region);
    volume.ok_or_else(Refusal::not_found)?.remove(context.transaction, VOLUMES.plural);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// What every one has.
fn common(one: &Resource) -> Value {
    json!({
        "id": one.id,
        "name": one.name,
        "created_at": date(one.created_ms),
        "region": catalogue::region(&one.region),
    })
}

fn with(mut shown: Value, about: &Value) -> Value {
    for (name, value) in about.as_object().into_iter().flatten().filter(|(name, _)| *name != "retained") {
        shown[name] = value.clone();
    }
    shown
}

fn balancer(context: &Context<'_, '_>, one: &Resource) -> Result<Value, Refusal> {
    let mut shown = common(one);
    // Of one that nothing in a cluster asked for.
    let rule = json!({"entry_protocol": "tcp", "entry_port": 80, "target_protocol": "tcp", "target_port": 30_000});
    for (name, value) in [
        ("forwarding_rules", json!([rule])),
        ("ip", json!("")),
        ("status", json!("active")),
        ("algorithm", json!("round_robin")),
    ] {
        shown[name] = value;
    }
    let (vpc, droplets) = droplets(context.transaction, &one.cluster, context.now)?;
    shown["droplet_ids"] = json!(droplets);
    shown["tag"] = json!("");
    if let Some(vpc) = vpc {
        shown["vpc_uuid"] = json!(vpc);
    }
    Ok(with(shown, &one.about))
}

fn volume(_: &Context<'_, '_>, one: &Resource) -> Result<Value, Refusal> {
    let mut shown = common(one);
    shown["size_gigabytes"] = json!(1);
    shown["description"] = json!("");
    shown["filesystem_type"] = json!("");
    shown["filesystem_label"] = json!("");
    shown["droplet_ids"] = json!([]);
    shown["tags"] = json!([format!("k8s:{}", one.cluster)]);
    Ok(with(shown, &one.about))
}
