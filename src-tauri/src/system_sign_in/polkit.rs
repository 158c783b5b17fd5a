//! Linux: the authority of polkit, which has the desktop ask for the password of the
//! user, a finger, or what else it is set up for. The action is described by a file
//! of our packages (`im.startalk.desktop.policy`); without that file the authority
//! knows no such action.

use std::collections::HashMap;
use std::time::Duration;

use zbus::Connection;
use zbus::zvariant::Value;

use super::Outcome;

const NAME: &str = "org.freedesktop.PolicyKit1";
const PATH: &str = "/org/freedesktop/PolicyKit1/Authority";
const INTERFACE: &str = "org.freedesktop.PolicyKit1.Authority";
const ACTION: &str = "im.startalk.desktop.unlock";
/// `AllowUserInteraction`.
const MAY_ASK: u32 = 1;
/// Set to anything where the user closed the question.
const DISMISSED: &str = "polkit.dismissed";

/// Longest wait for what needs no person.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest wait for one.
const PERSON: Duration = Duration::from_secs(180);

/// An action as `EnumerateActions` has it: id, description, message, vendor, address of
/// the vendor, icon, what is asked of whom, annotations.
type Action = (
    String,
    String,
    String,
    String,
    String,
    String,
    u32,
    u32,
    u32,
    HashMap<String, String>,
);

pub(super) async fn is_there() -> bool {
    let known = async { knows_us(&Connection::system().await?).await };
    matches!(tokio::time::timeout(PATIENCE, known).await, Ok(Ok(true)))
}

pub(super) async fn ask() -> Outcome {
    let asked = async {
        let connection = Connection::system().await?;
        let name = connection.unique_name().map(ToString::to_string);
        ask_on(&connection, &name.unwrap_or_default()).await
    };
    match tokio::time::timeout(PERSON, asked).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => {
            tracing::info!(%error, "the system does not ask for its sign-in");
            Outcome::Unable
        }
        Err(_) => Outcome::Cancelled,
    }
}

async fn knows_us(connection: &Connection) -> zbus::Result<bool> {
    let actions = connection
        .call_method(Some(NAME), PATH, Some(INTERFACE), "EnumerateActions", &"")
        .await?;
    let actions: Vec<Action> = actions.body().deserialize()?;
    Ok(actions.iter().any(|action| action.0 == ACTION))
}

/// Asks whether whoever is behind this name on the bus, we, is its user.
async fn ask_on(connection: &Connection, name: &str) -> zbus::Result<Outcome> {
    let who = (
        "system-bus-name",
        HashMap::from([("name", Value::from(name))]),
    );
    let details = HashMap::<&str, &str>::new();
    let question = (who, ACTION, details, MAY_ASK, "");
    let answer = connection
        .call_method(
            Some(NAME),
            PATH,
            Some(INTERFACE),
            "CheckAuthorization",
            &question,
        )
        .await?;
    let (authorized, challenge, details): (bool, bool, HashMap<String, String>) =
        answer.body().deserialize()?;
    Ok(if authorized {
        Outcome::Confirmed
    } else if details.contains_key(DISMISSED) {
        Outcome::Cancelled
    } else if challenge {
        // It would have to ask, and nobody is there who could.
        Outcome::Unable
    } else {
        Outcome::Refused
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use zbus::connection::Builder;
    use zbus::zvariant::OwnedValue;

    use super::*;

    /// An authority of our own, with a person who answers as the test says.
    struct Authority {
        knows: &'static str,
        answer: (bool, bool, &'static [&'static str]),
    }

    #[zbus::interface(name = "org.freedesktop.PolicyKit1.Authority")]
    impl Authority {
        fn enumerate_actions(&self, _locale: String) -> Vec<Action> {
            let text = String::new;
            let action = |id: &str| {
                let none = HashMap::new();
                let id = id.to_owned();
                (id, text(), text(), text(), text(), text(), 0, 0, 3, none)
            };
            vec![action("org.example.other"), action(self.knows)]
        }

        fn check_authorization(
            &self,
            who: (String, HashMap<String, OwnedValue>),
            action: String,
            details: HashMap<String, String>,
            flags: u32,
            _cancellation: String,
        ) -> (bool, bool, HashMap<String, String>) {
            let name: String = who.1["name"].try_clone().unwrap().try_into().unwrap();
            assert_eq!((who.0.as_str(), name.as_str()), ("system-bus-name", ":1.7"));
            assert_eq!((action.as_str(), flags), (ACTION, MAY_ASK));
            // What is not root may give none.
            assert!(details.is_empty());
            let (authorized, challenge, told) = self.answer;
            let told = told
                .iter()
                .map(|key| ((*key).to_owned(), "true".to_owned()));
            (authorized, challenge, told.collect())
        }
    }

    async fn with<T>(authority: Authority, work: impl AsyncFnOnce(&Connection) -> T) -> T {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let service = Builder::async_io_unix_stream(theirs)
            .server(zbus::Guid::generate())
            .unwrap()
            .p2p()
            .serve_at(PATH, authority)
            .unwrap()
            .build();
        let client = Builder::async_io_unix_stream(ours).p2p().build();
        let (service, client) = tokio::join!(service, client);
        let result = work(&client.unwrap()).await;
        drop(service.unwrap());
        result
    }

    #[tokio::test]
    async fn u109_the_system_says_whether_it_is_the_user() {
        let nothing: &[&str] = &[];
        let closed: &[&str] = &[DISMISSED];
        for (answer, outcome) in [
            ((true, false, nothing), Outcome::Confirmed),
            ((false, false, closed), Outcome::Cancelled),
            ((false, true, closed), Outcome::Cancelled),
            ((false, true, nothing), Outcome::Unable),
            ((false, false, nothing), Outcome::Refused),
        ] {
            let authority = Authority {
                knows: ACTION,
                answer,
            };
            let asked = with(authority, async |bus| ask_on(bus, ":1.7").await);
            assert_eq!(asked.await.unwrap(), outcome, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn u109_it_is_offered_where_the_package_has_said_for_what() {
        for (knows, there) in [(ACTION, true), ("im.startalk.desktop", false)] {
            let nothing: &[&str] = &[];
            let answer = (false, false, nothing);
            let authority = Authority { knows, answer };
            let known = with(authority, async |bus| knows_us(bus).await).await;
            assert_eq!(known.unwrap(), there);
        }
        let policy = include_str!("../../im.startalk.desktop.policy");
        assert!(policy.contains(&format!("<action id=\"{ACTION}\">")));
        // Their own password, each time and wherever they sit; nobody else's.
        for whose in ["any", "inactive", "active"] {
            let asked = format!("<allow_{whose}>auth_self</allow_{whose}>");
            assert!(policy.contains(&asked), "{asked}");
        }
        let configuration = include_str!("../../tauri.conf.json");
        let place = "/usr/share/polkit-1/actions/im.startalk.desktop.policy";
        assert_eq!(configuration.matches(place).count(), 2, "both packages");
    }
}
