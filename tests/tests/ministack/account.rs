//! What one run's names stand for on ministack, without ids and times.

use std::collections::BTreeMap;

use maps_tests::aws::Aws;
use serde_json::{Value, json};

/// The part of the account that one run uses: everything in it has this name within its own.
pub(crate) struct Account<'a> {
    aws: &'a Aws,
    name: &'a str,
}

impl<'a> Account<'a> {
    pub(crate) fn of(aws: &'a Aws, name: &'a str) -> Self {
        Self { aws, name }
    }

    /// The zone, which a stack finds and never makes.
    pub(crate) fn make_zone(&self) {
        let (zone, name) = (self.zone(), self.name);
        let body = format!(
            "<CreateHostedZoneRequest><Name>{zone}</Name><CallerReference>{name}</CallerReference></CreateHostedZoneRequest>"
        );
        assert_eq!(self.aws.route53("POST", "/hostedzone", &body).status, 201);
    }

    /// Its name.
    pub(crate) fn zone(&self) -> String {
        format!("{}.example.com", self.name)
    }

    /// What there is.
    pub(crate) fn inventory(&self) -> Value {
        json!({"records": self.records(), "parameters": self.parameters(), "users": self.users(), "bucket": self.bucket()})
    }

    fn records(&self) -> Vec<Value> {
        let found = self.aws.route53("GET", &format!("/hostedzonesbyname?dnsname={}", self.zone()), "");
        let ids = found.texts("Id");
        let id =
            ids.first().unwrap_or_else(|| panic!("no zone {}", self.zone())).rsplit('/').next().unwrap().to_owned();
        let listed = self.aws.route53("GET", &format!("/hostedzone/{id}/rrset"), "");
        let document = String::from_utf8(listed.body).unwrap();
        let document = roxmltree::Document::parse(&document).unwrap();
        let sets = document.descendants().filter(|node| node.has_tag_name_like("ResourceRecordSet"));
        let mut records: Vec<Value> = sets
            .map(|set| {
                let of = |name: &str| {
                    set.descendants().find(|node| node.has_tag_name_like(name)).and_then(|node| node.text())
                };
                let values =
                    set.descendants().filter(|node| node.has_tag_name_like("Value")).filter_map(|node| node.text());
                json!([of("Name"), of("Type"), of("TTL"), values.collect::<Vec<_>>()])
            })
            .filter(|record| !matches!(record[1].as_str(), Some("NS" | "SOA")))
            .collect();
        records.sort_by_key(Value::to_string);
        records
    }

    fn parameters(&self) -> BTreeMap<String, Value> {
        let path = format!("/{}", self.name);
        let answer =
            self.aws.ssm("GetParametersByPath", &json!({"Path": path, "Recursive": true, "WithDecryption": true}));
        let answer = answer.json();
        let parameters = answer["Parameters"].as_array().cloned().unwrap_or_default();
        // A generated value is another one each time: how long it is, is not.
        let shown = |parameter: &Value| json!([parameter["Type"], parameter["Value"].as_str().map(str::len)]);
        parameters.iter().map(|parameter| (parameter["Name"].as_str().unwrap().to_owned(), shown(parameter))).collect()
    }

    /// The value of a parameter, if it is there.
    pub(crate) fn value(&self, parameter: &str) -> Option<String> {
        let name = format!("/{}/{parameter}", self.name);
        let answer = self.aws.ssm("GetParameters", &json!({"Names": [name], "WithDecryption": true}));
        let answer = answer.json();
        answer["Parameters"][0]["Value"].as_str().map(str::to_owned)
    }

    /// The user's policies and how many keys it has.
    fn users(&self) -> Value {
        let user = self.name;
        if self.aws.iam("GetUser", &[("UserName", user)]).status == 404 {
            return Value::Null;
        }
        let policies = self.aws.iam("ListUserPolicies", &[("UserName", user)]).texts("member");
        json!([policies, self.keys().len()])
    }

    /// The ids of the user's keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.aws.iam("ListAccessKeys", &[("UserName", self.name)]).texts("AccessKeyId")
    }

    fn bucket(&self) -> Value {
        if self.aws.s3("HEAD", &format!("/{}", self.name), &[], "").status != 200 {
            return Value::Null;
        }
        let versioning = self.aws.s3("GET", &format!("/{}?versioning=", self.name), &[], "");
        json!(versioning.texts("Status"))
    }
}

trait Named {
    fn has_tag_name_like(&self, name: &str) -> bool;
}

impl Named for roxmltree::Node<'_, '_> {
    /// Whatever its namespace.
    fn has_tag_name_like(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}
