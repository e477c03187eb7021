"""Writes what `tests/rest.rs` needs of the botocore model of a REST service: the operations that are named, and the shapes
of what they send.

    python3 vendor_rest.py s3 CreateBucket DeleteObjects … > s3.json

botocore is read from wherever Python finds it: `pip install botocore`.
"""

import json
import sys

import botocore.loaders


def main(service, *names):
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    operations, shapes = {}, {}

    def take(name):
        if name in shapes:
            return
        shape = model["shapes"][name]
        taken = shapes[name] = {"type": shape["type"]}
        taken.update({key: shape[key] for key in ("enum", "pattern", "min", "max") if key in shape})
        if shape["type"] == "structure":
            called = {key: of.get("locationName") or key for key, of in shape["members"].items()}
            taken["members"] = {
                called[key]: {"shape": of["shape"], **({"location": of["location"]} if "location" in of else {})}
                for key, of in shape["members"].items()
            }
            taken["required"] = [called[key] for key in shape.get("required", [])]
            for of in shape["members"].values():
                if "location" not in of:
                    take(of["shape"])
        elif shape["type"] == "list":
            taken["member"] = {"shape": shape["member"]["shape"], "name": shape["member"].get("locationName", "member")}
            if shape.get("flattened"):
                taken["flattened"] = True
            take(shape["member"]["shape"])

    for name in names:
        operation = model["operations"][name]
        given = model["shapes"][operation["input"]["shape"]]
        payload = given.get("payload")
        operations[name] = {
            "method": operation["http"]["method"],
            "uri": operation["http"]["requestUri"],
            "payload": payload,
            "input": operation["input"]["shape"],
        }
        body = given["members"][payload]["shape"] if payload else operation["input"]["shape"]
        in_body = payload or any("location" not in of for of in given["members"].values())
        if in_body and model["shapes"][body]["type"] == "structure":
            take(body)
    kept = ("serviceId", "endpointPrefix", "apiVersion", "protocol")
    metadata = {key: model["metadata"][key] for key in kept}
    document = {"metadata": metadata, "operations": operations, "shapes": shapes}
    print(json.dumps(document, indent=1, sort_keys=True))


main(*sys.argv[1:])
