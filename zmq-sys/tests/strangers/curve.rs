//! Owns both ends of CurveZMQ, written from its specification (RFC 26), so that what is inside its
//! boxes can be wrong as well. Never a source of good randomness: nothing here is a secret.

use std::ffi::{c_int, c_ulonglong};

use super::peer::command;

unsafe extern "C" {
    fn crypto_box_keypair(public: *mut u8, secret: *mut u8) -> c_int;
    fn crypto_box(
        to: *mut u8,
        from: *const u8,
        length: c_ulonglong,
        nonce: *const u8,
        public: *const u8,
        secret: *const u8,
    ) -> c_int;
    fn crypto_box_open(
        to: *mut u8,
        from: *const u8,
        length: c_ulonglong,
        nonce: *const u8,
        public: *const u8,
        secret: *const u8,
    ) -> c_int;
}

pub(crate) struct Keys {
    pub(crate) public: [u8; 32],
    pub(crate) secret: [u8; 32],
}

impl Keys {
    pub(crate) fn new() -> Self {
        let mut keys = Self { public: [0; 32], secret: [0; 32] };
        // SAFETY: 32 bytes each.
        unsafe { crypto_box_keypair(keys.public.as_mut_ptr(), keys.secret.as_mut_ptr()) };
        keys
    }

    fn seal(&self, nonce: &[u8; 24], to: &[u8; 32], plain: &[u8]) -> Vec<u8> {
        let padded = [&[0; 32], plain].concat();
        let mut sealed = vec![0; padded.len()];
        // SAFETY: both texts are as long as said, the keys have 32 bytes, the nonce 24.
        unsafe {
            crypto_box(
                sealed.as_mut_ptr(),
                padded.as_ptr(),
                padded.len() as c_ulonglong,
                nonce.as_ptr(),
                to.as_ptr(),
                self.secret.as_ptr(),
            );
        }
        sealed.split_off(16)
    }

    fn open(&self, nonce: &[u8; 24], from: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
        let padded = [&[0; 16], sealed].concat();
        let mut plain = vec![0; padded.len()];
        // SAFETY: as in `seal`.
        let result = unsafe {
            crypto_box_open(
                plain.as_mut_ptr(),
                padded.as_ptr(),
                padded.len() as c_ulonglong,
                nonce.as_ptr(),
                from.as_ptr(),
                self.secret.as_ptr(),
            )
        };
        (result == 0).then(|| plain.split_off(32))
    }
}

fn nonce(prefix: &[u8], rest: &[u8]) -> [u8; 24] {
    [prefix, rest].concat().try_into().unwrap()
}

/// One end after it knows the other's short-term key: it seals what is to come.
pub(crate) struct Sealer {
    prefix: &'static [u8; 16],
    keys: Keys,
    other: [u8; 32],
    count: u64,
}

impl Sealer {
    /// The body of a MESSAGE: its flags and its frame.
    pub(crate) fn message(&mut self, flags: u8, body: &[u8]) -> Vec<u8> {
        let plain = [&[flags], body].concat();
        self.sealed("MESSAGE", self.prefix, &plain)
    }

    fn sealed(&mut self, name: &str, prefix: &[u8; 16], plain: &[u8]) -> Vec<u8> {
        self.count += 1;
        let count = self.count.to_be_bytes();
        let sealed = self.keys.seal(&nonce(prefix, &count), &self.other, plain);
        command(name, &[&count[..], &sealed].concat())
    }
}

pub(crate) struct Client {
    server: [u8; 32],
    own: Keys,
    short: Keys,
}

impl Client {
    pub(crate) fn of(server: [u8; 32]) -> Self {
        Self { server, own: Keys::new(), short: Keys::new() }
    }

    pub(crate) fn hello(&self) -> Vec<u8> {
        let count = 1_u64.to_be_bytes();
        let signature =
            self.short.seal(&nonce(b"CurveZMQHELLO---", &count), &self.server, &[0; 64]);
        let padding = [&[1, 0][..], &[0; 72], &self.short.public, &count, &signature].concat();
        command("HELLO", &padding)
    }

    /// The body of INITIATE, for the body of a WELCOME.
    pub(crate) fn initiate(self, welcome: &[u8], metadata: &[u8]) -> Option<(Vec<u8>, Sealer)> {
        let nonce_of_welcome = nonce(b"WELCOME-", welcome.get(8..24)?);
        let plain = self.short.open(&nonce_of_welcome, &self.server, welcome.get(24..168)?)?;
        let other: [u8; 32] = plain[..32].try_into().unwrap();
        let vouched = [self.short.public, self.server].concat();
        let vouch = self.own.seal(&nonce(b"VOUCH---", &[7; 16]), &other, &vouched);
        let plain_initiate = [&self.own.public[..], &[7; 16], &vouch, metadata].concat();
        let count = 2_u64.to_be_bytes();
        let sealed = self.short.seal(&nonce(b"CurveZMQINITIATE", &count), &other, &plain_initiate);
        let initiate = command("INITIATE", &[&plain[32..], &count, &sealed].concat());
        let sealer = Sealer { prefix: b"CurveZMQMESSAGEC", keys: self.short, other, count: 2 };
        Some((initiate, sealer))
    }
}

pub(crate) struct Server {
    pub(crate) keys: Keys,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self { keys: Keys::new() }
    }

    /// The body of WELCOME, for the body of a HELLO. `short` takes the place of the server's
    /// short-term key.
    pub(crate) fn welcome(&self, hello: &[u8], short: Option<[u8; 32]>) -> (Vec<u8>, Sealer) {
        let other: [u8; 32] = hello[80..112].try_into().unwrap();
        let keys = Keys::new();
        let plain = [&short.unwrap_or(keys.public)[..], &[9; 96]].concat();
        let sealed = self.keys.seal(&nonce(b"WELCOME-", &[5; 16]), &other, &plain);
        let welcome = command("WELCOME", &[&[5; 16][..], &sealed].concat());
        (welcome, Sealer { prefix: b"CurveZMQMESSAGES", keys, other, count: 0 })
    }
}

impl Sealer {
    pub(crate) fn ready(&mut self, metadata: &[u8]) -> Vec<u8> {
        self.sealed("READY", b"CurveZMQREADY---", metadata)
    }
}
