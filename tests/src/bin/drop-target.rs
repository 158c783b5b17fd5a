//! A program of the desktop that takes files: a window of 200x200 at the place that it
//! is told (`drop-target X Y`). It says `ready`, `over` as long as a file is held over
//! it, and `dropped` with the address of each that it was given.

#![allow(
    clippy::print_stdout,
    reason = "what it says is what the test waits for"
)]

use anyhow::Context;
use gtk::gdk::DragAction;
use gtk::prelude::*;
use gtk::{DestDefaults, TargetEntry, TargetFlags, Window, WindowType, glib};

fn main() -> anyhow::Result<()> {
    let place: Vec<i32> = std::env::args()
        .skip(1)
        .filter_map(|number| number.parse().ok())
        .collect();
    let [x, y] = place[..] else {
        anyhow::bail!("drop-target X Y");
    };
    gtk::init().context("no display")?;
    let window = Window::new(WindowType::Toplevel);
    window.set_title("Drop target");
    window.set_default_size(200, 200);
    window.move_(x, y);
    window.connect_map(|_| println!("ready"));
    let takes = [TargetEntry::new("text/uri-list", TargetFlags::empty(), 0)];
    window.drag_dest_set(DestDefaults::ALL, &takes, DragAction::COPY);
    window.connect_drag_motion(|_, _, _, _, _| {
        println!("over");
        // What accepts it comes after this.
        false
    });
    window.connect_drag_data_received(|_, _, _, _, data, _, _| {
        for address in data.uris() {
            println!("dropped {address}");
        }
    });
    window.connect_delete_event(|_, _| {
        gtk::main_quit();
        glib::Propagation::Proceed
    });
    window.show();
    gtk::main();
    Ok(())
}
