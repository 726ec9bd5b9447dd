// `weir explain`: what would become of a flow, without sending it: intercepted or not, which rule,
// upstream, servers and source; and for every rule before that one, the condition that failed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "weir/flow.h"
#include "weir/result.h"

namespace weir {

struct ExplainArguments {
  std::string file;
  std::string protocol;     // tcp or udp
  std::string client;       // ADDRESS or ADDRESS:PORT
  std::string destination;  // ADDRESS:PORT
  std::string interface;    // where it comes in; empty: not said
};

// Returns the exit status: 0 also where the answer is that weir leaves the flow alone.
[[nodiscard]] int run_explain(const ExplainArguments& arguments);

// The flow that the arguments describe; its interface is number 1 when one is named, else 0.
[[nodiscard]] Result<Flow> flow_of(const ExplainArguments& arguments);

// The explanation, one line each. `own_addresses` are the router's.
[[nodiscard]] std::vector<std::string> explain(const Configuration& configuration, const Flow& flow,
                                               std::string_view interface,
                                               const std::vector<Address>& own_addresses);

}  // namespace weir
