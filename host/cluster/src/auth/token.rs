//! JSON web tokens of ServiceAccounts: signed with the cluster's key, in the form that upstream gives them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is no token of this cluster's issuer.
    Foreign,
    /// It says it is, and its signature is not ours.
    Forged,
}

type Signature = Hmac<Sha256>;

fn signature(key: &[u8; 32], signed: &str) -> Signature {
    // HMAC fills a key up to a block with zeros; a whole block cannot be of a wrong length.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut signature = <Signature as KeyInit>::new(&block.into());
    signature.update(signed.as_bytes());
    signature
}

/// Signs claims.
pub(super) fn sign(key: &[u8; 32], claims: &Value) -> String {
    let header = json!({"alg": "HS256", "kid": "maps", "typ": "JWT"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(signature(key, &signed).finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// The claims of a token that this key signed for one of these issuers.
pub(super) fn verify(key: &[u8; 32], issuers: &[&str], token: &str) -> Result<Value, Unreadable> {
    let (signed, given) = token.rsplit_once('.').ok_or(Unreadable::Foreign)?;
    let (_, claims) = signed.split_once('.').ok_or(Unreadable::Foreign)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Unreadable::Foreign)?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| Unreadable::Foreign)?;
    if !claims.get("iss").and_then(Value::as_str).is_some_and(|issuer| issuers.contains(&issuer)) {
        return Err(Unreadable::Foreign);
    }
    let given = URL_SAFE_NO_PAD.decode(given).map_err(|_| Unreadable::Forged)?;
    signature(key, signed).verify_slice(&given).map_err(|_| Unreadable::Forged)?;
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_by_its_key_alone() {
        let claims = json!({"iss": "us", "sub": "x"});
        let token = sign(&[1; 32], &claims);
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(verify(&[1; 32], &["us"], &token), Ok(claims));
        assert_eq!(verify(&[2; 32], &["us"], &token), Err(Unreadable::Forged));
        assert_eq!(verify(&[1; 32], &["them"], &token), Err(Unreadable::Foreign));
        assert_eq!(verify(&[1; 32], &["us"], "wrong"), Err(Unreadable::Foreign));
        assert_eq!(verify(&[1; 32], &["us"], "a.b.c"), Err(Unreadable::Foreign));
    }
}
