set -e
aws cloudformation delete-stack --stack-name bench-app
aws cloudformation wait stack-delete-complete --stack-name bench-app
