//! Messages: frames, and the wire formats a topology can name.
//!
//! A frame is libzmq's own message, a value like another; sockets belong to `node/`. Owns how a
//! payload is cut into message id, type and body. Never touches a socket or a script value.

mod fingerprint;
mod format;
mod frame;
mod number;
mod outgoing;
mod record;
mod utf8;

pub use fingerprint::fingerprint;
pub use format::{
    Format, Malformed, MsgType, Tagged, encode_tagged, parse_envelope, parse_tagged, write_integer,
};
pub use frame::{Frame, Multipart, share_all};
pub use number::{integer_past_64_bits, wide_numbers};
pub use outgoing::Outgoing;
pub use record::{
    FRAMES_MAX, JsonFrame, LENGTH, RECORD_MAX, RecordFormat, Unfit, first_length, unescape,
};
pub use utf8::as_text;
