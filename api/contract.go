package api

import (
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/labstack/echo/v4"

	"wellspring/access"
	"wellspring/lineage"
)

//go:embed openapi.yaml
var contractText []byte

// contract checks requests against openapi.yaml.
type contract struct {
	router routers.Router
	access Access
	roles  map[string]access.Role // by operation; the public ones are not in it
	pages  bool                   // there are pages for people, at other paths
}

// public is the role of an operation that nobody needs to log in for.
const public = "public"

func newContract(who Access) (*contract, error) {
	const op = "load openapi.yaml"
	doc, err := openapi3.NewLoader().LoadFromData(contractText)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	k := &contract{router: router, access: who, roles: map[string]access.Role{}}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			name, _ := operation.Extensions["x-role"].(string)
			if name == public {
				continue
			}
			roles, err := access.ParseRoles([]string{name})
			if err != nil {
				return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: method + " " + path, Hint: "give it an x-role", Err: err}
			}
			k.roles[operation.OperationID] = roles[0]
		}
	}
	return k, nil
}

// check refuses requests that the contract does not allow, or that come from
// somebody who may not send them. Bodies are the intake's concern: they are
// large, and it must see them byte for byte.
func (k *contract) check(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		request := c.Request()
		if k.pages && !forPrograms(request.URL.Path) {
			return next(c)
		}
		route, params, err := k.router.FindRoute(request)
		if err != nil {
			return err
		}
		if asked := request.URL.Query().Has("asOf"); asked && !takesAsOf(route) {
			return lineage.Invalid("read request", "asOf", "this is answered as of now only: leave asOf out")
		}
		if request, err = k.admit(request, route.Operation.OperationID); err != nil {
			return err
		}
		c.SetRequest(request)
		err = openapi3filter.ValidateRequest(request.Context(), &openapi3filter.RequestValidationInput{
			Request: request, PathParams: params, Route: route,
			Options: &openapi3filter.Options{ExcludeRequestBody: true, SkipSettingDefaults: true},
		})
		if err != nil {
			return err
		}
		c.Set(operationKey, route.Operation)
		return next(c)
	}
}

// takesAsOf reports whether an operation answers for what was known then. One that
// does not must not answer for now as if it had been asked that.
func takesAsOf(route *routers.Route) bool {
	return route.Operation.Parameters.GetByInAndName("query", "asOf") != nil || route.PathItem.Parameters.GetByInAndName("query", "asOf") != nil
}

// admit finds out who sends a request and whether they may; whoever handles it
// finds them in its context.
func (k *contract) admit(request *http.Request, operation string) (*http.Request, error) {
	role, ok := k.roles[operation]
	if !ok {
		return request, nil
	}
	who, err := k.access.Identify(request)
	if err != nil {
		return nil, err
	}
	if !who.May(role, operation) {
		return nil, &lineage.Error{Op: "admit " + who.Name, Kind: lineage.ErrorForbidden, ID: operation, Hint: "it needs the role " + string(role) + ": ask an admin"}
	}
	return request.WithContext(access.With(request.Context(), who)), nil
}

// forPrograms reports whether a path is, or would be, one of the contract.
func forPrograms(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/metrics", "/openapi.yaml":
		return true
	}
	return strings.HasPrefix(path+"/", "/v1/") || strings.HasPrefix(path+"/", "/api/")
}

// rawBinder reads a body as it is. The generated server binds bodies in one
// place only, and these are events, whose bytes count.
type rawBinder struct{}

func (rawBinder) Bind(into any, c echo.Context) error {
	raw, ok := into.(*json.RawMessage)
	if !ok {
		return echo.NewHTTPError(http.StatusUnsupportedMediaType)
	}
	body, err := io.ReadAll(c.Request().Body)
	*raw = body
	return err
}
