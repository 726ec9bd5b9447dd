// Columns that line up. Cells are made printable; numbers stand to the right. A value; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns);
  void row(std::vector<std::string> cells);  // as many as there are columns
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir
