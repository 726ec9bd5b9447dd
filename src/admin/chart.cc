#include "admin/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace weir {
namespace {

constexpr double width = 320;
constexpr double height = 90;

void append_points(std::string& out, const ChartLine& line, std::size_t slots, double top) {
  const double step = width / static_cast<double>(std::max<std::size_t>(slots - 1, 1));
  const auto empty = static_cast<double>(slots - std::min(slots, line.values.size()));
  for (std::size_t i = 0; i < line.values.size(); ++i) {
    out +=
        fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", (empty + static_cast<double>(i)) * step,
                    height - std::min(line.values[i] / top, 1.0) * (height - 4) - 1);
  }
}

void append_texts(std::string& out, const ChartLine& line, std::string (*text)(double)) {
  for (std::size_t i = 0; i < line.values.size(); ++i) {
    out += fmt::format("{}{}", i == 0 ? "" : "|", text(line.values[i]));
  }
}

}  // namespace

double round_up(double value, double thousand) {
  if (value <= 1) {
    return 1;
  }
  if (value > thousand) {
    return thousand * round_up(value / thousand, thousand);
  }
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (value <= factor * power) {
      return std::min(factor * power, thousand);
    }
  }
  return std::min(10 * power, thousand);
}

void append_chart(std::string& out, const Chart& chart) {
  double max = 0;
  for (const auto& line : chart.lines) {
    for (const double value : line.values) {
      max = std::max(max, value);
    }
  }
  const double top = round_up(max, chart.thousand);
  out += fmt::format("<figure class=\"card chart\"><figcaption><b>{}</b>", chart.title);
  for (const auto& line : chart.lines) {
    out += fmt::format("<span class=\"key {}\">{} <output>{}</output></span>", line.style,
                       line.name, line.values.empty() ? "–" : chart.text(line.values.back()));
  }
  out += fmt::format(
      "</figcaption><div class=\"plot\" data-slots=\"{}\" data-window=\"{}\">"
      "<span class=\"top\">{}</span>"
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{} over the last {}\">"
      "<path class=\"grid\" d=\"M0 4H{}M0 {}H{}M0 {}H{}\"/>",
      chart.slots, chart.window, chart.text(top), width, height, chart.title, chart.window, width,
      4 + (height - 5) / 2, width, height - 1, width);
  for (const auto& line : chart.lines) {
    if (line.values.size() > 1) {
      out += fmt::format("<polyline class=\"{}\" data-name=\"{}\" data-values=\"", line.style,
                         line.name);
      append_texts(out, line, chart.text);
      out += "\" points=\"";
      append_points(out, line, chart.slots, top);
      out += "\"/>";
    }
  }
  out += fmt::format("</svg><span class=\"ago\">{} ago</span><span class=\"now\">now</span></div>",
                     chart.window);
  out += "</figure>\n";
}

}  // namespace weir
