package api

import (
	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"

	"wellspring/lineage"
)

// leastRoom is what a body counts at least, bytes: so small ones can't be without number.
const leastRoom = 64 << 10

// room bounds what the bodies of all requests under way take together. Who finds
// none is told so at once, and comes again: nothing queues in memory.
func (s *server) room() echo.MiddlewareFunc {
	free := semaphore.NewWeighted(s.Limits.PendingBytes)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			request := c.Request()
			size := request.ContentLength
			if size == 0 {
				return next(c)
			}
			if size < 0 { // it does not say
				size = s.Limits.BodyBytes
			}
			size = min(max(size, leastRoom), s.Limits.PendingBytes)
			if !free.TryAcquire(size) {
				return &lineage.Error{Op: "read request", Kind: lineage.ErrorUnavailable, ID: "body",
					Hint: "the service is taking in as much as it has room for: send it again, after Retry-After"}
			}
			defer free.Release(size)
			return next(c)
		}
	}
}
