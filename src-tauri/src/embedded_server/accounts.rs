//! Accounts on the built-in server, as accounts of this program.

use engine::Engine;
use engine::api::{ApiError, ErrorCode, Request, Response};
use server_lite::{AccountError, ServerHandle};

use super::errors::account_error;
use crate::contract::TeamSignIn;

/// The name that the others see of the account on this computer.
pub(super) async fn host_name(engine: &Engine, id: Option<&str>) -> Option<String> {
    match engine.handle(Request::Overview).await {
        Ok(Response::Overview(overview)) => overview
            .accounts
            .into_iter()
            .find(|account| Some(account.id.as_str()) == id)
            .map(|account| account.display_name),
        _ => None,
    }
}

/// Signs somebody in who comes back.
pub(super) async fn sign_in_to(
    engine: &Engine,
    handle: &ServerHandle,
    sign_in: &TeamSignIn,
) -> Result<String, ApiError> {
    let TeamSignIn { name, password } = sign_in;
    let failed = |error: AccountError| account_error(&error, name);
    if handle.has_nobody().await.map_err(failed)? {
        // Its first start was broken off.
        return make_account(engine, handle, name, password).await;
    }
    match handle.account_named(name).await.map_err(failed)? {
        Some(username) => add_account(engine, handle, username, None, password).await,
        None => Err(ApiError::new(ErrorCode::WrongPassword)),
    }
}

/// Makes an account and signs it in.
pub(super) async fn make_account(
    engine: &Engine,
    handle: &ServerHandle,
    name: &str,
    password: &str,
) -> Result<String, ApiError> {
    let address = handle
        .create_account(name, password)
        .await
        .map_err(|error| account_error(&error, name))?;
    let username = address.node().map(ToString::to_string).unwrap_or_default();
    add_account(engine, handle, username, Some(name), password).await
}

async fn add_account(
    engine: &Engine,
    handle: &ServerHandle,
    username: String,
    display_name: Option<&str>,
    password: &str,
) -> Result<String, ApiError> {
    engine
        .add_account(engine::NewAccount {
            target: handle.loopback_target(),
            user: engine::NewUser::Existing {
                username,
                display_name: display_name.map(|name| name.trim().to_owned()),
            },
            password: password.to_owned(),
        })
        .await
}
