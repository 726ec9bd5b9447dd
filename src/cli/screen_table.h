// Text for a terminal of any width: lines of runs that have a tone each, and tables that give up
// their least important columns, then shorten cells, before anything is cut without a sign.
//
// Plain values and pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// How a run looks; what the terminal makes of it is the drawer's.
enum class Tone : std::uint8_t { plain, head, quiet, good, warning, bad };

struct Run {
  std::string text;  // printable
  Tone tone = Tone::plain;
};
using ScreenLine = std::vector<Run>;

struct ScreenColumn {
  std::string title;
  bool to_the_right = false;
  int importance = 0;  // where there is no room the least goes first
};
using ScreenRow = std::vector<Run>;  // a cell for each column

// The head and as many rows as `height` takes; where that is not all, a last line says how many
// more there are. No line is wider than `width`.
[[nodiscard]] std::vector<ScreenLine> screen_table(std::vector<ScreenColumn> columns,
                                                   std::vector<ScreenRow> rows, std::size_t width,
                                                   std::size_t height);

// At most so many characters: what is longer ends with "…".
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);
[[nodiscard]] ScreenLine shortened(ScreenLine line, std::size_t width);

// In characters, not bytes.
[[nodiscard]] std::size_t width_of(std::string_view text);
[[nodiscard]] std::string text_of(const ScreenLine& line);

}  // namespace weir
