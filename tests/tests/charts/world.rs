//! Both programs in one folder, and charts to fetch.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use maps_tests::{Finished, Maps, built};

/// A line of an htpasswd file: who, and the bcrypt hash of [`PASSWORD`].
pub(crate) const HTPASSWD: &str = "operator:$2b$04$Z4Qs122Kh0wqLNXn8GIDsOSLocPpLUv/Bh4YvVruV3ldGSFybCYeW\n";
pub(crate) const USER: &str = "operator";
pub(crate) const PASSWORD: &str = "correct horse";

/// The versions of the chart `web` that there are; each renders its own version.
pub(crate) const VERSIONS: [&str; 7] = ["0.1.0", "0.2.0", "0.9.1", "1.0.0", "1.1.0", "1.1.0+build.5", "1.2.0-rc.1"];

/// What is expected of both programs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected<'a> {
    /// The chart in this version.
    Version(&'a str),
    /// An error in exactly these words; ours may have a line of advice below.
    Error(&'a str),
}

/// A folder with the packed charts.
pub(crate) struct World {
    home: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { home: tempfile::tempdir().unwrap() };
        for version in VERSIONS {
            let chart = world.path().join(version).join("web");
            fs::create_dir_all(chart.join("templates")).unwrap();
            fs::write(chart.join("Chart.yaml"), format!("apiVersion: v2\nname: web\nversion: {version}\n")).unwrap();
            fs::write(chart.join("values.yaml"), "size: 1\n").unwrap();
            let template = "kind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {version: {{ .Chart.Version | quote }}, size: {{ .Values.size | quote }}}\n";
            fs::write(chart.join("templates/web.yaml"), template).unwrap();
            world.helm(&["package", &format!("{version}/web"), "-d", "packed"]).expect(0).stdout.clear();
        }
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// The archive of a version.
    pub(crate) fn packed(&self, version: &str) -> PathBuf {
        self.path().join(format!("packed/web-{version}.tgz"))
    }

    /// The real one, with nothing that an earlier run left in a cache: there it looks before it asks anybody.
    pub(crate) fn helm(&self, words: &[&str]) -> Finished {
        let target = built().parent().map(Path::to_path_buf).unwrap_or_default();
        let program = target.join("peers/kubectl/helm/helm");
        assert!(program.exists(), "{} is not there: `cargo xtask peers` installs it", program.display());
        let home = tempfile::tempdir().unwrap();
        let output = Command::new(program)
            .args(words)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home.path())
            .current_dir(self.path())
            .output()
            .unwrap();
        Finished::from(output)
    }

    pub(crate) fn maps(&self, words: &[&str]) -> Finished {
        Maps::at(self.path()).run(["helm", "template"].into_iter().chain(words.iter().copied()))
    }

    /// Runs `template` with the same words by both, which have to print and to say the same.
    #[track_caller]
    pub(crate) fn both(&self, words: &[&str], expected: Expected<'_>) {
        let theirs = self.helm(&[&["template"], words].concat());
        let ours = self.maps(words);
        let said = format!("{words:?}\nhelm: {theirs:?}\nmaps: {ours:?}");
        match expected {
            Expected::Version(version) => {
                assert_eq!((theirs.code, ours.code), (Some(0), Some(0)), "{said}");
                // What helm says of having pulled is on standard error.
                assert!(theirs.stdout.contains(&format!("data: {{version: \"{version}\", size: \"1\"}}")), "{said}");
                assert_eq!(ours.stdout, theirs.stdout, "{said}");
            }
            Expected::Error(message) => {
                assert_eq!((theirs.code, ours.code), (Some(1), Some(1)), "{said}");
                assert_eq!(theirs.stderr.trim_end(), format!("Error: {message}"), "{said}");
                assert_eq!(ours.stderr.lines().next(), theirs.stderr.lines().next(), "{said}");
                assert_eq!((ours.stdout.as_str(), theirs.stdout.as_str()), ("", ""), "{said}");
            }
        }
    }
}

/// Stands before a server and lets nobody through who has not asked it for a token first, as public registries do.
pub(crate) fn guard(host: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (own, host) = (address.clone(), host.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let first = lines.first().cloned().unwrap_or_default();
            let has = |header: &str| lines.iter().any(|line| line.eq_ignore_ascii_case(header));
            let answer = if first.starts_with("GET /token?") && first.contains("service=charts") {
                let token = r#"{"token": "let-me-in"}"#;
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{token}", token.len())
                    .into_bytes()
            } else if has("authorization: Bearer let-me-in") {
                let kept = lines.iter().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
                let asked = kept.fold(String::new(), |text, line| text + line + "\r\n") + "connection: close\r\n\r\n";
                let mut behind = TcpStream::connect(&host).unwrap();
                let mut answer = Vec::new();
                let _ = behind.write_all(asked.as_bytes()).and_then(|()| behind.read_to_end(&mut answer));
                answer
            } else {
                let to = format!(
                    "Bearer realm=\"http://{own}/token\",service=\"charts\",scope=\"repository:charts/web:pull\""
                );
                format!("HTTP/1.1 401 Unauthorized\r\nwww-authenticate: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .into_bytes()
            };
            let _ = (&stream).write_all(&answer);
        }
    });
    address
}
