//! What goes out together, and what goes out together again.

use super::Life;

const MANY: &str = "plugins: {tiny: {source: tiny}}\nresources: {a: {each: {a: 1, b: 2, c: 3, d: 4, e: 5, \
                    f: 6, g: 7, h: 8}, type: tiny/thing, with: {name: \"${each.key}\", zone: 1}}}\n";

#[test]
fn what_was_refused_as_one_batch_is_tried_again_as_one() {
    let life = Life::new();
    life.cloud.lock().busy = 3;
    let (_, report) = life.apply(MANY);
    assert_eq!(report.created, 8);
    assert_eq!(life.cloud.lock().batches, [8; 4]);
}
