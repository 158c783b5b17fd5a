//! Rooms (XEP-0045).

mod entering_and_speaking;
mod keeping_order;
