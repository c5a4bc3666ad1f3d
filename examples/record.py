#!/usr/bin/env python3
"""Make the analyses and run records of this folder from its protocols.

    python3.10 -m venv venv && venv/bin/pip install opentrons==8.8.2
    venv/bin/python record.py

A protocol is analysed by Opentrons' own simulator. The plan (analyses/NAME.json) is
what it says, with what a robot adds when it hands one out: `id` and `status`. The run
record (runs/NAME.json, the App's download: `{data, commands: {data, meta}}`) is the
same commands as if a robot had carried them out, every one succeeded, each as long as
DURATION says. No robot took part.

Ids and times are drawn from a generator seeded with the protocol's name, so the same
protocol and simulator give the same bytes again. As on a robot, the ids of a plan and
of its run differ, and `key` is the same in both.
"""
import csv
import hashlib
import json
import random
import re
import subprocess
import sys
import tempfile
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).parent

# The story: each run and when its robot started it (UTC).
RUNS = {
    "stock_dilution": datetime(2026, 11, 23, 9, 12, 40, tzinfo=timezone.utc),
    "assay_plate": datetime(2026, 11, 23, 13, 31, 5, tzinfo=timezone.utc),
}

# Seconds that an OT-2 needs for a command besides moving liquid, roughly.
DURATION = {
    "home": 14.0, "pickUpTip": 5.5, "aspirate": 2.4, "dispense": 2.2, "blowout": 1.6, "touchTip": 2.5,
    "moveToAddressableAreaForDropTip": 2.0, "moveToAddressableArea": 1.5, "moveToWell": 1.5, "dropTip": 2.5,
    "dropTipInPlace": 1.2, "moveLabware": 25.0, "configureNozzleLayout": 0.1,
}
OTHERWISE = 0.02

# Protein in column 1 of the dilution plate, mg/mL, rows A to H; made up for the story.
PROTEIN = dict(zip("ABCDEFGH", (2.0, 2.0, 1.42, 0.88, 1.05, 0.61, 1.77, 0.30)))
CONTROL = 0.5

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def analyse(protocol: Path) -> dict:
    """Returns what the simulator says about a protocol."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "analysis.json"
        subprocess.run([sys.executable, "-m", "opentrons.cli", "analyze", f"--json-output={output}", str(protocol)],
                       check=True, stderr=subprocess.DEVNULL)
        return json.loads(output.read_text())


def new_id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def with_ids_of(rng: random.Random, document: dict) -> dict:
    """Returns the document with other UUIDs, one for one, in order of appearance."""
    known: dict[str, str] = {}
    text = UUID.sub(lambda m: known.setdefault(m[0], new_id(rng)), json.dumps(document, ensure_ascii=False))
    return json.loads(text)


def instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def stamp(commands: list[dict], rng: random.Random, at: datetime) -> datetime:
    """Gives the commands times, one after the other from at on. Returns the end."""
    for command in commands:
        params = command["params"]
        seconds = DURATION.get(command["commandType"], OTHERWISE) * rng.uniform(0.9, 1.1)
        seconds += params.get("volume", 0) / params.get("flowRate", 1) if "flowRate" in params else 0
        seconds += params.get("seconds", 0)
        command["createdAt"] = instant(at)
        command["startedAt"] = instant(at + timedelta(microseconds=200))
        at += timedelta(seconds=seconds)
        command["completedAt"] = instant(at)
        at += timedelta(milliseconds=rng.uniform(1, 4))
    return at


def plan_of(protocol: Path, analysis: dict, at: datetime) -> dict:
    rng = random.Random(f"plan {protocol.stem}")
    plan = {"id": new_id(rng), "status": "completed"} | with_ids_of(rng, analysis)
    for n, command in enumerate(plan["commands"]):
        command["key"] = hashlib.md5(f"{protocol.stem} {n}".encode()).hexdigest()
        for field in ("createdAt", "startedAt", "completedAt"):
            command[field] = instant(at + timedelta(milliseconds=n))
    plan["createdAt"] = instant(at + timedelta(milliseconds=len(plan["commands"])))
    return plan


def run_of(protocol: Path, plan: dict, created: datetime) -> dict:
    rng = random.Random(f"run {protocol.stem}")
    document = with_ids_of(rng, {key: plan[key] for key in ("commands", "labware", "pipettes", "modules", "liquids")})
    commands = document.pop("commands")
    played = created + timedelta(seconds=8.5)
    completed = stamp(commands, rng, played + timedelta(milliseconds=6))
    data = {
        "id": new_id(rng), "ok": True, "createdAt": instant(created), "status": "succeeded", "current": False,
        "actions": [{"id": new_id(rng), "createdAt": instant(played), "actionType": "play"}],
        "errors": [], "hasEverEnteredErrorRecovery": False, **document, "labwareOffsets": [],
        "runTimeParameters": plan["runTimeParameters"],
        "protocolId": str(uuid.UUID(bytes=hashlib.sha256(protocol.read_bytes()).digest()[:16], version=4)),
        "completedAt": instant(completed), "startedAt": instant(played + timedelta(milliseconds=4)),
    }
    return {"data": data, "commands": {"data": commands, "meta": {"cursor": 0, "totalLength": len(commands)}}}


def reading(path: Path, end: str) -> None:
    """Writes what a plate reader would say of the assay plate: no reader took part."""
    rng = random.Random("reading")
    read_at = instant(datetime.fromisoformat(end) + timedelta(minutes=4))
    with path.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("plate", "well", "read_at", "wavelength_nm", "absorbance"))
        for row in "ABCDEFGH":
            for column in range(1, 9):
                protein = PROTEIN[row] / 2 ** (column - 1) if column < 7 else 0
                if column == 8 and row in "ABC":
                    protein = CONTROL
                absorbance = 0.412 + 1.05 * protein / (protein + 1.6) + rng.gauss(0, 0.004)
                rows.writerow(("AP-0001", f"{row}{column}", read_at, 595, f"{absorbance:.4f}"))


def write(path: Path, document: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n")


def main() -> None:
    for name, created in RUNS.items():
        protocol = HERE / "protocols" / f"{name}.py"
        plan = plan_of(protocol, analyse(protocol), created - timedelta(minutes=3))
        write(HERE / "analyses" / f"{name}.json", plan)
        run = run_of(protocol, plan, created)
        write(HERE / "runs" / f"{name}.json", run)
    reading(HERE / "plate-reader" / "AP-0001.csv", run["data"]["completedAt"])


if __name__ == "__main__":
    main()
