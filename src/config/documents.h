// The main file and the files it includes, as one list of sections.
//
// The sections of an included file come after the [gateway] section that includes it and before
// what follows that in the main file: with [gateway] at the top, its rules are tried first. Several
// files come in the order of the `include` keys and, within a pattern, of their names. They may not
// include, and no file is read twice.
//
// A value, made for one load, on its thread.
#pragma once

#include <string>
#include <vector>

#include "config/files.h"
#include "config/findings.h"
#include "config/ini_reader.h"

namespace weir {

struct Documents {
  std::vector<IniSection> sections;
  std::vector<std::string> broken_titles;
  // Some file could not be read: a name without a definition may have it there.
  enum class Extent : std::uint8_t { complete, partial } extent = Extent::complete;
};

[[nodiscard]] Documents read_documents(const std::string& file, const Files& files,
                                       Findings& findings);

}  // namespace weir
