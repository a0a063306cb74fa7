//! Senders and recipients.

use tracklane_core::id::CustomerId;
use tracklane_core::model::Customer;

use crate::address;
use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, search_text};

const TABLE: Table = Table {
    name: "customers",
    fixed: "created_at, version",
    changing: "line1, line2, city, state, postal_code, country, lat, lon, reference, name, email, phone, language, search, \
               updated_at",
};

fn values(customer: &Customer) -> Vec<Value> {
    let mut values = address::values(&customer.address);
    let search = search_text(&[
        Some(&customer.name),
        customer.reference.as_deref(),
        customer.email.as_deref(),
        customer.phone.as_deref(),
    ]);
    values.extend(args![
        &customer.reference,
        &customer.name,
        &customer.email,
        &customer.phone,
        &customer.language,
        search,
        customer.updated_at,
    ]);
    values
}

fn read(row: &Row) -> Result<Customer> {
    Ok(Customer {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        reference: row.opt("reference")?,
        name: row.get("name")?,
        email: row.opt("email")?,
        phone: row.opt("phone")?,
        language: row.opt("language")?,
        address: address::read(row)?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}

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
    let fixed = args![customer.created_at, customer.version];
    TABLE.insert(db, customer.id, customer.tenant_id, fixed, values(customer)).await
}

/// The customer with this id.
pub async fn get(db: &mut Db, id: CustomerId) -> Result<Option<Customer>> {
    TABLE.get(db, id, read).await
}

/// Those of these customers that exist, in no order.
pub async fn get_many(db: &mut Db, ids: &[CustomerId]) -> Result<Vec<Customer>> {
    TABLE.get_many(db, ids, read).await
}

/// The customers of the tenant.
pub async fn list(db: &mut Db, filter: &CustomerFilter, page: Page) -> Result<Listing<Customer>> {
    let select = TABLE.select(db)?.is("reference", filter.reference.as_ref()).is("email", filter.email.as_ref());
    select.contains("search", filter.q.as_ref()).page(db, page, read).await
}

/// Changes a customer.
pub async fn update(db: &mut Db, customer: &Customer) -> Result<bool> {
    TABLE.update(db, customer.id, customer.tenant_id, customer.version, values(customer)).await
}

/// Removes a customer; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a shipment, user or key still names them.
pub async fn delete(db: &mut Db, id: CustomerId) -> Result<bool> {
    TABLE.delete(db, id).await
}
