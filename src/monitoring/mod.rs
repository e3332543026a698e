//! Watches the models at work: the stones that were priced, what they would be priced at by another model, whether
//! customers ask about other stones than were sold, and how things stand.

mod drift;
mod replay;
mod status;

pub use drift::{Drift, DriftLevel};
pub use replay::{Distribution, PriceChange, Replay};
pub use status::{ChampionStatus, Status};
