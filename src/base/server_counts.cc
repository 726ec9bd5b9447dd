#include "base/server_counts.h"

namespace weir {

FlowCounts ServerCounts::sum() const {
  FlowCounts out;
  for (const Part& part : parts_) {
    out.flows += part.flows.get();
    out.live += part.live.get();
    each_count([](std::uint64_t& to, const Counter& from) { to += from.get(); }, out, part);
  }
  return out;
}

std::uint64_t ServerCounts::live() const {
  std::uint64_t out = 0;
  for (const Part& part : parts_) {
    out += part.live.get();
  }
  return out;
}

std::uint64_t ServerCounts::load() const {
  std::uint64_t out = 0;
  for (const Part& part : parts_) {
    out += part.load.own.get();
  }
  return out;
}

bool ServerCounts::take(std::size_t worker, std::uint64_t max) {
  BatchedCount& mine = parts_[worker].load;
  if (max == 0) {
    mine.add();
    return true;
  }
  return try_add(mine, published_load_, max, batch_of(max, parts_.size()));
}

void ServerCounts::give_back(std::size_t worker, std::uint64_t max) {
  subtract(parts_[worker].load, published_load_, batch_of(max, parts_.size()));
}

}  // namespace weir
