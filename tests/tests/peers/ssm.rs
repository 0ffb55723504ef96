//! Parameter Store: parameters, their secrets, tiers and tags.

use serde_json::{Value, json};

use maps_tests::aws::{Answer, Aws};

use crate::sheet::{Case, Sheet};
use crate::world::{ALL, World};

pub(crate) const CASES: &[Case] = &[
    Case { name: "parameters", on: ALL, run: parameters },
    Case { name: "parameter versions", on: ALL, run: versions },
    Case { name: "parameter names", on: ALL, run: names },
    Case { name: "parameter tiers", on: ALL, run: tiers },
    Case { name: "parameters by path", on: ALL, run: paths },
    Case { name: "parameter tags", on: ALL, run: tags },
    Case { name: "parameters described", on: ALL, run: described },
];

/// Puts a parameter, with whatever else is said of it.
pub(crate) fn put(aws: &Aws, name: &str, kind: &str, value: &str, more: Value) -> Answer {
    let mut body = json!({ "Name": name, "Type": kind, "Value": value });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    aws.ssm("PutParameter", &body)
}

pub(crate) fn get(aws: &Aws, name: &str, decrypted: bool) -> Answer {
    aws.ssm("GetParameter", &json!({ "Name": name, "WithDecryption": decrypted }))
}

/// A member of the parameter in an answer.
fn part(answer: &Answer, member: &str) -> String {
    match &answer.json()["Parameter"][member] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn parameters(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let made = put(aws, "/life/password", "SecureString", "planted", json!({}));
    sheet.check("put", made.outcome(), "200");
    sheet.check("the first version", &made.json()["Version"], 1);
    sheet.check("the tier that was not said", made.json()["Tier"].as_str().unwrap_or_default(), "Standard");
    sheet.check(
        "put again",
        put(aws, "/life/password", "SecureString", "x", json!({})).outcome(),
        "400 ParameterAlreadyExists",
    );

    let plain = get(aws, "/life/password", true);
    sheet.check("get, decrypted", part(&plain, "Value"), "planted");
    sheet.check("get", get(aws, "/life/password", false).outcome(), "200");
    sheet.check("get, not decrypted", part(&get(aws, "/life/password", false), "Value").contains("planted"), false);
    sheet.check("type", part(&plain, "Type"), "SecureString");
    sheet.check("data type", part(&plain, "DataType"), "text");
    let arn = part(&plain, "ARN");
    sheet.check("the ARN has no second slash", arn.ends_with(":parameter/life/password"), true);
    sheet.check("get by ARN", part(&get(aws, &arn, true), "Value"), "planted");

    sheet.check("get one that never was", get(aws, "/life/never", false).outcome(), "400 ParameterNotFound");
    let several =
        aws.ssm("GetParameters", &json!({ "Names": ["/life/password", "/life/never"], "WithDecryption": true })).json();
    sheet.check("get several: those there are", &several["Parameters"][0]["Value"], json!("planted"));
    sheet.check("get several: those there are not", &several["InvalidParameters"], json!(["/life/never"]));
    let eleven: Vec<String> = (0..11).map(|n| format!("/life/{n}")).collect();
    sheet.check(
        "get eleven",
        aws.ssm("GetParameters", &json!({ "Names": eleven })).outcome(),
        "400 ValidationException",
    );

    put(aws, "/life/other", "String", "plain", json!({}));
    sheet.check("delete", aws.ssm("DeleteParameter", &json!({ "Name": "/life/password" })).outcome(), "200");
    sheet.check(
        "delete again",
        aws.ssm("DeleteParameter", &json!({ "Name": "/life/password" })).outcome(),
        "400 ParameterNotFound",
    );
    let gone = aws.ssm("DeleteParameters", &json!({ "Names": ["/life/other", "/life/never"] })).json();
    sheet.check("delete several: those there were", &gone["DeletedParameters"], json!(["/life/other"]));
    sheet.check("delete several: those there were not", &gone["InvalidParameters"], json!(["/life/never"]));
    sheet.check("an operation that is none", aws.ssm("PutParametre", &json!({})).status, 400);
}

fn versions(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let over = |kind: &str, value: &str| put(aws, "/versions/a", kind, value, json!({ "Overwrite": true }));
    sheet.check("overwrite what is not there", &over("String", "one").json()["Version"], 1);
    sheet.check("overwrite", &over("String", "two").json()["Version"], 2);
    sheet.check("overwrite with the same", &over("String", "two").json()["Version"], 3);
    let read = get(aws, "/versions/a", false);
    sheet.check("the newest", format!("{} {}", part(&read, "Version"), part(&read, "Value")), "3 two");
    sheet.check("one by its version", part(&get(aws, "/versions/a:1", false), "Value"), "one");
    sheet.check("a version that never was", get(aws, "/versions/a:9", false).outcome(), "400 ParameterVersionNotFound");
    sheet.check("another type", over("SecureString", "three").outcome(), "400 HierarchyTypeMismatchException");
    let tagged = json!({ "Overwrite": true, "Tags": [{ "Key": "k", "Value": "v" }] });
    sheet.check(
        "tags when overwriting",
        put(aws, "/versions/a", "String", "x", tagged).outcome(),
        "400 ValidationException",
    );
    let untyped = aws.ssm("PutParameter", &json!({ "Name": "/versions/a", "Value": "x", "Overwrite": true }));
    sheet.check("the type need not be said again", untyped.outcome(), "200");
    let untyped = aws.ssm("PutParameter", &json!({ "Name": "/versions/new", "Value": "x" }));
    sheet.check("but the first time", untyped.outcome(), "400 ValidationException");
    aws.ssm("DeleteParameter", &json!({ "Name": "/versions/a" }));
    sheet.check("after deleting it begins anew", &over("String", "one").json()["Version"], 1);
}

fn names(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let string = |name: &str, value: &str| put(aws, name, "String", value, json!({})).outcome();
    sheet.check("a space", string("/names/a b", "x"), "400 ValidationException");
    sheet.check("a path without a slash before it", string("names/a", "x"), "400 ValidationException");
    sheet.check("without any slash", string("names", "x"), "200");
    sheet.check("beginning with ssm", string("ssm-names", "x"), "400 ValidationException");
    let levels = |count: usize| "/a".repeat(count);
    sheet.check("15 levels", string(&levels(15), "x"), "200");
    sheet.check("16 levels", string(&levels(16), "x"), "400 HierarchyLevelLimitExceededException");
    sheet.check("no value", string("/names/empty", ""), "400 ValidationException");
    sheet.check(
        "a type that is none",
        put(aws, "/names/t", "Number", "1", json!({})).outcome(),
        "400 ValidationException",
    );
    let key = json!({ "KeyId": "alias/never-was" });
    sheet.check("a key that never was", put(aws, "/names/k", "SecureString", "x", key).outcome(), "400 InvalidKeyId");
    let pattern = json!({ "AllowedPattern": "^[0-9]+$" });
    let refused = put(aws, "/names/p", "String", "letters", pattern);
    sheet.check("a value that its pattern refuses", refused.outcome(), "400 ParameterPatternMismatchException");
}

fn tiers(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let tier = |name: &str, length: usize, tier: &str| {
        put(aws, name, "String", &"x".repeat(length), json!({ "Tier": tier, "Overwrite": true }))
    };
    sheet.check("4,096 bytes", tier("/tiers/a", 4096, "Standard").outcome(), "200");
    sheet.check("4,097 bytes", tier("/tiers/b", 4097, "Standard").outcome(), "400 ValidationException");
    sheet.check("8,192 bytes, advanced", tier("/tiers/c", 8192, "Advanced").outcome(), "200");
    sheet.check("8,193 bytes, advanced", tier("/tiers/d", 8193, "Advanced").outcome(), "400 ValidationException");
    let smart = tier("/tiers/e", 5000, "Intelligent-Tiering");
    sheet.check("5,000 bytes choose their tier", smart.json()["Tier"].as_str().unwrap_or_default(), "Advanced");
    sheet.check("up", tier("/tiers/a", 10, "Advanced").json()["Tier"].as_str().unwrap_or_default(), "Advanced");
    sheet.check("down", tier("/tiers/a", 10, "Standard").outcome(), "400 ValidationException");
    sheet.check("a tier that is none", tier("/tiers/f", 10, "Golden").outcome(), "400 ValidationException");
}

fn paths(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    for name in ["/paths/a", "/paths/b", "/paths/c", "/paths/deep/d", "/pathsother/e"] {
        put(aws, name, "String", "x", json!({}));
    }
    let by = |more: Value| {
        let mut body = json!({ "Path": "/paths" });
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        aws.ssm("GetParametersByPath", &body)
    };
    let found = |answer: &Answer| {
        let answer = answer.json();
        let parameters = answer["Parameters"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<String> =
            parameters.iter().map(|p| p["Name"].as_str().unwrap_or_default().to_owned()).collect();
        names.sort();
        names.join(" ")
    };
    sheet.check("one level", found(&by(json!({}))), "/paths/a /paths/b /paths/c");
    sheet.check("all levels", found(&by(json!({ "Recursive": true }))), "/paths/a /paths/b /paths/c /paths/deep/d");
    let first = by(json!({ "Recursive": true, "MaxResults": 3 })).json();
    sheet.check("a page", first["Parameters"].as_array().map_or(0, Vec::len), 3);
    let next = by(json!({ "Recursive": true, "MaxResults": 3, "NextToken": first["NextToken"] })).json();
    sheet.check("the next page", next["Parameters"].as_array().map_or(0, Vec::len), 1);
    sheet.check("the last page has no token", next["NextToken"].as_str().unwrap_or_default(), "");
    sheet.check("11 to a page", by(json!({ "MaxResults": 11 })).outcome(), "400 ValidationException");
    let nothing = aws.ssm("GetParametersByPath", &json!({ "Path": "/paths/nothing" }));
    sheet.check("an empty path is no error", format!("{} {}", nothing.outcome(), found(&nothing)), "200 ");
    sheet.check(
        "a path without a slash",
        aws.ssm("GetParametersByPath", &json!({ "Path": "paths" })).outcome(),
        "400 ValidationException",
    );
}

fn tags(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let list = |id: &str| aws.ssm("ListTagsForResource", &json!({ "ResourceType": "Parameter", "ResourceId": id }));
    let made = put(aws, "/tags/a", "String", "x", json!({ "Tags": [{ "Key": "owner", "Value": "maps" }] }));
    sheet.check("put with tags", made.outcome(), "200");
    sheet.check("list", &list("/tags/a").json()["TagList"], json!([{ "Key": "owner", "Value": "maps" }]));
    let tagged = json!({
        "ResourceType": "Parameter", "ResourceId": "/tags/a", "Tags": [{ "Key": "owner", "Value": "other" }],
    });
    sheet.check("add one that is there", aws.ssm("AddTagsToResource", &tagged).outcome(), "200");
    sheet.check("it is replaced", &list("/tags/a").json()["TagList"], json!([{ "Key": "owner", "Value": "other" }]));
    let untagged = json!({ "ResourceType": "Parameter", "ResourceId": "/tags/a", "TagKeys": ["owner", "never"] });
    sheet.check("remove, also what is not there", aws.ssm("RemoveTagsFromResource", &untagged).outcome(), "200");
    sheet.check("none are left", &list("/tags/a").json()["TagList"], json!([]));
    sheet.check("list of what never was", list("/tags/never").outcome(), "400 InvalidResourceId");
    let tagged =
        json!({ "ResourceType": "Parameter", "ResourceId": "/tags/never", "Tags": [{ "Key": "k", "Value": "v" }] });
    sheet.check("tag what never was", aws.ssm("AddTagsToResource", &tagged).outcome(), "400 InvalidResourceId");
}

fn described(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    put(aws, "/described/a", "SecureString", "planted", json!({ "Description": "what it is for" }));
    put(aws, "/described/b", "String", "x", json!({}));
    let describe = |filter: Value| aws.ssm("DescribeParameters", &json!({ "ParameterFilters": [filter] }));
    let one = describe(json!({ "Key": "Name", "Option": "Equals", "Values": ["/described/a"] }));
    sheet.check("one by its name", one.json()["Parameters"].as_array().map_or(0, Vec::len), 1);
    let described = one.json()["Parameters"][0].clone();
    sheet.check("its description", described["Description"].as_str().unwrap_or_default(), "what it is for");
    sheet.check("its key, which nobody chose", described["KeyId"].as_str().unwrap_or_default(), "alias/aws/ssm");
    sheet.check("never its value", one.json().to_string().contains("planted"), false);
    let both = describe(json!({ "Key": "Name", "Option": "BeginsWith", "Values": ["/described/"] })).json();
    sheet.check("by how names begin", both["Parameters"].as_array().map_or(0, Vec::len), 2);
    let none = describe(json!({ "Key": "Name", "Values": ["/described/never"] }));
    sheet.check("none is no error", format!("{} {}", none.outcome(), none.json()["Parameters"]), "200 []");
    sheet.check(
        "51 to a page",
        aws.ssm("DescribeParameters", &json!({ "MaxResults": 51 })).outcome(),
        "400 ValidationException",
    );
    sheet.check("by a key that is none", describe(json!({ "Key": "Colour", "Values": ["red"] })).status, 400);
}
