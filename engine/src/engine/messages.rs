//! Requests about messages go to the account that they name.

use super::Engine;
use crate::api::{ApiError, MessageRequest, Response};

impl Engine {
    pub(super) async fn about_messages(
        &self,
        request: MessageRequest,
    ) -> Result<Response, ApiError> {
        let (MessageRequest::Send { account, .. }
        | MessageRequest::Edit { account, .. }
        | MessageRequest::React { account, .. }
        | MessageRequest::Retract { account, .. }
        | MessageRequest::Forward { account, .. }
        | MessageRequest::Details { account, .. }
        | MessageRequest::Locate { account, .. }) = &request;
        self.account(account)?.about_message(request).await
    }
}
