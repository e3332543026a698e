import json
import sys
import urllib.error
import urllib.request

stone = {"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}

request = urllib.request.Request(
    "http://127.0.0.1:8080/v1/predictions",
    data=json.dumps(stone).encode(),
    headers={"Content-Type": "application/json"},
)
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.load(response)
except urllib.error.HTTPError as error:
    problem = json.load(error)
    sys.exit(f"{problem['status']}: {problem['detail']} (request {problem['request_id']})")
print(answer["price_usd"])
