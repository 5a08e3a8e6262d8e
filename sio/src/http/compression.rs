//! Compression of polling answers (RFC 9110, "Content-Encoding" and "Accept-Encoding").
//!
//! ```text
//! Accept-Encoding = #( coding [ ";q=" weight ] )      coding: gzip | deflate | identity | * | …
//! ```

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use hyper::header::{self, HeaderMap, HeaderValue};
use sio_core::v3::payload::Body;

use super::answer::{self, Answer};

/// From this size on, in bytes, a body is compressed on a thread that may block: it takes a millisecond and more,
/// for which the connections of this thread would have to wait.
const LARGE: usize = 64 * 1024;

const VARY: HeaderValue = HeaderValue::from_static("accept-encoding");

/// Answers are compressed once and sent once: the quickest level is within some percent of the best in size for the
/// short JSON that they hold, in a fraction of the time.
const LEVEL: Compression = Compression::fast();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    /// The zlib format (RFC 1950), which is what HTTP means by it.
    Deflate,
}

/// `200` with packets, compressed if they are at least `threshold` bytes and the client understands it.
pub(crate) async fn packets(body: Body, request: &HeaderMap, threshold: usize) -> Answer {
    if body.bytes.len() < threshold {
        return answer::packets(body);
    }
    let Some(coding) = negotiate(request) else {
        let mut answer = answer::packets(body);
        answer.headers_mut().append(header::VARY, VARY);
        return answer;
    };
    let compressed = if body.bytes.len() < LARGE {
        coding.compress(&body.bytes).ok()
    } else {
        let bytes = body.bytes.clone();
        tokio::task::spawn_blocking(move || coding.compress(&bytes)).await.ok().and_then(Result::ok)
    };
    // A body that does not become smaller (random bytes do not, even in base64 they hardly do) is sent as it is.
    let compressed = compressed.filter(|compressed| compressed.len() < body.bytes.len());
    let is_compressed = compressed.is_some();
    let bytes = compressed.map_or(body.bytes, Bytes::from);
    let mut answer = answer::packets(Body { bytes, ..body });
    if is_compressed {
        answer.headers_mut().insert(header::CONTENT_ENCODING, coding.name());
    }
    answer.headers_mut().append(header::VARY, VARY);
    answer
}

/// Returns whether a client prefers gzip to all other encodings.
#[cfg(feature = "static-files")]
pub(crate) fn accepts_gzip(request: &HeaderMap) -> bool {
    negotiate(request) == Some(Coding::Gzip)
}

/// The compressed form of what does become smaller.
#[cfg(feature = "static-files")]
pub(crate) fn gzip(bytes: &[u8]) -> Option<Bytes> {
    let compressed = Coding::Gzip.compress(bytes).ok()?;
    (compressed.len() < bytes.len()).then(|| compressed.into())
}

/// The coding that the client likes best, gzip where it does not care; none when it wants the body as it is.
fn negotiate(request: &HeaderMap) -> Option<Coding> {
    let (mut gzip, mut deflate, mut identity, mut any) = (None, None, None, None);
    for value in request.get_all(header::ACCEPT_ENCODING) {
        for entry in value.to_str().unwrap_or_default().split(',') {
            let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            let name = name.trim();
            let place = match name {
                _ if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => &mut gzip,
                _ if name.eq_ignore_ascii_case("deflate") => &mut deflate,
                _ if name.eq_ignore_ascii_case("identity") => &mut identity,
                "*" => &mut any,
                _ => continue,
            };
            *place = Some(weight(parameters));
        }
    }
    let (gzip, deflate) = (gzip.or(any).unwrap_or(0), deflate.or(any).unwrap_or(0));
    let (coding, best) = if gzip >= deflate { (Coding::Gzip, gzip) } else { (Coding::Deflate, deflate) };
    (best > 0 && best >= identity.unwrap_or(0)).then_some(coding)
}

/// A weight in thousandths; what is not valid counts as a refusal.
fn weight(parameters: &str) -> u16 {
    let Some((name, value)) = parameters.split(';').find_map(|pair| pair.split_once('=')) else {
        return 1000;
    };
    if !name.trim().eq_ignore_ascii_case("q") {
        return 1000;
    }
    match value.trim().parse::<f32>() {
        // Bounded right before: neither sign nor size is lost.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 1000")]
        Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * 1000.0).round() as u16,
        _ => 0,
    }
}

impl Coding {
    fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        })
    }

    fn compress(self, body: &[u8]) -> io::Result<Vec<u8>> {
        let out = Vec::with_capacity(body.len() / 4);
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(out, LEVEL);
                encoder.write_all(body)?;
                encoder.finish()
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(out, LEVEL);
                encoder.write_all(body)?;
                encoder.finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::{GzDecoder, ZlibDecoder};
    use http_body_util::BodyExt;

    use super::*;

    async fn packets(bytes: impl Into<Bytes>, request: &HeaderMap, threshold: usize) -> Answer {
        super::packets(Body { bytes: bytes.into(), is_binary: false }, request, threshold).await
    }

    fn request(accept: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, accept.parse().unwrap())])
    }

    #[test]
    fn the_coding_is_the_one_that_the_client_likes_best() {
        let coding = |accept: &str| negotiate(&request(accept));
        let (gzip, deflate) = (Some(Coding::Gzip), Some(Coding::Deflate));
        assert_eq!(negotiate(&HeaderMap::new()), None);
        for (accept, expected) in [
            ("gzip, deflate, br", gzip),
            ("deflate, gzip", gzip),
            ("deflate", deflate),
            ("GZIP;Q=0.5, deflate;q=0.8", deflate),
            ("gzip;q=0, deflate;q=0.001", deflate),
            ("gzip ; q=0.5", gzip),
            ("x-gzip", gzip),
            ("*", gzip),
            ("gzip;q=0, *", deflate),
            ("*;q=0", None),
            ("gzip;q=0", None),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0.5, gzip;q=0.5", gzip),
            ("br", None),
            ("gzip;q=abc", None),
            ("gzip;q=2", None),
            ("gzip;q=-1", None),
            ("gzip;q=NaN", None),
            ("", None),
        ] {
            assert_eq!(coding(accept), expected, "{accept:?}");
        }
    }

    #[tokio::test]
    async fn answers_are_compressed_from_the_threshold_on() {
        let below = packets(vec![b'a'; 1023], &request("gzip"), 1024).await;
        assert!(!below.headers().contains_key(header::CONTENT_ENCODING));
        assert!(!below.headers().contains_key(header::VARY));
        let at = packets(vec![b'a'; 1024], &request("gzip"), 1024).await;
        assert_eq!(at.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(at.headers()[header::VARY], "accept-encoding");
    }

    #[tokio::test]
    async fn what_was_compressed_is_what_was_there() {
        for size in [2_000, LARGE, 900_000] {
            let body: Bytes = (0..size).map(|at| b'a' + u8::try_from(at % 23).unwrap()).collect();
            let gzip = packets(body.clone(), &request("gzip"), 1024).await;
            let gzip = gzip.into_body().collect().await.unwrap().to_bytes();
            assert!(gzip.len() < size / 4);
            let mut plain = Vec::new();
            GzDecoder::new(&gzip[..]).read_to_end(&mut plain).unwrap();
            assert_eq!(plain, body);
            let deflate = packets(body.clone(), &request("deflate"), 1024).await;
            assert_eq!(deflate.headers()[header::CONTENT_ENCODING], "deflate");
            let deflate = deflate.into_body().collect().await.unwrap().to_bytes();
            plain.clear();
            ZlibDecoder::new(&deflate[..]).read_to_end(&mut plain).unwrap();
            assert_eq!(plain, body);
        }
    }

    #[tokio::test]
    async fn the_content_type_stays_what_it_was() {
        for (is_binary, content_type) in
            [(false, "text/plain; charset=UTF-8"), (true, "application/octet-stream")]
        {
            let body = Body { bytes: vec![0; 2000].into(), is_binary };
            let answer = super::packets(body, &request("gzip"), 1024).await;
            assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
            assert_eq!(answer.headers()[header::CONTENT_TYPE], content_type);
        }
    }

    #[tokio::test]
    async fn who_refuses_it_gets_the_body_as_it_is_and_caches_learn_why() {
        let answer = packets(vec![b'a'; 2000], &request("identity"), 1024).await;
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(answer.headers()[header::VARY], "accept-encoding");
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes().len(), 2000);
    }

    #[tokio::test]
    async fn what_does_not_become_smaller_is_sent_as_it_is() {
        let mut random = vec![0; 4000];
        getrandom::fill(&mut random).unwrap();
        let answer = packets(random.clone(), &request("gzip"), 1024).await;
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), random);
    }
}
