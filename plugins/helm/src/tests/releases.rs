//! Releases against a cluster small enough for unit tests: what is made, kept, taken away, and found again.

use maps_kube_objects::testing::Fake;
use maps_sdk::testing::{self, files::folder, kube};
use maps_sdk::{Class, Context, Kind, Known, Lookup, Preview, Prior, Problem, Progress, Read, Resource};
use serde_json::{Value, json};

use crate::Release;
use crate::release::model::{Checkpoint, Inputs};
use crate::release::record::Record;

const NOW: u64 = 1_800_000_000_000;

fn context() -> Context {
    Context { stack: "shop".to_owned(), config: json!({"cluster": {"$sealed": "kubeconfig"}}) }
}

/// A chart with these templates.
fn chart(templates: &[(&str, &str)]) {
    let of = |path: &str, text: &str| (format!("chart/{path}"), text.to_owned());
    let mut files = vec![
        of("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"4.5\"\n"),
        of("values.yaml", "size: 1\n"),
        of("templates/NOTES.txt", "Size {{ .Values.size }}"),
    ];
    files.extend(templates.iter().map(|(path, text)| of(path, text)));
    folder(files);
}

const DEPLOYMENT: (&str, &str) = (
    "templates/web.yaml",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: {{ .Values.size }}}\n",
);
const CONFIG: (&str, &str) = (
    "templates/config.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-config}\ndata: {size: \"{{ .Values.size }}\", revision: \"{{ .Release.Revision }}\"}\n",
);
const KEPT: (&str, &str) = (
    "templates/kept.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}\n",
);

fn hook(name: &str, events: &str, more: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations:\n    helm.sh/hook: {events}\n{more}\nspec: {{}}\n"
    )
}

fn cluster() -> Fake {
    testing::set_now(NOW);
    let fake = Fake::start("helm");
    fake.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}}));
    ready(&fake, true);
    fake
}

/// What the controllers of the cluster come to.
fn ready(fake: &Fake, is: bool) {
    let count = u32::from(is) * 9;
    let status = json!({"observedGeneration": 1, "updatedReplicas": 9, "replicas": 9, "readyReplicas": count,
        "availableReplicas": count, "conditions": [{"type": "Available", "status": if is { "True" } else { "False" }}]});
    fake.0.borrow_mut().statuses.insert("Deployment".to_owned(), status);
    job(fake, if is { "Complete" } else { "Failed" });
}

fn job(fake: &Fake, condition: &str) {
    let status = json!({"conditions": [{"type": condition, "status": "True", "reason": "Why"}]});
    fake.0.borrow_mut().statuses.insert("Job".to_owned(), status);
}

fn inputs(more: Value) -> Inputs {
    let mut all = json!({"chart": "chart", "name": "web", "namespace": "apps"});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut inputs = serde_json::from_value(all).unwrap();
    Release.complete(&mut inputs);
    inputs
}

type Made = Result<Resource<Release>, Problem>;

/// Goes on for as long as it is told to, with the clock.
fn create(inputs: &Inputs) -> Made {
    create_from(inputs, None)
}

fn create_from(inputs: &Inputs, checkpoint: Option<Checkpoint>) -> Made {
    let mut request = testing::create::<Release>(inputs.clone());
    request.checkpoint = checkpoint;
    for _ in 0..1000 {
        match Release.create(&context(), &request)? {
            Progress::Done(resource) => return Ok(resource),
            Progress::Pending(pending) => request.checkpoint = Some(stored(&pending.checkpoint)),
        }
    }
    panic!("it waits for ever");
}

/// A checkpoint as the host gives it back.
fn stored(checkpoint: &Checkpoint) -> Checkpoint {
    serde_json::from_value(serde_json::to_value(checkpoint).unwrap()).unwrap()
}

fn update(before: &Resource<Release>, inputs: &Inputs, changed: &[&str]) -> Made {
    let mut request = testing::update::<Release>(copy(before), inputs.clone(), changed);
    for _ in 0..1000 {
        match Release.update(&context(), &request)? {
            Progress::Done(resource) => return Ok(resource),
            Progress::Pending(pending) => request.checkpoint = Some(stored(&pending.checkpoint)),
        }
    }
    panic!("it waits for ever");
}

fn delete(before: &Resource<Release>) -> Result<(), Problem> {
    let mut request = testing::delete::<Release>(copy(before));
    for _ in 0..1000 {
        match Release.delete(&context(), &request)? {
            Progress::Done(()) => return Ok(()),
            Progress::Pending(pending) => request.checkpoint = Some(stored(&pending.checkpoint)),
        }
    }
    panic!("it waits for ever");
}

fn copy(of: &Resource<Release>) -> Resource<Release> {
    Resource { id: of.id.clone(), inputs: of.inputs.clone(), outputs: of.outputs.clone() }
}

fn read(before: &Resource<Release>) -> Result<Option<Resource<Release>>, Problem> {
    let Resource { id, inputs, outputs } = copy(before);
    let prior = Prior { id, inputs: Some(inputs), outputs: Some(outputs) };
    Release.read(&context(), &Read { prior, ..testing::read("") })
}

fn preview(inputs: &Inputs, prior: Option<&Resource<Release>>) -> Result<Vec<String>, Problem> {
    let prior = prior.map(copy).map(|Resource { id, inputs, outputs }| Prior {
        id,
        inputs: Some(inputs),
        outputs: Some(outputs),
    });
    let address = "web".to_owned();
    let request = Preview::<Release> { address, inputs: inputs.clone(), known: Known::default(), prior };
    let previewed = Release.preview(&context(), &request)?;
    let shown = |id: &Value| {
        let name = id["name"].as_str().unwrap_or_default();
        let space = id["namespace"].as_str().map(|space| format!("{space}/")).unwrap_or_default();
        format!("{} {space}{name}", id["kind"].as_str().unwrap_or_default())
    };
    Ok(previewed.objects.iter().map(shown).collect())
}

/// The versions that are kept, each with its status.
fn history(fake: &Fake) -> Vec<String> {
    let record = |name: &String| {
        let record = Record::read(&fake.live(name).unwrap()).unwrap();
        (record.release.version, record.status().to_owned())
    };
    let mut all: Vec<_> = fake.names().iter().filter(|name| name.contains("sh.helm.release")).map(record).collect();
    all.sort();
    all.into_iter().map(|(version, status)| format!("{version} {status}")).collect()
}

/// Everything but records.
fn there(fake: &Fake) -> Vec<String> {
    fake.names()
        .into_iter()
        .filter(|name| !name.contains("sh.helm.release") && !name.starts_with("Namespace"))
        .collect()
}

fn writes() -> Vec<String> {
    let calls = kube::calls().into_iter().filter(|call| call.half() == testing::Half::Write);
    calls.map(|call| format!("{:?} {} {}", call.verb, call.kind, call.name)).collect()
}

#[test]
fn an_installation_makes_what_helm_would() {
    chart(&[
        DEPLOYMENT,
        CONFIG,
        (
            "crds/x.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.example.com}\nspec: {group: example.com, names: {kind: X}}\n",
        ),
    ]);
    let fake = cluster();
    let established = json!({"conditions": [{"type": "Established", "status": "True"}]});
    fake.0.borrow_mut().statuses.insert("CustomResourceDefinition".to_owned(), established);
    let wanted =
        inputs(json!({"namespace": "made", "create_namespace": true, "set": {"size": 2}, "labels": {"team": "a"}}));
    let made = create(&wanted).unwrap();
    assert_eq!((made.id.as_str(), made.outputs.revision, made.outputs.status.as_str()), ("made/web", 1, "deployed"));
    assert_eq!((made.outputs.notes.as_str(), made.outputs.app_version.as_str()), ("Size 2", "4.5"));
    assert_eq!(
        writes(),
        [
            "Apply Namespace made",
            "Apply CustomResourceDefinition xs.example.com",
            "Create Secret sh.helm.release.v1.web.v1",
            "Apply ConfigMap web-config",
            "Apply Deployment web",
            "Apply Secret sh.helm.release.v1.web.v1",
        ]
    );
    let live = fake.live("Deployment made/web").unwrap();
    assert_eq!(live["metadata"]["labels"], json!({"app.kubernetes.io/managed-by": "Helm"}));
    assert_eq!(
        live["metadata"]["annotations"],
        json!({"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "made"})
    );
    let record = Record::read(&fake.live("Secret made/sh.helm.release.v1.web.v1").unwrap()).unwrap();
    assert_eq!(record.labels["team"], "a");
    assert_eq!(record.release.config, json!({"size": 2}));
    assert_eq!(record.release.info.description, "Install complete");
    assert!(record.release.manifest.starts_with("---\n# Source: web/templates/config.yaml\n"));
    assert_eq!(record.release.chart["metadata"]["version"], "1.2.3");
    assert_eq!(record.release.apply_method, "ssa");
}

#[test]
fn a_plan_of_what_is_there_asks_nothing_and_a_refresh_finds_it_as_it_was() {
    chart(&[DEPLOYMENT, CONFIG]);
    let fake = cluster();
    let wanted = inputs(json!({}));
    let made = create(&wanted).unwrap();
    let again = read(&made).unwrap().unwrap();
    assert_eq!(json!(again.inputs), json!(made.inputs));
    assert_eq!(again.outputs.live, made.outputs.live);
    fake.forget_calls();
    assert_eq!(preview(&wanted, Some(&again)).unwrap(), ["ConfigMap apps/web-config", "Deployment apps/web"]);
    assert_eq!(kube::calls(), []);
}

#[test]
fn an_upgrade_supersedes_prunes_and_keeps() {
    chart(&[DEPLOYMENT, CONFIG, KEPT]);
    let fake = cluster();
    let made = create(&inputs(json!({}))).unwrap();
    chart(&[DEPLOYMENT]);
    let wanted = inputs(json!({"set": {"size": 3}, "history_max": 2}));
    let mut scope = preview(&wanted, Some(&made)).unwrap();
    scope.sort();
    assert_eq!(scope, ["ConfigMap apps/kept", "ConfigMap apps/web-config", "Deployment apps/web"]);
    let lines = testing::lines().join("\n");
    assert!(lines.contains("Deployment apps/web: spec.replicas 1 → 3"), "{lines}");
    let made = update(&made, &wanted, &["set"]).unwrap();
    assert_eq!((made.outputs.revision, history(&fake)), (2, vec!["1 superseded".to_owned(), "2 deployed".to_owned()]));
    assert_eq!(there(&fake), ["ConfigMap apps/kept", "Deployment apps/web"]);
    assert_eq!(fake.live("Deployment apps/web").unwrap()["spec"]["replicas"], 3);
    let wanted = inputs(json!({"set": {"size": 4}, "history_max": 2}));
    update(&made, &wanted, &["set"]).unwrap();
    assert_eq!(history(&fake), ["2 superseded", "3 deployed"]);
}

#[test]
fn hooks_run_in_their_order_and_leave_by_their_policies() {
    let first =
        hook("first", "pre-install", "    helm.sh/hook-weight: \"-5\"\n    helm.sh/hook-delete-policy: hook-succeeded");
    let second = hook("second", "pre-install,post-install", "");
    chart(&[DEPLOYMENT, ("templates/b.yaml", &second), ("templates/a.yaml", &first)]);
    let fake = cluster();
    let made = create(&inputs(json!({}))).unwrap();
    let order: Vec<String> = writes().into_iter().filter(|write| !write.contains("Secret")).collect();
    assert_eq!(
        order,
        [
            "Apply Job first",
            "Delete Job second",
            "Apply Job second",
            "Delete Job first",
            "Apply Deployment web",
            "Delete Job second",
            "Apply Job second",
        ]
    );
    assert_eq!(there(&fake), ["Deployment apps/web", "Job apps/second"]);
    let record = Record::read(&fake.live("Secret apps/sh.helm.release.v1.web.v1").unwrap()).unwrap();
    let phases: Vec<_> = record.release.hooks.unwrap().into_iter().map(|hook| hook.last_run.phase).collect();
    assert_eq!(phases, ["Succeeded", "Succeeded"]);
    delete(&made).unwrap();
    assert_eq!((there(&fake), history(&fake)), (vec![], vec![]));
}

#[test]
fn a_hook_that_fails_fails_the_release() {
    chart(&[DEPLOYMENT, ("templates/a.yaml", &hook("check", "pre-install", ""))]);
    let fake = cluster();
    job(&fake, "Failed");
    let problem = create(&inputs(json!({}))).err().unwrap();
    assert_eq!(problem.message, "the pre-install hook Job check failed: Job apps/check: Why");
    assert_eq!(problem.class, Class::Conflict, "nothing is open that the next run would have to go on with");
    assert_eq!((history(&fake), there(&fake)), (vec!["1 failed".to_owned()], vec!["Job apps/check".to_owned()]));
    // Mended, it goes on from there as an upgrade, as `helm upgrade --install` does.
    job(&fake, "Complete");
    assert_eq!(create(&inputs(json!({}))).unwrap().outputs.revision, 2);
    assert_eq!(history(&fake), ["1 failed", "2 deployed"]);
}

/// What the engine finds of a create that ended without success, as the next run looks for it.
fn found(inputs: &Inputs) -> Resource<Release> {
    match Release.find(&context(), &testing::find(inputs.clone())).unwrap() {
        Lookup::Found(resource) => resource,
        _ => panic!("it is not found"),
    }
}

#[test]
fn an_installation_that_failed_is_found_and_gone_on_with_or_taken_away() {
    for goes_on in [true, false] {
        chart(&[DEPLOYMENT, CONFIG, ("templates/a.yaml", &hook("check", "post-install", ""))]);
        let fake = cluster();
        job(&fake, "Failed");
        let wanted = inputs(json!({}));
        assert!(create(&wanted).is_err());
        // Whoever mends it changes the chart.
        chart(&[DEPLOYMENT]);
        let left = found(&wanted);
        assert_eq!(json!(left.inputs.changed), json!({"release": "version 1 is not deployed: failed"}));
        assert_eq!(left.outputs.objects.len(), 3, "its hook too is its own");
        let again = read(&left).unwrap().unwrap();
        assert_eq!(again.inputs.changed["release"], "version 1 is not deployed: failed");
        if goes_on {
            let made = update(&again, &wanted, &["changed"]).unwrap();
            assert_eq!((made.outputs.revision, made.inputs.changed.len()), (2, 0));
            assert_eq!(history(&fake), ["1 failed", "2 deployed"]);
            assert_eq!(there(&fake), ["Deployment apps/web", "Job apps/check"]);
            delete(&made).unwrap();
        } else {
            delete(&again).unwrap();
            assert_eq!(there(&fake), Vec::<String>::new());
        }
        assert_eq!(history(&fake), Vec::<String>::new());
    }
}

#[test]
fn what_a_create_made_of_other_files_is_found_too() {
    chart(&[DEPLOYMENT]);
    let fake = cluster();
    let wanted = inputs(json!({}));
    create(&wanted).unwrap();
    assert_eq!(found(&wanted).inputs.changed.len(), 0);
    chart(&[CONFIG]);
    let said = "version 1 was installed from other settings or files";
    assert_eq!(json!(found(&wanted).inputs.changed), json!({"release": said}));
    let name = "Secret apps/sh.helm.release.v1.web.v1";
    let mut record = Record::read(&fake.live(name).unwrap()).unwrap();
    for (status, said) in [
        ("pending-install", "version 1 is not deployed: pending-install"),
        ("uninstalling", "version 1 is not deployed: uninstalling"),
    ] {
        record.release.info.status = status.to_owned();
        fake.remove(name);
        fake.put(record.secret(crate::release::moment::Moment::of_ms(NOW)).unwrap());
        assert_eq!(json!(found(&wanted).inputs.changed), json!({"release": said}));
    }
}

#[test]
fn what_fails_goes_back_where_that_is_asked_for() {
    chart(&[DEPLOYMENT]);
    let fake = cluster();
    let made = create(&inputs(json!({"rollback_on_failure": true}))).unwrap();
    chart(&[DEPLOYMENT, CONFIG, ("templates/a.yaml", &hook("check", "post-upgrade", ""))]);
    job(&fake, "Failed");
    let wanted = inputs(json!({"rollback_on_failure": true, "set": {"size": 2}}));
    let problem = update(&made, &wanted, &["set"]).err().unwrap();
    let said = "the post-upgrade hook Job check failed: Job apps/check: Why; it was rolled back (Rollback to 1)";
    assert_eq!(problem.message, said);
    assert_eq!(history(&fake), ["1 superseded", "2 failed", "3 deployed"]);
    assert_eq!(there(&fake), ["Deployment apps/web", "Job apps/check"]);
    assert_eq!(fake.live("Deployment apps/web").unwrap()["spec"]["replicas"], 1);
    chart(&[DEPLOYMENT]);
    let found = read(&made).unwrap().unwrap();
    assert_eq!((found.outputs.revision, found.inputs.changed.len()), (3, 0));
}

#[test]
fn an_installation_that_fails_is_taken_away_where_that_is_asked_for() {
    chart(&[DEPLOYMENT]);
    let fake = cluster();
    ready(&fake, false);
    let wanted = inputs(json!({"rollback_on_failure": true, "timeout": "10s"}));
    let problem = create(&wanted).err().unwrap();
    let said = "not ready within 10s: Deployment apps/web: 0 of 1 replicas are available; it was uninstalled";
    assert_eq!(problem.message, said);
    assert_eq!((there(&fake), history(&fake)), (vec![], vec![]));
}

#[test]
fn what_others_made_is_not_taken_unasked() {
    chart(&[DEPLOYMENT]);
    let fake = cluster();
    fake.put(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "apps",
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "other", "meta.helm.sh/release-namespace": "else"}}}));
    let status = fake.0.borrow().statuses["Deployment"].clone();
    fake.set_status("Deployment apps/web", status);
    for problem in [preview(&inputs(json!({})), None).err().unwrap(), create(&inputs(json!({}))).err().unwrap()] {
        let said = "Deployment apps/web is there already: it belongs to the release other in else";
        assert_eq!((problem.class, problem.message.as_str()), (Class::Conflict, said));
    }
    assert_eq!(history(&fake), Vec::<String>::new());
    create(&inputs(json!({"take_ownership": true, "force_conflicts": true}))).unwrap();
}

/// The release as helm leaves it: without what maps adds to a record.
fn as_helm(fake: &Fake, status: &str, modified: u64) {
    let name = "Secret apps/sh.helm.release.v1.web.v1";
    let mut record = Record::read(&fake.live(name).unwrap()).unwrap();
    record.mark = None;
    record.release.info.status = status.to_owned();
    fake.remove(name);
    let mut secret = record.secret(crate::release::moment::Moment::of_ms(modified)).unwrap();
    secret["metadata"]["managedFields"] = Value::Null;
    fake.put(secret);
}

#[test]
fn a_release_of_helm_is_taken_over_and_imported() {
    chart(&[DEPLOYMENT, CONFIG]);
    let fake = cluster();
    create(&inputs(json!({}))).unwrap();
    as_helm(&fake, "deployed", NOW);
    let found = Release.find(&context(), &testing::find(inputs(json!({})))).unwrap();
    assert!(matches!(found, Lookup::Absent), "what nobody of ours made is no earlier create's");
    let imported = Release.read(&context(), &testing::read("apps/web")).unwrap().unwrap();
    assert_eq!((imported.outputs.revision, imported.inputs.version.as_deref()), (1, Some("1.2.3")));
    chart(&[DEPLOYMENT]);
    assert_eq!(preview(&inputs(json!({})), None).unwrap(), ["Deployment apps/web", "ConfigMap apps/web-config"]);
    assert_eq!(create(&inputs(json!({}))).unwrap().outputs.revision, 2);
    assert_eq!(
        (history(&fake), there(&fake)),
        (vec!["1 superseded".to_owned(), "2 deployed".to_owned()], vec!["Deployment apps/web".to_owned()],)
    );
}

#[test]
fn a_release_that_a_dead_helm_left_is_taken_up_and_one_under_way_is_waited_for() {
    chart(&[DEPLOYMENT]);
    let fake = cluster();
    create(&inputs(json!({}))).unwrap();
    as_helm(&fake, "pending-upgrade", NOW - 3_600_000);
    assert_eq!(create(&inputs(json!({}))).unwrap().outputs.revision, 2);
    assert_eq!(history(&fake), ["1 failed", "2 deployed"]);
    let fake = cluster();
    create(&inputs(json!({}))).unwrap();
    as_helm(&fake, "pending-upgrade", NOW - 1_000);
    let waits = Release.create(&context(), &testing::create(inputs(json!({})))).unwrap();
    let Progress::Pending(pending) = waits else { panic!("it does not wait") };
    assert_eq!(pending.note.as_deref(), Some("another program is at version 1 (pending-upgrade)"));
}

#[test]
fn what_others_change_is_shown_and_put_back() {
    chart(&[DEPLOYMENT, CONFIG]);
    let fake = cluster();
    let wanted = inputs(json!({}));
    let made = create(&wanted).unwrap();
    fake.change("Deployment apps/web", &json!({"spec": {"replicas": 7}}));
    fake.remove("ConfigMap apps/web-config");
    let found = read(&made).unwrap().unwrap();
    assert_eq!(
        json!(found.inputs.changed),
        json!({"Deployment apps/web: spec.replicas": "7, and not 1", "ConfigMap apps/web-config": "it is gone"})
    );
    let mended = update(&found, &wanted, &["changed"]).unwrap();
    assert_eq!(fake.live("Deployment apps/web").unwrap()["spec"]["replicas"], 1);
    assert_eq!((mended.outputs.revision, mended.inputs.changed.len()), (2, 0));
    assert_eq!(read(&mended).unwrap().unwrap().inputs.changed.len(), 0);
    fake.0.borrow_mut().held.clear();
    chart(&[DEPLOYMENT]);
    assert!(read(&mended).unwrap().unwrap().inputs.changed.contains_key("files"));
}

#[test]
fn a_field_of_another_manager_is_a_conflict_that_names_it() {
    chart(&[DEPLOYMENT]);
    let fake = cluster();
    let made = create(&inputs(json!({}))).unwrap();
    fake.change("Deployment apps/web", &json!({"spec": {"replicas": 7}}));
    let problem = update(&made, &inputs(json!({"set": {"size": 2}})), &["set"]).err().unwrap();
    assert_eq!(problem.class, Class::Conflict);
    assert!(problem.message.contains("conflict with \"kubectl\""), "{}", problem.message);
    assert!(problem.help.unwrap().contains("force_conflicts"));
    assert_eq!(history(&fake), ["1 deployed", "2 failed"]);
}

#[test]
fn a_webhook_that_is_not_ready_is_tried_again() {
    chart(&[DEPLOYMENT]);
    let fake = cluster();
    let refusal =
        Problem::new(Class::Unavailable, "internal-error", "failed calling webhook \"w\": connection refused");
    fake.0.borrow_mut().refusals.insert("Deployment apps/web".to_owned(), refusal);
    let request = testing::create::<Release>(inputs(json!({})));
    let Progress::Pending(pending) = Release.create(&context(), &request).unwrap() else { panic!("it is done") };
    assert!(pending.note.unwrap().contains("failed calling webhook"));
    fake.0.borrow_mut().refusals.clear();
    assert_eq!(create_from(&inputs(json!({})), Some(pending.checkpoint)).unwrap().outputs.revision, 1);
    assert_eq!(history(&fake), ["1 deployed"]);
}

/// Kills the process at each write in turn; whoever comes after makes what an undisturbed run would have made.
fn killed_at_each_write(prepare: impl Fn(&Fake), act: impl Fn() -> Result<(), Problem>, expected: &[&str]) {
    for lives in 0.. {
        let fake = cluster();
        prepare(&fake);
        fake.0.borrow_mut().lives = Some(lives);
        let survived = act().is_ok();
        fake.0.borrow_mut().lives = None;
        if !survived {
            act().unwrap_or_else(|problem| panic!("after {lives} writes: {problem}"));
        }
        let mut found = history(&fake);
        found.extend(there(&fake));
        assert_eq!(found, expected, "after {lives} writes");
        if survived {
            assert!(lives > 4, "it wrote something");
            return;
        }
    }
}

fn templates() -> [(&'static str, &'static str); 2] {
    const HOOK: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: h, annotations: {helm.sh/hook: \"pre-install,post-install,pre-upgrade,post-upgrade,pre-delete,post-delete\"}}\nspec: {}\n";
    [DEPLOYMENT, ("templates/h.yaml", HOOK)]
}

/// A create as the engine does one whose run may have died: looked for, then gone on with.
fn found_or_made(inputs: &Inputs) -> Made {
    match Release.find(&context(), &testing::find(inputs.clone()))? {
        Lookup::Found(resource) => Ok(resource),
        Lookup::Unfinished(_, checkpoint) => create_from(inputs, Some(checkpoint)),
        Lookup::Absent => create(inputs),
        Lookup::Unusable(..) => panic!("a release is always of use"),
    }
}

#[test]
fn a_kill_at_any_write_of_an_installation_leaves_no_second_version() {
    chart(&templates());
    let wanted = inputs(json!({}));
    let expected = ["1 deployed", "Deployment apps/web", "Job apps/h"];
    killed_at_each_write(|_| {}, || found_or_made(&wanted).map(drop), &expected);
}

#[test]
fn a_kill_at_any_write_of_an_upgrade_leaves_no_third_version() {
    chart(&templates());
    let (before, wanted) = (inputs(json!({})), inputs(json!({"set": {"size": 2}})));
    let made = std::cell::RefCell::new(None);
    let prepare = |_: &Fake| drop(made.replace(Some(create(&before).unwrap())));
    let act = || {
        let prior = read(made.borrow().as_ref().unwrap())?.unwrap();
        // What the engine would find to differ: a version that nobody recorded too.
        let changed: &[&str] = if prior.inputs.changed.is_empty() { &["set"] } else { &["set", "changed"] };
        update(&prior, &wanted, changed).map(drop)
    };
    killed_at_each_write(prepare, act, &["1 superseded", "2 deployed", "Deployment apps/web", "Job apps/h"]);
}

#[test]
fn a_kill_at_any_write_of_a_removal_leaves_nothing() {
    chart(&templates());
    let made = std::cell::RefCell::new(None);
    let prepare = |_: &Fake| drop(made.replace(Some(create(&inputs(json!({}))).unwrap())));
    killed_at_each_write(prepare, || delete(made.borrow().as_ref().unwrap()), &[]);
}

#[test]
fn a_history_that_is_kept_says_so() {
    chart(&[DEPLOYMENT]);
    let fake = cluster();
    let made = create(&inputs(json!({"keep_history": true}))).unwrap();
    delete(&made).unwrap();
    assert_eq!((history(&fake), there(&fake)), (vec!["1 uninstalled".to_owned()], vec![]));
    assert!(read(&made).unwrap().is_none());
    assert_eq!(create(&inputs(json!({}))).unwrap().outputs.revision, 2);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    for (more, code) in [
        (json!({"chart": " "}), "no-chart"),
        (json!({"name": "Web"}), "bad-name"),
        (json!({"name": "w".repeat(54)}), "bad-name"),
        (json!({"namespace": "a.b"}), "bad-namespace"),
        (json!({"timeout": "soon"}), "bad-duration"),
        (json!({"labels": {"owner": "me"}}), "system-label"),
        (json!({"changed": {"a": "1"}}), "not-yours"),
    ] {
        let problems = testing::check::<Release>(&inputs(more.clone()));
        assert!(problems.iter().any(|problem| problem.code == code), "{more}: {problems:?}");
    }
}
