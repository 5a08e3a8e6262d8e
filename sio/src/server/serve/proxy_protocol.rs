//! The address of a client, as a proxy that passes TCP on tells it (the PROXY protocol of HAProxy, versions 1 and 2).
//!
//! ```text
//! 1   PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n
//! 2   \r\n\r\n\0\r\nQUIT\n, version and command, family, length, addresses and what else there is
//! ```

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE_1: &[u8] = b"PROXY ";
const SIGNATURE_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1, as its specification has it.
const MAX_LINE: usize = 107;

/// How much of version 2 is read: addresses, and what a proxy may add to them.
const MAX_REST: usize = 4096;

/// How long a proxy may take for it. It writes it at once.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// The proxies whose connections begin with the address of a client.
#[derive(Debug, Clone)]
pub(crate) struct Proxies {
    networks: Vec<Network>,
    wrong: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }

    fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                (own.to_bits() ^ ip.to_bits()).checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                (own.to_bits() ^ ip.to_bits()).checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl Proxies {
    pub(crate) fn new(texts: impl Iterator<Item = String>) -> Self {
        let (mut networks, mut wrong) = (Vec::new(), Vec::new());
        for text in texts {
            match Network::parse(&text) {
                Some(network) => networks.push(network),
                None => wrong.push(text),
            }
        }
        Self { networks, wrong }
    }

    /// Returns a text for each entry that is neither an address nor a network.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        let wrong = self.wrong.iter();
        wrong.map(|text| format!("{text:?} is neither an address nor a network like `10.0.0.0/8`"))
    }

    /// Returns whether this peer is one of the proxies. A peer on a Unix socket always is.
    pub(super) fn include(&self, peer: Option<SocketAddr>) -> bool {
        peer.is_none_or(|peer| {
            let ip = peer.ip().to_canonical();
            self.networks.iter().any(|network| network.contains(ip))
        })
    }
}

/// Reads what a proxy sends ahead, and nothing behind it. None when the connection is the proxy's own, or the client
/// has no address of IP.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut start = [0; SIGNATURE_2.len()];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE_2 {
        return version_2(stream).await;
    }
    if !start.starts_with(SIGNATURE_1) {
        return Err(invalid());
    }
    let mut line = start.to_vec();
    // One byte at a time: what follows belongs to HTTP.
    while !line.ends_with(b"\r\n") {
        if line.len() >= MAX_LINE {
            return Err(invalid());
        }
        line.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&line).map_err(|_| invalid())?;
    version_1(line.trim_end_matches("\r\n")).ok_or_else(invalid)
}

fn version_1(line: &str) -> Option<Option<SocketAddr>> {
    let mut words = line.split(' ').skip(1);
    match words.next()? {
        "UNKNOWN" => return Some(None),
        "TCP4" | "TCP6" => {}
        _ => return None,
    }
    let source: IpAddr = words.next()?.parse().ok()?;
    let _target: IpAddr = words.next()?.parse().ok()?;
    let port: u16 = words.next()?.parse().ok()?;
    let _target_port: u16 = words.next()?.parse().ok()?;
    words.next().is_none().then(|| Some(SocketAddr::new(source, port)))
}

async fn version_2(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if length > MAX_REST {
        return Err(invalid());
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    match command {
        // The proxy asks for itself, to see whether the server lives.
        0x20 => return Ok(None),
        0x21 => {}
        _ => return Err(invalid()),
    }
    // Source and target addresses, then both ports.
    let (ip, ports): (IpAddr, _) = match family {
        0x11 => {
            let (source, rest) = rest.split_first_chunk::<4>().ok_or_else(invalid)?;
            (Ipv4Addr::from(*source).into(), rest.get(4..8).ok_or_else(invalid)?)
        }
        0x21 => {
            let (source, rest) = rest.split_first_chunk::<16>().ok_or_else(invalid)?;
            (Ipv6Addr::from(*source).into(), rest.get(16..20).ok_or_else(invalid)?)
        }
        _ => return Ok(None),
    };
    Ok(Some(SocketAddr::new(ip, u16::from_be_bytes([ports[0], ports[1]]))))
}

fn invalid() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the connection of a proxy does not begin with the PROXY protocol",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the address in a header, and how many bytes are left behind it.
    async fn parse(header: &[u8]) -> Option<(Option<SocketAddr>, usize)> {
        let all = [header, b"GET /"].concat();
        let mut rest = &all[..];
        let address = read(&mut rest).await.ok()?;
        Some((address, rest.len()))
    }

    fn second(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).expect("it is short").to_be_bytes();
        [SIGNATURE_2, &[command, family], &length, rest].concat()
    }

    #[tokio::test]
    async fn the_address_is_read_and_nothing_behind_it() {
        let v4 = [203, 0, 113, 7, 10, 0, 0, 1, 0x13, 0x88, 1, 187];
        let mut v6 = [0; 36];
        (v6[15], v6[33]) = (1, 80);
        let with_more = [&v4[..], &[4, 0, 1, 0]].concat();
        let known: SocketAddr = "203.0.113.7:5000".parse().unwrap();
        for (header, expected) in [
            (b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n".to_vec(), Some(known)),
            (b"PROXY TCP6 ::1 ::2 80 443\r\n".to_vec(), Some("[::1]:80".parse().unwrap())),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff:: ::1 1 2\r\n".to_vec(), None),
            (second(0x21, 0x11, &v4), Some(known)),
            (second(0x21, 0x11, &with_more), Some(known)),
            (second(0x21, 0x21, &v6), Some("[::1]:80".parse().unwrap())),
            (second(0x20, 0x00, &[]), None),
            (second(0x21, 0x31, &[0; 216]), None),
        ] {
            assert_eq!(parse(&header).await, Some((expected, 5)), "{header:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_an_error() {
        for header in [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.7\r\n".to_vec(),
            b"PROXY TCP4 x 10.0.0.1 5000 443\r\n".to_vec(),
            b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 443 more\r\n".to_vec(),
            b"PROXY UDP4 203.0.113.7 10.0.0.1 5000 443\r\n".to_vec(),
            [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat(),
            second(0x21, 0x11, &[1; 7]),
            second(0x21, 0x11, &vec![0; 5000]),
            second(0x11, 0x11, &[0; 12]),
            second(0x22, 0x11, &[0; 12]),
        ] {
            assert_eq!(parse(&header).await, None, "{header:?}");
        }
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        let texts = ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"];
        let proxies = Proxies::new(texts.into_iter().map(str::to_owned));
        assert_eq!(proxies.problems().count(), 0);
        for (peer, expected) in [
            ("10.255.0.1:1", true),
            ("[::ffff:10.0.0.1]:1", true),
            ("11.0.0.1:1", false),
            ("192.0.2.1:1", true),
            ("192.0.2.2:1", false),
            ("[2001:db8:1::1]:1", true),
            ("[2001:db9::1]:1", false),
            ("[::1]:1", true),
        ] {
            assert_eq!(proxies.include(Some(peer.parse().unwrap())), expected, "{peer}");
        }
        assert!(proxies.include(None));
        let everybody = Proxies::new(["0.0.0.0/0".to_owned()].into_iter());
        assert!(everybody.include(Some("1.2.3.4:1".parse().unwrap())));
        for wrong in ["", "x", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.1:80"] {
            assert_eq!(Proxies::new([wrong.to_owned()].into_iter()).problems().count(), 1, "{wrong}");
        }
    }
}
