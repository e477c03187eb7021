# What everything is called.
name=bench-app
table=$name-data
role=$name-lambda-role
function=$name-api
group=/aws/lambda/$function
account=123456789012
policies="$name-dynamodb $name-logs"
query() { aws "$@" --output text; }
there() { "$@" >/dev/null 2>&1; }
digest() { openssl dgst -sha256 -binary bootstrap.zip | base64; }
api_id() { query apigatewayv2 get-apis --query "Items[?Name=='$name'].ApiId"; }
