//! The laws. Each is tried on a bench of its own, and panics with what is broken.

mod batch;
mod check;
mod find;
mod life;
mod whole;

pub use batch::batches_answer_in_the_order_of_their_requests;
pub use check::{check_answers_unknowns_at_every_place, check_is_idempotent};
pub use find::{find_adopts_what_its_token_made, find_goes_on_from_every_point_of_a_create};
pub use life::{
    deleting_twice_succeeds, ephemeral_outputs_come_only_when_asked_for, read_agrees_with_create,
    read_agrees_with_update, updates_go_on_and_begin_again_from_every_point,
};
pub use whole::{
    a_destroy_ends_where_the_first_run_began, a_second_plan_is_empty, no_secret_is_in_state_or_plan,
    what_was_planned_is_what_becomes,
};
