"""Writes what `tests/model` needs of a botocore model: the operations that are named, and the shapes that they use.

    python3 vendor.py ssm PutParameter GetParameter … > ssm.json

botocore is read from wherever Python finds it: `pip install botocore`.
"""

import json
import sys

import botocore.loaders

KEPT = ("type", "required", "enum", "min", "max", "pattern", "location", "locationName", "flattened", "payload")


def kept(shape, members):
    """`shape` without its documentation; only its `members` point at other shapes."""
    rest = {key: value for key, value in shape.items() if key in KEPT}
    return {**rest, **members}


def reference(of):
    return {key: value for key, value in of.items() if key == "shape" or key in KEPT}


def main(service, *names):
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    operations, shapes = {}, {}

    def take(name):
        if name in shapes:
            return
        shape = model["shapes"][name]
        members = {}
        for part in ("member", "key", "value"):
            if part in shape:
                members[part] = reference(shape[part])
        if "members" in shape:
            members["members"] = {key: reference(of) for key, of in shape["members"].items()}
        shapes[name] = kept(shape, members)
        for of in [*members.get("members", {}).values(), *(members[part] for part in members if part != "members")]:
            take(of["shape"])

    for name in names:
        operation = model["operations"][name]
        operations[name] = {"http": operation["http"]}
        for part in ("input", "output"):
            if part in operation:
                operations[name][part] = reference(operation[part])
                take(operation[part]["shape"])
    metadata = {key: model["metadata"].get(key) for key in ("endpointPrefix", "protocol", "serviceId", "targetPrefix")}
    lines = [f'"metadata": {json.dumps(metadata)}']
    for title, values in (("operations", operations), ("shapes", shapes)):
        inner = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(values.items()))
        lines.append(f'"{title}": {{\n{inner}\n}}')
    print("{\n" + ",\n".join(lines) + "\n}")


main(*sys.argv[1:])
