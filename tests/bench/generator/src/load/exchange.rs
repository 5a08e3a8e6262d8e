//! Events that the server answers, and the check of the answers: the same over WebSocket and long-polling.

use serde::Deserialize;

use super::tally::{Fault, Tally};

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// `echo`: with an acknowledgement.
    Acknowledgement,
    /// `message`: with the event `message-back`.
    Event,
}

/// The messages of every client, and the answers that it is still waiting for.
#[derive(Debug)]
pub(crate) struct Exchange {
    answer: Answer,
    text: String,
    clients: Vec<Client>,
    pub(crate) tally: Tally,
}

#[derive(Debug, Default)]
struct Client {
    /// The number of its next event, and of the answer that is due next.
    next: u64,
    due: u64,
    /// The numbers of the events that have no answer yet, and when they were sent.
    in_flight: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
struct Payload {
    text: String,
    n: u64,
}

impl Exchange {
    pub(crate) fn new(answer: Answer, clients: usize, text: String) -> Self {
        let clients = (0..clients).map(|_| Client::default()).collect();
        Self { answer, text, clients, tally: Tally::default() }
    }

    pub(crate) fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Events without an answer.
    pub(crate) fn in_flight(&self) -> u64 {
        self.clients.iter().map(|client| client.in_flight.len() as u64).sum()
    }

    /// Gives the next event of a client to `write`, as an Engine.IO packet in parts.
    pub(crate) fn next(&mut self, client: usize, now: u64, write: impl FnOnce(&[&[u8]])) {
        let client = &mut self.clients[client];
        let number = client.next;
        client.next += 1;
        client.in_flight.push((number, now));
        let mut digits = [0; 20];
        let digits = decimal(number, &mut digits);
        let (id, name): (&[u8], &[u8]) = match self.answer {
            Answer::Acknowledgement => (digits, b"[\"echo\",{\"text\":\""),
            Answer::Event => (b"", b"[\"message\",{\"text\":\""),
        };
        write(&[b"42", id, name, self.text.as_bytes(), b"\",\"n\":", digits, b"}]"]);
    }

    /// Takes an answer, an Engine.IO packet.
    pub(crate) fn take(&mut self, client: usize, packet: &[u8], now: u64) -> Result<(), Fault> {
        let number = match self.answer {
            Answer::Acknowledgement => self.acknowledgement(packet)?,
            Answer::Event => self.event(packet)?,
        };
        let client = &mut self.clients[client];
        let position = client.in_flight.iter().position(|(waiting, _)| *waiting == number);
        let (_, since) = client.in_flight.swap_remove(position.ok_or("an answer to nothing")?);
        if number != client.due {
            self.tally.out_of_order += 1;
        }
        client.due = number + 1;
        self.tally.complete(since, now);
        Ok(())
    }

    /// `43`, the id, and the object in an array.
    fn acknowledgement(&self, packet: &[u8]) -> Result<u64, Fault> {
        let rest = packet.strip_prefix(b"43").ok_or("no acknowledgement")?;
        let (id, json) = leading_number(rest).ok_or("an acknowledgement without id")?;
        let number = json.strip_prefix(b"[").and_then(|object| self.object(object)).or_else(|| {
            let (payload,): (Payload,) = serde_json::from_slice(json).ok()?;
            (payload.text == self.text).then_some(payload.n)
        });
        if number != Some(id) {
            return Err("another payload than was sent");
        }
        Ok(id)
    }

    /// `42`, and the object in an array behind the event's name.
    fn event(&self, packet: &[u8]) -> Result<u64, Fault> {
        let json = packet.strip_prefix(b"42").ok_or("no event")?;
        let object = json.strip_prefix(b"[\"message-back\",").and_then(|object| self.object(object));
        let number = object.or_else(|| {
            let (name, payload): (String, Payload) = serde_json::from_slice(json).ok()?;
            (name == "message-back" && payload.text == self.text).then_some(payload.n)
        });
        number.ok_or("another payload than was sent")
    }

    /// The number in the object as it was sent, which ends the array. A server may write it in another way; then the
    /// JSON is parsed.
    fn object(&self, object: &[u8]) -> Option<u64> {
        let rest = object.strip_prefix(b"{\"text\":\"")?.strip_prefix(self.text.as_bytes())?;
        let (number, rest) = leading_number(rest.strip_prefix(b"\",\"n\":")?)?;
        (rest == b"}]").then_some(number)
    }
}

/// The decimal digits of a number.
pub(crate) fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
    }
}

/// The number at the head of `bytes`, and what follows it.
pub(crate) fn leading_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    let (digits, rest) = bytes.split_at(end);
    // A loop: this is done for every delivery.
    let number = digits
        .iter()
        .try_fold(0_u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
    (end > 0).then_some((number?, rest))
}

/// A text of so many bytes.
pub(crate) fn text(length: usize) -> String {
    "the quick brown fox jumps over the lazy dog 0123456789 ".chars().cycle().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(exchange: &mut Exchange) -> String {
        let mut packet = Vec::new();
        exchange.next(0, 0, |parts| packet = parts.concat());
        String::from_utf8(packet).unwrap()
    }

    #[test]
    fn an_echo_is_acknowledged() {
        let mut exchange = Exchange::new(Answer::Acknowledgement, 1, "ab".to_owned());
        assert_eq!(sent(&mut exchange), r#"420["echo",{"text":"ab","n":0}]"#);
        assert_eq!(sent(&mut exchange), r#"421["echo",{"text":"ab","n":1}]"#);
        assert_eq!(exchange.in_flight(), 2);
        exchange.take(0, br#"430[{"text":"ab","n":0}]"#, 1).unwrap();
        // Written in another way.
        exchange.take(0, br#"431[ {"n":1, "text":"\u0061b"} ]"#, 1).unwrap();
        assert_eq!((exchange.in_flight(), exchange.tally.out_of_order), (0, 0));
    }

    #[test]
    fn a_message_comes_back() {
        let mut exchange = Exchange::new(Answer::Event, 1, "ab".to_owned());
        assert_eq!(sent(&mut exchange), r#"42["message",{"text":"ab","n":0}]"#);
        exchange.take(0, br#"42["message-back",{"text":"ab","n":0}]"#, 1).unwrap();
        assert_eq!(exchange.in_flight(), 0);
    }

    #[test]
    fn another_order_is_counted() {
        let mut exchange = Exchange::new(Answer::Acknowledgement, 1, String::new());
        (0..3).for_each(|_| drop(sent(&mut exchange)));
        for (number, out_of_order) in [(1, 1), (0, 2), (2, 3)] {
            exchange.take(0, format!("43{number}[{{\"text\":\"\",\"n\":{number}}}]").as_bytes(), 1).unwrap();
            assert_eq!(exchange.tally.out_of_order, out_of_order);
        }
    }

    #[test]
    fn wrong_answers_are_faults() {
        let mut exchange = Exchange::new(Answer::Acknowledgement, 1, "ab".to_owned());
        sent(&mut exchange);
        for packet in [
            r#"431[{"text":"ab","n":1}]"#,
            r#"430[{"text":"ab","n":1}]"#,
            r#"430[{"text":"ac","n":0}]"#,
            r#"430[]"#,
            r#"43[]"#,
            r#"42["echo"]"#,
        ] {
            assert!(exchange.take(0, packet.as_bytes(), 1).is_err(), "{packet}");
        }
        assert_eq!(exchange.in_flight(), 1);
    }

    #[test]
    fn numbers_and_texts() {
        for number in [0, 9, 10, u64::MAX] {
            let mut digits = [0; 20];
            assert_eq!(decimal(number, &mut digits), number.to_string().as_bytes());
            assert_eq!(leading_number(format!("{number}x").as_bytes()), Some((number, &b"x"[..])));
        }
        assert_eq!(leading_number(b"x"), None);
        assert_eq!(leading_number(b"18446744073709551616"), None);
        assert_eq!((text(0).len(), text(128).len()), (0, 128));
    }
}
