use serde_json::Value;

use crate::support::{err, run};

#[test]
fn a_small_fleet_delivers_everything_and_every_webhook_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        folder.path(),
        &[
            "demo",
            "--fleet",
            "3",
            "--trips",
            "5",
            "--speed",
            "400",
            "--exit-when-done",
            "--listen",
            "127.0.0.1:0",
            "-o",
            "json",
        ],
    );
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), err(&output));
    let proof: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&proof["shipments"], &proof["delivered"]), (&5.into(), &5.into()), "{proof}");
    assert_eq!(proof["mismatches"], Value::Array(Vec::new()), "{proof}");
    assert_eq!(proof["webhooks_received"], proof["webhooks_verified"]);
    assert_eq!(proof["webhooks_by_type"]["shipment.delivered"], 5, "{proof}");
    assert_eq!(proof["rejected"], 0, "{proof}");
}
