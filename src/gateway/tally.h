// What rules and upstreams are counted by: per worker, each on cache lines of its own, summed when
// somebody reads. Tallies belong to a name and live across reloads.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/counter.h"

namespace weir {

class Tally {
 public:
  struct alignas(64) Part {
    Counter flows;
    Counter bytes_up;
    Counter bytes_down;
    Counter packets_up;
    Counter packets_down;
  };
  struct Sum {
    std::uint64_t flows = 0;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::uint64_t packets_up = 0;
    std::uint64_t packets_down = 0;
  };

  explicit Tally(std::size_t workers) : parts_(workers) {}

  [[nodiscard]] Part& of(std::size_t worker) { return parts_[worker]; }
  [[nodiscard]] Sum sum() const {
    Sum out;
    for (const Part& part : parts_) {
      out.flows += part.flows.get();
      out.bytes_up += part.bytes_up.get();
      out.bytes_down += part.bytes_down.get();
      out.packets_up += part.packets_up.get();
      out.packets_down += part.packets_down.get();
    }
    return out;
  }

  // Flows now open; limits of a rule are held against it.
  std::atomic<std::uint64_t> live{0};

 private:
  std::vector<Part> parts_;
};

// The tallies of all names ever configured. Main thread.
class Tallies {
 public:
  explicit Tallies(std::size_t workers) : workers_(workers) {}
  std::shared_ptr<Tally> get(const std::string& name) {
    auto& slot = by_name_[name];
    if (!slot) {
      slot = std::make_shared<Tally>(workers_);
    }
    return slot;
  }

  template <typename F>
  void each(F visit) const {
    for (const auto& [name, tally] : by_name_) {
      visit(name, *tally);
    }
  }

 private:
  std::size_t workers_;
  std::map<std::string, std::shared_ptr<Tally>> by_name_;
};

}  // namespace weir
