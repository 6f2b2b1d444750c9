//! What a look at a tap has shown, before anything is believed of it.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use super::text::words::{count, length, number, share};
use super::text::{Paint, Tone, clean};
use crate::model::Nanos;

/// Subnets and VLANs named in the text; the document has all of them.
const NAMED_MAX: usize = 8;

/// The whole of it.
#[derive(Clone, Debug, Serialize)]
pub struct Checkup {
    /// `tapmap/doctor/1`.
    pub schema: &'static str,
    /// `good`, `one-direction`, `broadcast-only`, `nothing` or `undecided`.
    pub verdict: &'static str,
    /// The verdict in a sentence.
    pub says: String,
    /// What to do about it; none where it is good.
    pub fix: Option<String>,
    /// How long it looked, in nanoseconds.
    pub looked_ns: Nanos,
    /// Interfaces.
    pub taps: Vec<CheckupTap>,
    /// Frames.
    pub frames: u64,
    /// Bytes as they were on the wire.
    pub bytes: u64,
    /// Frames of the busiest second.
    pub busiest_second_frames: u64,
    /// TCP connections of which both directions were seen.
    pub conversations_both: u64,
    /// TCP connections of which one direction was seen, though the other one exists.
    pub conversations_one: u64,
    /// Frames to everybody or a group.
    pub group_frames: u64,
    /// Frames from and to this machine itself.
    pub own_frames: u64,
    /// Payload bytes of whole TCP conversations.
    pub payload_bytes: u64,
    /// Of these, bytes that were acknowledged and never seen: lost on the way to the tap.
    pub unseen_bytes: u64,
    /// Packets that the mirror delivered twice.
    pub mirrored_copies: u64,
    /// Packets seen before and behind a router.
    pub routed_copies: u64,
    /// Packets of each VLAN that has a number.
    pub vlans: Vec<(u16, u64)>,
    /// Packets without one.
    pub untagged_packets: u64,
    /// Local subnets with more than one host.
    pub subnets: Vec<CheckupSubnet>,
    /// Frames longer than any link carries: the interface has joined them.
    pub joined_frames: u64,
    /// Frames that cannot be read.
    pub unreadable_frames: u64,
}

/// An interface.
#[derive(Clone, Debug, Serialize)]
pub struct CheckupTap {
    /// Its name.
    pub interface: String,
    /// Frames that the kernel had, the dropped ones included.
    pub received: u64,
    /// Of these, frames that did not fit into the ring.
    pub kernel_drops: u64,
    /// Frames that the interface lost.
    pub interface_drops: u64,
    /// Frames shorter than they were on the wire.
    pub cut_frames: u64,
    /// How often the clock went back.
    pub clock_steps: u64,
    /// How often it went down.
    pub interruptions: u64,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// Why the kernel may send on it, and what turns that off.
    pub may_transmit: Option<String>,
    /// Frames that this machine has sent on it meanwhile; none where nobody knows.
    pub transmitted: Option<u64>,
}

/// A local subnet.
#[derive(Clone, Debug, Serialize)]
pub struct CheckupSubnet {
    /// Its addresses, guessed: /24, or /64.
    pub network: String,
    /// Hosts of it that have sent something.
    pub hosts: usize,
    /// Two of them were seen to speak to each other.
    pub internal_traffic: bool,
}

impl Checkup {
    /// The schema.
    pub const SCHEMA: &'static str = "tapmap/doctor/1";

    fn per_second(&self, many: u64) -> u64 {
        let nanos = u128::from(self.looked_ns.unsigned_abs().max(1));
        u64::try_from(u128::from(many) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
    }

    fn rate(&self) -> String {
        let bits = self.per_second(self.bytes.saturating_mul(8));
        let speed = match bits {
            0..10_000 => format!("{} bit/s", number(bits)),
            10_000..10_000_000 => format!("{} kbit/s", number(bits / 1_000)),
            _ => format!("{} Mbit/s", number(bits / 1_000_000)),
        };
        format!(
            "{} packets/s, {speed}; {} in the busiest second",
            number(self.per_second(self.frames)),
            number(self.busiest_second_frames)
        )
    }

    fn loss(&self) -> String {
        let sum = |of: fn(&CheckupTap) -> u64| self.taps.iter().map(of).sum::<u64>();
        let (received, drops) = (sum(|tap| tap.received), sum(|tap| tap.kernel_drops));
        let here = match drops {
            0 => format!("none of {} packets here", number(received)),
            _ => format!(
                "{} of {} packets here ({}): a larger --buffer holds more",
                number(drops),
                number(received),
                share(drops, received)
            ),
        };
        let interface = match sum(|tap| tap.interface_drops) {
            0 => String::new(),
            many => format!("; {} by the interface", number(many)),
        };
        let before = match (self.payload_bytes, self.unseen_bytes) {
            (0, _) => "; before the tap: no whole conversation to tell it by".to_owned(),
            (_, 0) => "; none before the tap (every byte that was acknowledged was seen)".to_owned(),
            (seen, unseen) => format!(
                "; {} of bytes before the tap (acknowledged and never seen): the mirror gets more than it can carry",
                share(unseen, seen + unseen)
            ),
        };
        format!("{here}{interface}{before}")
    }

    fn duplicates(&self) -> String {
        match (self.mirrored_copies, self.routed_copies) {
            (0, 0) => "none".to_owned(),
            (mirrored, routed) => format!(
                "{} ({}) delivered twice by the mirror, {} ({}) seen on both sides of a router; each counts once",
                number(mirrored),
                share(mirrored, self.frames),
                number(routed),
                share(routed, self.frames)
            ),
        }
    }

    fn vlan_text(&self) -> String {
        if self.vlans.is_empty() {
            return "no tags".to_owned();
        }
        let named: Vec<String> =
            self.vlans.iter().take(NAMED_MAX).map(|(vlan, _)| vlan.to_string()).collect();
        let more = match self.vlans.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let untagged = match self.untagged_packets {
            0 => String::new(),
            many => format!("; {} packets without a tag", number(many)),
        };
        format!("{}{more}{untagged}", named.join(", "))
    }

    fn subnet_text(&self) -> String {
        let blind: Vec<&CheckupSubnet> =
            self.subnets.iter().filter(|subnet| !subnet.internal_traffic).collect();
        if self.subnets.is_empty() {
            return "none with two local hosts or more".to_owned();
        }
        if blind.is_empty() {
            return format!("traffic inside all of {}", count(self.subnets.len(), "subnet", "subnets"));
        }
        let named: Vec<String> = blind
            .iter()
            .take(NAMED_MAX)
            .map(|subnet| format!("{} ({} hosts)", subnet.network, number(subnet.hosts as u64)))
            .collect();
        let more = match blind.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("no traffic between hosts of {}{more}: it does not pass here", named.join(", "))
    }

    fn clock(&self) -> String {
        let steps: u64 = self.taps.iter().map(|tap| tap.clock_steps).sum();
        let steps = match steps {
            0 => "it was not set meanwhile".to_owned(),
            many => format!("it was set back {} times", number(many)),
        };
        format!(
            "packets are stamped by this machine; {steps}; whether it is right, packets alone do not tell"
        )
    }

    fn cut(&self) -> String {
        let cut: u64 = self.taps.iter().map(|tap| tap.cut_frames).sum();
        let cut_text = match cut {
            0 => "no packet".to_owned(),
            many => format!("{} of {} packets: raise --snaplen", number(many), number(self.frames)),
        };
        match self.joined_frames {
            0 => cut_text,
            many => format!(
                "{cut_text}; {} joined by the interface, which `ethtool -K` gro and lro turns off",
                number(many)
            ),
        }
    }

    /// Each line: its title, and what it says.
    fn lines(&self) -> Vec<(&'static str, Tone, String)> {
        let lost =
            self.unseen_bytes > 0 || self.taps.iter().any(|tap| tap.kernel_drops + tap.interface_drops > 0);
        let warn = |bad: bool| if bad { Tone::Warning } else { Tone::Plain };
        let blind = self.subnets.iter().any(|subnet| !subnet.internal_traffic);
        let mut lines = vec![("rate", Tone::Plain, self.rate()), ("loss", warn(lost), self.loss())];
        lines.push(("duplicates", Tone::Plain, self.duplicates()));
        lines.push(("VLANs", Tone::Plain, self.vlan_text()));
        lines.push(("subnets", warn(blind), self.subnet_text()));
        lines.push(("clock", Tone::Plain, self.clock()));
        lines.push(("cut", Tone::Plain, self.cut()));
        if self.unreadable_frames > 0 {
            lines.push(("unreadable", Tone::Warning, format!("{} packets", number(self.unreadable_frames))));
        }
        for tap in &self.taps {
            lines.extend(tap.problem.iter().map(|why| ("interface", Tone::Warning, why.clone())));
            if tap.interruptions > 0 {
                let times = count(usize::try_from(tap.interruptions).unwrap_or(usize::MAX), "time", "times");
                lines.push(("interface", Tone::Warning, format!("`{}` went down {times}", tap.interface)));
            }
            let sent = match tap.transmitted {
                None => String::new(),
                Some(0) => "nothing was sent meanwhile".to_owned(),
                Some(many) => format!(
                    "{} sent meanwhile",
                    count(usize::try_from(many).unwrap_or(usize::MAX), "frame was", "frames were")
                ),
            };
            lines.push(match &tap.may_transmit {
                Some(why) => ("silence", Tone::Warning, format!("{why}; {sent}")),
                None => (
                    "silence",
                    Tone::Plain,
                    format!("the kernel sends nothing by itself on `{}`; {sent}", tap.interface),
                ),
            });
        }
        lines
    }
}

/// Writes it for people.
pub fn write_checkup(checkup: &Checkup, paint: Paint) -> String {
    let tone = if checkup.verdict == "good" { Tone::Heading } else { Tone::Alarm };
    let mut page = format!("{}\n", paint.paint(tone, &clean(&checkup.says)));
    if let Some(fix) = &checkup.fix {
        let _ = writeln!(page, "{}", clean(fix));
    }
    let names: Vec<&str> = checkup.taps.iter().map(|tap| tap.interface.as_str()).collect();
    let _ = writeln!(
        page,
        "\n{}, {}, {} packets",
        clean(&names.join(", ")),
        length(checkup.looked_ns),
        number(checkup.frames)
    );
    for (title, tone, says) in checkup.lines() {
        let _ = writeln!(
            page,
            "  {} {}",
            paint.paint(Tone::Faint, &format!("{title:<11}")),
            paint.paint(tone, &clean(&says))
        );
    }
    page
}

/// Writes it for programs.
///
/// # Errors
/// If it cannot be written.
pub fn write_checkup_json(checkup: &Checkup, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, checkup)?;
    writeln!(out)
}

/// The interfaces of this machine.
#[derive(Clone, Debug, Serialize)]
pub struct Interfaces {
    /// Each by name.
    pub interfaces: Vec<InterfaceRow>,
}

/// An interface of this machine.
#[derive(Clone, Debug, Serialize)]
pub struct InterfaceRow {
    /// Its name.
    pub name: String,
    /// `up`, `no carrier` or `down`.
    pub state: &'static str,
    /// Its hardware address.
    pub mac: Option<String>,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Why the kernel may send on it, and what turns that off.
    pub may_transmit: Option<String>,
}

/// Writes them for people or for programs.
///
/// # Errors
/// If they cannot be written.
pub fn write_interfaces(all: &Interfaces, json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        serde_json::to_writer_pretty(&mut *out, all)?;
        return writeln!(out);
    }
    let width = all.interfaces.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for row in &all.interfaces {
        let mac = row.mac.as_deref().unwrap_or("-");
        let line = format!(
            "{:<width$}  {:<10}  {mac:<17}  {}",
            clean(&row.name),
            row.state,
            row.addresses.join(", ")
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
