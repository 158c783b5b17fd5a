//! XEP-0157: whom to write to about the server.

use xmpp_core::{Element, ns};

use super::{Module, whole};
use crate::form::Form;
use crate::server::Server;

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0157", "Contact addresses")],
    forms: |server| form(server).into_iter().collect(),
    ..Module::NONE
};

fn form(server: &Server) -> Option<Element> {
    let contacts = &server.config.contacts;
    let said = [
        ("abuse-addresses", &contacts.abuse),
        ("admin-addresses", &contacts.admin),
        ("feedback-addresses", &contacts.feedback),
        ("sales-addresses", &contacts.sales),
        ("security-addresses", &contacts.security),
        ("status-addresses", &contacts.status),
        ("support-addresses", &contacts.support),
    ];
    let mut said = said
        .into_iter()
        .filter(|(_, all)| !all.is_empty())
        .peekable();
    said.peek()?;
    let form = Form::new("result", ns::SERVER_INFO);
    let form = said.fold(form, |form, (name, all)| {
        form.field(name, "list-multi", None, all)
    });
    Some(form.done())
}
