use super::*;

fn frames(messages: &[(bool, &[u8])]) -> Bytes {
    let mut run = Vec::new();
    for (is_binary, message) in messages {
        if *is_binary {
            write_binary_frame(&mut run, message);
        } else {
            write_text_frame(&mut run, &[message]);
        }
    }
    run.into()
}

/// The payloads of frames, inflated where they are marked.
fn payloads(deflated: &Bytes) -> Vec<(bool, Bytes)> {
    let mut run = deflated.to_vec();
    let mut marks = Vec::new();
    let mut at = 0;
    while at < run.len() {
        marks.push(run[at] & RSV1 != 0);
        run[at] &= !RSV1;
        let rest = Bytes::copy_from_slice(&run[at..]);
        let mut frames = Frames::new(rest.clone());
        // The first of them, whatever comes after it.
        frames.next().expect("a frame");
        let whole = Frames::new(rest.clone()).next().expect("a frame").1.len();
        at += whole
            + if whole <= 125 {
                2
            } else if whole <= 0xffff {
                4
            } else {
                10
            };
    }
    let payload = |(mark, (_, payload)): (bool, (bool, Bytes))| {
        (mark, if mark { inflate(&payload, usize::MAX - 1).expect("it is deflated") } else { payload })
    };
    marks.into_iter().zip(Frames::new(run.into())).map(payload).collect()
}

#[test]
fn each_message_of_a_packet_is_compressed_or_not() {
    let large = "large ".repeat(1000);
    let run = frames(&[(false, b"short"), (true, large.as_bytes()), (true, &[1; 99]), (true, &[1; 100])]);
    let deflated = deflate(&run, 100).expect("it becomes smaller");
    assert!(!deflated.is_text && deflated.frames.len() < 300);
    let expected = [
        (false, Bytes::from("short")),
        (true, Bytes::from(large)),
        (false, vec![1; 99].into()),
        (true, vec![1; 100].into()),
    ];
    assert_eq!(payloads(&deflated.frames), expected);
}

#[test]
fn what_does_not_become_smaller_stays_as_it_is() {
    let random = |seed: &mut u32| {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*seed >> 24) as u8)
    };
    let noise: Vec<u8> = (0..2000).scan(1, |seed, _| random(seed)).collect();
    assert!(deflate(&frames(&[(true, &noise)]), 0).is_none());
    for length in 0..5 {
        assert!(deflate(&frames(&[(false, &vec![b'2'; length])]), 0).is_none(), "{length}");
    }
    // A pong.
    assert!(deflate(&Bytes::from([&[0x8a, 100][..], &[0; 100]].concat()), 0).is_none());
}

#[test]
fn messages_of_all_sizes_come_back() {
    for length in [1, 10, 100, 125, 126, 1000, 4095, 65_535, 65_536, 131_072, 1_000_000] {
        let message: Vec<u8> = (0..length).map(|n: usize| b"etaoin shrdlu"[n * n % 13]).collect();
        let Some(deflated) = deflate(&frames(&[(false, &message)]), 0) else {
            assert!(length <= 10, "{length}");
            continue;
        };
        assert!(deflated.is_text);
        assert_eq!(payloads(&deflated.frames), [(true, Bytes::from(message))]);
    }
}

#[test]
fn no_more_memory_is_taken_than_is_allowed() {
    let mut zeros = Vec::with_capacity(20_000);
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![0; 10_000_000], &mut zeros, FlushCompress::Sync)
        .expect("there is room");
    let payload = &zeros[..zeros.len() - TAIL.len()];
    for limit in [0, 1, 1000, 100_000, 9_999_999] {
        let mut inflater = Inflater::new();
        assert_eq!(inflater.inflate(payload, limit), Err(InflateError::TooLarge));
        assert!(inflater.buffer.capacity() <= limit.max(LEAST_ROOM) + 1, "{limit}");
        assert_eq!(inflate(payload, limit), Err(InflateError::TooLarge));
    }
    assert_eq!(inflate(payload, 10_000_000).map(|data| data.len()), Ok(10_000_000));
    // The memory that a thread keeps is bounded as well.
    let kept = INFLATER.take().expect("it was used");
    assert!(kept.buffer.capacity() <= KEPT);
    drop(deflate(&frames(&[(true, &vec![0; 1_000_000])]), 0));
    assert!(DEFLATER.take().expect("it was used").buffer.capacity() <= KEPT);
}

#[test]
fn after_a_message_that_is_none_the_next_one_is_as_if_it_were_the_first() {
    let good = deflate(&frames(&[(true, &[5; 500])]), 0).expect("it becomes smaller").frames;
    for bad in
        [&[0xff; 20][..], &good[2..good.len() - 2], &[], &[0x03, 0x00, 0x01], &[0x4a, 0x04, 0x82, 0x01, 0x00]]
    {
        assert_eq!(inflate(bad, 1000), Err(InflateError::Invalid), "{bad:x?}");
        assert_eq!(inflate(&good[2..], 1000), Ok(vec![5; 500].into()));
    }
}
