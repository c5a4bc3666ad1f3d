"""What each well of the demo's assay plate holds of one lot, beside what the reader read."""

import json
import sys

import matplotlib
import pandas

import wellspring

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

LOT = sys.argv[1] if len(sys.argv) > 1 else "lot:BSA-0457"
PLATE = sys.argv[2] if len(sys.argv) > 2 else "AP-0001"

# Everything that was measured of the lot, with its share and concentration there.
rows = wellspring.table(wellspring.node(LOT) + "/impact", kinds="Measurement")
if rows.empty:
    sys.exit(f"nothing that was measured holds any of {LOT}")
facts = rows["attributes"].map(json.loads)
rows["plate"] = facts.map(lambda a: a["plate"])
rows["well"] = facts.map(lambda a: a["well"])
rows["value"] = facts.map(lambda a: a["value"])
rows["measured"] = facts.map(lambda a: a["measured"])
rows = rows[rows["plate"] == PLATE]

rows["row"], rows["column"] = rows["well"].str[0], rows["well"].str[1:].astype(int)
print(rows[["well", "fraction", "concentrations", "value"]].sort_values("fraction", ascending=False).to_string(index=False))


def draw(axes, of, title, unit):
    grid = rows.pivot(index="row", columns="column", values=of).reindex(index=list("ABCDEFGH"), columns=range(1, 13))
    image = axes.imshow(grid, cmap="cividis", aspect="equal")
    axes.set_title(title)
    axes.set_xticks(range(12), range(1, 13))
    axes.set_yticks(range(8), "ABCDEFGH")
    pyplot.colorbar(image, ax=axes, label=unit, shrink=0.6)


figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
draw(left, "fraction", f"Share of {LOT.removeprefix('lot:')} in {PLATE}", "fraction")
draw(right, "value", rows["measured"].iloc[0] + " of " + PLATE, "as read")
figure.savefig("plate.png", dpi=120)
print("\ndrawn into plate.png")
