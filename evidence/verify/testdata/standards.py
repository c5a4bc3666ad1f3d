"""Checks an unpacked package with other people's programs: the prov package reads
PROV-JSON, and roc-validator the RO-Crate. The context of RO-Crate 1.1 comes from the
package rocrate 0.11, so that no network is needed."""
import importlib.resources
import io
import json
import os
import sys

import prov.model
import rdflib.plugins.shared.jsonld.context as context_module
import rdflib.plugins.shared.jsonld.util as util
import requests
import urllib3

folder = sys.argv[1]
faults = []

# PROV-JSON: read, written and read again it is the same.
document = prov.model.ProvDocument.deserialize(os.path.join(folder, "prov.json"))
again = prov.model.ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
if document != again:
    faults.append("prov.json changes when the prov package writes it again")
records = list(document.get_records())

# Constraints of PROV-CONSTRAINTS that can be broken here, by their numbers.
kinds = {}
for r in records:
    if r.is_element():
        kinds.setdefault(r.identifier, set()).add(r.get_type().localpart)
for identifier, found in kinds.items():
    if {"Entity", "Activity"} <= found:
        faults.append(f"constraint 55: {identifier} is an entity and an activity")
for r in records:
    if isinstance(r, prov.model.ProvActivity):
        start, end = r.get_startTime(), r.get_endTime()
        if start and end and end < start:
            faults.append(f"constraint 30: {r.identifier} ends before it starts")
    if r.is_relation():
        for name, value in r.formal_attributes:
            if isinstance(value, prov.identifier.QualifiedName) and value not in kinds and "time" not in name.localpart and name.localpart not in ("generation", "usage", "plan"):
                faults.append(f"{r.get_type()} names {value} as {name.localpart}, which is not declared")
after = {}
for r in records:
    if isinstance(r, prov.model.ProvDerivation):
        args = dict((n.localpart, v) for n, v in r.formal_attributes)
        after.setdefault(args["generatedEntity"], set()).add(args["usedEntity"])
done, path = set(), set()
for first in after:  # an entity that comes from itself would be generated before it is generated (36, 41)
    stack = [(first, iter(after.get(first, ())))]
    path.add(first)
    while stack:
        entity, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            stack.pop()
            path.discard(entity)
            done.add(entity)
        elif following in path:
            faults.append(f"constraint 41: {following} is derived from itself")
            break
        elif following not in done:
            path.add(following)
            stack.append((following, iter(after.get(following, ()))))
    path.clear()

# RO-Crate.
context = importlib.resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
address = "https://w3id.org/ro/crate/1.1/context"
assert json.loads(context)["@id"] == address, "rocrate 0.11 has the context of 1.1"
load = util.source_to_json


def loaded(source, *args, **kwargs):
    return (json.loads(context), None) if str(source) == address else load(source, *args, **kwargs)


def send(self, request, **_):
    if request.url != address:
        raise requests.ConnectionError("no network in this test: " + request.url)
    raw = urllib3.HTTPResponse(io.BytesIO(context), {"Content-Type": "application/ld+json"}, 200, preload_content=False, request_url=request.url)
    return self.build_response(request, raw)


util.source_to_json = context_module.source_to_json = loaded
requests.adapters.HTTPAdapter.send = send
from rocrate_validator import models, services  # noqa: E402  (after the patches)

result = services.validate(models.ValidationSettings(rocrate_uri=folder, profile_identifier="process-run-crate", requirement_severity=models.Severity.REQUIRED))
faults += [f"RO-Crate, {i.check.identifier}: {i.message}" for i in result.get_issues()]

for fault in faults:
    print(fault)
print(f"{len(records)} records of PROV; RO-Crate passed: {result.passed()}")
sys.exit(1 if faults or not records else 0)
