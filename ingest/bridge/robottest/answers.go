package robottest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// handle answers one request.
func (r *Robot) handle(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	path := request.URL.Path
	r.requests = append(r.requests, path)
	if request.Method != http.MethodGet {
		r.wrong = append(r.wrong, request.Method+" "+path)
	}
	if v := request.Header.Get("Opentrons-Version"); v != "*" {
		r.wrong = append(r.wrong, "no version with "+path)
	}
	if r.under++; r.under > r.most {
		r.most = r.under
	}
	away, delay := r.away, r.delay
	cut := r.cut > 0 && len(r.requests)%r.cut == 0
	status, body := r.answer(path, request)
	r.mu.Unlock()
	defer r.set(func() { r.under-- })
	if away {
		panic(http.ErrAbortHandler)
	}
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		<-timer.C
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if cut {
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body) // who asked may have gone
}

func (r *Robot) answer(path string, request *http.Request) (int, []byte) {
	for prefix, status := range r.faults {
		if status != 0 && strings.HasPrefix(path, prefix) {
			return refuse(status, "Planned")
		}
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/health":
		return ok(map[string]any{"name": "left-bench", "robot_model": "OT-2 Standard", "api_version": "8.1.0", "robot_serial": r.serial})
	case r.starting:
		return refuse(http.StatusServiceUnavailable, "DatabaseNotYetInitialized")
	case path == "/pipettes":
		return ok(map[string]any{"left": map[string]any{"id": "P3HMV2120210114A01"}, "right": map[string]any{"id": "P3HSV2120210114A02"}})
	case parts[0] == "protocols":
		return r.protocol(parts)
	case path == "/runs":
		list := []any{}
		for _, run := range r.runs {
			list = append(list, run.header(r.current == run))
		}
		return ok(map[string]any{"data": list, "links": map[string]any{}, "meta": map[string]any{"cursor": 0, "totalLength": len(list)}})
	case parts[0] == "runs":
		for _, run := range r.runs {
			if run.ID == parts[1] {
				return r.run(run, parts[2:], request)
			}
		}
		return refuse(http.StatusNotFound, "RunNotFound")
	}
	return refuse(http.StatusNotFound, "BadRequest")
}

func (r *Robot) protocol(parts []string) (int, []byte) {
	for _, run := range r.runs {
		if len(parts) < 2 || run.recorded.header["protocolId"] != parts[1] {
			continue
		}
		var analysis struct{ ID string }
		if json.Unmarshal(run.recorded.analysis, &analysis) != nil {
			break
		}
		status := "completed"
		if run.pending {
			status = "pending"
		}
		switch {
		case len(parts) == 2:
			return ok(map[string]any{"data": map[string]any{
				"id": parts[1], "metadata": map[string]any{"protocolName": "Recorded"},
				"analysisSummaries": []any{map[string]any{"id": analysis.ID, "status": status}},
			}})
		case len(parts) == 4 && parts[2] == "analyses" && parts[3] == analysis.ID:
			return ok(map[string]any{"data": run.recorded.analysis})
		}
	}
	return refuse(http.StatusNotFound, "ProtocolNotFound")
}

func (r *Robot) run(run *Run, rest []string, request *http.Request) (int, []byte) {
	current := r.current == run
	switch {
	case len(rest) == 0:
		return ok(map[string]any{"data": run.header(current)})
	case rest[0] == "commands" && len(rest) == 2:
		for i := range run.count() {
			if c := run.command(i); c["id"] == rest[1] {
				return ok(map[string]any{"data": c})
			}
		}
		return refuse(http.StatusInternalServerError, "UnexpectedError") // so it does
	case rest[0] == "commands":
		return run.page(request)
	case rest[0] == "commandsAsPreSerializedList" && !r.old:
		switch {
		case run.status == "idle" || run.status == "running":
			return refuse(http.StatusServiceUnavailable, "PreSerializedCommandsNotAvailable")
		case !run.saved || run.lost:
			return ok(map[string]any{"data": []any{}, "meta": map[string]any{"cursor": 0, "totalLength": 0}})
		}
		list := []any{}
		for i := range run.count() {
			text, err := json.Marshal(run.command(i))
			if err != nil {
				return refuse(http.StatusInternalServerError, err.Error())
			}
			list = append(list, string(text))
		}
		return ok(map[string]any{"data": list, "meta": map[string]any{"cursor": 0, "totalLength": len(list)}})
	case rest[0] == "commandErrors":
		if !current {
			return refuse(http.StatusConflict, "RunStopped")
		}
		return ok(map[string]any{"data": []any{}, "meta": map[string]any{"cursor": 0, "totalLength": 0}})
	}
	return refuse(http.StatusNotFound, "BadRequest")
}

// header is what the robot says of a run now.
func (run *Run) header(current bool) map[string]any {
	h := without(run.recorded.header)
	h["current"], h["status"] = current, run.status
	switch {
	case run.lost:
		h["ok"] = false
		h["dataError"] = map[string]any{"id": "RunDataError", "detail": "There was no engine state data for this run."}
		for _, name := range []string{"pipettes", "labware", "liquids", "modules", "errors"} {
			h[name] = []any{}
		}
		delete(h, "completedAt")
		if !run.played {
			h["actions"] = []any{}
			delete(h, "startedAt")
		}
	case run.status == "idle":
		for _, name := range []string{"pipettes", "labware", "liquids", "modules", "actions", "errors"} {
			h[name] = []any{}
		}
		delete(h, "startedAt")
		delete(h, "completedAt")
	case !run.ended:
		h["errors"] = []any{}
		delete(h, "completedAt")
	}
	return h
}

// count is how many commands the robot tells of.
func (run *Run) count() int {
	if run.started || run.queued {
		return run.done + 1
	}
	return run.done
}

// command is the ith one as it is now.
func (run *Run) command(i int) map[string]any {
	c := run.recorded.commands[i]
	switch {
	case i < run.done:
		return c
	case run.queued:
		c = without(c, "startedAt", "completedAt", "result", "error", "notes")
		c["status"] = "queued"
		return c
	}
	c = without(c, "completedAt", "result", "error", "notes")
	c["status"] = "running"
	return c
}

// page lists commands as the robot does: past the end it gives the last one.
func (run *Run) page(request *http.Request) (int, []byte) {
	cursor, errCursor := strconv.Atoi(request.URL.Query().Get("cursor"))
	length, errLength := strconv.Atoi(request.URL.Query().Get("pageLength"))
	if errCursor != nil || errLength != nil {
		return refuse(http.StatusUnprocessableEntity, "no cursor")
	}
	total := run.count()
	cursor = max(0, min(cursor, total-1))
	list := []any{}
	for i := cursor; i < min(total, cursor+length); i++ {
		list = append(list, without(run.command(i), "result"))
	}
	return ok(map[string]any{"data": list, "links": map[string]any{}, "meta": map[string]any{"cursor": cursor, "totalLength": total}})
}

func ok(body any) (int, []byte) {
	text, err := json.Marshal(body)
	if err != nil {
		return http.StatusInternalServerError, []byte(err.Error())
	}
	return http.StatusOK, text
}

func refuse(status int, id string) (int, []byte) {
	_, text := ok(map[string]any{"errors": []any{map[string]any{"id": id, "title": id, "detail": "as planned", "errorCode": "4000"}}})
	return status, text
}
