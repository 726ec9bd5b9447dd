// The admin API without HTTP: a request in, an answer out, now or when the workers have spoken.
// What can be asked is a table of routes in api.cc; a new endpoint is a new row.
//
// Main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "admin/control.h"

namespace weir {

struct ApiRequest {
  std::string method;  // "GET"
  std::string path;    // without the query, decoded
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  // What `*` in the route's path stood for; filled by Api.
  std::vector<std::string> captured;
};

struct ApiAnswer {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::string allow;  // of 405
};

// {"errors": […]}
[[nodiscard]] ApiAnswer error_answer(unsigned status, const std::vector<std::string>& errors);

class Api {
 public:
  using Answered = std::function<void(ApiAnswer)>;

  explicit Api(Control& control) : control_(control) {}

  // Calls `answered` once, at once or later.
  void handle(ApiRequest request, const Answered& answered);

 private:
  Control& control_;
};

}  // namespace weir
