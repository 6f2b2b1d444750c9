//! SMTP (RFC 5321): letters in the clear.

use crate::traffic::talk::{Script, Talk};

/// A mail program and its relay.
pub struct Smtp {
    server: String,
}

impl Smtp {
    /// For the relay of this name.
    pub fn new(server: &str) -> Self {
        Smtp { server: server.to_owned() }
    }
}

impl Script for Smtp {
    fn open(&mut self, talk: &mut Talk<'_>) {
        let server = &self.server;
        talk.server(format!("220 {server} ESMTP Postfix (Debian/GNU)\r\n"));
        talk.client("EHLO pc0042.corp.example.com\r\n");
        talk.server(format!("250-{server}\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n"));
    }

    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let from = talk.random.below(3000);
        let to = talk.random.below(3000);
        talk.client(format!("MAIL FROM:<user{from:04}@corp.example.com>\r\n"));
        talk.server("250 2.1.0 Ok\r\n");
        talk.client(format!("RCPT TO:<user{to:04}@corp.example.com>\r\n"));
        talk.server("250 2.1.5 Ok\r\n");
        talk.client("DATA\r\n");
        talk.server("354 End data with <CR><LF>.<CR><LF>\r\n");
        let len = talk.body_len(800);
        // Wrapped at 72, and no line can begin with a dot.
        let body: Vec<u8> =
            talk.text(len).into_iter().map(|byte| if byte == b'\n' { b' ' } else { byte }).collect();
        let mut letter =
            format!("Subject: Report {from}\r\nFrom: user{from:04}@corp.example.com\r\n\r\n").into_bytes();
        for line in body.chunks(72) {
            letter.extend_from_slice(line);
            letter.extend(b"\r\n");
        }
        letter.extend(b".\r\n");
        talk.client(letter);
        talk.server("250 2.0.0 Ok: queued as 4F2A81C0\r\n");
    }

    fn close(&mut self, talk: &mut Talk<'_>) {
        talk.client("QUIT\r\n");
        talk.server("221 2.0.0 Bye\r\n");
    }
}
