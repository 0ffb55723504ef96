//! The one who listens: events go through a channel to a thread that prints, so that a slow
//! terminal never holds up a run.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use maps_engine::{Event, Observer};

use super::Screen;
use super::progress::Progress;
use super::style::{CHANGE, paint};

/// How often the block is redrawn: often enough that a spinner turns.
const FRAME: Duration = Duration::from_millis(100);

enum Message {
    Event(Event),
    /// The plan is made: so many steps will be carried out.
    Total(usize),
    /// Something that maps itself has to say.
    Note(String),
}

/// Prints events as they come.
pub(crate) struct Reporter {
    sender: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Starts to listen.
    pub(crate) fn start(screen: Arc<Screen>) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || listen(&screen, &receiver));
        Self { sender: Some(sender), thread: Some(thread) }
    }

    /// Says how many steps will be carried out.
    pub(crate) fn total(&self, steps: usize) {
        self.send(Message::Total(steps));
    }

    /// Says something to the user in between.
    pub(crate) fn note(&self, text: &str) {
        self.send(Message::Note(text.to_owned()));
    }

    fn send(&self, message: Message) {
        if let Some(sender) = &self.sender {
            // The thread ends only when this sender does.
            let _ = sender.send(message);
        }
    }
}

/// Everything that was sent is printed before the reporter is gone.
impl Drop for Reporter {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Observer for Reporter {
    fn event(&self, event: &Event) {
        self.send(Message::Event(event.clone()));
    }
}

fn listen(screen: &Screen, receiver: &Receiver<Message>) {
    let began = Instant::now();
    let mut progress = None;
    let mut block = Block::default();
    let mut frame = 0;
    loop {
        // Without a block there is nothing to do between messages.
        let message = match progress.is_some() && screen.is_live() {
            true => receiver.recv_timeout(FRAME),
            false => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match message {
            Ok(Message::Total(steps)) => progress = Some(Progress::of(steps)),
            Ok(Message::Event(event)) => {
                screen.event(&event);
                let folded = progress.get_or_insert_with(Progress::default);
                if let Some(line) = folded.take(&event, began.elapsed(), !screen.is_live())
                    && !screen.is_json()
                {
                    block.above(screen, &line);
                }
            }
            Ok(Message::Note(text)) => block.above(screen, &format!("{}\n", paint(CHANGE, text))),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Some(progress) = progress.as_ref().filter(|_| screen.is_live()) {
            frame += 1;
            block.draw(screen, &progress.block(began.elapsed(), frame, screen.width()));
        }
    }
    block.erase(screen);
}

/// The lines at the bottom of the terminal that are drawn over.
#[derive(Default)]
struct Block {
    lines: usize,
}

impl Block {
    fn draw(&mut self, screen: &Screen, lines: &[String]) {
        screen.live(&self.back(), &format!("{}\n", lines.join("\n")));
        self.lines = lines.len();
    }

    fn above(&mut self, screen: &Screen, line: &str) {
        if screen.is_json() {
            return screen.complain(line);
        }
        screen.live(&self.back(), line);
        self.lines = 0;
    }

    fn erase(&mut self, screen: &Screen) {
        if self.lines > 0 {
            screen.live(&self.back(), "");
            self.lines = 0;
        }
    }

    /// The cursor to where the block begins, and everything after it gone.
    fn back(&self) -> String {
        if self.lines == 0 { String::new() } else { format!("\u{1b}[{}A\u{1b}[J", self.lines) }
    }
}
