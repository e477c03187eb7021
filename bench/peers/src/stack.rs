//! The stack that everybody has to make: its names, and its parts as the services take them.

use serde_json::{Value, json};

use crate::cloud::{ACCOUNT, REGION};

pub const RETENTION: u32 = 14;
const ORIGIN: &str = "http://localhost:5173";

/// The names of one stack.
#[derive(Debug, Clone)]
pub struct Names {
    pub table: String,
    pub data_policy: String,
    pub logs_policy: String,
    pub role: String,
    pub log_group: String,
    pub function: String,
    pub api: String,
}

impl Names {
    /// Those that `stackctl` would choose for a stack of this name, but for the policies' capitals.
    pub fn of(name: &str) -> Self {
        Self {
            table: format!("{name}-data"),
            data_policy: format!("{name}-dynamodb"),
            logs_policy: format!("{name}-logs"),
            role: format!("{name}-lambda-role"),
            log_group: format!("/aws/lambda/{name}-api"),
            function: format!("{name}-api"),
            api: name.to_owned(),
        }
    }

    /// Name and document of each policy.
    pub fn policies(&self) -> [(&str, Value); 2] {
        let actions = ["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"];
        let data = actions.map(|action| format!("dynamodb:{action}"));
        let table = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}", self.table);
        let logs = ["logs:CreateLogStream", "logs:PutLogEvents"].map(str::to_owned);
        let group = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{}:*", self.log_group);
        [(&self.data_policy, allow(&data, &table)), (&self.logs_policy, allow(&logs, &group))]
    }

    /// The function with its first version; `zip` is in base64.
    pub fn function(&self, zip: &str) -> Value {
        json!({
            "FunctionName": self.function, "Role": format!("arn:aws:iam::{ACCOUNT}:role/{}", self.role),
            "Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": [architecture()],
            "MemorySize": 256, "Timeout": 10, "Environment": {"Variables": {"TABLE_NAME": self.table, "AUTH": "none"}},
            "Code": {"ZipFile": zip}, "Publish": true,
        })
    }

    pub fn integration(&self) -> Value {
        let alias = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}:live", self.function);
        json!({"integrationType": "AWS_PROXY", "integrationUri": alias, "payloadFormatVersion": "2.0"})
    }
}

pub fn table(name: &str) -> Value {
    json!({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "userId", "AttributeType": "S"}, {"AttributeName": "itemId", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}, {"AttributeName": "itemId", "KeyType": "RANGE"}],
    })
}

pub fn trust() -> Value {
    let statement = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

pub fn api(name: &str) -> Value {
    json!({
        "name": name, "protocolType": "HTTP",
        "corsConfiguration": {
            "allowOrigins": [ORIGIN], "allowMethods": ["GET", "POST", "PATCH", "DELETE"],
            "allowHeaders": ["content-type"], "maxAge": 300,
        },
    })
}

pub fn stage() -> Value {
    json!({"stageName": "$default", "autoDeploy": true})
}

/// What lets this API alone invoke the alias.
pub fn permission(api: &str) -> Value {
    json!({
        "StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
        "SourceArn": format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*"),
    })
}

/// What this machine's programs run on, in Lambda's words.
pub fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

fn allow(actions: &[String], resource: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}
