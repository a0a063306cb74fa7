//! The REST routes under `/v1`, one file per resource. Which path leads where stands in [`router`](crate::router).

#[macro_use]
mod crud;

pub mod api_keys;
pub mod area;
pub mod customers;
pub mod devices;
pub mod drivers;
pub mod endpoints;
pub mod events;
pub mod facts;
pub mod legs;
pub mod links;
pub mod locations;
pub mod messages;
pub mod packages;
pub mod positions;
pub mod session;
pub mod shipments;
pub mod tenants;
pub mod tracks;
pub mod users;
pub mod vehicles;
pub mod zones;
