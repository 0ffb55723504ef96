//! Charts through the real binary and the plugin in its sandbox: from disk, from a repository on this machine, and
//! in a stack.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use maps_tests::{Finished, Maps, StackDir};

const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-web\ndata:\n  size: {{ .Values.size | quote }}\n";

fn chart(folder: &Path, template: &str) {
    fs::create_dir_all(folder.join("templates")).unwrap();
    fs::write(folder.join("Chart.yaml"), "apiVersion: v2\nname: web\nversion: 1.2.3\n").unwrap();
    fs::write(folder.join("values.yaml"), "size: 1\n").unwrap();
    fs::write(folder.join("templates/web.yaml"), template).unwrap();
}

fn manifest(release: &str, size: &str) -> String {
    format!(
        "---\n# Source: web/templates/web.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {release}-web\ndata:\n  size: \"{size}\"\n"
    )
}

fn helm(dir: &Path, words: &[&str]) -> Finished {
    Maps::at(dir).run(["helm", "template"].into_iter().chain(words.iter().copied()))
}

#[test]
fn a_chart_is_printed_as_helm_prints_it() {
    let dir = tempfile::tempdir().unwrap();
    chart(&dir.path().join("charts/web"), TEMPLATE);
    fs::write(dir.path().join("prod.yaml"), "size: 5\n").unwrap();
    for (words, release, size) in [
        (&["one", "charts/web"][..], "one", "1"),
        (&["./charts/web/"], "release-name", "1"),
        (&["one", "charts/web", "-f", "prod.yaml"], "one", "5"),
        (&["one", "charts/web", "-f", "prod.yaml", "--set", "size=7"], "one", "7"),
        (&["one", "charts/web", "--set-file", "size=prod.yaml"], "one", "size: 5\\n"),
    ] {
        let done = helm(dir.path(), words).expect(0);
        assert_eq!((done.stdout, done.stderr.as_str()), (manifest(release, size), ""), "{words:?}");
    }
}

#[test]
fn what_cannot_be_rendered_is_told_as_helm_tells_it() {
    let dir = tempfile::tempdir().unwrap();
    chart(&dir.path().join("web"), "{{ fail \"never\" }}");
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (words, said) in [
        (&["x", "none"][..], "Error: non-absolute URLs should be in form of repo_name/path_to_chart, got: none\n"),
        (&["x", "./none"], "Error: path \"./none\" not found\n"),
        (&["x", "some/none"], "Error: repo some not found\n"),
        (&["x", "web", "-f", "none.yaml"], "Error: open none.yaml: no such file or directory\n"),
        (
            &["x", "web"],
            "Error: execution error at (web/templates/web.yaml:1:3): never\n\nUse --debug flag to render out invalid YAML\n",
        ),
    ] {
        let done = helm(dir.path(), words).expect(1);
        assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", said), "{words:?}");
    }
    let told = helm(dir.path(), &["x", "empty"]).expect(1).stderr;
    let missing = dir.path().join("empty/Chart.yaml").display().to_string();
    let said = format!("Error: unable to detect chart at {missing}: open {missing}: no such file or directory\n");
    assert_eq!(told, said);
}

#[test]
fn what_helm_warns_of_is_told_as_it_logs_it() {
    let dir = tempfile::tempdir().unwrap();
    chart(&dir.path().join("web"), "namespace: {{ .Release.Namespace }}{{ required \"no\" .Values.ready }}\n");
    let warned = "level=INFO msg=\"warning: skipped value for web.size: Not a table.\"\n";
    let words = ["x", "web", "--namespace", "", "--set", "size.x=1"];
    let failed = helm(dir.path(), &words).expect(1);
    assert!(failed.stderr.starts_with(&format!("{warned}Error: execution error at ")), "{}", failed.stderr);
    let done = helm(dir.path(), &[&words[..], &["--set-string", "ready=!"]].concat()).expect(0);
    assert_eq!((done.stdout.lines().last(), done.stderr.as_str()), (Some("namespace: default!"), warned));
}

#[test]
fn rt29_a_chart_without_end_ends_in_a_line_that_names_its_template() {
    let dir = tempfile::tempdir().unwrap();
    for template in [
        "{{ range until 1000000000 }}x{{ end }}",
        "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}\n{{ include \"a\" . }}",
        "{{ $x := list }}{{ range until 100000 }}{{ $x = append $x $x }}{{ toJson $x }}{{ end }}",
        "{{ repeat 2000000000 \"x\" }}",
    ] {
        chart(&dir.path().join("web"), template);
        let done = helm(dir.path(), &["x", "web"]).expect(1);
        assert!(
            done.stderr.starts_with("Error: ") && done.stderr.contains("web/templates/web.yaml:"),
            "{}",
            done.stderr
        );
    }
    // The next one is served.
    chart(&dir.path().join("web"), TEMPLATE);
    assert_eq!(helm(dir.path(), &["x", "web"]).expect(0).stdout, manifest("x", "1"));
}

#[test]
fn rt36_a_chart_s_folder_leads_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("private"), "private").unwrap();
    let web = dir.path().join("web");
    chart(&web, "apiVersion: v1\nkind: A\nfound: {{ .Files.Get \"link\" | quote }}\n");
    symlink("../private", web.join("link")).unwrap();
    let done = helm(dir.path(), &["x", "web"]).expect(0);
    assert!(done.stdout.contains("found: \"\""), "{}", done.stdout);
    fs::remove_file(web.join("link")).unwrap();
    symlink("values.yaml", web.join("link")).unwrap();
    assert!(helm(dir.path(), &["x", "web"]).expect(0).stdout.contains("found: \"size: 1\\n\""));
}

#[test]
fn a_chart_of_a_repository_on_this_machine_is_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("repository");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("web-1.2.3.tgz"), packed(TEMPLATE)).unwrap();
    let index = "apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.2.3, urls: [web-1.2.3.tgz]}\n  - {name: web, version: 1.2.2, digest: abc, urls: [web-1.2.3.tgz]}\n";
    fs::write(folder.join("index.yaml"), index).unwrap();
    let url = maps_tests::serve_folder(&folder);
    let done = helm(dir.path(), &["one", "web", "--repo", &url, "--version", "^1"]).expect(0);
    assert_eq!(done.stdout, manifest("one", "1"));
    for (words, said) in [
        (&["one", "none", "--repo", &url][..], format!("Error: chart \"none\" not found in {url} repository")),
        (
            &["one", "web", "--repo", &url, "--version", "1.2.2"],
            format!("Error: the archive at {url}/web-1.2.3.tgz has the digest sha256:"),
        ),
        (
            &["one", "web", "--repo", &format!("{url}/none")],
            format!(
                "Error: looks like \"{url}/none\" is not a valid chart repository or cannot be reached: failed to fetch {url}/none/index.yaml : 404 Not Found"
            ),
        ),
    ] {
        let done = helm(dir.path(), words).expect(1);
        assert!(done.stderr.starts_with(&said), "{said}\n{}", done.stderr);
    }
}

/// `web-1.2.3.tgz`.
fn packed(template: &str) -> Vec<u8> {
    let mut tar = Vec::new();
    let description = "apiVersion: v2\nname: web\nversion: 1.2.3\n";
    for (path, text) in
        [("web/Chart.yaml", description), ("web/values.yaml", "size: 1\n"), ("web/templates/web.yaml", template)]
    {
        let mut head = [0_u8; 512];
        head[..path.len()].copy_from_slice(path.as_bytes());
        head[100..108].copy_from_slice(b"0000644\0");
        head[124..136].copy_from_slice(format!("{:011o}\0", text.len()).as_bytes());
        head[156] = b'0';
        head[257..265].copy_from_slice(b"ustar\x0000");
        head[148..156].fill(b' ');
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&head);
        tar.extend_from_slice(text.as_bytes());
        tar.resize(tar.len().div_ceil(512) * 512, 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&tar).unwrap();
    packed.finish().unwrap()
}

#[test]
fn rt30_an_archive_that_swells_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0_u8; 1 << 20];
    (0..300).for_each(|_| bomb.write_all(&zeros).unwrap());
    fs::write(dir.path().join("bomb.tgz"), bomb.finish().unwrap()).unwrap();
    let done = helm(dir.path(), &["x", "bomb.tgz"]).expect(1);
    assert!(done.stderr.starts_with("Error: "), "{}", done.stderr);
}

#[test]
fn a_stack_renders_a_chart_and_renders_it_anew_when_a_file_changes() {
    let stack = StackDir::with(
        "maps: v1\nstack: charts\nplugins: {helm: {source: helm, grant: {log: {}, clock: {}, random: {}, files: [{id: read-charts, patterns: [\"web/**\"]}]}}}\nresources:\n  web:\n    type: helm/template\n    with: {chart: web, name: one, values: {size: 3}}\noutputs: {manifests: \"${web.manifests}\", version: \"${web.chart_version}\"}\n",
    );
    chart(&stack.path().join("web"), TEMPLATE);
    let run = || stack.maps().run(["run", "--rehearse", "--yes", "--output", "json"]);
    assert_eq!(run().expect(0).changes(), [1, 0, 0, 0]);
    let output = || stack.maps().run(["output", "--rehearse", "manifests"]).expect(0).stdout;
    assert_eq!(output().trim_end(), manifest("one", "3").trim_end());
    assert_eq!(run().expect(0).changes(), [0, 0, 0, 0]);
    let template = TEMPLATE.replace("size:", "length:");
    fs::write(stack.path().join("web/templates/web.yaml"), template).unwrap();
    assert_eq!(run().expect(0).changes(), [0, 1, 0, 0]);
    assert!(output().contains("length: \"3\""), "{}", output());
    assert_eq!(run().expect(0).changes(), [0, 0, 0, 0]);
}
