//! Encrypting and decrypting, bound to the key and to the encryption context.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{Key, KmsError, resolve};
use crate::aws::context::Context;
use crate::aws::json::{blob, encoded, input, invalid, need, output};
use crate::aws::refusal::Refusal;
use crate::entropy;
use crate::service::Answer;

/// What can be encrypted at once.
const PLAIN_BYTES: usize = 4096;
const NONCE_BYTES: usize = 12;
/// A key's id is a UUID.
const ID_BYTES: usize = 36;
/// The first byte of what is made here.
const VERSION: u8 = 1;

/// What a ciphertext is bound to besides its key.
type Bound = BTreeMap<String, String>;

fn cipher(key: &Key) -> Result<Aes256Gcm, Refusal> {
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(key.material.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        *byte = digits.ok_or_else(Refusal::internal)?;
    }
    Ok(Aes256Gcm::new(&bytes.into()))
}

fn associated(key: &Key, bound: &Bound) -> Vec<u8> {
    json!([key.arn, bound]).to_string().into_bytes()
}

/// Encrypts; the ciphertext says by which key.
pub(in crate::aws) fn seal(key: &Key, bound: &Bound, plain: &[u8]) -> Result<Vec<u8>, Refusal> {
    let nonce: [u8; NONCE_BYTES] = entropy::bytes()?;
    let payload = Payload { msg: plain, aad: &associated(key, bound) };
    let sealed = cipher(key)?.encrypt(&nonce.into(), payload).map_err(|_| Refusal::internal())?;
    let mut text = vec![VERSION];
    text.extend(key.id.as_bytes());
    text.extend(nonce);
    text.extend(sealed);
    Ok(text)
}

/// The key that a ciphertext names, and what is left of it.
fn split(text: &[u8]) -> Option<(&str, [u8; NONCE_BYTES], &[u8])> {
    let (version, rest) = text.split_first()?;
    let (id, rest) = rest.split_at_checked(ID_BYTES)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
    let id = std::str::from_utf8(id).ok()?;
    (*version == VERSION).then_some((id, nonce.try_into().ok()?, sealed))
}

fn garbled() -> Refusal {
    Refusal::bad("InvalidCiphertextException", "")
}

/// Decrypts with the key that the ciphertext names, once `allowed` says that it may be used.
pub(in crate::aws) fn open(
    context: &mut Context<'_, '_>,
    bound: &Bound,
    text: &[u8],
    allowed: impl FnOnce(&Context<'_, '_>, &Key) -> Result<(), Refusal>,
) -> Result<(Key, Vec<u8>), KmsError> {
    let (id, nonce, sealed) = split(text).ok_or_else(|| KmsError::Other(garbled()))?;
    let key = resolve(context, id)?;
    allowed(context, &key).map_err(KmsError::Other)?;
    let key = key.usable()?;
    let payload = Payload { msg: sealed, aad: &associated(&key, bound) };
    let plain = cipher(&key).map_err(KmsError::Other)?.decrypt(&nonce.into(), payload);
    Ok((key, plain.map_err(|_| KmsError::Other(garbled()))?))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Crypt {
    key_id: Option<String>,
    plaintext: Option<String>,
    ciphertext_blob: Option<String>,
    #[serde(default)]
    encryption_context: Bound,
    encryption_algorithm: Option<String>,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
}

impl Crypt {
    fn read(context: &Context<'_, '_>) -> Result<Self, Refusal> {
        let crypt: Self = input(context)?;
        match crypt.encryption_algorithm.as_deref() {
            None | Some("SYMMETRIC_DEFAULT") => Ok(crypt),
            Some(other) => {
                let message = format!("Algorithm {other} is incompatible with key spec SYMMETRIC_DEFAULT.");
                Err(Refusal::bad("InvalidKeyUsageException", message))
            }
        }
    }

    fn keys(&self) -> Vec<(String, Vec<String>)> {
        let mut keys: Vec<(String, Vec<String>)> = Vec::new();
        for (name, value) in &self.encryption_context {
            keys.push((format!("kms:EncryptionContext:{name}"), vec![value.clone()]));
        }
        if !self.encryption_context.is_empty() {
            keys.push(("kms:EncryptionContextKeys".to_owned(), self.encryption_context.keys().cloned().collect()));
        }
        keys
    }

    fn allow(&self, context: &Context<'_, '_>, action: &str, key: &Key) -> Result<(), Refusal> {
        let keys = self.keys();
        let keys = keys.iter().map(|(name, values)| (name.as_str(), values.clone())).collect();
        key.allow(context, action, keys)
    }

    fn key(&self, context: &mut Context<'_, '_>, action: &str) -> Result<Key, Refusal> {
        let key = resolve(context, need(&self.key_id, "keyId")?)?;
        self.allow(context, action, &key)?;
        Ok(key.usable()?)
    }
}

pub(super) fn encrypt(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let crypt = Crypt::read(context)?;
    let plain = blob(need(&crypt.plaintext, "plaintext")?)?;
    if plain.is_empty() || plain.len() > PLAIN_BYTES {
        return Err(invalid(
            "Value at 'plaintext' failed to satisfy constraint: Member must have length between 1 and 4096",
        ));
    }
    let key = crypt.key(context, "kms:Encrypt")?;
    let sealed = seal(&key, &crypt.encryption_context, &plain)?;
    Ok(output(&json!({
        "CiphertextBlob": encoded(&sealed),
        "KeyId": key.arn,
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    })))
}

pub(super) fn decrypt(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let crypt = Crypt::read(context)?;
    let sealed = blob(need(&crypt.ciphertext_blob, "ciphertextBlob")?)?;
    let wanted = match &crypt.key_id {
        Some(named) => Some(resolve(context, named)?.arn),
        None => None,
    };
    let (key, plain) = open(context, &crypt.encryption_context, &sealed, |context, key| {
        if wanted.as_ref().is_some_and(|arn| *arn != key.arn) {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(Refusal::bad("IncorrectKeyException", message));
        }
        crypt.allow(context, "kms:Decrypt", key)
    })?;
    Ok(output(&json!({
        "Plaintext": encoded(&plain),
        "KeyId": key.arn,
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    })))
}

fn data_key(context: &mut Context<'_, '_>, action: &str) -> Result<Value, Refusal> {
    let crypt = Crypt::read(context)?;
    let length = match (crypt.key_spec.as_deref(), crypt.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(bytes)) if (1..=1024).contains(&bytes) => bytes,
        _ => {
            let message = "Please specify either number of bytes or key spec.";
            return Err(Refusal::bad("ValidationException", message));
        }
    };
    let key = crypt.key(context, action)?;
    let random: [u8; 1024] = entropy::bytes()?;
    let plain = &random[..length];
    let sealed = seal(&key, &crypt.encryption_context, plain)?;
    Ok(json!({ "CiphertextBlob": encoded(&sealed), "Plaintext": encoded(plain), "KeyId": key.arn }))
}

pub(super) fn generate(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    Ok(output(&data_key(context, "kms:GenerateDataKey")?))
}

pub(super) fn generate_sealed(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut body = data_key(context, "kms:GenerateDataKeyWithoutPlaintext")?;
    body.as_object_mut().and_then(|fields| fields.remove("Plaintext"));
    Ok(output(&body))
}
