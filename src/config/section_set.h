// All sections of a configuration with their values typed: each kind once or, where it has names,
// each name once. A value, made for one load, on its thread.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "config/documents.h"
#include "config/load.h"
#include "weir/settings.h"

namespace weir {

struct CheckedSection {
  Settings settings;
  bool sound = true;  // no problem was found in it; defaults stand in for values that were refused
};

struct SectionSet {
  std::map<std::string_view, CheckedSection> unnamed;  // every kind without names, given or not
  std::vector<CheckedSection> rules;                   // in file order
  std::vector<CheckedSection> sets;
  std::vector<CheckedSection> upstreams;
};

[[nodiscard]] SectionSet read_sections(const std::string& file, const Documents& documents,
                                       const Schema& schema, const Files& files,
                                       Findings& findings);

}  // namespace weir
