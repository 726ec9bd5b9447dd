// All sources of a set, read into its contents, or every problem that they have.
//
// A function of the files, called by the thread that loads; it keeps nothing open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/set_settings.h"
#include "sets/list_source.h"
#include "sets/set_contents.h"
#include "weir/result.h"

namespace weir {

struct SetReading {
  std::shared_ptr<const SetContents> contents;  // null: there are errors
  // What stands in a list has its location there; a list as a whole, that of its name in the
  // configuration.
  std::vector<Error> errors;
  std::vector<Error> skipped;  // the first of the lines that were, at most ListReport::max_kept
  std::uint64_t bad_lines = 0;
};

[[nodiscard]] SetReading read_set(const SetSettings& settings, const OpenList& open = open_list);

}  // namespace weir
