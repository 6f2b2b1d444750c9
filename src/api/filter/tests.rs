//! The filter language: what it takes, what it refuses, and where it points.

use super::*;
use crate::report::List;

const NOW: Timestamp = Timestamp::from_seconds(1_773_482_640, 0);

fn read(list: List, text: &str) -> Result<Filter, Misread> {
    Filter::read(list, text, NOW)
}

fn tests_of(list: List, text: &str) -> Vec<(&'static str, bool, Vec<Test>)> {
    read(list, text).unwrap().terms.into_iter().map(|term| (term.key.name, term.turned, term.tests)).collect()
}

#[test]
fn the_example_of_the_contract_is_read() {
    let hour_ago = NOW + -3_600_000_000_000;
    assert_eq!(
        tests_of(List::Flows, "host:10.0.0.5 port:443 proto:tls name:~db since:1h"),
        [
            ("host", false, vec![Test::Network("10.0.0.5/32".parse().unwrap())]),
            ("port", false, vec![Test::Between(443.0, 443.0)]),
            ("proto", false, vec![Test::Equal("tls".into())]),
            ("name", false, vec![Test::Contains("db".into())]),
            ("since", false, vec![Test::Since(hour_ago)]),
        ]
    );
}

#[test]
fn alternatives_quotes_negation_and_bare_words() {
    assert_eq!(
        tests_of(List::Dependencies, r#"-kind:scan,backup  port:1-1023,>=8k fe80::1 "a, b" erp"#),
        [
            ("kind", true, vec![Test::Equal("scan".into()), Test::Equal("backup".into())]),
            ("port", false, vec![Test::Between(1.0, 1023.0), Test::Between(8_000.0, f64::INFINITY)]),
            ("host", false, vec![Test::Network("fe80::1/128".parse().unwrap())]),
            ("name", false, vec![Test::Contains("a, b".into())]),
            ("name", false, vec![Test::Contains("erp".into())]),
        ]
    );
    assert_eq!(
        tests_of(List::Services, r#"product:"nginx, \"x\"",apache"#),
        [("product", false, vec![Test::Equal("nginx, \"x\"".into()), Test::Equal("apache".into())])]
    );
    assert!(read(List::Hosts, "  ").unwrap().terms.is_empty());
}

#[test]
fn errors_point_at_the_word() {
    for (list, text, word, offset, says) in [
        (List::Flows, "host:10.0.0.5 prot:tls", "prot:tls", 14, "did you mean `proto`?"),
        (List::Hosts, "port:443", "port:443", 0, "hosts have no key `port`. The keys of hosts are: id, host"),
        (List::Flows, "ü port:https", "port:https", 2, "`https` is no number"),
        (List::Flows, "port:9-1", "port:9-1", 0, "ends before it begins"),
        (List::Flows, "since:yesterday", "since:yesterday", 0, "is no time"),
        (List::Flows, "since:2026-03-14T10:04:00", "since:2026-03-14T10:04:00", 0, "has no time zone"),
        (List::Hosts, "internal:maybe", "internal:maybe", 0, "neither `yes` nor `no`"),
        (List::Hosts, "name:", "name:", 0, "followed by nothing"),
        (List::Hosts, "name:a,,b", "name:a,,b", 0, "followed by nothing"),
        (List::Hosts, "x name:\"db one", "name:\"db one", 2, "not closed"),
        (List::Hosts, "a\u{1}b", "a\u{1}", 0, "control character"),
        (List::Hosts, "zzzzzz:1", "zzzzzz:1", 0, "`zzzzzz` is no key. The keys"),
    ] {
        let misread = read(list, text).unwrap_err();
        assert_eq!((misread.word.as_str(), misread.offset), (word, offset), "{text}");
        assert!(misread.why.contains(says), "{text}: {}", misread.why);
    }
}

#[test]
fn nothing_is_read_without_end() {
    assert!(read(List::Hosts, &"a ".repeat(33)).unwrap_err().why.contains("at most 32 terms"));
    assert!(read(List::Hosts, &"a".repeat(CHARACTERS_MAX + 1)).unwrap_err().why.contains("characters"));
    let many = format!("name:{}", "a,".repeat(64));
    assert!(read(List::Hosts, &many).unwrap_err().why.contains("64 alternatives"));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_word_of_it(text in ".{0,60}") {
        for list in [List::Hosts, List::Flows, List::Findings] {
            if let Err(misread) = read(list, &text) {
                let from: String = text.chars().skip(misread.offset).collect();
                proptest::prop_assert!(from.starts_with(&misread.word), "{misread:?}");
            }
        }
    }
}
