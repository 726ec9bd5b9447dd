#include "cli/screen_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t gap = 2;
// A cell that is shortened keeps so many characters.
constexpr std::size_t narrowest = 8;
constexpr std::string_view more_sign = "…";

bool begins_character(char c) { return (static_cast<std::uint8_t>(c) & 0xc0U) != 0x80; }

std::vector<std::size_t> widths_of(const std::vector<ScreenColumn>& columns,
                                   const std::vector<ScreenRow>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t width = width_of(columns[i].title);
    for (const ScreenRow& row : rows) {
      width = std::max(width, width_of(row[i].text));
    }
    widths.push_back(width);
  }
  return widths;
}

std::size_t sum(const std::vector<std::size_t>& widths) {
  const std::size_t gaps = widths.empty() ? 0 : gap * (widths.size() - 1);
  return std::accumulate(widths.begin(), widths.end(), gaps);
}

// Takes columns away until the rest, with cells as short as may be, has room.
void drop_columns(std::vector<ScreenColumn>& columns, std::vector<ScreenRow>& rows,
                  std::size_t width) {
  const auto min_width = [&]() {
    auto widths = widths_of(columns, rows);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = columns[i].to_the_right ? widths[i] : std::min(widths[i], narrowest);
    }
    return sum(widths);
  };
  while (columns.size() > 1 && min_width() > width) {
    const auto goes =
        std::min_element(columns.begin(), columns.end(),
                         [](const auto& a, const auto& b) { return a.importance < b.importance; });
    const auto at = goes - columns.begin();
    columns.erase(goes);
    for (ScreenRow& row : rows) {
      row.erase(row.begin() + at);
    }
  }
}

// Shortens the widest columns of text until all have room.
std::vector<std::size_t> fitting(const std::vector<ScreenColumn>& columns,
                                 std::vector<std::size_t> widths, std::size_t width) {
  while (sum(widths) > width) {
    std::size_t widest = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!columns[i].to_the_right && widths[i] > 1 &&
          (widest == columns.size() || widths[i] > widths[widest])) {
        widest = i;
      }
    }
    if (widest == columns.size()) {
      break;
    }
    --widths[widest];
  }
  return widths;
}

Run padded(const Run& cell, std::size_t width, bool to_the_right) {
  std::string text = shortened(cell.text, width);
  const std::string room(width - width_of(text), ' ');
  return {to_the_right ? room + text : text + room, cell.tone};
}

ScreenLine line_of(const std::vector<ScreenColumn>& columns, const std::vector<std::size_t>& widths,
                   const ScreenRow& row, std::size_t width) {
  ScreenLine line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) {
      line.push_back({std::string(gap, ' '), Tone::plain});
    }
    line.push_back(padded(row[i], widths[i], columns[i].to_the_right));
  }
  return shortened(std::move(line), width);
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string shortened(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) {
    return std::string(text);
  }
  if (width == 0) {
    return "";
  }
  std::size_t at = 0;
  for (std::size_t left = width; at < text.size(); ++at) {
    if (begins_character(text[at]) && left-- == 1) {
      break;
    }
  }
  return std::string(text.substr(0, at)).append(more_sign);
}

ScreenLine shortened(ScreenLine line, std::size_t width) {
  if (width_of(text_of(line)) <= width) {
    return line;
  }
  std::size_t left = width;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::size_t wide = width_of(line[i].text);
    if (wide >= left) {
      line[i].text = shortened(line[i].text + " ", left);  // the sign takes the last place
      line.resize(i + 1);
      break;
    }
    left -= wide;
  }
  return line;
}

std::string text_of(const ScreenLine& line) {
  std::string text;
  for (const Run& run : line) {
    text += run.text;
  }
  return text;
}

std::vector<ScreenLine> screen_table(std::vector<ScreenColumn> columns, std::vector<ScreenRow> rows,
                                     std::size_t width, std::size_t height) {
  if (height == 0 || columns.empty()) {
    return {};
  }
  drop_columns(columns, rows, width);
  const auto widths = fitting(columns, widths_of(columns, rows), width);
  ScreenRow head;
  for (const ScreenColumn& column : columns) {
    head.push_back({column.title, Tone::head});
  }
  std::vector<ScreenLine> lines{line_of(columns, widths, head, width)};
  const bool all = rows.size() + 1 <= height;
  const std::size_t shown = all ? rows.size() : height - std::min<std::size_t>(height, 2);
  for (std::size_t i = 0; i < shown; ++i) {
    lines.push_back(line_of(columns, widths, rows[i], width));
  }
  if (!all && height > 1) {
    lines.push_back(
        {{shortened(fmt::format("… {} more", rows.size() - shown), width), Tone::quiet}});
  }
  return lines;
}

}  // namespace weir
