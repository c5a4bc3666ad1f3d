-- What was is found as what is: nodes by the same fields, edges in order of key.

ALTER TABLE node_revision ADD COLUMN run     TEXT;
ALTER TABLE node_revision ADD COLUMN labware TEXT;
ALTER TABLE node_revision ADD COLUMN well    TEXT;
ALTER TABLE node_revision ADD COLUMN barcode TEXT;

UPDATE node_revision SET
	run     = CASE json_type(attributes, '$.run')     WHEN 'text' THEN attributes ->> '$.run'     END,
	labware = CASE json_type(attributes, '$.labware') WHEN 'text' THEN attributes ->> '$.labware' END,
	well    = CASE json_type(attributes, '$.well')    WHEN 'text' THEN attributes ->> '$.well'    END,
	barcode = CASE json_type(attributes, '$.barcode') WHEN 'text' THEN attributes ->> '$.barcode' END;

CREATE INDEX node_revision_by_name    ON node_revision (name, id);
CREATE INDEX node_revision_by_kind    ON node_revision (kind, name, id);
CREATE INDEX node_revision_by_run     ON node_revision (run, kind, name, id)    WHERE run IS NOT NULL;
CREATE INDEX node_revision_by_labware ON node_revision (labware, run)           WHERE labware IS NOT NULL;
CREATE INDEX node_revision_by_well    ON node_revision (well, labware, run)     WHERE well IS NOT NULL;
CREATE INDEX node_revision_by_barcode ON node_revision (barcode)                WHERE barcode IS NOT NULL;

DROP INDEX edge_revision_by_source;
DROP INDEX edge_revision_by_target;

CREATE INDEX edge_revision_by_source ON edge_revision (source, type, target, transformation, created_at);
CREATE INDEX edge_revision_by_target ON edge_revision (target, type, source, transformation, created_at);
