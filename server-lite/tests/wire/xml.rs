//! What XML and its name spaces allow, a client may write (RFC 6120, section 11).

use crate::client::{Client, bodies};
use crate::server::Server;

#[tokio::test]
async fn what_xml_allows_is_allowed() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    bob.sync().await;
    let long = "长".repeat(60_000);
    for (written, meant) in [
        ("<![CDATA[a < b && <c/> ]] >]]>", "a < b && <c/> ]] >"),
        ("a<![CDATA[]]>b", "ab"),
        ("&lt;&gt;&amp;&apos;&quot;", "<>&'\""),
        ("&#20013;&#x6587;&#x1F389;", "中文🎉"),
        ("tab\tand\nline", "tab\tand\nline"),
        (&long, &long),
    ] {
        rosa.send(format!(
            "\n \t<message\n to=\"bob@team.internal\"\ttype='chat' ><body >{written}</body\n></message\n>"
        ))
        .await;
        rosa.sync().await;
        assert_eq!(bodies(&bob.messages().await), [meant]);
    }
    // However it is cut.
    let whole = "<message to='bob@team.internal' type='chat'><body>中文 &amp;</body></message>";
    for byte in whole.as_bytes() {
        assert!(rosa.try_send(&[*byte]).await);
    }
    rosa.sync().await;
    assert_eq!(bodies(&bob.messages().await), ["中文 &"]);
}

#[tokio::test]
async fn name_spaces_survive_the_way_through_the_server() {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut faults = Vec::new();
    for (n, stanza) in [
        "<message to='bob@team.internal' type='chat' xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='de'><body>N</body></message>",
        "<message to='bob@team.internal' type='chat' xml:lang='zh'><body xml:lang='zh'>N</body></message>",
        "<c:message xmlns:c='jabber:client' to='bob@team.internal' type='chat'><c:body>N</c:body></c:message>",
        "<message xmlns:c='jabber:client' to='bob@team.internal' type='chat'><c:body>N</c:body></message>",
        "<message xmlns:c='jabber:client' xmlns:d='jabber:client' to='bob@team.internal' type='chat'><c:body>N</c:body><d:subject/></message>",
        "<message to='bob@team.internal' type='chat'><body>N</body><x xmlns=''><y/></x></message>",
        "<message to='bob@team.internal' type='chat'><x xmlns=''/><body>N</body></message>",
        "<message to='bob@team.internal' type='chat'><body>N</body><x xmlns='urn:a' xmlns:a='urn:a'><a:y/></x></message>",
        "<message to='bob@team.internal' type='chat'><body>N</body><a:x xmlns:a='urn:a'><a:y xmlns:a='urn:b' a:z='1'/></a:x></message>",
        "<message to='bob@team.internal' type='chat' xmlns:a='urn:a' a:z='1'><body a:z='2'>N</body></message>",
        "<message to='bob@team.internal' type='chat'><body>N</body><stream:x/></message>",
        "<message to='bob@team.internal' type='chat' xmlns:stream='urn:a'><body>N</body><stream:x/></message>",
        "<message to='bob@team.internal' type='chat' xmlns:ns0='urn:a' xmlns:tns0='urn:b'><body>N</body><ns0:x tns0:y=''/><z xmlns='urn:c'/></message>",
        "<message to='bob@team.internal' type='chat'><body>N</body><x xmlns='&lt;&apos;&quot;&amp;'/></message>",
        "<message to='bob@team.internal' type='chat'><body>N</body><x xmlns='urn:x' a='&#10;&#9;&#13;&lt;&apos;&quot;'/></message>",
        "<message to='bob@team.internal' type='chat'><body>N</body><_x.-1 xmlns='urn:x' é='1'/></message>",
    ]
    .iter()
    .enumerate()
    {
        let mut rosa = Client::session(&server, "rosa", "desk").await;
        let text = format!("no {n}");
        let stanza = stanza.replace(">N<", &format!(">{text}<"));
        rosa.send(&stanza).await;
        // Whatever becomes of it, the session ends in good order.
        rosa.try_send(b"</stream:stream>").await;
        let (_, condition) = rosa.end_with_all().await;
        let got = bodies(&bob.messages().await);
        if condition.is_some() || got != [text] {
            faults.push(format!("{stanza}: {condition:?} {got:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Client::prove_alive(&server, "bob").await;
}
