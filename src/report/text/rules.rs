//! Rules explained: what is wrong, what an attacker does with it, what to use instead.

use super::paint::{Paint, Tone};
use super::table::{Column, Table, fill};
use crate::finding::Rule;

/// The page of a rule.
pub fn rule_page(rule: &Rule, width: usize, paint: Paint) -> String {
    let mut page = paint.paint(Tone::Heading, &format!("{}  {}", rule.id, rule.title));
    page.push_str("\n\n");
    page.push_str(&fill(rule.why, Some(width), "", ""));
    let parts = [
        ("Instead", rule.replacement.to_owned()),
        (
            "Severity",
            format!("{} of 10 where both sides agreed and nothing special was seen", rule.severity_base),
        ),
        ("ATT&CK", rule.attack.join(", ")),
        ("Sources", rule.references.join("; ")),
    ];
    page.push('\n');
    for (title, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
        page.push_str(&fill(text, Some(width), &format!("{title:<10}"), "          "));
    }
    page
}

/// All rules in one table.
pub fn rule_table(rules: &[&Rule], width: Option<usize>, paint: Paint) -> String {
    let mut table = Table::new(&[
        Column::word("RULE"),
        Column::number("SEVERITY"),
        Column::text("WHAT", 24),
        Column::text("INSTEAD", 20).spare(1),
    ]);
    for rule in rules {
        table.row(vec![
            rule.id.into(),
            rule.severity_base.into(),
            rule.title.into(),
            rule.replacement.into(),
        ]);
    }
    table.render(width, 0, paint)
}
