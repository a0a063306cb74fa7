//! Senders and recipients.

use tracklane_core::id::CustomerId;
use tracklane_core::model::Customer;

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which customers are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    /// With exactly this reference.
    pub reference: Option<String>,
    /// With exactly this e-mail address.
    pub email: Option<String>,
    /// Whose name, reference, e-mail address or phone number contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a customer.
pub async fn insert(db: &mut Db, customer: &Customer) -> Result<()> {
    todo!()
}

/// The customer with this id.
pub async fn get(db: &mut Db, id: CustomerId) -> Result<Option<Customer>> {
    todo!()
}

/// Those of these customers that exist, in no order.
pub async fn get_many(db: &mut Db, ids: &[CustomerId]) -> Result<Vec<Customer>> {
    todo!()
}

/// The customers of the tenant.
pub async fn list(db: &mut Db, filter: &CustomerFilter, page: Page) -> Result<Listing<Customer>> {
    todo!()
}

/// Changes a customer.
pub async fn update(db: &mut Db, customer: &Customer) -> Result<bool> {
    todo!()
}

/// Removes a customer; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a shipment, user or key still names them.
pub async fn delete(db: &mut Db, id: CustomerId) -> Result<bool> {
    todo!()
}
