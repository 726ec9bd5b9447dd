// What rules and upstreams are counted by: per worker, each on cache lines of its own, summed when
// read. Counters belong to a name and live across reloads.
//
// InForce has two CounterRegistries, on the main thread. A FlowCounters is shared with the
// snapshots: each worker writes its part, any thread reads.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/batched_count.h"
#include "base/counter.h"
#include "base/histogram.h"
#include "base/traffic.h"

namespace weir {

// What a flow waits for, in this order; times are since it opened.
enum class Latency : std::uint8_t { connect, handshake, first_byte, count };

class FlowCounters {
 public:
  struct alignas(64) Part : TrafficOf<Counter> {
    Counter flows;
    BatchedCount live;  // flows now open
    std::array<Histogram, static_cast<std::size_t>(Latency::count)> latencies;

    [[nodiscard]] Histogram& of(Latency latency) {
      return latencies[static_cast<std::size_t>(latency)];
    }
  };
  explicit FlowCounters(std::size_t workers) : parts_(workers) {}

  [[nodiscard]] Part& of(std::size_t worker) { return parts_[worker]; }
  [[nodiscard]] FlowCounts sum() const {
    FlowCounts out;
    for (const Part& part : parts_) {
      out.flows += part.flows.get();
      out.live += part.live.own.get();
      each_count([](std::uint64_t& to, const Counter& from) { to += from.get(); }, out, part);
    }
    return out;
  }

  [[nodiscard]] Histogram::Sum sum(Latency latency) const {
    Histogram::Sum out;
    for (const Part& part : parts_) {
      part.latencies[static_cast<std::size_t>(latency)].add_to(out);
    }
    return out;
  }

  // What workers have published of live flows, where a rule has a limit.
  [[nodiscard]] PublishedCount& published_live() { return published_live_; }

 private:
  alignas(64) PublishedCount published_live_;
  std::vector<Part> parts_;
};

// The counters of every name that is configured, of those that were until lately, and the sum of
// the rest. Main thread.
class CounterRegistry {
 public:
  explicit CounterRegistry(std::size_t workers) : workers_(workers) {}
  std::shared_ptr<FlowCounters> get(const std::string& name) {
    auto& slot = by_name_[name];
    if (!slot) {
      drop_the_gone();
      slot = std::make_shared<FlowCounters>(workers_);
    }
    return slot;
  }

  template <typename F>
  void each(F visit) const {
    for (const auto& [name, counters] : by_name_) {
      visit(name, *counters);
    }
  }

  // What was counted for names that are forgotten.
  [[nodiscard]] const FlowCounts& of_the_gone() const { return gone_; }

 private:
  // Names that come and go must not pile up. One that comes back soon goes on counting where it
  // was.
  void drop_the_gone() {
    if (by_name_.size() < drop_at_) {
      return;
    }
    std::erase_if(by_name_, [this](const auto& one) {
      const bool gone = one.second && one.second.use_count() == 1;
      if (gone) {
        gone_ += one.second->sum();
      }
      return gone;
    });
    drop_at_ = std::max(2 * by_name_.size(), std::size_t{256});
  }

  std::size_t workers_;
  std::size_t drop_at_ = 256;
  FlowCounts gone_;
  std::map<std::string, std::shared_ptr<FlowCounters>> by_name_;
};

}  // namespace weir
