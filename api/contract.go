package api

import (
	_ "embed"
	"encoding/json"
	"io"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/labstack/echo/v4"

	"wellspring/lineage"
)

//go:embed openapi.yaml
var contractText []byte

// contract checks requests against openapi.yaml.
type contract struct {
	router routers.Router
}

func newContract() (*contract, error) {
	const op = "load openapi.yaml"
	doc, err := openapi3.NewLoader().LoadFromData(contractText)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	return &contract{router}, nil
}

// check refuses requests that the contract does not allow. Bodies are the
// intake's concern: they are large, and it must see them byte for byte.
func (k *contract) check(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		request := c.Request()
		route, params, err := k.router.FindRoute(request)
		if err != nil {
			return err
		}
		err = openapi3filter.ValidateRequest(request.Context(), &openapi3filter.RequestValidationInput{
			Request: request, PathParams: params, Route: route,
			Options: &openapi3filter.Options{ExcludeRequestBody: true, SkipSettingDefaults: true},
		})
		if err != nil {
			return err
		}
		return next(c)
	}
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
