//! Every model of `sio_schedules`, in a thousand schedules: the same ones in every run.
//!
//! A failure prints its schedule, and `SHUTTLE_RANDOM_SEED` chooses others. `SCHEDULES=100000` runs so many of each model.

use std::env;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};
use sio_schedules::models::{mailbox, membership, polling, recovery, room, wakes};

/// Half of them choose at random after each step. The others let a thread run for as long as it can, but for three points
/// at which another takes its place: they find faults for which a thread must stand still at one particular moment.
fn check(model: fn()) {
    let count = env::var("SCHEDULES").map_or(1000, |count| count.parse().expect("a number of schedules"));
    run(RandomScheduler::new_from_seed(1, count / 2), model);
    run(PctScheduler::new_from_seed(1, 3, count / 2), model);
}

fn run(scheduler: impl Scheduler + 'static, model: fn()) {
    Runner::new(scheduler, Config::default()).run(model);
}

#[test]
fn a_packet_wakes_a_task_that_is_about_to_sleep() {
    check(mailbox::one_packet);
}

#[test]
fn a_command_wakes_a_task_that_is_about_to_sleep() {
    check(mailbox::one_command);
}

#[test]
fn packets_and_commands_of_several_threads_reach_the_task() {
    check(mailbox::packets_and_commands);
}

#[test]
fn a_session_that_ends_leaves_nothing_behind() {
    check(mailbox::the_end);
}

#[test]
fn senders_that_wait_for_room_go_on() {
    check(room::senders_that_wait_for_room);
}

#[test]
fn a_sender_that_waits_is_told_of_the_end() {
    check(room::a_sender_whose_client_leaves);
}

#[test]
fn a_wait_ends_that_is_not_wanted_any_more() {
    check(room::a_wait_that_is_not_wanted_any_more);
}

#[test]
fn a_broadcast_that_gives_way_goes_on() {
    check(room::a_broadcast_that_gives_way);
    check(room::a_broadcast_that_does_not_wait_for_a_client);
}

#[test]
fn a_wait_for_an_upgrade_ends_with_it() {
    check(room::an_upgrade_that_is_waited_for);
}

#[test]
fn a_client_that_polls_gets_every_packet() {
    check(polling::packets_and_gets);
}

#[test]
fn a_get_that_goes_while_it_is_answered_loses_nothing() {
    check(polling::a_get_that_goes_while_it_is_answered);
}

#[test]
fn nothing_is_lost_while_a_client_is_let_in() {
    check(membership::a_client_that_is_let_in);
}

#[test]
fn a_client_that_leaves_while_it_is_let_in_is_told_both_or_nothing() {
    check(membership::a_client_that_is_let_in_and_leaves);
}

#[test]
fn everybody_who_waits_for_the_end_of_a_client_is_told() {
    check(membership::those_who_wait_for_the_end);
    check(membership::two_reasons_to_leave);
}

#[test]
fn whoever_asks_a_client_that_leaves_is_told_once() {
    check(membership::a_question_to_a_client_that_leaves);
}

#[test]
fn a_client_that_comes_back_gets_what_it_has_missed_once() {
    check(recovery::a_client_that_comes_back);
}

#[test]
fn nobody_of_a_large_room_sleeps_on() {
    check(wakes::broadcasts_at_once);
}

#[test]
fn nobody_of_a_large_room_sleeps_on_when_the_runtime_ends() {
    check(wakes::a_runtime_that_ends);
}
