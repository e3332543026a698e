//! Bodies of answers: whole ones, and long ones that are sent while they are made.

use std::io;
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
