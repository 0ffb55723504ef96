//! Who calls: STS, signatures, and the life of an access key.

use std::time::Duration;

use serde_json::json;

use maps_tests::aws::{Answer, Aws, Keys};

use crate::iam;
use crate::sheet::{Case, Sheet};
use crate::world::{ENFORCING, World};

pub(crate) const CASES: &[Case] = &[
    Case { name: "callers", on: ENFORCING, run: callers },
    Case { name: "signatures", on: ENFORCING, run: signatures },
    Case { name: "keys that end", on: ENFORCING, run: ends },
];

/// One call of each service that anybody may make who is somebody.
fn each(aws: &Aws) -> [(&'static str, Answer); 5] {
    [
        ("sts", aws.sts("GetCallerIdentity", &[])),
        ("iam", aws.iam("ListUsers", &[])),
        ("ssm", aws.ssm("DescribeParameters", &json!({}))),
        ("route53", aws.route53("GET", "/hostedzone", "")),
        ("s3", aws.s3("GET", "/", &[], "")),
    ]
}

/// `sts: 200, iam: 200, …`
fn outcomes(answers: &[(&'static str, Answer)]) -> String {
    answers.iter().map(|(name, answer)| format!("{name}: {}", answer.outcome())).collect::<Vec<_>>().join(", ")
}

fn callers(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    sheet.check("the operator", outcomes(&each(root)), "sts: 200, iam: 200, ssm: 200, route53: 200, s3: 200");
    iam::user(root, "gino");
    let gino = root.by(&iam::key(root, "gino"));
    // Nobody needs a permission to ask who he is.
    let known = gino.sts("GetCallerIdentity", &[]);
    sheet.check("a user without policies", known.outcome(), "200");
    sheet.check("his ARN", known.text("Arn").ends_with(":user/gino"), true);
    sheet.check("his account", known.text("Account"), root.sts("GetCallerIdentity", &[]).text("Account"));
    sheet.check("his id", known.text("UserId"), root.iam("GetUser", &[("UserName", "gino")]).text("UserId"));
    let nothing = each(&gino);
    sheet.check(
        "he may do nothing else",
        outcomes(&nothing),
        "sts: 200, iam: 403 AccessDenied, ssm: 400 AccessDeniedException, route53: 403 AccessDenied, s3: 403 AccessDenied",
    );
}

fn signatures(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    iam::user(root, "sergio");
    iam::put(root, "sergio", "all", &iam::allow("*"));
    let keys = &iam::key(root, "sergio");
    sheet.check("signed", outcomes(&each(&root.by(keys))), "sts: 200, iam: 200, ssm: 200, route53: 200, s3: 200");
    let wrong = root.by(&Keys { secret: format!("{}x", keys.secret), ..keys.clone() });
    sheet.check(
        "another secret",
        outcomes(&each(&wrong)),
        "sts: 403 SignatureDoesNotMatch, iam: 403 SignatureDoesNotMatch, ssm: 400 InvalidSignatureException, \
         route53: 403 SignatureDoesNotMatch, s3: 403 SignatureDoesNotMatch",
    );
    let never = root.by(&Keys { id: "AKIA0000000000000000".to_owned(), ..keys.clone() });
    sheet.check(
        "a key that never was",
        outcomes(&each(&never)),
        "sts: 403 InvalidClientTokenId, iam: 403 InvalidClientTokenId, ssm: 400 UnrecognizedClientException, \
         route53: 403 InvalidClientTokenId, s3: 403 InvalidAccessKeyId",
    );
    let ahead = root.by(keys).ahead(Duration::from_secs(20 * 60));
    sheet.check(
        "a clock that is 20 minutes ahead",
        outcomes(&each(&ahead)),
        "sts: 403 SignatureDoesNotMatch, iam: 403 SignatureDoesNotMatch, ssm: 400 InvalidSignatureException, \
         route53: 403 SignatureDoesNotMatch, s3: 403 RequestTimeTooSkewed",
    );
}

fn ends(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    iam::user(root, "hugo");
    iam::put(root, "hugo", "all", &iam::allow("*"));
    let keys = iam::key(root, "hugo");
    let hugo = root.by(&keys);
    let mine = |status: &str| {
        let set = [("UserName", "hugo"), ("AccessKeyId", keys.id.as_str()), ("Status", status)];
        root.iam("UpdateAccessKey", &set).outcome()
    };
    sheet.check("while it is on", outcomes(&each(&hugo)), "sts: 200, iam: 200, ssm: 200, route53: 200, s3: 200");
    mine("Inactive");
    sheet.check("switched off", hugo.sts("GetCallerIdentity", &[]).outcome(), "403 InvalidClientTokenId");
    sheet.check(
        "then nothing goes",
        hugo.ssm("DescribeParameters", &json!({})).outcome(),
        "400 UnrecognizedClientException",
    );
    mine("Active");
    sheet.check("switched on", hugo.ssm("DescribeParameters", &json!({})).outcome(), "200");
    root.iam("DeleteUserPolicy", &[("UserName", "hugo"), ("PolicyName", "all")]);
    sheet.check(
        "without its policy",
        hugo.ssm("DescribeParameters", &json!({})).outcome(),
        "400 AccessDeniedException",
    );
    root.iam("DeleteAccessKey", &[("UserName", "hugo"), ("AccessKeyId", &keys.id)]);
    sheet.check("deleted", hugo.sts("GetCallerIdentity", &[]).outcome(), "403 InvalidClientTokenId");
}
