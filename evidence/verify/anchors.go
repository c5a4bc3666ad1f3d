package verify

import (
	"fmt"

	"wellspring/evidence"
	"wellspring/evidence/pack"
)

// mostAnchors is more than a package has: one of every place.
const mostAnchors = 1000

// readAnchors checks the checkpoints that were left outside: each is signed, and
// the package's log goes on from it.
func (c *check) readAnchors() error {
	if c.files[pack.FileAnchors] == nil && c.sums[pack.FileAnchors] == "" { // signed before there were anchors
		c.report.Faults = append(c.report.Faults, c.options.Trust.Missing(nil)...)
		return nil
	}
	text, err := c.whole(pack.FileAnchors)
	if err != nil {
		return err
	}
	var anchors []pack.Anchor
	if err := strict(text, &anchors); err != nil {
		return located{pack.FileAnchors, err}
	}
	if len(anchors) > mostAnchors {
		return located{pack.FileAnchors, fmt.Errorf("it holds %d anchors", len(anchors))}
	}
	for i, a := range anchors {
		if err := c.anchor(a); err != nil {
			c.fault(fmt.Sprintf("%s, anchor %d", pack.FileAnchors, i+1), "%v", err)
		}
	}
	c.report.Faults = append(c.report.Faults, c.options.Trust.Missing(c.report.Anchors)...)
	return nil
}

func (c *check) anchor(a pack.Anchor) error {
	left, found, err := a.Open(c.origin, c.keys, c.options.Trust)
	if err != nil {
		return err
	}
	proof, err := proofOf(a.Proof)
	if err != nil {
		return err
	}
	if left.Size > c.at.Size || left.Size < 1 {
		return fmt.Errorf("it is of a log of %d entries; the package is about %d", left.Size, c.at.Size)
	}
	if err := evidence.CheckGrowth(left, c.at, proof); err != nil {
		return err
	}
	c.roots[left.Size] = left.Root
	c.report.Anchors = append(c.report.Anchors, found)
	return nil
}
