//! Everything that reads bytes from the wire, in one target: the first byte chooses.
#![no_main]

#[path = "../driver.rs"]
mod driver;

libfuzzer_sys::fuzz_target!(|input: &[u8]| driver::drive(input));
