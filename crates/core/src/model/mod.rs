//! The records. One file per thing; every record belongs to one tenant and carries a `version` that grows with each
//! write (the ETag of the API).

mod access;
mod audit;
mod customer;
mod endpoint;
mod fleet;
mod location;
mod movement;
mod shipment;
mod tenant;
mod zone;

pub use access::{ApiKey, Caller, ParseRoleError, Role, User};
pub use audit::AuditEntry;
pub use customer::{Address, Customer};
pub use endpoint::{Attempt, AttemptOutcome, Endpoint, EndpointState, Message, MessageState};
pub use fleet::{Device, DeviceLatest, DeviceStatus, Driver, DutyState, Presence, Vehicle};
pub use location::{Location, LocationType};
pub use movement::{Movement, MovementKind};
pub use shipment::{Leg, LegMode, LegState, Package, Shipment, TrackingLink};
pub use tenant::{PositionRetention, Tenant, TenantSettings};
pub use zone::{Confirm, DayTime, Need, ScheduleWindow, SpeedLimit, Weekday, Zone, ZoneKind, ZoneRules, ZoneSchedule};
