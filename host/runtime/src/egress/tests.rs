//! Where connections may go.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::address::address_kind;
use super::*;

#[test]
fn rt04_rt05_only_public_addresses_pass() {
    for inside in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "2001::1",
        "fd00:ec2::254",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
        "4000::1",
    ] {
        assert!(address_kind(inside.parse().unwrap()).is_some(), "{inside}");
    }
    for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"] {
        assert_eq!(address_kind(public.parse().unwrap()), None, "{public}");
    }
}

#[test]
fn rt04_a_granted_host_still_cannot_be_a_metadata_service() {
    assert_eq!(check_address("inside.example", "10.0.0.1".parse().unwrap(), true), Ok(()));
    assert!(check_address("other.example", "10.0.0.1".parse().unwrap(), false).is_err());
    for metadata in [
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
    ] {
        assert!(check_address("inside.example", metadata.parse().unwrap(), true).is_err(), "{metadata}");
    }
    let live = Transport::live(Arc::new(SystemResolver), []);
    assert_eq!(live.check_endpoint(&"http://127.0.0.1:4566".parse().unwrap()), Ok(()));
    assert!(live.check_endpoint(&"http://169.254.169.254/".parse().unwrap()).is_err());
    assert!(live.check_endpoint(&"http://[fd00:ec2::254]/".parse().unwrap()).is_err());
}

#[test]
fn hosts_that_a_rehearsal_s_cloud_makes_are_found_and_those_that_go_are_not() {
    let there = Arc::new(std::sync::Mutex::new(vec![("api.example.com".to_owned(), "127.0.0.1:1".parse().unwrap())]));
    let source = Arc::clone(&there);
    let source: HostSource = Box::new(move || source.lock().unwrap().clone());
    let transport = Transport::rehearsal_of(source, Vec::new(), Faults::default()).unwrap();
    let known = |host: &str| transport.check(&RequestUrl::parse(&format!("https://{host}")).unwrap()).is_ok();
    assert!(known("api.example.com") && !known("one.k8s.example.com"));
    there.lock().unwrap().push(("One.k8s.example.com".to_owned(), "127.0.0.1:2".parse().unwrap()));
    there.lock().unwrap().push(("far.k8s.example.com".to_owned(), "10.0.0.1:2".parse().unwrap()));
    assert!(known("one.k8s.example.com") && !known("far.k8s.example.com"));
    there.lock().unwrap().clear();
    assert!(!known("two.k8s.example.com") && !known("one.k8s.example.com"), "looked for again, all are gone");
}

#[test]
fn a_rehearsal_never_leaves_the_machine() {
    let outside = [("api.example.com".to_owned(), "10.0.0.1:443".parse().unwrap())];
    let made = Transport::rehearsal(outside, Vec::new(), Faults::default());
    assert!(matches!(made, Err(EgressError::NotLoopback(_))));
}
