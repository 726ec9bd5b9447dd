// `weir explain`: what would become of a flow, without sending it, or of the flows in a file of
// records. Main thread.
#pragma once

#include <string>

#include "weir/flow.h"
#include "weir/result.h"

namespace weir {

struct ExplainArguments {
  std::string file;
  std::string protocol;     // tcp or udp
  std::string client;       // ADDRESS or ADDRESS:PORT
  std::string destination;  // ADDRESS:PORT
  std::string interface;    // where it comes in; empty: not said
  bool json = false;
  std::string mac = {};    // the client's; empty: by the neighbour table
  std::string time = {};   // when; empty: now
  std::string host = {};   // that the client names; empty: none
  std::string flows = {};  // a file of records to decide anew, instead of these; "-": stdin
};

// Returns the exit status: 0 also where the answer is that weir leaves the flow alone. With a file
// of records, 1 where it or one of them cannot be read.
[[nodiscard]] int run_explain(const ExplainArguments& arguments);

// The flow that the arguments describe; its interface is number 1 when one is named, else 0.
[[nodiscard]] Result<Flow> flow_of(const ExplainArguments& arguments);

}  // namespace weir
