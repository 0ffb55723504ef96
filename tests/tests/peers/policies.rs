//! What policies allow and refuse, asked with the keys of users that have them.

use serde_json::{Value, json};

use maps_tests::aws::Aws;

use crate::sheet::{Case, Sheet};
use crate::world::{ENFORCING, World};
use crate::{iam, kms, route53, s3, ssm};

pub(crate) const CASES: &[Case] = &[
    Case { name: "policy on parameters", on: ENFORCING, run: parameters },
    Case { name: "policy on zones", on: ENFORCING, run: zones },
    Case { name: "policy on record names", on: ENFORCING, run: record_names },
    Case { name: "policy on objects", on: ENFORCING, run: objects },
    Case { name: "policy on keys", on: ENFORCING, run: keys },
    Case { name: "statements", on: ENFORCING, run: statements },
    Case { name: "boundaries", on: ENFORCING, run: boundaries },
];

/// A user with one policy, as a client.
fn user(root: &Aws, name: &str, statements: &[Value]) -> Aws {
    iam::user(root, name);
    iam::put(root, name, "policy", &iam::policy(statements));
    root.by(&iam::key(root, name))
}

fn allow(action: impl Into<Value>, resource: impl Into<Value>) -> Value {
    let (action, resource): (Value, Value) = (action.into(), resource.into());
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn read(aws: &Aws, name: &str) -> String {
    ssm::get(aws, name, true).outcome()
}

const REFUSED: &str = "400 AccessDeniedException";

fn parameters(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    for name in ["/maps/postgres/password", "/maps/prefect/key", "/maps/postgresql/password"] {
        ssm::put(root, name, "String", "planted", json!({}));
    }
    let ours = json!("arn:aws:ssm:*:*:parameter/maps/postgres/*");
    let ida = user(root, "ida", &[allow("ssm:GetParameter*", ours)]);
    sheet.check("what it names", read(&ida, "/maps/postgres/password"), "200");
    let denied = ssm::get(&ida, "/maps/prefect/key", true);
    sheet.check("another path", denied.outcome(), REFUSED);
    let why = "because no identity-based policy allows the ssm:GetParameter action";
    sheet.check("why", denied.says(why), why);
    let arn = ":user/ida is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:";
    sheet.check("who, what and where", denied.says(arn), arn);
    sheet.check("a path that only begins like it", read(&ida, "/maps/postgresql/password"), REFUSED);
    sheet.check("refused before it is looked for", read(&ida, "/maps/never"), REFUSED);
    sheet.check("one that is not there", read(&ida, "/maps/postgres/never"), "400 ParameterNotFound");
    let both = ida.ssm("GetParameters", &json!({ "Names": ["/maps/postgres/password", "/maps/prefect/key"] }));
    sheet.check("both at once", both.outcome(), REFUSED);
    sheet.check("write", ssm::put(&ida, "/maps/postgres/new", "String", "x", json!({})).outcome(), REFUSED);
    sheet.check("nothing was written", read(root, "/maps/postgres/new"), "400 ParameterNotFound");
    let gone = ida.ssm("DeleteParameter", &json!({ "Name": "/maps/postgres/password" }));
    sheet.check("delete", gone.outcome(), REFUSED);
    sheet.check("it is there", read(root, "/maps/postgres/password"), "200");
}

fn zones(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    let (ours, other) = (route53::zone(root, "ours.example.com"), route53::zone(root, "theirs.example.com"));
    let arn = json!(format!("arn:aws:route53:::hostedzone/{ours}"));
    let luca = user(root, "luca", &[allow("route53:ChangeResourceRecordSets", arn)]);
    let a = |name: &str| [route53::change("CREATE", name, "A", 60, &["192.0.2.1"])];
    sheet.check("its zone", route53::send(&luca, &ours, &a("www.ours.example.com")).outcome(), "200");
    let denied = route53::send(&luca, &other, &a("www.theirs.example.com"));
    sheet.check("another zone", denied.outcome(), "403 AccessDenied");
    let what =
        "is not authorized to perform: route53:ChangeResourceRecordSets on resource: arn:aws:route53:::hostedzone/";
    sheet.check("why", denied.says(what), what);
    sheet.check("nothing was changed", route53::list(root, &other, "").texts("ResourceRecordSet").len(), 2);
    sheet.check("read its records", route53::list(&luca, &ours, "").outcome(), "403 AccessDenied");
    sheet.check("list zones", luca.route53("GET", "/hostedzone", "").outcome(), "403 AccessDenied");
    sheet.check(
        "delete its zone",
        luca.route53("DELETE", &format!("/hostedzone/{ours}"), "").outcome(),
        "403 AccessDenied",
    );
}

fn record_names(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    let zone = route53::zone(root, "named.example.com");
    let condition =
        |key: &str, values: Value| json!({ "ForAllValues:StringEquals": { format!("route53:{key}"): values } });
    let names = condition("ChangeResourceRecordSetsNormalizedRecordNames", json!(["www.named.example.com"]));
    let mut statement = allow("route53:ChangeResourceRecordSets", "*");
    statement["Condition"] = names;
    let mara = user(root, "mara", &[statement]);
    let change = |action: &str, name: &str| {
        route53::change(action, &format!("{name}.named.example.com"), "A", 60, &["192.0.2.1"])
    };
    sheet.check("its name", route53::send(&mara, &zone, &[change("CREATE", "www")]).outcome(), "200");
    sheet.check("its name in upper case", route53::send(&mara, &zone, &[change("UPSERT", "WWW")]).outcome(), "200");
    sheet.check("another name", route53::send(&mara, &zone, &[change("CREATE", "api")]).outcome(), "403 AccessDenied");
    let both = [change("UPSERT", "www"), change("CREATE", "api")];
    sheet.check("both in a batch", route53::send(&mara, &zone, &both).outcome(), "403 AccessDenied");
    let mut statement = allow("route53:ChangeResourceRecordSets", "*");
    statement["Condition"] = condition("ChangeResourceRecordSetsActions", json!(["CREATE"]));
    let nora = user(root, "nora", &[statement]);
    sheet.check("an action it has", route53::send(&nora, &zone, &[change("CREATE", "new")]).outcome(), "200");
    sheet.check(
        "an action it has not",
        route53::send(&nora, &zone, &[change("DELETE", "new")]).outcome(),
        "403 AccessDenied",
    );
    let mut statement = allow("route53:ChangeResourceRecordSets", "*");
    statement["Condition"] = condition("ChangeResourceRecordSetsRecordTypes", json!(["TXT"]));
    let olga = user(root, "olga", &[statement]);
    sheet.check(
        "a type it has not",
        route53::send(&olga, &zone, &[change("CREATE", "type")]).outcome(),
        "403 AccessDenied",
    );
}

fn objects(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    s3::bucket(root, "maps-policy");
    root.s3("PUT", "/maps-policy/ours/a", &[], "a");
    root.s3("PUT", "/maps-policy/theirs/a", &[], "a");
    let mut list = allow("s3:ListBucket", "arn:aws:s3:::maps-policy");
    list["Condition"] = json!({ "StringLike": { "s3:prefix": "ours/*" } });
    let pia = user(root, "pia", &[allow("s3:GetObject", "arn:aws:s3:::maps-policy/ours/*"), list]);
    let get = |path: &str| pia.s3("GET", path, &[], "").outcome();
    sheet.check("read", get("/maps-policy/ours/a"), "200");
    sheet.check("read another", get("/maps-policy/theirs/a"), "403 AccessDenied");
    sheet.check("list its own", get("/maps-policy?list-type=2&prefix=ours%2F"), "200");
    sheet.check("list another", get("/maps-policy?list-type=2&prefix=theirs%2F"), "403 AccessDenied");
    sheet.check("list all", get("/maps-policy?list-type=2"), "403 AccessDenied");
    sheet.check("write", pia.s3("PUT", "/maps-policy/ours/b", &[], "b").outcome(), "403 AccessDenied");
    sheet.check("delete", pia.s3("DELETE", "/maps-policy/ours/a", &[], "").outcome(), "403 AccessDenied");
    sheet.check("it is there", get("/maps-policy/ours/a"), "200");
    let get = user(root, "pino", &[allow("s3:GetObject", "arn:aws:s3:::maps-policy/*")]);
    // Who may not list does not learn what is not there.
    sheet.check(
        "one that is not there, to one who may not list",
        get.s3("GET", "/maps-policy/never", &[], "").outcome(),
        "403 AccessDenied",
    );
}

fn keys(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    let key = kms::key(root);
    let mine = json!({ "KeyId": key });
    sheet.check("put under a key", ssm::put(root, "/keys/own", "SecureString", "planted", mine).outcome(), "200");
    ssm::put(root, "/keys/default", "SecureString", "planted", json!({}));
    let read = allow("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/keys/*");
    let rita = user(root, "rita", std::slice::from_ref(&read));
    sheet.check("under the account's key", ssm::get(&rita, "/keys/default", true).outcome(), "200");
    sheet.check("under another key", ssm::get(&rita, "/keys/own", true).outcome(), REFUSED);
    sheet.check("not decrypted", ssm::get(&rita, "/keys/own", false).outcome(), "200");
    let sara = user(root, "sara", &[read, allow("kms:Decrypt", json!(key))]);
    sheet.check("with the right to decrypt", ssm::get(&sara, "/keys/own", true).outcome(), "200");
    let described = sara.kms("DescribeKey", &json!({ "KeyId": key }));
    sheet.check("that is no right to describe", described.outcome(), REFUSED);
    let encrypted = root.kms("Encrypt", &json!({ "KeyId": key, "Plaintext": "eA==" })).json()["CiphertextBlob"].clone();
    let decrypt = |aws: &Aws| aws.kms("Decrypt", &json!({ "CiphertextBlob": encrypted })).outcome();
    sheet.check("decrypt with it", decrypt(&sara), "200");
    sheet.check("decrypt without", decrypt(&rita), REFUSED);
}

fn statements(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    for name in ["/st/a", "/st/b", "/st/c1", "/st/c12"] {
        ssm::put(root, name, "String", "x", json!({}));
    }
    let parameter = |name: &str| json!(format!("arn:aws:ssm:*:*:parameter/st/{name}"));
    let deny = json!({ "Effect": "Deny", "Action": "ssm:*", "Resource": parameter("b") });
    let tina = user(root, "tina", &[allow("ssm:*", "*"), deny]);
    sheet.check("allowed", read(&tina, "/st/a"), "200");
    let denied = ssm::get(&tina, "/st/b", false);
    sheet.check("denied wins", denied.outcome(), REFUSED);
    let why = "with an explicit deny in an identity-based policy";
    sheet.check("and says so", denied.says(why), why);
    let vera = user(root, "vera", &[json!({ "Effect": "Allow", "NotAction": "ssm:Put*", "Resource": "*" })]);
    sheet.check("all but some actions", read(&vera, "/st/a"), "200");
    sheet.check("those", ssm::put(&vera, "/st/d", "String", "x", json!({})).outcome(), REFUSED);
    let wanda = user(root, "wanda", &[json!({ "Effect": "Allow", "Action": "ssm:*", "NotResource": parameter("b") })]);
    sheet.check("all but one resource", read(&wanda, "/st/a"), "200");
    sheet.check("that one", read(&wanda, "/st/b"), REFUSED);
    let zita = user(root, "zita", &[allow(json!(["SSM:getparameter"]), json!([parameter("c?"), parameter("a")]))]);
    sheet.check("actions have no case", read(&zita, "/st/a"), "200");
    sheet.check("a question mark is one character", read(&zita, "/st/c1"), "200");
    sheet.check("and not two", read(&zita, "/st/c12"), REFUSED);
    let mut here = allow("ssm:GetParameter", "*");
    here["Condition"] = json!({ "StringEquals": { "aws:RequestedRegion": "us-west-2" } });
    let dora = user(root, "dora", &[here]);
    sheet.check("a condition that does not hold", read(&dora, "/st/a"), REFUSED);
    let mut tagged = allow("ssm:PutParameter", "*");
    tagged["Condition"] = json!({ "StringEquals": { "aws:username": "emma" } });
    let emma = user(root, "emma", &[tagged]);
    sheet.check("a condition that holds", ssm::put(&emma, "/st/e", "String", "x", json!({})).outcome(), "200");
    let own = allow("ssm:GetParameter", parameter("${aws:username}/*"));
    let gaia = user(root, "gaia", &[own]);
    ssm::put(root, "/st/gaia/a", "String", "x", json!({}));
    sheet.check("a variable", read(&gaia, "/st/gaia/a"), "200");
    sheet.check("of another", read(&gaia, "/st/a"), REFUSED);
}

fn boundaries(world: &World, sheet: &mut Sheet) {
    let root = world.aws();
    ssm::put(root, "/fenced/a", "String", "x", json!({}));
    let fence = iam::policy(&[allow("ssm:GetParameter", "*"), allow("s3:*", "*")]);
    let fence = root.iam("CreatePolicy", &[("PolicyName", "boundary"), ("PolicyDocument", &fence)]).text("Policy/Arn");
    root.iam("CreateUser", &[("UserName", "ivan"), ("PermissionsBoundary", &fence)]);
    iam::put(root, "ivan", "policy", &iam::allow("ssm:*"));
    let ivan = root.by(&iam::key(root, "ivan"));
    sheet.check("in both", read(&ivan, "/fenced/a"), "200");
    let denied = ssm::put(&ivan, "/fenced/b", "String", "x", json!({}));
    sheet.check("in the policy alone", denied.outcome(), REFUSED);
    let why = "because no permissions boundary allows the ssm:PutParameter action";
    sheet.check("why", denied.says(why), why);
    sheet.check("in the boundary alone", ivan.s3("GET", "/", &[], "").outcome(), "403 AccessDenied");
    root.iam("DeleteUserPermissionsBoundary", &[("UserName", "ivan")]);
    let freed = ssm::put(&ivan, "/fenced/b", "String", "x", json!({}));
    sheet.check("without the boundary", freed.outcome(), "200");
}
