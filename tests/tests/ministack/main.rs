//! Killed anywhere, in earnest: `maps` against a cloud that nobody here wrote, through a proxy that kills it at
//! each call. Nothing is orphaned, nothing is made twice, and no key is left without its secret.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod account;
mod proxy;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use account::Account;
use maps_tests::aws::{Aws, Keys, REGION};
use maps_tests::{Finished, Maps, Peer, StackDir};
use proxy::{Moment, Plan, Proxy};
use serde_json::Value;

const SIGKILL: i32 = 9;
/// A run that makes more calls than this is not the run that these tests know.
const MOST_CALLS: usize = 80;
/// Runs side by side: what they do most is wait, for a dead call to settle and for names to spread.
const SIDE_BY_SIDE: usize = 12;

/// Everything that dns and secrets make on AWS, under one name.
const STACK: &str = r#"maps: v1
stack: MINE
credentials: {aws: {from: aws}}
plugins:
  dns: {source: dns, credentials: {aws: aws}}
  secrets: {source: secrets, credentials: {aws: aws}}
resources:
  zone: {type: dns/zone, with: {name: MINE.example.com}}
  web: {type: dns/record, with: {zone: "${zone.id}", name: web.MINE.example.com, type: A, values: [192.0.2.1]}}
  www: {type: dns/record, with: {zone: "${zone.id}", name: www.MINE.example.com, type: CNAME, values: [web.MINE.example.com]}}
  given: {type: secrets/parameter, with: {name: /MINE/given, value: a value that is given}}
  made: {type: secrets/parameter, with: {name: /MINE/made, generate: {length: 24}}}
  boundary:
    type: secrets/policy
    with:
      name: MINE
      document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["ssm:*", "sts:*"], Resource: "*"}]}
  reader:
    type: secrets/user
    with:
      name: MINE
      permissions_boundary: "${boundary.arn}"
      policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "ssm:GetParameter*", Resource: "*"}]}
  key: {type: secrets/access-key, with: {user: "${reader.name}", rotate: "first"}}
  key_id: {type: secrets/parameter, with: {name: /MINE/key-id, value: "${key.access_key_id}"}}
  key_secret: {type: secrets/parameter, with: {name: /MINE/key-secret, value: "${key.secret_access_key}"}}
  bucket: {type: secrets/bucket, with: {name: MINE, versioning: true}}
"#;

/// What happens before the run that is killed, and which command that is.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    prepare: fn(&Run<'_>),
    command: &'static str,
}

const CREATE: Scenario = Scenario { name: "create", prepare: |_| {}, command: "run" };
const CHANGE: Scenario = Scenario {
    name: "change",
    prepare: |run| {
        let _ = run.maps("run").expect(0);
        run.stack.edit("192.0.2.1", "192.0.2.2");
        run.stack.edit("a value that is given", "another value that is given");
        run.stack.edit("rotate: \"first\"", "rotate: \"second\"");
    },
    command: "run",
};
const DESTROY: Scenario =
    Scenario { name: "destroy", prepare: |run| _ = run.maps("run").expect(0), command: "destroy" };

/// One run with names of its own.
struct Run<'a> {
    name: String,
    stack: StackDir,
    proxy: Proxy,
    aws: &'a Aws,
}

impl<'a> Run<'a> {
    fn new(peer: &Peer, aws: &'a Aws, name: String) -> Self {
        let stack = StackDir::with(&STACK.replace("MINE", &name));
        let run = Self { name, stack, proxy: Proxy::before(peer.endpoint()), aws };
        run.account().make_zone();
        let _ = run.with_keys().run(["plugin", "approve", "stack.yaml"]).expect(0);
        run
    }

    fn account(&self) -> Account<'_> {
        Account::of(self.aws, &self.name)
    }

    fn with_keys(&self) -> Maps {
        let root = Peer::root();
        let maps = self.stack.maps().env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", REGION);
        let maps = maps.env("AWS_ACCESS_KEY_ID", &root.id).env("AWS_SECRET_ACCESS_KEY", &root.secret);
        maps.env("AWS_ENDPOINT_URL", &self.proxy.endpoint())
    }

    /// Gives a command, which is killed as planned.
    fn killed(&self, command: &str, plan: Plan) -> Finished {
        self.proxy.begin(plan);
        let child = self.with_keys().command([command, "stack.yaml", "--yes", "--output", "json"]).spawn().unwrap();
        self.proxy.aim(child.id());
        Finished::from(child.wait_with_output().unwrap())
    }

    /// Gives a command in which nobody is killed, and nothing is waited for in vain.
    fn maps(&self, command: &str) -> Finished {
        self.killed(command, Plan { call: 0, moment: Moment::Before, hurries: true })
    }

    /// The same with all its calls, as one that is killed would make them.
    fn calm(&self, command: &str) -> Finished {
        self.killed(command, Plan { call: 0, moment: Moment::Before, hurries: false })
    }

    /// The same as another run's, but for the name.
    fn inventory(&self) -> Value {
        serde_json::from_str(&self.account().inventory().to_string().replace(&self.name, "MINE")).unwrap()
    }

    /// Every key that the user has is the one that the stack knows, with the secret that opens it.
    fn has_every_secret(&self) {
        let account = self.account();
        let (keys, known) = (account.keys(), account.value("key-id"));
        assert_eq!(keys, known.iter().cloned().collect::<Vec<_>>(), "{}", self.name);
        if let (Some(id), Some(secret)) = (known, account.value("key-secret")) {
            let answer = self.aws.by(&Keys { id, secret }).sts("GetCallerIdentity", &[]);
            let said = String::from_utf8_lossy(&answer.body);
            assert!(answer.status == 200 && said.contains(&format!("user/{}<", self.name)), "{said}");
        }
    }
}

fn killed_everywhere(scenario: Scenario, moments: &[Moment]) {
    let peer = Peer::ministack();
    let aws = Aws::new(peer.endpoint(), Peer::root());
    let wanted = {
        let run = Run::new(&peer, &aws, format!("{}-calm", scenario.name));
        (scenario.prepare)(&run);
        let done = run.calm(scenario.command).expect(0);
        assert_eq!(done.summary()["failed"], 0, "{done:?}");
        (run.inventory(), run.proxy.calls())
    };
    let (inventory, calls) = wanted;
    assert!((5..MOST_CALLS).contains(&calls), "an undisturbed run makes {calls} calls");
    let plans: Vec<Plan> = moments
        .iter()
        .flat_map(|moment| (1..=calls).map(|call| Plan { call, moment: *moment, hurries: false }))
        .collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                let aws = Aws::new(peer.endpoint(), Peer::root());
                while let Some(plan) = plans.get(next.fetch_add(1, Ordering::SeqCst)) {
                    killed_once(&peer, &aws, scenario, *plan, &inventory);
                }
            });
        }
    });
}

fn killed_once(peer: &Peer, aws: &Aws, scenario: Scenario, plan: Plan, wanted: &Value) {
    let moment = format!("{:?}", plan.moment).to_lowercase();
    let run = Run::new(peer, aws, format!("{}-{moment}-{}", scenario.name, plan.call));
    (scenario.prepare)(&run);
    let hit = run.killed(scenario.command, plan);
    // What is done side by side may come to its end before a late call is made.
    assert!(hit.signal == Some(SIGKILL) || hit.code == Some(0), "{}: {hit:?}", run.name);
    let recovered = run.maps(scenario.command).expect(0);
    assert_eq!(recovered.summary()["failed"], 0, "{}: {recovered:?}", run.name);
    assert_eq!(run.inventory(), *wanted, "{}: {hit:?}\n{recovered:?}", run.name);
    run.has_every_secret();
    let third = run.maps(scenario.command).expect(0);
    assert_eq!(third.changes(), [0; 4], "{}: {third:?}", run.name);
    assert_eq!(third.summary()["calls"]["write"], 0, "{}: {third:?}", run.name);
}

#[test]
fn a_create_killed_at_each_call() {
    killed_everywhere(CREATE, &[Moment::Before, Moment::Sent, Moment::Replied]);
}

#[test]
fn a_change_killed_at_each_call() {
    killed_everywhere(CHANGE, &[Moment::Before, Moment::Sent, Moment::Replied]);
}

#[test]
fn a_destroy_killed_at_each_call() {
    killed_everywhere(DESTROY, &[Moment::Before, Moment::Sent, Moment::Replied]);
}
