//! Live capture on a cable that the test makes: a veth pair in a network namespace of its own. One end
//! is watched, frames are put on the other, and the kernel counts what comes out there.
//!
//! The program runs itself again for each test, in new user, network and mount namespaces. No packet
//! leaves them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed; what came of it is told as `cargo test` tells it"
)]

mod cable;
mod capture;
mod doctor;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Which test a process is to run; the program that `cargo test` starts has none.
const TEST: &str = "TAPMAP_LIVE_TEST";

/// The tests by name.
const TESTS: &[(&str, fn())] = &[
    ("a_frame_at_one_end_arrives_at_the_other", capture::a_frame_arrives),
    ("frames_received_and_dropped_are_those_sent", capture::every_lost_frame_is_counted),
    ("an_idle_interface_is_stopped_at_once", capture::idle_is_stopped),
    ("what_came_before_the_stop_is_handed_out", capture::stopped_to_the_end),
    ("an_interface_goes_down_and_up", capture::down_and_up),
    ("an_interface_goes_and_comes", capture::goes_and_comes),
    ("two_interfaces_are_merged_in_time_order", capture::merged),
    ("rings_share_flows_and_lose_nothing", capture::rings),
    ("the_kernel_filters", capture::filtered),
    ("nothing_is_transmitted", capture::nothing_is_transmitted),
    ("errors_say_what_to_do", capture::errors),
    ("the_doctor_tells_good_half_and_silent_taps_apart", doctor::verdicts),
    ("the_doctor_says_what_it_saw", doctor::page),
    ("interfaces_are_listed", doctor::interfaces),
];

fn main() -> ExitCode {
    if let Ok(wanted) = std::env::var(TEST) {
        let (_, test) = TESTS.iter().find(|(name, _)| *name == wanted).unwrap();
        test();
        return ExitCode::SUCCESS;
    }
    for tool in ["unshare", "ip", "sysctl"] {
        let found = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            .iter()
            .any(|place| PathBuf::from(place).join(tool).exists());
        if !found {
            println!(
                "`{tool}` is missing; on Debian or Ubuntu: sudo apt-get install iproute2 procps util-linux"
            );
            return ExitCode::FAILURE;
        }
    }
    // As `cargo test NAME` asks for it.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let chosen =
        TESTS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|word| name.contains(word)));
    let chosen: Vec<&str> = chosen.map(|(name, _)| *name).collect();
    println!("\nrunning {} tests", chosen.len());
    let mut failed = 0;
    for name in &chosen {
        let passed = run(name);
        failed += usize::from(!passed);
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {} passed; {failed} failed; 0 ignored;\n", chosen.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one test in namespaces of its own.
fn run(name: &str) -> bool {
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--fork", "--kill-child"])
        .arg(std::env::current_exe().unwrap())
        .env(TEST, name)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .status();
    status.unwrap().success()
}
