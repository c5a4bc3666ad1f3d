package pack

import (
	"wellspring/evidence"
	"wellspring/lineage"
)

// Redacted stands in the place of what a redacted package leaves out.
const Redacted = evidence.Left

// personal are the attributes that hold names of people or free text.
func personal(key string) bool {
	switch key {
	case "who", "why", "note", "details", "description", "robotName", "title", "content", "operator", "email", "signer", "reason", "declaredIn", "parameters":
		return true
	}
	return false
}

// redactAttributes leaves out personal data and free text, by rule.
func redactAttributes(attributes lineage.Attributes) lineage.Attributes {
	kept := make(lineage.Attributes, len(attributes))
	for key, value := range attributes {
		if personal(key) {
			value = Redacted
		}
		kept[key] = value
	}
	return kept
}

// redact leaves out what is personal in a node or an edge.
func redact(item Item) Item {
	if item.Node != nil {
		node := *item.Node
		node.Attributes = redactAttributes(node.Attributes)
		if node.Kind == lineage.KindOperator {
			node.Name = Redacted
		}
		return Item{Node: &node}
	}
	edge := *item.Edge
	edge.Attributes = redactAttributes(edge.Attributes)
	return Item{Edge: &edge}
}
