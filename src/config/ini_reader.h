// An INI file as sections and keys with their lines: inih's reading, behind a reader of our own
// that counts lines, sees section headers (inih reports no empty one) and refuses what inih would
// cut, split, join or skip.
//
// Plain values, made for one load. Not to be called from two threads at once: inih keeps its line
// length in a global.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/findings.h"
#include "weir/result.h"

namespace weir {

struct IniEntry {
  std::string key;
  std::string value;
  SourceLocation location;
};

struct IniSection {
  std::string title;  // what stands between the brackets: "rule web"
  SourceLocation location;
  std::vector<IniEntry> entries;
  // Lines of it could not be read: what seems to be missing may stand there.
  enum class Loss : std::uint8_t { none, some } loss = Loss::none;
};

struct IniFile {
  std::vector<IniSection> sections;  // in file order
  // What could be read of headers that were refused. Their keys are left out, and a name that
  // occurs here is not called unknown.
  std::vector<std::string> broken_titles;
};

[[nodiscard]] IniFile read_ini(std::string_view text, const std::string& file, Findings& findings);

}  // namespace weir
