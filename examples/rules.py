#!/usr/bin/env python3
"""Make the plans of protocols/rules again, and what Opentrons' engine says the wells hold.

    python3.10 -m venv venv && venv/bin/pip install opentrons==8.8.2
    venv/bin/python rules.py

Each protocol exercises one rule. analyses/rules/NAME.json is its analysis, whole, with the
ids and times of record.py; NAME.volumes.json beside it is the volume of every well that the
engine keeps count of when the protocol has ended, in µL: `{labwareId: {well: volume}}`.
"""
import contextlib
import importlib
import json
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from record import HERE, plan_of, write

engine = importlib.import_module("opentrons.cli.analyze")
ANALYSED = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc)


def analyse(protocol: Path) -> dict:
    """Returns the analysis of a protocol, with `wells`: what the engine kept to itself."""
    results = []
    plain = engine._do_analyze

    async def listening(*args):
        results.append(await plain(*args))
        return results[-1]

    engine._do_analyze = listening
    try:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "analysis.json"
            with contextlib.suppress(SystemExit):  # how the command ends
                engine.analyze.main([f"--json-output={output}", str(protocol)])
            analysis = json.loads(output.read_text())
    finally:
        engine._do_analyze = plain
    [result] = results
    if analysis["errors"]:
        sys.exit(f"{protocol.name}: {analysis['errors'][0]['detail']}")
    analysis["wells"] = [well.model_dump() for well in result.state_summary.wells]
    return analysis


def main() -> None:
    for protocol in sorted((HERE / "protocols" / "rules").glob("*.py")):
        plan = plan_of(protocol, analyse(protocol), ANALYSED)
        volumes: dict[str, dict[str, float]] = {}
        for well in plan.pop("wells"):
            volumes.setdefault(well["labware_id"], {})[well["well_name"]] = round(well["loaded_volume"], 6)
        folder = HERE / "analyses" / "rules"
        write(folder / f"{protocol.stem}.json", plan)
        write(folder / f"{protocol.stem}.volumes.json", volumes)


if __name__ == "__main__":
    main()
