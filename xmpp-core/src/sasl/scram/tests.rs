use super::*;
use crate::sasl::Mechanism;

fn exchange(
    mechanism: Mechanism,
    stored: &str,
    typed: &str,
    client: ClientBinding,
    server: &BindingData,
) -> Result<(), ScramError> {
    let hash = mechanism.scram_hash().unwrap();
    let verifier =
        ScramVerifier::derive(hash, stored, b"0123456789abcdef", MIN_ITERATIONS).unwrap();
    let mut client = ScramClient::new(hash, "a,b=c", typed, "clientnonce", client)?;
    let mut server = ScramServer::start(
        mechanism,
        client.initial().as_bytes(),
        "servernonce",
        server,
    )?;
    assert_eq!(server.username(), "a,b=c");
    let challenge = server.challenge(verifier);
    let last = client.respond(challenge.as_bytes())?;
    let signature = server.finish(last.as_bytes())?;
    client.verify(signature.as_bytes())
}

/// RFC 5802, section 5.
#[test]
fn sha1_vector() {
    let mut client = ScramClient::new(
        ScramHash::Sha1,
        "user",
        "pencil",
        "fyko+d2lbbFgONRv9qkxdawL",
        ClientBinding::Unsupported,
    )
    .unwrap();
    assert_eq!(client.initial(), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    let answer = client
        .respond(b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096")
        .unwrap();
    assert_eq!(
        answer,
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
    client.verify(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").unwrap();
    assert_eq!(
        client.verify(b"v=rmF9pqV8S7suAoZWja4dJRkFsKA="),
        Err(ScramError::WrongServerSignature)
    );
}

/// RFC 7677, section 3, seen from the server.
#[test]
fn sha256_vector() {
    let salt = base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==");
    let verifier = ScramVerifier::derive(ScramHash::Sha256, "pencil", &salt, 4096).unwrap();
    let mut server = ScramServer::start(
        Mechanism::ScramSha256,
        b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        &BindingData::default(),
    )
    .unwrap();
    assert_eq!(
        server.challenge(verifier),
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    );
    let last = server
        .finish(
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
              p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        )
        .unwrap();
    assert_eq!(last, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

#[test]
fn both_ends_agree_with_and_without_binding() {
    let none = BindingData::default();
    let bound = BindingData {
        tls_exporter: Some(vec![7; 32]),
        tls_server_end_point: None,
    };
    for (mechanism, client, server) in [
        (Mechanism::ScramSha256, ClientBinding::Unsupported, &none),
        (Mechanism::ScramSha256, ClientBinding::Unsupported, &bound),
        (Mechanism::ScramSha256, ClientBinding::NotOffered, &none),
        (Mechanism::ScramSha1, ClientBinding::Unsupported, &none),
        (
            Mechanism::ScramSha256Plus,
            ClientBinding::TlsExporter(vec![7; 32]),
            &bound,
        ),
        (
            Mechanism::ScramSha1Plus,
            ClientBinding::TlsExporter(vec![7; 32]),
            &bound,
        ),
    ] {
        assert_eq!(
            exchange(mechanism, "密码 1", "密码\u{a0}1", client.clone(), server),
            Ok(()),
            "{mechanism:?} {client:?}"
        );
    }
}

#[test]
fn refusals_name_their_reason() {
    let none = BindingData::default();
    let bound = BindingData {
        tls_exporter: Some(vec![7; 32]),
        tls_server_end_point: None,
    };
    let n = ClientBinding::Unsupported;
    let other = ClientBinding::TlsExporter(vec![8; 32]);
    let plain = Mechanism::ScramSha256;
    let plus = Mechanism::ScramSha256Plus;
    assert_eq!(
        exchange(plain, "a", "b", n.clone(), &none),
        Err(ScramError::WrongProof)
    );
    assert_eq!(
        exchange(plain, "a", "a", ClientBinding::NotOffered, &bound),
        Err(ScramError::Downgrade)
    );
    assert_eq!(
        exchange(plus, "a", "a", other.clone(), &bound),
        Err(ScramError::WrongBinding)
    );
    assert_eq!(
        exchange(plus, "a", "a", other, &none),
        Err(ScramError::UnsupportedBinding)
    );
    assert_eq!(
        exchange(plus, "a", "a", n.clone(), &bound),
        Err(ScramError::Malformed)
    );
    assert!(matches!(
        exchange(plain, "a", "", n.clone(), &none),
        Err(ScramError::Password(_))
    ));
    assert!(matches!(
        exchange(plain, "a", "\u{7}", n, &none),
        Err(ScramError::Password(_))
    ));
}

#[test]
fn hostile_servers_are_refused() {
    for (challenge, error) in [
        ("r=other,s=AAAA,i=4096", ScramError::WrongNonce),
        ("r=nonce,s=AAAA,i=4096", ScramError::WrongNonce),
        ("r=nonceX,s=AAAA,i=1", ScramError::Iterations),
        ("r=nonceX,s=AAAA,i=4000000000", ScramError::Iterations),
        ("r=nonceX,s=AAAA,i=99999999999", ScramError::Malformed),
        ("r=nonceX,s=!,i=4096", ScramError::Malformed),
        (
            "m=ext,r=nonceX,s=AAAA,i=4096",
            ScramError::MandatoryExtension,
        ),
        ("", ScramError::Malformed),
        ("s=AAAA,r=nonceX,i=4096", ScramError::Malformed),
    ] {
        let mut client = ScramClient::new(
            ScramHash::Sha256,
            "u",
            "p",
            "nonce",
            ClientBinding::Unsupported,
        )
        .unwrap();
        assert_eq!(
            client.respond(challenge.as_bytes()),
            Err(error),
            "{challenge}"
        );
        assert_eq!(
            client.verify(b"v=AAAA"),
            Err(ScramError::Malformed),
            "not before an answer"
        );
    }
}

#[test]
fn hostile_clients_are_refused() {
    for bad in [
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=,r=x",
        "n,,n=a",
        "n,,r=x,n=a",
        "n,,n=a=2D,r=x",
        "q,,n=a,r=x",
        "n,b=c,n=a,r=x",
        "p=tls-exporter,,n=a,r=x",
        "n,,n=a,r=",
        "n,,n=a\0,r=x",
    ] {
        let started = ScramServer::start(
            Mechanism::ScramSha256,
            bad.as_bytes(),
            "s",
            &BindingData::default(),
        );
        assert!(started.is_err(), "{bad}");
    }
    let verifier = ScramVerifier::derive(ScramHash::Sha256, "p", b"salt", 4096).unwrap();
    let mut server = ScramServer::start(
        Mechanism::ScramSha256,
        b"n,,n=a,r=x",
        "s",
        &BindingData::default(),
    )
    .unwrap();
    assert_eq!(
        server.finish(b"c=biws,r=xs,p=AAAA"),
        Err(ScramError::Malformed),
        "before the challenge"
    );
    server.challenge(verifier);
    for (last, error) in [
        ("c=biws,r=xs,p=AAAA", ScramError::WrongProof),
        ("c=biws,r=xs", ScramError::Malformed),
        ("c=biws,r=xt,p=AAAA", ScramError::WrongNonce),
        ("c=eSws,r=xs,p=AAAA", ScramError::WrongBinding),
        ("r=xs,c=biws,p=AAAA", ScramError::Malformed),
    ] {
        assert_eq!(server.finish(last.as_bytes()), Err(error), "{last}");
    }
}

#[test]
fn verifier_checks_plain_passwords_and_hides_itself() {
    let verifier = ScramVerifier::derive(ScramHash::Sha1, "pencil", b"salt", 4096).unwrap();
    assert!(verifier.matches("pencil"));
    assert!(!verifier.matches("pencil "));
    assert!(!verifier.matches(""));
    assert_eq!(format!("{verifier:?}"), "ScramVerifier { hash: Sha1, .. }");
}

fn base64_decode(text: &str) -> Vec<u8> {
    message::decode(text).unwrap()
}
