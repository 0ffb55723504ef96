//! `maps cloud serve`: a local cloud in a process of its own, until interrupted.

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

fn announce(file: &CloudFile, dir: &Path, screen: &Screen) {
    let hosts: Vec<String> = file.hosts.iter().map(|(host, address)| format!("{host} at {address}")).collect();
    let shown = Text::line(&dir.display().to_string());
    screen.human(&format!("{} {}\n", paint(STRONG, "A local cloud is served:"), hosts.join(", ")));
    screen.human(&paint(
        DIM,
        format!("  maps run --rehearse={shown}        (Ctrl-C ends the cloud; what it holds stays)\n"),
    ));
    screen.event(&json!({"event": "serving", "dir": shown, "control": file.control, "hosts": file.hosts}));
}
