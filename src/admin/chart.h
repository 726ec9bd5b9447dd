// A line chart as inline SVG, coloured by the page's style; each value is there as text, too, for
// the page's script to show under the pointer. Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct ChartLine {
  std::string_view style;  // the class of its colour
  std::string_view name;
  std::vector<double> values;  // oldest first
};

struct Chart {
  std::string_view title;
  std::string (*text)(double);  // of a value
  double thousand = 1000;       // 1024 where the text has KiB
  std::vector<ChartLine> lines;
  std::size_t slots = 0;    // values that the width has room for; the newest is at the right
  std::string_view window;  // how long that is: "5 minutes"
};

void append_chart(std::string& out, const Chart& chart);

// The next "round" number: 1, 2 or 5 times a power of ten, of the unit that its text has.
[[nodiscard]] double round_up(double value, double thousand = 1000);

}  // namespace weir
