#include "base/set_settings.h"

#include <algorithm>

#include "base/text.h"

namespace weir {
namespace {

bool say_the_same(const std::vector<SetSource>& a, const std::vector<SetSource>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const SetSource& one, const SetSource& other) { return one.text == other.text; });
}

}  // namespace

std::string SetSettings::key() const {
  return name.empty() && !files.empty() ? "@" + files.front().text : name;
}

std::string SetSettings::title() const {
  return name.empty() && !files.empty() ? quoted(files.front().text) : "[set " + name + "]";
}

bool have_same_sources(const SetSettings& a, const SetSettings& b) {
  return a.on_bad_line == b.on_bad_line && say_the_same(a.files, b.files) &&
         say_the_same(a.entries, b.entries);
}

}  // namespace weir
