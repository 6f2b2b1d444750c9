//! Pages about tapmap itself.

use super::*;

#[test]
fn rules_are_explained() {
    let page = told(&["explain", "adm-01"]);
    assert!(page.starts_with("ADM-01  ") && page.contains("\nInstead   SSH"), "{page}");
    let all = told(&["explain"]);
    for rule in tapmap::finding::RULES {
        assert!(all.contains(rule.id), "{all}");
        assert!(told(&["explain", rule.id]).contains(rule.title));
    }
}

#[test]
fn the_site_file_shown_is_the_one_that_is_read() {
    let folder = folder();
    let site = file(folder.path(), "site.toml", told(&["explain", "site"]));
    told(&["analyze", "-T", "--site", &site]);
}

#[test]
fn every_command_has_help_a_manual_and_completions() {
    let help = told(&["--help"]);
    for command in ["analyze", "hosts", "services", "deps", "certs", "findings", "flows", "explain", "export"]
    {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        assert!(told(&[command, "--help"]).contains("Usage: tapmap "));
        assert!(told(&["man", command]).contains(&format!(".TH tapmap-{command} 1")));
    }
    assert!(told(&["man"]).contains(".TH tapmap 1"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(told(&["completions", shell]).contains("analyze"));
    }
    assert_eq!(told(&["--version"]), concat!("tapmap ", env!("CARGO_PKG_VERSION"), "\n"));
}
