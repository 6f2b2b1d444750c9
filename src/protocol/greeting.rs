//! The software that a server's greeting names, without what changes from greeting to greeting.

/// Words that say which protocol is spoken, or are only polite.
const EMPTY_WORDS: &[&str] = &[
    "esmtp",
    "smtp",
    "lmtp",
    "ftp",
    "pop",
    "pop3",
    "imap",
    "imap4",
    "imap4rev1",
    "mail",
    "server",
    "service",
    "welcome",
    "to",
    "the",
    "this",
    "is",
    "hello",
    "on",
    "at",
    "here",
    "ok",
];

const DAYS: &[&str] = &["mon,", "tue,", "wed,", "thu,", "fri,", "sat,", "sun,"];

/// The words of a greeting from the first that names software: host names are left out, and it
/// ends where it says that it is ready, what time it is, or a challenge. Empty if nothing is left.
pub(super) fn software(greeting: &[u8]) -> String {
    let text = String::from_utf8_lossy(greeting);
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_ascii_whitespace() {
        let bare = word.trim_matches(['.', '!', ',', ';', '-', '*', '=']);
        let lower = bare.to_ascii_lowercase();
        if lower == "ready" || word.starts_with('<') || DAYS.contains(&&*word.to_ascii_lowercase()) {
            break;
        }
        let empty = bare.is_empty() || EMPTY_WORDS.contains(&&*lower);
        if is_host(bare) || (words.is_empty() && empty) {
            continue;
        }
        words.push(word.trim_end_matches([';', ',']));
        if word.ends_with(';') {
            break;
        }
    }
    let named = words.join(" ");
    let named = named.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(&named);
    // A number that differs from one connection to the next is no name.
    let first = named.split(' ').next().unwrap_or_default();
    let (letters, digits) = first.chars().fold((0, 0), |(letters, digits), c| {
        (letters + usize::from(c.is_alphabetic()), digits + usize::from(c.is_numeric()))
    });
    let is_name = named.starts_with(char::is_alphabetic) && letters > digits;
    if is_name { named.to_owned() } else { String::new() }
}

/// Dots between labels, the last of which has letters only: a host, not a version.
fn is_host(word: &str) -> bool {
    let Some((front, last)) = word.rsplit_once('.') else { return false };
    let label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    !front.is_empty()
        && front.bytes().all(label)
        && last.len() >= 2
        && last.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::software;

    #[test]
    fn names_the_software_only() {
        for (greeting, named) in [
            ("mail.example.com ESMTP Postfix (Debian/GNU)", "Postfix (Debian/GNU)"),
            ("xc90.websitewelcome.com ESMTP Exim 4.69 #1 Mon, 05 Oct 2009 01:05:54 -0500", "Exim 4.69 #1"),
            ("x.example.com ESMTP Sendmail 8.14.4/8.14.4; Mon, 5 Oct 2009", "Sendmail 8.14.4/8.14.4"),
            (
                "a.example.com Microsoft ESMTP MAIL Service ready at Mon, 5 Oct",
                "Microsoft ESMTP MAIL Service",
            ),
            ("mx.google.com ESMTP 5b1f17b1804b1-4 - gsmtp", ""),
            ("mx.google.com ESMTP hf10si4297299icc.190 - gsmtp", ""),
            ("mail.example.com ESMTP", ""),
            ("(vsFTPd 3.0.5)", "vsFTPd 3.0.5"),
            ("ftp.NetBSD.org FTP server (NetBSD-ftpd 20100320) ready.", "NetBSD-ftpd 20100320"),
            (
                "---------- Welcome to Pure-FTPd [privsep] [TLS] ----------",
                "Pure-FTPd [privsep] [TLS] ----------",
            ),
            ("Dovecot (Ubuntu) ready.", "Dovecot (Ubuntu)"),
            ("IMAP4rev1 Service Ready", ""),
            ("POP3 server ready <1896.697170952@dbc.mtview.ca.us>", ""),
        ] {
            assert_eq!(software(greeting.as_bytes()), named, "{greeting}");
        }
    }
}
