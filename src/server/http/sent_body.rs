//! Bodies of answers: whole ones, and long ones that are sent while they are made.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::mpsc;

/// Pieces that may wait to be sent: whoever makes them waits for a client that reads slowly.
const WAITING_PIECES: usize = 2;

/// Sends the pieces of a body one by one. An error breaks the connection off, so that the client sees that the body is not whole.
pub type PieceSender = mpsc::Sender<io::Result<Bytes>>;

/// Bytes of a piece.
const PIECE_BYTES: usize = 64 * 1024;

/// Sends what is written to it in pieces, from a thread for blocking work.
pub struct PieceWriter {
    sender: PieceSender,
    piece: Vec<u8>,
}

impl PieceWriter {
    /// A writer to `sender`.
    pub fn new(sender: PieceSender) -> Self {
        Self { sender, piece: Vec::new() }
    }

    /// Ends the body in a way that the client notices.
    pub fn break_off(&self, reason: String) {
        // the client may have gone
        let _ = self.sender.blocking_send(Err(io::Error::other(reason)));
    }

    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        let has_gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone");
        self.sender.blocking_send(Ok(piece.into())).map_err(has_gone)
    }
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() { Ok(()) } else { self.send() }
    }
}

/// Attached to a response: its body comes in pieces, and the response itself has none.
#[derive(Debug, Clone)]
pub struct BodyInPieces(Arc<Mutex<Option<mpsc::Receiver<io::Result<Bytes>>>>>);

impl BodyInPieces {
    /// A body, and where its pieces are put. The body ends when the sender goes.
    pub fn new() -> (PieceSender, Self) {
        let (sender, receiver) = mpsc::channel(WAITING_PIECES);
        (sender, Self(Arc::new(Mutex::new(Some(receiver)))))
    }

    /// The pieces; `None` if they were taken before.
    pub fn take(&self) -> Option<SentBody> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().map(SentBody::Pieces)
    }
}

/// The body of an answer.
#[derive(Debug)]
pub enum SentBody {
    /// One whose length is known.
    Whole(Full<Bytes>),
    /// One that is sent while it is made, in chunks.
    Pieces(mpsc::Receiver<io::Result<Bytes>>),
}

impl From<Bytes> for SentBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Pieces(pieces) => pieces.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
