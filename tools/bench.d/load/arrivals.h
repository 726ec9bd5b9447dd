// One-way datagrams as they arrive: which are new, into the ledger. One count for the whole
// server: a run's flows may come by either family, or through a relay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ledger.h"

namespace load {

class Arrivals {
 public:
  explicit Arrivals(Ledger& ledger) : ledger_(ledger) {}

  // Around what one turn takes.
  void begin();
  void take(std::span<const std::byte> datagram);
  void end();

 private:
  // What has been seen of one flow: the next number expected, and which of the 64 before it came.
  struct Seen {
    std::uint64_t next = 0;
    std::uint64_t recent = 0;
  };

  Ledger& ledger_;
  std::vector<Seen> flows_;
  std::uint32_t run_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace load
