//! Who may do what: one table. A handler states the permission it needs by its first argument, [`Allowed`], so that it
//! cannot forget to ask, and repeats it in its `security` entry of the OpenAPI document, where a test compares the two.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use tracklane_core::model::Role;
use tracklane_engine::access::{Principal, Verb};

use crate::App;
use crate::auth::Known;
use crate::problem::{Problem, Result};

/// A permission as a type.
pub trait Permission: Send + Sync + 'static {
    /// Its name.
    const NAME: &'static str;
    /// The scope an API key with scopes needs for it: a resource and what is done to it.
    const SCOPE: (&'static str, Verb);
    /// The roles that have it.
    const ROLES: &'static [Role];
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The name of the permission.
    pub name: &'static str,
    /// The scope an API key with scopes needs for it.
    pub scope: (&'static str, Verb),
    /// The roles that have it.
    pub roles: &'static [Role],
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $type:ident $name:literal ($resource:literal $verb:ident) $($role:ident)+;)*) => {
        $(
            $(#[$doc])*
            pub struct $type;

            impl Permission for $type {
                const NAME: &'static str = $name;
                const SCOPE: (&'static str, Verb) = ($resource, Verb::$verb);
                const ROLES: &'static [Role] = &[$(Role::$role),+];
            }
        )*

        /// Every permission.
        pub const TABLE: &[Row] =
            &[$(Row { name: $type::NAME, scope: $type::SCOPE, roles: $type::ROLES },)*];
    };
}

// Name of the permission, scope for API keys, roles.
permissions! {
    /// Read the own tenant.
    TenantRead       "tenant:read"        ("tenants" Read)     Admin Operator Viewer Driver Customer;
    /// Change the own tenant.
    TenantWrite      "tenant:write"       ("tenants" Write)    Admin;
    /// List tenants; only those who run the installation.
    TenantsRead      "tenants:read"       ("tenants" Read)     Admin;
    /// Make tenants; only those who run the installation.
    TenantsWrite     "tenants:write"      ("tenants" Write)    Admin;
    /// Read users.
    UsersRead        "users:read"         ("users" Read)       Admin;
    /// Make, change and delete users.
    UsersWrite       "users:write"        ("users" Write)      Admin;
    /// Read API keys, never their secrets.
    ApiKeysRead      "api_keys:read"      ("api_keys" Read)    Admin;
    /// Make and revoke API keys.
    ApiKeysWrite     "api_keys:write"     ("api_keys" Write)   Admin;
    /// Read the audit log.
    AuditRead        "audit:read"         ("audit" Read)       Admin;
    /// Read customers.
    CustomersRead    "customers:read"     ("customers" Read)   Admin Operator Viewer;
    /// Make, change and delete customers.
    CustomersWrite   "customers:write"    ("customers" Write)  Admin Operator;
    /// Read locations.
    LocationsRead    "locations:read"     ("locations" Read)   Admin Operator Viewer;
    /// Make, change and delete locations.
    LocationsWrite   "locations:write"    ("locations" Write)  Admin Operator;
    /// Read drivers; a driver reads their own record.
    DriversRead      "drivers:read"       ("drivers" Read)     Admin Operator Viewer Driver;
    /// Make, change and delete drivers.
    DriversWrite     "drivers:write"      ("drivers" Write)    Admin Operator;
    /// Read vehicles.
    VehiclesRead     "vehicles:read"      ("vehicles" Read)    Admin Operator Viewer;
    /// Make, change and delete vehicles.
    VehiclesWrite    "vehicles:write"     ("vehicles" Write)   Admin Operator;
    /// Read devices.
    DevicesRead      "devices:read"       ("devices" Read)     Admin Operator Viewer;
    /// Make, change and delete devices and their credentials.
    DevicesWrite     "devices:write"      ("devices" Write)    Admin Operator;
    /// Read zones.
    ZonesRead        "zones:read"         ("zones" Read)       Admin Operator Viewer;
    /// Make, change and delete zones.
    ZonesWrite       "zones:write"        ("zones" Write)      Admin Operator;
    /// Read shipments; drivers and customers see their own.
    ShipmentsRead    "shipments:read"     ("shipments" Read)   Admin Operator Viewer Driver Customer;
    /// Create shipments; customers as their own.
    ShipmentsCreate  "shipments:create"   ("shipments" Write)  Admin Operator Customer;
    /// Change shipments, their packages, legs and drivers; return them.
    ShipmentsWrite   "shipments:write"    ("shipments" Write)  Admin Operator;
    /// State facts about shipments; drivers about their own.
    FactsWrite       "facts:write"        ("shipments" Write)  Admin Operator Driver;
    /// Correct facts and take them back.
    FactsCorrect     "facts:correct"      ("shipments" Write)  Admin Operator;
    /// Make and revoke public tracking links.
    LinksWrite       "links:write"        ("shipments" Write)  Admin Operator;
    /// Read positions; drivers their own.
    PositionsRead    "positions:read"     ("positions" Read)   Admin Operator Viewer Driver;
    /// Read which devices were in a zone, and why; that is to read their positions.
    ZoneVisitsRead   "zone_visits:read"   ("positions" Read)   Admin Operator Viewer;
    /// Send positions; drivers and devices their own.
    PositionsWrite   "positions:write"    ("positions" Write)  Admin Operator Driver Device;
    /// Read the event log.
    EventsRead       "events:read"        ("events" Read)      Admin Operator Viewer;
    /// Open a live stream; drivers and customers hear of their own shipments.
    LiveRead         "live:read"          ("live" Read)        Admin Operator Viewer Driver Customer;
    /// Read metrics, where they are not public.
    MetricsRead      "metrics:read"       ("metrics" Read)     Admin Operator Viewer;
    /// Read webhook endpoints, messages and attempts.
    EndpointsRead    "endpoints:read"     ("endpoints" Read)   Admin Operator;
    /// Make, change and delete webhook endpoints, read their secrets, send again.
    EndpointsWrite   "endpoints:write"    ("endpoints" Write)  Admin;
}

/// The names of the permissions of a caller.
pub fn of(principal: &Principal) -> Vec<String> {
    let has = |row: &&Row| row.roles.contains(&principal.caller.role) && principal.may(row.scope.0, row.scope.1);
    TABLE.iter().filter(has).map(|row| row.name.to_owned()).collect()
}

/// A caller who has the permission `P`.
pub struct Allowed<P>(pub Arc<Principal>, PhantomData<P>);

impl<P> Deref for Allowed<P> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<P: Permission> FromRequestParts<App> for Allowed<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let Known(principal) = Known::from_request_parts(parts, app).await?;
        let (resource, verb) = P::SCOPE;
        if P::ROLES.contains(&principal.caller.role) && principal.may(resource, verb) {
            return Ok(Self(principal, PhantomData));
        }
        Err(Problem::lacks(P::NAME))
    }
}

#[cfg(test)]
mod tests {
    use tracklane_engine::access::Scope;

    use super::*;

    fn names(role: Role) -> Vec<&'static str> {
        TABLE.iter().filter(|row| row.roles.contains(&role)).map(|row| row.name).collect()
    }

    #[test]
    fn names_are_unique_scopes_exist_and_admins_have_all() {
        let mut all = names(Role::Admin);
        assert_eq!(all.len(), TABLE.len());
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), TABLE.len());
        for row in TABLE {
            let text = format!("{}:{}", row.scope.0, row.scope.1.as_str());
            assert!(text.parse::<Scope>().is_ok(), "{text} is no scope of the engine");
        }
    }

    #[test]
    fn devices_send_positions_and_nothing_else() {
        assert_eq!(names(Role::Device), ["positions:write"]);
    }
}
