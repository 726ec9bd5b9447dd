#include "cli/table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/escape.h"
#include "cli/screen_table.h"

namespace weir {

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::row(std::vector<std::string> cells) {
  assert(cells.size() == columns_.size());
  for (auto& cell : cells) {
    std::string printable;
    append_printable(printable, cell);
    cell = printable.empty() ? "-" : std::move(printable);
  }
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = width_of(columns_[i].title);
    for (const auto& row : rows_) {
      width = std::max(width, width_of(row[i]));
    }
    widths.push_back(width);
  }
  std::string out;
  const auto append = [&](auto cell_of) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string padding(widths[i] - width_of(cell), ' ');
      const bool last = i + 1 == columns_.size();
      out += i == 0 ? "" : "  ";
      out += columns_[i].align == Align::right ? padding + cell : last ? cell : cell + padding;
    }
    out += '\n';
  };
  append([this](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& row : rows_) {
    append([&row](std::size_t i) -> const std::string& { return row[i]; });
  }
  return out;
}

}  // namespace weir
