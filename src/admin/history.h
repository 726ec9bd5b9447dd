// What became of the gateway's totals, for the page's charts: the last five minutes, the last hour
// and the last day, in samples that are as far apart as a chart has room for.
//
// One, in AdminServer; main thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "admin/control.h"

namespace weir {

class History {
 public:
  enum class Window : std::uint8_t { minutes, hour, day };
  struct Shape {
    std::string_view word;  // in the page's address
    std::string_view text;
    std::chrono::seconds interval;
    std::size_t max;  // points
  };
  [[nodiscard]] static const Shape& shape(Window window);
  static constexpr std::array windows{Window::minutes, Window::hour, Window::day};

  // How often add() is to be called.
  static constexpr std::chrono::seconds interval{2};

  // What happened between two samples, per second, and what was there at the second one.
  struct Point {
    double bytes_up = 0;
    double bytes_down = 0;
    double flows_opened = 0;
    double tcp_flows = 0;
    double udp_flows = 0;
  };

  void add(const StatusReport& status);
  [[nodiscard]] std::vector<Point> points(Window window) const;  // oldest first

 private:
  struct Sample {
    std::int64_t at_ms = 0;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::uint64_t flows_total = 0;
    std::uint64_t tcp_flows = 0;
    std::uint64_t udp_flows = 0;
  };
  std::array<std::deque<Sample>, windows.size()> samples_;
};

}  // namespace weir
