-- 500 different stones in turn, every measurement given; with the argument `similar`, five similar ones of each are wanted.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local cuts = { "Ideal", "Premium", "Very Good", "Good", "Fair" }
local colors = { "D", "E", "F", "G", "H", "I", "J" }
local clarities = { "IF", "VVS1", "VVS2", "VS1", "VS2", "SI1", "SI2", "I1" }
local bodies = {}

init = function(arguments)
  local wanted = arguments[1] == "similar" and ',"n":5' or ""
  for i = 1, 500 do
    local carat = 0.3 + (i % 170) / 100
    -- of textbook proportions: measurements that contradict the weight would be left out
    local x = 6.43 * carat ^ (1 / 3)
    bodies[i] = string.format(
      '{"carat":%.2f,"cut":"%s","color":"%s","clarity":"%s","depth":62.0,"table":55,"x":%.2f,"y":%.2f,"z":%.2f%s}',
      carat, cuts[i % 5 + 1], colors[i % 7 + 1], clarities[i % 8 + 1], x, x * 1.006, x * 1.003 * 0.62, wanted)
  end
end

local n = 0
request = function()
  n = n % 500 + 1
  return wrk.format(nil, nil, nil, bodies[n])
end
