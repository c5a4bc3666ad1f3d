-- Fills the view of what holds what with what the contents of a graph say. What is sorted is
-- three numbers a row: grouped, each row would have the attributes with it.

INSERT INTO origin (id)
	SELECT id FROM (SELECT unhex(replace(f.value, '-', '')) AS id, min(n.num) AS first
		FROM node n CROSS JOIN json_each(n.attributes, '$.originIds') f WHERE n.kind = 'WellState' GROUP BY 1)
	WHERE length(id) = 16 ORDER BY first;

INSERT INTO holding (origin, state, fraction)
	SELECT o.num, n.num, n.attributes ->> ('$.originFractions[' || f.key || ']')
	FROM node n CROSS JOIN json_each(n.attributes, '$.originIds') f CROSS JOIN origin o ON o.id = unhex(replace(f.value, '-', ''))
	WHERE n.kind = 'WellState' AND json_array_length(n.attributes, '$.originIds') = json_array_length(n.attributes, '$.originFractions')
	ORDER BY 1, 2
	ON CONFLICT (origin, state) DO UPDATE SET fraction = fraction + excluded.fraction;
