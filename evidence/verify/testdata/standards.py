"""Checks an unpacked package with other people's programs: the prov package reads
PROV-JSON, constraints.py judges it by PROV-CONSTRAINTS and notation.py holds PROV-N against it; roc-validator reads the RO-Crate. The context of RO-Crate 1.1 comes from the
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

import constraints
import notation

folder = sys.argv[1]
faults = []

# PROV-JSON: read, written and read again it is the same.
document = prov.model.ProvDocument.deserialize(os.path.join(folder, "prov.json"))
again = prov.model.ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
if document != again:
    faults.append("prov.json changes when the prov package writes it again")
records = list(document.get_records())

with open(os.path.join(folder, "prov.json")) as f:
    faults += constraints.faults(document, f.read())
for number, text in constraints.broken():  # the judge of constraints is judged
    if not any(str(number) in fault for fault in constraints.faults(prov.model.ProvDocument.deserialize(content=text, format="json"), text)):
        faults.append(f"nobody finds that constraint {number} is broken in {text}")

# PROV-N says what the prov package makes of PROV-JSON.
with open(os.path.join(folder, "prov.provn")) as f:
    ours = notation.read(f.read())
theirs = notation.read(document.get_provn())
for name, here, there in (("prov.provn", ours, theirs), ("prov.json", theirs, ours)):
    for statement in list((here.statements - there.statements))[:5]:
        faults.append(f"only {name} says {statement}")
for prefix, uri in ours.prefixes.items():
    if theirs.prefixes.get(prefix) != uri:
        faults.append(f"prov.provn means {uri} by {prefix}, prov.json {theirs.prefixes.get(prefix)}")

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
