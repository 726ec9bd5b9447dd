// The clients and flows that move most, over all workers: a plain value. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "account/record.h"
#include "weir/endpoint.h"

namespace weir {

// The clients and flows that move most at the moment. Speeds are over the time since the last
// question; the first question for a while gets none, and the flows that moved most since they
// opened.
struct TopTalkers {
  static constexpr std::size_t max = 20;  // of either list

  struct Client {
    Address address;
    std::string device = {};  // what it is called; "": not known
    std::uint64_t flows = 0;
    std::uint64_t bytes = 0;  // of its live flows
    std::uint64_t bytes_per_second = 0;
  };
  struct Flow {
    FlowRecord record;
    std::uint64_t bytes_per_second = 0;
  };
  std::vector<Client> clients;  // busiest first
  std::vector<Flow> flows;
  std::uint64_t clients_total = 0;
  std::uint64_t flows_total = 0;
};

}  // namespace weir
