use hyper::Request;
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// One that nobody reads.
fn websocket() -> WebSocket {
    WebSocket::new(Link::Upgrading(hyper::upgrade::on(Request::new(()))), Wire::V4)
}

fn unsent(websocket: &WebSocket) -> Vec<u8> {
    websocket.writing.concat()
}

#[test]
fn of_many_pongs_the_last_one_waits() {
    let mut websocket = websocket();
    let pong = |number: u16| control_frame(FIN_PONG, &number.to_be_bytes());
    (0..1000).for_each(|number| websocket.enqueue_pong(pong(number)));
    assert_eq!(unsent(&websocket), [pong(0), pong(999)].concat());
    // The first may have gone in part, and what is left of it may look like a pong.
    websocket.advance(5);
    websocket.enqueue_pong(pong(1000));
    websocket.enqueue_close(CloseCode::NORMAL);
    websocket.enqueue_pong(pong(1001));
    websocket.enqueue_pong(pong(1002));
    let close = control_frame(FIN_CLOSE, &1000_u16.to_be_bytes());
    assert_eq!(unsent(&websocket), [&pong(999)[1..], &pong(1000), &close, &pong(1002)].concat());
}

#[test]
fn a_queue_goes_out_in_portions_of_any_size() {
    for portion in [1, 3, 50, 1000] {
        let mut websocket = websocket();
        let packets: Queue = (1..=200).map(|length| Bytes::from(vec![length; length.into()])).collect();
        let all = packets.concat();
        websocket.enqueue(packets);
        for at in (0..all.len()).step_by(portion) {
            assert!(unsent(&websocket) == all[at..], "{at} in portions of {portion}");
            websocket.advance(portion.min(all.len() - at));
        }
        assert!(websocket.is_drained() && websocket.gone == 0);
        let done = websocket.take_done();
        assert_eq!((done.packets, done.bytes), (200, all.len()));
    }
}

#[tokio::test]
async fn one_write_takes_many_small_packets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    tcp.writable().await.unwrap();
    let mut websocket = WebSocket::new(Link::Tcp(tcp), Wire::V4);
    let smallest = control_frame(FIN_PONG, &[]);
    websocket.enqueue((0..COPY_LIMIT).map(|_| smallest.clone()).collect());
    let written = websocket.poll_write_some(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(matches!(written, Poll::Ready(Ok(COPY_LIMIT))), "{written:?}");
}

#[test]
fn a_websocket_is_small() {
    assert!(size_of::<WebSocket>() <= 184, "{}", size_of::<WebSocket>());
}

#[test]
fn a_close_frame_has_no_code_or_one_that_may_be_sent() {
    let code = |payload: &[u8]| CloseCode::of_frame(payload);
    assert!(matches!(code(&[]), Ok(CloseCode::ABSENT)));
    for valid in [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 3999, 4000, 4999_u16] {
        let payload = [&valid.to_be_bytes()[..], "Grüße".as_bytes()].concat();
        assert!(matches!(code(&payload), Ok(CloseCode(found)) if found == valid), "{valid}");
    }
    for invalid in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535_u16] {
        assert!(matches!(code(&invalid.to_be_bytes()), Err(ReadError::Protocol(_))), "{invalid}");
    }
    assert!(matches!(code(&[3]), Err(ReadError::Protocol(_))));
    assert!(matches!(code(&[3, 232, 0xff]), Err(ReadError::InvalidUtf8)));
    // A character that is cut off.
    assert!(matches!(code(&[3, 232, 0xc3]), Err(ReadError::InvalidUtf8)));
}

#[test]
fn a_close_frame_without_a_code_is_answered_by_one() {
    let mut websocket = websocket();
    websocket.enqueue_close(CloseCode::ABSENT);
    assert_eq!(unsent(&websocket), [FIN_CLOSE, 0]);
}
