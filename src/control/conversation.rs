//! A client's end for who waits for several things at once.
//!
//! Owns lines of the protocol over a connection that is there. Finding a run is `client`'s.

use std::io;
use std::os::unix::net::UnixStream as StandardStream;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::protocol::{Reply, Request};

/// A connection with a run.
#[derive(Debug)]
pub struct Conversation {
    stream: BufReader<UnixStream>,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
}

impl Conversation {
    /// Over a connection of which nothing was read. Has to be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the system takes it for no connection.
    pub fn over(stream: StandardStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let stream = BufReader::new(UnixStream::from_std(stream)?);
        Ok(Self { stream, begun: Vec::new() })
    }

    /// Asks for something.
    ///
    /// # Errors
    ///
    /// When the run has gone.
    pub async fn ask(&mut self, request: &Request) -> io::Result<()> {
        self.stream.write_all(&request.line()?).await
    }

    /// The next line that the run says, without its end; none when the run has ended. Whoever stops
    /// waiting and asks again misses nothing.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub async fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let read = self.stream.fill_buf().await?;
            if read.is_empty() {
                return Ok(None);
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(read.len(), |end| end + 1);
            self.begun.extend(&read[..end.unwrap_or(length)]);
            self.stream.consume(length);
            if end.is_some() {
                return Ok(Some(std::mem::take(&mut self.begun)));
            }
        }
    }

    /// The next thing that the run says; none when it has ended.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or what comes is no answer.
    pub async fn next(&mut self) -> io::Result<Option<Reply>> {
        let line = self.next_line().await?;
        Ok(line.map(|line| serde_json::from_slice(&line)).transpose()?)
    }
}
