//! A client that sends and reads packet by packet, and what it must have received.

use std::time::Duration;

use sio::Server;
use sio_tests::{Received, Request, Response, old_polling};
use tokio::time::sleep;

use super::Step;
use super::stream::{Exchange, Heard, Socket};

/// For so long a client does not read at most: it would be missed otherwise.
const SILENCE: Duration = Duration::from_secs(14);

/// Longer than it takes to handle what has been sent.
const HANDLED: Duration = Duration::from_millis(10);

/// How a session ends before its history does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All connections are lost.
    Cut,
    /// The connection of the GET is lost.
    AbandonGet,
    /// The application disconnects the client.
    Kick,
    /// The server is shut down.
    Drain,
}

/// The other transport.
enum Other {
    None,
    /// It is attached; the server has answered its probe or has not.
    Attached(Socket),
    /// It has sent the upgrade, for which there is no answer.
    Moved(Socket),
}

pub(super) struct Client {
    server: Server,
    is_old: bool,
    sid: String,
    get: Option<Exchange>,
    other: Other,
    /// How many events were sent and questions asked, and what has come of both.
    emitted: u64,
    asked: u64,
    events: u64,
    answers: u64,
    is_disconnected: bool,
    ended: Option<End>,
    silent: Duration,
    /// The first packet that must not have come.
    fault: Option<String>,
}

impl Client {
    pub(super) async fn open(server: Server, is_old: bool) -> Result<Self, String> {
        let mut client = Self {
            server,
            is_old,
            sid: String::new(),
            get: None,
            other: Other::None,
            emitted: 0,
            asked: 0,
            events: 0,
            answers: 0,
            is_disconnected: false,
            ended: None,
            silent: Duration::ZERO,
            fault: None,
        };
        let answer = client.exchange(&Request::get(client.target("polling"))).await?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        let (_, rest) = body.split_once(r#""sid":""#).ok_or_else(|| format!("no open packet in {body}"))?;
        client.sid = rest.split('"').next().unwrap_or_default().to_owned();
        if !is_old {
            client.post("40").await?;
        }
        sleep(Duration::from_millis(1)).await;
        Ok(client)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn target(&self, transport: &str) -> String {
        let revision = if self.is_old { 3 } else { 4 };
        let sid = if self.sid.is_empty() { String::new() } else { format!("&sid={}", self.sid) };
        format!("/socket.io/?EIO={revision}&transport={transport}{sid}")
    }

    async fn exchange(&self, request: &Request) -> Result<Response, String> {
        let mut exchange = Exchange::begin(&self.server, request);
        match exchange.answer().await {
            Some(Ok(answer)) if answer.status == 200 => Ok(answer),
            Some(Ok(answer)) => Err(format!("{request:?} was answered {answer:?}")),
            Some(Err(error)) => Err(error),
            None => Err(format!("{request:?} was not answered")),
        }
    }

    async fn post(&self, packet: &str) -> Result<(), String> {
        let body = if self.is_old { old_polling::texts(&[packet]) } else { packet.to_owned() };
        self.exchange(&Request::post(self.target("polling"), body)).await.map(drop)
    }

    pub(super) async fn take(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Emit { count, bytes } => {
                for _ in 0..count {
                    self.emitted += 1;
                    let event = (self.emitted, "x".repeat(bytes));
                    self.server.emit("n", &event).await.map_err(|error| error.to_string())?;
                }
            }
            Step::Ask => self.ask().await?,
            Step::Poll => self.poll(),
            Step::Read => self.read().await?,
            Step::Attach => {
                if matches!(self.other, Other::None) {
                    match Socket::open(&self.server, &self.target("websocket")).await {
                        Ok(socket) => self.other = Other::Attached(socket),
                        Err(status) => return Err(format!("a WebSocket was refused by {status}")),
                    }
                }
            }
            Step::Probe | Step::Nonsense => {
                let packet = if matches!(step, Step::Probe) { "2probe" } else { "4nonsense" };
                if let Other::Attached(socket) = &mut self.other {
                    socket.send(packet).await;
                }
            }
            Step::Upgrade => self.upgrade().await,
            Step::CutProbe => {
                if matches!(self.other, Other::Attached(_)) {
                    self.other = Other::None;
                    // Until the server has noticed: another one would be refused.
                    sleep(Duration::from_millis(1)).await;
                }
            }
            Step::Yield { times } => {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
            }
            Step::Wait { millis } => {
                let time = Duration::from_millis(millis);
                if self.silent + time > SILENCE {
                    self.read().await?;
                }
                self.silent += time;
                sleep(time).await;
            }
            Step::Finish(end) => self.finish(end).await?,
        }
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), String> {
        self.asked += 1;
        let packet = format!(r#"42{0}["ask",{0}]"#, self.asked);
        match &mut self.other {
            Other::Moved(socket) => {
                socket.send(&packet).await;
                Ok(())
            }
            _ => self.post(&packet).await,
        }
    }

    fn poll(&mut self) {
        if self.get.is_none() && !matches!(self.other, Other::Moved(_)) {
            self.get = Some(Exchange::begin(&self.server, &Request::get(self.target("polling"))));
        }
    }

    /// Sends the upgrade, if the WebSocket is still there: what it has heard is looked at first.
    async fn upgrade(&mut self) {
        self.listen().await;
        self.other = match std::mem::replace(&mut self.other, Other::None) {
            Other::Attached(mut socket) => {
                socket.send("5").await;
                Other::Moved(socket)
            }
            other => other,
        };
    }

    /// Hears whether the attached WebSocket is still there; its answers to probes say nothing more.
    async fn listen(&mut self) {
        while let Other::Attached(socket) = &mut self.other {
            match socket.hear().await {
                Heard::Text(_) => {}
                Heard::Nothing => return,
                Heard::End => self.other = Other::None,
            }
        }
    }

    /// Reads what has come, and answers pings. Old clients ping by themselves.
    async fn read(&mut self) -> Result<(), String> {
        self.silent = Duration::ZERO;
        self.listen().await;
        // The packets of the last GET come before those of the WebSocket.
        self.poll();
        if let Some(get) = &mut self.get
            && let Some(answer) = get.answer().await
        {
            self.get = None;
            self.receive_answer(answer?).await?;
        }
        let mut is_lost = false;
        while let Other::Moved(socket) = &mut self.other {
            match socket.hear().await {
                Heard::Text(packet) => self.receive(&packet).await?,
                Heard::Nothing => break,
                Heard::End => {
                    is_lost = true;
                    break;
                }
            }
        }
        if is_lost {
            return Err("a WebSocket that has taken over was closed".to_owned());
        }
        if self.is_old {
            self.send("2").await?;
        }
        Ok(())
    }

    async fn send(&mut self, packet: &str) -> Result<(), String> {
        match &mut self.other {
            Other::Moved(socket) => {
                socket.send(packet).await;
                Ok(())
            }
            _ => self.post(packet).await,
        }
    }

    async fn receive_answer(&mut self, answer: Response) -> Result<(), String> {
        if answer.status != 200 {
            return Err(format!("a GET was answered {answer:?}"));
        }
        let packets: Vec<String> = if self.is_old {
            let packets = old_polling::decode(&answer).into_iter();
            packets
                .map(|packet| match packet {
                    Received::Text(text) => text,
                    other => other.to_string(),
                })
                .collect()
        } else {
            answer.text().split('\u{1e}').map(str::to_owned).collect()
        };
        for packet in packets {
            self.receive(&packet).await?;
        }
        Ok(())
    }

    async fn receive(&mut self, packet: &str) -> Result<(), String> {
        let received = self.note(packet).await;
        if let Err(fault) = &received {
            self.fault.get_or_insert_with(|| fault.clone());
        }
        received
    }

    async fn note(&mut self, packet: &str) -> Result<(), String> {
        if self.is_disconnected && !matches!(packet, "1" | "2" | "3" | "6") {
            return Err(format!("`{packet:.40}` came behind the end"));
        }
        let number = |text: &str| text.split([',', ']']).next().and_then(|digits| digits.parse::<u64>().ok());
        if let Some(event) = packet.strip_prefix(r#"42["n",["#).or_else(|| packet.strip_prefix(r#"42["n","#))
        {
            self.events += 1;
            if number(event) != Some(self.events) {
                return Err(format!("`{packet:.40}` came in place of event {}", self.events));
            }
        } else if let Some(answer) = packet.strip_prefix("43") {
            self.answers += 1;
            if answer != format!("{0}[{0}]", self.answers) {
                return Err(format!("`{packet}` came in place of answer {}", self.answers));
            }
        } else if packet == "2" && !self.is_old {
            self.send("3").await?;
        } else if packet == "41" {
            self.is_disconnected = true;
        } else if !packet.starts_with("40") && !matches!(packet, "3" | "6" | "1") {
            return Err(format!("`{packet:.40}` came"));
        }
        Ok(())
    }

    async fn finish(&mut self, end: End) -> Result<(), String> {
        match end {
            End::Cut => {
                self.get = None;
                self.other = Other::None;
            }
            End::AbandonGet if self.get.is_some() && !matches!(self.other, Other::Moved(_)) => {
                self.get = None;
            }
            End::AbandonGet => return Ok(()),
            End::Kick => {
                // Its questions are answered by then.
                sleep(HANDLED).await;
                self.server.of("/").sockets().iter().for_each(sio::Socket::disconnect);
                self.read_to_the_end().await?;
                if !self.is_disconnected {
                    return Err("the client was not told that it is disconnected".to_owned());
                }
            }
            End::Drain => {
                sleep(HANDLED).await;
                let closing = tokio::spawn({
                    let server = self.server.clone();
                    async move { server.close().await }
                });
                // It reads for as long as there is anything to read, on either transport.
                for _ in 0..10 {
                    if self.read().await.is_err() {
                        break;
                    }
                }
                self.fault.take().map_or(Ok(()), Err)?;
                self.is_complete()?;
                self.get = None;
                self.other = Other::None;
                drop(closing.await);
            }
        }
        self.ended = Some(end);
        Ok(())
    }

    /// Reads until everything has come.
    async fn read_to_the_end(&mut self) -> Result<(), String> {
        for _ in 0..20 {
            self.read().await?;
        }
        self.is_complete()
    }

    fn is_complete(&self) -> Result<(), String> {
        let (found, expected) = ((self.events, self.answers), (self.emitted, self.asked));
        if found != expected {
            return Err(format!("{found:?} events and answers have come of {expected:?}"));
        }
        Ok(())
    }

    /// Everything comes, and the client leaves.
    pub(super) async fn end(&mut self) -> Result<(), String> {
        if self.ended.is_none() {
            self.read_to_the_end().await?;
            self.send("1").await?;
        }
        Ok(())
    }
}
