// What [set NAME] says, as plain values: what makes up a set, and what may become of it when its
// lists change. `@FILE` in a rule is a set without a name.
//
// Part of a configuration; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/result.h"

namespace weir {

enum class OnBadLine : std::uint8_t { refuse, skip };
enum class MayShrink : std::uint8_t { no, yes };

struct SetSource {
  std::string text;
  SourceLocation location;  // in the configuration
  std::string hint = {};    // ends the sentence that there is no such file
};

struct SetSettings {
  std::string name;                     // "": it is the file alone
  SourceLocation location;              // of the section, or of the item that names the file
  std::vector<SetSource> files = {};    // paths of lists, and "FILE.mmdb:DE,AT"
  std::vector<SetSource> entries = {};  // items, as in a list
  OnBadLine on_bad_line = OnBadLine::refuse;
  MayShrink may_shrink = MayShrink::no;

  // What rules call it: "ads", and "@/etc/weir/ads.list" of a set without a name.
  [[nodiscard]] std::string key() const;
  [[nodiscard]] std::string title() const;  // "[set ads]", "'/etc/weir/ads.list'"
};

// Whether both read the same text in the same way, wherever in the configuration that is said.
[[nodiscard]] bool have_same_sources(const SetSettings& a, const SetSettings& b);

}  // namespace weir
