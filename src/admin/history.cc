#include "admin/history.h"

#include <algorithm>

namespace weir {

void History::add(const StatusReport& status) {
  samples_.push_back({.at_ms = status.uptime_ms,
                      .bytes_up = status.bytes_up,
                      .bytes_down = status.bytes_down,
                      .flows_total = status.flows_total,
                      .tcp_flows = status.tcp_flows,
                      .udp_flows = status.udp_flows});
  if (samples_.size() > most + 1) {
    samples_.pop_front();
  }
}

std::vector<History::Point> History::points() const {
  std::vector<Point> out;
  for (std::size_t i = 1; i < samples_.size(); ++i) {
    const Sample& before = samples_[i - 1];
    const Sample& after = samples_[i];
    const double seconds =
        static_cast<double>(std::max<std::int64_t>(after.at_ms - before.at_ms, 1)) / 1000;
    // Counters only grow.
    const auto rate = [&](std::uint64_t from, std::uint64_t to) {
      return static_cast<double>(to - from) / seconds;
    };
    out.push_back({.bytes_up = rate(before.bytes_up, after.bytes_up),
                   .bytes_down = rate(before.bytes_down, after.bytes_down),
                   .flows_opened = rate(before.flows_total, after.flows_total),
                   .tcp_flows = static_cast<double>(after.tcp_flows),
                   .udp_flows = static_cast<double>(after.udp_flows)});
  }
  return out;
}

}  // namespace weir
