curl --silent --show-error http://127.0.0.1:8080/v1/predictions \
     --header 'Content-Type: application/json' \
     --data '{"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}'
