//! Rooms, which answer at a domain of their own: here they are only listed.

use super::{Module, in_part, whole};

pub(crate) const MODULE: Module = Module {
    specs: &[
        in_part(
            "XEP-0045",
            "Rooms",
            "to register reserves a nickname and makes no member; no codes 102 and 103: who is not there is never shown",
        ),
        whole("XEP-0249", "Direct invitations"),
        whole("XEP-0307", "Unique names of rooms"),
        whole("XEP-0410", "Self-ping"),
        whole("XEP-0421", "Ids of occupants"),
        whole(
            "XEP-0425",
            "Moderation, as it is and as older clients know it",
        ),
        whole("XEP-0486", "Pictures of rooms"),
        in_part(
            "XEP-0513",
            "Explicit mentions",
            "who may name everybody, in the forms of a room; nothing else of it",
        ),
    ],
    ..Module::NONE
};
