//! A message as a user interface shows it.

use super::delivery;
use crate::api::{
    AttachmentView, Direction, MentionView, MessageKind, MessageView, ReactionView, ReplyView,
    RetractedView,
};
use crate::files::names;
use crate::store::messages::{Attachment, Kind, Message, Quoted, Reaction, to_utf16};

/// Longest text of a message that is answered, in characters.
const EXCERPT_CHARS: usize = 200;

pub(super) fn message(message: Message) -> MessageView {
    let mentions = message.extras.mentions.iter();
    let mentions = mentions
        .filter_map(|mention| {
            let (start, end) = to_utf16(&message.text, mention.begin, mention.end)?;
            Some(MentionView {
                start,
                end,
                address: mention.address.clone(),
                me: mention.me,
            })
        })
        .collect();
    MessageView {
        id: message.id,
        position: message.position,
        kind: match message.extras.kind {
            Kind::Text => MessageKind::Text,
            Kind::File => MessageKind::File,
            Kind::Event => MessageKind::Event,
        },
        direction: if message.outgoing {
            Direction::Outgoing
        } else {
            Direction::Incoming
        },
        author: message.author,
        author_name: message.author_name,
        time_ms: message.time_ms,
        event: message.event,
        delivery: message.outgoing.then(|| delivery(&message.state)),
        reply: message.quoted.map(reply),
        reactions: message.reactions.into_iter().map(reaction).collect(),
        edited_ms: message.edited_ms,
        retracted: message
            .retracted
            .map(|retracted| RetractedView { by: retracted.by }),
        attachments: message
            .extras
            .attachments
            .into_iter()
            .map(attachment)
            .collect(),
        mentions,
        mentions_me: message.extras.mentions_me,
        unstyled: message.extras.unstyled,
        encrypted: message.extras.encrypted,
        text: message.text,
    }
}

fn reply(quoted: Quoted) -> ReplyView {
    ReplyView {
        message: quoted.message,
        author_name: quoted.author_name,
        excerpt: excerpt(&quoted.text),
    }
}

pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

fn reaction(reaction: Reaction) -> ReactionView {
    let others = u32::try_from(reaction.names.len()).unwrap_or(u32::MAX);
    ReactionView {
        emoji: reaction.emoji,
        count: others.saturating_add(u32::from(reaction.mine)),
        mine: reaction.mine,
        names: reaction.names,
    }
}

pub(in crate::account) fn attachment(file: Attachment) -> AttachmentView {
    AttachmentView {
        save_name: names::safe(file.name.as_deref().unwrap_or_default()),
        state: file.state,
        name: file.name.unwrap_or_default(),
        url: file.url,
        media_type: file.media_type,
        size_bytes: file.size_bytes,
        width: file.width,
        height: file.height,
        description: file.description,
    }
}
