//! Which interfaces are watched, and how: the flags of every command that captures.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;

use super::failure::{DONE, Failure};
use super::output;
use crate::capture::live::{Interface, LiveError, LiveOptions};
use crate::report::{InterfaceRow, Interfaces, write_interfaces};

/// The smallest ring: two of the kernel's blocks, one being filled while the other one is read.
const BUFFER_BYTES_MIN: usize = 512 * 1024;

/// The largest: libpcap takes no more.
const BUFFER_BYTES_MAX: usize = 2_047 * 1024 * 1024;

/// How interfaces are captured on.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Capturing")]
pub struct InterfaceArguments {
    /// Interface to watch; may be given several times, as for a tap with an output for each direction
    #[arg(short, long = "interface", value_name = "NAME")]
    pub interfaces: Vec<String>,
    /// Memory in which the kernel keeps packets of each interface until they are read
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64M")]
    pub buffer: usize,
    /// Bytes kept of each packet
    #[arg(long, value_name = "BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(64..=262_144))]
    pub snaplen: u32,
    /// Take only what is addressed to this machine
    #[arg(long)]
    pub no_promiscuous: bool,
    /// Rings of each interface, among which the kernel deals packets by flow
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub rings: u16,
    /// List the interfaces of this machine, and exit
    #[arg(long)]
    pub list_interfaces: bool,
}

impl InterfaceArguments {
    /// What they ask for.
    pub fn options(&self, filter: Option<String>) -> LiveOptions {
        LiveOptions {
            interfaces: self.interfaces.clone(),
            buffer_bytes: self.buffer,
            snaplen: self.snaplen,
            promiscuous: !self.no_promiscuous,
            filter,
            rings: self.rings,
            ..LiveOptions::default()
        }
    }
}

/// Which exit status an error of capturing is worth: a name that does not exist is wrong use.
pub fn failure(error: LiveError) -> Failure {
    match error {
        LiveError::NothingNamed
        | LiveError::SeveralKinds
        | LiveError::Twice(_)
        | LiveError::NoSuchInterface { .. }
        | LiveError::Filter(_) => Failure::usage(error),
        _ => Failure::failed(error),
    }
}

/// Lists the interfaces.
///
/// # Errors
/// If the kernel does not tell, or the list cannot be written.
pub fn list(json: bool) -> Result<ExitCode, Failure> {
    let interfaces = Interface::list()
        .map_err(|error| Failure::failed(anyhow!("the interfaces cannot be listed: {error}")))?;
    let all = Interfaces { interfaces: interfaces.iter().map(row).collect() };
    output::write(|out| write_interfaces(&all, json, out))?;
    Ok(ExitCode::from(DONE))
}

fn row(interface: &Interface) -> InterfaceRow {
    let hex = |mac: [u8; 6]| mac.map(|byte| format!("{byte:02x}")).join(":");
    InterfaceRow {
        name: interface.name.clone(),
        state: match (interface.up, interface.running) {
            (false, _) => "down",
            (true, false) => "no carrier",
            (true, true) => "up",
        },
        mac: interface.mac.map(hex),
        addresses: interface.addresses.iter().map(ToString::to_string).collect(),
        may_transmit: interface.may_transmit(),
    }
}

/// Reads a size: bytes, or with K, M, G in powers of 1024.
pub fn size(text: &str) -> Result<usize, String> {
    let wrong = || format!("`{text}` is no size; write it like `64M`, from 512K to 2047M");
    let (digits, unit) = match text.strip_suffix(|c: char| c.is_ascii_alphabetic()) {
        Some(digits) => (digits, text.chars().last().unwrap_or_default().to_ascii_uppercase()),
        None => (text, 'B'),
    };
    let shift = match unit {
        'B' => 0,
        'K' => 10,
        'M' => 20,
        'G' => 30,
        _ => return Err(wrong()),
    };
    let size = digits.parse::<usize>().ok().and_then(|number| number.checked_mul(1 << shift));
    size.filter(|size| (BUFFER_BYTES_MIN..=BUFFER_BYTES_MAX).contains(size)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::live::BUFFER_BYTES;

    #[test]
    fn sizes_have_units_and_limits() {
        assert_eq!(size("64M"), Ok(BUFFER_BYTES));
        assert_eq!(size("1g"), Ok(1 << 30));
        assert_eq!(size("524288"), Ok(BUFFER_BYTES_MIN));
        for wrong in ["", "M", "1", "64T", "2048M", "9999999999999999999G", "-1M", "1.5M"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
