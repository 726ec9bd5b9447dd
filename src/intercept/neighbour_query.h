// Asks the kernel for one neighbour (RTM_GETNEIGH, since Linux 5.0), or has it look for one, as
// sending a packet there would (NTF_USE).
//
// One for each thread that asks; it keeps a socket once it has asked.
#pragma once

#include <cstdint>
#include <optional>

#include "base/descriptor.h"
#include "intercept/neighbours.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class NeighbourQuery {
 public:
  // 0: the kernel has no entry, or cannot be asked. Two system calls.
  [[nodiscard]] Neighbours::Device known(const Address& address, std::uint32_t link);
  // The same, after a solicitation where there is none; waits for the answer, but no longer than
  // that. Needs CAP_NET_ADMIN.
  [[nodiscard]] Neighbours::Device looked_for(const Address& address, std::uint32_t link,
                                              Milliseconds longest);

 private:
  std::optional<Descriptor> socket_;
};

}  // namespace weir
