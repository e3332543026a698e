const stone = { carat: 1.1, cut: "Ideal", color: "H", clarity: "SI2" };

const response = await fetch("http://127.0.0.1:8080/v1/predictions", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(stone),
});
const answer = await response.json();
if (!response.ok) {
  throw new Error(`${answer.status}: ${answer.detail} (request ${answer.request_id})`);
}
console.log(answer.price_usd);
