//! The names of the platform in Route 53: rows A5 and A6.

use crate::platform::Platform;

const HOSTS: [&str; 3] = ["prefect", "metadata", "ckan"];
const BALANCER: &str = "maps.k8s.maps.gransassotech.it";

fn key(name: &str, kind: &str) -> (String, String) {
    (name.to_owned(), kind.to_owned())
}

#[test]
fn a05_a_record_leads_to_the_load_balancer() {
    let platform = Platform::up();
    let service = platform.object("ingress-nginx", "service", "ingress-nginx-controller");
    let address = service["status"]["loadBalancer"]["ingress"][0]["ip"].as_str().unwrap().to_owned();
    assert_eq!(platform.records()[&key(BALANCER, "A")], [address]);
    // The zone was there before, and is looked up.
    let zones = platform.cloud.inventory()["aws"]["hosted_zones"].as_array().unwrap().len();
    assert_eq!(zones, crate::platform::run().before["aws"]["hosted_zones"].as_array().unwrap().len());
}

#[test]
fn a06_external_dns_leads_the_three_hosts_there_and_marks_them_as_its_own() {
    let platform = Platform::up();
    let records = platform.records();
    for host in HOSTS {
        let name = format!("{host}.maps.gransassotech.it");
        assert_eq!(records[&key(&name, "CNAME")], [BALANCER], "{records:?}");
        let owned = records.iter().any(|((at, kind), values)| {
            kind == "TXT" && at.contains(host) && values.iter().any(|value| value.contains("external-dns/owner=maps"))
        });
        assert!(owned, "{host}: {records:?}");
    }
}
