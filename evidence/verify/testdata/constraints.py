"""Checks a PROV document by the definitions of PROV-CONSTRAINTS
(https://www.w3.org/TR/prov-constraints/), named by their numbers there. What the
recommendation infers is taken as said: every entity has one generation and one
invalidation (inference 7; by 39 and 40 several are simultaneous), every activity one start and one end (8)."""
import collections
import json

import prov.model as model

# Constraint 50, typing: what the ends of a relation are.
TYPES = {
    "Usage": {"activity": "Activity", "entity": "Entity"},
    "Generation": {"entity": "Entity", "activity": "Activity"},
    "Invalidation": {"entity": "Entity", "activity": "Activity"},
    "Start": {"activity": "Activity", "trigger": "Entity", "starter": "Activity"},
    "End": {"activity": "Activity", "trigger": "Entity", "ender": "Activity"},
    "Communication": {"informed": "Activity", "informant": "Activity"},
    "Derivation": {"generatedEntity": "Entity", "usedEntity": "Entity", "activity": "Activity"},
    "Attribution": {"entity": "Entity", "agent": "Agent"},
    "Association": {"activity": "Activity", "agent": "Agent", "plan": "Entity"},
    "Delegation": {"delegate": "Agent", "responsible": "Agent", "activity": "Activity"},
    "Alternate": {"alternate1": "Entity", "alternate2": "Entity"},
    "Specialization": {"specificEntity": "Entity", "generalEntity": "Entity"},
    "Mention": {"specificEntity": "Entity", "generalEntity": "Entity", "bundle": "Entity"},
    "Membership": {"collection": "Entity", "entity": "Entity"},
    "Influence": {"influencee": None, "influencer": None},
}
# Relations of which two of the same ends are one (24 to 27).
UNIQUE = {"Generation": 24, "Invalidation": 25, "Start": 26, "End": 27}
# Names of ends that are no elements.
NOT_ELEMENTS = {"time", "generation", "usage"}


def ends(record):
    return {name.localpart: value for name, value in record.formal_attributes}


def faults(document, text):
    """All that is wrong; text is the document as PROV-JSON, as it was written."""
    found = doubles(text)
    records = list(document.get_records())
    kinds = collections.defaultdict(set)
    for r in records:
        if r.is_element():
            kinds[r.identifier].add(r.get_type().localpart)
    found += elements(records, kinds)
    found += relations(records, kinds)
    found += order(records, kinds)
    return found


def doubles(text):
    """22, 23, 53, 54: an identifier stands for one thing, and for one kind of thing."""
    found, ids = [], {}

    def pairs(items):
        for name in (n for n, count in collections.Counter(k for k, _ in items).items() if count > 1):
            found.append(f"constraints 22, 23: {name} is there twice")
        return dict(items)

    for section, members in json.loads(text, object_pairs_hook=pairs).items():
        if section == "prefix":
            continue
        for name in members:
            group = section if section not in ("entity", "activity", "agent") else "element"
            if ids.setdefault(name, group) != group:
                found.append(f"constraints 53, 54: {name} is of {ids[name]} and of {section}")
    return found


def elements(records, kinds):
    found = [f"constraint 55: {name} is an entity and an activity" for name, of in kinds.items() if {"Entity", "Activity"} <= of]
    for r in records:
        if isinstance(r, model.ProvActivity):
            for name, number in (("startTime", 28), ("endTime", 29)):
                if len(r.get_attribute(f"prov:{name}")) > 1:
                    found.append(f"constraint {number}: {r.identifier} has several")
            start, end = r.get_startTime(), r.get_endTime()
            if start and end and end < start:
                found.append(f"constraint 30: {r.identifier} ends before it starts")
    return found


def relations(records, kinds):
    found, seen = [], set()
    general = collections.defaultdict(set)
    for r in records:
        if not r.is_relation():
            continue
        name, at = r.get_type().localpart, ends(r)
        for end, value in at.items():
            if value is None or end in NOT_ELEMENTS:
                continue
            wanted = TYPES[name][end]
            if value not in kinds:
                found.append(f"{name} names {value} as {end}, which is not declared")
            elif wanted and wanted not in kinds[value]:
                found.append(f"constraint 50: {name} names {value} as {end}, which is no {wanted}")
        if name in UNIQUE:
            key = (name, *sorted((k, str(v)) for k, v in at.items() if k != "time"))
            if key in seen:
                found.append(f"constraint {UNIQUE[name]}: {key} is there twice")
            seen.add(key)
        if name == "Derivation" and at.get("activity") is None and (at.get("generation") or at.get("usage")):
            found.append(f"constraint 51: a derivation of {at['generatedEntity']} has a generation or a usage, and no activity")
        if name == "Specialization":
            general[at["specificEntity"]].add(at["generalEntity"])
        if name == "Membership" and any("EmptyCollection" in str(t) for c in records if c.identifier == at["collection"] for t in c.get_attribute("prov:type")):
            found.append(f"constraint 56: {at['collection']} is empty, and has {at['entity']}")
    # 52, with the transitivity of specialization (inference 19).
    found += [f"constraint 52: {' is a specialization of '.join(map(str, ring))}" for ring in rings(general)]
    return found


def order(records, kinds):
    """30 to 49: what precedes what. A strict precedence within a ring is impossible."""
    after, strict = collections.defaultdict(set), []

    def precedes(one, other, number=0):
        after[one].add(other)
        if number:
            strict.append((one, other, number))

    for name, of in kinds.items():
        if "Activity" in of:
            precedes(("start", name), ("end", name))  # 30
        if "Entity" in of:
            precedes(("gen", name), ("inval", name))  # 36
    for n, r in enumerate(r for r in records if r.is_relation()):
        name, at = r.get_type().localpart, ends(r)
        activity, entity, agent = at.get("activity"), at.get("entity"), at.get("agent")
        if name == "Usage":  # 33, 37, 38
            precedes(("start", activity), ("use", n))
            precedes(("use", n), ("end", activity))
            precedes(("gen", entity), ("use", n))
            precedes(("use", n), ("inval", entity))
        elif name == "Generation" and activity:  # 34
            precedes(("start", activity), ("gen", entity))
            precedes(("gen", entity), ("end", activity))
        elif name == "Invalidation" and activity:  # 34
            precedes(("start", activity), ("inval", entity))
            precedes(("inval", entity), ("end", activity))
        elif name == "Communication":  # 35
            precedes(("start", at["informant"]), ("end", at["informed"]))
        elif name == "Derivation":  # 42; 41 needs a usage and a generation that are named
            precedes(("gen", at["usedEntity"]), ("gen", at["generatedEntity"]), 42)
        elif name in ("Start", "End") and at.get("trigger"):  # 43, 44
            event = ("start" if name == "Start" else "end", activity)
            precedes(("gen", at["trigger"]), event)
            precedes(event, ("inval", at["trigger"]))
        elif name == "Specialization":  # 45, 46
            precedes(("gen", at["generalEntity"]), ("gen", at["specificEntity"]))
            precedes(("inval", at["specificEntity"]), ("inval", at["generalEntity"]))
        elif name == "Association" and "Entity" in kinds[agent]:  # 47
            precedes(("gen", agent), ("end", activity))
            precedes(("start", activity), ("inval", agent))
        elif name == "Association" and "Activity" in kinds[agent]:  # 47
            precedes(("start", agent), ("end", activity))
            precedes(("start", activity), ("end", agent))
        elif name == "Attribution" and "Entity" in kinds[agent]:  # 48
            precedes(("gen", agent), ("gen", entity))
        elif name == "Delegation" and {"Entity"} <= kinds[at["responsible"]] & kinds[at["delegate"]]:  # 49
            precedes(("gen", at["responsible"]), ("inval", at["delegate"]))
    part = {}
    for number, together in enumerate(components(after)):
        for event in together:
            part[event] = number
    return [f"constraint {number}: {one} must come before {other}, and not before it" for one, other, number in strict if part[one] == part[other]]


def rings(graph):
    return [sorted(c, key=str) for c in components(graph) if len(c) > 1 or any(x in graph[x] for x in c)]


def components(graph):
    """The strongly connected parts of a graph (Tarjan), without recursion."""
    index, low, on, stack, parts = {}, {}, set(), [], []
    for root in list(graph):
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, rest = work[-1]
            for following in rest:
                if following not in index:
                    index[following] = low[following] = len(index)
                    stack.append(following)
                    on.add(following)
                    work.append((following, iter(graph.get(following, ()))))
                    break
                if following in on:
                    low[node] = min(low[node], index[following])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = set()
                    while node not in part:
                        one = stack.pop()
                        on.discard(one)
                        part.add(one)
                    parts.append(part)
    return parts


def broken():
    """A document for every constraint that can be broken in PROV-JSON, and its number: who judges must find each."""
    base = {"prefix": {"x": "urn:x:"}, "entity": {"x:e": {}, "x:f": {}}, "activity": {"x:a": {}}, "agent": {"x:g": {}}}
    use = {"prov:activity": "x:a", "prov:entity": "x:e"}
    made = {"prov:entity": "x:e", "prov:activity": "x:a"}
    derived = {"prov:generatedEntity": "x:f", "prov:usedEntity": "x:e"}
    for number, more in [
        (30, {"activity": {"x:a": {"prov:startTime": "2026-01-02T00:00:00Z", "prov:endTime": "2026-01-01T00:00:00Z"}}}),
        (24, {"wasGeneratedBy": {"_:1": made, "_:2": made}}),
        (42, {"wasDerivedFrom": {"_:1": derived, "_:2": {"prov:generatedEntity": "x:e", "prov:usedEntity": "x:f"}}}),
        (42, {"wasDerivedFrom": {"_:1": {"prov:generatedEntity": "x:e", "prov:usedEntity": "x:e"}}}),
        (42, {"wasDerivedFrom": {"_:1": derived}, "specializationOf": {"_:2": {"prov:specificEntity": "x:e", "prov:generalEntity": "x:f"}}}),
        (50, {"used": {"_:1": {"prov:activity": "x:e", "prov:entity": "x:f"}}}),
        (50, {"wasAssociatedWith": {"_:1": {"prov:activity": "x:a", "prov:agent": "x:e"}}}),
        (51, {"wasDerivedFrom": {"_:1": {**derived, "prov:usage": "x:u"}}}),
        (52, {"specializationOf": {"_:1": {"prov:specificEntity": "x:e", "prov:generalEntity": "x:f"}, "_:2": {"prov:specificEntity": "x:f", "prov:generalEntity": "x:e"}}}),
        (53, {"used": {"_:1": use}, "wasGeneratedBy": {"_:1": made}}),
        (55, {"activity": {"x:e": {}}}),
    ]:
        yield number, json.dumps(base | more)
