// The last minutes of the gateway's totals, a sample every two seconds, for the page's charts.
//
// One, in AdminServer; main thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "admin/control.h"

namespace weir {

class History {
 public:
  static constexpr std::chrono::seconds interval{2};
  static constexpr std::size_t most = 150;  // five minutes

  // What happened between two samples, per second, and what was there at the second one.
  struct Point {
    double bytes_up = 0;
    double bytes_down = 0;
    double flows_opened = 0;
    double tcp_flows = 0;
    double udp_flows = 0;
  };

  void add(const StatusReport& status);
  [[nodiscard]] std::vector<Point> points() const;  // oldest first

 private:
  struct Sample {
    std::int64_t at_ms = 0;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::uint64_t flows_total = 0;
    std::uint64_t tcp_flows = 0;
    std::uint64_t udp_flows = 0;
  };
  std::deque<Sample> samples_;
};

}  // namespace weir
