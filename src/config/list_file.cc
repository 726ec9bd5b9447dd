#include "config/list_file.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "config/line.h"

namespace weir {
namespace {

std::vector<Value> read_lines(std::string_view text, const std::string& file, Findings& findings) {
  std::vector<Value> items;
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) {
    text.remove_prefix(byte_order_mark.size());
  }
  for (SourceLocation location{file, 1}; !text.empty(); ++location.line) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (auto flaw = flaw_of_bytes(line); !flaw.empty()) {
      findings.error(location, std::move(flaw));
      continue;
    }
    const std::string_view item = without_comment(line);
    if (item.empty() || item.front() == ';' || item.front() == '#') {
      continue;
    }
    if (item.find(',') != std::string_view::npos) {
      findings.error(location, "a list file has one item a line, without commas");
    } else if (item.front() == '@') {
      findings.error(location, "a list file cannot name another one");
    } else {
      Value value;
      value.text = std::string(item);
      value.location = location;
      items.push_back(std::move(value));
    }
  }
  return items;
}

}  // namespace

void expand_list_files(Value& list, const Files& files, Findings& findings) {
  std::vector<Value> items;
  for (Value& item : list.items) {
    if (!item.text.starts_with('@')) {
      items.push_back(std::move(item));
      continue;
    }
    const std::string name = item.text.substr(1);
    if (name.empty()) {
      findings.error(item.location, "'@' needs the name of a file");
      continue;
    }
    const std::string path = beside(item.location.file, name);
    const auto text = files.read(path);
    if (!text) {
      findings.error(item.location,
                     "cannot read '" + path + "': " + text.error().text() +
                         "; here '@' names a file, and sets are for the rules' clients and "
                         "destinations");
      continue;
    }
    findings.opened(path);
    auto lines = read_lines(text.value(), path, findings);
    if (lines.empty()) {
      findings.error(item.location, "'" + path + "' lists nothing");
    }
    std::move(lines.begin(), lines.end(), std::back_inserter(items));
  }
  list.items = std::move(items);
}

}  // namespace weir
