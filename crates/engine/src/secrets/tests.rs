use std::sync::atomic::{AtomicU8, Ordering};

use tracklane_core::Timestamp;
use tracklane_core::time::{Clock, Entropy};

use super::*;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn env() -> Env {
    Env { clock: Arc::new(Fixed), entropy: Arc::new(Counting(AtomicU8::new(1))) }
}

#[test]
fn what_is_sealed_opens_for_its_context_alone() {
    let (secrets, env) = (Secrets::new([3; 32]), env());
    let sealed = secrets.seal(&env, "endpoint:1", b"hush").unwrap();
    assert_eq!(secrets.unseal("endpoint:1", &sealed).unwrap(), b"hush");
    assert!(!sealed.windows(4).any(|part| part == b"hush"));
    assert_ne!(secrets.seal(&env, "endpoint:1", b"hush").unwrap(), sealed);
    assert!(secrets.unseal("endpoint:2", &sealed).is_err());
    assert!(Secrets::new([4; 32]).unseal("endpoint:1", &sealed).is_err());
    for cut in [0, 1, 24, 25, sealed.len() - 1] {
        assert!(secrets.unseal("endpoint:1", &sealed[..cut]).is_err(), "{cut}");
    }
    for index in 0..sealed.len() {
        let mut touched = sealed.clone();
        touched[index] ^= 1;
        assert!(secrets.unseal("endpoint:1", &touched).is_err(), "{index}");
    }
}

#[test]
fn signed_payloads_come_back_untouched_or_not_at_all() {
    let secrets = Secrets::new([3; 32]);
    let signed = secrets.sign("cursor", b"page 2");
    assert_eq!(secrets.verify("cursor", &signed).unwrap(), b"page 2");
    assert_eq!(secrets.verify("other", &signed), None);
    assert_eq!(Secrets::new([4; 32]).verify("cursor", &signed), None);
    for bad in ["", "AAAA", "%", &signed[1..], &format!("{signed}A")] {
        assert_eq!(secrets.verify("cursor", bad), None, "{bad}");
    }
    assert_eq!(secrets.verify("cursor", &secrets.sign("cursor", b"")).unwrap(), b"");
}

#[test]
fn link_tokens_are_stable_and_depend_on_the_key() {
    let id = LinkId::from_uuid(uuid::Uuid::from_u128(7));
    let token = Secrets::new([3; 32]).link_token(id);
    assert_eq!(token.len(), 22);
    assert_eq!(token, Secrets::new([3; 32]).link_token(id));
    assert_ne!(token, Secrets::new([4; 32]).link_token(id));
    assert_ne!(link_token_hash(&token), link_token_hash(&token[1..]));
}

#[test]
fn the_master_key_is_made_once_and_kept_private() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("data");
    let made = Secrets::open(&inner, &env()).unwrap();
    let read = Secrets::open(&inner, &env()).unwrap();
    assert_eq!(made.derive("x"), read.derive("x"));
    let names: Vec<_> = std::fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [MASTER_KEY_FILE]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(inner.join(MASTER_KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for bad in ["", "abc", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
        std::fs::write(inner.join(MASTER_KEY_FILE), bad).unwrap();
        assert!(Secrets::open(&inner, &env()).is_err(), "{bad}");
    }
}
