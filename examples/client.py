"""Asks a running server what a stone is worth, why, and what it sold for before.

    python3 examples/client.py [http://127.0.0.1:8080]

Python's own library is enough. An error is an RFC 9457 problem: it names the field and what to do.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"


def ask(path, body=None):
    """The JSON that the server answers to GET, or to POST if there is a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SERVER + path, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        mistakes = "".join(f"\n  {mistake['field']}: {mistake['message']}" for mistake in problem.get("errors", []))
        sys.exit(f"{problem['title']}: {problem.get('detail', '')}{mistakes}")
    except urllib.error.URLError as error:
        sys.exit(f"no server at {SERVER} ({error.reason}): start one with `diamonds serve`")


stone = {"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}

price = ask("/v1/predictions?explain=true", stone)
print(f"${price['price_usd']:,.0f}")
if between := price.get("range_usd"):  # a model of few sales has no range
    print(f"nine in ten stones like it fetch ${between['low']:,.0f} to ${between['high']:,.0f}")
for reason in price["explanation"]["reasons"]:
    print(f"  {reason['sentence']}")

similar = ask("/v1/similar?" + urllib.parse.urlencode({**stone, "n": 5}))
print("sold before:", ", ".join(f"{sale['carat']} ct ${sale['price_usd']:,.0f}" for sale in similar["stones"]))

# the price stays what it was, whatever is trained later
assert ask(f"/v1/predictions/{price['id']}")["price_usd"] == price["price_usd"]
print("prediction", price["id"])
