#include "config/set_section.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/files.h"

namespace weir {
namespace {

bool is_there(const std::vector<SetSource>& sources, const std::string& text) {
  return std::any_of(sources.begin(), sources.end(),
                     [&](const SetSource& one) { return one.text == text; });
}

void add_file(const Value& value, SetSettings& set, Findings& findings) {
  // Rules say '@' before the name of a file, and the section of a set does not.
  const std::string_view text = value.text;
  if (text.empty() || text.starts_with('@')) {
    findings.error(value.location, text.size() <= 1 ? "'file' needs the name of a file"
                                                    : "'file': " + quoted(text) +
                                                          ": write the name of the "
                                                          "file without the '@'");
    return;
  }
  std::string path = beside(value.location.file, value.text);
  if (is_there(set.files, path)) {
    findings.warning(value.location, "'file': " + quoted(text) + " is named twice");
    return;
  }
  set.files.push_back({std::move(path), value.location});
}

void add_entry(const Value& item, SetSettings& set, Findings& findings) {
  const std::string_view text = item.text;
  if (text.starts_with('!')) {
    findings.error(item.location, "'entries': " + quoted(text) +
                                      ": a set negates nothing, the rule does: '!@NAME' of a set "
                                      "of what is out");
  } else if (is_there(set.entries, item.text)) {
    findings.warning(item.location, "'entries': " + quoted(text) + " is listed twice");
  } else {
    set.entries.push_back({item.text, item.location});
  }
}

}  // namespace

SetSettings set_section(const Settings& settings, Findings& findings) {
  SetSettings out{.name = settings.name(), .location = settings.location()};
  for (const Value& file : settings.all("file")) {
    add_file(file, out, findings);
  }
  for (const Value& list : settings.all("entries")) {
    for (const Value& item : list.items) {
      add_entry(item, out, findings);
    }
  }
  out.on_bad_line = settings.text("on-bad-line") == "skip" ? OnBadLine::skip : OnBadLine::refuse;
  out.may_shrink = settings.yes("may-shrink") ? MayShrink::yes : MayShrink::no;
  return out;
}

}  // namespace weir
