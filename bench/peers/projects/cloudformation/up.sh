# Uploads the code when the bucket does not have it, and makes the stack equal to the template.
set -e
digest=$(openssl dgst -sha256 -binary bootstrap.zip | base64)
aws cloudformation package --template-file template.yaml --s3-bucket bench-code --output-template-file packaged.yaml
aws cloudformation deploy --template-file packaged.yaml --stack-name bench-app --capabilities CAPABILITY_NAMED_IAM \
    --parameter-overrides "CodeSha256=$digest" --no-fail-on-empty-changeset
