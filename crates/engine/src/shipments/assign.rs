//! Who drives: giving the present fleet leg to a driver, and taking it away.

use tracklane_core::event::EventKind;
use tracklane_core::id::{DriverId, ShipmentId};
use tracklane_core::lifecycle::{Status, check_manual};
use tracklane_core::model::{Caller, Leg};

use super::create::{is_fleet, must_know_driver};
use super::edit::must_run;
use super::open::{Draft, Open, source_of};
use super::{ShipmentChange, Shipments, log, route};
use crate::base::must_operate;
use crate::error::{Error, Result};

impl Shipments {
    /// Gives the present fleet leg to a driver. Before the pick-up that makes the shipment `assigned`; afterwards only the
    /// driver changes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown driver, [`Error::NotFound`], [`Error::Conflict`] when the shipment has ended or is
    /// with a carrier, [`Error::Forbidden`] for all but admins and operators.
    pub async fn assign(&self, caller: &Caller, id: ShipmentId, driver: DriverId) -> Result<ShipmentChange> {
        self.set_driver(caller, id, Some(driver)).await
    }

    /// Takes the driver off the present fleet leg. Before the pick-up the shipment is `created` again.
    ///
    /// # Errors
    /// Those of [`Shipments::assign`].
    pub async fn unassign(&self, caller: &Caller, id: ShipmentId) -> Result<ShipmentChange> {
        self.set_driver(caller, id, None).await
    }

    async fn set_driver(&self, caller: &Caller, id: ShipmentId, driver: Option<DriverId>) -> Result<ShipmentChange> {
        must_operate(caller)?;
        let work = move |this: Self, caller: Caller| async move { this.change_driver(&caller, id, driver).await };
        self.at_store(caller, work).await
    }

    async fn change_driver(&self, caller: &Caller, id: ShipmentId, driver: Option<DriverId>) -> Result<ShipmentChange> {
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        must_run(&open)?;
        if let Some(driver) = driver {
            must_know_driver(&mut tx, driver, "/driver_id").await?;
        }
        let mut leg = present_fleet_leg(&open)?;
        let before = leg.driver_id;
        if before == driver {
            // What was read may be another one's change that is not durable yet.
            tx.commit().await?;
            return Ok(open.take_change(caller));
        }
        leg.driver_id = driver;
        open.save_leg(env, &mut tx, &leg).await?;
        let to = if driver.is_some() { Status::Assigned } else { Status::Created };
        let moves = check_manual(open.state.status, open.state.before_hold, to).is_ok();
        let data = log::updated(&open.shipment, &["driver_id"]);
        let now = env.now();
        open.tell(env, &mut tx, EventKind::ShipmentUpdated, now, data).await?;
        if moves && matches!(open.state.status, Status::Created | Status::InfoReceived | Status::Assigned) {
            let draft = Draft::scan(to, now, source_of(caller), caller.actor);
            open.apply(env, &mut tx, vec![Draft { leg_id: Some(leg.id), ..draft }]).await?;
        }
        open.tell_driver(env, &mut tx, leg.id, before, driver).await?;
        self.base.audit(&mut tx, caller, "shipment.driver_changed", id.to_string()).await?;
        self.settle(tx, open, caller).await
    }
}

fn present_fleet_leg(open: &Open) -> Result<Leg> {
    let leg = route::active(&open.legs).filter(|leg| is_fleet(leg));
    leg.cloned().ok_or_else(|| Error::Conflict("the present leg is not under the own fleet".to_owned()))
}
