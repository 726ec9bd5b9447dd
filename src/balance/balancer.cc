#include "balance/balancer.h"

#include "balance/least_flows.h"
#include "balance/maglev.h"
#include "balance/random_two.h"
#include "balance/round_robin.h"

namespace weir {

std::unique_ptr<Balancer> make_balancer(std::string_view word,
                                        std::span<const Candidate> candidates) {
  if (word == "round-robin") {
    return std::make_unique<RoundRobin>(candidates);
  }
  if (word == "least-flows") {
    return std::make_unique<LeastFlows>(candidates);
  }
  if (word == "random-two") {
    return std::make_unique<RandomTwo>(candidates);
  }
  if (word == "source-hash" || word == "flow-hash") {
    return std::make_unique<Maglev>(candidates);
  }
  return nullptr;
}

}  // namespace weir
