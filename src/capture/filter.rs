//! The filter: an expression of tcpdump's language, compiled by libpcap once for each link type.

use super::LinkType;
use super::error::FilterError;

/// Link types on which an expression is tried before it is called wrong: Ethernet, and those that
/// have words of their own (`type mgt`, `on`, `ifindex`, `inbound`).
const TRIED: [LinkType; 4] =
    [LinkType::ETHERNET, LinkType::IEEE802_11_RADIOTAP, LinkType::PFLOG, LinkType::LINUX_SLL2];

/// Whether an expression is one, before any capture is opened.
///
/// # Errors
/// libpcap's message, if it can be compiled for no link type that has words of its own.
pub fn check(expression: &str) -> Result<(), FilterError> {
    let mut first = None;
    for link in TRIED {
        match compile(expression, link) {
            Ok(_) => return Ok(()),
            Err(message) => first = first.or(Some(message)),
        }
    }
    Err(FilterError::Syntax { expression: expression.to_owned(), message: first.unwrap_or_default() })
}

fn compile(expression: &str, link: LinkType) -> Result<::pcap::BpfProgram, String> {
    let say = |error| match error {
        ::pcap::Error::PcapError(message) => message,
        other => other.to_string(),
    };
    let handle = ::pcap::Capture::dead(::pcap::Linktype(link.dlt())).map_err(say)?;
    handle.compile(expression, true).map_err(say)
}

/// An expression and what it became for each link type met so far.
pub(super) struct Filter {
    expression: String,
    /// At most one for each of the 65,536 link types; a handful in practice, so searched in order.
    programs: Vec<(LinkType, Result<::pcap::BpfProgram, String>)>,
}

impl Filter {
    /// # Errors
    /// As [`check`].
    pub(super) fn new(expression: &str) -> Result<Self, FilterError> {
        check(expression)?;
        Ok(Filter { expression: expression.to_owned(), programs: Vec::new() })
    }

    /// Whether a frame passes. libpcap sees the captured bytes only, so that `greater` and `less`
    /// compare the captured length.
    ///
    /// # Errors
    /// libpcap's message, if the expression cannot be used on this link type.
    pub(super) fn admits(&mut self, link: LinkType, bytes: &[u8]) -> Result<bool, &str> {
        match self.program(link) {
            Ok(program) => Ok(program.filter(bytes)),
            Err(message) => Err(message),
        }
    }

    fn program(&mut self, link: LinkType) -> Result<&::pcap::BpfProgram, &str> {
        let place = match self.programs.iter().position(|(known, _)| *known == link) {
            Some(place) => place,
            None => {
                self.programs.push((link, compile(&self.expression, link)));
                self.programs.len() - 1
            }
        };
        match self.programs.get(place) {
            Some((_, Ok(program))) => Ok(program),
            Some((_, Err(message))) => Err(message),
            None => Err(""),
        }
    }

    /// # Errors
    /// If there are link types and the expression can be used on none of them.
    pub(super) fn suits_one_of(&mut self, links: impl Iterator<Item = LinkType>) -> Result<(), FilterError> {
        let mut first = None;
        let mut names = Vec::new();
        for link in links {
            match self.program(link) {
                Ok(_) => return Ok(()),
                Err(message) => first = first.or(Some(message.to_owned())),
            }
            names.push(link.name());
        }
        match first {
            None => Ok(()),
            Some(message) => Err(FilterError::LinkTypes {
                expression: self.expression.clone(),
                links: names.join(", "),
                message,
            }),
        }
    }

    pub(super) fn expression(&self) -> &str {
        &self.expression
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_libpcap_says() {
        assert_eq!(check("tcp port 80 and not host 10.0.0.1"), Ok(()));
        assert_eq!(check(""), Ok(()));
        assert_eq!(check("type mgt subtype beacon"), Ok(()));
        let wrong = check("tcp prot 80").unwrap_err().to_string();
        assert!(wrong.starts_with("bad filter `tcp prot 80`: "), "{wrong}");
        assert!(wrong.contains("syntax error"), "{wrong}");
        assert!(check("tcp\0").is_err());
    }

    #[test]
    fn knows_the_three_numbers_of_raw_ip() {
        let mut filter = Filter::new("udp").unwrap();
        let packet = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        for number in [12, 14, 101, 228] {
            assert_eq!(filter.admits(LinkType(number), &packet), Ok(true), "{number}");
        }
        assert_eq!(filter.admits(LinkType::ETHERNET, &packet), Ok(false));
        assert_eq!(filter.admits(LinkType::ETHERNET, &[]), Ok(false));
    }

    #[test]
    fn is_refused_only_where_no_link_type_takes_it() {
        let mut filter = Filter::new("type mgt subtype beacon").unwrap();
        let both = [LinkType::ETHERNET, LinkType::IEEE802_11];
        assert_eq!(filter.suits_one_of(both.into_iter()), Ok(()));
        let refused = filter.suits_one_of([LinkType::ETHERNET].into_iter()).unwrap_err().to_string();
        assert!(refused.contains("cannot be used on link type EN10MB"), "{refused}");
        assert_eq!(filter.suits_one_of(std::iter::empty()), Ok(()));
    }
}
