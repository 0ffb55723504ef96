//! The Secrets of a Cluster: how the application connects, how the superuser does, and whom to trust.

use base64::Engine;
use serde_json::{Map, Value, json};

use super::{SECRETS, certificate, put};
use crate::controllers::Desk;
use crate::controllers::api::{Api, Key};
use crate::controllers::object::{label, name, namespace, text, truth};
use crate::status::Refusal;

/// Makes those that are not there.
pub(super) fn put_all(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    certificates(cluster, desk)?;
    if stated(cluster).is_none() {
        let (user, database) = (bootstrap(cluster, "owner"), bootstrap(cluster, "database"));
        credentials(cluster, "app", &user, &database, desk)?;
    }
    let own = text(cluster, "/spec/superuserSecret/name").is_empty();
    if own && truth(cluster, "/spec/enableSuperuserAccess") {
        credentials(cluster, "superuser", "postgres", "*", desk)?;
    }
    Ok(())
}

/// How a database begins: `initdb`, unless it is recovered.
fn how(cluster: &Value) -> &'static str {
    if cluster.pointer("/spec/bootstrap/recovery").is_some() { "recovery" } else { "initdb" }
}

fn bootstrap(cluster: &Value, field: &str) -> String {
    match text(cluster, &format!("/spec/bootstrap/{}/{field}", how(cluster))) {
        "" => "app".to_owned(),
        stated => stated.to_owned(),
    }
}

/// The Secret of the application's role that the Cluster names.
fn stated(cluster: &Value) -> Option<&str> {
    Some(text(cluster, &format!("/spec/bootstrap/{}/secret/name", how(cluster)))).filter(|name| !name.is_empty())
}

/// Why a Cluster cannot begin: a Secret that it names is not there, or is not what it has to be.
pub(super) fn missing(cluster: &Value, api: &dyn Api) -> Option<String> {
    let superuser = Some(text(cluster, "/spec/superuserSecret/name"))
        .filter(|name| !name.is_empty() && truth(cluster, "/spec/enableSuperuserAccess"));
    let owner = bootstrap(cluster, "owner");
    let named = [(stated(cluster), owner.as_str()), (superuser, "postgres")];
    named.into_iter().find_map(|(title, user)| {
        let title = title?;
        let Some(secret) = api.get(&Key::new(&SECRETS, namespace(cluster), title)) else {
            return Some(format!("while getting secret {title}: secrets {title:?} not found"));
        };
        let field = |field: &str| {
            let decoded = base64::engine::general_purpose::STANDARD.decode(text(&secret, &format!("/data/{field}")));
            decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !text.is_empty())
        };
        match (field("username"), field("password")) {
            (None, _) => Some(format!("missing username in secret {title}")),
            (_, None) => Some(format!("missing password in secret {title}")),
            (Some(found), _) if found != user => Some(format!("wrong username '{found}' in secret, expected '{user}'")),
            _ => None,
        }
    })
}

/// The Secret of a role with a password that the operator makes up.
fn credentials(cluster: &Value, part: &str, user: &str, database: &str, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let title = format!("{}-{part}", name(cluster));
    if desk.api.get(&Key::new(&SECRETS, namespace(cluster), &title)).is_some() {
        return Ok(());
    }
    let password: String = (0..4).map(|_| format!("{:016x}", desk.api.random())).collect();
    let host = format!("{}-rw", name(cluster));
    let near = format!("{host}.{}", namespace(cluster));
    let far = format!("{near}.svc.cluster.local");
    let uri = |host: &str| format!("postgresql://{user}:{password}@{host}:5432/{database}");
    let jdbc = |host: &str| format!("jdbc:postgresql://{host}:5432/{database}?password={password}&user={user}");
    let data = [
        ("username", user.to_owned()),
        ("user", user.to_owned()),
        ("password", password.clone()),
        ("host", host.clone()),
        ("port", "5432".to_owned()),
        ("dbname", database.to_owned()),
        ("uri", uri(&near)),
        ("jdbc-uri", jdbc(&near)),
        ("fqdn-uri", uri(&far)),
        ("fqdn-jdbc-uri", jdbc(&far)),
        ("pgpass", format!("{host}:5432:{database}:{user}:{password}\n")),
    ];
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth", "data": encoded(&data),
        "metadata": {"name": title, "labels": {"cnpg.io/userType": part, "cnpg.io/reload": "true"}},
    });
    put(&SECRETS, cluster, secret, desk)
}

fn encoded(data: &[(&str, String)]) -> Map<String, Value> {
    let encode = |text: &str| json!(base64::engine::general_purpose::STANDARD.encode(text));
    data.iter().map(|(key, text)| ((*key).to_owned(), encode(text))).collect()
}

/// The names that the servers' certificate is for.
pub(super) fn hosts(cluster: &Value) -> Vec<String> {
    let place = namespace(cluster);
    let of = |part: &str| {
        let host = format!("{}-{part}", name(cluster));
        [
            host.clone(),
            format!("{host}.{place}"),
            format!("{host}.{place}.svc"),
            format!("{host}.{place}.svc.cluster.local"),
        ]
    };
    ["rw", "r", "ro"].into_iter().flat_map(of).collect()
}

/// The authority of a Cluster, and what it issued: for the servers, and for the standbys.
fn certificates(cluster: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let titles = ["ca", "server", "replication"].map(|part| format!("{}-{part}", name(cluster)));
    let there = titles.each_ref().map(|title| desk.api.get(&Key::new(&SECRETS, namespace(cluster), title)));
    if there.iter().all(Option::is_some) {
        return Ok(());
    }
    // One that somebody took away is made anew, and with it what another authority would have issued.
    for (title, _) in titles
        .iter()
        .zip(&there)
        .filter(|(_, there)| there.as_ref().is_some_and(|of| label(of, "cnpg.io/cluster").is_some()))
    {
        desk.api.delete(&Key::new(&SECRETS, namespace(cluster), title), &Default::default())?;
    }
    let issued = certificate::issue(name(cluster), namespace(cluster), &hosts(cluster), desk.api.now().unix)
        .map_err(Refusal::internal)?;
    let secret = |title: &str, kind: &str, data: &[(&str, String)]| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": kind, "data": encoded(data),
            "metadata": {"name": title, "labels": {"cnpg.io/reload": "true"}},
        })
    };
    let pair = |pair: certificate::Pair| [("tls.crt", pair.certificate), ("tls.key", pair.key)];
    let authority = [("ca.crt", issued.authority.certificate), ("ca.key", issued.authority.key)];
    let tls = "kubernetes.io/tls";
    put(&SECRETS, cluster, secret(&titles[0], "Opaque", &authority), desk)?;
    put(&SECRETS, cluster, secret(&titles[1], tls, &pair(issued.server)), desk)?;
    put(&SECRETS, cluster, secret(&titles[2], tls, &pair(issued.replication)), desk)
}
