use std::io;

use sio_core::cluster::frame::{Flags, Kind, LANE_ALL};

use super::*;

const FIRST: &[u8] = b"the first secret";
const SECOND: &[u8] = b"the second secret";
const HOUR: u64 = 3_600_000_000;
const ME: Topic = Topic::Node(NodeId::new(1));

fn signing(first: &[u8], second: Option<&[u8]>, accepts_unsigned: bool) -> Signing {
    let mut secrets = Secrets::default();
    secrets.set_first(first);
    if let Some(second) = second {
        secrets.set_second(second);
    }
    secrets.set_accepts_unsigned(accepts_unsigned);
    secrets.signing(&Names::new("shop").unwrap(), &Arc::default()).unwrap().unwrap()
}

fn frame(kind: Kind, source: u64) -> Vec<u8> {
    Header { kind, flags: Flags::NONE, source: NodeId::new(source), lane: LANE_ALL, number: 0 }.begin(0)
}

fn signed(secret: &[u8], topic: &str, stamp: u64, kind: Kind) -> Vec<u8> {
    Secret::new(secret).unwrap().sign(topic, stamp, &frame(kind, 2))
}

#[test]
fn a_message_is_taken_for_five_minutes_by_clocks_that_differ_by_less() {
    let signing = signing(FIRST, None, false);
    let message = signed(FIRST, "shop.a", HOUR, Kind::Broadcast);
    let minute = HOUR / 60;
    for (now, verdict) in [
        (HOUR, Verdict::Taken),
        (HOUR + 5 * minute, Verdict::Taken),
        (HOUR - 5 * minute, Verdict::Taken),
        (HOUR + 5 * minute + 1, Verdict::Refused),
        (HOUR - 5 * minute - 1, Verdict::Refused),
        (0, Verdict::Refused),
        (u64::MAX, Verdict::Refused),
    ] {
        assert_eq!(signing.judge_at(&Topic::All, &message, now), verdict, "{now}");
    }
    assert_eq!(signing.counters.read().forged, 4);
}

#[test]
fn what_tells_of_a_node_is_taken_once_and_not_after_later_news() {
    let signing = signing(FIRST, None, false);
    let judge = |topic: &Topic, name, stamp, kind| {
        signing.judge_at(topic, &signed(FIRST, name, HOUR + stamp, kind), HOUR)
    };
    assert_eq!(judge(&Topic::All, "shop.a", 10, Kind::Hello), Verdict::Taken);
    assert_eq!(judge(&Topic::All, "shop.a", 10, Kind::Hello), Verdict::Repeat);
    assert_eq!(judge(&Topic::All, "shop.a", 9, Kind::Bye), Verdict::Repeat);
    assert_eq!(judge(&Topic::All, "shop.a", 11, Kind::Alive), Verdict::Taken);
    assert_eq!(judge(&ME, "shop.x.0000000000000001", 5, Kind::Alive), Verdict::Taken, "it was overtaken");
    // Those have numbers.
    assert_eq!(judge(&Topic::All, "shop.a", 9, Kind::Broadcast), Verdict::Taken);
    assert_eq!(signing.counters.read().repeats, 2);
}

#[test]
fn both_secrets_are_accepted_and_the_first_signs() {
    let both = signing(FIRST, Some(SECOND), false);
    for secret in [FIRST, SECOND] {
        let message = signed(secret, "shop.a", HOUR, Kind::Broadcast);
        assert_eq!(both.judge_at(&Topic::All, &message, HOUR), Verdict::Taken);
    }
    let message = both.sign(&ME, &frame(Kind::Broadcast, 1));
    assert_eq!(signing(FIRST, None, false).judge(&ME, &message), Verdict::Taken);
    assert_eq!(signing(SECOND, None, false).judge(&ME, &message), Verdict::Refused);
}

#[test]
fn what_is_not_signed_is_taken_only_where_it_may_be() {
    let unsigned = frame(Kind::Broadcast, 2);
    let wrong = signed(SECOND, "shop.a", HOUR, Kind::Broadcast);
    for (accepts, verdict) in [(false, Verdict::Refused), (true, Verdict::Taken)] {
        let signing = signing(FIRST, None, accepts);
        assert_eq!(signing.judge_at(&Topic::All, &unsigned, HOUR), verdict);
        assert_eq!(
            signing.judge_at(&Topic::All, &wrong, HOUR),
            Verdict::Refused,
            "it says that it is signed"
        );
    }
}

/// The text that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn refused_messages_are_logged_once_a_minute_with_reason_and_count() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let signing = signing(FIRST, None, false);
    let (unsigned, wrong) = (frame(Kind::Broadcast, 2), signed(SECOND, "shop.a", HOUR, Kind::Broadcast));
    for _ in 0..100 {
        assert_eq!(signing.judge_at(&Topic::All, &unsigned, HOUR), Verdict::Refused);
    }
    tokio::time::advance(QUIET).await;
    assert_eq!(signing.judge_at(&Topic::All, &wrong, HOUR), Verdict::Refused);
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let [first, second] = lines[..] else { panic!("two lines: {text}") };
    for (line, reason, refused) in
        [(first, "it is not signed", "refused=1"), (second, "its signature is wrong", "refused=101")]
    {
        assert!(line.contains("WARN") && line.contains(reason) && line.ends_with(refused), "{line}");
    }
    assert!(!text.contains("secret of") && !text.contains("first secret"), "{text}");
}

#[test]
fn each_message_of_a_process_has_a_later_stamp() {
    let signing = signing(FIRST, None, false);
    // As after a clock that was set back by an hour.
    signing.signed.store(wall_clock() + HOUR, Relaxed);
    let stamps: Vec<u64> = (0..100).map(|_| signing.next_stamp()).collect();
    assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]) && stamps[0] > wall_clock());
}

#[test]
fn stamps_that_are_remembered_are_bounded() {
    let signing = signing(FIRST, None, false);
    for source in 0..MAX_STAMPS as u64 + 10 {
        signing.judge_stamp(NodeId::new(source), true, HOUR, HOUR);
    }
    assert!(signing.seen.lock().unwrap().stamps.len() <= MAX_STAMPS);
}

#[test]
fn what_cannot_sign_is_an_error() {
    let names = Names::new("shop").unwrap();
    let outcome =
        |secrets: &Secrets| secrets.signing(&names, &Arc::default()).map(|signing| signing.is_some());
    assert_eq!(outcome(&Secrets::default()), Ok(false));
    let mut short = Secrets::default();
    short.set_first(b"too short");
    assert_eq!(outcome(&short), Err(OptionsError::Secret));
    let mut only_second = Secrets::default();
    only_second.set_second(SECOND);
    assert_eq!(outcome(&only_second), Err(OptionsError::NoSecret));
    let mut unsigned = Secrets::default();
    unsigned.set_accepts_unsigned(true);
    assert_eq!(outcome(&unsigned), Err(OptionsError::NoSecret));
    assert!(!format!("{:?}", signing(FIRST, None, false)).contains("first secret"));
}
