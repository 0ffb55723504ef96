//! What every namespace gets: the ServiceAccount `default`, the ConfigMap `kube-root-ca.crt`, and tokens for
//! Secrets of the type `kubernetes.io/service-account-token`.

use serde_json::{Value, json};

use super::api::{Change, Deletion, Key, Resource};
use super::object::{annotation, ensure, is_deleted, name, namespace, text, uid};
use super::{Controller, Desk, MANAGER, Picks};
use crate::status::Refusal;

const NAMESPACES: Resource = Resource::of("", "namespaces");
const ACCOUNTS: Resource = Resource::of("", "serviceaccounts");
const CONFIG_MAPS: Resource = Resource::of("", "configmaps");
const SECRETS: Resource = Resource::of("", "secrets");
const ROOT: &str = "kube-root-ca.crt";
const TOKEN: &str = "kubernetes.io/service-account-token";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

/// Makes the account and the ConfigMap, again when somebody deletes or changes them.
#[derive(Debug)]
pub(super) struct Belongings;

impl Controller for Belongings {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        let concerned = if change.resource == NAMESPACES {
            change.old.is_none()
        } else if change.resource == ACCOUNTS {
            name(object) == "default" && change.new.is_none()
        } else {
            change.resource == CONFIG_MAPS && name(object) == ROOT
        };
        if concerned {
            let place = if change.resource == NAMESPACES { name(object) } else { namespace(object) };
            picks.add(Key::new(&NAMESPACES, "", place));
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(place) = desk.api.get(key) else { return Ok(()) };
        if is_deleted(&place) || text(&place, "/status/phase") == "Terminating" {
            return Ok(());
        }
        if desk.api.get(&Key::new(&ACCOUNTS, &key.name, "default")).is_none() {
            let account = json!({
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": key.name},
            });
            desk.api.create(&ACCOUNTS, account, MANAGER)?;
        }
        let data = json!({"ca.crt": desk.api.authority()});
        match desk.api.get(&Key::new(&CONFIG_MAPS, &key.name, ROOT)) {
            None => {
                let about = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
                             endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
                             guaranteed across distributions of Kubernetes clusters.";
                let map = json!({
                    "apiVersion": "v1", "kind": "ConfigMap", "data": data,
                    "metadata": {
                        "name": ROOT, "namespace": key.name,
                        "annotations": {"kubernetes.io/description": about},
                    },
                });
                desk.api.create(&CONFIG_MAPS, map, MANAGER)?;
            }
            Some(map) if map.get("data") != Some(&data) && !is_deleted(&map) => {
                let mut map = Value::clone(&map);
                map["data"] = data;
                desk.api.update(&CONFIG_MAPS, "", map, MANAGER)?;
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// Fills Secrets that ask for a ServiceAccount's token; deletes those whose account is gone.
#[derive(Debug)]
pub(super) struct Tokens;

impl Controller for Tokens {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        if change.resource == SECRETS {
            if let Some(secret) = change.new.as_ref().filter(|secret| text(secret, "/type") == TOKEN) {
                picks.add(Key::to(&SECRETS, secret));
            }
        } else if change.resource == ACCOUNTS {
            let Some(account) = change.object().filter(|_| change.old.is_none() || change.new.is_none()) else {
                return;
            };
            for secret in picks.api.list(&SECRETS, Some(namespace(account))) {
                if text(&secret, "/type") == TOKEN && annotation(&secret, ACCOUNT_NAME) == Some(name(account)) {
                    picks.add(Key::to(&SECRETS, &secret));
                }
            }
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some((before, mut secret)) = super::fetch(desk, key) else { return Ok(()) };
        let wanted = annotation(&secret, ACCOUNT_NAME).unwrap_or_default();
        if is_deleted(&secret) || text(&secret, "/type") != TOKEN || wanted.is_empty() {
            return Ok(());
        }
        let account = desk.api.get(&Key::new(&ACCOUNTS, &key.namespace, wanted));
        let known = annotation(&secret, ACCOUNT_UID).unwrap_or_default();
        let account = account.filter(|account| known.is_empty() || known == uid(account));
        let Some(account) = account else {
            let options = Deletion { uid: Some(uid(&secret).to_owned()), ..Deletion::default() };
            return desk.api.delete(key, &options);
        };
        *ensure(&mut secret, &["metadata", "annotations", ACCOUNT_UID]) = json!(uid(&account));
        let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
        *ensure(&mut secret, &["data", "ca.crt"]) = json!(encode(&desk.api.authority()));
        *ensure(&mut secret, &["data", "namespace"]) = json!(encode(&key.namespace));
        if text(&secret, "/data/token").is_empty() {
            let token = desk.api.token(&account, &secret);
            *ensure(&mut secret, &["data", "token"]) = json!(encode(&token));
        }
        if secret != *before {
            desk.api.update(&SECRETS, "", secret, MANAGER)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::controllers::api::Api;
    use crate::controllers::testing::Memory;
    use crate::controllers::{Controllers, settle};

    fn begin() -> (Memory, Controllers) {
        let mut api = Memory::default();
        api.make(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}));
        (api, Controllers::only(vec![Box::new(Belongings), Box::new(Tokens)]))
    }

    #[test]
    fn every_namespace_has_its_account_and_roots_and_gets_them_back() {
        let (mut api, mut work) = begin();
        settle(&mut api, &mut work);
        let (account, map) = (api.all("", "serviceaccounts").remove(0), api.all("", "configmaps").remove(0));
        assert_eq!((name(&account), namespace(&account)), ("default", "a"));
        assert_eq!((name(&map), text(&map, "/data/ca.crt")), (ROOT, api.authority().as_str()));
        api.remove(&account, None);
        api.change(&map, |map| map["data"] = json!({"ca.crt": "forged"}));
        settle(&mut api, &mut work);
        assert_eq!(api.all("", "serviceaccounts").len(), 1);
        assert_eq!(text(&api.all("", "configmaps").remove(0), "/data/ca.crt"), api.authority());
    }

    #[test]
    fn a_token_secret_is_filled_and_goes_with_its_account() {
        let (mut api, mut work) = begin();
        settle(&mut api, &mut work);
        let secret = api.make(json!({
            "apiVersion": "v1", "kind": "Secret", "type": TOKEN,
            "metadata": {"name": "t", "namespace": "a", "annotations": {ACCOUNT_NAME: "robot"}},
        }));
        settle(&mut api, &mut work);
        assert!(api.now_of(&secret).is_none(), "there is no such account");
        let account = json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "a"},
        });
        let account = api.make(account);
        let secret = api.make(json!({
            "apiVersion": "v1", "kind": "Secret", "type": TOKEN,
            "metadata": {"name": "t", "namespace": "a", "annotations": {ACCOUNT_NAME: "robot"}},
        }));
        settle(&mut api, &mut work);
        let filled = api.now_of(&secret).unwrap();
        assert_eq!(annotation(&filled, ACCOUNT_UID), Some(uid(&account)));
        assert_eq!(text(&filled, "/data/namespace"), "YQ==");
        assert!(!text(&filled, "/data/token").is_empty());
        api.remove(&account, None);
        settle(&mut api, &mut work);
        assert!(api.now_of(&secret).is_none());
    }
}
