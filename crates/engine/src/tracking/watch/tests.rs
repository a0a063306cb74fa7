use tracklane_core::id::Id;
use tracklane_core::model::TenantSettings;
use tracklane_core::position::Attributes;
use uuid::Uuid;

use super::*;

fn id<I: Id>(number: u128) -> I {
    I::from_uuid(Uuid::from_u128(number))
}

fn shipment(number: u128, status: Status, version: i64) -> Shipment {
    let at = Timestamp::UNIX_EPOCH;
    Shipment {
        id: id(number),
        tenant_id: id(1),
        reference: None,
        sender_id: None,
        recipient_id: None,
        origin_id: None,
        destination_id: None,
        milestones: MilestonePolicy::default(),
        metadata: Attributes::new(),
        status,
        substatus: None,
        reason: None,
        status_since: at,
        attempts: 0,
        delayed: false,
        return_leg: false,
        eta_from: None,
        eta_to: None,
        picked_up_at: None,
        delivered_at: None,
        driver_id: Some(id(7)),
        sequence: 0,
        created_at: at,
        updated_at: at,
        version,
    }
}

fn leg(shipment: &Shipment) -> Leg {
    Leg {
        id: id(9),
        tenant_id: shipment.tenant_id,
        shipment_id: shipment.id,
        position: 1,
        mode: LegMode::Fleet,
        state: LegState::Active,
        is_return: false,
        origin_id: None,
        destination_id: None,
        driver_id: shipment.driver_id,
        carrier: None,
        tracking_number: None,
        driver_since: None,
        started_at: None,
        ended_at: None,
        created_at: shipment.created_at,
        version: 1,
    }
}

/// Tells of a commit, and answers whether the shipment is watched then.
fn tell(watch: &Watch, shipment: &Shipment) -> bool {
    let tenant = Tenant {
        id: id(1),
        name: "One".to_owned(),
        slug: "one".to_owned(),
        settings: TenantSettings::default(),
        created_at: Timestamp::UNIX_EPOCH,
        version: 1,
    };
    watch.refresh(&Zones::default(), &tenant, shipment, &[leg(shipment)], &[]);
    watch.shipments_of(id(7)).contains(&shipment.id)
}

#[test]
fn what_is_told_late_does_not_put_back_what_is_gone() {
    let watch = Watch::default();
    let commits = [Status::Assigned, Status::PickedUp, Status::Delivered, Status::InTransit];
    let [assigned, picked_up, delivered, reopened] =
        std::array::from_fn(|place| shipment(2, commits[place], i64::try_from(place).unwrap()));
    assert!(tell(&watch, &assigned) && !tell(&watch, &delivered));
    assert!(!tell(&watch, &picked_up), "committed before the delivery, told after it");
    assert_eq!((watch.len(), watch.load_of(id(7))), (0, 0));
    assert!(tell(&watch, &reopened), "what is newer counts");
    assert!(tell(&watch, &delivered), "and what is older does not any more");

    // Nothing of it was told before.
    let watch = Watch::default();
    assert!(!tell(&watch, &delivered) && !tell(&watch, &assigned));
    assert_eq!(watch.len(), 0);
}

#[test]
fn only_so_many_of_the_gone_are_remembered() {
    let watch = Watch::default();
    for number in 0..=UNWATCHED as u128 {
        tell(&watch, &shipment(1_000 + number, Status::Delivered, 5));
        tell(&watch, &shipment(1_000 + number, Status::Delivered, 6));
    }
    let inner = watch.inner.read();
    assert_eq!((inner.unwatched.versions.len(), inner.unwatched.order.len()), (UNWATCHED, UNWATCHED));
}
