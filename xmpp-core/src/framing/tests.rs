use proptest::prelude::*;

use super::*;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' to=\"a>b\" version='1.0'>";

fn frames(input: &[u8], chunk: usize) -> Result<Vec<Frame>, FramingError> {
    let mut framer = Framer::new(FramingLimits::default());
    let mut frames = Vec::new();
    for piece in input.chunks(chunk.max(1)) {
        framer.push(piece);
        while let Some(frame) = framer.next_frame()? {
            frames.push(frame);
        }
    }
    Ok(frames)
}

fn elements(body: &str) -> Result<Vec<String>, FramingError> {
    let all = frames(format!("{HEADER}{body}").as_bytes(), usize::MAX)?;
    Ok(all
        .into_iter()
        .filter_map(|frame| match frame {
            Frame::Element(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
            _ => None,
        })
        .collect())
}

#[test]
fn cuts_at_every_chunk_size_alike() {
    let input = format!(
        "{HEADER} <presence/>\n<message a='/>'><body>1 &lt; 2 &#x4E2D;</body><x><x/></x></message>\
         <iq><q><![CDATA[</q></iq>]] ]]]></q></iq></stream:stream>"
    );
    let whole = frames(input.as_bytes(), usize::MAX).unwrap();
    assert_eq!(whole.len(), 5);
    assert!(matches!(&whole[0], Frame::Open(open) if open.starts_with(b"<stream:stream")));
    assert_eq!(whole[1], Frame::Element(Bytes::from_static(b"<presence/>")));
    assert_eq!(whole[4], Frame::Close);
    for chunk in 1..40 {
        assert_eq!(
            frames(input.as_bytes(), chunk).unwrap(),
            whole,
            "chunks of {chunk}"
        );
    }
}

#[test]
fn restricted_constructs_are_refused() {
    for bad in [
        "<!-- c --><iq/>",
        "<iq><!-- c --></iq>",
        "<?php x?>",
        "<iq><?pi?></iq>",
        "<!DOCTYPE a>",
        "<iq><!DOCTYPE a></iq>",
        "<iq><!ENTITY a 'b'></iq>",
        "<![CDATA[x]]>",
        "<iq>&nope;</iq>",
        "<iq>&nbsp;</iq>",
        "<iq>&LT;</iq>",
        "<iq a='&nope;'/>",
        "<iq>&aaaaaaaaaaaaaaaa;</iq>",
    ] {
        assert_eq!(elements(bad), Err(FramingError::Restricted), "{bad}");
    }
    for bad in [
        "<?xmlish version='1.0'?><a>",
        "<?XML version='1.0'?>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>",
    ] {
        assert_eq!(
            frames(bad.as_bytes(), 3),
            Err(FramingError::Restricted),
            "{bad}"
        );
    }
}

#[test]
fn broken_tags_are_refused() {
    for bad in [
        "text",
        "</>",
        "< iq/>",
        "<iq/ >",
        "<iq <",
        "<iq a='<'/>",
        "<>",
        "<iq>&;</iq>",
        "<iq>& </iq>",
        "<iq>&#aaaaaaaaaaaaaaaa;</iq>",
        "<iq>&a b;</iq>",
        "<iq a='&'/>",
        "<iq></\"iq\">",
    ] {
        assert_eq!(elements(bad), Err(FramingError::NotWellFormed), "{bad}");
    }
    assert_eq!(frames(b"</stream>", 9), Err(FramingError::NotWellFormed));
    assert_eq!(frames(b"<stream/>", 9), Err(FramingError::NotWellFormed));
    assert_eq!(
        frames(b"GET / HTTP/1.1", 9),
        Err(FramingError::NotWellFormed)
    );
}

#[test]
fn limits_hold_before_the_element_is_complete() {
    let mut framer = Framer::new(FramingLimits {
        max_element_bytes: 200,
        max_depth: 3,
        max_attributes: 4,
        max_elements: 10,
    });
    framer.push(HEADER.get(21..).unwrap().as_bytes());
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Open(_)))));
    framer.push(b"<iq>");
    framer.push(&[b'x'; 197]);
    assert_eq!(framer.next_frame(), Err(FramingError::TooLarge));
    framer.push(b"</iq>");
    assert_eq!(
        framer.next_frame(),
        Err(FramingError::TooLarge),
        "stays failed"
    );

    let limits = FramingLimits {
        max_element_bytes: 1000,
        max_depth: 3,
        max_attributes: 2,
        max_elements: 10,
    };
    assert_eq!(check_document(b"<a><b><c/></b></a>", limits), Ok(()));
    assert_eq!(
        check_document(b"<a><b><c><d/></c></b></a>", limits),
        Err(FramingError::TooDeep)
    );
    assert_eq!(check_document(b"<a b='' c=''/>", limits), Ok(()));
    assert_eq!(
        check_document(b"<a b='' c='' d=''/>", limits),
        Err(FramingError::TooManyAttributes)
    );
}

#[test]
fn a_document_is_exactly_one_element() {
    let limits = FramingLimits::default();
    assert_eq!(check_document(b" <a>b</a>\n", limits), Ok(()));
    for bad in ["", "<a>", "<a/><b/>", "a", "<a/>x", "</a>", "<a></a></a>"] {
        assert_eq!(
            check_document(bad.as_bytes(), limits),
            Err(FramingError::NotWellFormed),
            "{bad}"
        );
    }
}

#[test]
fn plain_text_injected_behind_starttls_is_seen() {
    let mut framer = Framer::new(FramingLimits::default());
    framer.push(format!("{HEADER}<starttls xmlns='x'/>  ").as_bytes());
    while framer.next_frame().unwrap().is_some() {}
    assert!(!framer.has_leftover());
    framer.push(b"<auth");
    assert!(framer.has_leftover());
}

#[test]
fn a_new_stream_follows_a_restart() {
    let mut framer = Framer::new(FramingLimits::default());
    framer.push(format!("{HEADER}<success xmlns='x'/>").as_bytes());
    framer.next_frame().unwrap();
    framer.next_frame().unwrap();
    framer.restart();
    framer.push(format!("{HEADER}<iq/>").as_bytes());
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Open(_)))));
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Element(_)))));
}

#[test]
fn a_large_element_in_many_pieces_is_looked_at_once() {
    let mut framer = Framer::new(FramingLimits::default());
    let element = format!("<message><body>{}</body></message>", "x&lt;".repeat(50_000));
    let stream = format!("{HEADER}{}", element.repeat(8));
    let mut found = 0;
    for piece in stream.as_bytes().chunks(700) {
        framer.push(piece);
        while let Some(frame) = framer.next_frame().unwrap() {
            found += usize::from(matches!(frame, Frame::Element(_)));
        }
        // What has been given away is not kept beside it.
        assert!(framer.buffer.len() <= element.len() + 700);
    }
    assert_eq!(found, 8);
    assert_eq!(framer.scanner.steps, stream.len());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), chunk in 1usize..50) {
        let _ = frames(&bytes, chunk);
        let _ = check_document(&bytes, FramingLimits::default());
    }

    #[test]
    fn arbitrary_markup_never_panics(text in "[<>/!?a='\"&;\\[\\]CDAT x-]{0,200}", chunk in 1usize..50) {
        let whole = frames(format!("{HEADER}{text}").as_bytes(), usize::MAX);
        let cut = frames(format!("{HEADER}{text}").as_bytes(), chunk);
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn what_we_write_is_one_frame(text in "\\PC{0,200}") {
        let element = crate::element::build("message", crate::ns::CLIENT)
            .attr("id", &text)
            .child(crate::element::build("body", crate::ns::CLIENT).text(&text))
            .done();
        let written = crate::element::write(&element).unwrap();
        prop_assert_eq!(elements(&written).unwrap(), vec![written.clone()]);
        prop_assert_eq!(check_document(written.as_bytes(), FramingLimits::default()), Ok(()));
    }
}

#[test]
fn elements_are_counted_in_each_top_level_element() {
    let full = format!("<iq>{}</iq>", "<a/>".repeat(3_999));
    assert_eq!(elements(&full.repeat(2)).unwrap().len(), 2);
    let over = format!("<iq>{}</iq>", "<a/>".repeat(4_000));
    assert_eq!(elements(&over), Err(FramingError::TooManyElements));
    let limits = FramingLimits::default();
    assert_eq!(check_document(full.as_bytes(), limits), Ok(()));
    let refused = check_document(over.as_bytes(), limits);
    assert_eq!(refused, Err(FramingError::TooManyElements));
}

#[test]
fn limits_that_change_hold_from_the_next_element_on() {
    let strict = FramingLimits::default().for_strangers();
    let mut framer = Framer::new(strict);
    let full = format!("<iq>{}</iq>", "<a/>".repeat(128));
    framer.push(format!("{HEADER}<iq/>{full}").as_bytes());
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Open(_)))));
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Element(_)))));
    framer.set_limits(FramingLimits::default());
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Element(_)))));
    let mut framer = Framer::new(strict);
    framer.push(format!("{HEADER}{full}").as_bytes());
    assert!(framer.next_frame().is_ok());
    assert_eq!(framer.next_frame(), Err(FramingError::TooManyElements));
    let refused = check_document("x".repeat(16 * 1024 + 1).as_bytes(), strict);
    assert_eq!(refused, Err(FramingError::TooLarge));
}

#[test]
fn what_is_cut_leaves_no_room_behind() {
    let mut framer = Framer::new(FramingLimits::default());
    let long = format!("{HEADER}<iq>{}</iq>", "<a/>".repeat(1_000));
    framer.push(long.as_bytes());
    while framer.next_frame().unwrap().is_some() {}
    assert_eq!(framer.buffer.capacity(), 0);
    framer.push(b"<iq");
    assert_eq!(framer.next_frame(), Ok(None));
    framer.push(b"/>");
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Element(_)))));
}

#[test]
fn who_skips_is_given_what_is_beyond_a_limit_and_goes_on() {
    let limits = FramingLimits {
        max_element_bytes: 1000,
        max_depth: 2,
        max_attributes: 2,
        max_elements: 5,
    };
    let deep = "<iq><a><b><c/></b></a></iq>";
    let wide = "<iq a='' b='' c=''/>";
    let many = format!("<iq>{}</iq>", "<a/>".repeat(5));
    for (chunk, restarts) in [(1, false), (7, true), (5000, false)] {
        let mut framer = Framer::that_skips(limits);
        let mut found = Vec::new();
        let text = format!("<s>{deep}<iq/>{wide}<iq/>{many}<iq/>");
        if restarts {
            framer.push(b"<s>");
            assert!(matches!(framer.next_frame(), Ok(Some(Frame::Open(_)))));
            framer.restart();
        }
        for piece in text.as_bytes().chunks(chunk) {
            framer.push(piece);
            while let Some(frame) = framer.next_frame().unwrap() {
                if let Frame::Element(bytes) = frame {
                    found.push((bytes, framer.excess()));
                }
            }
        }
        let expected = [
            (deep, Some(FramingError::TooDeep)),
            ("<iq/>", None),
            (wide, Some(FramingError::TooManyAttributes)),
            ("<iq/>", None),
            (&many, Some(FramingError::TooManyElements)),
            ("<iq/>", None),
        ];
        let expected = expected.map(|(text, why)| (Bytes::copy_from_slice(text.as_bytes()), why));
        assert_eq!(found, expected, "chunks of {chunk}");
    }
    let mut framer = Framer::that_skips(limits);
    framer.push(format!("<s><iq>{}", "<a/>".repeat(300)).as_bytes());
    assert!(framer.next_frame().is_ok());
    assert_eq!(framer.next_frame(), Err(FramingError::TooLarge));
    let mut framer = Framer::that_skips(limits);
    framer.push(b"<s a='' b='' c=''>");
    assert_eq!(framer.next_frame(), Err(FramingError::TooManyAttributes));
}
