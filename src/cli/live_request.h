// One request of a live command to the running gateway, and how its answer is printed. What is
// wrong is said on stderr; with --json the gateway's own words about it go to stdout.
//
// No state; main thread. Blocks until the gateway has answered.
#pragma once

#include <string>
#include <string_view>

#include "cli/live.h"
#include "weir/result.h"

namespace weir {

struct LiveRequest {
  std::string_view method;
  std::string target;
  std::string body;
  // Before each error where the gateway refuses what its files say (409).
  std::string_view program = "weir: ";
};

struct LiveAnswer {
  int status = 0;    // not 0: there is none, all is said, and the command ends with that
  std::string body;  // JSON
};

[[nodiscard]] LiveAnswer ask_live(const LiveArguments& arguments, const LiveRequest& request);

// The exit status: what was printed counts only if it got there.
[[nodiscard]] int print_answer(std::string_view text);
// The same; an error is said.
[[nodiscard]] int print_answer(const Result<std::string>& text);

}  // namespace weir
