package query

import (
	"context"
	"time"

	"wellspring/lineage"
)

// resolveActor finds who or what acted by its serial number or version, and a
// protocol by its id.
func (s *Service) resolveActor(ctx context.Context, sel selector, asOf time.Time) ([]lineage.Node, error) {
	find, hint := lineage.Find{Name: sel.name, AsOf: asOf}, "no run says that a "
	switch sel.form {
	case formRobot:
		find.Kind, hint = lineage.KindRobot, hint+"robot with that serial number did it"
	case formPipette:
		find.Kind, hint = lineage.KindPipette, hint+"pipette with that serial number was used"
		find.Name, find.Attrs = "", map[string]string{"serial": sel.name}
	case formProtocol:
		find.Kind, hint = lineage.KindProtocol, hint+"protocol with that id was run"
	case formSoftware:
		find.Kind, hint = lineage.KindSoftware, hint+"robot had that software version"
		find.Name, find.Attrs = "", map[string]string{"version": sel.name}
	}
	found, err := s.findAll(ctx, find, MaxRoots)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return nil, s.missingKind(ctx, sel, find.Kind, hint, asOf)
}
