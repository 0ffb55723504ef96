//! `cargo xtask test`: everything that has to hold, in sections, with one count at the end.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::process::{cargo, line};
use crate::{Failure, peers, plugins, process, repo};

/// How much is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Whole,
    /// All but what takes minutes: lints, documentation tests and [`SLOW`].
    Fast,
}

/// Test targets that start many processes, or run thousands of seeds.
const SLOW: [&str; 9] =
    ["charts", "faults", "kubernetes", "ministack", "peers", "recovery", "releases", "simulation", "terraform"];

/// Test targets whose programs have to keep to the clock, and so get the machine for themselves.
const ALONE: [&str; 1] = ["kubernetes"];

/// Test targets that wait for other programs' clocks most of the time, beside which the rest runs.
const WAITING_FOR_OTHERS: [&str; 2] = ["ministack", "terraform"];

/// Integration tests at a time, for each processor: mostly they wait, for processes that wait for the disk.
const WAITING: usize = 4;

/// Crates may hold integration tests in these folders.
const CRATES: [&str; 3] = ["host", "plugins", "."];

/// What passed and what failed, over all sections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    fn check(done: Result<(), Failure>) -> Self {
        match done {
            Ok(()) => Self { passed: 1, failed: 0 },
            Err(failure) => {
                eprintln!("error: {failure}");
                Self { passed: 0, failed: 1 }
            }
        }
    }
}

/// What came of all sections so far.
#[derive(Default)]
struct Report {
    total: Count,
    failures: Vec<String>,
}

impl Report {
    /// Runs a section, with what it says on the screen.
    fn section(&mut self, name: &str, run: impl FnOnce() -> Count) {
        println!("\n=== {name}");
        let started = Instant::now();
        let count = run();
        self.ended(name, count, started.elapsed());
    }

    fn ended(&mut self, name: &str, count: Count, took: Duration) {
        println!("--- {name}: {} passed, {} failed, {} s", count.passed, count.failed, took.as_secs());
        if count.failed > 0 {
            self.failures.push(name.to_owned());
        }
        self.total.add(count);
    }
}

/// A section that runs beside others; what it says is kept until it is over.
struct Beside {
    name: String,
    running: JoinHandle<(Count, Vec<u8>, Duration)>,
}

impl Beside {
    fn start(name: String, target: String) -> Self {
        let running = std::thread::spawn(move || {
            let (started, mut said) = (Instant::now(), Vec::new());
            let count = tests(&["--test", &target], &mut said);
            (count, said, started.elapsed())
        });
        Self { name, running }
    }

    fn end(self, report: &mut Report) {
        // A section that panicked did not hold.
        let lost = || (Count { passed: 0, failed: 1 }, Vec::new(), Duration::ZERO);
        let (count, said, took) = self.running.join().unwrap_or_else(|_| lost());
        println!("\n=== {}\n{}", self.name, String::from_utf8_lossy(&said));
        report.ended(&self.name, count, took);
    }
}

/// Runs the task.
pub(crate) fn run(extent: Extent) -> Result<(), Failure> {
    let mut report = Report::default();
    report.section("format", || check(["fmt", "--all", "--check"]));
    report.section("format of the guests", || {
        check(["fmt", "--all", "--check", "--manifest-path", "tests/guests/Cargo.toml"])
    });
    report.section("plugins", || Count::check(plugins::run()));
    if extent == Extent::Whole {
        report
            .section("lints", || check(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]));
    }
    let screen = &mut std::io::stdout();
    report.section("unit", || tests(&["--lib", "--bins"], screen));
    let mut targets = integration_tests()?;
    if extent == Extent::Fast {
        targets.retain(|target, _| !SLOW.contains(&target.as_str()));
    }
    let name = |target: &str, crates: &[String]| format!("{} ({})", target.replace('_', " "), crates.join(", "));
    let mut run = |report: &mut Report, target: &str, crates: &[String]| {
        report.section(&name(target, crates), || match prepare(target) {
            Ok(()) => tests(&["--test", target], screen),
            Err(failure) => Count::check(Err(failure)),
        });
    };
    for target in ALONE {
        if let Some(crates) = targets.remove(target) {
            run(&mut report, target, &crates);
        }
    }
    let beside = WAITING_FOR_OTHERS.iter().filter_map(|target| Some((*target, targets.remove(*target)?)));
    let beside: Vec<Beside> = match beside.collect::<Vec<_>>() {
        none if none.is_empty() => Vec::new(),
        some => {
            report.section("programs that tests hold ours against", || Count::check(peers::run()));
            some.iter().map(|(target, crates)| Beside::start(name(target, crates), (*target).to_owned())).collect()
        }
    };
    for (target, crates) in &targets {
        run(&mut report, target, crates);
    }
    beside.into_iter().for_each(|beside| beside.end(&mut report));
    if extent == Extent::Whole {
        report.section("documentation", || tests(&["--doc"], screen));
    }

    let Report { total, failures } = report;
    if !failures.is_empty() {
        println!("\nfailed: {}", failures.join("; "));
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 { Ok(()) } else { Err("something does not hold".to_owned()) }
}

/// The test target for clusters, and by what it hears of one that is not the local cloud's.
const CLUSTER_TESTS: &str = "kube";
const CLUSTER: &str = "MAPS_TEST_CLUSTER";

/// Tests the plugins for Kubernetes against the cluster that a kubeconfig is for.
pub(crate) fn against(kubeconfig: &str) -> Result<(), Failure> {
    let path = fs::canonicalize(kubeconfig).map_err(|e| format!("the kubeconfig {kubeconfig} cannot be read: {e}"))?;
    if !integration_tests()?.contains_key(CLUSTER_TESTS) {
        return Err(format!("there are no tests `{CLUSTER_TESTS}` to run against a cluster"));
    }
    plugins::run()?;
    let mut command = cargo(["test", "--workspace", "--no-fail-fast", "--test", CLUSTER_TESTS]);
    process::run(command.env(CLUSTER, path))
}

fn check<const N: usize>(arguments: [&str; N]) -> Count {
    Count::check(process::run(&mut cargo(arguments)))
}

/// Gets what a test target needs beside what is built.
fn prepare(target: &str) -> Result<(), Failure> {
    if matches!(target, "charts" | "kubernetes" | "peers" | "releases" | "stack_maps") { peers::run() } else { Ok(()) }
}

/// Runs one selection of the workspace's tests, all of them even if one fails.
fn tests(selection: &[&str], screen: &mut dyn Write) -> Count {
    let mut command = cargo(["test", "--workspace", "--no-fail-fast"]);
    command.args(selection).stdout(Stdio::piped());
    if selection.contains(&"--test") {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        command.env("RUST_TEST_THREADS", (WAITING * processors).to_string());
    }
    let mut count = Count::default();
    let ended = writeln!(screen, "$ {}", line(&command)).and_then(|()| command.spawn()).and_then(|mut child| {
        for output in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
            let output = output?;
            writeln!(screen, "{output}")?;
            count.add(result(&output).unwrap_or_default());
        }
        child.wait()
    });
    // A crate that does not compile, or a test that ended its process, has no count of its own.
    let unseen = !ended.is_ok_and(|status| status.success()) && count.failed == 0;
    count.failed += u64::from(unseen);
    count
}

/// The counts of a line such as `test result: ok. 35 passed; 0 failed; 0 ignored; …`.
fn result(line: &str) -> Option<Count> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |word: &str| {
        let part = counts.split("; ").find_map(|part| part.strip_suffix(word))?;
        part.trim().parse().ok()
    };
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

/// The integration tests by name, each with the crates that have one of that name.
fn integration_tests() -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in CRATES.map(|folder| repo::root().join(folder)) {
        for krate in names(&folder)?.into_iter().filter(|krate| folder.join(krate).join("Cargo.toml").exists()) {
            let tests = folder.join(&krate).join("tests");
            let files = if tests.is_dir() { names(&tests)? } else { Vec::new() };
            for target in files.iter().filter_map(|file| target(&tests, file)) {
                found.entry(target).or_default().push(krate.clone());
            }
        }
    }
    Ok(found)
}

/// A test target as cargo finds it: `NAME.rs` or `NAME/main.rs`.
fn target(tests: &Path, file: &str) -> Option<String> {
    match file.strip_suffix(".rs") {
        Some(name) => Some(name.to_owned()),
        None => tests.join(file).join("main.rs").exists().then(|| file.to_owned()),
    }
}

fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn results_are_counted() {
        let failed = "test result: FAILED. 34 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1s";
        assert_eq!(result(failed), Some(Count { passed: 34, failed: 1 }));
        let ok = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(result(ok), Some(Count::default()));
        assert_eq!(result("test tests::test_result ... ok"), None);
    }

    #[test]
    fn integration_tests_are_found_where_they_are() -> Result<(), Failure> {
        let found = integration_tests()?;
        assert_eq!(found.get("command_line"), Some(&vec!["cli".to_owned()]));
        assert!(!found.contains_key("snapshots"), "a folder without main.rs is no target");
        Ok(())
    }
}
