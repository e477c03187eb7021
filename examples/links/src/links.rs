//! The table of the links, and its index by owner.

use std::collections::HashMap;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_http::Error;
use serde::{Deserialize, Serialize};

/// Links of one owner, the newest last.
const BY_OWNER: &str = "byOwner";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub id: String,
    pub owner: String,
    pub url: String,
    /// Seconds since 1970.
    pub created_at: u64,
}

pub enum Put {
    Made,
    Taken,
}

/// What DynamoDB said.
pub type Failed = String;

type Item = HashMap<String, AttributeValue>;

#[derive(Clone)]
pub struct Links {
    client: Client,
    table: String,
}

impl Links {
    pub async fn from_environment() -> Result<Self, Error> {
        let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(https);
        let client = Client::new(&config.load().await);
        Ok(Self { client, table: std::env::var("LINKS_TABLE")? })
    }

    /// Never overwrites.
    pub async fn put(&self, link: &Link) -> Result<Put, Failed> {
        let call = self.client.put_item().table_name(&self.table);
        let call = call
            .item("id", text(&link.id))
            .item("owner", text(&link.owner))
            .item("url", text(&link.url))
            .item("createdAt", number(link.created_at));
        match call.condition_expression("attribute_not_exists(id)").send().await {
            Ok(_) => Ok(Put::Made),
            Err(error) => match error.as_service_error() {
                Some(error) if error.is_conditional_check_failed_exception() => Ok(Put::Taken),
                _ => Err(told(error)),
            },
        }
    }

    pub async fn get(&self, id: &str) -> Result<Option<Link>, Failed> {
        let call = self.client.get_item().table_name(&self.table).key("id", text(id));
        let found = call.consistent_read(true).send().await.map_err(told)?;
        Ok(found.item.as_ref().and_then(link))
    }

    pub async fn delete(&self, id: &str) -> Result<(), Failed> {
        let call = self.client.delete_item().table_name(&self.table).key("id", text(id));
        call.send().await.map(|_| ()).map_err(told)
    }

    pub async fn owned_by(&self, owner: &str, since: u64) -> Result<Vec<Link>, Failed> {
        let call = self.client.query().table_name(&self.table).index_name(BY_OWNER);
        let call = call
            .key_condition_expression("#owner = :owner AND createdAt >= :since")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":since", number(since));
        let found = call.send().await.map_err(told)?;
        Ok(found.items().iter().filter_map(link).collect())
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// `None` for an item of another shape.
fn link(item: &Item) -> Option<Link> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    let created_at = item.get("createdAt")?.as_n().ok()?.parse().ok()?;
    Some(Link { id: text("id")?, owner: text("owner")?, url: text("url")?, created_at })
}

fn told(error: impl std::error::Error) -> Failed {
    DisplayErrorContext(error).to_string()
}
