//! Ctrl-C with real signals: the first finishes what is in flight and saves, the second ends the
//! process at once, and the next run recovers from either. The cloud is held still with SIGSTOP
//! while the signals are sent, so that nothing depends on who is faster.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, ChildStdout};

use maps_tests::{CloudServer, StackDir};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const INTERRUPTED: Option<i32> = Some(130);

/// A run whose output is read as it comes.
struct Run {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Run {
    fn start(stack: &StackDir, cloud: &CloudServer, more: &[&str]) -> Self {
        let flag = cloud.flag();
        let args = ["run", "stack.yaml", &flag, "--yes", "--output", "json"];
        let mut child = stack.maps().command(args.iter().chain(more)).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, stdout, stderr }
    }

    /// Reads events up to the first one of this name.
    fn until(&mut self, event: &str) -> Value {
        let events = self.stdout.by_ref().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        events.into_iter().find(|found| found["event"] == event).unwrap_or_else(|| panic!("no event {event}"))
    }

    fn interrupt(&self) {
        send(&self.child, Signal::INT);
    }

    /// Waits until the run says that it has understood.
    fn says_that_it_stops(&mut self) {
        let line = self.stderr.next().unwrap().unwrap();
        assert!(line.contains("Stopping"), "{line}");
    }

    /// The last event, and how the process ended.
    fn end(mut self) -> (Option<Value>, Option<i32>) {
        let last = self.stdout.by_ref().map(Result::unwrap).last();
        let code = self.child.wait().unwrap().code();
        (last.map(|line| serde_json::from_str(&line).unwrap()), code)
    }
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// What an undisturbed run leaves.
fn undisturbed() -> Value {
    let stack = StackDir::cluster();
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let _ = stack.maps().run(["run", "stack.yaml", &cloud.flag(), "--yes"]).expect(0);
    cloud.inventory()
}

/// Runs again, twice: the first leaves what an undisturbed run leaves, the second has nothing to do.
fn recovers(stack: &StackDir, cloud: &CloudServer) {
    let flag = cloud.flag();
    let again = ["run", "stack.yaml", flag.as_str(), "--yes", "--output", "json"];
    let recovered = stack.maps().run(again).expect(0);
    assert_eq!(recovered.summary()["failed"], 0);
    assert_eq!(cloud.inventory(), undisturbed());
    assert_eq!(cloud.calls("write"), 1, "the cluster was made once");
    assert_eq!(stack.maps().run(again).expect(0).changes(), [0; 4]);
}

/// Has the process a handler for SIGINT by now? Before, a signal would end it by itself.
fn listens(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & 0b10 != 0
}

#[test]
fn an_interrupt_while_planning_ends_the_command_with_a_summary() {
    let stack = StackDir::cluster();
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let flag = cloud.flag();
    let _ = stack.maps().run(["run", "stack.yaml", &flag, "--yes"]).expect(0);
    let before = stack.maps().run(["plan", "stack.yaml", &flag]).expect(0).stdout;
    // Each answer drips, so that planning is still under way when the signal comes.
    let slow: Vec<String> = (1..16).map(|call| format!("drip@{call}")).collect();
    for words in [&["destroy", "stack.yaml", "--yes"][..], &["run", "stack.yaml", "--yes"]] {
        let slow = slow.join(",");
        let arguments = words.iter().copied().chain([flag.as_str(), "--output", "json", "--fault", &slow]);
        let mut child = stack.maps().command(arguments).spawn().unwrap();
        while child.try_wait().unwrap().is_none() && !listens(&child) {
            std::thread::yield_now();
        }
        send(&child, Signal::INT);
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), INTERRUPTED, "{told}");
        let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["exit"]), (&"summary".into(), &130.into()), "{told}");
    }
    assert_eq!(stack.maps().run(["plan", "stack.yaml", &flag]).expect(0).stdout, before);
}

#[test]
fn the_first_interrupt_finishes_what_is_in_flight_and_saves() {
    let stack = StackDir::cluster();
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let mut run = Run::start(&stack, &cloud, &[]);
    // The cluster is asked for, and being made: from here on the cloud does not answer…
    let _ = run.until("waiting");
    send(cloud.process(), Signal::STOP);
    run.interrupt();
    run.says_that_it_stops();
    // …until the run has heard of the interrupt.
    send(cloud.process(), Signal::CONT);
    let (last, code) = run.end();
    let summary = last.unwrap();
    assert_eq!(code, INTERRUPTED, "{summary}");
    assert_eq!((&summary["event"], &summary["exit"], &summary["failed"]), (&"summary".into(), &130.into(), &0.into()));
    let planned = stack.maps().run(["plan", "stack.yaml", &cloud.flag()]).expect(0);
    assert!(planned.stdout.contains("cluster  doks/cluster  resume"), "{}", planned.stdout);
    recovers(&stack, &cloud);
}

#[test]
fn the_second_interrupt_ends_at_once_and_the_next_run_recovers() {
    let stack = StackDir::cluster();
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    let mut run = Run::start(&stack, &cloud, &[]);
    let _ = run.until("waiting");
    send(cloud.process(), Signal::STOP);
    run.interrupt();
    run.says_that_it_stops();
    // The cloud still does not answer, so that only the second interrupt can end the run.
    run.interrupt();
    let (last, code) = run.end();
    send(cloud.process(), Signal::CONT);
    assert_eq!(code, INTERRUPTED);
    assert_ne!(last.unwrap_or_default()["event"], "summary", "nothing is summed up by an abort");
    recovers(&stack, &cloud);
}

#[test]
fn while_one_run_is_under_way_another_is_told_who_holds_the_state_and_a_plan_works() {
    let stack = StackDir::cluster();
    let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
    // Every answer drips, so that the first run is still there when the others have ended.
    let slow: Vec<String> = (1..16).map(|call| format!("drip@{call}")).collect();
    let mut run = Run::start(&stack, &cloud, &["--fault", &slow.join(",")]);
    let _ = run.until("waiting");
    let second = stack.maps().run(["run", "stack.yaml", &cloud.flag(), "--yes", "--output", "json"]).expect(4);
    let told = second.events().into_iter().find(|event| event["event"] == "error").unwrap();
    assert!(told["message"].as_str().unwrap().contains(&run.child.id().to_string()), "{told}");
    let planned = stack.maps().run(["plan", "stack.yaml", &cloud.flag()]).expect(0);
    assert!(planned.stdout.contains("resume"), "{}", planned.stdout);
    run.interrupt();
    let (summary, code) = run.end();
    assert_eq!(code, INTERRUPTED, "{summary:?}");
    recovers(&stack, &cloud);
}
