//! One frame, and a message of several.
//!
//! A frame is libzmq's own `zmq_msg_t`, so what nobody looks at is received, kept and sent
//! without a copy. Owns all unsafe code about messages; sockets are `node/raw.rs`'s.
#![expect(unsafe_code, reason = "a frame is a zmq_msg_t, which only C calls may touch")]

use std::ffi::{CStr, c_void};
use std::fmt;
use std::ops::Deref;
use std::slice;

use smallvec::SmallVec;
use zmq_sys::zmq_msg_t;

/// All frames of one message, the first one inline.
pub type Multipart = SmallVec<[Frame; 1]>;

/// One frame of a message. Its bytes never change once it is made.
pub struct Frame(zmq_msg_t);

// SAFETY: libzmq hands messages between threads itself; its reference counts are atomic.
unsafe impl Send for Frame {}

impl Frame {
    /// An empty frame.
    #[must_use]
    pub fn empty() -> Self {
        let mut raw = zmq_msg_t::default();
        // SAFETY: `zmq_msg_init` accepts uninitialised content and cannot fail.
        unsafe { zmq_sys::zmq_msg_init(&mut raw) };
        Self(raw)
    }

    /// A frame with a copy of these bytes.
    #[must_use]
    pub fn copy(bytes: &[u8]) -> Self {
        Self::joined(&[bytes])
    }

    /// A frame with copies of these bytes, one after the other.
    #[must_use]
    pub fn joined(parts: &[&[u8]]) -> Self {
        let length = parts.iter().map(|part| part.len()).sum();
        let mut raw = zmq_msg_t::default();
        // SAFETY: the content is uninitialised, as the call wants it, and as many bytes of it as
        // all parts have are written before anybody can read them.
        unsafe {
            let status = zmq_sys::zmq_msg_init_size(&mut raw, length);
            assert_eq!(status, 0, "no memory for a frame of {length} bytes");
            let mut data = zmq_sys::zmq_msg_data(&mut raw).cast::<u8>();
            for part in parts {
                data.copy_from_nonoverlapping(part.as_ptr(), part.len());
                data = data.add(part.len());
            }
        }
        Self(raw)
    }

    /// A second frame with the same bytes; long ones are shared, not copied.
    #[must_use]
    pub fn share(&self) -> Self {
        let mut copy = Self::empty();
        // SAFETY: both messages are initialised. The source is marked as shared inside its
        // reference-counted content; a frame is not Sync, so nobody else looks meanwhile.
        let status = unsafe {
            let source = std::ptr::from_ref(&self.0).cast_mut();
            zmq_sys::zmq_msg_copy(&mut copy.0, source)
        };
        assert_eq!(status, 0, "zmq_msg_copy refuses an invalid message only");
        copy
    }

    /// The same bytes, with something that is dropped when nobody holds them any more: neither this
    /// process nor libzmq's queues.
    #[must_use]
    pub fn until_freed(self, companion: impl Send + 'static) -> Self {
        let mut kept = Box::new(Accompanied { frame: self, _companion: Box::new(companion) });
        let mut raw = zmq_msg_t::default();
        // SAFETY: the bytes stay in place until the box goes, which `free_accompanied` drops once, in
        // whichever thread the last holder is; everything in it may go there.
        unsafe {
            let data = zmq_sys::zmq_msg_data(&mut kept.frame.0);
            let length = kept.frame.len();
            let hint = Box::into_raw(kept).cast();
            let status =
                zmq_sys::zmq_msg_init_data(&mut raw, data, length, Some(free_accompanied), hint);
            assert_eq!(status, 0, "no memory for a frame");
        }
        Self(raw)
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        // SAFETY: the message is initialised.
        unsafe { zmq_sys::zmq_msg_size(std::ptr::from_ref(&self.0).cast_mut()) }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether another frame of the same message follows, as libzmq said on receiving it.
    #[must_use]
    pub fn more(&self) -> bool {
        // SAFETY: the message is initialised.
        unsafe { zmq_sys::zmq_msg_more(std::ptr::from_ref(&self.0).cast_mut()) != 0 }
    }

    /// The name under which a ZAP handler let the peer in that sent it, if there is one.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.property(c"User-Id")
    }

    /// The host of the peer that sent it, where its transport knows one.
    #[must_use]
    pub fn peer_address(&self) -> Option<&str> {
        self.property(c"Peer-Address")
    }

    /// What libzmq knows of where it came from (`zmq_msg_gets(3)`).
    fn property(&self, name: &CStr) -> Option<&str> {
        // SAFETY: the message is initialised, the name ends with a zero, and so does what libzmq finds,
        // which lives as long as the message.
        let found = unsafe {
            let found = zmq_sys::zmq_msg_gets(&self.0, name.as_ptr());
            if found.is_null() {
                return None;
            }
            CStr::from_ptr(found)
        };
        found.to_str().ok().filter(|text| !text.is_empty())
    }

    /// What lies below, for `zmq_msg_send` (which empties it on success) and `zmq_msg_recv`.
    pub fn as_raw(&mut self) -> *mut zmq_msg_t {
        &mut self.0
    }
}

/// Bytes of a frame, and what goes with them.
struct Accompanied {
    frame: Frame,
    _companion: Box<dyn Send>,
}

unsafe extern "C" fn free_accompanied(_data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `until_freed` gave the box away as the hint, and libzmq calls this once.
    drop(unsafe { Box::from_raw(hint.cast::<Accompanied>()) });
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: the message is initialised and closed once.
        unsafe { zmq_sys::zmq_msg_close(&mut self.0) };
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let raw = std::ptr::from_ref(&self.0).cast_mut();
        // SAFETY: the message is initialised; its bytes stay in place while it is borrowed.
        unsafe {
            let length = zmq_sys::zmq_msg_size(raw);
            if length == 0 {
                return &[];
            }
            slice::from_raw_parts(zmq_sys::zmq_msg_data(raw).cast::<u8>(), length)
        }
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<&[u8]> for Frame {
    fn from(bytes: &[u8]) -> Self {
        Self::copy(bytes)
    }
}

impl From<&str> for Frame {
    fn from(text: &str) -> Self {
        Self::copy(text.as_bytes())
    }
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Frame {}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self))
    }
}

/// The same message again; long frames are shared, not copied.
#[must_use]
pub fn share_all(frames: &[Frame]) -> Multipart {
    frames.iter().map(Frame::share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_accompanies_a_frame_goes_with_its_last_holder() {
        use std::sync::Arc;

        let companion = Arc::new(());
        let frame = Frame::copy(&[7; 70_000]).until_freed(Arc::clone(&companion));
        let shared = frame.share();
        assert_eq!(&*frame, &[7; 70_000][..]);
        drop(frame);
        assert_eq!(Arc::strong_count(&companion), 2);
        assert_eq!(shared.len(), 70_000);
        drop(shared);
        assert_eq!(Arc::strong_count(&companion), 1);
    }

    #[test]
    fn a_frame_keeps_its_bytes_whatever_their_number() {
        for length in [0, 1, 29, 33, 34, 100, 70_000] {
            let bytes = vec![7_u8; length];
            let frame = Frame::copy(&bytes);
            let shared = frame.share();
            let moved = frame;
            assert_eq!(&*moved, &bytes[..]);
            drop(moved);
            assert_eq!(&*shared, &bytes[..]);
        }
    }
}
