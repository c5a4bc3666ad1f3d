"""Simulate a protocol, send the plan, print and draw what its plates would hold."""

import json
import pathlib
import subprocess
import sys
import tempfile

import matplotlib
import pandas

import wellspring

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

if len(sys.argv) != 2:
    sys.exit("usage: simulate.py PROTOCOL.py")
protocol = pathlib.Path(sys.argv[1])

# Opentrons' own software says what the protocol would do; nothing moves.
with tempfile.TemporaryDirectory() as folder:
    plan = pathlib.Path(folder) / "analysis.json"
    subprocess.run([sys.executable, "-m", "opentrons.cli", "analyze", f"--json-output={plan}", str(protocol)], check=True)
    document = plan.read_bytes()
for error in json.loads(document)["errors"]:
    sys.exit(f"the protocol fails: {error['detail']}")

accepted = wellspring.send(document)
graph = wellspring.get(f"/v1/runs/{accepted['subject'].removeprefix('plan:')}/graph")
nodes = {n["id"]: n for n in graph["nodes"]}
labware = {n["attributes"]["labware"]: n for n in nodes.values() if n["kind"] == "Labware"}

# The last state of each well, with the share of each origin in it.
rows = []
for n in nodes.values():
    a = n["attributes"]
    if n["kind"] == "WellState" and a.get("last") and labware[a["labware"]]["attributes"].get("category") == "wellPlate":
        shares = {nodes[i]["name"]: f for i, f in zip(a.get("originIds", []), a.get("originFractions", []), strict=True)}
        rows.append({"plate": labware[a["labware"]]["name"], "well": a["well"], "volume_ul": a.get("endVolumeUl", a.get("volumeUl")), **shares})
if not rows:
    sys.exit("the protocol leaves nothing in a plate")
wells = pandas.DataFrame(rows).sort_values(["plate", "well"])
print(wells.to_string(index=False, na_rep="", float_format=lambda f: f"{f:g}"))

plate, of_plate = max(wells.groupby("plate"), key=lambda group: len(group[1]))
origin = max((c for c in wells.columns if c not in ("plate", "well", "volume_ul")), key=lambda c: of_plate[c].nunique())
grid = of_plate.assign(row=of_plate["well"].str[0], column=of_plate["well"].str[1:].astype(int)).pivot(index="row", columns="column", values=origin)
image = pyplot.imshow(grid, cmap="cividis", vmin=0, vmax=1)
pyplot.title(f"Share of what came from {origin} in {plate}")
pyplot.xticks(range(len(grid.columns)), grid.columns)
pyplot.yticks(range(len(grid.index)), grid.index)
pyplot.colorbar(image, label="fraction", shrink=0.6)
pyplot.savefig("plan.png", dpi=120)
print("\ndrawn into plan.png")
