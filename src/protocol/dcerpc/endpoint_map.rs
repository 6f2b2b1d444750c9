//! Answers of the endpoint mapper (C706 appendix O, `ept_map`): towers that end in a TCP port.

/// Towers of one answer that are read; clients ask for four.
const TOWERS_MAX: usize = 16;

/// Bytes of a tower of five floors: an interface, a transfer syntax, the connection oriented protocol,
/// a TCP port, an IPv4 address (C706 appendix L).
const TOWER: usize = 75;

/// How such a tower begins: five floors, the first with a UUID of 19 octets.
const BEGINNING: &[u8] = &[5, 0, 19, 0, 0x0d];

/// The third floor up to the number, and the fourth up to the port: the protocol, then TCP.
const PROTOCOL: &[u8] = &[1, 0, 0x0b, 2, 0];
const TCP: &[u8] = &[1, 0, 0x07, 2, 0];

/// Where the third and the fourth floor stand.
const THIRD: usize = 2 + 25 + 25;
const FOURTH: usize = THIRD + 7;

/// The TCP ports in an answer. Towers are looked for, since how they are packed depends on which of
/// two transfer syntaxes was agreed on; they look the same in both.
pub(super) fn ports(answer: &[u8]) -> impl Iterator<Item = u16> + '_ {
    let mut rest = answer;
    let towers = std::iter::from_fn(move || {
        let start = rest.windows(BEGINNING.len()).position(|window| window == BEGINNING)?;
        let tower = rest.get(start..start + TOWER)?;
        rest = rest.get(start + TOWER..)?;
        Some(tower)
    });
    towers.take(TOWERS_MAX).filter_map(port).filter(|port| *port > 0)
}

fn port(tower: &[u8]) -> Option<u16> {
    tower.get(THIRD..)?.strip_prefix(PROTOCOL)?;
    let port = tower.get(FOURTH..)?.strip_prefix(TCP)?;
    Some(u16::from_be_bytes(*port.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::hex;

    const TOWER_OF_SERVICES: &str = "0500 1300 0d 81bb7a364498f135ad3298f038001003 0200 0200 0000
        1300 0d 045d888aeb1cc9119fe808002b104860 0200 0200 0000
        0100 0b 0200 0000 0100 07 0200 c23e 0100 09 0400 ac122706";

    fn check(answer: &str, expected: &[u16]) {
        assert_eq!(ports(&hex(answer)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_tower_over_tcp_names_its_port() {
        let handle = "00".repeat(20);
        check(&format!("{handle} 01000000 4b000000 4b000000 {TOWER_OF_SERVICES} 00"), &[0xc23e]);
        check(&format!("{TOWER_OF_SERVICES} 00 4b000000 {TOWER_OF_SERVICES}"), &[0xc23e, 0xc23e]);
    }

    #[test]
    fn other_transports_and_cut_towers_name_none() {
        check(&TOWER_OF_SERVICES.replace("07 0200 c23e", "0f 0200 c23e"), &[]);
        check(&TOWER_OF_SERVICES.replace("07 0200 c23e", "07 0200 0000"), &[]);
        check(TOWER_OF_SERVICES.trim_end_matches("06"), &[]);
        check("", &[]);
    }
}
