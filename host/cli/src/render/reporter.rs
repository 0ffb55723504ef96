//! The one who listens: events go through a channel to a thread that prints, so that a slow
//! terminal never holds up a run.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// A phase begins, with so many steps; no number where there is none to tell.
    Phase(&'static str, Option<usize>),
    /// The phase is over: nothing is drawn over until the next. Answered once that is so.
    Pause(SyncSender<()>),
    /// Something that maps itself has to say.
    Note(String),
}

/// Prints events as they come.
pub(crate) struct Reporter {
    sender: Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Reporter {
    /// Starts to listen.
    pub(crate) fn start(screen: Arc<Screen>) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || listen(&screen, &receiver));
        Self { sender, thread: Mutex::new(Some(thread)) }
    }

    /// Says what is being done now, and of how many steps it is.
    pub(crate) fn phase(&self, what: &'static str, steps: Option<usize>) {
        self.send(Message::Phase(what, steps));
    }

    /// Returns once everything said so far is printed and nothing more will be drawn over, so that
    /// others can print.
    pub(crate) fn pause(&self) {
        let (paused, wait) = mpsc::sync_channel(1);
        self.send(Message::Pause(paused));
        // An error means that the thread is gone, and then it prints nothing either.
        let _ = wait.recv();
    }

    /// Says something to the user in between.
    pub(crate) fn note(&self, text: &str) {
        self.send(Message::Note(text.to_owned()));
    }

    fn send(&self, message: Message) {
        // The thread outlives every sender, unless it panicked; then there is nobody to tell.
        let _ = self.sender.send(message);
    }
}

impl Observer for Reporter {
    fn event(&self, event: &Event) {
        self.send(Message::Event(event.clone()));
    }
}

/// Everything that was sent is printed before the reporter is gone.
impl Drop for Reporter {
    fn drop(&mut self) {
        self.pause();
        // With its sender gone the thread ends by itself.
        drop(std::mem::replace(&mut self.sender, mpsc::channel().0));
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

fn listen(screen: &Screen, receiver: &Receiver<Message>) {
    let mut began = Instant::now();
    let mut phase: Option<Progress> = None;
    let mut block = Block::default();
    let mut frame = 0;
    loop {
        // Without a block there is nothing to do between messages.
        let message = match phase.is_some() && screen.is_live() {
            true => receiver.recv_timeout(FRAME),
            false => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match message {
            Ok(Message::Phase(what, steps)) => {
                began = Instant::now();
                phase = Some(Progress::of(what, steps));
            }
            Ok(Message::Event(event)) => {
                screen.event(&event);
                let verbose = !screen.is_live();
                let folded = phase.get_or_insert_with(Progress::default).take(&event, began.elapsed(), verbose);
                if let Some(line) = folded.filter(|_| !screen.is_json()) {
                    block.above(screen, &line);
                }
            }
            Ok(Message::Note(text)) => block.above(screen, &format!("{}\n", paint(CHANGE, text))),
            Ok(Message::Pause(paused)) => {
                block.erase(screen);
                phase = None;
                let _ = paused.send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Some(progress) = phase.as_ref().filter(|_| screen.is_live()) {
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
