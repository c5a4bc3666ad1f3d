"""Ask a Wellspring service: a few lines over requests, to read and to copy."""

import io
import os
from urllib.parse import quote

import pandas
import requests

URL = os.environ.get("WELLSPRING_URL", "http://127.0.0.1:7117")

session = requests.Session()
if token := os.environ.get("WELLSPRING_TOKEN"):
    session.headers["Authorization"] = f"Bearer {token}"


def get(path, **query):
    """Return the JSON answer; an error is raised in the service's own words."""
    answer = session.get(URL + path, params=query, timeout=60)
    if not answer.ok:
        problem = answer.json()
        raise RuntimeError(f"{problem['detail']} ({problem.get('hint', answer.status_code)})")
    return answer.json()


def table(path, **query):
    """Return a list of the service as a data frame."""
    answer = session.get(URL + path, params=query, headers={"Accept": "text/csv"}, timeout=300)
    answer.raise_for_status()
    if answer.headers.get("Wellspring-Truncated") == "true":
        raise RuntimeError("the list was cut: ask for less, or raise the limit")
    return pandas.read_csv(io.StringIO(answer.text))


def node(selector):
    """Return the path of a thing that is named by a selector (docs/selectors.md)."""
    return "/v1/nodes/" + quote(selector, safe="")


def send(document, wait=60):
    """Hand in a document and wait until it is in the graph."""
    answer = session.post(f"{URL}/v1/runs", params={"wait": wait}, data=document, timeout=wait + 30)
    if not answer.ok:
        problem = answer.json()
        raise RuntimeError(f"{problem['detail']} ({problem.get('hint', answer.status_code)})")
    return answer.json()
