//! The service that takes files, and what is asked of the engine about them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use startalk_engine::api::{
    AttachmentView, FileRequest, FileSource, FileState, Request, Response, TransferView,
};
use xmpp_core::{Element, ns};

use crate::client::{BOB, Client};
use crate::peer::{Peer, Server};

/// A picture of 256 by 16, as far as its head says.
pub(crate) const PICTURE: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\0\x10\x08\x06\0\0\0 and the rest of it";

/// An answer of the one who was asked.
pub(crate) async fn reply(peer: &mut Peer, iq: &Element, content: &str) {
    let (id, from) = (iq.attr("id").unwrap(), iq.attr("to").unwrap());
    peer.send(&format!(
        "<iq type='result' id='{id}' from='{from}'>{content}</iq>"
    ))
    .await;
}

/// A refusal of the one who was asked.
pub(crate) async fn refuse(peer: &mut Peer, iq: &Element, error: &str) {
    let (id, from) = (iq.attr("id").unwrap(), iq.attr("to").unwrap());
    peer.send(&format!(
        "<iq type='error' id='{id}' from='{from}'>{error}</iq>"
    ))
    .await;
}

/// The server takes files of this size at most, at a service of its own.
pub(crate) async fn offer(peer: &mut Peer, max: u64) {
    let asked = peer.with("query", ns::DISCO_INFO).await;
    reply(
        peer,
        &asked,
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    )
    .await;
    let asked = peer.with("query", ns::DISCO_ITEMS).await;
    reply(
        peer,
        &asked,
        "<query xmlns='http://jabber.org/protocol/disco#items'>\
         <item jid='upload.team.internal'/></query>",
    )
    .await;
    let asked = peer.with("query", ns::DISCO_INFO).await;
    assert_eq!(asked.attr("to"), Some("upload.team.internal"));
    reply(
        peer,
        &asked,
        &format!(
            "<query xmlns='http://jabber.org/protocol/disco#info'>\
             <feature var='urn:xmpp:http:upload:0'/><x xmlns='jabber:x:data' type='result'>\
             <field var='FORM_TYPE'><value>urn:xmpp:http:upload:0</value></field>\
             <field var='max-file-size'><value>{max}</value></field></x></query>"
        ),
    )
    .await;
}

/// The next request for a slot.
pub(crate) async fn asked_for_slot(peer: &mut Peer) -> Element {
    peer.with("request", ns::HTTP_UPLOAD).await
}

/// Where the files of a test are.
pub(crate) fn url(server: &Server, name: &str) -> String {
    format!("https://127.0.0.1:{}/files/{name}", server.port())
}

/// Gives a slot of this name; the request for it.
pub(crate) async fn give_slot(peer: &mut Peer, server: &Server, name: &str) -> Element {
    let asked = asked_for_slot(peer).await;
    let url = url(server, name);
    let slot = format!(
        "<slot xmlns='urn:xmpp:http:upload:0'><put url='{url}'>\
         <header name='Authorization'>Basic YQ==</header><header name='Host'>evil</header>\
         </put><get url='{url}'/></slot>"
    );
    reply(peer, &asked, &slot).await;
    asked.get_child("request", ns::HTTP_UPLOAD).unwrap().clone()
}

impl Client {
    pub(crate) async fn files(&self, request: FileRequest) -> Response {
        self.ask(Request::Files(request)).await
    }

    /// What is asked to send bytes to Bob.
    pub(crate) fn file(&self, name: &str, bytes: &[u8], caption: &str) -> FileRequest {
        let data = STANDARD.encode(bytes);
        self.file_from(FileSource::Bytes { data }, Some(name), caption)
    }

    /// What is asked to send a file to Bob.
    pub(crate) fn file_from(
        &self,
        source: FileSource,
        name: Option<&str>,
        caption: &str,
    ) -> FileRequest {
        FileRequest::Send {
            account: self.account.clone(),
            conversation: BOB.to_owned(),
            source,
            name: name.map(str::to_owned),
            media_type: None,
            width: None,
            height: None,
            caption: caption.to_owned(),
            reply_to: None,
            mentions: Vec::new(),
        }
    }

    /// Sends bytes to Bob.
    pub(crate) async fn send_file(&self, name: &str, bytes: &[u8], caption: &str) -> i64 {
        match self.files(self.file(name, bytes, caption)).await {
            Response::Message(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// The first file of a message with Bob.
    pub(crate) async fn attachment(&self, message: i64) -> AttachmentView {
        let mut all = self.messages().await.into_iter();
        let found = all.find(|one| one.id == message).unwrap();
        found.attachments.into_iter().next().unwrap()
    }

    pub(crate) async fn wait_file(&self, message: i64, state: FileState) {
        self.until(&format!("{state:?}"), async || {
            self.attachment(message).await.state == state
        })
        .await;
    }

    pub(crate) async fn transfers(&self) -> Vec<TransferView> {
        let account = self.account.clone();
        match self.files(FileRequest::Transfers { account }).await {
            Response::Transfers(all) => all,
            other => panic!("{other:?}"),
        }
    }

    /// All bytes of a file that is here.
    pub(crate) async fn bytes(&self, message: i64) -> Vec<u8> {
        let part = self
            .engine
            .read_file(&self.account, message, 0, 0, u32::MAX)
            .await
            .unwrap();
        assert_eq!(part.total, part.bytes.len() as u64);
        part.bytes
    }
}
