-- Fills the view of what holds what with what the contents of a graph say.

INSERT INTO origin (id)
	SELECT id FROM (SELECT unhex(replace(f.value, '-', '')) AS id, min(n.num) AS first
		FROM node n CROSS JOIN json_each(n.attributes, '$.originIds') f WHERE n.kind = 'WellState' GROUP BY 1)
	WHERE length(id) = 16 ORDER BY first;

INSERT INTO holding (origin, state, fraction)
	SELECT o.num, n.num, sum(n.attributes ->> ('$.originFractions[' || f.key || ']'))
	FROM node n CROSS JOIN json_each(n.attributes, '$.originIds') f CROSS JOIN origin o ON o.id = unhex(replace(f.value, '-', ''))
	WHERE n.kind = 'WellState' AND json_array_length(n.attributes, '$.originIds') = json_array_length(n.attributes, '$.originFractions')
	GROUP BY o.num, n.num;
