set -e
. ./names.sh

aws apigatewayv2 delete-api --api-id "$(api_id)"
aws lambda delete-function --function-name $function
for policy in $policies; do
    aws iam detach-role-policy --role-name $role --policy-arn arn:aws:iam::$account:policy/$policy
    aws iam delete-policy --policy-arn arn:aws:iam::$account:policy/$policy
done
aws iam delete-role --role-name $role
aws dynamodb delete-table --table-name $table
aws dynamodb wait table-not-exists --table-name $table
aws logs delete-log-group --log-group-name $group
