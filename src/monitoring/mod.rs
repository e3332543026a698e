//! Watches the models in use: the stones that were priced, their prices by another model, whether customers ask about other
//! stones than were sold, and the state of the file.

mod drift;
mod level;
mod replay;
mod status;

pub use drift::{Drift, DriftLevel};
pub use level::LevelDrift;
pub use replay::{Distribution, PriceChange, Replay};
pub use status::{ChampionStatus, Status};
