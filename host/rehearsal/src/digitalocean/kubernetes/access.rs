//! How a cluster is reached: kubeconfig, credentials, the user.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::json;

use super::super::Context;
use super::super::account::EMAIL;
use super::super::answer::Refusal;
use super::cluster;
use super::model::Cluster;
use crate::clock::date;
use crate::service::Answer;

/// How long a token lasts unless the request says otherwise.
const WEEK_SECONDS: u64 = 7 * 24 * 3600;

/// `GET /v2/kubernetes/clusters/{cluster}/kubeconfig`
pub(super) fn kubeconfig(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let cluster = cluster(context)?;
    cluster.must_be_reachable(context.now)?;
    expiry_seconds(context)?;
    let user = match context.call.query("type") {
        None | Some("token") => format!("    token: {}\n", cluster.access.token),
        Some("sso") if cluster.add_ons.sso.as_ref().is_some_and(|sso| sso.enabled) => exec_user(&cluster),
        Some("sso") => return Err(Refusal::unprocessable("single sign-on is not enabled for this cluster")),
        Some(_) => return Err(Refusal::bad_request("type must be token or sso")),
    };
    let name = format!("do-{}-{}", cluster.region, cluster.name);
    let (ca, server) = (STANDARD.encode(&cluster.access.ca_pem), cluster.endpoint());
    let text = format!(
        "apiVersion: v1\n\
         clusters:\n\
         - cluster:\n    certificate-authority-data: {ca}\n    server: {server}\n  name: {name}\n\
         contexts:\n\
         - context:\n    cluster: {name}\n    user: {name}-admin\n  name: {name}\n\
         current-context: {name}\n\
         kind: Config\n\
         preferences: {{}}\n\
         users:\n\
         - name: {name}-admin\n  user:\n{user}"
    );
    Ok(Answer::of(StatusCode::OK, "application/yaml", text))
}

/// `GET /v2/kubernetes/clusters/{cluster}/credentials`
pub(super) fn credentials(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let cluster = cluster(context)?;
    cluster.must_be_reachable(context.now)?;
    let expires_ms = context.now.real_ms.saturating_add(expiry_seconds(context)?.saturating_mul(1000));
    let body = json!({
        "server": cluster.endpoint(),
        "certificate_authority_data": STANDARD.encode(&cluster.access.ca_pem),
        "client_certificate_data": null,
        "client_key_data": null,
        "token": cluster.access.token,
        "expires_at": date(expires_ms),
    });
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `GET /v2/kubernetes/clusters/{cluster}/user`
pub(super) fn user(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    cluster(context)?;
    let user = json!({ "username": EMAIL, "groups": ["k8saas:authenticated"] });
    Ok(Answer::json(StatusCode::OK, &json!({ "kubernetes_cluster_user": user })))
}

/// The user of an `sso` kubeconfig: a program of DigitalOcean's fetches the token.
fn exec_user(cluster: &Cluster) -> String {
    let arguments = ["kubernetes", "cluster", "kubeconfig", "exec-credential", "--version=v1beta1", &cluster.id];
    let lines: String = arguments.iter().map(|argument| format!("      - {argument}\n")).collect();
    format!(
        "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n{lines}      command: doctl\n"
    )
}

fn expiry_seconds(context: &Context<'_, '_>) -> Result<u64, Refusal> {
    match context.call.query("expiry_seconds").map(str::parse) {
        None | Some(Ok(0)) => Ok(WEEK_SECONDS),
        Some(Ok(seconds)) => Ok(seconds),
        Some(Err(_)) => Err(Refusal::bad_request("expiry_seconds must be a whole number")),
    }
}
