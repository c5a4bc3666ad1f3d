#!/usr/bin/env bash
# Record a data folder as the program of a commit writes it, and what it answers,
# for TestUpgrade: record.sh COMMIT, in a clone that has the commit. Needs go, curl,
# jq. Records of earlier formats stay: the program must open them all.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
commit=$(git rev-parse --short=7 "$1")
work=$(mktemp -d)
trap 'kill "$(cat "$work/pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/source" "$work/data"
git archive "$commit" | tar -x -C "$work/source"
CGO_ENABLED=0 go build -C "$work/source" -trimpath -o "$work/wellspring" ./cmd/wellspring
"$work/wellspring" serve --data-dir "$work/data" --listen 127.0.0.1:0 --log-level warn >"$work/log" 2>&1 &
echo $! >"$work/pid"
for _ in $(seq 100); do curl -sf "$(jq -r .url "$work/data/service.json" 2>/dev/null)/readyz" >/dev/null && break; sleep 0.2; done
url=$(jq -r .url "$work/data/service.json")

run=a6bed815-fa05-4b02-9bcc-5612f59602a5
send() { curl -sS --fail-with-body --data-binary "$1" "$url/v1/runs?wait=30" >/dev/null; }
send @examples/runs/two_transfers.json
send $'barcode,run,slot\nTR-0009,'$run$',5\n'
send $'lot,run,slot,well,concentration,unit\nBUF-1,'$run$',4,A1,5,mM\n'
send $'experiment,experiment_title,run\nUP-1,Upgrade,'$run$'\n'
send $'plate,well,read_at,measured,value,unit\nTR-0009,A1,2026-11-24T05:00:00Z,absorbance,0.5,AU\n'
send $'lot,run,slot,well,concentration,unit,by,reason\nBUF-2,'$run$',4,A1,5,mM,J. Doe,bottle mixed up\n'
id=$(curl -sS --fail-with-body -X POST "$url/v1/exports?about=run&selector=$run&wait=30" | jq -er 'select(.state == "done") | .id')

echo '{}' >"$work/answers.json"
for path in "/v1/runs" "/v1/runs/$run" "/v1/runs/$run/graph" "/v1/wells/plate:TR-0009%2FA1" "/v1/nodes/plate:TR-0009%2FA1/ancestry" \
	"/v1/nodes/lot:BUF-2/impact" "/v1/nodes/lot:BUF-1/history" "/v1/nodes/experiment:UP-1/impact/summary" "/v1/processing?limit=100" "/v1/deadletters" \
	"/v1/checkpoint" "/v1/log/entries?first=0" "/v1/exports/$id"; do
	curl -sS --fail-with-body "$url$path" | jq --arg path "$path" --slurpfile all "$work/answers.json" '$all[0] + {($path): .}' >"$work/next.json"
	mv "$work/next.json" "$work/answers.json"
done
kill "$(cat "$work/pid")"
while kill -0 "$(cat "$work/pid")" 2>/dev/null; do sleep 0.1; done
mv "$work/answers.json" "$work/data/answers.json"
rm -f "$work/data/service.json" "$work/data/journal.lock"
tar -C "$work/data" --sort=name --owner=0 --group=0 --mtime=@0 -c . | gzip -9n >"app/testdata/upgrade/$commit.tar.gz"
ls -l "app/testdata/upgrade/$commit.tar.gz"
