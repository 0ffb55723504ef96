//! `maps cloud serve`: a local cloud in a process of its own, until interrupted.

use std::collections::BTreeMap;
use std::path::Path;

use maps_rehearsal::{Cloud, CloudFile, Fault, Options};
use serde_json::json;
use tokio::sync::oneshot;

use crate::error::{Exit, Failure};
use crate::interrupt::Listener;
use crate::render::Screen;
use crate::render::style::{DIM, STRONG, paint};
use crate::render::text::Text;
use crate::{compose, declared};

/// Serves; says so in one line once the cloud answers.
pub(crate) fn cloud_serve(dir: &Path, plugins: &[String], faults: &[String], screen: &Screen) -> Result<Exit, Failure> {
    let mut options = Options::new(dir);
    options.standing_cluster = true;
    options.faults = Fault::parse_list(faults.iter().map(String::as_str)).map_err(maps_rehearsal::Error::from)?;
    options.declared = declared::of_named(plugins)?;
    compose::block_on(async {
        let (stop, stopped) = oneshot::channel();
        let _listener = Listener::start(move || {
            // The receiver lives as long as the cloud.
            let _ = stop.send(());
        })
        .map_err(Failure::file("the signals of this process"))?;
        let cloud = Cloud::start(options).await?;
        announce(cloud.file(), cloud.dir(), screen);
        // The sender goes only when it has sent.
        let _ = stopped.await;
        cloud.shutdown().await?;
        Ok(Exit::Done)
    })
}

/// One line an address: services with a host in every region are not listed host by host.
fn by_address(file: &CloudFile) -> Vec<String> {
    let mut served: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (host, address) in &file.hosts {
        served.entry(address).or_default().push(host);
    }
    let mut lines: Vec<String> = served
        .into_iter()
        .filter_map(|(address, hosts)| {
            // The shortest is the one without a bucket and, where there is one, without a region.
            let first = hosts.iter().min_by_key(|host| (host.starts_with('*'), host.len()))?;
            Some(match hosts.len() {
                1 => format!("{first} at {address}"),
                count => format!("{first} and {} more at {address}", count - 1),
            })
        })
        .collect();
    lines.sort();
    lines.extend(file.aws_endpoint_url.iter().map(|url| format!("all of AWS at {url}")));
    lines.extend(file.charts_url.iter().map(|url| format!("chart repositories below {url}")));
    lines
}

fn announce(file: &CloudFile, dir: &Path, screen: &Screen) {
    let hosts = by_address(file);
    let shown = Text::line(&dir.display().to_string());
    screen.human(&format!("{} {}\n", paint(STRONG, "A local cloud is served:"), hosts.join(", ")));
    screen.human(&paint(
        DIM,
        format!("  maps run --rehearse={shown}        (Ctrl-C ends the cloud; what it holds stays)\n"),
    ));
    screen.event(&json!({"event": "serving", "dir": shown, "control": file.control, "hosts": file.hosts}));
}
