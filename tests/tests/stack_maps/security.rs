//! Users of AWS and their keys, secrets, and who may talk to whom: rows A7 to A11.

use maps_tests::aws::{Aws, Keys};
use maps_tests::leak;
use serde_json::{Value, json};

use crate::platform::{Platform, element, run};

const SERVICES: [(&str, &str); 4] =
    [("postgres", "password"), ("prefect", "secret-key"), ("openmetadata", "jwt-secret"), ("ckan", "api-key")];

/// The actions and resources of a user's inline policy.
fn policy(aws: &Aws, user: &str) -> Value {
    let answer = aws.iam("GetUserPolicy", &[("UserName", user), ("PolicyName", "inline")]);
    let encoded = element(&answer, "PolicyDocument").unwrap();
    let decoded = percent_decoded(&encoded);
    serde_json::from_str(&decoded).unwrap()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let hex = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A parameter's value, if whoever asks may know it.
fn parameter(aws: &Aws, name: &str) -> Option<String> {
    let answer = aws.ssm("GetParameter", &json!({"Name": name, "WithDecryption": true})).json();
    answer["Parameter"]["Value"].as_str().map(str::to_owned)
}

#[test]
fn a07_external_dns_policy_is_the_one_zones_records_and_looking_at_them() {
    let platform = Platform::up();
    let aws = platform.cloud.aws();
    let zone = element(&aws.route53("GET", "/hostedzonesbyname", ""), "Id").unwrap();
    let zone = zone.rsplit('/').next().unwrap();
    let said = policy(&aws, "external-dns-maps");
    let statements = said["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 2, "{said}");
    assert_eq!(statements[0]["Action"], "route53:ChangeResourceRecordSets");
    assert_eq!(statements[0]["Resource"], format!("arn:aws:route53:::hostedzone/{zone}"));
    let user = aws.iam("GetUser", &[("UserName", "external-dns-maps")]);
    assert!(element(&user, "PermissionsBoundaryArn").unwrap().ends_with(":policy/maps-boundary"));
    // The key in the cluster is the user's own, and does what the policy says and no more.
    let key = |name: &str| platform.secret("kube-system", "external-dns-credentials", name);
    let keys = Keys { id: key("ACCESS_KEY_ID"), secret: key("SECRET_ACCESS_KEY") };
    let listed = aws.iam("ListAccessKeys", &[("UserName", "external-dns-maps")]);
    assert_eq!(element(&listed, "AccessKeyId").as_deref(), Some(&*keys.id));
    let controller = aws.by(&keys);
    assert_eq!(controller.route53("GET", &format!("/hostedzone/{zone}/rrset"), "").status, 200);
    assert!(controller.iam("ListUsers", &[]).outcome().contains("AccessDenied"));
    assert!(parameter(&controller, "/maps/ckan/api-key").is_none());
}

#[test]
fn a07_without_the_list_statement_external_dns_may_only_change_records() {
    let platform = Platform::up();
    let more = ["--input", "external_dns_lists=false"];
    assert_eq!(platform.again(&more).expect(0).changes(), [0, 1, 0, 0], "the policy and nothing else");
    let aws = platform.cloud.aws();
    assert_eq!(policy(&aws, "external-dns-maps")["Statement"].as_array().unwrap().len(), 1);
    let key = |name: &str| platform.secret("kube-system", "external-dns-credentials", name);
    let controller = aws.by(&Keys { id: key("ACCESS_KEY_ID"), secret: key("SECRET_ACCESS_KEY") });
    let refused = controller.route53("GET", "/hostedzone", "");
    assert!(refused.outcome().contains("AccessDenied"), "{}", refused.outcome());
}

#[test]
fn a08_each_service_has_its_secret_encrypted_in_parameter_store() {
    let platform = Platform::up();
    let aws = platform.cloud.aws();
    let mut values = Vec::new();
    for (service, name) in SERVICES {
        let path = format!("/maps/{service}/{name}");
        let sealed = aws.ssm("GetParameter", &json!({"Name": path})).json();
        assert_eq!(sealed["Parameter"]["Type"], "SecureString", "{sealed}");
        let value = parameter(&aws, &path).unwrap();
        assert!(value.len() == 40 && !sealed.to_string().contains(&value) && !values.contains(&value), "{path}");
        values.push(value);
    }
    for finished in [&run().first, &run().second] {
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(values.iter().all(|value| !said.contains(value.as_str())), "a secret was said");
    }
}

#[test]
fn a09_each_service_gets_its_parameter_in_a_secret_by_a_key_that_reads_nothing_else() {
    let platform = Platform::up();
    let aws = platform.cloud.aws();
    for (service, name) in SERVICES {
        let user = format!("external-secrets-{service}-maps");
        let said = policy(&aws, &user);
        assert_eq!(said["Statement"][0]["Action"], "ssm:GetParameter*", "{said}");
        assert_eq!(said["Statement"][0]["Resource"], format!("arn:aws:ssm:*:*:parameter/maps/{service}/*"));
        let key = |name: &str| platform.secret("maps", service, name);
        let reader = aws.by(&Keys { id: key("access-key-id"), secret: key("secret-access-key") });
        for (other, other_name) in SERVICES {
            let value = parameter(&reader, &format!("/maps/{other}/{other_name}"));
            assert_eq!(value.is_some(), other == service, "{service} reads {other}");
        }
        let store = platform.object("maps", "secretstore", service);
        assert_eq!(store["spec"]["provider"]["aws"]["service"], "ParameterStore");
        let auth = &store["spec"]["provider"]["aws"]["auth"]["secretRef"]["accessKeyIDSecretRef"];
        assert_eq!(auth["name"], service);
        let external = platform.object("maps", "externalsecret", &format!("{service}-secrets"));
        assert!(["1h", "1h0m0s"].contains(&external["spec"]["refreshInterval"].as_str().unwrap()), "{external}");
        let stored = parameter(&aws, &format!("/maps/{service}/{name}"));
        assert_eq!(Some(platform.secret("maps", &format!("{service}-secrets"), name)), stored, "{service}");
    }
    assert_eq!(platform.secret("maps", "postgres-secrets", "username"), "maps");
    assert_eq!(platform.object("maps", "secret", "postgres-secrets")["type"], "kubernetes.io/basic-auth");
}

#[test]
fn a10_the_minted_key_lives_in_the_cluster_and_encrypted_in_the_state() {
    let platform = Platform::up();
    let secret = platform.secret("kube-system", "external-dns-credentials", "SECRET_ACCESS_KEY");
    assert_eq!(secret.len(), 40);
    leak::search(platform.stack.path(), platform.cloud.dir(), "", &[secret]);
}

#[test]
fn a11_the_namespace_is_closed_and_opened_for_what_has_to_pass() {
    let platform = Platform::up();
    let namespace = platform.object("", "namespace", "maps");
    let labels = &namespace["metadata"]["labels"];
    assert_eq!((&labels["environment"], &labels["project"]), (&json!("production"), &json!("gst-maps")));
    let of = |name: &str| platform.object("maps", "networkpolicy", name)["spec"].clone();
    let deny = of("default-deny");
    assert_eq!(deny, json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}), "nothing is let through");
    let from = |space: &str| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}}});
    let ports = |spec: &Value, way: &str| {
        let rules = spec[way].as_array().unwrap();
        rules
            .iter()
            .flat_map(|rule| rule["ports"].as_array().unwrap())
            .map(|port| port["port"].clone())
            .collect::<Vec<_>>()
    };
    let dns = of("dns");
    assert_eq!((ports(&dns, "egress"), &dns["egress"][0]["to"][0]), (vec![json!(53), json!(53)], &from("kube-system")));
    let ingress = of("ingress");
    assert_eq!(
        (ports(&ingress, "ingress"), &ingress["ingress"][0]["from"][0]),
        (vec![json!("http")], &from("ingress-nginx"))
    );
    let solver = of("acme-solver");
    assert_eq!(
        (ports(&solver, "ingress"), &solver["ingress"][0]["from"][0]),
        (vec![json!(8089)], &from("ingress-nginx"))
    );
    let status = of("postgres-status");
    assert_eq!(
        (ports(&status, "ingress"), &status["ingress"][0]["from"][0]),
        (vec![json!(8000)], &from("cnpg-system"))
    );
    let postgres = of("postgres");
    assert_eq!(
        postgres["ingress"],
        json!([{"from": [{"podSelector": {}}], "ports": [{"port": 5432, "protocol": "TCP"}]}])
    );
    assert_eq!(postgres["podSelector"]["matchLabels"]["cnpg.io/cluster"], "maps-postgres");
}
