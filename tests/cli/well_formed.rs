//! Checks that exported files are well formed.

/// Checks that a document's tags are balanced and its text is escaped. Returns all opening tags.
pub fn check_xml(text: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let body = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag is closed");
        check_entities(&rest[..start]);
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
        } else {
            check_entities(tag);
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            all.push(tag.trim_end_matches('/').to_owned());
            if !tag.ends_with('/') {
                open.push(tag.split(' ').next().unwrap().to_owned());
            }
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?}");
    all
}

fn check_entities(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{text}");
    }
}

/// Checks that quotes and braces of a DOT file are balanced and that every line is a statement.
pub fn check_dot(text: &str) {
    let mut depth = 0;
    for line in text.lines() {
        let (mut quoted, mut escaped) = (false, false);
        for c in line.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '{' if !quoted => depth += 1,
                '}' if !quoted => depth -= 1,
                _ => {}
            }
        }
        assert!(!quoted, "a quote is open: {line}");
        assert!(line.ends_with(['{', '}', ';']), "{line}");
    }
    assert_eq!(depth, 0);
    assert!(text.starts_with("digraph "));
}
