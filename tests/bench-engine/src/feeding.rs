//! What comes in as fast as the device takes it: a server in this process, which says
//! what a session needs to begin and then nothing but messages, over memory and
//! without TLS. So the engine is measured, from the bytes to the list, and not how
//! fast some server writes.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use engine::{Dialer, NewAccount, NewUser, SecureStream};
use navigation::ServerTarget;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use xmpp_core::element::{StreamPrefixes, parse_in_stream};
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::stream::StreamHeader;
use xmpp_core::{Element, ns};

use crate::table::{Table, number};
use crate::{Plan, device};

const DOMAIN: &str = "bench.invalid";
/// People who write.
const SENDERS: u64 = 50;
/// Bytes that are on their way between the two.
const PIPE: usize = 256 * 1024;

/// Streams that were begun, for the server to take.
struct Pipes(mpsc::UnboundedSender<DuplexStream>);

impl Dialer for Pipes {
    fn dial<'a>(&'a self, _: &'a ServerTarget) -> device::Dialing<'a> {
        Box::pin(async {
            let (near, far) = duplex(PIPE);
            match self.0.send(far) {
                Ok(()) => Ok(SecureStream::unbound(near)),
                Err(_) => Err(std::io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}

pub(crate) async fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    let mut rates = Vec::new();
    for _ in 0..plan.tries {
        rates.push(once(plan.incoming).await?);
    }
    table.at_least(
        "live a second, from the wire to the list",
        "messages",
        rates,
        Some(10_000.0),
    );
    Ok(())
}

async fn once(incoming: u64) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let (pipes, mut begun) = mpsc::unbounded_channel();
    let (sessions, mut ready) = mpsc::unbounded_channel();
    let server = tokio::spawn(async move {
        while let Some(stream) = begun.recv().await {
            let sessions = sessions.clone();
            tokio::spawn(async move { serve(stream, sessions).await });
        }
    });
    let engine = device::engine_over(folder.path(), Arc::new(Pipes(pipes))).await?;
    engine
        .add_account(NewAccount {
            target: ServerTarget::for_server(DOMAIN, None),
            user: NewUser::Existing {
                username: device::USER.to_owned(),
                display_name: None,
            },
            password: "in memory".to_owned(),
        })
        .await?;
    // The first was there to try the password, if there was one for that.
    let mut wire = ready.recv().await.context("no session")?;
    let texts = texts(incoming);
    let began = Instant::now();
    for text in texts {
        if wire.send(text.clone()).await.is_err() {
            wire = ready.recv().await.context("no session")?;
            ensure!(wire.send(text).await.is_ok(), "the session has ended");
        }
    }
    device::until_unread(&engine, u32::try_from(incoming)?).await?;
    let rate = number(incoming) / began.elapsed().as_secs_f64();
    engine.close().await;
    server.abort();
    Ok(rate)
}

/// Messages as they come from a server with an archive, many to a piece.
fn texts(incoming: u64) -> Vec<String> {
    let mut texts = Vec::new();
    for first in (0..incoming).step_by(100) {
        let mut text = String::new();
        for id in first..incoming.min(first + 100) {
            let sender = id * 7 % SENDERS;
            text.push_str(&format!(
                "<message from='person{sender}@{DOMAIN}/desk' to='{user}@{DOMAIN}' type='chat' \
                 id='{unlike:016x}'><body>message {id}, 消息</body>\
                 <origin-id xmlns='urn:xmpp:sid:0' id='{unlike:016x}'/>\
                 <stanza-id xmlns='urn:xmpp:sid:0' by='{user}@{DOMAIN}' id='{id:020}'/></message>",
                user = device::USER,
                // As far from its neighbours as the ids of clients are.
                unlike = (id + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            ));
        }
        texts.push(text);
    }
    texts
}

/// The server's side of one stream; who may write on it is told once its session has
/// begun and has read the archive.
async fn serve(stream: DuplexStream, sessions: mpsc::UnboundedSender<mpsc::Sender<String>>) {
    let (mut read, write) = split(stream);
    let (say, said) = mpsc::channel(16);
    tokio::spawn(write_all(write, said));
    let mut framer = Framer::new(FramingLimits::default());
    let mut prefixes = StreamPrefixes::default();
    let mut has_signed_in = false;
    let mut handled = 0_u32;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let frame = match framer.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                match read.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(many) => framer.push(buffer.get(..many).unwrap_or_default()),
                }
                continue;
            }
            Err(_) => return,
        };
        let answer = match frame {
            Frame::Open(tag) => {
                if let Ok((_, found)) = StreamHeader::parse_tcp(&tag) {
                    prefixes = found;
                }
                header(has_signed_in)
            }
            Frame::Element(bytes) => {
                let Ok(element) = parse_in_stream(&bytes, &prefixes) else {
                    return;
                };
                handled += u32::from(element.has_ns(ns::CLIENT));
                if element.is("auth", ns::SASL) {
                    has_signed_in = true;
                    framer.restart();
                }
                let text = answer(&element, handled);
                if element.has_child("query", ns::MAM) && say.send(text.clone()).await.is_ok() {
                    drop(sessions.send(say.clone()));
                    continue;
                }
                text
            }
            Frame::Close => "</stream:stream>".to_owned(),
        };
        if say.send(answer).await.is_err() {
            return;
        }
    }
}

async fn write_all(mut write: WriteHalf<DuplexStream>, mut said: mpsc::Receiver<String>) {
    while let Some(text) = said.recv().await {
        if write.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn header(has_signed_in: bool) -> String {
    let features = match has_signed_in {
        false => {
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
                  <mechanism>PLAIN</mechanism></mechanisms>"
        }
        true => "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>",
    };
    format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' id='x' \
         from='{DOMAIN}' xmlns:stream='http://etherx.jabber.org/streams'>\
         <stream:features>{features}</stream:features>"
    )
}

/// The least that lets a session begin.
fn answer(element: &Element, handled: u32) -> String {
    if element.is("auth", ns::SASL) {
        return "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>".to_owned();
    }
    if element.is("enable", ns::SM) {
        return "<enabled xmlns='urn:xmpp:sm:3' id='one' resume='true'/>".to_owned();
    }
    if element.is("r", ns::SM) {
        return format!("<a xmlns='urn:xmpp:sm:3' h='{handled}'/>");
    }
    let Some(id) = element.attr("id").filter(|_| element.is("iq", ns::CLIENT)) else {
        return String::new();
    };
    let content = if element.has_child("bind", ns::BIND) {
        format!(
            "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{}@{DOMAIN}/desk</jid></bind>",
            device::USER
        )
    } else if element.has_child("query", ns::MAM) {
        "<fin xmlns='urn:xmpp:mam:2' complete='true'>\
         <set xmlns='http://jabber.org/protocol/rsm'><count>0</count></set></fin>"
            .to_owned()
    } else if element.has_child("query", ns::ROSTER) {
        "<query xmlns='jabber:iq:roster'/>".to_owned()
    } else {
        String::new()
    };
    format!("<iq type='result' id='{id}'>{content}</iq>")
}
