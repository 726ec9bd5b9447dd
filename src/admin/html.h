// The few pieces of HTML that the page is made of. Text only, no state; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

// Text as HTML shows it, and nothing else: names come from strangers and from configurations.
[[nodiscard]] std::string html(std::string_view text);

// A word on a coloured ground; `kind` is good, bad or none.
[[nodiscard]] std::string pill(std::string_view kind, std::string_view text);

// A table that is written as it is filled, and closed at its end. A title that begins with '#' is
// a column of numbers. Each cell knows its title, for narrow screens, where rows are cards.
class HtmlTable {
 public:
  HtmlTable(std::string& out, std::vector<std::string_view> titles);
  ~HtmlTable();
  HtmlTable(const HtmlTable&) = delete;
  HtmlTable& operator=(const HtmlTable&) = delete;

  // Each cell is HTML already; `style` is the row's class, or none.
  void row(std::string_view style, const std::vector<std::string>& cells);

 private:
  std::string& out_;
  std::vector<std::string_view> titles_;
};

}  // namespace weir
