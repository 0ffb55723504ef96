//! What a user does with the whole stack: plans it, runs it again, is killed in the middle, and takes it down.

use maps_tests::{StackDir, leak};
use serde_json::{Value, json};

use crate::platform::{Platform, actions, run};

#[test]
fn a_plan_writes_nothing_anywhere_and_knows_of_all() {
    let platform = Platform::fresh();
    let before = platform.cloud.inventory();
    let planned = actions(&platform.plan());
    assert!(planned.iter().all(|step| step.starts_with("create ")), "{planned:?}");
    for wanted in ["cluster", "release[\"cnpg\"]", "cluster_issuer", "postgres", "ingress[\"ckan\"]", "ingress_record"]
    {
        assert!(planned.contains(&format!("create {wanted}")), "{wanted} in {planned:?}");
    }
    assert_eq!(platform.cloud.inventory(), before);
    assert_eq!(platform.cloud.calls("write"), 0);
    let told = platform.stack.maps().run(["plan", "stack.yaml", &platform.cloud.flag()]).expect(0).stdout;
    assert!(told.contains("cnpg, dns, doks, helm, kube, secrets and spaces are not approved yet"), "{told}");
    assert!(told.trim_end().ends_with("maps plugin approve stack.yaml"), "{told}");
    assert_eq!(platform.maps("plan", &["--detailed-exitcode"]).code, Some(2));
    assert_eq!(Platform::up().maps("plan", &["--detailed-exitcode"]).code, Some(0));
}

#[test]
fn a_second_run_changes_nothing_and_writes_nothing() {
    let run = run();
    assert_eq!(run.first.code, Some(0), "{}\n{}", run.first.stdout, run.first.stderr);
    assert_eq!(run.second.code, Some(0), "{}", run.second.stdout);
    assert_eq!(run.second.changes(), [0; 4], "{}", run.second.stdout);
    assert_eq!(run.second.summary()["calls"]["write"], 0);
    assert_eq!(run.writes[0], run.writes[1], "a run without changes wrote");
}

#[test]
fn destroy_leaves_what_was_there_and_no_record_of_external_dns() {
    let platform = Platform::up();
    let gone = platform.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(gone.summary()["failed"], 0);
    let events = gone.events();
    // What nobody brings back was told before anything went, the backups' bucket too.
    let lossy = events.iter().filter(|event| event["event"] == "step" && event["loses"].is_string());
    let mut lossy: Vec<_> = lossy.map(|event| event["address"].as_str().unwrap()).collect();
    lossy.sort_unstable();
    assert_eq!(lossy, ["backups", "maps", "postgres"]);
    // The Ingresses went first, their records followed, and only then the release.
    let at =
        |address: &str| events.iter().position(|event| event["event"] == "finished" && event["address"] == address);
    assert!(at("ingress[\"ckan\"]").unwrap() < at("release[\"external-dns\"]").unwrap());
    let records: Vec<_> = platform.records().into_keys().filter(|(_, kind)| kind != "NS" && kind != "SOA").collect();
    assert!(records.is_empty(), "{records:?}");
    assert_eq!(platform.cloud.inventory(), run().before);
}

#[test]
fn no_secret_is_outside_of_the_local_clouds_own_files() {
    let platform = Platform::up();
    let flag = platform.cloud.flag();
    let (first, second) = (&run().first, &run().second);
    let mut printed = format!("{}{}{}{}", first.stdout, first.stderr, second.stdout, second.stderr);
    for command in ["plan", "drift", "output", "audit"] {
        let said = platform.stack.maps().run([command, "stack.yaml", &flag]);
        printed.extend([said.stdout, said.stderr]);
    }
    let aws = platform.cloud.aws();
    let parameter = |name: &str| {
        let answer = aws.ssm("GetParameter", &json!({"Name": name, "WithDecryption": true})).json();
        answer["Parameter"]["Value"].as_str().unwrap().to_owned()
    };
    let mut secrets: Vec<String> =
        ["/maps/postgres/password", "/maps/prefect/secret-key", "/maps/openmetadata/jwt-secret", "/maps/ckan/api-key"]
            .map(parameter)
            .into();
    secrets.push(platform.secret("kube-system", "external-dns-credentials", "SECRET_ACCESS_KEY"));
    secrets.push(platform.secret("maps", "maps-backup-credentials", "SECRET_ACCESS_KEY"));
    for service in ["postgres", "prefect", "openmetadata", "ckan"] {
        secrets.push(platform.secret("maps", service, "secret-access-key"));
    }
    let description = platform.cloud.description();
    let planted =
        [&description["credentials"]["digitalocean"]["token"], &description["credentials"]["aws"]["secret_access_key"]];
    secrets.extend(planted.map(|value| value.as_str().unwrap().to_owned()));
    // The kubeconfig is what the test's own clients use.
    std::fs::remove_file(platform.stack.path().join("kubeconfig")).unwrap();
    leak::search(platform.stack.path(), platform.cloud.dir(), &printed, &secrets);
}

/// What exists, by its names and structure: two runs have other keys, certificates and times, and charts put digests of
/// them into names. Nothing is merged by that, so that what is there twice is seen twice.
pub(crate) fn shape(inventory: &Value) -> Value {
    // Nodes are called after their pool, with letters that nobody chose behind it.
    let plain = |name: &str| match ["general-purpose-", "workloads-"].into_iter().find(|pool| name.starts_with(pool)) {
        Some(pool) => pool.to_owned(),
        None => name.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("0"),
    };
    match inventory {
        Value::Object(map) => {
            let mut members: Vec<Value> = map.iter().map(|(name, value)| json!([plain(name), shape(value)])).collect();
            members.sort_by_key(Value::to_string);
            members.into()
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        _ => Value::Null,
    }
}

/// Killed again and again, each time some calls later, until a run ends by itself: as if nobody had disturbed it.
#[test]
fn killed_all_along_the_way_the_stack_comes_up_as_undisturbed() {
    const SIGKILL: i32 = 9;
    // Looking back costs calls too: a stride below that would die before it does anything.
    const STRIDE: usize = 11;
    let wanted = shape(&Platform::up().cloud.inventory());
    let platform = Platform::fresh();
    let mut kills = 0;
    loop {
        let spec = format!("crash-sent@{}", (kills + 1) * STRIDE);
        let hit = platform.again(&["--fault", &spec]);
        if hit.code == Some(0) {
            break;
        }
        assert_eq!(hit.signal, Some(SIGKILL), "{spec}: {}\n{}", hit.stdout, hit.stderr);
        kills += 1;
        assert!(kills < 100, "no end after {kills} kills");
    }
    assert!(kills > 5, "the run was killed {kills} times");
    assert_eq!(shape(&platform.cloud.inventory()), wanted, "after {kills} kills");
    let writes = platform.cloud.calls("write");
    assert_eq!(platform.again(&[]).expect(0).changes(), [0; 4]);
    assert_eq!(platform.cloud.calls("write"), writes, "a run without changes wrote");
}

#[test]
fn hello_comes_up_and_goes() {
    let platform = Platform::of(StackDir::copy_of("hello"));
    let before = platform.cloud.inventory();
    assert!(platform.again(&[]).expect(0).changes()[0] > 0);
    assert_eq!(platform.again(&[]).expect(0).changes(), [0; 4]);
    let _ = platform.maps("destroy", &["--yes"]).expect(0);
    assert_eq!(platform.cloud.inventory(), before);
}

#[test]
fn a_rehearsal_in_process_keeps_its_cloud_between_runs() {
    let stack = StackDir::cluster();
    let run = || stack.maps().run(["run", "stack.yaml", "--rehearse", "--yes", "--output", "json"]).expect(0);
    assert!(run().changes()[0] > 0);
    assert_eq!(run().changes(), [0; 4]);
    let fresh = stack.maps().run(["run", "stack.yaml", "--rehearse", "--fresh", "--yes", "--output", "json"]).expect(0);
    assert!(fresh.changes()[0] > 0);
}

/// The same with the six charts as their projects publish them, where these are at hand: in the folder that
/// `MAPS_REFERENCE` names, else in `shared` beside the repository.
#[test]
#[allow(clippy::print_stdout)] // Whoever runs it is told that it did not run.
fn the_real_charts_do_in_place_of_the_repositories() {
    let shared = std::env::var_os("MAPS_REFERENCE")
        .map_or_else(|| maps_tests::root().join("../shared"), std::path::PathBuf::from);
    let charts = shared.join("helm/charts");
    if !charts.join("cert-manager-v1.20.0.tgz").is_file() {
        println!("not run: no charts in {}", charts.display());
        return;
    }
    let platform = Platform::fresh();
    let own = platform.stack.path().join("charts");
    std::fs::create_dir(&own).unwrap();
    for chart in std::fs::read_dir(&charts).unwrap().flatten() {
        let _ = std::fs::copy(chart.path(), own.join(chart.file_name())).unwrap();
    }
    let more = ["--input", "charts=charts"];
    let made = platform.again(&more);
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    let again = platform.again(&more).expect(0);
    assert_eq!((again.changes(), &again.summary()["calls"]["write"]), ([0; 4], &Value::from(0)), "{}", again.stdout);
    let _ = platform.maps("destroy", &[&["--yes"], &more[..]].concat()).expect(0);
    assert_eq!(platform.cloud.inventory(), run().before);
}
