// The admin API without HTTP: a request in, an answer out, now or when the workers have spoken.
// What can be asked is a table of routes in api.cc; a new endpoint is a new row.
//
// One in each HttpListener; main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "admin/control.h"
#include "admin/history.h"

namespace weir {

// What a listener lets its clients do.
enum class Access : std::uint8_t { everything, read_only };

struct ApiRequest {
  Access access = Access::everything;
  std::uint32_t uid = UINT32_MAX;  // of the client on the control socket; else not known
  std::string method;              // "GET"
  std::string path;                // without the query, decoded
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  // What `*` in the route's path stood for; filled by Api.
  std::vector<std::string> captured;
};

struct ApiAnswer {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::string allow;        // of 405
  std::string policy = {};  // of a page: its Content-Security-Policy
};

// {"errors": […]}
[[nodiscard]] ApiAnswer error_answer(unsigned status, const std::vector<std::string>& errors);

class Api {
 public:
  using Answered = std::function<void(ApiAnswer)>;

  // Both outlive it.
  Api(Control& control, const History& history) : control_(control), history_(history) {}

  // What a request costs, against a RequestBudget: 1, and for a list of flows 1 for each hundred.
  [[nodiscard]] static std::int64_t cost_of(const ApiRequest& request);
  // Calls `answered` once, at once or later.
  void handle(ApiRequest request, const Answered& answered);

 private:
  Control& control_;
  const History& history_;
};

}  // namespace weir
