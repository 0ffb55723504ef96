//! Using up what the host has.

use std::hint::black_box;

use maps_sdk::log::{Level, write};

use crate::act::{Act, Orders};
use crate::allocator;
use crate::calls::{BASE, send};

/// Does what is ordered; most of it never returns.
pub(crate) fn act(orders: &Orders) {
    match orders.act {
        Act::Loop => allocator::forever(),
        Act::LoopInRealloc => {
            allocator::loop_in_alloc();
            // The answer, a refusal too, is lowered into memory that realloc gives.
            drop(send(&crate::act::Call::default(), BASE));
        }
        Act::Memory => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1_u8; 1 << 20]);
                black_box(&kept);
            }
        }
        Act::Recursion => {
            black_box(deeper(&[0; 64]));
        }
        Act::GiantString => {
            let text = String::from_utf8(vec![b'x'; 200 << 20]).unwrap_or_default();
            write(Level::Info, &text);
        }
        Act::RandomFlood => {
            black_box(maps_sdk::random::bytes(u32::MAX));
        }
        Act::LogFlood => loop {
            write(Level::Info, "the same line, again and again");
        },
        _ => {}
    }
}

#[inline(never)]
#[allow(unconditional_recursion)] // That is the point.
fn deeper(above: &[u64; 64]) -> u64 {
    let mut here = [above[0] + 1; 64];
    here[1] = black_box(&here)[0];
    deeper(black_box(&here)) + here[1]
}
