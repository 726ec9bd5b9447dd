// A table of files that are wrong, and what is said about each. A file is written as its lines; the
// findings are all that are printed, in order.
#pragma once

#include <string>
#include <vector>

#include "catch.h"
#include "config/made_up_files.h"

namespace weir {

struct BadFile {
  std::string what;
  std::string text;
  std::vector<std::string> findings;
};

inline void check_each(const std::vector<BadFile>& files) {
  for (const BadFile& file : files) {
    INFO(file.what << "\n" << file.text.substr(0, 400));
    CHECK(findings_of(file.text) == file.findings);
  }
}

}  // namespace weir
