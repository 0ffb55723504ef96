//! Goes through a text as a search does, one byte after another, and counts how far that is.
//!
//! What searches in earnest does not tell how much it read, and that is not the match's length: `.*?x|a` reads all of
//! a text without an `x` to find its first letter, and all that is left again for the second one.

use std::cell::RefCell;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{NFA, WhichCaptures};
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;

use super::program::MAX_PROGRAM;
use crate::context::Context;
use crate::function::Failure;

/// A state that is made takes time with its size, in what is made here and in what searches afterwards.
const PER_BYTE_OF_STATES: usize = 8;

/// Steps that are as much work as a look at the budget is worth, by the worst that one may cost.
const WORK_BETWEEN_LOOKS: usize = 1 << 16;

/// How much room the states of one expression take.
const MAX_CACHE: usize = 1 << 20;

/// Where a search ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// With a match that begins here or later, and ends there.
    Match(usize, usize),
    /// At the text's end, without one.
    Nothing,
    /// Nobody knows: there are too many states to keep.
    Unknown,
}

/// An expression as an automaton whose states are made as they are needed.
pub(super) struct Measure {
    /// None for an expression that takes too much room.
    automaton: Option<(DFA, RefCell<Cache>)>,
    /// How many states it has where several are held at once: the most that is done for one byte.
    states: usize,
}

impl Measure {
    /// Of a parsed expression.
    pub(super) fn new(hir: &Hir) -> Self {
        let config = NFA::config().nfa_size_limit(Some(MAX_PROGRAM)).which_captures(WhichCaptures::None);
        let nfa = NFA::compiler().configure(config).build_from_hir(hir).ok();
        let states = nfa.as_ref().map_or(MAX_PROGRAM, |nfa| nfa.states().len());
        // Full is full: states that are made again and again are what must not go on unseen.
        let config = DFA::config().cache_capacity(MAX_CACHE).minimum_cache_clear_count(Some(0));
        let dfa = nfa.and_then(|nfa| DFA::builder().configure(config).build_from_nfa(nfa).ok());
        let automaton = dfa.map(|dfa| {
            let cache = RefCell::new(dfa.create_cache());
            (dfa, cache)
        });
        Self { automaton, states }
    }

    /// How many states it has.
    pub(super) fn states(&self) -> usize {
        self.states
    }

    /// Where the search that begins at `at` ends. What it reads is counted as it is read.
    pub(super) fn reach(&self, context: &mut dyn Context, text: &str, mut at: usize) -> Result<Reach, Failure> {
        let Some((dfa, cache)) = &self.automaton else { return Ok(Reach::Unknown) };
        let cache = &mut *cache.borrow_mut();
        loop {
            match self.end(context, dfa, cache, text, at)? {
                Reach::Match(_, end) if !text.is_char_boundary(end) => {
                    // Nothing was found, inside of a character. What comes next begins behind it.
                    at = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
                }
                reach => return Ok(reach),
            }
        }
    }

    fn end(
        &self,
        context: &mut dyn Context,
        dfa: &DFA,
        cache: &mut Cache,
        text: &str,
        at: usize,
    ) -> Result<Reach, Failure> {
        let input = Input::new(text).range(at..).anchored(Anchored::No);
        let Ok(mut state) = dfa.start_state_forward(cache, &input) else { return Ok(Reach::Unknown) };
        let mut found = None;
        let part = (WORK_BETWEEN_LOOKS / self.states.max(1)).clamp(16, 4096);
        let (mut place, mut size) = (at, cache.memory_usage());
        for bytes in text.as_bytes().get(at..).unwrap_or_default().chunks(part) {
            let begin = place;
            for byte in bytes {
                let Ok(next) = dfa.next_state(cache, state, *byte) else { return Ok(Reach::Unknown) };
                state = next;
                if state.is_tagged() {
                    if state.is_match() {
                        // It is known one byte later.
                        found = Some(place);
                    } else if state.is_dead() {
                        spend(context, cache, place + 1 - begin, size)?;
                        return Ok(found.map_or(Reach::Nothing, |end| Reach::Match(at, end)));
                    } else if state.is_quit() {
                        return Ok(Reach::Unknown);
                    }
                }
                place += 1;
            }
            spend(context, cache, bytes.len(), size)?;
            size = cache.memory_usage();
        }
        match dfa.next_eoi_state(cache, state) {
            Ok(state) if state.is_match() => found = Some(text.len()),
            Ok(_) => {}
            Err(_) => return Ok(Reach::Unknown),
        }
        Ok(found.map_or(Reach::Nothing, |end| Reach::Match(at, end)))
    }
}

/// Counts steps, and the states that were made since the cache had this size.
fn spend(context: &mut dyn Context, cache: &Cache, steps: usize, size: usize) -> Result<(), Failure> {
    let made = cache.memory_usage().saturating_sub(size);
    context.spend(steps.saturating_add(made.saturating_mul(PER_BYTE_OF_STATES)))
}
