// `weir explain --file`: what a configuration would decide about flows that are over, as their
// records tell. Every line of the file is one JSON object; those that are no flow records, such as
// the messages of the same log, are passed over.
//
// Blocking reads; main thread.
#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flow_decider.h"
#include "weir/result.h"

namespace weir {

// What was decided about a flow then, and what would be now, each as "rule/upstream"; "(kernel)" is
// what the firewall would not hand to weir.
struct FlowChange {
  std::string protocol;
  std::string client;
  std::string destination;
  std::string was;
  std::string would_be;
  std::string why;  // of what would be the kernel's

  [[nodiscard]] bool is_change() const { return was != would_be; }
};

class FlowComparison {
 public:
  // `interface`: where all of these flows came in, which records do not tell; or empty. The decider
  // outlives this.
  FlowComparison(const FlowDecider& decider, const Configuration& configuration,
                 std::string interface);

  // Of one line. No value: it is no flow record.
  [[nodiscard]] Result<std::optional<FlowChange>> compare(std::string_view line);

  struct Kind {  // flows whose decision changes in the same way
    std::string was;
    std::string would_be;
    std::string why;
    std::uint64_t flows = 0;
  };
  // The most frequent first.
  [[nodiscard]] std::vector<Kind> changes() const;
  [[nodiscard]] std::uint64_t flows() const { return flows_; }
  [[nodiscard]] std::uint64_t others() const { return others_; }  // lines that are no records

 private:
  const FlowDecider& decider_;
  const Configuration& configuration_;
  std::string interface_;
  std::vector<std::string> read_;  // one for each name that is read
  std::map<std::string, Kind> changes_;
  std::uint64_t flows_ = 0;
  std::uint64_t others_ = 0;
};

// What `changes` says, for people: "12 flows, 3 of them decided otherwise", then a line a kind.
[[nodiscard]] std::string summary_of(const FlowComparison& comparison);

struct FlowFileArguments {
  std::string flows;  // the file; "-": stdin
  std::string interface;
  bool json = false;
};

// Prints each flow and the summary. Returns the exit status: 1 when a line is no JSON or a record
// cannot be read, which stderr names by file and line; the others are compared all the same.
[[nodiscard]] int compare_flow_file(const FlowFileArguments& arguments, const FlowDecider& decider,
                                    const Configuration& configuration);

}  // namespace weir
