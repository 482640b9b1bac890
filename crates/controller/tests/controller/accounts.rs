//! Where a migration's parts are, and as whom they are reached.

use controller::Managed;
use model::Side;
use serde_json::json;

use crate::world::{migration, spec};

const OWN: &str = "arn:aws:iam::111111111111:role/ferry";
const OTHER: &str = "arn:aws:iam::222222222222:role/zones";

fn managed(router: serde_json::Value) -> Managed {
    let mut spec = spec("api");
    spec["spec"]["aws"] = json!({"region": "eu-west-1", "assumeRoleArn": OWN});
    spec["spec"]["traffic"]["router"]["aws"] = router;
    Managed::new(1, migration(spec)).expect("this version carries it")
}

#[test]
fn services_and_groups_are_in_the_account_of_the_migration() {
    let managed = managed(json!({"region": "us-east-1", "assumeRoleArn": OTHER}));
    for side in Side::ALL {
        let account = &managed.services.get(side).account;
        assert_eq!(
            (account.region.as_str(), account.assume_role_arn.as_deref()),
            ("eu-west-1", Some(OWN))
        );
        let group = managed.groups.get(side).as_ref().expect("the rule names it");
        assert_eq!(group.account, *account);
    }
}

#[test]
fn routes_are_in_the_routers_account_and_what_it_leaves_out_is_the_migrations() {
    let account = |router| {
        let account = managed(router).routes.account;
        (account.region.clone(), account.assume_role_arn.clone())
    };
    let (region, other_region) = ("eu-west-1".to_owned(), "us-east-1".to_owned());
    let (own, other) = (Some(OWN.to_owned()), Some(OTHER.to_owned()));
    assert_eq!(account(json!(null)), (region.clone(), own.clone()));
    assert_eq!(account(json!({"assumeRoleArn": OTHER})), (region, other.clone()));
    assert_eq!(account(json!({"region": "us-east-1"})), (other_region.clone(), own));
    let both = json!({"region": "us-east-1", "assumeRoleArn": OTHER});
    assert_eq!(account(both), (other_region, other));
}
