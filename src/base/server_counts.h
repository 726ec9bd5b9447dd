// What workers count of one server: each on cache lines of its own, summed when read. A flow writes
// nothing that another worker uses; where the server has max-flows, but once in a batch
// (batched_count.h).
//
// One per Server, for as long as that lives. Each part is one worker's, on its thread or before
// that runs; sums are any thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/batched_count.h"
#include "base/counter.h"
#include "base/traffic.h"

namespace weir {

class ServerCounts {
 public:
  struct alignas(64) Part : TrafficOf<Counter> {
    Counter flows;      // that reached it, ever
    Counter live;       // now
    BatchedCount load;  // that took it, those still connecting included

    void opened() {
      flows.add();
      live.add();
    }
    void moved(const Traffic& traffic) {
      each_count([](Counter& to, const std::uint64_t& more) { to.add(more); }, *this, traffic);
    }
  };

  explicit ServerCounts(std::size_t workers) : parts_(workers) {}

  [[nodiscard]] Part& of(std::size_t worker) { return parts_[worker]; }
  [[nodiscard]] FlowCounts sum() const;
  [[nodiscard]] std::uint64_t live() const;
  // Flows that have taken it.
  [[nodiscard]] std::uint64_t load() const;

  // Counts one more in the load; false: `max` (0: any number) have taken it already. Exceeds that
  // by a batch a worker at most, where workers take it at the same time.
  [[nodiscard]] bool take(std::size_t worker, std::uint64_t max);
  // REQUIRES: the same as what take() was given.
  void give_back(std::size_t worker, std::uint64_t max);

 private:
  alignas(64) PublishedCount published_load_;
  std::vector<Part> parts_;
};

}  // namespace weir
