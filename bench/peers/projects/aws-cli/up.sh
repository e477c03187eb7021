# The tutorial's steps, each taken only where its result is not there yet.
set -e
. ./names.sh

there aws dynamodb describe-table --table-name $table || {
    aws dynamodb create-table --table-name $table --billing-mode PAY_PER_REQUEST \
        --attribute-definitions AttributeName=userId,AttributeType=S AttributeName=itemId,AttributeType=S \
        --key-schema AttributeName=userId,KeyType=HASH AttributeName=itemId,KeyType=RANGE
    aws dynamodb wait table-exists --table-name $table
    aws dynamodb update-continuous-backups --table-name $table \
        --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true
}

test -n "$(query logs describe-log-groups --log-group-name-prefix $group --query 'logGroups[].arn')" || {
    aws logs create-log-group --log-group-name $group
    aws logs put-retention-policy --log-group-name $group --retention-in-days 14
}

there aws iam get-role --role-name $role ||
    aws iam create-role --role-name $role --assume-role-policy-document file://trust.json
for policy in $policies; do
    there aws iam get-policy --policy-arn arn:aws:iam::$account:policy/$policy || {
        aws iam create-policy --policy-name $policy --policy-document file://$policy.json
        aws iam attach-role-policy --role-name $role --policy-arn arn:aws:iam::$account:policy/$policy
    }
done

there aws lambda get-function --function-name $function || {
    aws lambda create-function --function-name $function --runtime provided.al2023 --handler bootstrap \
        --architectures {{architecture}} --role arn:aws:iam::$account:role/$role --zip-file fileb://bootstrap.zip \
        --memory-size 256 --timeout 10 --environment "Variables={TABLE_NAME=$table,AUTH=none}" --publish
    aws lambda wait function-active-v2 --function-name $function
    aws lambda create-alias --function-name $function --name live --function-version 1
}

test -n "$(api_id)" || {
    id=$(query apigatewayv2 create-api --name $name --protocol-type HTTP --query ApiId --cors-configuration \
        AllowOrigins=http://localhost:5173,AllowMethods=GET,POST,PATCH,DELETE,AllowHeaders=content-type,MaxAge=300)
    integration=$(query apigatewayv2 create-integration --api-id "$id" --integration-type AWS_PROXY --query IntegrationId \
        --integration-uri arn:aws:lambda:us-east-1:$account:function:$function:live --payload-format-version 2.0)
    aws apigatewayv2 create-route --api-id "$id" --route-key 'ANY /' --target "integrations/$integration"
    aws apigatewayv2 create-stage --api-id "$id" --stage-name '$default' --auto-deploy
    aws lambda add-permission --function-name $function --qualifier live --statement-id api \
        --action lambda:InvokeFunction --principal apigateway.amazonaws.com \
        --source-arn "arn:aws:execute-api:us-east-1:$account:$id/*"
}
