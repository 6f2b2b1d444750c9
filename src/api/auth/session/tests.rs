//! Sessions begin, turn over, and end: by time, by hand, by number, with their token.

use super::super::role::Role;
use super::*;

fn holder(id: &str, hash: &str) -> Holder {
    Holder { id: id.into(), name: format!("name of {id}").into(), role: Role::Responder, hash: hash.into() }
}

fn known(holders: Vec<Holder>) -> Known {
    Known::Tokens(holders.into_iter().map(|holder| (Arc::clone(&holder.id), holder)).collect())
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_session_is_its_tokens() {
    let (sessions, known) = (Sessions::new().unwrap(), known(vec![holder("a", "1")]));
    let cookie = sessions.begin(&holder("a", "1"), at(0)).unwrap();
    let found = sessions.find(&cookie.value, &known, at(1)).unwrap();
    assert_eq!(&*found.principal.name, "name of a");
    assert_eq!(found.principal.role, Role::Responder);
    assert!(found.principal.is_ambient());
    assert!(sessions.find("guessed", &known, at(1)).is_none());
}

#[test]
fn it_ends_with_its_token() {
    let sessions = Sessions::new().unwrap();
    let cookie = sessions.begin(&holder("a", "1"), at(0)).unwrap();
    assert!(sessions.find(&cookie.value, &known(vec![]), at(1)).is_none());
    let again = known(vec![holder("a", "1")]);
    assert!(sessions.find(&cookie.value, &again, at(1)).is_none(), "it has ended for good");
}

#[test]
fn another_token_with_the_same_id_does_not_inherit_it() {
    let sessions = Sessions::new().unwrap();
    let cookie = sessions.begin(&holder("a", "1"), at(0)).unwrap();
    assert!(sessions.find(&cookie.value, &known(vec![holder("a", "2")]), at(1)).is_none());
}

#[test]
fn it_ends_when_nobody_uses_it() {
    let (sessions, known) = (Sessions::new().unwrap(), known(vec![holder("a", "1")]));
    let cookie = sessions.begin(&holder("a", "1"), at(0)).unwrap();
    assert!(sessions.find(&cookie.value, &known, at(3_600)).is_none());
}

#[test]
fn it_ends_after_a_day_however_much_it_is_used_and_turns_over_meanwhile() {
    let (sessions, known) = (Sessions::new().unwrap(), known(vec![holder("a", "1")]));
    let mut cookie = sessions.begin(&holder("a", "1"), at(0)).unwrap();
    let mut values = 1;
    for minute in 1..12 * 60 {
        let found = sessions.find(&cookie.value, &known, at(minute * 60)).unwrap();
        if let Some(renewed) = found.renewed {
            assert_eq!(renewed.lifetime + at(minute * 60), LIFETIME, "a new value prolongs nothing");
            cookie = renewed;
            values += 1;
        }
    }
    assert_eq!(values, 48, "one a quarter of an hour");
    assert!(sessions.find(&cookie.value, &known, LIFETIME).is_none());
    let inside = sessions.inside.lock().unwrap();
    assert!(inside.by_handle.is_empty() && inside.by_number.is_empty());
}

#[test]
fn the_value_before_is_good_for_what_was_under_way_only() {
    let (sessions, known) = (Sessions::new().unwrap(), known(vec![holder("a", "1")]));
    let old = sessions.begin(&holder("a", "1"), at(0)).unwrap().value;
    let new = sessions.find(&old, &known, at(900)).unwrap().renewed.unwrap().value;
    let during = sessions.find(&old, &known, at(910)).unwrap();
    assert!(during.renewed.is_none(), "a stolen value is never exchanged for a new one");
    assert!(sessions.find(&old, &known, at(930)).is_none());
    assert!(sessions.find(&new, &known, at(930)).is_some(), "the session itself goes on");
}

#[test]
fn it_ends_by_hand() {
    let (sessions, known) = (Sessions::new().unwrap(), known(vec![holder("a", "1")]));
    let cookie = sessions.begin(&holder("a", "1"), at(0)).unwrap();
    assert!(sessions.end(&cookie.value));
    assert!(!sessions.end(&cookie.value));
    assert!(sessions.find(&cookie.value, &known, at(1)).is_none());
}

#[test]
fn too_many_end_those_that_were_idle_longest() {
    let (sessions, known) = (Sessions::new().unwrap(), known(vec![holder("a", "1")]));
    let cookies: Vec<String> =
        (0..=16).map(|second| sessions.begin(&holder("a", "1"), at(second)).unwrap().value).collect();
    assert!(sessions.find(&cookies[0], &known, at(20)).is_none());
    assert!(sessions.find(&cookies[1], &known, at(20)).is_some());
    for number in 0..2 * SESSIONS_MAX {
        sessions.begin(&holder(&format!("token {number}"), "1"), at(30)).unwrap();
    }
    let inside = sessions.inside.lock().unwrap();
    assert_eq!(inside.by_number.len(), SESSIONS_MAX);
    assert!(inside.by_handle.len() <= 2 * SESSIONS_MAX);
}
