//! For tests that follow one thread of what comes: what is asked for next to it
//! does not disturb the order of the rest.

use std::collections::VecDeque;

use xmpp_core::{Element, ns};

use super::{Client, body, condition, parse};

impl Client {
    /// The next element: first what an answer overtook.
    pub(crate) async fn next(&mut self) -> Element {
        match self.overtaken.pop_front() {
            Some(element) => element,
            None => self.element().await,
        }
    }

    /// The first element that fits; what came before it is dropped.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Element) -> bool) -> Element {
        loop {
            let element = self.next().await;
            if fits(&element) {
                return element;
            }
        }
    }

    /// Everything up to the first element that fits, that included.
    pub(crate) async fn all_until(&mut self, fits: impl Fn(&Element) -> bool) -> Vec<Element> {
        let mut all = Vec::new();
        loop {
            all.push(self.next().await);
            if all.last().is_some_and(&fits) {
                return all;
            }
        }
    }

    /// The message with this text, dropping what came before it.
    pub(crate) async fn text(&mut self, text: &str) -> Element {
        self.until(|element| body(element).as_deref() == Some(text))
            .await
    }

    /// The error that answers the stanza with this id.
    pub(crate) async fn error(&mut self, id: &str) -> String {
        let answer = self.until(|element| element.attr("id") == Some(id)).await;
        condition(&answer)
    }

    pub(crate) async fn get(&mut self, to: &str, payload: &str) -> Result<Element, String> {
        self.request("get", to, payload).await
    }

    pub(crate) async fn set(&mut self, to: &str, payload: &str) -> Result<Element, String> {
        self.request("set", to, payload).await
    }

    /// The payload of the answer (an empty element where there is none), or the
    /// condition of the error. What comes before the answer stays to be read.
    async fn request(&mut self, kind: &str, to: &str, payload: &str) -> Result<Element, String> {
        self.syncs += 1;
        let id = format!("request-{}", self.syncs);
        let to = match to {
            "" => String::new(),
            to => format!("to='{to}'"),
        };
        self.send(format!(
            "<iq xmlns='jabber:client' type='{kind}' id='{id}' {to}>{payload}</iq>"
        ))
        .await;
        let mut kept = VecDeque::new();
        let answer = loop {
            let element = parse(&self.raw().await);
            if element.name() == "iq" && element.attr("id") == Some(&id) {
                break element;
            }
            kept.push_back(element);
        };
        self.overtaken.append(&mut kept);
        match answer.attr("type") {
            Some("result") => {
                let empty = || Element::bare("nothing", ns::CLIENT);
                Ok(answer.children().next().cloned().unwrap_or_else(empty))
            }
            _ => Err(condition(&answer)),
        }
    }
}
