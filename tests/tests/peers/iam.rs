//! IAM: users, their inline policies, boundaries, tags and access keys.

use maps_tests::aws::{Answer, Aws, Keys};

use crate::sheet::{Case, Sheet};
use crate::world::{ALL, ENFORCING, World};

pub(crate) const CASES: &[Case] = &[
    Case { name: "users", on: ALL, run: users },
    Case { name: "inline policies", on: ALL, run: inline },
    Case { name: "managed policies", on: ALL, run: managed },
    // moto keeps boundaries of roles only.
    Case { name: "permissions boundaries", on: ENFORCING, run: boundaries },
    Case { name: "access keys", on: ALL, run: keys },
    Case { name: "user tags", on: ALL, run: tags },
    Case { name: "user paging", on: ALL, run: paging },
];

/// A policy that allows one action on everything.
pub(crate) fn allow(action: &str) -> String {
    statement("Allow", action, "*")
}

/// A policy with one statement.
pub(crate) fn statement(effect: &str, action: &str, resource: &str) -> String {
    policy(&[serde_json::json!({ "Effect": effect, "Action": action, "Resource": resource })])
}

/// A policy with these statements.
pub(crate) fn policy(statements: &[serde_json::Value]) -> String {
    serde_json::json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// Makes a user.
pub(crate) fn user(aws: &Aws, name: &str) -> Answer {
    aws.iam("CreateUser", &[("UserName", name)])
}

/// Makes an access key.
pub(crate) fn key(aws: &Aws, user: &str) -> Keys {
    let made = aws.iam("CreateAccessKey", &[("UserName", user)]);
    Keys { id: made.text("AccessKeyId"), secret: made.text("SecretAccessKey") }
}

/// Puts an inline policy.
pub(crate) fn put(aws: &Aws, user: &str, name: &str, document: &str) -> Answer {
    aws.iam("PutUserPolicy", &[("UserName", user), ("PolicyName", name), ("PolicyDocument", document)])
}

fn users(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let made = aws.iam("CreateUser", &[("UserName", "anna"), ("Path", "/maps/")]);
    sheet.check("create", made.outcome(), "200");
    sheet.check("the answer's element", made.root(), "CreateUserResponse");
    sheet.check("its ARN has its path", made.text("User/Arn").ends_with(":user/maps/anna"), true);
    sheet.check("its id", made.text("User/UserId").starts_with("AIDA"), true);
    sheet.check("create again", user(aws, "anna").outcome(), "409 EntityAlreadyExists");
    sheet.check("names differ by more than case", user(aws, "ANNA").outcome(), "409 EntityAlreadyExists");
    let got = aws.iam("GetUser", &[("UserName", "anna")]);
    sheet.check("get", got.text("User/Path"), "/maps/");
    sheet.check("get one that never was", aws.iam("GetUser", &[("UserName", "never")]).outcome(), "404 NoSuchEntity");
    sheet.check(
        "delete one that never was",
        aws.iam("DeleteUser", &[("UserName", "never")]).outcome(),
        "404 NoSuchEntity",
    );
    sheet.check("a name with a slash", user(aws, "a/b").outcome(), "400 ValidationError");
    sheet.check("a name of 65 characters", user(aws, &"x".repeat(65)).outcome(), "400 ValidationError");
    sheet.check("no name", aws.iam("CreateUser", &[]).status, 400);
    sheet.check("no such action", aws.iam("MakeUser", &[]).outcome(), "400 InvalidAction");

    let delete = |name: &str| aws.iam("DeleteUser", &[("UserName", name)]).outcome();
    user(aws, "ugo");
    put(aws, "ugo", "p", &allow("ssm:GetParameter"));
    sheet.check("delete one with a policy", delete("ugo"), "409 DeleteConflict");
    user(aws, "ursula");
    key(aws, "ursula");
    sheet.check("delete one with a key", delete("ursula"), "409 DeleteConflict");
    sheet.check("delete", delete("anna"), "200");
    sheet.check("delete again", delete("anna"), "404 NoSuchEntity");
    sheet.check("get one that was deleted", aws.iam("GetUser", &[("UserName", "anna")]).outcome(), "404 NoSuchEntity");
}

fn inline(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    user(aws, "bruno");
    let document = allow("ssm:GetParameter");
    sheet.check("put", put(aws, "bruno", "read", &document).outcome(), "200");
    sheet.check("put again", put(aws, "bruno", "read", &document).outcome(), "200");
    let get = |name: &str| aws.iam("GetUserPolicy", &[("UserName", "bruno"), ("PolicyName", name)]);
    let written = get("read").text("PolicyDocument");
    sheet.check("the document is percent-encoded", written.starts_with("%7B%22"), true);
    sheet.check("get one that never was", get("never").outcome(), "404 NoSuchEntity");
    put(aws, "bruno", "write", &allow("ssm:PutParameter"));
    let names = aws.iam("ListUserPolicies", &[("UserName", "bruno")]).texts("PolicyNames/member");
    sheet.check("list", names.join(" "), "read write");
    const MALFORMED: &str = "400 MalformedPolicyDocument";
    sheet.check("no JSON", put(aws, "bruno", "bad", "{").outcome(), MALFORMED);
    sheet.check("no statement", put(aws, "bruno", "bad", r#"{"Version":"2012-10-17"}"#).outcome(), MALFORMED);
    sheet.check(
        "an effect that is none",
        put(aws, "bruno", "bad", &statement("Maybe", "ssm:*", "*")).outcome(),
        MALFORMED,
    );
    sheet.check("an action without a service", put(aws, "bruno", "bad", &allow("GetParameter")).outcome(), MALFORMED);
    sheet.check(
        "a resource that is no ARN",
        put(aws, "bruno", "bad", &statement("Allow", "ssm:*", "x")).outcome(),
        MALFORMED,
    );
    let principal =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"ssm:*","Resource":"*"}]}"#;
    sheet.check("a principal", put(aws, "bruno", "bad", principal).outcome(), MALFORMED);
    let long = statement("Allow", "ssm:GetParameter", &format!("arn:aws:ssm:*:*:parameter/{}", "x".repeat(2048)));
    sheet.check("more than 2,048 characters", put(aws, "bruno", "long", &long).outcome(), "409 LimitExceeded");
    sheet.check("of no user", put(aws, "never", "p", &document).outcome(), "404 NoSuchEntity");
    let delete = || aws.iam("DeleteUserPolicy", &[("UserName", "bruno"), ("PolicyName", "write")]).outcome();
    sheet.check("delete", delete(), "200");
    sheet.check("delete again", delete(), "404 NoSuchEntity");
}

fn managed(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    user(aws, "carla");
    let create = || aws.iam("CreatePolicy", &[("PolicyName", "carlas"), ("PolicyDocument", &allow("ssm:*"))]);
    let made = create();
    let arn = made.text("Policy/Arn");
    sheet.check("create", made.outcome(), "200");
    sheet.check("its ARN", arn.ends_with(":policy/carlas"), true);
    sheet.check("its first version", made.text("DefaultVersionId"), "v1");
    sheet.check("create again", create().outcome(), "409 EntityAlreadyExists");
    let bad = aws.iam("CreatePolicy", &[("PolicyName", "bad"), ("PolicyDocument", "{")]);
    sheet.check("malformed", bad.outcome(), "400 MalformedPolicyDocument");
    let carla = |action: &str, arn: &str| aws.iam(action, &[("UserName", "carla"), ("PolicyArn", arn)]).outcome();
    sheet.check("attach", carla("AttachUserPolicy", &arn), "200");
    sheet.check("attach again", carla("AttachUserPolicy", &arn), "200");
    let never = format!("{arn}-never");
    sheet.check("attach one that never was", carla("AttachUserPolicy", &never), "404 NoSuchEntity");
    let listed = aws.iam("ListAttachedUserPolicies", &[("UserName", "carla")]);
    sheet.check("list", listed.texts("PolicyName").join(" "), "carlas");
    sheet.check("how often it is attached", aws.iam("GetPolicy", &[("PolicyArn", &arn)]).text("AttachmentCount"), "1");
    user(aws, "ciro");
    let held =
        aws.iam("CreatePolicy", &[("PolicyName", "held"), ("PolicyDocument", &allow("ssm:*"))]).text("Policy/Arn");
    aws.iam("AttachUserPolicy", &[("UserName", "ciro"), ("PolicyArn", &held)]);
    sheet.check(
        "delete the user of one",
        aws.iam("DeleteUser", &[("UserName", "ciro")]).outcome(),
        "409 DeleteConflict",
    );
    sheet.check(
        "delete an attached one",
        aws.iam("DeletePolicy", &[("PolicyArn", &held)]).outcome(),
        "409 DeleteConflict",
    );
    sheet.check("detach", carla("DetachUserPolicy", &arn), "200");
    sheet.check("detach again", carla("DetachUserPolicy", &arn), "404 NoSuchEntity");
    sheet.check("delete", aws.iam("DeletePolicy", &[("PolicyArn", &arn)]).outcome(), "200");
    sheet.check("get one that was deleted", aws.iam("GetPolicy", &[("PolicyArn", &arn)]).outcome(), "404 NoSuchEntity");
}

fn boundaries(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let made = aws.iam("CreatePolicy", &[("PolicyName", "fence"), ("PolicyDocument", &allow("ssm:*"))]);
    let arn = made.text("Policy/Arn");
    let boundary = || aws.iam("GetUser", &[("UserName", "dario")]).text("PermissionsBoundaryArn");
    let dario = [("UserName", "dario"), ("PermissionsBoundary", arn.as_str())];
    sheet.check("create with one", aws.iam("CreateUser", &dario).outcome(), "200");
    sheet.check("get", boundary(), &arn);
    let delete = || aws.iam("DeleteUserPermissionsBoundary", &[("UserName", "dario")]).outcome();
    sheet.check("delete", delete(), "200");
    sheet.check("it is gone", boundary(), "");
    sheet.check("put", aws.iam("PutUserPermissionsBoundary", &dario).outcome(), "200");
    sheet.check("get again", boundary(), &arn);
    sheet.check(
        "its policy cannot go",
        aws.iam("DeletePolicy", &[("PolicyArn", &arn)]).outcome(),
        "409 DeleteConflict",
    );
    let never = format!("{arn}-never");
    let never = aws.iam("PutUserPermissionsBoundary", &[("UserName", "dario"), ("PermissionsBoundary", &never)]);
    sheet.check("one that never was", never.outcome(), "404 NoSuchEntity");
    let nobody = aws.iam("PutUserPermissionsBoundary", &[("UserName", "never"), ("PermissionsBoundary", &arn)]);
    sheet.check("of no user", nobody.outcome(), "404 NoSuchEntity");
}

fn keys(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    user(aws, "elena");
    let create = || aws.iam("CreateAccessKey", &[("UserName", "elena")]);
    let first = create();
    let (id, secret) = (first.text("AccessKeyId"), first.text("SecretAccessKey"));
    sheet.check("create", first.outcome(), "200");
    sheet.check("its id", format!("{} {}", &id.get(..4).unwrap_or_default(), id.len()), "AKIA 20");
    sheet.check("its secret's length", secret.len(), 40);
    sheet.check("its status", first.text("AccessKey/Status"), "Active");
    sheet.check("a second", create().outcome(), "200");
    let list = || aws.iam("ListAccessKeys", &[("UserName", "elena")]);
    sheet.check("list", list().texts("AccessKeyId").len(), 2);
    sheet.check("no secret is told again", list().text("SecretAccessKey"), "");
    let set = |status: &str| {
        let set = [("UserName", "elena"), ("AccessKeyId", id.as_str()), ("Status", status)];
        aws.iam("UpdateAccessKey", &set).outcome()
    };
    sheet.check("switch off", set("Inactive"), "200");
    sheet.check("it is off", list().texts("member/Status").contains(&"Inactive".to_owned()), true);
    sheet.check("a status that is none", set("Lost").starts_with("400"), true);
    sheet.check("switch on", set("Active"), "200");
    let used = aws.iam("GetAccessKeyLastUsed", &[("AccessKeyId", &id)]);
    sheet.check("whose it is", used.text("UserName"), "elena");
    sheet.check("never used", used.text("ServiceName"), "N/A");
    let delete = || aws.iam("DeleteAccessKey", &[("UserName", "elena"), ("AccessKeyId", &id)]).outcome();
    sheet.check("delete", delete(), "200");
    sheet.check("delete again", delete(), "404 NoSuchEntity");
    sheet.check("one is left", list().texts("AccessKeyId").len(), 1);
    sheet.check("and another can be made", create().outcome(), "200");
    user(aws, "enzo");
    key(aws, "enzo");
    key(aws, "enzo");
    let third = aws.iam("CreateAccessKey", &[("UserName", "enzo")]);
    sheet.check("a third", third.outcome(), "409 LimitExceeded");
    sheet.check("of no user", aws.iam("CreateAccessKey", &[("UserName", "never")]).outcome(), "404 NoSuchEntity");
    sheet.check("list of no user", aws.iam("ListAccessKeys", &[("UserName", "never")]).outcome(), "404 NoSuchEntity");
}

fn tags(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let tag = |key: &str, value: &str| {
        aws.iam("TagUser", &[("UserName", "fabio"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)])
            .outcome()
    };
    let made = [("UserName", "fabio"), ("Tags.member.1.Key", "owner"), ("Tags.member.1.Value", "maps")];
    sheet.check("create with one", aws.iam("CreateUser", &made).outcome(), "200");
    let list = || aws.iam("ListUserTags", &[("UserName", "fabio")]).texts("Tags/member/Value").join(" ");
    sheet.check("list", list(), "maps");
    sheet.check("tag", tag("owner", "other"), "200");
    sheet.check("it is replaced", list(), "other");
    let untag = aws.iam("UntagUser", &[("UserName", "fabio"), ("TagKeys.member.1", "owner")]);
    sheet.check("untag", untag.outcome(), "200");
    sheet.check("none are left", list(), "");
    sheet.check("list of no user", aws.iam("ListUserTags", &[("UserName", "never")]).outcome(), "404 NoSuchEntity");
}

fn paging(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    for name in ["p1", "p2", "p3"] {
        aws.iam("CreateUser", &[("UserName", name), ("Path", "/paging/")]);
    }
    let first = aws.iam("ListUsers", &[("PathPrefix", "/paging/"), ("MaxItems", "2")]);
    sheet.check("a page", first.texts("UserName").join(" "), "p1 p2");
    sheet.check("there is more", first.text("IsTruncated"), "true");
    let marker = first.text("Marker");
    let next = aws.iam("ListUsers", &[("PathPrefix", "/paging/"), ("MaxItems", "2"), ("Marker", &marker)]);
    sheet.check("the next page", next.texts("UserName").join(" "), "p3");
    sheet.check("there is no more", next.text("IsTruncated"), "false");
}
