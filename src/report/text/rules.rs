//! Rules explained: what is wrong, what an attacker does with it, what to use instead.

use super::paint::{Paint, Tone};
use super::table::{Column, Table, fill};
use crate::finding::{LATER, RULES, Rule, Tier};

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

/// The whole catalogue as a table in Markdown: the rules that there are, then the rows that have none yet.
pub fn catalogue() -> String {
    let mut page = String::from("| Rule | Severity | What | Instead |\n|---|---|---|---|\n");
    for rule in RULES {
        let row = [rule.id, &rule.severity_base.to_string(), rule.title, rule.replacement].join(" | ");
        page.push_str(&format!("| {row} |\n"));
    }
    page.push_str("\n| No rule yet | Severity at most | Due | Why |\n|---|---|---|---|\n");
    for later in LATER {
        let due = if later.tier == Tier::First { "next" } else { "later" };
        page.push_str(&format!("| {} | {} | {due} | {} |\n", later.id, later.severity_max, later.reason));
    }
    page
}
