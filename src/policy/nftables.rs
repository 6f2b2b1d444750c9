//! Rules for nftables, at the gateway that forwards between the two ends of a session.
//!
//! - One table of its own, made anew in one transaction: `nft -f` applies all of it or nothing, twice
//!   is the same as once, and taking it away leaves what was there before.
//! - Its chain stands before the usual filter chains. Its `accept` only ends this chain: what the
//!   gateway's own rules forbid stays forbidden. Its `drop` is final, and comes before any
//!   `ct state established accept`, so that sessions that are open already end too.
//! - A set with a timeout arms the chain: when it has run out, everything passes again.

use std::fmt::Write;

use super::ir::{Action, Policy, Ports, Rule, Selector};
use crate::model::Address;

/// The longest comment that nftables takes.
const COMMENT_MAX: usize = 120;

/// What must pass for networks to work: ICMP errors (RFC 4890 §4.3.1), neighbour discovery and DHCP.
const ALWAYS: [&str; 4] = [
    "icmp type { destination-unreachable, time-exceeded } counter accept comment \"icmp errors\"",
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, \
     nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } \
     counter accept comment \"icmpv6 errors, neighbour discovery\"",
    "udp sport { 67, 68 } udp dport { 67, 68 } counter accept comment \"dhcp\"",
    "udp sport { 546, 547 } udp dport { 546, 547 } counter accept comment \"dhcpv6\"",
];

/// A policy as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// What `nft -f` takes.
    pub text: String,
    /// What undoes it.
    pub rollback: String,
    /// Each line that stands for a rule.
    pub rules: Vec<RenderedRule>,
}

/// A line and the rule that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedRule {
    /// The line.
    pub line: String,
    /// The place of its rule in the policy.
    pub rule: usize,
}

/// The address families of a line; a line speaks of one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    const fn word(self) -> &'static str {
        match self {
            Family::V4 => "ip",
            Family::V6 => "ip6",
        }
    }

    const fn set(self) -> &'static str {
        match self {
            Family::V4 => "@isolated4",
            Family::V6 => "@isolated6",
        }
    }

    fn has(self, network: &ipnet::IpNet) -> bool {
        matches!(network, ipnet::IpNet::V4(_)) == (self == Family::V4)
    }
}

/// Writes a policy for nftables. `name` becomes part of the table's name; `heading` goes before it
/// line by line, as comments; `lifetime_seconds` after it is loaded it lets everything pass.
pub fn render(policy: &Policy, name: &str, heading: &[String], lifetime_seconds: u64) -> Rendered {
    let table: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).take(32).collect();
    let table = format!("inet tapmap_{table}");
    let mut rules = Vec::new();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = body(policy, &table, heading, lifetime_seconds, &mut text, &mut rules);
    // `destroy` is unknown to older versions; adding before deleting works with all of them.
    let rollback = format!("add table {table}\ndelete table {table}\n");
    Rendered { text, rollback, rules }
}

fn body(
    policy: &Policy,
    table: &str,
    heading: &[String],
    lifetime_seconds: u64,
    out: &mut String,
    rules: &mut Vec<RenderedRule>,
) -> std::fmt::Result {
    writeln!(out, "#!/usr/sbin/nft -f")?;
    for line in heading {
        writeln!(out, "# {}", printable(line))?;
    }
    writeln!(out, "add table {table}\ndelete table {table}\ntable {table} {{")?;
    writeln!(out, "\tset armed {{\n\t\ttypeof meta nfproto\n\t\tflags timeout")?;
    let seconds = lifetime_seconds.max(1);
    writeln!(out, "\t\telements = {{ ipv4 timeout {seconds}s, ipv6 timeout {seconds}s }}\n\t}}")?;
    let families = [Family::V4, Family::V6].into_iter().filter(|family| isolates(policy, *family));
    for family in families {
        set(policy, family, out)?;
    }
    writeln!(out, "\tchain forward {{")?;
    writeln!(out, "\t\ttype filter hook forward priority -10; policy accept;")?;
    writeln!(out, "\t\tmeta nfproto != @armed counter accept comment \"expired\"")?;
    for line in ALWAYS {
        writeln!(out, "\t\t{line}")?;
    }
    for family in [Family::V4, Family::V6].into_iter().filter(|family| isolates(policy, *family)) {
        let (word, set) = (family.word(), family.set());
        writeln!(out, "\t\t{word} saddr {set} {word} daddr {set} counter accept comment \"inside\"")?;
    }
    for (place, rule) in policy.rules.iter().enumerate() {
        for line in lines(policy, rule) {
            writeln!(out, "\t\t{line}")?;
            rules.push(RenderedRule { line, rule: place });
        }
    }
    writeln!(out, "\t}}\n}}")
}

fn isolates(policy: &Policy, family: Family) -> bool {
    policy.isolated.iter().any(|address| address.is_v4() == (family == Family::V4))
}

fn set(policy: &Policy, family: Family, out: &mut String) -> std::fmt::Result {
    let (name, kind) = match family {
        Family::V4 => ("isolated4", "ipv4_addr"),
        Family::V6 => ("isolated6", "ipv6_addr"),
    };
    let own = policy.isolated.iter().filter(|address| address.is_v4() == (family == Family::V4));
    let elements: Vec<String> = own.map(Address::to_string).collect();
    writeln!(out, "\tset {name} {{\n\t\ttype {kind}")?;
    writeln!(out, "\t\telements = {{ {} }}\n\t}}", elements.join(",\n\t\t\t     "))
}

/// The lines of one rule: for each family there is one for the packets of whoever opens the session,
/// and one for those that come back.
fn lines(policy: &Policy, rule: &Rule) -> Vec<String> {
    let mut lines = Vec::new();
    for family in [Family::V4, Family::V6] {
        let ends = (end(policy, &rule.from, family), end(policy, &rule.to, family));
        let (Some(from), Some(to)) = ends else { continue };
        // A rule of any to any would be one of both families.
        let word = family.word();
        let side = |name: &str, end: &str| match end {
            "" => String::new(),
            end => format!("{word} {name} {end} "),
        };
        let asks = format!("{}{}{}", side("saddr", &from), side("daddr", &to), ports(rule, "dport"));
        let answers = format!("{}{}{}", side("saddr", &to), side("daddr", &from), ports(rule, "sport"));
        let comment = comment(&rule.reason);
        let specific = rule.ports.is_some();
        match rule.action {
            Action::Allow => {
                lines.push(format!("{asks}counter accept{comment}"));
                lines.push(format!("{answers}ct state established counter accept{comment}"));
            }
            // The ports tell who opened it.
            Action::Deny if specific => {
                lines.push(format!("{asks}counter drop{comment}"));
                lines.push(format!("{answers}counter drop{comment}"));
            }
            Action::Deny => {
                lines.push(format!("{asks}ct direction original counter drop{comment}"));
                lines.push(format!("{answers}ct direction reply counter drop{comment}"));
            }
        }
    }
    lines
}

/// The words for one end; none where this family has no such address.
fn end(policy: &Policy, selector: &Selector, family: Family) -> Option<String> {
    match selector {
        Selector::Any => Some(String::new()),
        Selector::Isolated => isolates(policy, family).then(|| family.set().to_owned()),
        Selector::Networks(networks) => {
            let own: Vec<String> = networks
                .iter()
                .filter(|network| family.has(network))
                .map(|network| match network.prefix_len() == network.max_prefix_len() {
                    true => network.addr().to_string(),
                    false => network.to_string(),
                })
                .collect();
            match own.as_slice() {
                [] => None,
                [one] => Some(one.clone()),
                several => Some(format!("{{ {} }}", several.join(", "))),
            }
        }
    }
}

fn ports(rule: &Rule, side: &str) -> String {
    let word = |ports: &Ports| format!("{} {side} {ports} ", ports.transport.name());
    rule.ports.as_ref().map(word).unwrap_or_default()
}

fn comment(reason: &str) -> String {
    let mut text = printable(reason).replace('"', "'");
    let end =
        text.char_indices().map(|(place, c)| place + c.len_utf8()).take_while(|end| *end <= COMMENT_MAX);
    let end = end.last().unwrap_or_default();
    text.truncate(end);
    if text.is_empty() { String::new() } else { format!(" comment \"{text}\"") }
}

/// Names come from the wire: nothing in them may end a comment or a line.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '\\' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::ir::Evidence;
    use super::*;
    use crate::model::Transport;

    fn rule(action: Action, from: Selector, to: Selector, port: Option<u16>) -> Rule {
        let ports = port.map(|port| Ports::one(Transport::Tcp, port));
        Rule { action, from, to, ports, reason: "why \"so\"\n".to_owned(), evidence: Evidence::default() }
    }

    #[test]
    fn a_quarantine_with_one_exception() {
        let policy = Policy {
            isolated: BTreeSet::from([[10, 3, 0, 9].into()]),
            rules: vec![
                rule(Action::Allow, Selector::host([10, 4, 0, 8].into()), Selector::Isolated, Some(5432)),
                rule(Action::Deny, Selector::Isolated, Selector::Any, None),
                rule(Action::Deny, Selector::Any, Selector::Isolated, None),
            ],
        };
        let rendered = render(&policy, "3f9", &["plan 3f9".to_owned()], 14_400);
        let lines: Vec<&str> = rendered.rules.iter().map(|rule| rule.line.as_str()).collect();
        assert_eq!(
            lines,
            [
                "ip saddr 10.4.0.8 ip daddr @isolated4 tcp dport 5432 counter accept comment \"why 'so' \"",
                "ip saddr @isolated4 ip daddr 10.4.0.8 tcp sport 5432 ct state established counter accept \
                 comment \"why 'so' \"",
                "ip saddr @isolated4 ct direction original counter drop comment \"why 'so' \"",
                "ip daddr @isolated4 ct direction reply counter drop comment \"why 'so' \"",
                "ip daddr @isolated4 ct direction original counter drop comment \"why 'so' \"",
                "ip saddr @isolated4 ct direction reply counter drop comment \"why 'so' \"",
            ]
        );
        assert!(rendered.text.contains("ipv4 timeout 14400s"));
        assert!(!rendered.text.contains("isolated6"), "no address of that family is isolated");
        assert_eq!(rendered.rollback, "add table inet tapmap_3f9\ndelete table inet tapmap_3f9\n");
    }

    #[test]
    fn nothing_from_the_wire_ends_a_comment() {
        let text = comment("a\"b\\c\n; flush ruleset #\u{7f}");
        assert_eq!(text, " comment \"a'b c ; flush ruleset # \"");
        assert!(comment(&"ä".repeat(200)).len() <= COMMENT_MAX + 11);
    }
}
