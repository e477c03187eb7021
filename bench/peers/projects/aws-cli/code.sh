# Uploads code that is not there yet, and points the alias at it.
set -e
. ./names.sh

now=$(query lambda get-function-configuration --function-name $function --query CodeSha256)
test "$now" = "$(digest)" || {
    version=$(query lambda update-function-code --function-name $function --zip-file fileb://bootstrap.zip --publish \
        --query Version)
    aws lambda wait function-updated-v2 --function-name $function
    aws lambda update-alias --function-name $function --name live --function-version "$version"
}
