//! SMB 3.0 without encryption (MS-SMB2): login, a share, files read in large pieces.

use super::ntlm;
use crate::traffic::encode::prefixed;
use crate::traffic::random::Random;
use crate::traffic::talk::{Script, Talk};

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const LOGOFF: u16 = 2;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;

const SUCCESS: u32 = 0;
const MORE_PROCESSING_REQUIRED: u32 = 0xc000_0016;

/// The most bytes of one read here.
const READ_LEN_MAX: usize = 65_536;

/// A desktop and its file server.
pub struct Smb {
    server: String,
    message_id: u64,
    session_id: u64,
    tree_id: u32,
}

impl Smb {
    /// For the server of this name.
    pub fn new(server: &str, random: &mut Random) -> Self {
        Smb { server: server.to_owned(), message_id: 0, session_id: random.next() >> 8, tree_id: 0 }
    }

    /// A message behind its header (§2.2.1) and its length.
    fn message(&self, command: u16, answer: Option<u32>, body: &[u8]) -> Vec<u8> {
        let session = if self.message_id == 0 || (self.message_id == 1 && answer.is_none()) {
            0
        } else {
            self.session_id
        };
        let header = [
            &b"\xfeSMB\x40\0"[..],
            &1u16.to_le_bytes(),
            &answer.unwrap_or(0).to_le_bytes(),
            &command.to_le_bytes(),
            &32u16.to_le_bytes(),
            &u32::from(answer.is_some()).to_le_bytes(),
            &[0; 4],
            &self.message_id.to_le_bytes(),
            &[0xff, 0xfe, 0, 0],
            &self.tree_id.to_le_bytes(),
            &session.to_le_bytes(),
            &[0; 16],
        ];
        prefixed::<4>(&[header.concat().as_slice(), body].concat())
    }

    /// A request and its answer.
    fn call(&mut self, talk: &mut Talk<'_>, command: u16, request: &[u8], status: u32, answer: &[u8]) {
        talk.client(self.message(command, None, request));
        talk.server(self.message(command, Some(status), answer));
        self.message_id += 1;
    }

    fn negotiate(&mut self, talk: &mut Talk<'_>) {
        let guid = talk.random.bytes(16);
        let request =
            [&[36, 0, 4, 0, 1, 0, 0, 0, 0x7f, 0, 0, 0], &guid[..], &[0; 8], &[2, 2, 0x10, 2, 0, 3, 2, 3]]
                .concat();
        let offer = ntlm::offer();
        let guid = talk.random.bytes(16);
        let sizes = 8_388_608u32.to_le_bytes().repeat(3);
        let times = [0x00, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0xdc, 0x01, 0, 0, 0, 0, 0, 0, 0, 0];
        let answer = [
            &[65, 0, 1, 0, 0, 3, 0, 0],
            &guid[..],
            &[0x2f, 0, 0, 0],
            &sizes,
            &times,
            &[128, 0],
            &(offer.len() as u16).to_le_bytes(),
            &[0; 4],
            &offer,
        ];
        self.call(talk, NEGOTIATE, &request, SUCCESS, &answer.concat());
    }

    fn login(&mut self, talk: &mut Talk<'_>) {
        let request = |token: &[u8]| {
            let len = (token.len() as u16).to_le_bytes();
            [&[25, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 88, 0], &len[..], &[0; 8], token].concat()
        };
        let answer =
            |token: &[u8]| [&[9, 0, 0, 0, 72, 0], &(token.len() as u16).to_le_bytes()[..], token].concat();
        let challenge = ntlm::challenge(&self.server, talk.random);
        let first = request(&ntlm::negotiate());
        self.call(talk, SESSION_SETUP, &first, MORE_PROCESSING_REQUIRED, &answer(&challenge));
        let user = format!("user{:04}", talk.random.below(3000));
        let proof = ntlm::authenticate(&user, "PC0042", talk.random);
        // accept-completed
        let accepted = answer(&[0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 0]);
        self.call(talk, SESSION_SETUP, &request(&proof), SUCCESS, &accepted);
    }

    fn connect(&mut self, talk: &mut Talk<'_>) {
        let path = ntlm::utf16(&format!("\\\\{}\\projects", self.server));
        let request = [&[9, 0, 0, 0, 72, 0], &(path.len() as u16).to_le_bytes()[..], &path].concat();
        let answer = [16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 1, 0x1f, 0];
        talk.client(self.message(TREE_CONNECT, None, &request));
        self.tree_id = 5;
        talk.server(self.message(TREE_CONNECT, Some(SUCCESS), &answer));
        self.message_id += 1;
    }

    fn create(&mut self, talk: &mut Talk<'_>, file: &[u8], file_len: usize) {
        let name = ntlm::utf16(&format!("plans\\drawing-{:04}.dwg", talk.random.below(10_000)));
        let words: Vec<u8> =
            [0x0012_0089u32, 0x80, 7, 1, 0x40].iter().flat_map(|word| word.to_le_bytes()).collect();
        let request = [
            &[57, 0, 0, 0, 2, 0, 0, 0],
            &[0; 16][..],
            &words,
            &[120, 0],
            &(name.len() as u16).to_le_bytes(),
            &[0; 8],
            &name,
        ];
        let times = [0x00, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0xdc, 0x01].repeat(4);
        let len = (file_len as u64).to_le_bytes();
        let answer =
            [&[89, 0, 0, 0, 1, 0, 0, 0], &times[..], &len, &len, &[0x20, 0, 0, 0], &[0; 4], file, &[0; 8]];
        self.call(talk, CREATE, &request.concat(), SUCCESS, &answer.concat());
    }

    fn read(&mut self, talk: &mut Talk<'_>, file: &[u8], offset: usize, len: usize) {
        let len_bytes = (len as u32).to_le_bytes();
        let offset = (offset as u64).to_le_bytes();
        let request = [&[49, 0, 0x50, 0], &len_bytes[..], &offset, file, &[0; 17]].concat();
        let data = talk.noise(len);
        let answer = [&[17, 0, 80, 0], &len_bytes[..], &[0; 8], &data].concat();
        self.call(talk, READ, &request, SUCCESS, &answer);
    }
}

impl Script for Smb {
    fn open(&mut self, talk: &mut Talk<'_>) {
        self.negotiate(talk);
        self.login(talk);
        self.connect(talk);
    }

    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let file = talk.random.bytes(16);
        let file_len = talk.body_len(4000);
        self.create(talk, &file, file_len);
        for offset in (0..file_len).step_by(READ_LEN_MAX) {
            self.read(talk, &file, offset, READ_LEN_MAX.min(file_len - offset));
        }
        let request = [&[24, 0, 0, 0, 0, 0, 0, 0], &file[..]].concat();
        let answer = [&[60, 0][..], &[0; 58]].concat();
        self.call(talk, CLOSE, &request, SUCCESS, &answer);
    }

    fn close(&mut self, talk: &mut Talk<'_>) {
        self.tree_id = 0;
        self.call(talk, LOGOFF, &[4, 0, 0, 0], SUCCESS, &[4, 0, 0, 0]);
    }
}
