#include "admin/history.h"

#include <algorithm>

namespace weir {

const History::Shape& History::shape(Window window) {
  static constexpr std::array<Shape, windows.size()> shapes{
      {{"minutes", "5 min", interval, 150},
       {"hour", "1 h", std::chrono::seconds{20}, 180},
       {"day", "24 h", std::chrono::seconds{480}, 180}}};
  return shapes.at(static_cast<std::size_t>(window));
}

void History::add(const StatusReport& status) {
  for (const Window window : windows) {
    auto& samples = samples_.at(static_cast<std::size_t>(window));
    const auto& [word, text, every, max] = shape(window);
    const auto due = std::chrono::milliseconds(every - interval / 2).count();
    if (window != Window::minutes && !samples.empty() &&
        status.uptime_ms - samples.back().at_ms < due) {
      continue;
    }
    samples.push_back({.at_ms = status.uptime_ms,
                       .bytes_up = status.bytes_up,
                       .bytes_down = status.bytes_down,
                       .flows_total = status.flows_total,
                       .tcp_flows = status.tcp_flows,
                       .udp_flows = status.udp_flows});
    if (samples.size() > max + 1) {
      samples.pop_front();
    }
  }
}

std::vector<History::Point> History::points(Window window) const {
  const auto& samples = samples_.at(static_cast<std::size_t>(window));
  std::vector<Point> out;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const Sample& before = samples[i - 1];
    const Sample& after = samples[i];
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
