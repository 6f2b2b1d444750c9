//! `tapmap doctor`: whether a tap shows what it should.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Args;

use super::args::{Colour, Output};
use super::failure::{DONE, Failure};
use super::interface::{self, InterfaceArguments};
use super::output;
use crate::capture::live::{Arrival, Interface, InterfaceHealth, Live, transmitted};
use crate::config::{Network, PRIVATE_NETWORKS};
use crate::model::Nanos;
use crate::pipeline::survey::{Survey, Surveyed, Verdict};
use crate::report::{Checkup, CheckupSubnet, CheckupTap, write_checkup, write_checkup_json};

/// Frames between two looks at the clock.
const FRAMES_PER_LOOK: u32 = 1_024;

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// How to capture.
    #[command(flatten)]
    pub capturing: InterfaceArguments,
    /// Look at most this long; less where more would change nothing
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
    /// Only packets that this BPF expression lets through, as tcpdump takes it
    #[arg(short, long, value_name = "BPF")]
    pub filter: Option<String>,
    /// Your own networks [default: private, unique local, link-local and loopback addresses]
    #[arg(short = 'm', long, value_name = "CIDR,...", value_delimiter = ',')]
    pub local_networks: Vec<Network>,
    /// What to write: table or json
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Say nothing on standard error but why it failed
    #[arg(short, long)]
    pub quiet: bool,
    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// Looks at a tap and says what it is worth.
///
/// # Errors
/// If something was asked wrongly, nothing can be captured, or the answer cannot be written.
pub fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let json = match arguments.output {
        Output::Table => false,
        Output::Json => true,
        Output::Jsonl | Output::Csv => {
            return Err(Failure::usage(anyhow!("`doctor` writes one answer: `-o table` or `-o json`")));
        }
    };
    if arguments.capturing.list_interfaces {
        return interface::list(json);
    }
    let options = arguments.capturing.options(arguments.filter.clone());
    if options.interfaces.is_empty() {
        return Err(Failure::usage(anyhow!(
            "name the interface to look at, as in `tapmap doctor -i eth1`; `--list-interfaces` lists them"
        )));
    }
    let mut live = Live::open(&options).map_err(interface::failure)?;
    if !arguments.quiet {
        let names = options.interfaces.join(", ");
        // If nobody listens there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "tapmap: looking at {names} for up to {} s", arguments.seconds);
    }
    let checkup = look(arguments, &mut live)?;
    let good = checkup.verdict == "good";
    output::write(|out| match json {
        true => write_checkup_json(&checkup, out),
        false => out.write_all(write_checkup(&checkup, output::paint(arguments.color)).as_bytes()),
    })?;
    Ok(if good { ExitCode::from(DONE) } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "how long to look is asked for in seconds of this machine")]
fn now() -> Instant {
    Instant::now()
}

fn look(arguments: &DoctorArguments, live: &mut Live) -> Result<Checkup, Failure> {
    let names = &arguments.capturing.interfaces;
    let interfaces = Interface::list()
        .map_err(|error| Failure::failed(anyhow!("the interfaces cannot be listed: {error}")))?;
    let watched: Vec<&Interface> =
        interfaces.iter().filter(|interface| names.contains(&interface.name)).collect();
    let own: Vec<[u8; 6]> = watched.iter().filter_map(|interface| interface.mac).collect();
    let sent_before: Vec<Option<u64>> = names.iter().map(|name| transmitted(name)).collect();
    let local = match arguments.local_networks.as_slice() {
        [] => PRIVATE_NETWORKS.iter().filter_map(|text| text.parse().ok()).collect(),
        named => named.iter().map(|network| network.0).collect(),
    };
    let (survey, looked) = survey(live, Survey::new(&own, local), arguments.seconds);
    let surveyed = survey.finish();
    let health = live.health();
    let taps = health.into_iter().zip(sent_before).map(|(health, before)| {
        let interface = interfaces.iter().find(|interface| interface.name == health.name);
        tap(health, interface.and_then(Interface::may_transmit), before)
    });
    Ok(checkup(taps.collect(), &surveyed, Nanos::try_from(looked.as_nanos()).unwrap_or(Nanos::MAX)))
}

/// Looks until the time is over, or more of the same would change nothing.
fn survey(live: &mut Live, mut survey: Survey, seconds: u32) -> (Survey, Duration) {
    let (begun, most) = (now(), Duration::from_secs(u64::from(seconds)));
    let mut frames = 0;
    loop {
        match live.next() {
            Arrival::Frame(frame) => {
                survey.on_frame(&frame);
                frames += 1;
                if frames < FRAMES_PER_LOOK {
                    continue;
                }
            }
            Arrival::Idle => {}
            Arrival::Over => return (survey, now() - begun),
        }
        frames = 0;
        let looked = now() - begun;
        if looked >= most || survey.is_sure() {
            return (survey, looked);
        }
    }
}

fn tap(health: InterfaceHealth, may_transmit: Option<String>, before: Option<u64>) -> CheckupTap {
    CheckupTap {
        transmitted: transmitted(&health.name).zip(before).map(|(now, before)| now.saturating_sub(before)),
        interface: health.name,
        received: health.received,
        kernel_drops: health.kernel_drops,
        interface_drops: health.interface_drops,
        cut_frames: health.cut_frames,
        clock_steps: health.clock_steps,
        interruptions: health.interruptions,
        problem: health.problem,
        may_transmit,
    }
}

fn checkup(taps: Vec<CheckupTap>, surveyed: &Surveyed, looked: Nanos) -> Checkup {
    let counts = &surveyed.counts;
    let (verdict, says, fix) = sentences(surveyed);
    let tagged = surveyed.vlans.iter().filter(|(vlan, _)| **vlan != 0);
    Checkup {
        schema: Checkup::SCHEMA,
        verdict,
        says,
        fix,
        looked_ns: looked,
        taps,
        frames: counts.frames,
        bytes: counts.bytes,
        busiest_second_frames: counts.busiest,
        conversations_both: surveyed.heard.both,
        conversations_one: surveyed.heard.one,
        group_frames: counts.group,
        own_frames: counts.own,
        payload_bytes: counts.payload,
        unseen_bytes: counts.unseen,
        mirrored_copies: counts.mirrored,
        routed_copies: counts.routed,
        vlans: tagged.map(|(vlan, packets)| (*vlan, *packets)).collect(),
        untagged_packets: surveyed.vlans.get(&0).copied().unwrap_or(0),
        subnets: surveyed
            .subnets
            .iter()
            .map(|subnet| CheckupSubnet {
                network: subnet.network.to_string(),
                hosts: subnet.hosts,
                internal_traffic: subnet.internal,
            })
            .collect(),
        joined_frames: counts.joined,
        unreadable_frames: counts.unreadable,
    }
}

/// The verdict's name, the verdict, and what to do about it.
fn sentences(surveyed: &Surveyed) -> (&'static str, String, Option<String>) {
    let (heard, counts) = (surveyed.heard, &surveyed.counts);
    let judged = heard.both + heard.one;
    let (name, says, fix) = match surveyed.verdict {
        Verdict::Good if judged == 0 => (
            "good",
            format!("good: both directions of {} UDP conversations; no TCP was seen", heard.both_udp),
            "",
        ),
        Verdict::Good => {
            ("good", format!("good: both directions of {} of {judged} TCP connections", heard.both), "")
        }
        Verdict::OneDirection => (
            "one-direction",
            format!("one direction only: {} of {judged} TCP connections are heard from one side", heard.one),
            "Fix: let the mirror session copy what the port receives and what it sends (`both`, not `rx` or \
             `tx`); of a tap with an output for each direction, name both interfaces (-i … -i …).",
        ),
        Verdict::BroadcastOnly => (
            "broadcast-only",
            format!(
                "broadcast only: {} frames to everybody, and next to none between two other machines",
                counts.group
            ),
            "Fix: the switch treats this port as an ordinary one; make it the destination of a mirror session, \
             and give the session a source that carries traffic.",
        ),
        Verdict::Nothing => (
            "nothing",
            match counts.own {
                0 => "nothing: not one frame came".to_owned(),
                own => format!("nothing: only {own} frames of this machine itself"),
            },
            "Fix: look whether the cable is in the port that the mirror session sends to, and whether the \
             session is on.",
        ),
        Verdict::Undecided => (
            "undecided",
            format!(
                "undecided: {} unicast frames, and no conversation long enough to judge by",
                counts.unicast
            ),
            "Fix: look again for longer (--seconds), or when there is more traffic.",
        ),
    };
    (name, says, (!fix.is_empty()).then(|| fix.to_owned()))
}
