//! What the API says and hears, apart from the records themselves (those are the models of `core`): envelopes, logins,
//! positions, problems. Shared by the server, the client and whoever reads the OpenAPI document.

mod device;
mod fix;
mod health;
mod live;
mod login;
mod movement;
mod page;
mod position;
mod problem;
mod shipment;

pub use device::{SentAway, UnknownDevice};
pub use fix::MAX_ATTRIBUTES;
pub use health::{Health, PartHealth};
pub use live::Ticket;
pub use login::{LoginAnswer, LoginRequest, Me, PasswordChange};
pub use movement::{AreaVisitor, AreaVisitors, MovementEntry, MovementList, SensorReading, SensorReadings};
pub use page::Page;
pub use position::{
    Attributes, Feature, FeatureCollection, Geometry, LineProperties, PositionInput, PositionsAnswer, RowAnswer,
    RowOutcome,
};
pub use problem::ProblemBody;
pub use shipment::{Assignment, Credential, LinkView, LoggedEvent};
