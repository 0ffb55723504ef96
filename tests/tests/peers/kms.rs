//! KMS: keys, their aliases, and what they encrypt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use maps_tests::aws::Aws;

use crate::sheet::{Case, Sheet};
use crate::world::{ALL, World};

pub(crate) const CASES: &[Case] = &[
    Case { name: "keys", on: ALL, run: keys },
    Case { name: "aliases", on: ALL, run: aliases },
    Case { name: "encryption", on: ALL, run: encryption },
];

/// Makes a key, and returns its ARN.
pub(crate) fn key(aws: &Aws) -> String {
    aws.kms("CreateKey", &json!({})).json()["KeyMetadata"]["Arn"].as_str().unwrap_or_default().to_owned()
}

fn keys(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let made = aws.kms("CreateKey", &json!({ "Description": "for parameters" }));
    sheet.check("create", made.outcome(), "200");
    let made = made.json()["KeyMetadata"].clone();
    let text = |member: &str| made[member].as_str().unwrap_or_default().to_owned();
    sheet.check("its ARN ends with its id", text("Arn").ends_with(&format!(":key/{}", text("KeyId"))), true);
    sheet.check("state", text("KeyState"), "Enabled");
    sheet.check("use", text("KeyUsage"), "ENCRYPT_DECRYPT");
    sheet.check("kind", text("KeySpec"), "SYMMETRIC_DEFAULT");
    sheet.check("manager", text("KeyManager"), "CUSTOMER");
    let describe = |id: &str| aws.kms("DescribeKey", &json!({ "KeyId": id }));
    sheet.check("by id", &describe(&text("KeyId")).json()["KeyMetadata"]["Description"], json!("for parameters"));
    sheet.check("by ARN", &describe(&text("Arn")).json()["KeyMetadata"]["Description"], json!("for parameters"));
    let never = "00000000-0000-0000-0000-000000000000";
    sheet.check("one that never was", describe(never).outcome(), "400 NotFoundException");
}

fn aliases(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let key = key(aws);
    let create =
        |name: &str, key: &str| aws.kms("CreateAlias", &json!({ "AliasName": name, "TargetKeyId": key })).outcome();
    sheet.check("create", create("alias/contract", &key), "200");
    sheet.check("create again", create("alias/contract", &key), "400 AlreadyExistsException");
    let described = aws.kms("DescribeKey", &json!({ "KeyId": "alias/contract" })).json();
    sheet.check("describe by alias", &described["KeyMetadata"]["Arn"], json!(key));
    sheet.check(
        "an alias that never was",
        aws.kms("DescribeKey", &json!({ "KeyId": "alias/never" })).outcome(),
        "400 NotFoundException",
    );
    sheet.check("a name without alias/", create("contract", &key), "400 ValidationException");
    sheet.check("of no key", create("alias/nothing", "00000000-0000-0000-0000-000000000000"), "400 NotFoundException");
    let listed = aws.kms("ListAliases", &json!({ "KeyId": key })).json();
    sheet.check("list of a key", &listed["Aliases"][0]["AliasName"], json!("alias/contract"));
    sheet.check("delete", aws.kms("DeleteAlias", &json!({ "AliasName": "alias/contract" })).outcome(), "200");
    sheet.check(
        "delete again",
        aws.kms("DeleteAlias", &json!({ "AliasName": "alias/contract" })).outcome(),
        "400 NotFoundException",
    );
}

fn encryption(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let key = key(aws);
    let plain = STANDARD.encode("planted");
    let encrypted = aws.kms("Encrypt", &json!({ "KeyId": key, "Plaintext": plain, "EncryptionContext": { "a": "b" } }));
    sheet.check("encrypt", encrypted.outcome(), "200");
    sheet.check("which key it was", &encrypted.json()["KeyId"], json!(key));
    let blob = encrypted.json()["CiphertextBlob"].clone();
    let decrypt = |context: serde_json::Value| {
        aws.kms("Decrypt", &json!({ "CiphertextBlob": blob, "EncryptionContext": context }))
    };
    let decrypted = decrypt(json!({ "a": "b" })).json();
    sheet.check("decrypt", &decrypted["Plaintext"], json!(plain));
    sheet.check("the key need not be said", &decrypted["KeyId"], json!(key));
    sheet.check("in another context", decrypt(json!({ "a": "c" })).outcome(), "400 InvalidCiphertextException");
    sheet.check("in no context", decrypt(json!({})).outcome(), "400 InvalidCiphertextException");
    let garbage = STANDARD.encode("x".repeat(100));
    sheet.check(
        "what nobody encrypted",
        aws.kms("Decrypt", &json!({ "CiphertextBlob": garbage })).outcome(),
        "400 InvalidCiphertextException",
    );
    let other = self::key(aws);
    let wrong = json!({ "CiphertextBlob": blob, "EncryptionContext": { "a": "b" }, "KeyId": other });
    sheet.check("with another key", aws.kms("Decrypt", &wrong).outcome(), "400 IncorrectKeyException");
    let long = STANDARD.encode("x".repeat(4097));
    sheet.check(
        "4,097 bytes",
        aws.kms("Encrypt", &json!({ "KeyId": key, "Plaintext": long })).outcome(),
        "400 ValidationException",
    );
    let data = aws.kms("GenerateDataKey", &json!({ "KeyId": key, "KeySpec": "AES_256" })).json();
    let bytes = |member: &str| STANDARD.decode(data[member].as_str().unwrap_or_default()).unwrap_or_default();
    sheet.check("a data key", bytes("Plaintext").len(), 32);
    let back = aws.kms("Decrypt", &json!({ "CiphertextBlob": data["CiphertextBlob"] })).json();
    sheet.check("and back", back["Plaintext"] == data["Plaintext"], true);
}
