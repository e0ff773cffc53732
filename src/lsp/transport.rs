//! The messages of a client over two streams.
//!
//! Owns how one message is framed, and how large it may be. Never looks into one.

use std::io::{self, BufRead, Read, Write};

use lsp_server::Message;

/// The longest message that is read: a text of the largest size, escaped.
const MOST: usize = 64 << 20;
/// The longest line of a head.
const LONGEST_LINE: u64 = 4 << 10;
/// So many lines a head has at most.
const MOST_LINES: usize = 32;

/// Reads the next message; nothing where the client has gone.
///
/// # Errors
///
/// When what comes is none: nothing behind it can be read either.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(length) = read_head(input)? else { return Ok(None) };
    if length > MOST {
        return Err(broken(format!("a message of {length} bytes; {MOST} are read at most")));
    }
    // What is announced may never come, so memory is taken as it does.
    let mut body = Vec::new();
    input.by_ref().take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Ok(None);
    }
    let message = serde_json::from_slice(&body);
    message.map(Some).map_err(|error| broken(format!("a message that is none: {error}")))
}

fn broken(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn read_head(input: &mut impl BufRead) -> io::Result<Option<usize>> {
    let mut length = None;
    for at in 0..MOST_LINES {
        let mut line = String::new();
        input.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
        if line.is_empty() && at == 0 {
            return Ok(None);
        }
        let Some(line) = line.strip_suffix('\n') else {
            return Err(broken("a line of a head that does not end".to_owned()));
        };
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            let told = "a head without a Content-Length";
            return length.map(Some).ok_or_else(|| broken(told.to_owned()));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            let value = value.trim().parse();
            length =
                Some(value.map_err(|_| broken("a Content-Length that is no number".to_owned()))?);
        }
    }
    Err(broken("a head that does not end".to_owned()))
}

/// Writes one message.
///
/// # Errors
///
/// When the client has gone.
pub(super) fn write(output: &mut impl Write, message: Message) -> io::Result<()> {
    message.write(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match read(&mut text.as_bytes()) {
            Ok(Some(Message::Notification(it))) => it.method,
            Ok(Some(_)) => "another".to_owned(),
            Ok(None) => "gone".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_message_is_read_whole_or_refused() {
        let body = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        let framed = format!("Content-Type: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        assert_eq!(told(&framed), "exit");
        assert_eq!(told(&framed[..framed.len() - 1]), "gone");
        assert_eq!(told(""), "gone");
        assert!(told("Content-Length: 99999999999\r\n\r\n").contains("at most"));
        assert!(told("Content-Length: x\r\n\r\n").contains("no number"));
        assert!(told("\r\n").contains("without a Content-Length"));
        assert!(told(&"x".repeat(10_000)).contains("does not end"));
        assert!(told(&"a: b\r\n".repeat(100)).contains("does not end"));
        assert!(told("Content-Length: 2\r\n\r\n{}").contains("none"));
    }
}
