#include "admin/html.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "base/escape.h"

namespace weir {

std::string html(std::string_view text) {
  std::string printable;
  append_printable(printable, text);
  std::string out;
  for (const char c : printable) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string pill(std::string_view kind, std::string_view text) {
  return fmt::format("<span class=\"pill {}\">{}</span>", kind, html(text));
}

HtmlTable::HtmlTable(std::string& out, std::vector<std::string_view> titles)
    : out_(out), titles_(std::move(titles)) {
  out_ += "<div class=\"scroll\"><table><thead><tr>";
  for (const auto title : titles_) {
    const bool number = title.starts_with('#');
    out_ +=
        fmt::format("<th{}>{}</th>", number ? " class=\"n\"" : "", title.substr(number ? 1 : 0));
  }
  out_ += "</tr></thead><tbody>\n";
}

HtmlTable::~HtmlTable() { out_ += "</tbody></table></div>\n"; }

void HtmlTable::row(std::string_view style, const std::vector<std::string>& cells) {
  out_ +=
      fmt::format("<tr{}>", style.empty() ? std::string() : fmt::format(" class=\"{}\"", style));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto title = i < titles_.size() ? titles_[i] : "";
    const bool number = title.starts_with('#');
    out_ += fmt::format("<td class=\"{}\" data-title=\"{}\">{}</td>",
                        number           ? "n"
                        : title == "Why" ? "why"
                                         : "a",
                        title.substr(number ? 1 : 0), cells[i]);
  }
  out_ += "</tr>\n";
}

}  // namespace weir
